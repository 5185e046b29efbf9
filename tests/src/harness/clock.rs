//! A clock that the test moves.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sando_core::ports::Clock;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves on to a later time.
    pub fn move_to(&self, later: Timestamp) {
        let mut now = self
            .0
            .lock()
            .expect("no test panics with the clock in hand");
        *now = later.max(*now);
    }

    /// Moves on by so much.
    pub fn pass(&self, time: SignedDuration) {
        let later = self.now().saturating_add(time).unwrap_or(Timestamp::MAX);
        self.move_to(later);
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self
            .0
            .lock()
            .expect("no test panics with the clock in hand")
    }

    async fn sleep(&self, time: Duration) {
        self.pass(SignedDuration::try_from(time).unwrap_or_default());
        tokio::task::yield_now().await;
    }
}
