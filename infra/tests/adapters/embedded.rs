//! The engine for one machine: what is on disk, backups, old items, and many writers at once.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use sando_core::approval::{Approval, ApprovalState};
use sando_core::audit::{Head, StreamId};
use sando_core::catch_up::CatchUp;
use sando_core::claim::{Claim, Held, Holder};
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::event::KnownCandidacy;
use sando_core::handshake::Handshake;
use sando_core::ids::{LeverId, PersonId};
use sando_core::person::Person;
use sando_core::retention::Purge;
use sando_core::review::Reviews;
use sando_core::rule::LastMatches;
use sando_core::store::{
    Commit, Entity, Group, Key, PageRequest, Put, Query, Store, StoreError, Version,
};
use sando_infra::dynamo::{DynamoStore, Embedded, EngineError, Tables};

async fn over(engine: &Embedded) -> Arc<dyn Store> {
    let tables = Tables::local();
    tables.create(&engine.client()).await.unwrap();
    Arc::new(DynamoStore::new(engine.client(), tables))
}

async fn open(path: &Path) -> (Embedded, Arc<dyn Store>) {
    let engine = Embedded::open(path).unwrap();
    let store = over(&engine).await;
    (engine, store)
}

fn counter(name: &str) -> Key {
    Key::Counter(name.to_owned())
}

fn put(name: &str, expect: u64, body: &str) -> Commit {
    let put = Put {
        key: counter(name),
        kind: "counter",
        schema: 1,
        expect: Version(expect),
        body: body.to_owned(),
        due: None,
        listing: None,
        lookup: None,
        expires_at: None,
    };
    Commit {
        puts: vec![put],
        ..Commit::default()
    }
}

async fn body(store: &Arc<dyn Store>, name: &str) -> Option<String> {
    let stored = store.get(&counter(name)).await.unwrap();
    stored.map(|stored| stored.body)
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sando.db");
    let (engine, store) = open(&path).await;
    store.commit(&put("a", 0, "kept")).await.unwrap();
    drop((engine, store));

    let (_engine, store) = open(&path).await;

    assert_eq!(body(&store, "a").await.as_deref(), Some("kept"));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (engine, store) = open(&folder.path().join("sando.db")).await;
    store.commit(&put("a", 0, "private")).await.unwrap();
    engine
        .backup(&folder.path().join("backup.db"))
        .await
        .unwrap();

    for file in folder.path().read_dir().unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn a_backup_holds_everything_and_is_restored_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("it's a backup.db");
    let (engine, store) = open(&folder.path().join("sando.db")).await;
    store.commit(&put("a", 0, "before")).await.unwrap();
    engine.backup(&backup).await.unwrap();
    store.commit(&put("a", 1, "after")).await.unwrap();
    store.commit(&put("b", 0, "after")).await.unwrap();

    engine.restore(&backup).await.unwrap();
    assert_eq!(body(&store, "a").await.as_deref(), Some("before"));
    assert_eq!(body(&store, "b").await, None);
    store.commit(&put("a", 1, "goes on")).await.unwrap();

    let (other, elsewhere) = open(&folder.path().join("other.db")).await;
    other.restore(&backup).await.unwrap();
    assert_eq!(body(&elsewhere, "a").await.as_deref(), Some("before"));
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    std::fs::write(&there, "something").unwrap();
    let (engine, _store) = open(&folder.path().join("sando.db")).await;

    let refused = engine.backup(&there).await;

    assert!(matches!(refused, Err(EngineError::File { .. })));
    assert_eq!(std::fs::read(&there).unwrap(), b"something");
}

#[tokio::test]
async fn what_is_no_backup_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    std::fs::write(&other, "no database at all").unwrap();
    let (engine, store) = open(&folder.path().join("sando.db")).await;
    store.commit(&put("a", 0, "kept")).await.unwrap();

    for path in [other, folder.path().join("missing")] {
        assert!(engine.restore(&path).await.is_err());
    }

    assert_eq!(body(&store, "a").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn what_may_be_forgotten_is_deleted_by_the_sweep_only() {
    let engine = Embedded::memory().unwrap();
    let store = over(&engine).await;
    let expiring = |name: &str, second| {
        let mut commit = put(name, 0, "x");
        commit.puts[0].expires_at = Some(Timestamp::from_second(second).unwrap());
        commit
    };
    // Both sides of any clock this will run under.
    store.commit(&expiring("old", 1_700_000_000)).await.unwrap();
    store.commit(&expiring("new", 9_000_000_000)).await.unwrap();
    store.commit(&put("kept", 0, "x")).await.unwrap();

    assert!(body(&store, "old").await.is_some());
    assert_eq!(engine.forget_expired().await.unwrap(), 1);

    assert_eq!(body(&store, "old").await, None);
    assert!(body(&store, "new").await.is_some());
    assert!(body(&store, "kept").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_of_many_concurrent_writers_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (_engine, store) = open(&folder.path().join("sando.db")).await;
    store.commit(&put("sum", 0, "0")).await.unwrap();

    let writers = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..10 {
                add_one(&store).await;
            }
        })
    });
    futures::future::join_all(writers).await;

    assert_eq!(body(&store, "sum").await.as_deref(), Some("80"));
}

async fn add_one(store: &Arc<dyn Store>) {
    loop {
        let read = store.get(&counter("sum")).await.unwrap().unwrap();
        let sum: u32 = read.body.parse().unwrap();
        let commit = put("sum", read.version.0, &(sum + 1).to_string());
        match store.commit(&commit).await {
            Ok(()) => return,
            Err(StoreError::Conflict { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_holds_up_nothing_else_that_is_due() {
    let engine = Embedded::memory().unwrap();
    let store = over(&engine).await;
    let mut commit = put("a", 0, "x");
    commit.puts[0].due = Some(Timestamp::UNIX_EPOCH);
    store.commit(&commit).await.unwrap();
    let shard = counter("a").shard(sando_core::store::DUE_SHARDS);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let call = engine.client().put_item().table_name("state");
    let call = call
        .item("pk", text("LATER#1"))
        .item("sk", text("LATER"))
        .item("version", AttributeValue::N("1".to_owned()))
        .item("due_pk", text(&format!("DUE#{shard:02}")))
        .item("due_at", text("1960-01-01T00:00:00.000000000Z"));
    call.send().await.unwrap();

    let due = store.due(shard, Timestamp::MAX, 10).await.unwrap();

    assert_eq!(due.len(), 1);
    assert_eq!(due[0].key, counter("a"));
}

/// The items of a stored fixture, as a release with schema 1 wrote them.
async fn with_schema_1() -> Arc<dyn Store> {
    let engine = Embedded::memory().unwrap();
    let store = over(&engine).await;
    let items: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(include_str!("../fixtures/state-schema-1.json")).unwrap();
    for item in items {
        let item = item.into_iter().map(|(name, value)| match value {
            serde_json::Value::String(text) => (name, AttributeValue::S(text)),
            number => (name, AttributeValue::N(number.to_string())),
        });
        let call = engine.client().put_item().table_name("state");
        let call = call.set_item(Some(item.collect()));
        call.send().await.unwrap();
    }
    store
}

#[tokio::test]
async fn items_of_schema_1_are_read() {
    let store = with_schema_1().await;

    let claim = Key::Claim(Claim::Contact(LeverId::parse("7a1c").unwrap()));
    let held = store.find::<Held>(&claim).await.unwrap().unwrap();
    let linked = Key::Claim(Claim::User("0a1b".to_owned()));
    let linked = store.find::<Held>(&linked).await.unwrap().unwrap();
    let known = Key::Person(PersonId::parse("per_2").unwrap());
    let known = store.find::<Person>(&known).await.unwrap().unwrap();
    let config = store.all::<ConfigItem>(&Group::Config).await.unwrap();
    let heads = store.all::<Head>(&Group::Heads).await.unwrap();

    assert_eq!(linked.entity.claim, Claim::User("0a1b".to_owned()));
    let user = known.entity.identifiers.users.first().unwrap();
    assert_eq!(user.name(), "acme/prod/7");
    let person = PersonId::parse("per_1").unwrap();
    assert_eq!(held.entity.holder, Holder::Person(person));
    assert_eq!(held.version, Version(3));
    assert_eq!(config[0].entity.kind, ConfigKind::App);
    assert_eq!(heads[0].entity.stream, StreamId::Config);
}

#[tokio::test]
async fn approvals_candidacies_and_single_items_of_schema_1_are_read() {
    let store = with_schema_1().await;

    let approval = Key::Approval("apr_1".parse().unwrap());
    let approval = store.find::<Approval>(&approval).await.unwrap().unwrap();
    let candidacy = Key::Candidacy(LeverId::parse("0b5a").unwrap());
    let known = store.find::<KnownCandidacy>(&candidacy).await.unwrap();
    let catch_up = store.find::<CatchUp>(&Key::CatchUp).await.unwrap();
    let purge = store.find::<Purge>(&Key::Purge).await.unwrap().unwrap();
    let handshake = store.find::<Handshake>(&Key::Handshake).await.unwrap();
    let matches = store.find::<LastMatches>(&Key::LastMatches).await.unwrap();
    let reviews = store.find::<Reviews>(&Key::Reviews).await.unwrap().unwrap();

    assert_eq!(approval.entity.state, ApprovalState::Waiting);
    let before: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let asked = approval.entity.may_decide(before);
    assert_eq!(asked, ["role:it-admin", "role:night"]);
    assert_eq!(approval.entity.due(), Some(before));
    assert_eq!(known.unwrap().entity.look_at, None);
    assert_eq!(catch_up.unwrap().entity.found, 3);
    assert_eq!((purge.entity.list, purge.entity.deleted), (2, 5));
    let handshake = handshake.unwrap().entity;
    assert_eq!(handshake.ping.unwrap().registration.as_str(), "hires");
    assert_eq!(handshake.tested.unwrap().problem, None);
    assert_eq!(matches.unwrap().entity.rules.len(), 1);
    assert!(reviews.entity.decided_at.is_some() && reviews.entity.told_at.is_none());
}

#[tokio::test]
async fn items_of_schema_1_are_found_in_every_index() {
    let store = with_schema_1().await;
    let task = Key::Task("tsk_1".parse().unwrap());
    let (kind, person) = ("task", PersonId::parse("per_1").unwrap());
    let page = PageRequest {
        limit: 10,
        cursor: None,
    };

    let shard = task.shard(sando_core::store::DUE_SHARDS);
    let due = store.due(shard, Timestamp::MAX, 10).await.unwrap();
    let states = vec!["open"];
    let open = store.list(&Query::States { kind, states }, &page).await;
    let theirs = store.list(&Query::Person { person, kind }, &page).await;

    assert_eq!(due[0].key, task);
    assert_eq!(due[0].version, Version(4));
    assert_eq!(open.unwrap().items[0].key, task);
    assert_eq!(theirs.unwrap().items[0].key, task);
}
