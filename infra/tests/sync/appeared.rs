//! Somebody appears in the directory: the rules for `user.appeared` say what follows (L5, L30).

use sando_core::admin::{Expect, files, outside};
use sando_core::audit::StreamId;
use sando_core::config::ConfigKind;
use sando_core::event::{Event, EventState};
use sando_core::grant::{Entitlement, Grant, GrantState};
use sando_core::ids::{PersonId, StepId};
use sando_core::rule::EventKind;
use sando_core::run::{Run, RunState, StepState};
use sando_core::store::{Commit, Entity, Key, Put, Version};
use sando_core::task::{Task, TaskKind};
use serde_json::{Value, json};

use crate::directory::{count, person, with_directory};
use crate::world::{World, slug, user, users};

/// Everything of a kind that is stored.
fn all<E: Entity>(world: &World) -> Vec<E> {
    let items = world.store.items();
    let items = items.iter().filter(|item| item.kind == E::KIND);
    items.map(|item| item.read::<E>().unwrap().entity).collect()
}

fn appeared(world: &World) -> Vec<Event> {
    let mut events = all::<Event>(world);
    events.retain(|event| event.kind == EventKind::UserAppeared);
    events
}

fn of(world: &World, id: &PersonId) -> Option<Event> {
    let mut events = appeared(world).into_iter();
    events.find(|event| event.person.as_ref() == Some(id))
}

/// Whoever appears with a licence is greeted, gets what is due, and a laptop.
async fn with_rule(world: &World) {
    let workflow = json!({ "workflow": "arrive", "steps": [
        { "id": "hello", "type": "notify", "to": "{work_email}", "text": "Welcome" },
        { "id": "access", "type": "grant" },
        { "id": "laptop", "type": "task", "owner": "it@contoso.example", "title": "Laptop" },
    ] });
    let rule = json!({ "rule": "arrive", "event": "user.appeared", "workflow": "arrive",
        "when": [{ "path": "plan", "op": "is", "value": "Pro" }] });
    let desk = json!({ "app": "desk", "provisioner": { "type": "manual" } });
    let policy = json!({ "policy": "arrive", "grants": [{ "app": "desk" }] });
    for (kind, name, file) in [
        (ConfigKind::App, "desk", desk),
        (ConfigKind::Policy, "arrive", policy),
        (ConfigKind::Workflow, "arrive", workflow),
        (ConfigKind::Rule, "arrive", rule),
    ] {
        let (id, who) = (slug(name), world.who());
        let put = files::put(&world.ports, &who, kind, &id, file, &Expect::Anything);
        put.await.unwrap();
    }
}

async fn known_elsewhere(world: &World, key: &str, address: &str) -> PersonId {
    let attributes = json!({ "work_email": address });
    let given = outside::Given {
        attributes: attributes.as_object().unwrap().clone(),
        ..outside::Given::default()
    };
    let who = world.who();
    let put = outside::put(&world.ports, &who, key, &given, &Expect::Anything);
    Box::pin(put).await.unwrap().0.entity.id
}

fn inactive(id: usize) -> Value {
    let mut user = user(id);
    user["state"] = json!("off");
    user
}

#[tokio::test]
async fn who_appears_in_the_directory_starts_what_the_rule_says_and_is_given_nothing() {
    let world = with_directory(users(0..30)).await;
    with_rule(&world).await;
    assert!(appeared(&world).is_empty(), "they were there already");

    let mut served = users(0..32);
    served[31]["plan"] = json!("free");
    world.serve(served.clone());
    world.day().await;

    let known = person(&world, "directory:u30").await.unwrap();
    assert!(known.baselined);
    let event = of(&world, &known.id).unwrap();
    assert_eq!((event.state, event.runs.len()), (EventState::Done, 1));
    let says = |event: &Event, text: &str| event.why.iter().any(|why| why.text.contains(text));
    assert!(says(&event, "rule `arrive` matches and starts `arrive`"));
    let runs = all::<Run>(&world);
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (&runs[0].person, runs[0].state),
        (&known.id, RunState::Running)
    );
    let access = runs[0].step(&StepId::from("access")).unwrap();
    assert_eq!(access.state, StepState::Verified);
    let why = access.reason.as_deref().unwrap();
    assert!(why.contains("was here already"), "{why}");
    let tasks = all::<Task>(&world);
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(
        (tasks[0].kind, tasks[0].title.as_str()),
        (TaskKind::Step, "Laptop")
    );
    assert_eq!(count(&world, |key| matches!(key, Key::Grant(..))), 0);
    let greeted = |world: &World| {
        let told = world.fakes.told.lock().unwrap();
        told.iter().filter(|text| *text == "Welcome").count()
    };
    assert_eq!(greeted(&world), 1);
    let stream = StreamId::Person(known.id.clone());
    let records = world.ports.store.records(&stream, 1, 100).await.unwrap();
    let actions: Vec<&str> = records.iter().map(|one| one.action.as_str()).collect();
    assert!(actions.contains(&"event user.appeared"), "{actions:?}");

    // Without the licence the rule starts nothing, and the event says why.
    let other = person(&world, "directory:u31").await.unwrap();
    let event = of(&world, &other.id).unwrap();
    assert_eq!((event.state, event.runs.len()), (EventState::Ignored, 0));
    assert!(says(&event, "rule `arrive` cannot be decided"));

    // Once: the same list, a change, somebody who is gone for a day.
    world.day().await;
    served[31]["plan"] = json!("pro");
    served.remove(30);
    world.serve(served);
    world.day().await;
    world.serve(users(0..32));
    world.day().await;
    assert_eq!(appeared(&world).len(), 2);
    assert_eq!((all::<Run>(&world).len(), greeted(&world)), (1, 1));
}

#[tokio::test]
async fn who_was_there_when_the_directory_was_read_first_has_not_appeared() {
    let mut served = users(0..2);
    served[1] = inactive(1);
    let world = with_directory(served).await;
    let known = person(&world, "directory:u0").await.unwrap();
    let events = all::<Event>(&world);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].person.as_ref(), Some(&known.id));
    assert_eq!(events[0].state, EventState::Baselined);
    let why = events[0].why.last().unwrap();
    assert!(why.text.contains("no `user.appeared`"), "{}", why.text);

    // Active for the first time: the human was not known.
    world.serve(users(0..2));
    world.day().await;

    let comes = person(&world, "directory:u1").await.unwrap();
    let event = of(&world, &comes.id).unwrap();
    assert_eq!(event.state, EventState::Ignored, "no rule names it");
    assert_eq!(appeared(&world).len(), 1);
}

#[tokio::test]
async fn who_is_known_appears_with_a_first_user_that_is_not_of_our_making() {
    let mut served = users(0..30);
    served[29] = inactive(29);
    let world = with_directory(served).await;
    let first = known_elsewhere(&world, "hr-1", "u30@contoso.example").await;
    let given = known_elsewhere(&world, "hr-2", "u31@contoso.example").await;
    let there = known_elsewhere(&world, "hr-3", "u29@contoso.example").await;
    let (now, app) = (world.ports.clock.now(), world.account().await.app);
    let mut ours = Grant::desired(&given, &app, Entitlement::default(), now);
    ours.state = GrantState::Active;
    let commit = Commit {
        puts: vec![Put::of(&ours, Version::ABSENT)],
        ..Commit::default()
    };
    world.ports.store.commit(&commit).await.unwrap();

    world.serve(users(0..32));
    world.day().await;

    let event = of(&world, &first).unwrap();
    assert_eq!(event.source, "directory");
    assert!(of(&world, &given).is_none(), "it is our own doing");
    assert!(of(&world, &there).is_none(), "the user was there before");
    world.day().await;
    assert_eq!(appeared(&world).len(), 1);
}

#[tokio::test]
async fn who_lost_an_account_here_once_appears_with_one_that_somebody_else_made() {
    let world = with_directory(users(0..30)).await;
    let known = known_elsewhere(&world, "hr-1", "u30@contoso.example").await;
    let (now, app) = (world.ports.clock.now(), world.account().await.app);
    let mut taken = Grant::desired(&known, &app, Entitlement::default(), now);
    taken.state = GrantState::Revoked;
    let commit = Commit {
        puts: vec![Put::of(&taken, Version::ABSENT)],
        ..Commit::default()
    };
    world.ports.store.commit(&commit).await.unwrap();

    world.serve(users(0..31));
    world.day().await;

    assert!(of(&world, &known).is_some());
}
