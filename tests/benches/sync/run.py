"""Memory and time of a stored sync: the real `sando serve` reads all users of an account into its database.

    cargo build --profile bench --bin sando
    python3 tests/benches/sync/run.py [--few 10000] [--many 1000000] [--sando target/release/sando]

Needs nginx (Debian: `apt-get install nginx-light`), which serves the users in pages of 100 as for `tests/benches/pull`. For each of
the two sizes a new `sando serve` is connected to it. Prints how long the first sync took and one in which nobody differs, and the
largest memory of the process (`VmHWM`) after each; then how much that grew for each user more. The first sync of a million
users writes each to the disk and takes a while; a line a minute says how far it is.

Exit code 1 if the largest memory is over 64 MiB, or grows by more than 24 bytes a user.
"""

import argparse
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPEC = importlib.util.spec_from_file_location("pull", HERE.parent / "pull/run.py")
pull = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pull)

MOST_MIB = 64
MOST_BYTES_A_USER = 24
ACCOUNT = "/v1/accounts/acme/all"
TOKEN = "bench-admin-token-of-one-process"

DEFINITION = {
    "app": "acme", "base_url": pull.BASE, "auth": {"type": "bearer"},
    "users": {"path": "/users", "response_path": "users", "pagination": {"type": "page"}},
    "map": {"external_id": "id", "email": "profile.email", "username": "profile.login", "full_name": "profile.name", "role": "role",
            "created_at": "created_at", "last_visit_at": "last_seen", "kind": "kind"},
    "status": {"active_when": [{"path": "state", "op": "is", "value": "active"}]},
    "licenses": {"conditions": [{"name": "Pro", "when": [{"path": "licenses", "op": "some",
                                                          "where": [{"path": "plan", "op": "is", "value": "pro"}]}]}]},
    "custom_fields": {"cost_centre": "attributes.cost_center"},
}


class Sando:
    """A `sando serve` on a folder of its own."""

    def __init__(self, binary, folder):
        shutil.rmtree(folder, ignore_errors=True)
        env = {name: value for name, value in os.environ.items() if not name.startswith("SANDO_")}
        env |= {"SANDO_ADMIN_TOKEN": TOKEN, "SANDO_ALLOW_LOOPBACK": "1", "RUST_LOG": "error"}
        self.log = pull.WORK / "sync.log"
        with open(self.log, "wb") as log:
            command = [binary, "serve", "--listen", "127.0.0.1:0", "--data", folder]
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=env)
        self.url = self.listens()

    def listens(self):
        says = "Sando listens on "
        for _ in range(600):
            for line in self.log.read_text(errors="replace").splitlines():
                if line.startswith(says):
                    return line.removeprefix(says).strip()
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"sando serve does not listen:\n{self.log.read_text(errors='replace')[-2000:]}")

    def call(self, method, path, body=None):
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")

    def memory(self):
        """The largest memory so far, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def synced(self, number, users):
        """Waits until this sync counts; answers how long that took."""
        began = told = time.monotonic()
        while True:
            account = self.call("GET", ACCOUNT)
            last = account["last_sync"]
            if last and last["id"] == f"syn_{number}":
                if last["state"] != "done" or account["users"] != users:
                    sys.exit(f"{users} users were to be there: {json.dumps(account)}")
                return time.monotonic() - began
            if self.process.poll() is not None:
                sys.exit(f"sando serve has ended: see {self.log}")
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(f"    {told - began:6.0f} s: {self.memory() / 2**20:.1f} MiB", flush=True)
            time.sleep(0.2)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def measure(binary, users):
    """The largest memory of two syncs of so many users."""
    server = pull.serve(pull.pages(users))
    sando = Sando(binary, pull.WORK / "sync-data")
    try:
        start = sando.memory()
        sando.call("PUT", "/v1/definitions/acme", DEFINITION)
        sando.call("PUT", ACCOUNT, {"variables": {}, "credentials": {"token": "t"}})
        first = sando.synced(1, users)
        after_first = sando.memory()
        sando.call("POST", f"{ACCOUNT}:sync", {})
        second = sando.synced(2, users)
        most = sando.memory()
    finally:
        sando.stop()
        pull.stop(server)
        shutil.rmtree(pull.WORK / "sync-data", ignore_errors=True)
    print(f"  {users:9} users: {start / 2**20:6.1f} MiB at start; {after_first / 2**20:6.1f} MiB, {first:.1f} s for the first sync; "
          f"{most / 2**20:6.1f} MiB, {second:.1f} s for one without a difference", flush=True)
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--sando", type=Path, default=pull.TARGET / "release/sando")
    flags = parser.parse_args()
    (pull.WORK / "tmp").mkdir(parents=True, exist_ok=True)
    print("memory of a stored sync:")
    few = measure(flags.sando, flags.few)
    many = measure(flags.sando, flags.many)
    growth = (many - few) / (flags.many - flags.few)
    print(f"  {growth:.1f} bytes for each user more; wanted: at most {MOST_BYTES_A_USER}, and at most {MOST_MIB} MiB")
    if many > MOST_MIB * 2**20 or growth > MOST_BYTES_A_USER:
        sys.exit(1)


if __name__ == "__main__":
    main()
