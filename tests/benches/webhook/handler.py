"""The same job in Python as one would write it: check the signature, send a message, answer."""

import hashlib
import hmac
import json
import os
import time

import boto3

SQS = boto3.client("sqs")
SECRETS = boto3.client("secretsmanager")
QUEUE = os.environ["SANDO_EVENTS_QUEUE_URL"]
KEPT_SECS = 300
TOKENS = {}


def tokens(registration):
    read_at, kept = TOKENS.get(registration, (0, []))
    if time.time() - read_at > KEPT_SECS:
        name = os.environ["SANDO_SECRETS_PREFIX"] + "lever/" + registration
        text = SECRETS.get_secret_value(SecretId=name)["SecretString"]
        kept = list(json.loads(text)["credentials"].values())
        TOKENS[registration] = (time.time(), kept)
    return kept


def handler(event, _context):
    call = json.loads(event["body"])
    registration = (event.get("pathParameters") or {}).get("registration", "default")
    signed = (call["token"] + str(call["triggeredAt"])).encode()
    expected = [hmac.new(token.encode(), signed, hashlib.sha256).hexdigest() for token in tokens(registration)]
    if not any(hmac.compare_digest(one, call["signature"]) for one in expected):
        return {"statusCode": 401}
    hint = {"event": call["event"], "opportunity": call["data"]["opportunityId"], "triggered_at": call["triggeredAt"]}
    SQS.send_message(QueueUrl=QUEUE, MessageBody=json.dumps(hint))
    return {"statusCode": 200, "body": ""}
