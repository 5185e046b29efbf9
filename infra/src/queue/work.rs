//! The queue `work` of one machine: messages in memory, each shown when its delay is over. Nothing depends on them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sando_core::ports::{WorkMessage, WorkQueue};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// More messages than this wait for the schedule instead.
const MAX_WAITING: usize = 100_000;

/// Shows each message once, after its delay. Messages are lost with the process; the schedule finds what they named.
#[derive(Default)]
pub struct LocalWork {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    waiting: BTreeMap<(Instant, u64), WorkMessage>,
    sent: u64,
    closed: bool,
}

impl fmt::Debug for LocalWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalWork({} waiting)", self.lock().waiting.len())
    }
}

impl LocalWork {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next message whose delay is over; waits for it. `None` once the queue is closed.
    /// Any number of workers may wait; a worker that stops waiting loses nothing.
    pub async fn next(&self) -> Option<WorkMessage> {
        loop {
            // Made before looking, so that no change between looking and waiting is missed.
            let changed = self.changed.notified();
            let wake_at = {
                let mut inner = self.lock();
                if inner.closed {
                    return None;
                }
                match inner.waiting.first_entry() {
                    Some(first) if first.key().0 <= Instant::now() => return Some(first.remove()),
                    Some(first) => Some(first.key().0),
                    None => None,
                }
            };
            match wake_at {
                None => changed.await,
                Some(at) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(at) => {}
                },
            }
        }
    }

    /// Ends every `next`, now and later. What waits is dropped.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.waiting.clear();
        drop(inner);
        self.changed.notify_waiters();
    }

    /// How many messages wait.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl WorkQueue for LocalWork {
    async fn send(&self, message: WorkMessage, delay: Duration) {
        {
            let mut inner = self.lock();
            if inner.closed || inner.waiting.len() >= MAX_WAITING {
                return;
            }
            let now = Instant::now();
            let at = now.checked_add(delay).unwrap_or(now);
            inner.sent = inner.sent.wrapping_add(1);
            let place = (at, inner.sent);
            inner.waiting.insert(place, message);
        }
        self.changed.notify_waiters();
    }
}
