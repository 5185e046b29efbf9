//! Remote budgets: so many requests a second, together, however many processes there are.
//!
//! A budget is one item that says until when requests are spoken for. A process moves it on by as many as it has waiting,
//! at most one second's worth, in one conditional commit, and spends them locally ([`Budget`]); whoever reads a long list
//! takes longer stretches, and sends at even distances ([`Paced`]).

mod item;
mod paced;
mod rate;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sando_core::ids::Slug;
use sando_core::ports::Clock;
use sando_core::store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::http::Gate;
use item::Shared;

pub(crate) use item::{name_of, name_of_credential};
pub use paced::Paced;
pub use rate::{Rate, Reservation, reserve};

/// A token that was reserved and not spent is void after this.
const KEEPS: Duration = Duration::from_secs(1);
/// The pause when the store cannot be asked, and while more urgent requests wait.
const PAUSE: Duration = Duration::from_millis(200);

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
    shared: Shared,
    clock: Arc<dyn Clock>,
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
            shared: Shared::new(store, name),
            clock,
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
            Priority::Urgent => (self.rate, want.clamp(1, self.rate.burst.max(1))),
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
                tracing::warn!(budget = %self.shared.name, %error, "a budget cannot be reserved");
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
        let (tat, version) = self.shared.load().await?;
        let now = self.clock.now();
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
        // Nobody has used it for a while: some more at once, so that what comes next need not ask the store.
        let want = if tat <= now {
            want.max(rate.burst / 2)
        } else {
            want
        };
        let reserved = reserve(tat, now, rate, want);
        if reserved.granted == 0 || self.shared.move_to(reserved.tat, version).await? {
            return Ok(reserved);
        }
        Ok(Reservation {
            granted: 0,
            tat,
            wait: Duration::from_millis(rand::random_range(1..20)),
        })
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

/// Two budgets: a request has to pass both.
pub(crate) struct Both(pub(crate) Arc<dyn Gate>, pub(crate) Arc<dyn Gate>);

#[async_trait]
impl Gate for Both {
    async fn pass(&self) {
        self.0.pass().await;
        self.1.pass().await;
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
