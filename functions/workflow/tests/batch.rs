//! Batches of messages, good and bad together.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use jiff::Timestamp;
use sando_core::event::{Hint, StoredDelivery, ToldArchive};
use sando_core::handshake::Handshake;
use sando_core::ids::{LeverId, Slug};
use sando_core::ports::Ports;
use sando_core::store::{Entity, Key, PageRequest, Query, Store, Version};
use sando_infra::aws::{Config, connect};
use sando_infra::memory::MemoryStore;
use sando_workflow::Workflow;

const EVENTS: &str = "arn:aws:sqs:eu-central-1:123456789012:sando-events";
const WORK: &str = "arn:aws:sqs:eu-central-1:123456789012:sando-work";

/// A function whose AWS is away: nothing listens there. Only the store is in memory.
fn workflow(store: Arc<dyn Store>) -> Workflow {
    let vars = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("SANDO_STACK", "sando"),
        ("SANDO_STATE_TABLE", "state"),
        ("SANDO_AUDIT_TABLE", "audit"),
        (
            "SANDO_EVENTS_QUEUE_URL",
            "http://127.0.0.1:1/123456789012/sando-events",
        ),
        (
            "SANDO_WORK_QUEUE_URL",
            "http://127.0.0.1:1/123456789012/sando-work",
        ),
        (
            "SANDO_SYNCS_QUEUE_URL",
            "http://127.0.0.1:1/123456789012/sando-syncs",
        ),
        (
            "SANDO_ALARM_TOPIC_ARN",
            "arn:aws:sns:eu-central-1:123456789012:alarms",
        ),
        ("SANDO_SECRETS_PREFIX", "sando/"),
        ("SANDO_KMS_KEY", "a-key"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let config = Config::from_vars(vars.map(owned)).unwrap();
    let ports = Ports {
        store,
        ..connect(&config).unwrap().ports
    };
    Workflow::new(ports, &config.events_queue_url, &config.work_queue_url)
}

fn message(id: &str, queue: &str, body: &str) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(id.to_owned());
    message.event_source_arn = Some(queue.to_owned());
    message.body = Some(body.to_owned());
    message
}

async fn failed(workflow: &Workflow, messages: Vec<SqsMessage>) -> Vec<String> {
    let mut batch = SqsEvent::default();
    batch.records = messages;
    let answer = workflow.batch(batch).await;
    let failures = answer.batch_item_failures.into_iter();
    let mut ids: Vec<String> = failures.map(|failure| failure.item_identifier).collect();
    ids.sort();
    ids
}

fn hint() -> Hint {
    Hint {
        registration: Slug::parse("default").unwrap(),
        token_hash: "a-token".to_owned(),
        event: "candidateHired".to_owned(),
        triggered_at: Timestamp::UNIX_EPOCH,
        received_at: Timestamp::UNIX_EPOCH,
        opportunity: LeverId::parse("11111111-1111-1111-1111-111111111111").unwrap(),
        content_hash: "content".to_owned(),
        archive: ToldArchive::Nothing,
    }
}

#[tokio::test]
async fn a_poison_message_fails_alone() {
    let store = Arc::new(MemoryStore::new());
    let workflow = workflow(store.clone());
    let good = serde_json::to_string(&hint()).unwrap();

    let failed = failed(
        &workflow,
        vec![
            message("poison", EVENTS, "no hint at all"),
            message("good", EVENTS, &good),
            message("poison-work", WORK, "{}"),
            message(
                "elsewhere",
                "arn:aws:sqs:eu-central-1:123456789012:other",
                &good,
            ),
        ],
    )
    .await;

    assert_eq!(failed, ["elsewhere", "poison", "poison-work"]);
    let key = StoredDelivery::new(hint(), Timestamp::UNIX_EPOCH).key();
    assert!(
        store.get(&key).await.unwrap().is_some(),
        "the good one is stored"
    );
}

#[tokio::test]
async fn the_same_message_twice_is_no_failure() {
    let workflow = workflow(Arc::new(MemoryStore::new()));
    let good = serde_json::to_string(&hint()).unwrap();

    let messages = vec![message("one", EVENTS, &good), message("two", EVENTS, &good)];

    assert_eq!(failed(&workflow, messages).await, Vec::<String>::new());
}

/// As the function `webhook` sends it.
fn ping(at: &str) -> String {
    format!(r#"{{"ping":{{"registration":"hires","received_at":"{at}"}}}}"#)
}

#[tokio::test]
async fn a_test_event_is_kept_in_one_item_and_leads_to_nothing() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let workflow = workflow(store.clone());

    for (id, at) in [
        ("first", "2027-01-04T09:00:00Z"),
        ("later", "2027-01-04T09:01:00Z"),
        ("told again", "2027-01-04T09:01:00Z"),
    ] {
        let failed = failed(&workflow, vec![message(id, EVENTS, &ping(at))]).await;
        assert_eq!(failed, Vec::<String>::new(), "{id}");
    }

    let known = store.find::<Handshake>(&Key::Handshake).await.unwrap();
    let known = known.unwrap();
    assert_eq!(known.version, Version(2), "what is no news is not written");
    let heard = known.entity.ping.unwrap();
    assert_eq!(heard.registration.as_str(), "hires");
    assert_eq!(heard.received_at.to_string(), "2027-01-04T09:01:00Z");
    let page = PageRequest {
        limit: 1,
        cursor: None,
    };
    let (kind, states) = (StoredDelivery::KIND, vec!["received"]);
    let deliveries = store.list(&Query::States { kind, states }, &page).await;
    assert!(deliveries.unwrap().items.is_empty(), "it is no delivery");
}
