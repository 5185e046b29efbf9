//! What a roster is after syncs that go well, and how much that writes.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use sando_core::admin::{AdminError, Expect, Who, accounts, files};
use sando_core::config::ConfigKind;
use sando_core::handle::tick::tick;
use sando_core::handle::{Worked, work};
use sando_core::ports::{Ports, RemoteError, SecretValues, Secrets};
use sando_core::store::{Entity, Key};
use sando_core::sync::SyncState;
use sando_core::testing::KeptSecrets;
use sando_infra::memory::{Hook, yield_once};
use serde_json::json;

use crate::world::{World, roster_of, slug, users};

#[tokio::test]
async fn the_first_sync_brings_everybody() {
    let world = World::with(users(0..25)).await;

    assert_eq!(world.roster().await, roster_of(&users(0..25)));
    let account = world.account().await;
    assert_eq!(
        (account.applied, account.users, account.active),
        (1, 25, 25)
    );
    let sync = world.last().await;
    assert_eq!(sync.state, SyncState::Done);
    assert_eq!(sync.counts.new, 25);
    assert_eq!(sync.version, 1);
    assert!(sync.certificate.unwrap().complete);
}

#[tokio::test]
async fn an_unchanged_roster_writes_no_user() {
    let world = World::with(users(0..250)).await;
    let before: Vec<u64> = world
        .store
        .items()
        .iter()
        .map(|item| item.version.0)
        .collect();

    world.day().await;

    let account = world.account().await;
    assert_eq!(account.applied, 2);
    let sync = world.last().await;
    assert_eq!((sync.counts.unchanged, sync.counts.changed), (250, 0));
    let after: Vec<u64> = world
        .store
        .items()
        .iter()
        .map(|item| item.version.0)
        .collect();
    let writes: u64 = after.iter().sum::<u64>() - before.iter().sum::<u64>();
    assert!(writes < 30, "{writes} writes");
}

#[tokio::test]
async fn who_is_gone_is_kept_for_as_long_as_the_settings_say() {
    let world = World::with(users(0..30)).await;
    world.serve(users(0..29));
    world.day().await;
    let kept = json!({ "retention": { "dropped_users_days": 2, "syncs_days": 14 } });
    let (kind, id) = (ConfigKind::Settings, slug("settings"));
    files::put(
        &world.ports,
        &world.who(),
        kind,
        &id,
        kept,
        &Expect::Anything,
    )
    .await
    .unwrap();

    world.day().await;
    assert_eq!(world.entries().await.len(), 30);
    for _ in 0..3 {
        world.day().await;
    }

    assert_eq!(world.entries().await.len(), 29);
    assert_eq!(world.roster().await, roster_of(&users(0..29)));
    let sync = world.last().await;
    assert_eq!((sync.counts.users, sync.counts.vanished), (29, 0));
    let two_weeks = SignedDuration::from_hours(14 * 24);
    assert_eq!(sync.expires_at(), Some(sync.started_at + two_weeks));
}

#[tokio::test]
async fn who_is_not_in_the_list_any_more_is_marked_deleted_and_can_come_back() {
    let world = World::with(users(0..30)).await;

    world.serve(users(0..29));
    world.day().await;

    assert_eq!(world.roster().await, roster_of(&users(0..29)));
    let applied = world.account().await.applied;
    let entries = world.entries().await;
    let gone: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry.visible(applied))
        .filter(|face| face.deleted)
        .collect();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].user.external_id, "u29");
    assert_eq!(world.last().await.counts.vanished, 1);

    world.serve(users(0..30));
    world.day().await;
    assert_eq!(world.roster().await, roster_of(&users(0..30)));
}

#[tokio::test]
async fn somebody_without_an_address_any_more_has_not_vanished() {
    let world = World::with(users(0..3)).await;
    let mut served = users(0..3);
    served[1]["mail"] = json!(null);

    world.serve(served);
    world.day().await;

    assert_eq!(world.roster().await, roster_of(&users(0..3)));
    assert_eq!(world.last().await.counts.vanished, 0);
}

#[tokio::test]
async fn a_user_tells_why() {
    let mut served = users(0..1);
    served[0]["state"] = json!("LOCKED");
    let world = World::with(served).await;

    let entry = &world.entries().await[0];

    let face = entry.visible(1).unwrap();
    assert_eq!(
        face.why,
        [
            "deleted: `state` is `LOCKED`, rule 1 wants `on`",
            "licence `Pro`: `plan` is `pro`, as rule 1 wants"
        ]
    );
}

#[tokio::test]
async fn why_a_user_is_what_they_are_shows_no_part_of_a_secret() {
    // The secret begins within what is shown of a value, and ends behind it.
    let start = "a".repeat(77);
    let mut served = users(0..1);
    served[0]["state"] = json!(format!("{start}sk-1"));
    let world = World::with(served).await;

    let entry = &world.entries().await[0];

    let why = &entry.visible(1).unwrap().why;
    let expected = format!("deleted: `state` is `{start}***`, rule 1 wants `on`");
    assert_eq!(why[0], expected);
}

#[tokio::test]
async fn a_user_without_problems_tells_why_they_are_active_and_licensed() {
    let world = World::with(users(0..1)).await;

    let entry = &world.entries().await[0];

    assert_eq!(
        entry.visible(1).unwrap().why,
        [
            "active: `state` is `on`, as rule 1 wants",
            "licence `Pro`: `plan` is `pro`, as rule 1 wants"
        ]
    );
}

#[tokio::test]
async fn a_certificate_shows_who_became_no_user_and_why() {
    let mut served = users(0..14);
    for user in served.iter_mut().skip(1) {
        user["mail"] = json!("nobody");
    }
    served[13]["id"] = json!(null);

    let world = World::with(served).await;

    let certificate = world.last().await.certificate.unwrap();
    assert_eq!(certificate.users, 1);
    assert_eq!(certificate.dropped["invalid_email"], 12);
    let shown = &certificate.left_out["invalid_email"];
    assert_eq!(shown.len(), 10);
    assert_eq!(shown[0].external_id.as_deref(), Some("u1"));
    assert_eq!(shown[0].why, "its email address is not valid: `nobody`");
    let nameless = &certificate.left_out["no_external_id"];
    assert_eq!(nameless[0].external_id, None);
    assert_eq!(nameless[0].why, "it has no external id");
}

#[tokio::test]
async fn many_workers_one_after_the_other_come_to_the_same_roster() {
    let mut world = World::empty(None);
    // Every worker has to leave at once: one request each.
    world.turn = SignedDuration::ZERO;
    world.serve(users(0..95));
    world.connect().await;
    world.rest().await;
    assert_eq!(world.roster().await, roster_of(&users(0..95)));
    assert!(world.last().await.turns > 5);

    world.serve(users(5..105));
    world.day().await;

    assert_eq!(world.roster().await, roster_of(&users(5..105)));
    let counts = world.last().await.counts;
    assert_eq!((counts.new, counts.vanished, counts.unchanged), (10, 5, 90));
    assert_eq!((counts.before, counts.users), (95, 100));
}

#[tokio::test]
async fn two_syncs_at_once_are_one() {
    let world = World::with(users(0..5)).await;
    let (id, name) = (slug("acme"), slug("prod"));

    let who = world.who();
    let sync = || accounts::sync(&world.ports, &who, &id, &name);
    let first = sync().await.unwrap();
    let second = sync().await.unwrap();
    world.rest().await;

    assert_eq!((first, second), (2, 2));
    assert_eq!(world.account().await.applied, 2);
    assert_eq!(world.account().await.last_number, 2);
}

#[tokio::test]
async fn of_two_workers_at_one_sync_one_runs() {
    // Everybody waits for everybody at every step of the store.
    let hook: Hook = Arc::new(|_| Box::pin(yield_once()));
    let world = World::empty(Some(hook));
    world.serve(users(0..35));
    world.connect().await;
    world.rest().await;
    let before = world.fakes.app.lock().unwrap().requests;
    let (id, name) = (slug("acme"), slug("prod"));

    let who = world.who();
    let sync = || accounts::sync(&world.ports, &who, &id, &name);
    let (first, second) = tokio::join!(sync(), sync());
    assert!(first.is_ok() || second.is_ok());
    tick(&world.ports, SignedDuration::ZERO).await.unwrap();
    let mut done = 0;
    for message in world.fakes.messages() {
        let work = || work(&world.ports, &message);
        let (one, other) = tokio::join!(work(), work());
        let worked = [one.unwrap(), other.unwrap()];
        done += worked
            .iter()
            .filter(|worked| **worked == Worked::Done)
            .count();
    }

    assert_eq!(done, 1);
    // Four pages and an empty one.
    let requests = world.fakes.app.lock().unwrap().requests - before;
    assert_eq!(requests, 5);
    let account = world.account().await;
    assert_eq!((account.last_number, account.applied), (2, 2));
    assert_eq!(world.roster().await, roster_of(&users(0..35)));
}

#[tokio::test]
async fn an_account_is_synced_once_a_day() {
    let world = World::with(users(0..5)).await;
    for _ in 0..(10 * 24) {
        world.pass(3_600).await;
    }

    let number = world.account().await.last_number;

    assert!((10..=12).contains(&number), "{number} syncs in ten days");
}

#[tokio::test]
async fn the_users_of_an_account_that_is_disconnected_are_deleted() {
    let world = World::with(users(0..200)).await;
    let (id, name) = (slug("acme"), slug("prod"));
    let roster = world.account().await.roster;

    let who = world.who();
    let secrets = &world.fakes.secrets;
    let of = (&id, &name);
    let expect = Expect::Anything;
    let gone = accounts::disconnect(&world.ports, secrets, &who, of, &expect);
    gone.await.unwrap();
    world.rest().await;

    let left =
        world.store.items().into_iter().filter(
            |item| matches!(&item.key, Key::Entry(of, _) | Key::Sync(of, _) if *of == roster),
        );
    assert_eq!(left.count(), 0);
}

/// Somebody replaces the account at the moment when its secrets are gone.
struct Replacing<'a> {
    ports: &'a Ports,
    kept: &'a KeptSecrets,
    who: Who,
}

#[async_trait]
impl Secrets for Replacing<'_> {
    async fn read(&self, owner: &str, fresh: bool) -> Result<Option<SecretValues>, RemoteError> {
        self.kept.read(owner, fresh).await
    }

    async fn write(&self, owner: &str, values: &SecretValues) -> Result<(), RemoteError> {
        self.kept.write(owner, values).await
    }

    async fn remove(&self, owner: &str) -> Result<(), RemoteError> {
        self.kept.remove(owner).await?;
        let (id, name, expect) = (slug("acme"), slug("prod"), Expect::Anything);
        let given = accounts::Given {
            replace: true,
            ..accounts::Given::default()
        };
        let of = (&id, &name);
        let replaced = accounts::connect(self.ports, self.kept, &self.who, of, &given, &expect);
        assert!(!Box::pin(replaced).await.unwrap());
        Ok(())
    }
}

#[tokio::test]
async fn an_account_that_is_replaced_while_it_is_disconnected_stays() {
    let world = World::with(users(0..5)).await;
    let (id, name) = (slug("acme"), slug("prod"));
    let before = world.account().await.roster;
    let secrets = Replacing {
        ports: &world.ports,
        kept: &world.fakes.secrets,
        who: world.who(),
    };

    let (of, who, expect) = ((&id, &name), world.who(), Expect::Anything);
    let gone = accounts::disconnect(&world.ports, &secrets, &who, of, &expect).await;

    assert!(matches!(gone, Err(AdminError::Stale)), "{gone:?}");
    assert_ne!(world.account().await.roster, before);
    assert!(world.fakes.secrets.of("account/acme/prod").is_some());
}
