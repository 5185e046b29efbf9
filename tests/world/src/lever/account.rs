//! One simulated Lever account: its tables, clock and courier, shared by API and control.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::changes::{Event, Unknown};
use super::courier::Courier;
use super::delivery::SignedDelivery;
use super::options::{ApiKey, LeverOptions};
use super::rate::Buckets;
use super::registration::Registration;
use super::state::State;
use crate::chance::Chance;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::locked;

/// Everything behind a [`super::LeverSim`].
pub(super) struct Account {
    pub(super) options: LeverOptions,
    pub(super) state: Mutex<State>,
    pub(super) clock: SimClock,
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    pub(super) courier: Arc<Courier>,
    keys: Mutex<Vec<ApiKey>>,
    refused: AtomicU64,
    buckets: Buckets,
}

impl Account {
    /// An account as these options describe it.
    ///
    /// # Errors
    /// If the client that sends webhooks cannot be made.
    pub(super) fn new(options: LeverOptions) -> std::io::Result<Self> {
        let chance = Chance::seeded(options.seed);
        let clock = SimClock::default();
        let courier = Courier::new(chance.clone(), clock.clone(), options.webhooks.clone())?;
        let mut state = State::new(&chance, clock.now_ms());
        state.read_lag = options.read_lag;
        Ok(Self {
            state: Mutex::new(state),
            clock,
            chance,
            faults: Faults::default(),
            courier: Arc::new(courier),
            keys: Mutex::new(options.keys.clone()),
            refused: AtomicU64::new(0),
            buckets: Buckets::default(),
            options,
        })
    }

    /// From now on these keys are accepted and no others.
    pub(super) fn accept(&self, keys: Vec<ApiKey>) {
        *locked(&self.keys) = keys;
    }

    /// A call came without an accepted key.
    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How many calls came without an accepted key.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The key of these Basic credentials: the key as user name, an empty password.
    pub(super) fn key(&self, authorization: &str) -> Option<ApiKey> {
        use base64::Engine;
        let (scheme, encoded) = authorization.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = base64::engine::general_purpose::STANDARD
            .decode(encoded.trim())
            .ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let name = text.strip_suffix(':')?;
        let keys = locked(&self.keys);
        keys.iter().find(|known| known.key == name).cloned()
    }

    /// Whether this key's bucket still held a token.
    pub(super) fn admits(&self, key: &ApiKey) -> bool {
        self.options
            .rate_limit
            .is_none_or(|limit| self.buckets.take(&key.key, limit, Instant::now()))
    }

    /// Makes a change and sends the webhooks it raises.
    pub(super) fn change(
        &self,
        make: impl FnOnce(&mut State, i64) -> Result<Vec<Event>, Unknown>,
    ) -> Result<(), Unknown> {
        let deliveries = {
            let mut state = locked(&self.state);
            let events = make(&mut state, self.clock.now_ms())?;
            self.deliveries(&state, &events)
        };
        self.courier.send(deliveries);
        Ok(())
    }

    /// A signed delivery to this registration, with the id the switches ask for.
    pub(super) fn sign_for(
        &self,
        registration: &Registration,
        event: &str,
        triggered_at: i64,
        data: serde_json::Value,
    ) -> SignedDelivery {
        let delivery = SignedDelivery::new(&self.chance, registration, event, triggered_at, data);
        if self.courier.switches().with_id {
            return delivery.with_id(&self.chance.uuid());
        }
        delivery
    }

    /// The signed deliveries of these events, one list for each.
    pub(super) fn deliveries(&self, state: &State, events: &[Event]) -> Vec<Vec<SignedDelivery>> {
        let of_event = |event: &Event| {
            let listeners = state.listeners(event.name, event.origin.as_deref());
            let sign = |listener: &Registration| {
                self.sign_for(listener, event.name, event.triggered_at, event.data.clone())
            };
            listeners.iter().map(sign).collect()
        };
        events.iter().map(of_event).collect()
    }
}
