//! Simulated time: it stands still while anything can run, and then jumps to whoever wakes next.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::ports::Clock;

/// The clock of a simulation.
#[derive(Debug)]
pub struct SimClock(Mutex<Time>);

#[derive(Debug)]
struct Time {
    now: Timestamp,
    timers: BTreeMap<(Timestamp, u64), Waker>,
    count: u64,
}

/// The moment that lies so long after another.
#[must_use]
pub fn after(at: Timestamp, time: Duration) -> Timestamp {
    at.saturating_add(time).unwrap_or(Timestamp::MAX)
}

impl SimClock {
    /// A clock that shows this.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let timers = BTreeMap::new();
        Self(Mutex::new(Time {
            now,
            timers,
            count: 0,
        }))
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it shows.
    #[must_use]
    pub fn shows(&self) -> Timestamp {
        self.time().now
    }

    /// Wakes somebody at a moment.
    pub fn wake_at(&self, at: Timestamp, waker: Waker) {
        let mut time = self.time();
        time.count = time.count.wrapping_add(1);
        let count = time.count;
        time.timers.insert((at, count), waker);
    }

    /// Parks until a moment.
    pub fn until(&self, at: Timestamp) -> impl Future<Output = ()> + Send + '_ {
        Until { clock: self, at }
    }

    /// Jumps to the next timer, if it lies before `end`.
    #[must_use]
    pub fn advance(&self, end: Timestamp) -> bool {
        let mut time = self.time();
        let Some(((at, _), _)) = time.timers.first_key_value() else {
            return false;
        };
        let at = *at;
        if at > end {
            return false;
        }
        time.now = time.now.max(at);
        while let Some(entry) = time.timers.first_entry() {
            if entry.key().0 > at {
                break;
            }
            entry.remove().wake();
        }
        true
    }
}

struct Until<'a> {
    clock: &'a SimClock,
    at: Timestamp,
}

impl Future for Until<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.shows() >= self.at {
            return Poll::Ready(());
        }
        self.clock.wake_at(self.at, context.waker().clone());
        Poll::Pending
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.shows()
    }

    async fn sleep(&self, time: Duration) {
        self.until(after(self.shows(), time)).await;
    }
}
