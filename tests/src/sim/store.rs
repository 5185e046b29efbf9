//! The store on bad days: what happens in it is seen by the watch, whether or not the answer arrives.
//!
//! Index lag is [`MemoryStore`]'s own; what fails, fails here, so that a commit whose answer is lost is seen as well.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::audit::{Record, StreamId};
use sando_core::store::{
    Commit, DueEntry, Group, Key, Page, PageRequest, Query, Store, StoreError, Stored, Version,
};
use sando_infra::memory::{MemoryStore, Weather, yield_once};

use super::chance::Chance;
use super::clock::{SimClock, after};
use super::faults::Faults;
use super::watch::Watch;

/// A store as it is on the days of a seed.
pub struct SimStore {
    inner: MemoryStore,
    clock: Arc<SimClock>,
    chance: Arc<Chance>,
    faults: Arc<Faults>,
    watch: Arc<Watch>,
    stalled_until: std::sync::Mutex<Timestamp>,
}

impl SimStore {
    /// An empty store.
    #[must_use]
    pub fn new(
        seed: u64,
        clock: Arc<SimClock>,
        chance: Arc<Chance>,
        faults: Arc<Faults>,
        watch: Arc<Watch>,
    ) -> Self {
        let weather = Weather {
            seed,
            index_lag: faults.levels.index_lag,
            ..Weather::fair()
        };
        Self {
            inner: MemoryStore::in_weather(weather),
            clock,
            chance,
            faults,
            watch,
            stalled_until: std::sync::Mutex::new(Timestamp::UNIX_EPOCH),
        }
    }

    /// From now on indexes are never behind.
    pub fn calm(&self) {
        self.inner.set_weather(Weather::fair());
    }

    async fn begin(&self) -> Result<(), StoreError> {
        yield_once().await;
        if self.faults.happens(self.faults.levels.unavailable) {
            return Err(StoreError::Unavailable("the weather is rough".to_owned()));
        }
        Ok(())
    }

    async fn read<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.begin().await?;
        let done = work.await;
        yield_once().await;
        done
    }

    async fn write<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
        saw: impl FnOnce(&Watch),
    ) -> Result<T, StoreError> {
        self.begin().await?;
        if self.faults.happens(self.faults.levels.contended) {
            return Err(StoreError::Contended);
        }
        let done = work.await;
        if done.is_ok() {
            saw(&self.watch);
        }
        yield_once().await;
        self.stall().await;
        if done.is_ok() && self.faults.happens(self.faults.levels.lost_answer) {
            return Err(StoreError::Unavailable("the answer is lost".to_owned()));
        }
        done
    }

    /// Now and then the answer takes longer than a lease; never twice within the time in which an effect is looked
    /// for, because no process is that slow and still under its function's time-out.
    async fn stall(&self) {
        if !self.faults.happens(self.faults.levels.stalled) {
            return;
        }
        let now = self.clock.shows();
        {
            let mut until = self
                .stalled_until
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if now < *until {
                return;
            }
            *until = after(now, Duration::from_secs(600));
        }
        let time = self.chance.up_to(Duration::from_secs(120));
        self.watch.tell(|| format!("the store takes {time:?}"));
        self.clock.until(after(now, time)).await;
    }
}

#[async_trait]
impl Store for SimStore {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        self.read(self.inner.get(key)).await
    }

    async fn group(&self, group: &Group) -> Result<Vec<Stored>, StoreError> {
        self.read(self.inner.group(group)).await
    }

    async fn list(&self, query: &Query, page: &PageRequest) -> Result<Page, StoreError> {
        self.read(self.inner.list(query, page)).await
    }

    async fn due(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueEntry>, StoreError> {
        self.read(self.inner.due(shard, until, limit)).await
    }

    async fn claim(
        &self,
        key: &Key,
        seen: Version,
        until: Timestamp,
    ) -> Result<Stored, StoreError> {
        self.write(self.inner.claim(key, seen, until), |watch| {
            watch.claimed(key, until);
        })
        .await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        self.write(self.inner.commit(commit), |watch| watch.committed(commit))
            .await
    }

    async fn records(
        &self,
        stream: &StreamId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.read(self.inner.records(stream, from, limit)).await
    }
}
