//! Kills a process at a chosen moment: before or after one of its effects or commits.
//!
//! Every port through which something is changed is wrapped. When the moment has come, the call never returns and
//! whoever runs the process is told to drop it, as a killed process is: nothing of it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::app::Application;
use sando_core::audit::{Record, StreamId};
use sando_core::effect::{Action, Outcome};
use sando_core::ids::{EffectKey, LeverId};
use sando_core::lever::Needs;
use sando_core::ports::{
    Applications, FoundUser, Lever, Notification, Notifier, Provisioner, Reading, RemoteError,
    Subject,
};
use sando_core::store::{
    Commit, DueEntry, Group, Key, Page, PageRequest, Query, Store, StoreError, Stored, Version,
};
use sando_core::workflow::HttpStep;
use serde_json::Value;
use tokio::sync::Notify;

/// When a process dies: at the n-th moment before or after an effect or commit.
#[derive(Debug)]
pub struct Doom {
    left: AtomicI64,
    passed: AtomicU64,
    dead: Notify,
}

impl Doom {
    /// Dies at this moment, counted from 0.
    #[must_use]
    pub fn at(moment: u64) -> Arc<Self> {
        let left = AtomicI64::new(i64::try_from(moment).unwrap_or(i64::MAX));
        Arc::new(Self {
            left,
            passed: AtomicU64::new(0),
            dead: Notify::new(),
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

    async fn moment(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.dead.notify_one();
            std::future::pending::<()>().await;
        }
        self.passed.fetch_add(1, Ordering::SeqCst);
    }

    async fn around<T>(&self, change: impl Future<Output = T>) -> T {
        self.moment().await;
        let result = change.await;
        self.moment().await;
        result
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
    async fn has_note(&self, opportunity: &LeverId, marker: &str) -> Result<bool, RemoteError> {
        self.port.has_note(opportunity, marker).await
    }
    async fn add_note(&self, opportunity: &LeverId, text: &str) -> Result<(), RemoteError> {
        self.doom
            .around(self.port.add_note(opportunity, text))
            .await
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
    async fn request(&self, step: &HttpStep, body: &Value, key: &EffectKey) -> Outcome {
        self.doom.around(self.port.request(step, body, key)).await
    }
}

#[async_trait]
impl Provisioner for Doomed<dyn Provisioner> {
    async fn find(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError> {
        self.port.find(subject).await
    }
    async fn make(&self, action: Action, subject: &Subject, key: &EffectKey) -> Outcome {
        self.doom.around(self.port.make(action, subject, key)).await
    }
}

#[async_trait]
impl Notifier for Doomed<dyn Notifier> {
    async fn was_sent(&self, key: &EffectKey) -> Result<bool, RemoteError> {
        self.port.was_sent(key).await
    }
    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        self.doom.around(self.port.send(notification)).await
    }
}
