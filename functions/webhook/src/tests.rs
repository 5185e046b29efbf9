//! What each call is answered, and what becomes of it; signed as in Lever's reference.

use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::metric;
use sando_core::ports::{RemoteError, SecretValues, Sent};
use sando_core::webhook::MAX_BODY_BYTES;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Event, Metadata, Subscriber, span};

use super::*;

const KEY: &str = "ca554e43cf5e1986336385c3e29d08576c837f6c78cfce56";
/// Token and time are signed: another event in it, or other data, has the same signature.
const HIRED: &str = r#"{"event":"candidateHired","triggeredAt":1767607215123,"token":"3f8ffa74f6aefb602c7b7bdc93acf85519fd48e3dea10588","signature":"30f97cf378f784d4244e45413fe42783ee9af5d0f1893d40f742c185199aa2f7","data":{"opportunityId":"ab0469a5-c2ba-4ff7-b9d4-9080df2db07e"}}"#;
const PING: &str = r#"{"event":"candidateHired","triggeredAt":1767600000000,"token":"b45f9b3382d6fa0ec396aa50e8400706ce5c2990ae6701c0","signature":"242eca0a3c2d558bd4ef9649f463a92cffdb4abb0bc8130d320e700e5122d037","data":{}}"#;

/// The queue `events`, which may be away.
#[derive(Default)]
struct Queue {
    is_away: AtomicBool,
    taken: Mutex<Vec<EventMessage>>,
}

#[async_trait]
impl EventsQueue for Queue {
    async fn send(&self, message: &EventMessage) -> Result<(), RemoteError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(RemoteError::NoAnswer {
                remote: "events".to_owned(),
                why: "it is away".to_owned(),
                sent: Sent::Perhaps,
            });
        }
        self.taken.lock().unwrap().push(message.clone());
        Ok(())
    }
}

/// A keeper that knows the signing tokens of the registration `default`.
#[derive(Default)]
struct Keeper(Mutex<SecretValues>);

impl Keeper {
    fn now_has(&self, tokens: &[&str]) {
        let named = tokens.iter().enumerate();
        self.0.lock().unwrap().credentials = named
            .map(|(place, token)| (place.to_string(), (*token).to_owned()))
            .collect();
    }
}

#[async_trait]
impl Secrets for Keeper {
    async fn read(&self, owner: &str, _: bool) -> Result<Option<SecretValues>, RemoteError> {
        let values = self.0.lock().unwrap().clone();
        Ok((owner == "lever/default").then_some(values))
    }

    async fn write(&self, _: &str, _: &SecretValues) -> Result<(), RemoteError> {
        Ok(())
    }

    async fn remove(&self, _: &str) -> Result<(), RemoteError> {
        Ok(())
    }
}

/// A clock that the test moves; it begins 85 s after [`HIRED`].
struct Stopped(Mutex<Timestamp>);

impl Stopped {
    fn pass(&self, time: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }
}

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// Keeps the names of the numbers that are told, each of which has to be a 1.
#[derive(Clone, Default)]
struct Numbers(Arc<Mutex<Vec<String>>>);

impl Subscriber for Numbers {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == metric::TARGET
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl Visit for Numbers {
    fn record_i64(&mut self, _: &Field, value: i64) {
        assert_eq!(value, 1);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "metric.name" {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// The function between a keeper and a queue.
struct World {
    webhook: Webhook,
    queue: Arc<Queue>,
    keeper: Arc<Keeper>,
    clock: Arc<Stopped>,
    numbers: Numbers,
    _listening: DefaultGuard,
}

impl World {
    fn new() -> Self {
        let (queue, keeper) = (Arc::new(Queue::default()), Arc::new(Keeper::default()));
        keeper.now_has(&["an older token", KEY]);
        let began = Timestamp::from_millisecond(1_767_607_300_000).unwrap();
        let clock = Arc::new(Stopped(Mutex::new(began)));
        let webhook = Webhook::new(&[], keeper.clone(), queue.clone(), clock.clone(), MAX_AGE);
        let numbers = Numbers::default();
        Self {
            webhook,
            queue,
            keeper,
            clock,
            _listening: set_default(numbers.clone()),
            numbers,
        }
    }

    async fn takes(&self, body: &str) {
        let answer = self.webhook.receive("default", body.as_bytes()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{body}");
        assert_eq!(answer.body(), "");
    }

    async fn refuses(&self, registration: &str, body: &str, status: StatusCode, code: &str) {
        let answer = self.webhook.receive(registration, body.as_bytes()).await;

        assert_eq!(answer.status(), status, "{body:.300}");
        let kind = answer.headers().get(header::CONTENT_TYPE).unwrap();
        assert_eq!(kind, "application/problem+json");
        let said: Value = serde_json::from_str(answer.body()).unwrap();
        let title = status.canonical_reason().unwrap();
        assert_eq!(
            said,
            json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "code": code }),
            "without any detail"
        );
    }

    /// How often this was counted.
    fn counted(&self, name: &str) -> usize {
        let told = self.numbers.0.lock().unwrap();
        told.iter().filter(|told| *told == name).count()
    }

    /// How many messages are on the queue.
    fn queued(&self) -> usize {
        self.queue.taken.lock().unwrap().len()
    }
}

#[tokio::test]
async fn a_verified_call_is_on_the_queue_as_a_hint_where_to_look() {
    let world = World::new();

    world.takes(HIRED).await;

    let taken = world.queue.taken.lock().unwrap();
    let [EventMessage::Look(hint)] = taken.as_slice() else {
        panic!("{taken:?}")
    };
    assert_eq!(hint.event, "candidateHired");
    assert_eq!(
        hint.opportunity.as_str(),
        "ab0469a5-c2ba-4ff7-b9d4-9080df2db07e"
    );
}

#[tokio::test]
async fn while_the_queue_is_away_lever_is_told_to_come_again() {
    let world = World::new();
    world.queue.is_away.store(true, Ordering::Relaxed);

    let away = StatusCode::SERVICE_UNAVAILABLE;
    world.refuses("default", HIRED, away, "unavailable").await;
    world.queue.is_away.store(false, Ordering::Relaxed);
    world.takes(HIRED).await;

    assert_eq!(world.queued(), 1);
}

#[tokio::test]
async fn a_ping_is_on_the_queue_as_what_it_is_and_looks_nowhere() {
    let world = World::new();

    world.takes(PING).await;

    assert_eq!(world.counted("WebhooksIgnored"), 0);
    let taken = world.queue.taken.lock().unwrap();
    let [EventMessage::Ping { ping }] = taken.as_slice() else {
        panic!("{taken:?}")
    };
    assert_eq!(ping.registration.as_str(), "default");
    assert_eq!(ping.received_at, world.clock.now());
}

#[tokio::test]
async fn a_ping_that_is_not_authentic_leaves_nothing() {
    let world = World::new();
    let unauthorized = StatusCode::UNAUTHORIZED;

    let forged = PING.replace("242e", "242f");
    for (registration, body) in [("default", forged.as_str()), ("another", PING)] {
        world
            .refuses(registration, body, unauthorized, "unauthorized")
            .await;
    }

    assert_eq!(world.queued(), 0);
    assert_eq!(world.counted("WebhooksRefused"), 2);
}

#[tokio::test]
async fn events_that_nothing_depends_on_are_answered_and_counted() {
    let world = World::new();

    for event in ["interviewCreated", "interviewUpdated", "contactUpdated"] {
        world.takes(&HIRED.replace("candidateHired", event)).await;
    }

    assert_eq!(world.queued(), 0);
    assert_eq!(world.counted("WebhooksIgnored"), 3);
    assert_eq!(world.counted("WebhooksRefused"), 0);
}

#[tokio::test]
async fn what_is_no_webhook_is_refused_without_detail() {
    let world = World::new();
    let (bad, large) = (StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE);

    for body in ["", "no JSON", "[]", r#"{"event":"candidateHired"}"#] {
        world.refuses("default", body, bad, "bad_request").await;
    }
    let misses = HIRED.replace("opportunityId", "somethingElse");
    world.refuses("default", &misses, bad, "bad_request").await;
    // One byte more than is read, though it is signed and would be taken without it.
    let padded = format!("{HIRED}{}", " ".repeat(MAX_BODY_BYTES + 1 - HIRED.len()));
    world.refuses("default", &padded, large, "too_large").await;
    world.takes(&padded[..MAX_BODY_BYTES]).await;

    assert_eq!(world.queued(), 1, "the last one only");
    assert_eq!(world.counted("WebhooksRefused"), 6);
}

#[tokio::test]
async fn what_is_not_authentic_is_refused_without_detail() {
    let world = World::new();
    let unauthorized = StatusCode::UNAUTHORIZED;

    let forged = HIRED.replace("30f9", "30f8");
    for (registration, body) in [
        ("default", forged.as_str()),
        ("another", HIRED),
        ("No Registration", HIRED),
    ] {
        world
            .refuses(registration, body, unauthorized, "unauthorized")
            .await;
    }
    world.clock.pass(MAX_AGE);
    world
        .refuses("default", HIRED, unauthorized, "unauthorized")
        .await;

    assert_eq!(world.queued(), 0);
    assert_eq!(world.counted("WebhooksRefused"), 4);
}

#[tokio::test]
async fn a_token_that_was_rotated_in_is_asked_for_but_not_by_every_forged_call() {
    let world = World::new();
    let unauthorized = StatusCode::UNAUTHORIZED;
    world.keeper.now_has(&["an older token"]);
    world
        .refuses("default", HIRED, unauthorized, "unauthorized")
        .await;

    world.keeper.now_has(&["an older token", KEY]);
    world
        .refuses("default", HIRED, unauthorized, "unauthorized")
        .await;
    world.clock.pass(SignedDuration::from_secs(30));
    world.takes(HIRED).await;

    assert_eq!(world.queued(), 1);
}
