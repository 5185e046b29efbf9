//! The stores that are asked, and short forms for what is put into them.

use std::sync::Arc;

use jiff::Timestamp;
use sando_core::ids::{PersonId, RunId, TaskId};
use sando_core::store::{
    Check, Commit, Group, Key, Listing, Lookup, PageRequest, Put, Query, Store, StoreError, Version,
};
use sando_infra::dynamo::{DynamoStore, Embedded, Tables};
use sando_infra::memory::MemoryStore;
use tempfile::TempDir;

/// A store, and what must live as long as it.
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    _folder: Option<TempDir>,
}

pub(crate) fn memory() -> World {
    World {
        store: Arc::new(MemoryStore::new()),
        _folder: None,
    }
}

pub(crate) async fn embedded() -> World {
    World {
        store: over(&Embedded::memory().unwrap()).await,
        _folder: None,
    }
}

pub(crate) async fn on_disk() -> World {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(&folder.path().join("sando.db")).unwrap();
    World {
        store: over(&engine).await,
        _folder: Some(folder),
    }
}

async fn over(engine: &Embedded) -> Arc<dyn Store> {
    let tables = Tables::local();
    tables.create(&engine.client()).await.unwrap();
    tables.create(&engine.client()).await.unwrap();
    Arc::new(DynamoStore::new(engine.client(), tables))
}

impl World {
    /// Commits and must succeed.
    pub(crate) async fn commit(&self, commit: Commit) {
        self.store.commit(&commit).await.unwrap();
    }

    /// Puts one item and must succeed.
    pub(crate) async fn put(&self, put: Put) {
        self.commit(putting([put])).await;
    }

    /// Puts one item.
    pub(crate) async fn try_put(&self, put: Put) -> Result<(), StoreError> {
        self.store.commit(&putting([put])).await
    }

    /// The version of an item; 0 if it is not there.
    pub(crate) async fn version(&self, key: &Key) -> u64 {
        let stored = self.store.get(key).await.unwrap();
        stored.map_or(0, |stored| stored.version.0)
    }

    /// The body of an item.
    pub(crate) async fn body(&self, key: &Key) -> String {
        self.store.get(key).await.unwrap().unwrap().body
    }

    /// The keys of a group.
    pub(crate) async fn group(&self, group: &Group) -> Vec<Key> {
        let items = self.store.group(group).await.unwrap();
        items.into_iter().map(|item| item.key).collect()
    }

    /// The bodies of one page, and the cursor of the next.
    pub(crate) async fn page(
        &self,
        query: &Query,
        limit: usize,
        cursor: Option<String>,
    ) -> (Vec<String>, Option<String>) {
        let page = PageRequest { limit, cursor };
        let page = self.store.list(query, &page).await.unwrap();
        let bodies = page.items.into_iter().map(|item| item.body).collect();
        (bodies, page.next)
    }

    /// The bodies of a whole list that fits on a page.
    pub(crate) async fn list(&self, query: &Query) -> Vec<String> {
        let (bodies, next) = self.page(query, 100, None).await;
        assert_eq!(next, None);
        bodies
    }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn task(name: &str) -> Key {
    Key::Task(TaskId::derived(&[name]))
}

pub(crate) fn run(name: &str) -> Key {
    Key::Run(RunId::derived(&[name]))
}

pub(crate) fn person(name: &str) -> PersonId {
    PersonId::derived(&[name])
}

/// A put of an item that is not there yet, its name as its body.
pub(crate) fn new_item(key: Key, body: &str) -> Put {
    Put {
        key,
        kind: "task",
        schema: 1,
        expect: Version::ABSENT,
        body: body.to_owned(),
        due: None,
        listing: None,
        lookup: None,
        expires_at: None,
    }
}

/// A put of a new task.
pub(crate) fn new_task(name: &str) -> Put {
    new_item(task(name), name)
}

/// A put of a new task in a list.
pub(crate) fn in_state(name: &str, state: &'static str, second: i64) -> Put {
    Put {
        listing: Some(Listing {
            kind: "task",
            state,
            at: at(second),
        }),
        ..new_task(name)
    }
}

/// A put of a new task of a person.
pub(crate) fn of_person(name: &str, whose: &str, second: i64) -> Put {
    Put {
        lookup: Some(Lookup {
            person: person(whose),
            kind: "task",
            at: at(second),
        }),
        ..new_task(name)
    }
}

/// A put of a new task that is due.
pub(crate) fn due_at(name: &str, second: i64) -> Put {
    Put {
        due: Some(at(second)),
        ..new_task(name)
    }
}

/// The same put over a version.
pub(crate) fn over_version(put: Put, version: u64) -> Put {
    Put {
        expect: Version(version),
        ..put
    }
}

pub(crate) fn putting(puts: impl IntoIterator<Item = Put>) -> Commit {
    Commit {
        puts: puts.into_iter().collect(),
        ..Commit::default()
    }
}

pub(crate) fn expecting(key: Key, version: u64) -> Check {
    Check {
        key,
        expect: Version(version),
    }
}

pub(crate) fn conflict(key: Key) -> Result<(), StoreError> {
    Err(StoreError::Conflict { key })
}
