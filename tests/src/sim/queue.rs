//! The two queues: at least once, in any order, after any delay; messages of `work` may also be lost.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::event::Hint;
use sando_core::ports::{WorkMessage, WorkQueue};
use sando_infra::memory::yield_once;

use super::chance::Chance;
use super::clock::{SimClock, after};
use super::faults::Faults;

/// How long whoever took a message has it before it shows again.
const VISIBILITY: Duration = Duration::from_secs(120);

/// What a worker is handed.
#[derive(Clone, Debug)]
pub enum Message {
    /// Of the queue `events`.
    Event(Box<Hint>),
    /// Of the queue `work`.
    Work(WorkMessage),
}

struct Waiting {
    id: u64,
    visible_at: Timestamp,
    message: Message,
}

#[derive(Default)]
struct Inner {
    waiting: Vec<Waiting>,
    wakers: Vec<Waker>,
    count: u64,
}

/// Both queues.
pub struct Queues {
    inner: Mutex<Inner>,
    clock: Arc<SimClock>,
    chance: Arc<Chance>,
    faults: Arc<Faults>,
}

impl Queues {
    /// Empty queues.
    #[must_use]
    pub fn new(clock: Arc<SimClock>, chance: Arc<Chance>, faults: Arc<Faults>) -> Self {
        let inner = Mutex::default();
        Self {
            inner,
            clock,
            chance,
            faults,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a message in; it shows after `delay`.
    pub fn put(&self, message: Message, delay: Duration) {
        let visible_at = after(self.clock.shows(), delay);
        let mut inner = self.inner();
        inner.count = inner.count.wrapping_add(1);
        let id = inner.count;
        inner.waiting.push(Waiting {
            id,
            visible_at,
            message,
        });
        inner.wakers.drain(..).for_each(Waker::wake);
    }

    /// The next message; it shows again later unless it is deleted.
    pub async fn take(&self) -> (u64, Message) {
        poll_fn(|context| {
            let now = self.clock.shows();
            let mut inner = self.inner();
            let visible: Vec<usize> = (0..inner.waiting.len())
                .filter(|place| {
                    inner
                        .waiting
                        .get(*place)
                        .is_some_and(|waiting| waiting.visible_at <= now)
                })
                .collect();
            if visible.is_empty() {
                if let Some(next) = inner.waiting.iter().map(|waiting| waiting.visible_at).min() {
                    self.clock.wake_at(next, context.waker().clone());
                }
                inner.wakers.push(context.waker().clone());
                return Poll::Pending;
            }
            let chosen = *self.chance.one_of(&visible);
            let Some(waiting) = inner.waiting.get_mut(chosen) else {
                return Poll::Pending;
            };
            waiting.visible_at = after(now, VISIBILITY);
            Poll::Ready((waiting.id, waiting.message.clone()))
        })
        .await
    }

    /// A message was handled.
    pub fn delete(&self, id: u64) {
        self.inner().waiting.retain(|waiting| waiting.id != id);
    }
}

#[async_trait]
impl WorkQueue for Queues {
    async fn send(&self, message: WorkMessage, delay: Duration) {
        yield_once().await;
        if self.faults.happens(self.faults.levels.lost_message) {
            return;
        }
        let late = if self.faults.happens(self.faults.levels.late_message) {
            self.chance.up_to(Duration::from_secs(400))
        } else {
            Duration::ZERO
        };
        if self.faults.happens(self.faults.levels.doubled_message) {
            let again = self.chance.up_to(Duration::from_secs(200));
            self.put(Message::Work(message.clone()), delay + again);
        }
        self.put(Message::Work(message), delay + late);
        yield_once().await;
    }
}
