"""What must hold of `template.yaml`, read from the template itself: some of it no emulator shows."""

import json
import os
import re
import unittest
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"  # SAM asks for one, whichever
ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "template.yaml").read_text()
FUNCTIONS = ["Webhook", "Workflow", "Sync", "Schedule", "Admin"]


class NoPolicies:
    """The roles are our own: SAM's managed policies are never looked up."""

    def load(self):
        return {}


def expanded():
    """The template as SAM hands it to CloudFormation; the code is somewhere in a bucket."""
    template = yaml_parse(TEXT)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://packages/function.zip"
    return transform(template, {}, NoPolicies())


def constants(path):
    """`const NAME: &str = "value"` of a Rust file."""
    text = (ROOT / path).read_text()
    return dict(re.findall(r'const (\w+): &str = "([^"]+)"', text))


def metrics():
    """What the code tells, by its name in CloudWatch."""
    text = (ROOT / "core/src/metric.rs").read_text()
    return {name: variant for variant, name in re.findall(r'Self::(\w+) => "(\w+)"', text) if variant == name}


class Template(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template = expanded()
        cls.resources = cls.template["Resources"]

    def of_type(self, kind):
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    def statements(self):
        for name, role in self.of_type("AWS::IAM::Role").items():
            for policy in role["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    _, with_everything, _ = statement.get("Fn::If", (None, statement, None))
                    yield name, with_everything

    def test_tables_are_kept_whatever_happens(self):
        for name, table in self.of_type("AWS::DynamoDB::Table").items():
            with self.subTest(name):
                self.assertEqual(self.resources[name]["DeletionPolicy"], "Retain")
                self.assertEqual(self.resources[name]["UpdateReplacePolicy"], "Retain")
                self.assertTrue(table["DeletionProtectionEnabled"])
                self.assertTrue(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])
                self.assertEqual(table["SSESpecification"]["SSEType"], "KMS")
                self.assertEqual(table["BillingMode"], "PAY_PER_REQUEST")

    def test_restored_tables_take_the_place_of_those_of_the_stack_everywhere(self):
        def chosen(value, own):
            if isinstance(value, dict):
                condition, yes, no = value.get("Fn::If", (None, None, None))
                if condition == "HasOwnTables":
                    return chosen(yes if own else no, own)
                return {key: chosen(each, own) for key, each in value.items()}
            return [chosen(each, own) for each in value] if isinstance(value, list) else value

        self.assertEqual(self.template["Conditions"]["HasOwnTables"], {"Fn::Equals": [{"Ref": "RestoredTables"}, ""]})
        there = {name: each for name, each in self.resources.items() if each.get("Condition") != "HasOwnTables"}
        self.assertEqual(set(self.resources) - set(there), {"State", "Audit"})
        own, restored = (json.dumps(chosen([there, self.template["Outputs"]], which)) for which in [True, False])
        for name, table in [("State", "${RestoredTables}-state"), ("Audit", "${RestoredTables}-audit")]:
            # As a name, as an ARN, as a part of one.
            named = re.findall(r'"Ref": "%s"|"%s", "Arn"|\$\{%s\b' % (name, name, name), own)
            self.assertGreater(len(named), 5, name)
            self.assertEqual(restored.count(table), len(named), f"{name} is replaced wherever it is named")
            self.assertNotIn(f'"{name}"', restored)
            self.assertNotIn("${%s" % name, restored)
        self.assertNotIn("RestoredTables", own)

    def test_tables_are_as_the_store_wants_them(self):
        names, indexes = constants("infra/src/dynamo/item.rs"), constants("infra/src/dynamo/tables.rs")
        tables = self.of_type("AWS::DynamoDB::Table")
        keys = lambda of: [(key["AttributeName"], key["KeyType"]) for key in of["KeySchema"]]
        for table in tables.values():
            self.assertEqual(keys(table), [(names["PK"], "HASH"), (names["SK"], "RANGE")])
        state = {index["IndexName"]: index for index in tables["State"]["GlobalSecondaryIndexes"]}
        wanted = {
            indexes["DUE_INDEX"]: (names["DUE_PK"], names["DUE_AT"], [names["VERSION"]]),
            indexes["LIST_INDEX"]: (names["LIST_PK"], names["LIST_SK"], None),
            indexes["WHO_INDEX"]: (names["WHO_PK"], names["WHO_SK"], None),
        }
        self.assertEqual(set(state), set(wanted))
        for name, (hash_key, range_key, also) in wanted.items():
            self.assertEqual(keys(state[name]), [(hash_key, "HASH"), (range_key, "RANGE")])
            kind = "INCLUDE" if also else "KEYS_ONLY"
            self.assertEqual(state[name]["Projection"]["ProjectionType"], kind)
            self.assertEqual(state[name]["Projection"].get("NonKeyAttributes"), also)
        self.assertNotIn("GlobalSecondaryIndexes", tables["Audit"])

    def test_entities_expire_and_the_trail_does_not(self):
        names, tables = constants("infra/src/dynamo/item.rs"), self.of_type("AWS::DynamoDB::Table")
        spec = {"AttributeName": names["EXPIRES"], "Enabled": True}
        self.assertEqual(tables["State"]["TimeToLiveSpecification"], spec)
        self.assertNotIn("TimeToLiveSpecification", tables["Audit"])

    def test_routes_are_these(self):
        routes = {route["RouteKey"]: route["Target"] for route in self.of_type("AWS::ApiGatewayV2::Route").values()}
        to = lambda integration: {"Fn::Sub": "integrations/${%s}" % integration}
        self.assertEqual(routes, {
            "POST /webhooks/lever": to("WebhookIntegration"),
            "POST /webhooks/lever/{registration}": to("WebhookIntegration"),
            "ANY /{proxy+}": to("AdminIntegration"),
        })

    def test_each_function_has_a_role_and_a_log_of_its_own(self):
        functions = self.of_type("AWS::Lambda::Function")
        self.assertEqual(sorted(functions), sorted(FUNCTIONS))
        for name, function in functions.items():
            self.assertEqual(function["Role"], {"Fn::GetAtt": [f"{name}Role", "Arn"]})
            self.assertEqual(function["LoggingConfig"]["LogGroup"], {"Ref": f"{name}Log"})
            self.assertIn("RetentionInDays", self.resources[f"{name}Log"]["Properties"])

    def test_no_role_has_a_star_for_what_can_be_named(self):
        for name, statement in self.statements():
            listed = lambda value: value if isinstance(value, list) else [value]
            for action in listed(statement["Action"]):
                self.assertNotIn("*", action, name)
            for resource in listed(statement["Resource"]):
                self.assertNotEqual(resource, "*", name)
                # Left open are only what is in the function's own log, and names of secrets and checkpoints.
                if "*" in json.dumps(resource):
                    own_log = f":log-group:${{{name.removesuffix('Role')}Log}}:*"
                    self.assertTrue(own_log in json.dumps(resource) or
                                    ":secret:${SecretsPrefix}" in json.dumps(resource) or
                                    resource == {"Fn::Sub": "${Anchor.Arn}/checkpoints/*"}, (name, resource))

    def test_the_key_serves_functions_for_keys_of_persons_only(self):
        name, value = re.search(r'CONTEXT: \(&str, &str\) = \("([^"]+)", "([^"]+)"\)',
                                (ROOT / "infra/src/aws/kms.rs").read_text()).groups()
        wanted = {"StringEquals": {f"kms:EncryptionContext:{name}": value}}
        for role, statement in self.statements():
            if "kms:" in json.dumps(statement["Action"]):
                self.assertEqual(statement["Condition"], wanted, role)

    def test_nobody_changes_the_trail(self):
        for name, statement in self.statements():
            if "Audit" in json.dumps(statement["Resource"]):
                actions = statement["Action"]
                actions = actions if isinstance(actions, list) else [actions]
                self.assertLessEqual(set(actions), {"dynamodb:PutItem", "dynamodb:Query"}, name)

    def test_messages_fail_alone_and_end_in_a_dead_letter_queue(self):
        queues, functions = self.of_type("AWS::SQS::Queue"), self.of_type("AWS::Lambda::Function")
        consumed = set()
        for mapping in self.of_type("AWS::Lambda::EventSourceMapping").values():
            name = mapping["EventSourceArn"]["Fn::GetAtt"][0]
            consumed.add(name)
            self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
            self.assertGreaterEqual(mapping["ScalingConfig"]["MaximumConcurrency"], 2)
            timeout = functions[mapping["FunctionName"]["Ref"]]["Timeout"]
            self.assertGreater(queues[name]["VisibilityTimeout"], timeout)
        dead = {name for name in queues if name.endswith("Dead")}
        self.assertEqual(consumed, set(queues) - dead)
        for name in consumed:
            target = queues[name]["RedrivePolicy"]["deadLetterTargetArn"]
            self.assertEqual(target, {"Fn::GetAtt": [f"{name}Dead", "Arn"]})
            alarms = self.of_type("AWS::CloudWatch::Alarm")
            for alarm, queue in [(f"{name}DeadAlarm", f"{name}Dead"), (f"{name}AgeAlarm", name)]:
                self.assertEqual(alarms[alarm]["Dimensions"][0]["Value"], {"Fn::GetAtt": [queue, "QueueName"]})

    def test_a_worker_outlives_its_lease(self):
        lease = re.search(r"LEASE: SignedDuration = SignedDuration::from_secs\((\d+)\)",
                          (ROOT / "core/src/handle/mod.rs").read_text())
        timeout = self.resources["Workflow"]["Properties"]["Timeout"]
        self.assertGreater(timeout, int(lease.group(1)))

    def test_a_sync_is_put_down_before_the_function_ends(self):
        turn = re.search(r"TURN: SignedDuration = SignedDuration::from_mins\((\d+)\)",
                         (ROOT / "core/src/handle/sync/mod.rs").read_text())
        properties = self.resources["Sync"]["Properties"]
        self.assertGreaterEqual(properties["Timeout"] * 2 / 3, int(turn.group(1)) * 60)
        mapping = next(each for each in self.of_type("AWS::Lambda::EventSourceMapping").values()
                       if each["FunctionName"] == {"Ref": "Sync"})
        self.assertEqual(mapping["BatchSize"], 1, "each sync has the function's whole time")

    def test_every_variable_is_one_that_the_functions_read(self):
        read = (ROOT / "infra/src/aws/config.rs").read_text()
        for function in self.of_type("AWS::Lambda::Function").values():
            for name in function["Environment"]["Variables"]:
                self.assertIn(f'"{name}"', read)
        self.assertNotIn("SANDO_ALLOW_LOOPBACK", TEXT)
        self.assertNotIn("AWS_ENDPOINT_URL", TEXT)

    def test_every_metric_that_is_looked_at_is_one_that_is_told(self):
        told = metrics()
        looked_at = {alarm["MetricName"] for alarm in self.of_type("AWS::CloudWatch::Alarm").values()
                     if alarm["Namespace"] == "Sando"}
        alarming = {"OldestDue", "LeverLag", "SinceLeverPolled", "AccountsFailing", "RemovalsPaused"}
        self.assertLessEqual(alarming, looked_at)
        self.assertLessEqual(looked_at, set(told))
        shown, looks = set(), 0
        body = self.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        for widget in json.loads(body)["widgets"]:
            looks += len(widget["properties"]["metrics"])
            for namespace, metric, *dimensions in widget["properties"]["metrics"]:
                if namespace == "Sando":
                    shown.add(metric)
                    self.assertEqual(dimensions[:2], ["Stack", "${AWS::StackName}"])
        self.assertLessEqual({"TimeToProvision", "TimeToOffboard", "LicensesUsed", "RunFailures"}, shown)
        self.assertLessEqual(looks, 50, "no dashboard with more metrics is free of charge")
        self.assertEqual(shown, set(told), "every metric has its place on the dashboard, and none is made up")
        for alarm in self.of_type("AWS::CloudWatch::Alarm").values():
            # What is told only while it is so may not alarm by its silence, what is told every minute has to.
            if alarm["Namespace"] == "Sando":
                silence = "breaching" if alarm["MetricName"] == "OldestDue" else "notBreaching"
                self.assertEqual(alarm["TreatMissingData"], silence)

    def test_metrics_are_recorded_as_they_are_named(self):
        code = [path.read_text() for folder in ["core/src", "infra/src", "functions"]
                for path in (ROOT / folder).rglob("*.rs") if "tests" not in path.parts]
        for name, variant in metrics().items():
            uses = [text for text in code if f"Metric::{variant}" in text.split("#[cfg(test)]\nmod tests {")[0]]
            self.assertTrue(uses, f"nobody records {name}")

    def test_every_alarm_tells_somebody(self):
        for name, alarm in self.of_type("AWS::CloudWatch::Alarm").items():
            self.assertEqual(alarm["AlarmActions"], [{"Ref": "Alarms"}], name)
            self.assertTrue(alarm["AlarmDescription"], name)


if __name__ == "__main__":
    unittest.main()
