"""The servers of the test of the deployment, and the template with the real binaries on emulated AWS."""

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import boto3
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
REGION = "us-east-1"
ADMIN_TOKEN = "an-administrators-token-of-32-characters-or-more"
# Generous: every wait is for a condition, and ends as soon as it holds.
PATIENCE = int(os.environ.get("SANDO_PATIENCE_SECS", "300"))


def until(what, condition, seconds=PATIENCE):
    """Waits until the condition holds, and answers what it answered."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.2)


def call(method, url, body=None, token=None, headers=None):
    """One HTTP call: status and JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    if data is not None:
        request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port):
    def connects():
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex(("127.0.0.1", port)) == 0

    return connects


class Process:
    """A server, stopped with a signal that it can obey."""

    def __init__(self, command, log, stop=signal.SIGTERM, **more):
        self.log = TARGET / "aws" / "logs" / log
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.stop_with = stop
        self.start(command, **more)

    def start(self, command, **more):
        with open(self.log, "ab") as out:
            more.setdefault("stdout", out)
            self.child = subprocess.Popen(command, stderr=out, **more)

    def stop(self):
        self.child.send_signal(self.stop_with)
        try:
            self.child.wait(60)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class World(Process):
    """The simulated Lever."""

    def __init__(self):
        program = built("sando-world")
        super().__init__([program], "world.log", signal.SIGINT, stdout=subprocess.PIPE)
        text = ""
        while not text.endswith("\n}\n"):
            line = self.child.stdout.readline().decode()
            assert line, f"the simulated Lever ended: see {self.log}"
            text += line
        self.places = json.loads(text)
        self.lever_url = self.places["lever"]["api_url"]

    def control(self, method, what, body=None):
        status, answer = call(method, f"{self.places['lever']['control_url']}/{what}", body)
        assert status < 300, (what, status, answer)
        return answer

    def hire(self, name):
        """Somebody is hired; answers the address that they get."""
        email = name.lower().replace(" ", ".")
        ids = self.control("POST", "candidates", {"name": name, "emails": [f"{email}@mail.example"]})
        self.control("POST", "hire", {"opportunity": ids["opportunity"]})
        return f"{email}@contoso.example"


class ScimServer(Process):
    """A SCIM server written by others, which accepts these tokens. It keeps nothing when it is started anew."""

    def __init__(self, *tokens):
        self.port, self.tokens, self.token = free_port(), tokens, tokens[0]
        super().__init__(self.command(), "scim.log")
        self.base_url = f"http://127.0.0.1:{self.port}/v2"
        until("the SCIM server answers", answers(self.port))

    def command(self):
        program = TARGET / "venv" / "bin" / "scim2-server"
        assert program.exists(), "scim2-server is not there: `tests/run` installs it into target/venv"
        accepted = [part for token in self.tokens for part in ["--bearer-token", token]]
        return [program, "--port", str(self.port), *accepted]

    def refused(self):
        """How many calls came without an accepted token."""
        return self.log.read_text().count('" 401 ')

    def pages_of_one(self):
        """How many pages of a list were asked for that have one user."""
        lines = self.log.read_text().splitlines()
        return sum(1 for line in lines if re.search(r'"GET /v2/Users\?.*\bcount=1\b', line) and "filter=" not in line)

    def holds(self, many):
        """So many users, further ones are made; answers how many there are."""
        _, found = call("GET", f"{self.base_url}/Users?count=1000", token=self.token)
        for number in range(found["totalResults"], many):
            status, made = call("POST", f"{self.base_url}/Users", {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": f"user{number}@contoso.example", "active": True}, self.token)
            assert status == 201, made
        return many

    def accepts_only(self, token):
        self.tokens, self.token = [token], token
        self.stop()
        self.start(self.command())
        until("the SCIM server answers", answers(self.port))

    def user(self, name):
        """The user of that name; none if there is none, and never two."""
        _, found = call("GET", f"{self.base_url}/Users?count=1000", token=self.token)
        users = [user for user in found.get("Resources", []) if user["userName"] == name]
        assert len(users) < 2, users
        return users[0] if users else None

    def has(self, name, active=True):
        return lambda: (user := self.user(name)) and user.get("active") is active


class Aws(Process):
    """AWS, emulated, which lets everybody do what their role allows and no more."""

    def __init__(self):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        # Its own account's key; functions get those of their role, and the endpoint.
        env = dict(os.environ, BIND_HOST="127.0.0.1", GATEWAY_PORT=str(self.port), AUTH="true",
                   AWS_ENDPOINT_URL=self.endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
                   AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION)
        env.pop("AWS_SESSION_TOKEN", None)
        super().__init__([Path(sys.executable).parent / "ministack"], "emulator.log", env=env)
        until("AWS answers", answers(self.port))
        self.session = boto3.Session("test", "test", region_name=REGION)

    def client(self, service, session=None):
        return (session or self.session).client(service, endpoint_url=self.endpoint)

    def stop(self):
        super().stop()
        try:
            until("no function runs on", lambda: not self.functions_left(), seconds=60)
        finally:
            for pid in self.functions_left():
                os.kill(pid, signal.SIGKILL)

    def functions_left(self, *also):
        """Functions that run, perhaps though the emulator has ended; only those with all of this in their environment."""
        wanted = {f"AWS_ENDPOINT_URL={self.endpoint}".encode(), *(each.encode() for each in also)}
        left = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted <= set(environment) and int(process.name) != os.getpid():
                left.append(int(process.name))
        return left

    def kill(self, function):
        """Kills the processes of a function; answers how many there were."""
        pids = self.functions_left(f"AWS_LAMBDA_FUNCTION_NAME={function}")
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)


def built(name):
    """A binary of the tests' build."""
    program = TARGET / "debug" / name
    assert program.exists(), f"{name} is not there: `cargo test --workspace --no-run` builds it"
    return program


def code(name):
    """The program of a function: as it is deployed, if SANDO_PACKAGED says so, else that of the tests' build."""
    if os.environ.get("SANDO_PACKAGED") == "1":
        program = TARGET / "lambda" / name / "bootstrap"
        assert program.exists(), f"{program} is not there: see the first lines of tests/aws/deployed.py"
        return program.read_bytes()
    small = TARGET / "aws" / name
    strip = shutil.which("strip")
    if strip:
        subprocess.run([strip, "-o", small, built(name)], check=True)
    else:
        shutil.copy(built(name), small)
    return small.read_bytes()


def packaged(name):
    """A zip with the binary as Lambda wants it."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr, entry.compress_type = 0o755 << 16, zipfile.ZIP_DEFLATED
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", compresslevel=1) as file:
        file.writestr(entry, code(name))
    return package.getvalue()


class Stack:
    """The deployment."""

    NAME = "sando-test"

    def __init__(self, aws, lever_url):
        self.aws = aws
        token = {"credentials": {"token": ADMIN_TOKEN}}
        aws.client("secretsmanager").create_secret(Name="sando/admin", SecretString=json.dumps(token))
        s3, cloudformation = aws.client("s3"), aws.client("cloudformation")
        s3.create_bucket(Bucket="packages")
        template = yaml_parse((ROOT / "template.yaml").read_text())
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                name = resource["Metadata"]["BuildProperties"]["Binary"]
                s3.put_object(Bucket="packages", Key=f"{name}.zip", Body=packaged(name))
                # What `sam package` does.
                resource["Properties"]["CodeUri"] = {"Bucket": "packages", "Key": f"{name}.zip"}
        # Two differences. The applications of the test are on loopback, as this AWS is.
        template["Globals"]["Function"]["Environment"]["Variables"]["SANDO_ALLOW_LOOPBACK"] = "1"
        # And the emulator knows no condition on KMS's encryption context; `template.py` asserts it.
        for name in ["WorkflowRole", "SyncRole", "AdminRole"]:
            for policy in template["Resources"][name]["Properties"]["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    if statement.get("Sid") == "KeysOfPersons":
                        del statement["Condition"]
        self.template = json.dumps(template)
        self.parameters = {"LeverApiUrl": lever_url, "AnchorRetentionDays": "1"}
        self.deploy(cloudformation.create_stack, "CREATE_COMPLETE")
        self.url = f"{aws.endpoint}/_aws/execute-api/{self.ids['Api']}/$default"
        self.token = None

    def deploy(self, how, status):
        """Has it created or updated, and reads what there is then."""
        cloudformation = self.aws.client("cloudformation")
        how(StackName=self.NAME, TemplateBody=self.template,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()])

        def settled():
            stack = cloudformation.describe_stacks(StackName=self.NAME)["Stacks"][0]
            return stack if not stack["StackStatus"].endswith("_IN_PROGRESS") else None

        stack = until("the stack is there", settled)
        events = cloudformation.describe_stack_events(StackName=self.NAME)["StackEvents"]
        why = [event for event in events if "FAILED" in event.get("ResourceStatus", "")]
        assert stack["StackStatus"] == status, (stack["StackStatus"], why)
        resources = cloudformation.describe_stack_resources(StackName=self.NAME)["StackResources"]
        self.ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}

    def changed(self, **parameters):
        """The same deployment with other parameters."""
        self.parameters.update(parameters)
        self.deploy(self.aws.client("cloudformation").update_stack, "UPDATE_COMPLETE")

    def text(self, path):
        """What is not one JSON value, and where the rest of it is, if that was not all."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            link = re.fullmatch('<(.+)>; rel="next"', answer.headers.get("link", ""))
            return answer.read().decode(), link and link.group(1)

    def api(self, method, path, body=None, headers=None):
        """A call of the API that has to succeed."""
        status, answer = call(method, f"{self.url}{path}", body, self.token, headers)
        assert status < 300, (method, path, status, answer)
        return answer
