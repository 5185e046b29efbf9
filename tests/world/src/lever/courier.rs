//! Sends webhooks: retries, redelivery, faults on the way, and the history of it all.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::redirect::Policy;
use reqwest::{Client, header};
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::delivery::SignedDelivery;
use super::options::WebhookSwitches;
use crate::chance::Chance;
use crate::clock::SimClock;
use crate::locked;

/// How many attempts the history keeps.
const HISTORY: usize = 1_000;

/// One attempt to deliver a webhook, as the history page shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// The same for every attempt of one delivery; [`super::LeverSim::rerun`] takes it.
    pub delivery: u64,
    /// The registration it belongs to.
    pub registration: String,
    /// The event's name.
    pub event: String,
    /// 1 for the first attempt.
    pub number: u32,
    /// When it was made.
    pub at: i64,
    /// The body sent.
    pub request_body: String,
    /// The status answered; `None` if there was no answer.
    pub status: Option<u16>,
    /// The body answered.
    pub response_body: String,
}

impl Attempt {
    /// Whether the receiver accepted it.
    pub fn succeeded(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}

/// Everything that sending needs; shared by the tasks that send.
pub(super) struct Courier {
    client: Client,
    chance: Chance,
    clock: SimClock,
    switches: Mutex<WebhookSwitches>,
    history: Mutex<VecDeque<Attempt>>,
    sent: Mutex<VecDeque<(u64, SignedDelivery)>>,
    numbers: AtomicU64,
    under_way: AtomicU64,
    tasks: Mutex<JoinSet<()>>,
    handle: Handle,
}

impl Courier {
    /// A courier that works on the current runtime.
    pub(super) fn new(
        chance: Chance,
        clock: SimClock,
        switches: WebhookSwitches,
    ) -> std::io::Result<Self> {
        Ok(Self {
            client: client()?,
            chance,
            clock,
            switches: Mutex::new(switches),
            history: Mutex::default(),
            sent: Mutex::default(),
            numbers: AtomicU64::new(1),
            under_way: AtomicU64::new(0),
            tasks: Mutex::default(),
            handle: Handle::current(),
        })
    }

    /// How webhooks are delivered now.
    pub(super) fn switches(&self) -> WebhookSwitches {
        locked(&self.switches).clone()
    }

    /// Changes how webhooks are delivered from now on.
    pub(super) fn switch(&self, switches: WebhookSwitches) {
        *locked(&self.switches) = switches;
    }

    /// The attempts so far, oldest first.
    pub(super) fn history(&self) -> Vec<Attempt> {
        locked(&self.history).iter().cloned().collect()
    }

    /// Whether every delivery has been accepted or given up.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::SeqCst) == 0
    }

    /// Sends the deliveries of one change, one list for each event, in order.
    pub(super) fn send(self: &Arc<Self>, events: Vec<Vec<SignedDelivery>>) {
        if events.iter().all(Vec::is_empty) {
            return;
        }
        let courier = Arc::clone(self);
        self.spawn(async move { courier.send_in_order(events).await });
    }

    /// Sends a delivery of the history again; false if it is not known.
    pub(super) fn rerun(self: &Arc<Self>, number: u64) -> bool {
        let found = locked(&self.sent)
            .iter()
            .find(|(known, _)| *known == number)
            .map(|(_, delivery)| delivery.clone());
        let Some(delivery) = found else {
            return false;
        };
        let delivery = self.repeated(delivery);
        let courier = Arc::clone(self);
        self.spawn(async move { courier.deliver(delivery).await });
        true
    }

    /// Posts once and tells how it went.
    pub(super) async fn post_once(&self, delivery: &SignedDelivery) -> Attempt {
        let number = self.remember(delivery);
        self.attempt(number, 1, delivery).await
    }

    /// Ends everything under way.
    pub(super) fn stop(&self) {
        locked(&self.tasks).abort_all();
    }

    /// Counted as under way from now until it ends.
    fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let counted = UnderWay::begin(Arc::clone(self));
        let work = async move {
            work.await;
            drop(counted);
        };
        let mut tasks = locked(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(work, &self.handle);
    }

    /// The first attempts of all deliveries one after the other, so that the order is the one asked for.
    async fn send_in_order(self: Arc<Self>, events: Vec<Vec<SignedDelivery>>) {
        let switches = self.switches();
        tokio::time::sleep(switches.delay).await;
        for (place, deliveries) in events.into_iter().enumerate() {
            if place > 0 {
                tokio::time::sleep(switches.spacing).await;
            }
            for delivery in deliveries {
                self.send_one(&switches, delivery).await;
            }
        }
    }

    async fn send_one(self: &Arc<Self>, switches: &WebhookSwitches, delivery: SignedDelivery) {
        if self.chance.happens(switches.drop) {
            return;
        }
        if self.chance.happens(switches.duplicate) {
            let (courier, twin) = (Arc::clone(self), delivery.clone());
            self.spawn(async move { courier.deliver(twin).await });
        }
        let courier = Arc::clone(self);
        if self.chance.happens(switches.reorder) {
            let held_back = switches.held_back;
            self.spawn(async move {
                tokio::time::sleep(held_back).await;
                courier.deliver(delivery).await;
            });
            return;
        }
        let number = self.remember(&delivery);
        if !self.attempt(number, 1, &delivery).await.succeeded() {
            self.spawn(async move { courier.retry(number, delivery).await });
        }
    }

    async fn deliver(&self, delivery: SignedDelivery) {
        let number = self.remember(&delivery);
        if !self.attempt(number, 1, &delivery).await.succeeded() {
            self.retry(number, delivery).await;
        }
    }

    async fn retry(&self, number: u64, mut delivery: SignedDelivery) {
        let switches = self.switches();
        let mut wait = switches.retry_base;
        for attempt in 0..switches.retries {
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2);
            delivery = self.repeated(delivery);
            if self
                .attempt(number, attempt + 2, &delivery)
                .await
                .succeeded()
            {
                return;
            }
        }
    }

    /// The delivery as it is sent another time.
    fn repeated(&self, delivery: SignedDelivery) -> SignedDelivery {
        let switches = self.switches();
        if switches.retry_reuses_token {
            return delivery;
        }
        let delivery = delivery.renewed(&self.chance);
        if switches.retry_moves_time {
            return delivery.at(self.clock.now_ms());
        }
        delivery
    }

    fn remember(&self, delivery: &SignedDelivery) -> u64 {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let mut sent = locked(&self.sent);
        if sent.len() >= HISTORY {
            sent.pop_front();
        }
        sent.push_back((number, delivery.clone()));
        number
    }

    async fn attempt(
        &self,
        delivery_number: u64,
        number: u32,
        delivery: &SignedDelivery,
    ) -> Attempt {
        let body = delivery.body();
        let answer = self
            .client
            .post(&delivery.url)
            .header(header::USER_AGENT, "Lever-Webhooks")
            .header(header::CONTENT_TYPE, "application/json")
            .timeout(self.switches().timeout)
            .body(body.clone())
            .send()
            .await;
        let (status, response_body) = match answer {
            Ok(response) => {
                let status = response.status().as_u16();
                (Some(status), response.text().await.unwrap_or_default())
            }
            Err(error) => (None, error.to_string()),
        };
        let attempt = Attempt {
            delivery: delivery_number,
            registration: delivery.registration.clone(),
            event: delivery.event.clone(),
            number,
            at: self.clock.now_ms(),
            request_body: body,
            status,
            response_body,
        };
        let mut history = locked(&self.history);
        if history.len() >= HISTORY {
            history.pop_front();
        }
        history.push_back(attempt.clone());
        attempt
    }
}

/// Counts one piece of work for as long as it lives.
struct UnderWay(Arc<Courier>);

impl UnderWay {
    fn begin(courier: Arc<Courier>) -> Self {
        courier.under_way.fetch_add(1, Ordering::SeqCst);
        Self(courier)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this client plays Lever's own sender, which nobody guards"
)]
fn client() -> std::io::Result<Client> {
    let builder = || Client::builder().redirect(Policy::none()).no_proxy();
    // A machine without any root certificates can still be sent to over loopback.
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build())
        .map_err(std::io::Error::other)
}
