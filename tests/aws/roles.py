"""What each role may do, tried out: everything that is not listed here has to be denied."""

import json

from botocore.exceptions import ClientError

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "Forbidden", "403"}

# Names of `attempts`. A function that is added gets a line here. Writing to its own log is not among them: the emulator
# compares another form of the ARN than AWS does; `template.py` asserts what is allowed there.
MAY = {
    "Webhook": {"send to Events", "read secret lever/default"},
    "Workflow": {
        "send to Work", "receive from Events", "receive from Work", "delete from Events", "delete from Work",
        "get from State", "put into State", "update in State", "delete in State", "query State",
        "query list of State", "query who of State", "put into Audit", "query Audit",
        "read secret lever", "read secret app/design", "read secret account/design/all", "read secret notification",
        "encrypt key of person", "decrypt key of person", "publish to Alarms",
    },
    "Sync": {
        "send to Work", "send to Syncs", "receive from Syncs", "delete from Syncs",
        "get from State", "put into State", "update in State", "delete in State", "query State", "put into Audit",
        "read secret account/design/all", "encrypt key of person", "decrypt key of person",
    },
    "Schedule": {
        "query due of State", "query list of State", "query State", "get from State", "put into State",
        "update in State", "put into Audit", "query Audit", "send to Work", "send to Syncs", "keep a checkpoint",
    },
    "Admin": {
        "send to Work", "send to Syncs", "get from State", "put into State", "update in State", "delete in State", "query State",
        "query list of State", "query who of State", "put into Audit", "query Audit",
        "read secret lever", "read secret lever/default", "read secret app/design", "read secret admin",
        "write secret lever", "write secret lever/default", "write secret app/design",
        "read secret account/design/all", "write secret account/design/all",
        "read secret notification", "write secret notification", "read secret oidc", "write secret oidc",
        "create secret lever/other", "create secret app/other", "delete secret app/other",
        "encrypt key of person", "decrypt key of person",
    },
}

FUNCTIONS = list(MAY)
# What ticks the schedule, every minute.
MAY["EveryMinute"] = {"invoke Schedule"}

CONTEXT = {"sando": "person-key"}
# The emulator knows no condition on the encryption context; `template.py` asserts that it is there.
for name in ["Workflow", "Sync", "Admin"]:
    MAY[name] |= {"encrypt anything", "decrypt anything"}


def queue_attempts(ids, sqs):
    for name in ["Events", "EventsDead", "Work", "WorkDead", "Syncs", "SyncsDead"]:
        url = ids[name]
        yield f"send to {name}", lambda url=url: sqs.send_message(QueueUrl=url, MessageBody="probe")
        yield f"receive from {name}", lambda url=url: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
        yield f"delete from {name}", lambda url=url: sqs.delete_message(QueueUrl=url, ReceiptHandle="none")
        yield f"purge {name}", lambda url=url: sqs.purge_queue(QueueUrl=url)
        yield f"delete queue {name}", lambda url=url: sqs.delete_queue(QueueUrl=url)
        yield f"change {name}", lambda url=url: sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1"})
    yield "list queues", sqs.list_queues


def table_attempts(ids, dynamo):
    key = {"pk": {"S": "PROBE"}, "sk": {"S": "PROBE"}}
    for name in ["State", "Audit"]:
        on = {"TableName": ids[name]}
        query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "PROBE"}}}
        yield f"get from {name}", lambda on=on: dynamo.get_item(**on, Key=key)
        yield f"put into {name}", lambda on=on: dynamo.put_item(**on, Item=key)
        yield f"update in {name}", lambda on=on: dynamo.update_item(**on, Key=key)
        yield f"delete in {name}", lambda on=on: dynamo.delete_item(**on, Key=key)
        yield f"query {name}", lambda on=on, query=query: dynamo.query(**on, **query)
        yield f"scan {name}", lambda on=on: dynamo.scan(**on)
        yield f"delete table {name}", lambda on=on: dynamo.delete_table(**on)
        yield f"unprotect table {name}", lambda on=on: dynamo.update_table(**on, DeletionProtectionEnabled=False)
        yield f"export table {name}", lambda on=on: dynamo.create_backup(**on, BackupName="probe")
    for index in ["due", "list", "who"]:
        query = {"KeyConditionExpression": f"{index}_pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "PROBE"}}}
        yield f"query {index} of State", lambda index=index, query=query: dynamo.query(
            TableName=ids["State"], IndexName=index, **query)
    yield "list tables", dynamo.list_tables


def secret_attempts(secrets):
    for owner in ["lever", "lever/default", "app/design", "account/design/all", "admin", "notification", "oidc"]:
        name = f"sando/{owner}"
        yield f"read secret {owner}", lambda name=name: secrets.get_secret_value(SecretId=name)
        yield f"write secret {owner}", lambda name=name: secrets.put_secret_value(SecretId=name, SecretString="{}")
    for name in ["somebody-elses", "sandolever/default"]:
        yield f"read secret of others {name}", lambda name=name: secrets.get_secret_value(SecretId=name)
        yield f"write secret of others {name}", lambda name=name: secrets.put_secret_value(
            SecretId=name, SecretString="{}")
        yield f"delete secret of others {name}", lambda name=name: secrets.delete_secret(SecretId=name)
    for owner in ["lever/other", "app/other"]:
        yield f"create secret {owner}", lambda owner=owner: secrets.create_secret(
            Name=f"sando/{owner}", SecretString="{}")
    yield "delete secret app/other", lambda: secrets.delete_secret(
        SecretId="sando/app/other", ForceDeleteWithoutRecovery=True)
    yield "create secret of others", lambda: secrets.create_secret(Name="other/one", SecretString="{}")
    yield "list secrets", secrets.list_secrets


def key_attempts(ids, kms, wrapped, sealed):
    key = ids["Key"]
    yield "encrypt key of person", lambda: kms.encrypt(KeyId=key, Plaintext=b"probe", EncryptionContext=CONTEXT)
    yield "decrypt key of person", lambda: kms.decrypt(KeyId=key, CiphertextBlob=wrapped, EncryptionContext=CONTEXT)
    yield "encrypt anything", lambda: kms.encrypt(KeyId=key, Plaintext=b"probe")
    yield "decrypt anything", lambda: kms.decrypt(KeyId=key, CiphertextBlob=sealed)
    yield "make a data key", lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    yield "disable the key", lambda: kms.disable_key(KeyId=key)
    yield "delete the key", lambda: kms.schedule_key_deletion(KeyId=key)
    yield "list keys", kms.list_keys


def other_attempts(ids, client):
    logs, functions, iam = client("logs"), client("lambda"), client("iam")
    for name in FUNCTIONS:
        yield f"delete log of {name}", lambda name=name: logs.delete_log_group(logGroupName=ids[f"{name}Log"])
        yield f"invoke {name}", lambda name=name: functions.invoke(FunctionName=ids[name], InvocationType="DryRun")
        yield f"change {name}", lambda name=name: functions.update_function_configuration(
            FunctionName=ids[name], Timeout=1)
        yield f"widen role of {name}", lambda name=name: iam.put_role_policy(
            RoleName=ids[f"{name}Role"], PolicyName="more",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    yield "list functions", functions.list_functions
    yield "make a user", lambda: iam.create_user(UserName="probe")
    yield "list roles", iam.list_roles
    yield "publish to Alarms", lambda: client("sns").publish(TopicArn=ids["Alarms"], Message="probe")
    yield "subscribe to Alarms", lambda: client("sns").subscribe(
        TopicArn=ids["Alarms"], Protocol="email", Endpoint="probe@mail.example")
    yield "list buckets", client("s3").list_buckets
    yield "read a bucket", lambda: client("s3").get_object(Bucket="packages", Key="sando-webhook.zip")
    anchor = {"Bucket": ids["Anchor"], "Key": "checkpoints/probe"}
    yield "keep a checkpoint", lambda: client("s3").put_object(**anchor, Body=b"probe")
    yield "write into Anchor", lambda: client("s3").put_object(Bucket=ids["Anchor"], Key="probe", Body=b"probe")
    yield "read a checkpoint", lambda: client("s3").get_object(**anchor)
    yield "delete a checkpoint", lambda: client("s3").delete_object(**anchor)
    yield "list checkpoints", lambda: client("s3").list_objects_v2(Bucket=ids["Anchor"])
    yield "unlock a checkpoint", lambda: client("s3").put_object_retention(**anchor, Retention={})
    yield "unlock Anchor", lambda: client("s3").put_object_lock_configuration(Bucket=ids["Anchor"])
    yield "delete the stack", lambda: client("cloudformation").delete_stack(StackName="sando-test")
    yield "stop the schedule", lambda: client("scheduler").delete_schedule(Name=ids["EveryMinute"])
    yield "delete the API", lambda: client("apigatewayv2").delete_api(ApiId=ids["Api"])


def outcome(attempt):
    """Whether it was denied; whatever else comes of it was allowed."""
    try:
        attempt()
    except ClientError as error:
        return "denied" if error.response["Error"]["Code"] in DENIED else "allowed"
    return "allowed"


def try_all(aws, ids):
    """Tries everything as every role; answers how much was tried."""
    root, tried = aws.client("kms"), 0
    wrapped = root.encrypt(KeyId=ids["Key"], Plaintext=b"probe", EncryptionContext=CONTEXT)["CiphertextBlob"]
    sealed = root.encrypt(KeyId=ids["Key"], Plaintext=b"probe")["CiphertextBlob"]
    secrets = aws.client("secretsmanager")
    for name in ["somebody-elses", "sandolever/default"]:
        secrets.create_secret(Name=name, SecretString="{}")
    wrong = []
    for of, may in MAY.items():
        session = assumed(aws, ids[f"{of}Role"])
        client = lambda service, session=session: aws.client(service, session)
        attempts = dict([
            *queue_attempts(ids, client("sqs")),
            *table_attempts(ids, client("dynamodb")),
            *secret_attempts(client("secretsmanager")),
            *key_attempts(ids, client("kms"), wrapped, sealed),
            *other_attempts(ids, client),
        ])
        assert may <= set(attempts), may - set(attempts)
        for name, attempt in attempts.items():
            due = "allowed" if name in may else "denied"
            found = outcome(attempt)
            if found != due:
                wrong.append(f"{of}: {name} is {found}")
        tried += len(attempts)
    assert not wrong, "\n".join(wrong)
    return tried


def assumed(aws, role):
    """A session with the role's permissions. Only Lambda may assume it, so the test is let in first."""
    import boto3

    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    iam = aws.client("iam")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    session = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="probe")["Credentials"]
    return boto3.Session(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"],
                         region_name=aws.session.region_name)
