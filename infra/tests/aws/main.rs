//! The adapters for AWS against services that can be away, busy, or changed. Their work together is tested on emulated
//! AWS, by `tests/aws`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod anchors;
mod secrets;

use sando_infra::aws::Config;

/// A configuration whose AWS is at this place.
fn config(endpoint: &str) -> Config {
    let vars = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("SANDO_STACK", "sando"),
        ("SANDO_STATE_TABLE", "state"),
        ("SANDO_AUDIT_TABLE", "audit"),
        ("SANDO_EVENTS_QUEUE_URL", "https://sqs.example/1/events"),
        ("SANDO_WORK_QUEUE_URL", "https://sqs.example/1/work"),
        ("SANDO_SYNCS_QUEUE_URL", "https://sqs.example/1/syncs"),
        ("SANDO_ALARM_TOPIC_ARN", "arn:aws:sns:eu-central-1:1:alarms"),
        ("SANDO_SECRETS_PREFIX", "sando/"),
        ("SANDO_KMS_KEY", "a-key"),
        ("SANDO_ANCHOR_BUCKET", "anchors"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Config::from_vars(vars.map(owned)).unwrap()
}
