//! Remote budgets: so many requests a second, together, however many processes there are.
//!
//! A budget is one item that holds a *theoretical arrival time* (GCRA). A process moves it on by as many requests as it
//! has waiting, at most one second's worth, in one conditional commit, and spends them locally.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sando_core::ids::Slug;
use sando_core::ports::Clock;
use sando_core::store::{Commit, Entity, Key, Put, Store, StoreError, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::http::Gate;

/// A token that was reserved and not spent is void after this.
const KEEPS: Duration = Duration::from_secs(1);
/// The pause when the store cannot be asked, and while more urgent requests wait.
const PAUSE: Duration = Duration::from_millis(200);

/// How many requests are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Steadily.
    pub per_second: u32,
    /// At once, after a pause.
    pub burst: u32,
}

impl Rate {
    /// For Lever, which allows 10 a second and 20 at once.
    pub const LEVER: Self = Self {
        per_second: 8,
        burst: 8,
    };

    fn interval(self) -> SignedDuration {
        SignedDuration::from_secs(1) / i32::try_from(self.per_second.max(1)).unwrap_or(i32::MAX)
    }

    fn tolerance(self) -> SignedDuration {
        self.interval()
            .saturating_mul(i32::try_from(self.burst.max(1)).unwrap_or(i32::MAX))
    }
}

/// What came of a reservation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// How many requests may be sent.
    pub granted: u32,
    /// The new theoretical arrival time.
    pub tat: Timestamp,
    /// If none was granted: when to ask again.
    pub wait: Duration,
}

/// Reserves up to `want` requests. Pure.
///
/// A `tat` further ahead than the burst allows can only come from a clock that is ahead, and counts as a full bucket.
#[must_use]
pub fn reserve(tat: Timestamp, now: Timestamp, rate: Rate, want: u32) -> Reservation {
    let later = |at: Timestamp, by| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let full = later(now, rate.tolerance());
    let tat = tat.clamp(now, full);
    let free = full.duration_since(tat);
    let interval = rate.interval();
    let available = free.as_nanos() / interval.as_nanos().max(1);
    let granted = u32::try_from(available).unwrap_or(u32::MAX).min(want);
    let taken = interval.saturating_mul(i32::try_from(granted).unwrap_or(i32::MAX));
    let wait = if granted == 0 && want > 0 {
        Duration::try_from(interval - free).unwrap_or_default()
    } else {
        Duration::ZERO
    };
    Reservation {
        granted,
        tat: later(tat, taken),
        wait,
    }
}

/// The item of a budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BudgetItem {
    name: Slug,
    tat: Timestamp,
}

impl Entity for BudgetItem {
    const KIND: &'static str = "budget";

    fn key(&self) -> Key {
        Key::Budget(self.name.clone())
    }
}

/// How urgent a request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Priority {
    /// Leavers, effects, and what they need to know.
    Urgent,
    /// Catching up: waits while anything urgent does, and leaves the burst to it.
    Background,
}

/// The budget of one credential.
pub struct Budget {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    name: Slug,
    rate: Rate,
    /// Reserved and not yet spent: until when each is valid. The lock is held while reserving.
    tokens: Mutex<VecDeque<Instant>>,
    waiting: AtomicUsize,
    urgent: AtomicUsize,
}

impl Budget {
    /// The budget of that name; all processes that use the name share it.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, name: Slug, rate: Rate) -> Self {
        Self {
            store,
            clock,
            name,
            rate,
            tokens: Mutex::default(),
            waiting: AtomicUsize::new(0),
            urgent: AtomicUsize::new(0),
        }
    }

    /// Waits until one request may be sent.
    pub async fn take(&self, priority: Priority) {
        let _waiting = Counted::enter(&self.waiting);
        let _urgent = (priority == Priority::Urgent).then(|| Counted::enter(&self.urgent));
        loop {
            let wait = match priority {
                Priority::Background if self.urgent.load(Ordering::Relaxed) > 0 => PAUSE,
                _ => match self.one(priority).await {
                    None => return,
                    Some(wait) => wait,
                },
            };
            self.clock.sleep(wait).await;
        }
    }

    /// Spends a token, reserving some first if there is none; or tells how long to wait.
    async fn one(&self, priority: Priority) -> Option<Duration> {
        let mut tokens = self.tokens.lock().await;
        let now = Instant::now();
        while let Some(valid_until) = tokens.pop_front() {
            if valid_until >= now {
                return None;
            }
        }
        let want = u32::try_from(self.waiting.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        let (rate, want) = match priority {
            Priority::Urgent => (self.rate, want.clamp(1, self.rate.per_second.max(1))),
            Priority::Background => (
                Rate {
                    burst: 1,
                    ..self.rate
                },
                1,
            ),
        };
        let reserved = match self.reserve(rate, want).await {
            Ok(reserved) => reserved,
            Err(error) => {
                tracing::warn!(budget = %self.name, %error, "a budget cannot be reserved");
                return Some(PAUSE);
            }
        };
        if reserved.granted == 0 {
            return Some(reserved.wait.max(Duration::from_millis(1)));
        }
        for _ in 1..reserved.granted {
            tokens.push_back(now + KEEPS);
        }
        None
    }

    async fn reserve(&self, rate: Rate, want: u32) -> Result<Reservation, StoreError> {
        let key = Key::Budget(self.name.clone());
        let loaded = self.store.find::<BudgetItem>(&key).await?;
        let now = self.clock.now();
        let (tat, version) = loaded.map_or((now, Version::ABSENT), |item| {
            (item.entity.tat, item.version)
        });
        // Background has a smaller burst, but must not shorten what others have reserved.
        let full = now.saturating_add(self.rate.tolerance()).unwrap_or(now);
        if rate.burst < self.rate.burst && tat.min(full).duration_since(now) > rate.tolerance() {
            let wait = tat.min(full).duration_since(now);
            return Ok(Reservation {
                granted: 0,
                tat,
                wait: Duration::try_from(wait).unwrap_or(PAUSE),
            });
        }
        let reserved = reserve(tat, now, rate, want);
        if reserved.granted == 0 {
            return Ok(reserved);
        }
        let item = BudgetItem {
            name: self.name.clone(),
            tat: reserved.tat,
        };
        let body = serde_json::to_string(&item)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let put = Put {
            key,
            kind: BudgetItem::KIND,
            schema: BudgetItem::SCHEMA,
            expect: version,
            body,
            due: None,
            listing: None,
            lookup: None,
            expires_at: None,
        };
        let commit = Commit {
            puts: vec![put],
            ..Commit::default()
        };
        match self.store.commit(&commit).await {
            Ok(()) => Ok(reserved),
            Err(StoreError::Conflict { .. } | StoreError::Contended) => Ok(Reservation {
                granted: 0,
                tat,
                wait: Duration::from_millis(rand::random_range(1..20)),
            }),
            Err(error) => Err(error),
        }
    }

    /// A gate for requests of this priority.
    #[must_use]
    pub fn gate(self: &Arc<Self>, priority: Priority) -> Arc<dyn Gate> {
        Arc::new(BudgetGate {
            budget: self.clone(),
            priority,
        })
    }
}

struct BudgetGate {
    budget: Arc<Budget>,
    priority: Priority,
}

#[async_trait]
impl Gate for BudgetGate {
    async fn pass(&self) {
        self.budget.take(self.priority).await;
    }
}

/// Counts while it lives, also if its future is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate::LEVER;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn after_a_pause_the_burst_is_there_and_then_the_steady_rate() {
        let first = reserve(at(-5_000), at(0), RATE, 100);
        assert_eq!(first.granted, 8);

        let second = reserve(first.tat, at(0), RATE, 1);
        assert_eq!((second.granted, second.wait.as_millis()), (0, 125));

        let third = reserve(first.tat, at(125), RATE, 5);
        assert_eq!(third.granted, 1);
    }

    #[test]
    fn a_clock_that_is_ahead_blocks_nobody_for_long() {
        let reserved = reserve(at(3_600_000), at(0), RATE, 1);

        assert_eq!((reserved.granted, reserved.wait.as_millis()), (0, 125));
    }

    proptest! {
        #[test]
        fn in_no_second_more_than_burst_and_rate_are_granted(
            asks in prop::collection::vec((0..400_i64, 0..20_u32), 1..100),
        ) {
            let mut tat = at(0);
            let mut now = 0;
            let mut granted: Vec<(i64, u32)> = Vec::new();
            for (pause, want) in asks {
                now += pause;
                let reserved = reserve(tat, at(now), RATE, want);
                prop_assert!(reserved.granted <= want);
                tat = reserved.tat;
                granted.push((now, reserved.granted));
            }
            for (start, _) in &granted {
                let within: u32 = granted
                    .iter()
                    .filter(|(when, _)| when >= start && *when < start + 1_000)
                    .map(|(_, count)| count)
                    .sum();
                prop_assert!(within <= RATE.burst + RATE.per_second);
            }
        }

        #[test]
        fn who_waits_as_told_is_granted(tat in -10_000..10_000_i64, want in 1..20_u32) {
            let refused = reserve(at(tat), at(0), RATE, want);
            if refused.granted == 0 {
                let then = at(0).saturating_add(SignedDuration::try_from(refused.wait).unwrap()).unwrap();
                prop_assert!(reserve(refused.tat, then, RATE, want).granted >= 1);
            }
        }
    }
}
