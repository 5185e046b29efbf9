"""The webhook function beside the same job in Python, both against a local Lambda Runtime API.

    (cd functions && cargo lambda build --manifest-path ../Cargo.toml --release -p sando-webhook)        # on this machine's own architecture
    python3 tests/benches/webhook/run.py [path of the binary]

Measures from the start of the process to its first request for work, the processor time over start and 300 requests,
the time of one request, and the largest memory. Exits with 1 if the function is not 20 times faster ready, does not use
3 times less processor time, or needs more than 16 MiB. Installs awslambdaric and boto3 into target/benches/webhook.

Measured 2026-11 on two busy cores, load 10 (Rust, Python): ready after 58 and 2924 ms, 320 and 1400 ms
of processor time, 6.6 and 8.6 ms a request, 7.3 and 46.6 MiB; the binary has 5.7 MiB.
"""

import hashlib
import hmac
import json
import os
import queue
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[2] / "target"))
REQUESTS, STARTS = 300, 7
TOKEN = "a-signing-token"


class Api(BaseHTTPRequestHandler):
    """The Runtime API, and the two calls of SQS and Secrets Manager."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, **headers):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.send_header("content-type", "application/json")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        bench = self.server.bench
        bench.ready.set()
        event = bench.work.get()
        if event is None:
            # Nothing more: the process is ended while it waits.
            return bench.ended.wait()
        self.answer(event, Lambda_Runtime_Aws_Request_Id="00000000-0000-0000-0000-000000000000",
                    Lambda_Runtime_Deadline_Ms=str(int(time.time() * 1000) + 20_000),
                    Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:us-east-1:123456789012:function:webhook",
                    Lambda_Runtime_Trace_Id="Root=1-00000000-000000000000000000000000")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        target = self.headers.get("x-amz-target", "")
        if target.endswith("SendMessage"):
            md5 = hashlib.md5(json.loads(body)["MessageBody"].encode()).hexdigest()
            self.server.bench.sent += 1
            return self.answer({"MessageId": "m", "MD5OfMessageBody": md5})
        if target.endswith("GetSecretValue"):
            text = json.dumps({"credentials": {"signing_token_1": TOKEN}})
            return self.answer({"Name": "n", "ARN": "a", "VersionId": "v", "SecretString": text})
        self.server.bench.done.put((self.path, body))
        self.answer({}, 202)


class Server(ThreadingHTTPServer):
    """Says nothing when the process that it serves is ended."""

    daemon_threads = True

    def handle_error(self, *_):
        pass


class Bench:
    """One process and what it was measured at."""

    def __init__(self, command, env):
        self.ready, self.ended = threading.Event(), threading.Event()
        self.work, self.done, self.sent = queue.Queue(), queue.Queue(), 0
        server = Server(("127.0.0.1", 0), Api)
        server.bench = self
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{server.server_port}"
        env = dict(env, AWS_LAMBDA_RUNTIME_API=place, AWS_ENDPOINT_URL=f"http://{place}",
                   SANDO_EVENTS_QUEUE_URL=f"http://{place}/123456789012/events")
        begun = time.perf_counter()
        self.child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not self.ready.wait(60):
            sys.exit(f"{command[0]} did not ask for work: does it start?")
        self.start_ms = (time.perf_counter() - begun) * 1000
        self.server = server

    def requests(self, number):
        times = []
        for place in range(number):
            begun = time.perf_counter()
            self.work.put(event(place))
            path, body = self.done.get(timeout=60)
            times.append((time.perf_counter() - begun) * 1000)
            answered = json.loads(body).get("statusCode")
            if not path.endswith("/response") or answered != 200:
                sys.exit(f"request {place} failed: {path} {body[:300]}")
        self.p50_ms = statistics.median(times)

    def stop(self):
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        self.peak_mib = int(peak.split()[1]) / 1024
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        self.cpu_ms = ticks * 1000 / os.sysconf("SC_CLK_TCK")
        self.child.kill()
        self.child.wait()
        self.ended.set()
        self.server.shutdown()
        return self


def event(place):
    """A webhook as an HTTP API hands it on."""
    now, token = int(time.time() * 1000), f"token-{place}"
    signature = hmac.new(TOKEN.encode(), f"{token}{now}".encode(), hashlib.sha256).hexdigest()
    body = {"id": "1", "event": "candidateHired", "triggeredAt": now, "token": token, "signature": signature,
            "data": {"opportunityId": "11111111-1111-1111-1111-111111111111"}}
    return {
        "version": "2.0", "routeKey": "POST /webhooks/lever", "rawPath": "/webhooks/lever", "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "api.example"}, "isBase64Encoded": False,
        "body": json.dumps(body),
        "requestContext": {
            "accountId": "123456789012", "apiId": "api", "domainName": "api.example", "domainPrefix": "api",
            "http": {"method": "POST", "path": "/webhooks/lever", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                     "userAgent": "lever"},
            "requestId": "r", "routeKey": "POST /webhooks/lever", "stage": "$default",
            "time": "22/Nov/2026:00:00:00 +0000", "timeEpoch": now},
    }


def python():
    """The Python of the comparison."""
    place = TARGET / "benches" / "webhook"
    if not (place / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([place / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r",
                        HERE / "requirements.txt"], check=True)
        (place / "made").touch()
    return [place / "bin" / "python", "-m", "awslambdaric", "handler.handler"]


def measured(command, env):
    starts = [Bench(command, env).stop().start_ms for _ in range(STARTS)]
    bench = Bench(command, env)
    bench.requests(REQUESTS)
    bench.stop()
    assert bench.sent == REQUESTS, bench.sent
    return {"start ms": statistics.median(starts), "cpu ms": bench.cpu_ms, "request p50 ms": bench.p50_ms,
            "peak MiB": bench.peak_mib}


def main():
    binary = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET / "lambda" / "sando-webhook" / "bootstrap"
    if not binary.exists():
        sys.exit(f"{binary} is not there: see the top of this file")
    env = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "_HANDLER": "handler.handler",
        "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": "webhook", "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s",
        "SANDO_STACK": "sando", "SANDO_STATE_TABLE": "state", "SANDO_AUDIT_TABLE": "audit",
        "SANDO_WORK_QUEUE_URL": "http://127.0.0.1/1/work", "SANDO_ALARM_TOPIC_ARN": "arn:aws:sns:us-east-1:1:alarms",
        "SANDO_SYNCS_QUEUE_URL": "http://127.0.0.1/1/syncs",
        "SANDO_SECRETS_PREFIX": "sando/", "SANDO_KMS_KEY": "a-key",
    }
    ours, theirs = measured([binary], env), measured(python(), env)
    print(f"binary: {binary.stat().st_size / 1024 / 1024:.1f} MiB")
    print(f"{'':16}{'Rust':>10}{'Python':>10}{'times':>8}")
    for name in ours:
        print(f"{name:16}{ours[name]:10.2f}{theirs[name]:10.2f}{theirs[name] / max(ours[name], 0.01):8.1f}")
    reached = (theirs["start ms"] >= 20 * ours["start ms"] and theirs["cpu ms"] >= 3 * ours["cpu ms"]
               and ours["peak MiB"] < 16)
    print("reached: 20 times faster ready, 3 times less processor time, below 16 MiB" if reached else "NOT reached")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
