"""`sando pull` beside the same job by hand, with dlt and with Airbyte's declarative CDK; and its memory for many users.

    cargo build --profile bench --bin sando && cargo build --profile bench -p sando-tests --bench pull_by_hand
    python3 tests/benches/pull/run.py [--users 100000] [--without-python]

Needs nginx (Debian: `apt-get install nginx-light`), which serves the users in pages of 100. Installs dlt and airbyte-cdk into
target/benches/pull. Prints wall time, processor time and largest memory of each, checks that all of them print the same
users, and ends with a table of what was wanted and what was measured.

Exit code 1 if `sando pull` takes more than 1.5 times as long as by hand, is less than 10 times as fast as dlt or 100 times as
fast as Airbyte, has more than 64 MiB for a million users, or grows by more than 24 bytes for each.
"""

import argparse
import hashlib
import json
import os
import shutil

import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WORK = TARGET / "benches"
PORT = 18431
BASE = f"http://127.0.0.1:{PORT}"
PAGE = 100
FEW, MANY = 10_000, 1_000_000
MOST_TIMES_BY_HAND = 1.5
LEAST_TIMES_FASTER = {"dlt": 10, "airbyte-cdk": 100}
MOST_MIB = 64
MOST_BYTES_A_USER = 24


def user(number):
    """About 450 bytes, as a SaaS API sends them."""
    return {
        "id": number, "kind": "person", "state": "active" if number % 20 else "suspended",
        "role": ["member", "admin", "guest"][number % 3],
        "profile": {"email": f"user{number}@contoso.example", "login": f"user{number}", "name": f"User Number {number}",
                    "avatar": f"https://acme.example/avatars/{number:032x}.png", "locale": "en-GB"},
        "licenses": [{"plan": "pro" if number % 4 else "free", "since": "2026-01-05"}, {"plan": "viewer", "since": "2026-02-01"}],
        "attributes": {"cost_center": 1000 + number % 40, "team": f"team-{number % 97}"},
        "created_at": "2026-01-05T09:00:00Z", "last_seen": "2026-11-02T17:30:00Z",
    }


def pages(count):
    """A folder with the users in pages of 100, and an empty one after the last."""
    folder = WORK / f"pages-{count}"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for page in range(count // PAGE + 1):
            rows = [user(number) for number in range(page * PAGE + 1, min(count, (page + 1) * PAGE) + 1)]
            (folder / f"{page + 1}.json").write_text(json.dumps({"users": rows}, separators=(",", ":")))
        (folder / "whole").touch()
    return folder


def serve(folder):
    """nginx over the pages; answers the process once it listens."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        sys.exit("nginx is missing: apt-get install nginx-light")
    conf = WORK / "nginx.conf"
    conf.write_text(f"""
        daemon off; worker_processes 1; pid {WORK}/nginx.pid; error_log {WORK}/nginx.log;
        events {{ worker_connections 64; }}
        http {{
          access_log off; default_type application/json; keepalive_requests 1000000;
          client_body_temp_path {WORK}/tmp; proxy_temp_path {WORK}/tmp; fastcgi_temp_path {WORK}/tmp;
          uwsgi_temp_path {WORK}/tmp; scgi_temp_path {WORK}/tmp;
          map $arg_page $page {{ default $arg_page; "" 1; }}
          server {{ listen 127.0.0.1:{PORT}; root {folder}; location = /users {{ try_files /$page.json =404; }} }}
        }}""")
    process = subprocess.Popen([nginx, "-c", str(conf)])
    for _ in range(200):
        if subprocess.run(["curl", "-sf", "-o", "/dev/null", f"{BASE}/users?page=1"]).returncode == 0:
            return process
        time.sleep(0.05)
    sys.exit(f"nginx does not listen: see {WORK}/nginx.log")


def run(command, out):
    """Wall and processor seconds, and the largest memory in MiB."""
    env = os.environ | {"SANDO_ALLOW_LOOPBACK": "1", "T": "t"}
    with open(out, "wb") as stdout:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, env=env)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    if status != 0:
        sys.exit(f"{command[0]} failed:\n{said.decode()[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def told(out):
    """How many users were printed, and a hash of all of them. In a process of its own: a child is born as large as its parent,
    and what it measures then is not its own."""
    said = subprocess.run([sys.executable, __file__, "--told", out], check=True, capture_output=True, text=True).stdout
    return said.split()


def users_of(out):
    """What was printed, by id; times to the second."""
    found = {}
    for line in Path(out).read_text().splitlines():
        row = json.loads(line)
        row["created_at"] = row["created_at"][:19]
        row["last_visit_at"] = row["last_visit_at"][:19]
        found[row["external_id"]] = row
    return found


def python():
    """The Python environment with dlt and airbyte-cdk."""
    wanted = HERE / "requirements.txt"
    here = WORK / "pull"
    if not (here / "whole").exists() or (here / "whole").read_text() != wanted.read_text():
        print(f"installing into {here}: {wanted.read_text().split()}")
        subprocess.run([sys.executable, "-m", "venv", here], check=True)
        subprocess.run([here / "bin/pip", "install", "--quiet", "-r", wanted], check=True)
        (here / "whole").write_text(wanted.read_text())
    return here / "bin/python"


def sando(definition):
    return [TARGET / "release/sando", "pull", definition, "--secret", "token=env:T", "--json"]


def newest(pattern):
    found = [path for path in (TARGET / "release/deps").glob(pattern) if path.suffix == ""]
    if not found:
        sys.exit("pull_by_hand is not built: see the top of this file")
    return max(found, key=lambda path: path.stat().st_mtime)


def side_by_side(count, definition, with_python):
    """The median wall time of each, in seconds."""
    jobs = {"sando pull": sando(definition), "by hand": [newest("pull_by_hand-*"), BASE]}
    if with_python:
        jobs["dlt"] = [python(), HERE / "with_dlt.py", BASE]
        jobs["airbyte-cdk"] = [python(), HERE / "with_airbyte.py", BASE]
    first = None
    walls = {}
    print(f"{count} users in pages of {PAGE}, median of several runs:")
    for name, command in jobs.items():
        out = WORK / f"{name.replace(' ', '-')}.jsonl"
        runs = [run(command, out) for _ in range(1 if "airbyte" in name else 3 if name == "dlt" else 7)]
        wall, processor, memory = (statistics.median(values) for values in zip(*runs))
        walls[name] = wall
        print(f"  {name:12} {wall:8.2f} s  processor {processor:8.2f} s  {memory:7.1f} MiB", flush=True)
        found = told(out)
        first = first or found
        if found != first or int(found[0]) != count:
            sys.exit(f"{name} prints other users than sando pull: compare {out} with {WORK / 'sando-pull.jsonl'}")
    return walls


def memory_for(definition, count):
    """The largest memory of `sando pull` for so many users, in MiB."""
    server = serve(pages(count))
    wall, _, memory = run(sando(definition), WORK / "many.jsonl")
    stop(server)
    print(f"  {count:9} users: {memory:6.1f} MiB, {wall:.1f} s", flush=True)
    return memory


def stop(server):
    server.terminate()
    server.wait()


def rows(walls, few, many):
    """What is wanted of each: its name, the figure, the bound, and whether it is kept."""
    mine = walls["sando pull"]
    times = mine / walls["by hand"]
    yield "times as long as by hand", times, f"at most {MOST_TIMES_BY_HAND}", times <= MOST_TIMES_BY_HAND
    for name, least in LEAST_TIMES_FASTER.items():
        if name in walls:
            faster = walls[name] / mine
            yield f"times as fast as {name}", faster, f"at least {least}", faster >= least
    yield f"MiB for {MANY} users", many, f"at most {MOST_MIB}", many <= MOST_MIB
    growth = (many - few) * 2**20 / (MANY - FEW)
    yield "bytes for each user more", growth, f"at most {MOST_BYTES_A_USER}", growth <= MOST_BYTES_A_USER


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--without-python", action="store_true")
    parser.add_argument("--told", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.told:
        users = users_of(flags.told)
        print(len(users), hashlib.sha256(json.dumps(users, sort_keys=True).encode()).hexdigest())
        return
    (WORK / "tmp").mkdir(parents=True, exist_ok=True)
    definition = WORK / "acme.yaml"
    definition.write_text((HERE / "acme.yaml").read_text().replace("{base}", BASE))
    server = serve(pages(flags.users))
    walls = side_by_side(flags.users, definition, not flags.without_python)
    stop(server)
    print("memory of sando pull:")
    few, many = memory_for(definition, FEW), memory_for(definition, MANY)
    print("sando pull:")
    is_kept = True
    for name, figure, bound, keeps in rows(walls, few, many):
        is_kept = is_kept and keeps
        print(f"  {name:28} {figure:8.2f}   wanted: {bound:12} {'' if keeps else 'MISSED'}".rstrip())
    if not is_kept:
        sys.exit(1)


if __name__ == "__main__":
    main()
