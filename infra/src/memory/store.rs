//! The store in memory behind its port: hook, weather, operation.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::audit::{Record, StreamId};
use sando_core::store::{
    Commit, DueEntry, Group, Key, Page, PageRequest, Query, Store, StoreError, Stored, Version,
};

use super::hook::{Hook, Moment, Operation, Point};
use super::state::State;
use super::weather::{Sky, Weather};

/// Keeps items and audit records in memory. Fair weather unless told otherwise.
pub struct MemoryStore {
    inner: Mutex<Inner>,
    hook: Option<Hook>,
}

struct Inner {
    state: State,
    sky: Sky,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store in fair weather.
    #[must_use]
    pub fn new() -> Self {
        Self::in_weather(Weather::fair())
    }

    /// An empty store in this weather.
    #[must_use]
    pub fn in_weather(weather: Weather) -> Self {
        Self {
            inner: Mutex::new(Inner {
                state: State::default(),
                sky: Sky::new(weather),
            }),
            hook: None,
        }
    }

    /// Awaits `hook` at the start and at the end of every operation.
    #[must_use]
    pub fn with_hook(mut self, hook: Hook) -> Self {
        self.hook = Some(hook);
        self
    }

    /// Changes the weather. What the indexes have not learned yet they learn under the new one.
    pub fn set_weather(&self, weather: Weather) {
        self.lock().sky = Sky::new(weather);
    }

    /// Lets the indexes learn everything that was written.
    pub fn settle(&self) {
        self.lock().state.index.catch_up(0);
    }

    /// Everything that is kept, in the order of its keys: for the invariants of a simulation.
    #[must_use]
    pub fn items(&self) -> Vec<Stored> {
        self.lock().state.items()
    }

    /// Deletes what may be forgotten; answers how many items. DynamoDB does this on its own, some time later.
    pub fn forget_expired(&self, now: Timestamp) -> usize {
        self.lock().state.forget_expired(now)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // An operation either changes everything or nothing before it can panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn at(&self, operation: Operation, point: Point) {
        if let Some(hook) = &self.hook {
            hook(Moment { operation, point }).await;
        }
    }

    async fn perform<T>(
        &self,
        operation: Operation,
        work: impl FnOnce(&mut Inner) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.at(operation, Point::Start).await;
        let done = work(&mut self.lock());
        self.at(operation, Point::End).await;
        done
    }
}

impl Inner {
    fn read(&mut self) -> Result<&State, StoreError> {
        self.sky.before()?;
        Ok(&self.state)
    }

    fn read_index(&mut self) -> Result<&State, StoreError> {
        self.sky.before()?;
        let lag = self.sky.lag();
        self.state.index.catch_up(lag);
        Ok(&self.state)
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.sky.before_write()?;
        let done = work(&mut self.state)?;
        self.sky.after_write()?;
        Ok(done)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        self.perform(Operation::Get, |inner| Ok(inner.read()?.get(key)))
            .await
    }

    async fn group(&self, group: &Group) -> Result<Vec<Stored>, StoreError> {
        self.perform(Operation::Group, |inner| Ok(inner.read()?.group(group)))
            .await
    }

    async fn list(&self, query: &Query, page: &PageRequest) -> Result<Page, StoreError> {
        self.perform(Operation::List, |inner| {
            inner.read_index()?.list(query, page)
        })
        .await
    }

    async fn due(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueEntry>, StoreError> {
        self.perform(Operation::Due, |inner| {
            Ok(inner.read_index()?.index.due(shard, until, limit))
        })
        .await
    }

    async fn claim(
        &self,
        key: &Key,
        seen: Version,
        until: Timestamp,
    ) -> Result<Stored, StoreError> {
        self.perform(Operation::Claim, |inner| {
            inner.write(|state| state.claim(key, seen, until))
        })
        .await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        self.perform(Operation::Commit, |inner| {
            inner.write(|state| state.commit(commit))
        })
        .await
    }

    async fn records(
        &self,
        stream: &StreamId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.perform(Operation::Records, |inner| {
            Ok(inner.read()?.records(stream, from, limit))
        })
        .await
    }
}
