//! Reading more than one item: groups, lists, what is due, and the records of a stream.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures::future::try_join_all;
use jiff::Timestamp;
use sando_core::audit::{Record, StreamId};
use sando_core::store::{DueEntry, Group, Key, Page, PageRequest, Query, StoreError, Stored};
use sando_core::words::Marks;
use tracing::error;

use super::errors::store_error;
use super::item::{
    self, Item, LIST_PK, LIST_SK, PK, SK, WHO_PK, WHO_SK, key_item, stored_at, string, text,
};
use super::keys::{
    ItemKey, LIST_SHARDS, due_partition, group_partitions, list_partition, record_place,
    roster_partition, stream_partition, syncs_partition, time_text, who_partition, word_range,
};
use super::store::DynamoStore;
use super::tables::{DUE_INDEX, LIST_INDEX, WHO_INDEX};
use crate::rules::{BATCH, first_place, page_size, parse_key, print_cursor, print_key};

/// A list is read from an index, then from the table; so often at most does a batch leave items out.
const BATCH_ATTEMPTS: u8 = 5;

/// Everything that a query finds until `limit`, over all its pages.
async fn query(call: QueryFluentBuilder, limit: usize) -> Result<Vec<Item>, StoreError> {
    let mut found = Vec::new();
    let mut start = None;
    loop {
        let left = limit.saturating_sub(found.len());
        if left == 0 {
            return Ok(found);
        }
        let page = call.clone().set_exclusive_start_key(start);
        let page = page.set_limit(i32::try_from(left).ok());
        let answer = page.send().await.map_err(|e| store_error(e, &[]))?;
        start = answer.last_evaluated_key;
        found.extend(answer.items.unwrap_or_default());
        if start.is_none() {
            return Ok(found);
        }
    }
}

/// All items of a group, consistent, in the order of their keys.
pub(super) async fn group(store: &DynamoStore, group: &Group) -> Result<Vec<Stored>, StoreError> {
    let (partitions, prefix) = group_partitions(group);
    let reads = partitions.into_iter().map(|partition| {
        let call = store.client.query().table_name(&store.tables.state);
        let call = call.consistent_read(true);
        let call = call.expression_attribute_values(":pk", text(partition));
        let call = match prefix {
            None => call.key_condition_expression("pk = :pk"),
            Some(prefix) => call
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix)),
        };
        query(call, usize::MAX)
    });
    let found = try_join_all(reads).await?;
    let items: Result<Vec<Stored>, StoreError> = found.iter().flatten().map(item::stored).collect();
    let mut items = items?;
    items.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(items)
}

/// An index, its partitions, and the names of its attributes.
struct Places {
    index: &'static str,
    partition_name: &'static str,
    place_name: &'static str,
    partitions: BTreeSet<String>,
}

impl Places {
    /// None for what is read from the table itself.
    fn of(query: &Query) -> Option<Self> {
        Some(match query {
            Query::Roster(_) | Query::Syncs(_) | Query::Words(_) => return None,
            Query::States { kind, states } | Query::Before { kind, states, .. } => Self {
                index: LIST_INDEX,
                partition_name: LIST_PK,
                place_name: LIST_SK,
                partitions: states
                    .iter()
                    .flat_map(|state| (0..LIST_SHARDS).map(move |n| list_partition(kind, state, n)))
                    .collect(),
            },
            Query::Person { person, kind } => Self {
                index: WHO_INDEX,
                partition_name: WHO_PK,
                place_name: WHO_SK,
                partitions: [who_partition(person, kind)].into(),
            },
        })
    }

    fn newest_first(
        &self,
        store: &DynamoStore,
        partition: &str,
        before: Option<&str>,
    ) -> QueryFluentBuilder {
        let call = store.client.query().table_name(&store.tables.state);
        let call = call.index_name(self.index).scan_index_forward(false);
        let call = call.expression_attribute_values(":pk", text(partition));
        let (pk, sk) = (self.partition_name, self.place_name);
        match before {
            None => call.key_condition_expression(format!("{pk} = :pk")),
            Some(before) => call
                .key_condition_expression(format!("{pk} = :pk AND {sk} < :before"))
                .expression_attribute_values(":before", text(before)),
        }
    }

    /// So many entries of all partitions before a place, newest first; fewer if there are no more. Items are spread evenly
    /// over the shards of a list: of each partition only a share is read at first, and more where that does not reach back
    /// as far as the page does.
    async fn newest(
        &self,
        store: &DynamoStore,
        before: Option<&str>,
        wanted: usize,
    ) -> Result<Vec<(String, Item)>, StoreError> {
        let share = self.share(wanted);
        let partitions = self.partitions.iter();
        let reads = partitions.map(|partition| self.read(store, partition, before, share));
        let mut parts = try_join_all(reads).await?;
        let last = last_place(&parts, wanted);
        let short = parts.iter().filter(|part| part.is_short(last.as_deref()));
        let reads = short.map(|part| {
            let reached = part.reached().or(before);
            let rest = wanted.saturating_sub(part.found.len());
            self.read(store, part.partition, reached, rest)
        });
        let more = try_join_all(reads).await?;
        parts.extend(more);
        let found = parts.into_iter().flat_map(|part| part.found);
        let mut found: Vec<(String, Item)> = found.collect();
        found.sort_by(|(a, _), (b, _)| b.cmp(a));
        found.truncate(wanted);
        Ok(found)
    }

    /// What is read of each partition at first: a bit more than falls to one shard.
    fn share(&self, wanted: usize) -> usize {
        if self.partitions.len() < 2 {
            return wanted;
        }
        let even = wanted / usize::from(LIST_SHARDS);
        let more = wanted / 16;
        even.saturating_add(more).saturating_add(4).min(wanted)
    }

    async fn read<'a>(
        &self,
        store: &DynamoStore,
        partition: &'a str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Part<'a>, StoreError> {
        let call = self.newest_first(store, partition, before);
        let found = query(call, limit).await?;
        let is_all = found.len() < limit;
        let found = found.into_iter().filter_map(|item| {
            let place = string(&item, self.place_name)?.to_owned();
            Some((place, item))
        });
        Ok(Part {
            partition,
            found: found.collect(),
            is_all,
        })
    }
}

/// What was read of one partition of an index: entries with their places, newest first.
struct Part<'a> {
    partition: &'a str,
    found: Vec<(String, Item)>,
    is_all: bool,
}

impl Part<'_> {
    /// The place of the last entry that was read.
    fn reached(&self) -> Option<&str> {
        self.found.last().map(|(place, _)| place.as_str())
    }

    /// May there be entries that were not read before this place, or at all?
    fn is_short(&self, last: Option<&str>) -> bool {
        !self.is_all && last.is_none_or(|last| self.reached().is_none_or(|place| place > last))
    }
}

/// The place of the last entry of so many; none if fewer were read.
fn last_place(parts: &[Part<'_>], wanted: usize) -> Option<String> {
    let entries = parts.iter().flat_map(|part| &part.found);
    let mut places: Vec<&str> = entries.map(|(place, _)| place.as_str()).collect();
    places.sort_unstable_by(|a, b| b.cmp(a));
    let last = places.get(wanted.checked_sub(1)?)?;
    Some((*last).to_owned())
}

/// One page of a list, newest first. What has left the list since the index was written is not shown.
pub(super) async fn list(
    store: &DynamoStore,
    list: &Query,
    page: &PageRequest,
) -> Result<Page, StoreError> {
    if let Query::Words(marks) = list {
        return words(store, list, marks, page).await;
    }
    let Some(places) = Places::of(list) else {
        return table(store, list, page).await;
    };
    let limit = page_size(page.limit);
    let before = first_place(list, page)?;
    let wanted = limit.saturating_add(1);
    let mut entries = places.newest(store, before.as_deref(), wanted).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let last = entries.last().filter(|_| more);
    let next = last.map(|(place, _)| print_cursor(list, place));
    let entries: Vec<Item> = entries.into_iter().map(|(_, item)| item).collect();
    let reads = entries.chunks(BATCH).map(|some| read_all(store, some));
    let current: HashMap<(&str, &str), Item> =
        try_join_all(reads).await?.into_iter().flatten().collect();
    let items: Result<Vec<Stored>, StoreError> = entries
        .iter()
        .filter_map(|entry| current.get(&(string(entry, PK)?, string(entry, SK)?)))
        .filter(|item| {
            string(item, places.partition_name).is_some_and(|p| places.partitions.contains(p))
        })
        .map(item::stored)
        .collect();
    Ok(Page {
        items: items?,
        next,
    })
}

/// One page of what lies together in the table itself, consistent: partition by partition.
async fn table(store: &DynamoStore, list: &Query, page: &PageRequest) -> Result<Page, StoreError> {
    let limit = page_size(page.limit);
    let after = page.cursor.as_deref().map(|c| parse_key(list, c));
    let after = after.transpose()?.map(|key| ItemKey::from(&key));
    let (partitions, is_forward): (Vec<String>, bool) = match list {
        Query::Roster(roster) => ((0..16).map(|n| roster_partition(roster, n)).collect(), true),
        Query::Syncs(roster) => (vec![syncs_partition(roster)], false),
        Query::States { .. } | Query::Before { .. } | Query::Person { .. } | Query::Words(_) => {
            (Vec::new(), true)
        }
    };
    let begun = |pk: &String| after.as_ref().is_none_or(|after| *pk >= after.pk);
    let mut found = Vec::new();
    for pk in partitions.into_iter().filter(begun) {
        let call = store.client.query().table_name(&store.tables.state);
        let call = call.consistent_read(true).scan_index_forward(is_forward);
        let call = match after.as_ref().filter(|after| after.pk == pk) {
            None => call.key_condition_expression("pk = :pk"),
            Some(after) => call
                .key_condition_expression(if is_forward {
                    "pk = :pk AND sk > :after"
                } else {
                    "pk = :pk AND sk < :after"
                })
                .expression_attribute_values(":after", text(&after.sk)),
        };
        let call = call.expression_attribute_values(":pk", text(pk));
        let wanted = limit.saturating_add(1).saturating_sub(found.len());
        found.extend(query(call, wanted).await?);
        if found.len() > limit {
            break;
        }
    }
    cut(list, found, limit)
}

/// The page that these items of a list begin with, one of which is too many if more follow.
fn cut(list: &Query, mut found: Vec<Item>, limit: usize) -> Result<Page, StoreError> {
    let more = found.len() > limit;
    found.truncate(limit);
    let items: Result<Vec<Stored>, StoreError> = found.iter().map(item::stored).collect();
    let items = items?;
    let last = items.last().filter(|_| more);
    Ok(Page {
        next: last.map(|last| print_key(list, &last.key)),
        items,
    })
}

/// One page of the words with these marks, consistent.
async fn words(
    store: &DynamoStore,
    list: &Query,
    marks: &Marks,
    page: &PageRequest,
) -> Result<Page, StoreError> {
    let limit = page_size(page.limit);
    let after = page.cursor.as_deref().map(|c| parse_key(list, c));
    let (pk, from, to) = word_range(marks);
    // No id has a character that comes before this one: nothing lies between a place and the one after it.
    let after = after.transpose()?;
    let from = after.map_or(from, |key| format!("{}!", ItemKey::from(&key).sk));
    let call = store.client.query().table_name(&store.tables.state);
    let call = call
        .consistent_read(true)
        .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
        .expression_attribute_values(":pk", text(pk))
        .expression_attribute_values(":from", text(from))
        .expression_attribute_values(":to", text(to));
    let found = query(call, limit.saturating_add(1)).await?;
    cut(list, found, limit)
}

/// These items as they are now, in the order of the keys; consistent.
pub(super) async fn get_all(
    store: &DynamoStore,
    keys: &[Key],
) -> Result<Vec<Option<Stored>>, StoreError> {
    let mut all = Vec::with_capacity(keys.len());
    for keys in keys.chunks(BATCH) {
        let wanted: Vec<Item> = keys.iter().map(key_item).collect();
        let found = read_all(store, &wanted).await?;
        for (key, item) in keys.iter().zip(&wanted) {
            let at = string(item, PK).zip(string(item, SK));
            let item = at.and_then(|at| found.get(&at));
            all.push(item.map(|item| stored_at(key.clone(), item)).transpose()?);
        }
    }
    Ok(all)
}

/// The items of these index entries as they are now, by `pk` and `sk`.
async fn read_all<'a>(
    store: &DynamoStore,
    entries: &'a [Item],
) -> Result<HashMap<(&'a str, &'a str), Item>, StoreError> {
    let keys = entries.iter().map(|entry| {
        let only = |name: &str| Some((name.to_owned(), entry.get(name)?.clone()));
        [only(PK), only(SK)].into_iter().flatten().collect()
    });
    let mut wanted: Vec<HashMap<_, _>> = keys.collect();
    let mut found = Vec::new();
    for _ in 0..BATCH_ATTEMPTS {
        if wanted.is_empty() {
            break;
        }
        let keys = KeysAndAttributes::builder().set_keys(Some(wanted));
        let keys = keys.consistent_read(true).build();
        let keys = keys.map_err(|_| StoreError::Unavailable("a read is empty".to_owned()))?;
        let call = store.client.batch_get_item();
        let call = call.request_items(&store.tables.state, keys);
        let answer = call.send().await.map_err(|e| store_error(e, &[]))?;
        let items = answer.responses.unwrap_or_default();
        found.extend(items.into_values().flatten());
        let left = answer.unprocessed_keys.unwrap_or_default();
        wanted = left.into_values().flat_map(|keys| keys.keys).collect();
    }
    if !wanted.is_empty() {
        return Err(StoreError::Contended);
    }
    let mut by_key: HashMap<(String, String), Item> = found
        .into_iter()
        .filter_map(|item| {
            let key = (string(&item, PK)?.to_owned(), string(&item, SK)?.to_owned());
            Some((key, item))
        })
        .collect();
    let named = entries.iter().filter_map(|entry| {
        let (pk, sk) = (string(entry, PK)?, string(entry, SK)?);
        let item = by_key.remove(&(pk.to_owned(), sk.to_owned()))?;
        Some(((pk, sk), item))
    });
    Ok(named.collect())
}

/// What is due in one shard, oldest first. An entry that cannot be read is logged and left out.
pub(super) async fn due(
    store: &DynamoStore,
    shard: u8,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<DueEntry>, StoreError> {
    let call = store.client.query().table_name(&store.tables.state);
    let call = call
        .index_name(DUE_INDEX)
        .key_condition_expression("due_pk = :pk AND due_at <= :until")
        .expression_attribute_values(":pk", text(due_partition(shard)))
        .expression_attribute_values(":until", text(time_text(until)));
    let found = query(call, limit).await?;
    let entries = found.iter().filter_map(|item| match item::due_entry(item) {
        Ok(entry) => Some(entry),
        Err(error) => {
            // A newer release's, or a defect; it must not hold up what else is due in this shard.
            error!(%error, shard, "an entry of the due index cannot be read and is left out");
            None
        }
    });
    let mut entries: Vec<DueEntry> = entries.collect();
    entries.sort_by(|a, b| (a.due, &a.key).cmp(&(b.due, &b.key)));
    Ok(entries)
}

/// Records of a stream from `from` on.
pub(super) async fn records(
    store: &DynamoStore,
    stream: &StreamId,
    from: u64,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    let call = store.client.query().table_name(&store.tables.audit);
    let call = call
        .consistent_read(true)
        .key_condition_expression("pk = :pk AND sk >= :from")
        .expression_attribute_values(":pk", text(stream_partition(stream)))
        .expression_attribute_values(":from", text(record_place(from)));
    let found = query(call, limit).await?;
    found.iter().map(item::record).collect()
}
