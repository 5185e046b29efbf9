"""Deploys the template with the real binaries on emulated AWS, and drives it through its HTTP endpoint.

`tests/run` runs it. Alone: `target/aws/emulator/bin/python tests/aws/deployed.py`, after
`cargo test --workspace --no-run`. What happened is in `target/aws/logs`.

The functions are those of the tests' build. With SANDO_PACKAGED=1 they are the very ones that are deployed, small and in
release, from `target/lambda`, built before by this (`--arm64` on such a machine):
`cd functions && cargo lambda build --manifest-path ../Cargo.toml --release --x86-64 -p sando-webhook -p sando-workflow -p sando-sync -p sando-schedule -p sando-admin`
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import datetime

from roles import FUNCTIONS, try_all
from stack import ADMIN_TOKEN, ROOT, TARGET, Aws, ScimServer, Stack, World, built, call, until

FIRST, SECOND = "the-first-signing-token", "the-second-signing-token"
OLD_KEY, NEW_KEY = "lever-key", "another-lever-key"
OLD_TOKEN, NEW_TOKEN = "a-scim-token", "a-new-scim-token"
# For so long functions believe what they have read of a secret.
KEPT_SECS = 60 * int(re.search(r"const KEPT: SignedDuration = SignedDuration::from_mins\((\d+)\)",
                               (ROOT / "infra/src/aws/secrets.rs").read_text()).group(1))


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Deployment:
    """Everything: the deployment, Lever, and one application."""

    def __init__(self, servers):
        self.world = servers.enter_context(World())
        self.scim = servers.enter_context(ScimServer(OLD_TOKEN, NEW_TOKEN))
        self.aws = servers.enter_context(Aws())
        self.stack = Stack(self.aws, self.world.lever_url)
        self.sqs = self.aws.client("sqs")
        self.registrations = []

    def queue(self, name):
        return self.stack.ids[name]

    def lying_in(self, name):
        attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue(name), AttributeNames=attributes)
        return sum(int(number) for number in found["Attributes"].values())

    def is_consumed(self, name, enabled):
        functions = self.aws.client("lambda")
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue(name), AttributeNames=["QueueArn"])
        mappings = functions.list_event_source_mappings(EventSourceArn=arn["Attributes"]["QueueArn"])
        for mapping in mappings["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)

    def signed_with(self, *tokens, key):
        """Sando accepts webhooks signed with these, and calls Lever with this key."""
        lever = {"api_key": key, "registrations": [{"name": "default", "signing_tokens": list(tokens)}]}
        self.stack.api("PUT", "/v1/settings", {"lever": lever})

    def calls(self):
        """Lever's calls: those that were taken, and those that it has to make again."""
        attempts = self.world.control("GET", "deliveries")
        taken = [attempt for attempt in attempts if 200 <= (attempt["status"] or 0) < 300]
        return taken, [attempt for attempt in attempts if attempt not in taken]

    def arrives(self, name):
        address = self.world.hire(name)
        until(f"{name} has an account", self.scim.has(address))
        return address


def configured(on):
    """An administrator comes with the token, makes a key, and configures with that."""
    status, _ = call("GET", f"{on.stack.url}/v1/people")
    assert status == 401, status
    on.stack.token = ADMIN_TOKEN
    made = on.stack.api("POST", "/v1/keys", {"name": "operations", "scopes": ["admin"]})
    on.stack.token = made["secret"]
    attributes = {
        "name": {"first_of": ["opportunity.name", "contact.name"]},
        "personal_email": {"first_of": ["opportunity.emails[0]", "contact.emails[0]"]},
        "work_email": {"address": "{first_name}.{last_name}@contoso.example"},
        "department": "posting.categories.department",
    }
    on.stack.api("PUT", "/v1/attributes", {
        "attributes": attributes, "required": ["name", "personal_email", "department"]})
    on.stack.api("PUT", "/v1/apps/design", {"app": "design", "provisioner": {
        "type": "scim", "base_url": on.scim.base_url, "auth": {"type": "bearer"}, "on_revoke": "suspend"}})
    on.stack.api("PUT", "/v1/apps/design/credentials", {"credentials": {"token": on.scim.token}})
    on.stack.api("PUT", "/v1/policies/everybody", {"policy": "everybody", "grants": [{"app": "design"}]})
    on.signed_with(FIRST, key=OLD_KEY)
    for event in ["candidateHired", "candidateArchiveChange"]:
        made = on.world.control("POST", "webhooks", {
            "event": event, "url": f"{on.stack.url}/webhooks/lever", "signing_token": FIRST})
        on.registrations.append(made["id"])


def a_forged_webhook_is_refused(on):
    body = {"event": "candidateHired", "triggeredAt": int(time.time() * 1000), "token": "made-up",
            "signature": "00" * 32, "data": {"opportunityId": "11111111-1111-1111-1111-111111111111"}}
    for path in ["/webhooks/lever", "/webhooks/lever/other"]:
        status, _ = call("POST", f"{on.stack.url}{path}", body)
        assert status == 401, (path, status)
    assert on.lying_in("Events") == 0


def a_hire_gets_an_account(on):
    on.arrives("Ada Park")
    assert on.calls()[1] == []


def the_schedule_finds_a_lost_message(on):
    on.is_consumed("Work", False)
    before = len(on.calls()[0])
    address = on.world.hire("Bo Lind")
    until("both webhooks of the hire are taken", lambda: len(on.calls()[0]) == before + 2)
    until("both are stored", lambda: on.lying_in("Events") == 0)
    assert on.lying_in("Work") > 0, "there are messages to lose"
    on.sqs.purge_queue(QueueUrl=on.queue("Work"))
    assert on.scim.user(address) is None, "nobody worked on it yet"
    on.is_consumed("Work", True)
    until("Bo Lind has an account all the same", on.scim.has(address))


def every_credential_gets_a_successor(on):
    """The other side accepts both for a while; Sando is given the new ones."""
    on.world.control("PUT", "keys", [OLD_KEY, NEW_KEY])
    on.signed_with(FIRST, SECOND, key=NEW_KEY)
    on.stack.api("PUT", "/v1/apps/design/credentials", {"credentials": {"token": NEW_TOKEN}})
    on.scim.token, on.rotated_at = NEW_TOKEN, time.monotonic()


def the_old_ones_go_without_a_failed_call(on):
    """When nobody believes the old ones any more, as the guide says, the other side takes the new ones alone."""
    until("no function keeps an old one", lambda: time.monotonic() - on.rotated_at > KEPT_SECS, KEPT_SECS + 60)
    before = on.calls()[1]
    on.scim.accepts_only(NEW_TOKEN)
    on.world.control("PUT", "keys", [NEW_KEY])
    for registration in on.registrations:
        on.world.control("POST", "rotate", {"registration": registration, "signing_token": SECOND})
    on.arrives("Cy Moss")
    on.signed_with(SECOND, key=NEW_KEY)
    on.arrives("Di Reyes")
    assert on.calls()[1] == before, "each webhook was taken at once"
    assert not [call for call in before if call["status"] == 401], before
    assert (on.scim.refused(), on.world.control("GET", "refused")) == (0, 0), "no call with what was gone"
    assert on.stack.api("GET", "/v1/tasks")["items"] == [], "nobody had to help"


def a_message_that_fails_is_put_aside_and_redriven(on):
    """The worker may not touch the table for a while: a hire of that time ends in the dead-letter queue."""
    iam, role = on.aws.client("iam"), on.stack.ids["WorkflowRole"]
    on.sqs.set_queue_attributes(QueueUrl=on.queue("Events"), Attributes={"VisibilityTimeout": "1"})
    on.sqs.send_message(QueueUrl=on.queue("Events"), MessageBody="no hint at all")
    no = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="no", PolicyDocument=json.dumps(no))
    address = on.world.hire("Eva Holm")
    until("both webhooks of the hire and the poison are put aside", lambda: on.lying_in("EventsDead") == 3)
    assert on.scim.user(address) is None
    iam.delete_role_policy(RoleName=role, PolicyName="no")
    on.sqs.set_queue_attributes(QueueUrl=on.queue("Events"), Attributes={"VisibilityTimeout": "360"})
    redriven = 0
    while redriven < 2:
        for message in on.sqs.receive_message(QueueUrl=on.queue("EventsDead")).get("Messages", []):
            if message["Body"].startswith("{"):
                on.sqs.send_message(QueueUrl=on.queue("Events"), MessageBody=message["Body"])
                on.sqs.delete_message(QueueUrl=on.queue("EventsDead"), ReceiptHandle=message["ReceiptHandle"])
                redriven += 1
    until("Eva Holm has an account", on.scim.has(address))
    assert on.lying_in("EventsDead") == 1, "the poison stays where somebody can look at it"


def the_schedule_syncs_an_account(on):
    """The message that it is due is lost; the function reads a user a second, and has less time than all of them take."""
    timeout, users = 15, on.scim.holds(24)
    function = on.stack.ids["Sync"]
    on.aws.client("lambda").update_function_configuration(FunctionName=function, Timeout=timeout)
    on.stack.api("PUT", "/v1/definitions/design", {
        "app": "design", "base_url": on.scim.base_url, "auth": {"type": "bearer"},
        "users": {"preset": "scim", "pagination": {"size": 1}}, "limits": {"requests_per_second": 1}})
    on.is_consumed("Syncs", False)
    account = "/v1/accounts/design/all"
    on.stack.api("PUT", account, {"variables": {}, "credentials": {"token": on.scim.token}, "replace": True})
    assert on.lying_in("Syncs") > 0, "it goes to its own queue"
    on.sqs.purge_queue(QueueUrl=on.queue("Syncs"))
    assert on.stack.api("GET", account)["syncing"] is None, "nobody worked on it yet"
    on.is_consumed("Syncs", True)
    until("the account is read", lambda: on.stack.api("GET", account)["users"] == users)
    sync = on.stack.api("GET", f"{account}/syncs")["items"][0]
    assert (sync["state"], sync["actor"], sync["certificate"]["complete"]) == ("done", "sando", True), sync
    began, ended = (datetime.fromisoformat(sync[name]) for name in ["started_at", "finished_at"])
    assert (ended - began).total_seconds() > timeout, "it went on in another invocation"
    assert on.lying_in("SyncsDead") == 0


def a_sync_is_killed(on):
    """In its second invocation: what the first one put down is there. The chapters that follow are told while its lease ends."""
    on.asked = on.scim.pages_of_one()
    on.stack.api("POST", "/v1/accounts/design/all:sync")
    until("another invocation reads", lambda: on.scim.pages_of_one() >= on.asked + 13)
    assert on.aws.kill(on.stack.ids["Sync"]) > 0
    on.asked = on.scim.pages_of_one()
    assert on.stack.api("GET", "/v1/accounts/design/all")["syncing"] == "syn_2"


def the_killed_sync_goes_on(on):
    """The schedule finds it when its lease has ended; it begins where it was put down last."""
    account = "/v1/accounts/design/all"
    ended = lambda: (now := on.stack.api("GET", account)["last_sync"])["id"] == "syn_2" and now
    last = until("the killed sync ends", ended, seconds=900)
    assert last["state"] == "done", last
    sync = on.stack.api("GET", f"{account}/syncs")["items"][0]
    users = on.stack.api("GET", account)["users"]
    # One of them left in between.
    found = sum(sync["counts"][kind] for kind in ["new", "changed", "unchanged"])
    assert (found, sync["certificate"]["complete"]) == (users, True), sync
    assert on.scim.pages_of_one() - on.asked < users, "it did not begin anew"
    assert on.lying_in("SyncsDead") == 0


def a_leaver_is_offboarded(on):
    address = "ada.park@contoso.example"
    people = on.stack.api("GET", "/v1/people")["items"]
    person = next(person for person in people if address in json.dumps(person))
    on.stack.api("POST", f"/v1/people/{person['id']}:terminate", {"at": "now", "reason": "the test"})
    until("the account is suspended", on.scim.has(address, active=False))


def the_trail_holds(on):
    """Verified by the API itself, and as a job, which is worked on by `Workflow`."""
    def ended(begun):
        job = lambda: on.stack.api("GET", f"/v1/jobs/{begun['id']}")
        done = until("the trail is verified", lambda: (now := job())["state"] != "running" and now)
        assert done["state"] == "done", done
        return done["result"]

    answer = on.stack.api("POST", "/v1/audit:verify")
    answer = answer if "ok" in answer else ended(answer)
    assert answer["ok"] and answer["records"] > 0, answer
    begun = on.stack.api("POST", "/v1/audit:verify", headers={"prefer": "respond-async"})
    assert begun["state"] == "running", begun
    later = ended(begun)
    assert later["ok"] and later["records"] >= answer["records"], (later, answer)
    assert on.lying_in("WorkDead") == 0


def checkpoints_are_kept_one_for_one(on):
    """For a while the bucket takes nothing: what could not be kept is kept later, and the trail agrees with all of it."""
    s3, iam, role = on.aws.client("s3"), on.aws.client("iam"), on.stack.ids["ScheduleRole"]

    def kept():
        listed = s3.list_objects_v2(Bucket=on.stack.ids["Anchor"], Prefix="checkpoints/").get("Contents", [])
        return sorted(each["Key"] for each in listed)

    def taken():
        head = on.stack.api("GET", "/v1/audit?stream=checkpoints&limit=100")["items"]
        return [record["seq"] for record in head]

    places = lambda: [int(key.rsplit("-", 1)[1].removesuffix(".jsonl")) for key in kept()]
    no = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="no", PolicyDocument=json.dumps(no))
    on.stack.api("PUT", "/v1/policies/nobody", {"policy": "nobody", "grants": []})
    until("a checkpoint is taken and not kept", lambda: len(taken()) > len(places()))
    iam.delete_role_policy(RoleName=role, PolicyName="no")
    until("every checkpoint is kept, in order", lambda: places() == taken() and places())
    folder = TARGET / "aws" / "anchors"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for key in kept():
        body = s3.get_object(Bucket=on.stack.ids["Anchor"], Key=key)["Body"].read()
        (folder / key.rsplit("/", 1)[1]).write_bytes(body)
    trail = TARGET / "aws" / "trail.jsonl"
    parts, more = [], "/v1/audit:export?limit=50"
    while more:
        part, more = on.stack.text(more)
        parts.append(part)
    assert len(parts) > 1, "the trail comes in parts"
    trail.write_text("".join(parts))

    def verify():
        command = [built("sando"), "audit", "verify", "--export", trail, "--anchor", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    status, said = verify()
    assert status == 0 and "all intact" in said, said
    lines = trail.read_text().splitlines(keepends=True)
    last = max(place for place, line in enumerate(lines) if line.startswith('{"stream":"config"'))
    trail.write_text("".join(lines[:last] + lines[last + 1:]))
    status, said = verify()
    assert status == 1 and "a checkpoint knows a record here" in said, said


def a_restore_puts_tables_of_one_moment_in_the_place_of_both(on):
    """As the guide says; the stack lets its own tables go, and they stay. The emulator restores what is there now, so nobody
    may write between the two."""
    dynamo, own = on.aws.client("dynamodb"), {name: on.stack.ids[name] for name in ["State", "Audit"]}
    iam, roles = on.aws.client("iam"), [on.stack.ids[f"{name}Role"] for name in FUNCTIONS]
    no = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]}
    for role in roles:
        iam.put_role_policy(RoleName=role, PolicyName="no", PolicyDocument=json.dumps(no))
    for name, table in own.items():
        dynamo.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName=f"back-{name.lower()}", UseLatestRestorableTime=True)
    for name in own:
        there = lambda: dynamo.describe_table(TableName=f"back-{name.lower()}")["Table"]["TableStatus"] == "ACTIVE"
        until(f"{name} is restored", there)
    on.stack.changed(RestoredTables="back")
    for role in roles:
        iam.delete_role_policy(RoleName=role, PolicyName="no")
    assert not set(own) & set(on.stack.ids), "the stack has no tables of its own any more"
    on.stack.api("PUT", "/v1/policies/later", {"policy": "later", "grants": []})
    key = {"pk": {"S": "CONFIG"}, "sk": {"S": "policy#later"}}
    assert "Item" in dynamo.get_item(TableName="back-state", Key=key)
    assert "Item" not in dynamo.get_item(TableName=own["State"], Key=key), "it is as it was left"
    # The API, the schedule and the workers all have what they need of the new ones.
    taken = lambda: len(on.stack.api("GET", "/v1/audit?stream=checkpoints&limit=200")["items"])
    before = taken()
    on.stack.api("PUT", "/v1/policies/later", {"policy": "later", "grants": [{"app": "design"}]})
    until("a checkpoint is taken", lambda: taken() > before)
    the_trail_holds(on)


STORY = [
    configured,
    a_forged_webhook_is_refused,
    a_hire_gets_an_account,
    every_credential_gets_a_successor,
    the_schedule_finds_a_lost_message,
    a_message_that_fails_is_put_aside_and_redriven,
    the_schedule_syncs_an_account,
    a_sync_is_killed,
    a_leaver_is_offboarded,
    checkpoints_are_kept_one_for_one,
    the_killed_sync_goes_on,
    the_old_ones_go_without_a_failed_call,
    the_trail_holds,
]


def main():
    for log in (TARGET / "aws" / "logs").glob("*.log"):
        log.unlink()
    with ExitStack() as servers:
        on = Deployment(servers)
        say("deployed")
        for chapter in STORY:
            chapter(on)
            say(chapter.__name__.replace("_", " "))
        say(f"roles: {try_all(on.aws, on.stack.ids)} attempts, and nothing allowed that is not needed")
        a_restore_puts_tables_of_one_moment_in_the_place_of_both(on)
        say("a restore puts tables of one moment in the place of both")
    say("stopped, and nothing runs on")


if __name__ == "__main__":
    # Whoever ends it early leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    try:
        main()
    except BaseException:
        say(f"failed: what the servers and functions logged is in {TARGET / 'aws' / 'logs'}")
        raise
