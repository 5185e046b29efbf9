//! The indexes, which learn of writes later than the items do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use sando_core::ids::PersonId;
use sando_core::store::{DUE_SHARDS, DueEntry, Key, Listing, Lookup, Query, Version};

use crate::dynamo::keys::{ItemKey, place};

/// Where an item is found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) version: Version,
    pub(super) due: Option<Timestamp>,
    pub(super) listing: Option<Listing>,
    pub(super) lookup: Option<Lookup>,
}

impl Found {
    /// Its place in the list, if it stands in it.
    pub(super) fn place_in(&self, query: &Query, key: &Key) -> Option<String> {
        let at = match query {
            Query::States { kind, states } | Query::Before { kind, states, .. } => {
                self.listing
                    .as_ref()
                    .filter(|list| list.kind == *kind && states.contains(&list.state))?
                    .at
            }
            Query::Person { person, kind } => {
                self.lookup
                    .as_ref()
                    .filter(|who| is_of(who, person, kind))?
                    .at
            }
            // Read from the items themselves.
            Query::Roster(_) | Query::Syncs(_) | Query::Words(_) => return None,
        };
        Some(place(at, &ItemKey::from(key)))
    }
}

fn is_of(who: &Lookup, person: &PersonId, kind: &str) -> bool {
    who.person == *person && who.kind == kind
}

/// What the indexes have learned, and what they have not yet.
#[derive(Debug, Default)]
pub(super) struct Index {
    known: BTreeMap<Key, Found>,
    /// Those of them that are due at some time: a tick looks at no others.
    waiting: BTreeSet<Key>,
    news: VecDeque<(Key, Option<Found>)>,
}

impl Index {
    /// An item was written, or deleted.
    pub(super) fn tell(&mut self, key: Key, found: Option<Found>) {
        self.news.push_back((key, found));
    }

    /// Learns everything but the last `lag` writes.
    pub(super) fn catch_up(&mut self, lag: usize) {
        while self.news.len() > lag {
            match self.news.pop_front() {
                Some((key, Some(found))) => {
                    match found.due {
                        Some(_) => self.waiting.insert(key.clone()),
                        None => self.waiting.remove(&key),
                    };
                    self.known.insert(key, found);
                }
                Some((key, None)) => {
                    self.waiting.remove(&key);
                    self.known.remove(&key);
                }
                None => return,
            }
        }
    }

    /// The list, newest first, with each item's place.
    pub(super) fn list(&self, query: &Query) -> Vec<(String, Key)> {
        let entries = self.known.iter();
        let mut places: Vec<(String, Key)> = entries
            .filter_map(|(key, found)| Some((found.place_in(query, key)?, key.clone())))
            .collect();
        places.sort_by(|a, b| b.cmp(a));
        places
    }

    /// What is due in a shard, oldest first.
    pub(super) fn due(&self, shard: u8, until: Timestamp, limit: usize) -> Vec<DueEntry> {
        let waiting = self.waiting.iter();
        let waiting = waiting.filter_map(|key| Some((key, self.known.get(key)?)));
        let in_shard = waiting.filter(|(key, found)| {
            found.due.is_some_and(|due| due <= until) && key.shard(DUE_SHARDS) == shard
        });
        let mut entries: Vec<DueEntry> = in_shard
            .filter_map(|(key, found)| {
                Some(DueEntry {
                    key: key.clone(),
                    version: found.version,
                    due: found.due?,
                })
            })
            .collect();
        entries.sort_by(|a, b| (a.due, &a.key).cmp(&(b.due, &b.key)));
        entries.truncate(limit);
        entries
    }
}
