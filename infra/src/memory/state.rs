//! What the store holds, and the operations on it, without weather.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::Timestamp;
use sando_core::audit::{Record, StreamId};
use sando_core::definition::IdHash;
use sando_core::store::{
    Check, Commit, Group, Key, Page, PageRequest, Put, Query, StoreError, Stored, Version,
};

use super::index::{Found, Index};
use crate::rules;

/// An item, and where it is found.
#[derive(Clone, Debug)]
struct Item {
    stored: Stored,
    found: Found,
    expires_at: Option<Timestamp>,
}

/// Everything that is kept.
#[derive(Debug, Default)]
pub(super) struct State {
    items: BTreeMap<Key, Item>,
    records: BTreeMap<(StreamId, u64), Record>,
    pub(super) index: Index,
}

impl State {
    pub(super) fn get(&self, key: &Key) -> Option<Stored> {
        self.items.get(key).map(|item| item.stored.clone())
    }

    pub(super) fn items(&self) -> Vec<Stored> {
        let items = self.items.values();
        items.map(|item| item.stored.clone()).collect()
    }

    pub(super) fn group(&self, group: &Group) -> Vec<Stored> {
        let items = self.items.iter().filter(|(key, _)| match (group, key) {
            (Group::Grants(person), Key::Grant(whose, _)) => person == whose,
            (Group::Config, Key::Config(..))
            | (Group::ApiKeys, Key::ApiKey(_))
            | (Group::Definitions, Key::Definition(_))
            | (Group::Drafts, Key::Draft(_))
            | (Group::Accounts, Key::Account(..))
            | (Group::Heads, Key::Head(_)) => true,
            (Group::DefinitionVersions(of), Key::DefinitionVersion(id, _)) => of == id,
            (Group::Tallies(of), Key::Tally(day, _)) => of == day,
            _ => false,
        });
        items.map(|(_, item)| item.stored.clone()).collect()
    }

    /// From the index, then as it is now; what has left the list is not shown.
    pub(super) fn list(&self, query: &Query, page: &PageRequest) -> Result<Page, StoreError> {
        match query {
            Query::Roster(of) => {
                let (first, last) = (IdHash([0; 16]), IdHash([u8::MAX; 16]));
                let after = page.cursor.as_deref();
                let after = after.map(|cursor| rules::parse_key(query, cursor));
                let from = match after.transpose()? {
                    Some(after) => Bound::Excluded(after),
                    None => Bound::Included(Key::Entry(of.clone(), first)),
                };
                let rest = (from, Bound::Included(Key::Entry(of.clone(), last)));
                return Self::page(query, page, self.items.range(rest));
            }
            Query::Syncs(of) => {
                let all = Key::Sync(of.clone(), 0)..=Key::Sync(of.clone(), u64::MAX);
                return Self::page(query, page, self.items.range(all).rev());
            }
            Query::Words(marks) => {
                let words = self
                    .items
                    .iter()
                    .filter(|(key, _)| matches!(key, Key::Word(mark, _) if marks.have(*mark)));
                return Self::page(query, page, words);
            }
            Query::States { .. } | Query::Before { .. } | Query::Person { .. } => {}
        }
        let limit = rules::page_size(page.limit);
        let before = rules::first_place(query, page)?;
        let mut entries = self.index.list(query);
        entries.retain(|(place, _)| before.as_ref().is_none_or(|before| place < before));
        let more = entries.len() > limit;
        entries.truncate(limit);
        let last = entries.last().filter(|_| more);
        let next = last.map(|(place, _)| rules::print_cursor(query, place));
        let current = entries.iter().filter_map(|(_, key)| self.items.get(key));
        let items = current
            .filter(|item| item.found.place_in(query, &item.stored.key).is_some())
            .map(|item| item.stored.clone())
            .collect();
        Ok(Page { items, next })
    }

    /// One page of items that lie in this order.
    fn page<'a>(
        query: &Query,
        page: &PageRequest,
        items: impl Iterator<Item = (&'a Key, &'a Item)>,
    ) -> Result<Page, StoreError> {
        let limit = rules::page_size(page.limit);
        let after = page.cursor.as_deref();
        let after = after.map(|cursor| rules::parse_key(query, cursor));
        let after = after.transpose()?;
        let is_before = |key: &Key| match (&after, query) {
            (None, _) => false,
            (Some(after), Query::Syncs(_)) => key >= after,
            (Some(after), _) => key <= after,
        };
        let mut items = items.skip_while(|(key, _)| is_before(key)).peekable();
        let found: Vec<Stored> = items
            .by_ref()
            .take(limit)
            .map(|(_, item)| item.stored.clone())
            .collect();
        let last = found.last().filter(|_| items.peek().is_some());
        Ok(Page {
            next: last.map(|last| rules::print_key(query, &last.key)),
            items: found,
        })
    }

    pub(super) fn claim(
        &mut self,
        key: &Key,
        seen: Version,
        until: Timestamp,
    ) -> Result<Stored, StoreError> {
        let item = self.items.get_mut(key);
        let Some(item) = item.filter(|item| item.stored.version == seen) else {
            return Err(StoreError::Conflict { key: key.clone() });
        };
        item.stored.version = seen.next();
        item.stored.due = Some(until);
        item.found.version = seen.next();
        item.found.due = Some(until);
        self.index.tell(key.clone(), Some(item.found.clone()));
        Ok(item.stored.clone())
    }

    pub(super) fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        rules::admit(commit)?;
        self.check(commit)?;
        for put in &commit.puts {
            self.put(put);
        }
        for Check { key, .. } in &commit.deletes {
            self.delete(key);
        }
        for record in &commit.records {
            let place = (record.stream.clone(), record.seq);
            self.records.insert(place, record.clone());
        }
        Ok(())
    }

    /// In the order of the transaction: puts, deletes, checks, records.
    fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let puts = commit.puts.iter().map(|put| (&put.key, put.expect));
        let others = commit.deletes.iter().chain(&commit.checks);
        let others = others.map(|check| (&check.key, check.expect));
        for (key, expect) in puts.chain(others) {
            let item = self.items.get(key);
            if item.map_or(Version::ABSENT, |item| item.stored.version) != expect {
                return Err(StoreError::Conflict { key: key.clone() });
            }
        }
        let mut records = commit.records.iter();
        match records.find(|r| self.records.contains_key(&(r.stream.clone(), r.seq))) {
            Some(record) => Err(StoreError::Conflict {
                key: Key::Head(record.stream.clone()),
            }),
            None => Ok(()),
        }
    }

    fn put(&mut self, put: &Put) {
        let version = put.expect.next();
        let found = Found {
            version,
            due: put.due,
            listing: put.listing.clone(),
            lookup: put.lookup.clone(),
        };
        let item = Item {
            stored: Stored {
                key: put.key.clone(),
                kind: put.kind.to_owned(),
                schema: put.schema,
                version,
                due: put.due,
                body: put.body.clone(),
            },
            found: found.clone(),
            expires_at: put.expires_at,
        };
        self.items.insert(put.key.clone(), item);
        self.index.tell(put.key.clone(), Some(found));
    }

    fn delete(&mut self, key: &Key) {
        self.items.remove(key);
        self.index.tell(key.clone(), None);
    }

    pub(super) fn records(&self, stream: &StreamId, from: u64, limit: usize) -> Vec<Record> {
        let first = (stream.clone(), from);
        let last = (stream.clone(), u64::MAX);
        let records = self.records.range(first..=last).take(limit);
        records.map(|(_, record)| record.clone()).collect()
    }

    pub(super) fn forget_expired(&mut self, now: Timestamp) -> usize {
        let expired = |item: &Item| item.expires_at.is_some_and(|at| at <= now);
        let items = self.items.iter().filter(|(_, item)| expired(item));
        let keys: Vec<Key> = items.map(|(key, _)| key.clone()).collect();
        for key in &keys {
            self.delete(key);
        }
        keys.len()
    }
}
