//! The account that is the company's directory: its users become people, and who is not active there any more may leave.

use std::collections::BTreeSet;

use sando_core::admin::review::Place;
use sando_core::admin::settings::{self, LeverSecrets};
use sando_core::admin::{AdminError, Expect, files, links, outside, syncs};
use sando_core::claim::Claim;
use sando_core::config::ConfigKind;
use sando_core::event::{Event, EventState};
use sando_core::grant::{Entitlement, Grant, GrantState};
use sando_core::handle::load::matched;
use sando_core::ids::ApprovalId;
use sando_core::intake::Match;
use sando_core::person::{Identifiers, Lifecycle, Merged, Person};
use sando_core::rule::EventKind;
use sando_core::settings::Settings;
use sando_core::store::{Commit, Entity, Key, Put, Version};
use serde_json::{Value, json};

use crate::world::{World, definition, slug, user, users};

/// A company whose directory is the account.
pub(crate) async fn with_directory(users: Vec<Value>) -> World {
    directory_of(definition(), users).await
}

async fn directory_of(file: Value, users: Vec<Value>) -> World {
    let world = World::empty(None);
    world.serve(users);
    let directory = json!({
        "definition": "acme", "account": "prod", "attributes": { "plan": "licenses[0]" }
    });
    let wanted = Settings {
        directory: Some(serde_json::from_value(directory).unwrap()),
        ..Settings::default()
    };
    put(&world, wanted).await;
    world.connect_with(file).await;
    world.rest().await;
    world
}

/// Puts these settings in place of those that are there.
async fn put(world: &World, wanted: Settings) {
    let (secrets, who, none) = (&world.fakes.secrets, world.who(), LeverSecrets::default());
    let put = settings::put(
        &world.ports,
        secrets,
        &who,
        wanted,
        &none,
        &Expect::Anything,
    );
    put.await.unwrap();
}

pub(crate) async fn person(world: &World, key: &str) -> Option<Person> {
    match matched(&world.ports, &[Claim::outside(key)]).await.unwrap() {
        Match::One(person) => Some(person.entity),
        Match::Nobody | Match::Several(_) => None,
    }
}

/// What is known of people who are not active in the directory any more.
fn vanished(world: &World) -> Vec<Event> {
    let items = world.store.items();
    let events = items.iter().filter(|item| item.kind == Event::KIND);
    let events = events.map(|item| item.read::<Event>().unwrap().entity);
    events
        .filter(|event| event.kind == EventKind::UserVanished)
        .collect()
}

pub(crate) fn count(world: &World, is_one: impl Fn(&Key) -> bool) -> usize {
    let items = world.store.items();
    items.iter().filter(|item| is_one(&item.key)).count()
}

#[tokio::test]
async fn who_is_active_in_the_directory_is_a_person_and_is_given_nothing() {
    let mut served = users(0..4);
    served[2]["state"] = json!("off");
    served[3]["mail"] = json!("");

    let world = with_directory(served).await;

    let known = person(&world, "directory:u0").await.unwrap();
    assert_eq!((known.state, known.baselined), (Lifecycle::Active, true));
    assert_eq!(known.text("work_email"), Some("u0@contoso.example"));
    assert_eq!(known.text("plan"), Some("Pro"));
    assert!(person(&world, "directory:u1").await.is_some());
    assert!(person(&world, "directory:u2").await.is_none());
    assert_eq!(count(&world, |key| matches!(key, Key::Person(_))), 2);
    let given = |key: &Key| matches!(key, Key::Run(_) | Key::Grant(..));
    assert_eq!(count(&world, given), 0);
    assert!(vanished(&world).is_empty());
}

#[tokio::test]
async fn what_changes_in_the_directory_changes_the_person_and_nothing_else_is_written() {
    let mut served = users(0..2);
    served[0]["plan"] = json!("free");
    let world = with_directory(served).await;
    let before = person(&world, "directory:u0").await.unwrap();
    assert_eq!(before.text("plan"), None);
    let other = |world: &World| {
        let items = world.store.items().into_iter();
        let people = items.filter(|item| item.kind == Person::KIND);
        let mut versions: Vec<u64> = people.map(|item| item.version.0).collect();
        versions.sort_unstable();
        versions
    };
    assert_eq!(other(&world), [1, 1]);

    world.serve(users(0..2));
    world.day().await;
    let after = person(&world, "directory:u0").await.unwrap();
    assert_eq!(after.text("plan"), Some("Pro"));
    assert_eq!(other(&world), [1, 2]);

    // Somebody who is new the day after.
    world.serve(users(0..3));
    world.day().await;
    assert!(person(&world, "directory:u2").await.is_some());
    assert_eq!(other(&world), [1, 1, 2]);
}

#[tokio::test]
async fn who_is_known_from_elsewhere_is_recognised_and_stays_as_they_are() {
    let world = with_directory(users(1..2)).await;
    let attributes = json!({ "work_email": "u0@contoso.example", "plan": "of HR" });
    let given = outside::Given {
        attributes: attributes.as_object().unwrap().clone(),
        ..outside::Given::default()
    };
    let who = world.who();
    let put = outside::put(&world.ports, &who, "hr-1", &given, &Expect::Anything);
    put.await.unwrap();

    world.serve(users(0..2));
    world.day().await;

    let known = person(&world, "hr-1").await.unwrap();
    assert_eq!(known.text("plan"), Some("of HR"));
    assert!(person(&world, "directory:u0").await.is_none());
    assert_eq!(count(&world, |key| matches!(key, Key::Person(_))), 2);
}

#[tokio::test]
async fn without_a_rule_a_human_has_to_say_who_left() {
    let world = with_directory(users(0..30)).await;

    let mut served = users(0..29);
    served[28]["state"] = json!("off");
    world.serve(served);
    world.day().await;

    let events = vanished(&world);
    assert_eq!(events.len(), 2);
    assert!(
        events
            .iter()
            .all(|event| event.state == EventState::NeedsHuman)
    );
    assert_eq!(count(&world, |key| matches!(key, Key::Task(_))), 2);
    for key in ["directory:u28", "directory:u29"] {
        let person = person(&world, key).await.unwrap();
        assert_eq!(person.state, Lifecycle::Active);
    }
    // Told once.
    world.day().await;
    assert_eq!(vanished(&world).len(), 2);
}

#[tokio::test]
async fn where_a_rule_says_so_who_vanishes_from_the_directory_leaves() {
    let world = with_directory(users(0..30)).await;
    let workflow = json!({
        "workflow": "gone", "direction": "revoke", "steps": [{ "id": "access", "type": "revoke" }]
    });
    let rule = json!({ "rule": "gone", "event": "user.vanished", "workflow": "gone" });
    for (kind, file) in [(ConfigKind::Workflow, workflow), (ConfigKind::Rule, rule)] {
        let (id, who) = (slug("gone"), world.who());
        let put = files::put(&world.ports, &who, kind, &id, file, &Expect::Anything);
        put.await.unwrap();
    }
    let gone = person(&world, "directory:u29").await.unwrap();
    let store = &world.ports.store;
    let key = Key::Person(gone.id);
    let mut given_back = store.find::<Person>(&key).await.unwrap().unwrap();
    given_back
        .entity
        .kept
        .insert(slug("acme"), Entitlement::default());
    let commit = Commit {
        puts: vec![Put::of(&given_back.entity, given_back.version)],
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();

    world.serve(users(0..29));
    world.day().await;

    let gone = person(&world, "directory:u29").await.unwrap();
    assert_eq!(gone.state, Lifecycle::Left);
    assert!(gone.kept.is_empty(), "they keep nothing that leaves them");
    let events = vanished(&world);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].person.as_ref(), Some(&gone.id));
    assert_eq!(events[0].runs.len(), 1);
    let stays = person(&world, "directory:u28").await.unwrap();
    assert_eq!(stays.state, Lifecycle::Active);

    // They are there again: coming back is said by hand.
    world.serve(users(0..30));
    world.day().await;
    let gone = person(&world, "directory:u29").await.unwrap();
    assert_eq!(gone.state, Lifecycle::Left);
}

#[tokio::test]
async fn who_was_merged_and_lost_an_account_through_us_takes_nobody_along() {
    let world = with_directory(users(0..30)).await;
    let stays = person(&world, "directory:u28").await.unwrap();
    let gone = person(&world, "directory:u29").await.unwrap();
    let now = world.ports.clock.now();
    let account = world.account().await;
    let mut taken = Grant::desired(&gone.id, &account.app, Entitlement::default(), now);
    taken.state = GrantState::Revoked;
    let key = Key::Person(gone.id.clone());
    let mut loaded = world
        .ports
        .store
        .find::<Person>(&key)
        .await
        .unwrap()
        .unwrap();
    loaded.entity.merged = Some(Merged {
        into: stays.id.clone(),
        at: now,
        state: Lifecycle::Active,
        leaves_at: None,
        identifiers: Identifiers::default(),
        gained: Identifiers::default(),
        claims: BTreeSet::new(),
        erasure: None,
    });
    let commit = Commit {
        puts: vec![
            Put::of(&loaded.entity, loaded.version),
            Put::of(&taken, Version::ABSENT),
        ],
        ..Commit::default()
    };
    world.ports.store.commit(&commit).await.unwrap();

    let mut served = users(0..30);
    served[29]["state"] = json!("off");
    world.serve(served);
    world.day().await;

    assert!(vanished(&world).is_empty());
    let stays = person(&world, "directory:u28").await.unwrap();
    assert_eq!(stays.state, Lifecycle::Active);
}

/// What a person had in the directory's application is taken away, or called off, as of now.
async fn loses(world: &World, person: &Person, approval: Option<ApprovalId>) {
    let (now, app) = (world.ports.clock.now(), world.account().await.app);
    let mut gone = Grant::desired(&person.id, &app, Entitlement::default(), now);
    gone.state = GrantState::Revoked;
    gone.approval = approval;
    let commit = Commit {
        puts: vec![Put::of(&gone, Version::ABSENT)],
        ..Commit::default()
    };
    world.ports.store.commit(&commit).await.unwrap();
}

#[tokio::test]
async fn who_got_an_account_back_from_somebody_else_leaves_with_it() {
    let world = with_directory(users(0..30)).await;
    let known = person(&world, "directory:u29").await.unwrap();
    world.day().await;
    loses(&world, &known, None).await;
    let mut without = users(0..30);
    without[29]["state"] = json!("off");
    world.serve(without.clone());
    world.day().await;
    assert!(vanished(&world).is_empty(), "it is our own doing");

    world.serve(users(0..30));
    world.day().await;
    world.serve(without);
    world.day().await;

    let events = vanished(&world);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].person.as_ref(), Some(&known.id));
}

#[tokio::test]
async fn what_was_called_off_before_it_was_given_is_not_what_they_lost() {
    let world = with_directory(users(0..30)).await;
    let known = person(&world, "directory:u29").await.unwrap();
    world.day().await;
    loses(&world, &known, Some(ApprovalId::derived(&["refused"]))).await;

    world.serve(users(0..29));
    world.day().await;

    assert_eq!(vanished(&world).len(), 1);
}

/// Says by hand that a user of the directory is a person.
async fn link(world: &World, external_id: &str, person: &Person) -> Result<bool, AdminError> {
    let (definition, name) = (slug("acme"), slug("prod"));
    let place = Place {
        definition: &definition,
        name: &name,
        external_id,
    };
    let (who, id, any) = (world.who(), person.id.as_str(), Expect::Anything);
    links::link(&world.ports, &who, place, id, "a second one", &any).await
}

#[tokio::test]
async fn who_loses_a_second_user_linked_by_hand_has_not_left() {
    let mut file = definition();
    file["users_without_email"] = json!("keep");
    let mut served = users(0..30);
    served[29]["mail"] = json!(null);
    let world = directory_of(file, served.clone()).await;
    let stays = person(&world, "directory:u0").await.unwrap();
    assert!(link(&world, "u29", &stays).await.unwrap());

    served[28]["mail"] = json!(null);
    served[29]["state"] = json!("off");
    world.serve(served.clone());
    world.day().await;
    assert!(vanished(&world).is_empty());
    // Without an address they are still whom the directory knows.
    let known = link(&world, "u28", &stays).await;
    assert!(matches!(known, Err(AdminError::Refused { code, .. }) if code == "key_known"));

    served[0]["state"] = json!("off");
    world.serve(served);
    world.day().await;
    let events = vanished(&world);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].person.as_ref(), Some(&stays.id));
}

#[tokio::test]
async fn a_sync_that_is_held_lets_nobody_go_before_it_is_released() {
    let world = with_directory(users(0..60)).await;

    world.serve(users(0..30));
    world.day().await;
    assert_eq!(world.account().await.held, Some(2));
    assert!(vanished(&world).is_empty());

    let (id, name) = (slug("acme"), slug("prod"));
    let who = world.who();
    let accept = syncs::Accept::Some(["u59".to_owned()].into());
    syncs::release(&world.ports, &who, &id, &name, None, &accept)
        .await
        .unwrap();
    world.rest().await;

    let events = vanished(&world);
    assert_eq!(events.len(), 1);
    let gone = person(&world, "directory:u59").await.unwrap();
    assert_eq!(events[0].person.as_ref(), Some(&gone.id));
}

#[tokio::test]
async fn a_mapping_that_changes_is_read_of_everybody() {
    let world = with_directory(vec![user(0)]).await;
    let (mut wanted, _) = settings::current(&world.ports).await.unwrap();
    let attributes = json!({ "seat": "licenses[0]" });
    if let Some(directory) = &mut wanted.directory {
        directory.attributes = attributes.as_object().unwrap().clone();
    }
    put(&world, wanted).await;

    world.day().await;

    let known = person(&world, "directory:u0").await.unwrap();
    assert_eq!(known.text("seat"), Some("Pro"));
}
