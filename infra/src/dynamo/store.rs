//! The store in DynamoDB, on AWS and over the embedded engine alike.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use jiff::Timestamp;
use sando_core::audit::{Record, StreamId};
use sando_core::store::{
    Commit, DueEntry, Group, Key, Page, PageRequest, Query, Store, StoreError, Stored, Version,
};

use super::errors::store_error;
use super::item::{key_item, stored_at};
use super::tables::Tables;
use super::{commit, list};

/// Keeps items and audit records in DynamoDB.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    pub(super) client: Client,
    pub(super) tables: Tables,
}

impl DynamoStore {
    /// A store in these tables. The client should retry as [`retries`] says.
    #[must_use]
    pub fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }
}

/// How a client repeats what was throttled or not answered: three attempts in all.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}

#[async_trait]
impl Store for DynamoStore {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        let call = self.client.get_item().table_name(&self.tables.state);
        let call = call.set_key(Some(key_item(key))).consistent_read(true);
        let answer = call.send().await.map_err(|e| store_error(e, &[]))?;
        let item = answer.item();
        item.map(|item| stored_at(key.clone(), item)).transpose()
    }

    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Stored>>, StoreError> {
        list::get_all(self, keys).await
    }

    async fn group(&self, group: &Group) -> Result<Vec<Stored>, StoreError> {
        list::group(self, group).await
    }

    async fn list(&self, query: &Query, page: &PageRequest) -> Result<Page, StoreError> {
        list::list(self, query, page).await
    }

    async fn due(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueEntry>, StoreError> {
        list::due(self, shard, until, limit).await
    }

    async fn claim(
        &self,
        key: &Key,
        seen: Version,
        until: Timestamp,
    ) -> Result<Stored, StoreError> {
        commit::claim(self, key, seen, until).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        commit::commit(self, commit).await
    }

    async fn records(
        &self,
        stream: &StreamId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        list::records(self, stream, from, limit).await
    }
}
