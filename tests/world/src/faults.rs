//! Fault injection shared by all servers: scripted faults, a seeded random rate, and outages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::locked;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Answered with this status; nothing happened.
    Status(u16),
    /// Answered 429; nothing happened.
    #[serde(rename = "retry429")]
    Retry429 {
        /// The `Retry-After` header in seconds; `None` leaves it out, as Lever does.
        retry_after: Option<u64>,
    },
    /// Handled normally, after this long (milliseconds in JSON).
    #[serde(with = "millis")]
    Delay(Duration),
    /// Handled normally, but not before the faults are cleared.
    Held,
    /// The connection is closed without an answer; nothing happened.
    CutBefore,
    /// The request takes effect, then the connection is closed without an answer.
    CutAfter,
    /// The request takes effect, then this status is answered.
    ErrorAfter(u16),
}

/// A scripted fault: which requests it meets, and what happens to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// The method it is limited to, if any.
    #[serde(default)]
    pub method: Option<String>,
    /// A part of the path with its query; empty matches everything.
    #[serde(default)]
    pub path: String,
    /// How many matching requests pass before it begins.
    #[serde(default)]
    pub skip: u32,
    /// How many matching requests it then meets.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens.
    pub kind: FaultKind,
}

impl Fault {
    /// One request with this method whose path contains `path` meets `kind`.
    pub fn on(method: &str, path: &str, kind: FaultKind) -> Self {
        Self {
            method: Some(method.to_owned()),
            path: path.to_owned(),
            skip: 0,
            times: 1,
            kind,
        }
    }

    /// One request of any method whose path contains `path` meets `kind`.
    pub fn on_any(path: &str, kind: FaultKind) -> Self {
        Self {
            method: None,
            ..Self::on("", path, kind)
        }
    }

    /// The same fault for this many requests.
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// The same fault, after this many matching requests have passed.
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let method_fits = self
            .method
            .as_deref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        method_fits && path.contains(&self.path)
    }
}

/// Faults at random: each request meets one of `kinds` with probability `rate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomFaults {
    /// Makes the sequence repeatable.
    pub seed: u64,
    /// Between 0 and 1.
    pub rate: f64,
    /// One is chosen evenly.
    pub kinds: Vec<FaultKind>,
}

/// The faults of one server; clones share them.
#[derive(Clone, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
    cleared: Arc<Notify>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Fault>,
    random: Option<(RandomFaults, StdRng)>,
    outage: Option<FaultKind>,
    /// Requests may be held.
    holds: bool,
    injected: u64,
}

impl Faults {
    /// Adds a scripted fault; the first one that matches is used.
    pub fn push(&self, fault: Fault) {
        let mut state = locked(&self.state);
        state.holds |= fault.kind == FaultKind::Held;
        state.script.push_back(fault);
    }

    /// Replaces the random faults.
    pub fn random(&self, faults: RandomFaults) {
        let rng = StdRng::seed_from_u64(faults.seed);
        locked(&self.state).random = Some((faults, rng));
    }

    /// From now on every request meets `kind`, until [`Faults::clear`].
    pub fn outage(&self, kind: FaultKind) {
        locked(&self.state).outage = Some(kind);
    }

    /// Ends the outage, the script and the random faults, and lets go on what is held.
    pub fn clear(&self) {
        let mut state = locked(&self.state);
        state.script.clear();
        state.random = None;
        state.outage = None;
        state.holds = false;
        drop(state);
        self.cleared.notify_waiters();
    }

    /// Waits while requests are held.
    pub(crate) async fn let_go(&self) {
        loop {
            // Made before looking, so that nothing between looking and waiting is missed.
            let cleared = self.cleared.notified();
            if !locked(&self.state).holds {
                return;
            }
            cleared.await;
        }
    }

    /// How many requests met a fault so far.
    pub fn injected(&self) -> u64 {
        locked(&self.state).injected
    }

    /// How many scripted faults have not met their requests yet.
    pub fn pending(&self) -> usize {
        locked(&self.state).script.len()
    }

    /// What this request meets; uses the fault up.
    pub fn next(&self, method: &str, path: &str) -> Option<FaultKind> {
        let mut state = locked(&self.state);
        let kind = state
            .scripted(method, path)
            .or(state.outage)
            .or_else(|| state.by_chance());
        if kind.is_some() {
            state.injected += 1;
        }
        kind
    }
}

impl State {
    fn scripted(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        let mut found = None;
        for fault in &mut self.script {
            if !fault.matches(method, path) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.times > 0 {
                fault.times -= 1;
                found = Some(fault.kind);
                break;
            }
        }
        self.script.retain(|fault| fault.times > 0);
        found
    }

    fn by_chance(&mut self) -> Option<FaultKind> {
        let (faults, rng) = self.random.as_mut()?;
        if faults.kinds.is_empty() || !rng.random_bool(faults.rate.clamp(0.0, 1.0)) {
            return None;
        }
        let index = rng.random_range(0..faults.kinds.len());
        faults.kinds.get(index).copied()
    }
}

fn once() -> u32 {
    1
}

/// Durations as whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u128(value.as_millis())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Ok(Duration::from_millis(u64::deserialize(from)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scripted_fault_meets_only_the_requests_it_names() {
        let faults = Faults::default();
        faults.push(Fault::on("POST", "/notes", FaultKind::CutAfter).after(1));

        assert_eq!(faults.next("GET", "/v1/notes"), None);
        assert_eq!(faults.next("POST", "/v1/notes"), None);
        assert_eq!(faults.next("POST", "/v1/notes"), Some(FaultKind::CutAfter));
        assert_eq!(faults.next("POST", "/v1/notes"), None);
        assert_eq!(faults.injected(), 1);
    }

    #[test]
    fn random_faults_repeat_with_their_seed() {
        let draw = || {
            let faults = Faults::default();
            faults.random(RandomFaults {
                seed: 7,
                rate: 0.5,
                kinds: vec![FaultKind::CutBefore, FaultKind::Status(503)],
            });
            (0..50).map(|_| faults.next("GET", "/")).collect::<Vec<_>>()
        };

        assert_eq!(draw(), draw());
        assert!(draw().iter().any(Option::is_some));
    }

    #[test]
    fn faults_can_be_written_as_json() {
        let fault: Fault =
            serde_json::from_str(r#"{"path":"/Users","kind":{"delay":250}}"#).unwrap();

        assert_eq!(fault.times, 1);
        assert_eq!(fault.kind, FaultKind::Delay(Duration::from_millis(250)));
    }
}
