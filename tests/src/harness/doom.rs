//! Kills a process at a chosen moment, or lets it fall asleep: before or after one of its effects or commits.
//!
//! Every port through which something is changed is wrapped. When the moment has come, the call never returns and
//! whoever runs the process is told to drop it, as a killed process is: nothing of it goes on. A process that falls
//! asleep goes on where it was as soon as it is woken, as one does whose machine was suspended.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::app::Application;
use sando_core::audit::{Record, StreamId};
use sando_core::catch_up::{Moved, Part};
use sando_core::effect::{Action, Outcome};
use sando_core::ids::{EffectKey, LeverId};
use sando_core::lever::Needs;
use sando_core::ports::{
    Applications, Calls, FoundUser, Lever, Notification, Notifier, Provisioner, Reading,
    RemoteError, Subject,
};
use sando_core::store::{
    Commit, DueEntry, Group, Key, Page, PageRequest, Query, Store, StoreError, Stored, Version,
};
use sando_core::workflow::HttpStep;
use serde_json::Value;
use tokio::sync::Notify;

/// When a process dies or falls asleep: at the n-th moment before or after an effect or commit.
#[derive(Debug)]
pub struct Doom {
    left: AtomicI64,
    passed: AtomicU64,
    kind: Kind,
    dead: Notify,
    asleep: Notify,
    awake: Notify,
}

/// What happens when the moment has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The process is gone.
    Death,
    /// The process stands still; only moments of the store count, so that no request is on its way meanwhile.
    Sleep,
}

impl Doom {
    /// Dies at this moment, counted from 0.
    #[must_use]
    pub fn at(moment: u64) -> Arc<Self> {
        Self::of(moment, Kind::Death)
    }

    /// Falls asleep at this moment before or after a write of the store, counted from 0.
    #[must_use]
    pub fn sleeping_at(moment: u64) -> Arc<Self> {
        Self::of(moment, Kind::Sleep)
    }

    fn of(moment: u64, kind: Kind) -> Arc<Self> {
        let left = AtomicI64::new(i64::try_from(moment).unwrap_or(i64::MAX));
        Arc::new(Self {
            left,
            passed: AtomicU64::new(0),
            kind,
            dead: Notify::new(),
            asleep: Notify::new(),
            awake: Notify::new(),
        })
    }

    /// Never dies.
    #[must_use]
    pub fn never() -> Arc<Self> {
        Self::at(u64::MAX)
    }

    /// How many moments there were.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    /// Waits until the process is to be dropped.
    pub async fn comes(&self) {
        self.dead.notified().await;
    }

    /// Waits until the process has fallen asleep.
    pub async fn falls_asleep(&self) {
        self.asleep.notified().await;
    }

    /// Lets the process go on.
    pub fn wake(&self) {
        self.awake.notify_one();
    }

    async fn moment(&self) {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        match self.kind {
            Kind::Death if left <= 0 => {
                self.dead.notify_one();
                std::future::pending::<()>().await;
            }
            Kind::Sleep if left == 0 => {
                self.asleep.notify_one();
                self.awake.notified().await;
            }
            _ => {}
        }
        self.passed.fetch_add(1, Ordering::SeqCst);
    }

    async fn around<T>(&self, change: impl Future<Output = T>) -> T {
        self.moment().await;
        let result = change.await;
        self.moment().await;
        result
    }

    /// Around an effect: sleep comes at writes of the store only.
    async fn around_effect<T>(&self, effect: impl Future<Output = T>) -> T {
        match self.kind {
            Kind::Death => self.around(effect).await,
            Kind::Sleep => effect.await,
        }
    }
}

/// A port of a process that is doomed.
pub(super) struct Doomed<P: ?Sized> {
    pub(super) port: Arc<P>,
    pub(super) doom: Arc<Doom>,
}

#[async_trait]
impl Store for Doomed<dyn Store> {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        self.port.get(key).await
    }
    async fn group(&self, group: &Group) -> Result<Vec<Stored>, StoreError> {
        self.port.group(group).await
    }
    async fn list(&self, query: &Query, page: &PageRequest) -> Result<Page, StoreError> {
        self.port.list(query, page).await
    }
    async fn due(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueEntry>, StoreError> {
        self.port.due(shard, until, limit).await
    }
    async fn claim(
        &self,
        key: &Key,
        seen: Version,
        until: Timestamp,
    ) -> Result<Stored, StoreError> {
        self.doom.around(self.port.claim(key, seen, until)).await
    }
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        self.doom.around(self.port.commit(commit)).await
    }
    async fn records(
        &self,
        stream: &StreamId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.port.records(stream, from, limit).await
    }
}

#[async_trait]
impl Lever for Doomed<dyn Lever> {
    async fn test(&self) -> Result<(), RemoteError> {
        self.port.test().await
    }
    async fn read(&self, opportunity: &LeverId, needs: &Needs) -> Result<Reading, RemoteError> {
        self.port.read(opportunity, needs).await
    }
    async fn moved(
        &self,
        part: Part,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Moved>, RemoteError> {
        self.port.moved(part, from, to).await
    }
    async fn has_note(&self, opportunity: &LeverId, marker: &str) -> Result<bool, RemoteError> {
        self.port.has_note(opportunity, marker).await
    }
    async fn add_note(&self, opportunity: &LeverId, text: &str) -> Result<(), RemoteError> {
        self.doom
            .around_effect(self.port.add_note(opportunity, text))
            .await
    }
    async fn add_tag(&self, opportunity: &LeverId, tag: &str) -> Result<(), RemoteError> {
        self.port.add_tag(opportunity, tag).await
    }
}

#[async_trait]
impl Applications for Doomed<dyn Applications> {
    async fn provisioner(&self, app: &Application) -> Result<Arc<dyn Provisioner>, RemoteError> {
        let port = self.port.provisioner(app).await?;
        Ok(Arc::new(Doomed::<dyn Provisioner> {
            port,
            doom: self.doom.clone(),
        }))
    }
    async fn request(
        &self,
        step: &HttpStep,
        body: &Value,
        key: &EffectKey,
        calls: &Calls,
    ) -> Outcome {
        self.doom
            .around_effect(self.port.request(step, body, key, calls))
            .await
    }
}

#[async_trait]
impl Provisioner for Doomed<dyn Provisioner> {
    async fn find(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError> {
        self.port.find(subject).await
    }
    async fn make(&self, action: Action, subject: &Subject, key: &EffectKey) -> Outcome {
        self.doom
            .around_effect(self.port.make(action, subject, key))
            .await
    }
}

#[async_trait]
impl Notifier for Doomed<dyn Notifier> {
    async fn was_sent(&self, key: &EffectKey) -> Result<bool, RemoteError> {
        self.port.was_sent(key).await
    }
    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        self.doom.around_effect(self.port.send(notification)).await
    }
}
