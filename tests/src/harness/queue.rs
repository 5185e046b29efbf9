//! The queue `work` of a test: messages with the time they are for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sando_core::ports::{Clock, WorkMessage, WorkQueue};

use super::TestClock;

/// Messages, each with the time it is for.
#[derive(Debug)]
pub struct TestQueue {
    clock: Arc<TestClock>,
    messages: Mutex<Vec<(Timestamp, WorkMessage)>>,
}

impl TestQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(clock: Arc<TestClock>) -> Self {
        Self {
            clock,
            messages: Mutex::new(Vec::new()),
        }
    }

    /// Takes a message whose time has come.
    pub fn take(&self) -> Option<WorkMessage> {
        let now = self.clock.now();
        let mut messages = self
            .messages
            .lock()
            .expect("no test panics with the queue in hand");
        let place = messages.iter().position(|(at, _)| *at <= now)?;
        Some(messages.remove(place).1)
    }

    /// Loses every message: nothing may depend on them.
    pub fn lose(&self) {
        self.messages
            .lock()
            .expect("no test panics with the queue in hand")
            .clear();
    }

    /// The time of the next message.
    pub fn next(&self) -> Option<Timestamp> {
        let messages = self
            .messages
            .lock()
            .expect("no test panics with the queue in hand");
        messages.iter().map(|(at, _)| *at).min()
    }
}

#[async_trait]
impl WorkQueue for TestQueue {
    async fn send(&self, message: WorkMessage, delay: Duration) {
        let delay = SignedDuration::try_from(delay).unwrap_or_default();
        let at = self
            .clock
            .now()
            .saturating_add(delay)
            .unwrap_or(Timestamp::MAX);
        self.messages
            .lock()
            .expect("no test panics with the queue in hand")
            .push((at, message));
    }
}
