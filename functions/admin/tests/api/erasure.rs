//! Erasing somebody by hand, and for how long what is over is kept.

use sando_core::audit::{Head, Record};
use sando_core::erasure::{Erasure, Extent};
use sando_core::ids::PersonId;
use sando_core::person::Person;
use sando_core::store::{Commit, Group, Key, Put};
use serde_json::json;

use crate::builder::connected_to;
use crate::identity::{merge, read, split, twins};
use crate::world::{Answer, World, world};

const PERSONAL: [&str; 3] = ["Ada Park", "ada@mail.example", "ada.park@contoso.example"];

/// Which of these texts any item or any record of the audit shows.
async fn stored(world: &World) -> Vec<&'static str> {
    let items = world.memory.items();
    let mut all: Vec<String> = items.into_iter().map(|item| item.body).collect();
    let store = &world.ports.store;
    for head in store.all::<Head>(&Group::Heads).await.unwrap() {
        let records: Vec<Record> = store.records(&head.entity.stream, 1, 1000).await.unwrap();
        all.push(serde_json::to_string(&records).unwrap());
    }
    let is_stored = |text: &&str| all.iter().any(|one| one.contains(text));
    PERSONAL.into_iter().filter(is_stored).collect()
}

/// By how many words somebody is found.
pub(crate) fn words_of(world: &World, id: &str) -> usize {
    let items = world.memory.items();
    let words = items.iter().filter(|item| item.kind == "word");
    words.filter(|item| item.body.contains(id)).count()
}

/// Ada has Figma.
pub(crate) async fn with_figma(world: &World) -> String {
    let figma = json!({ "name": "Figma", "owner": "design-ops@contoso.example", "provisioner": {
        "type": "scim", "base_url": "https://figma.example/scim", "auth": { "type": "bearer" } } });
    world.put("/v1/apps/figma", figma).await.expect(201);
    let policy = json!({ "grants": [{ "app": "figma" }] });
    world
        .put("/v1/policies/everybody", policy)
        .await
        .expect(201);
    let id = world.applied_again().await;
    settle(world).await;
    id
}

pub(crate) async fn settle(world: &World) {
    for _ in 0..6 {
        world.pass(60).await;
    }
}

#[tokio::test]
async fn somebody_who_left_is_erased_and_the_audit_keeps_a_pseudonym() {
    let world = world();
    let id = with_figma(&world).await;
    let now = json!({ "at": "now", "reason": "agreed" });
    world
        .post(&format!("/v1/people/{id}:terminate"), now)
        .await
        .expect(200);
    settle(&world).await;
    assert_eq!(world.run_of(&id).await["state"], "finished");
    assert_eq!(stored(&world).await, PERSONAL);
    assert_eq!(words_of(&world, &id), 3, "ada, park and the department");

    let path = format!("/v1/people/{id}:erase");
    let reason = json!({ "reason": "request 4711" });
    let erased = world.post(&path, reason.clone()).await.expect(200);
    settle(&world).await;

    assert_eq!(erased, json!({ "id": id, "erased": true }));
    assert_eq!(stored(&world).await, [""; 0]);
    assert_eq!(words_of(&world, &id), 0);
    let engineers = world.get("/v1/people?department=Engineering").await;
    assert_eq!(engineers.expect(200)["items"], json!([]));
    world.get(&format!("/v1/people/{id}")).await.expect(404);
    world.post(&path, reason).await.expect(404);
    let audit = world
        .get(&format!("/v1/audit?stream=person/{id}&limit=200"))
        .await;
    assert!(audit.text.contains("person erased") && audit.text.contains("request 4711"));
    let verified = world.post("/v1/audit:verify", json!({})).await.expect(200);
    assert_eq!(verified["ok"], true);

    // Whoever comes under the same key is somebody else, and does not get the address.
    let bo = json!({ "attributes": { "name": "Bo Lind", "department": "Sales" } });
    let bo = world.put("/v1/people/hr-1", bo).await.expect(201);
    assert_ne!(bo["id"], id.as_str());
    let hers = json!({ "attributes": { "work_email": "ada.park@contoso.example" } });
    let taken = world.put("/v1/people/hr-1", hers).await.expect(409);
    assert_eq!(taken["code"], "address_taken");
}

#[tokio::test]
async fn nobody_is_erased_who_is_here_or_holds_something() {
    let world = world();
    let id = with_figma(&world).await;
    let path = format!("/v1/people/{id}:erase");
    let reason = json!({ "reason": "request 4711" });

    let here = world.post(&path, reason.clone()).await.expect(409);
    *world.fakes.refuses.lock().unwrap() = true;
    let now = json!({ "at": "now" });
    world
        .post(&format!("/v1/people/{id}:terminate"), now)
        .await
        .expect(200);
    settle(&world).await;
    let held = world.post(&path, reason).await.expect(409);

    assert_eq!(here["code"], "still_here");
    assert_eq!(held["code"], "still_held");
    assert!(held["detail"].as_str().unwrap().contains("figma"));
    assert_eq!(stored(&world).await, PERSONAL);
}

async fn terminate(world: &World, id: &str) {
    let path = format!("/v1/people/{id}:terminate");
    let now = json!({ "at": "now" });
    world.post(&path, now).await.expect(200);
    settle(world).await;
}

async fn erase(world: &World, id: &str) -> Answer {
    let reason = json!({ "reason": "request 4711" });
    world.post(&format!("/v1/people/{id}:erase"), reason).await
}

#[tokio::test]
async fn whoever_was_merged_into_somebody_is_erased_with_them() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    merge(&world, &twin, &ada).await.expect(200);
    settle(&world).await;
    terminate(&world, &ada).await;

    let alone = erase(&world, &twin).await.expect(409);
    erase(&world, &ada).await.expect(200);
    settle(&world).await;

    assert_eq!(alone["code"], "merged");
    assert_eq!(stored(&world).await, [""; 0]);
    for id in [ada, twin] {
        world.get(&format!("/v1/people/{id}")).await.expect(404);
        let key = Key::PersonKey(PersonId::parse(&id).unwrap());
        assert!(world.ports.store.get(&key).await.unwrap().is_none());
    }
}

/// Lever has deleted somebody, and so much of them is to be erased.
async fn deleted(world: &World, id: &str, extent: Extent) {
    let key = Key::Person(PersonId::parse(id).unwrap());
    let mut person = world
        .ports
        .store
        .find::<Person>(&key)
        .await
        .unwrap()
        .unwrap();
    let now = world.ports.clock.now();
    person.entity.erasure = Some(Erasure::by_lever(extent, "evt", now));
    let commit = Commit {
        puts: vec![Put::of(&person.entity, person.version)],
        ..Commit::default()
    };
    world.ports.store.commit(&commit).await.unwrap();
}

#[tokio::test]
async fn nobody_is_merged_who_is_to_be_erased() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    deleted(&world, &twin, Extent::Everything).await;

    let refused = merge(&world, &twin, &ada).await.expect(409);

    assert_eq!(refused["code"], "erasure_asked");
}

#[tokio::test]
async fn what_recruiting_knew_of_whoever_is_merged_is_to_be_erased_of_the_one_who_stays() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    deleted(&world, &twin, Extent::Recruiting).await;
    let is_asked = async |id: &str| !read(&world, id).await["erasure"].is_null();

    merge(&world, &twin, &ada).await.expect(200);
    world.pass(120).await;
    let merged = [is_asked(&ada).await, is_asked(&twin).await];
    split(&world, &ada, &[&twin]).await.expect(200);

    assert_eq!(merged, [true, false]);
    assert_eq!([is_asked(&ada).await, is_asked(&twin).await], [false, true]);
}

#[tokio::test]
async fn nobody_is_erased_while_something_is_to_be_taken_away_by_hand() {
    let world = world();
    let id = with_figma(&world).await;
    let acme = json!({ "owner": "it@contoso.example" });
    world.put("/v1/apps/acme", acme).await.expect(201);
    let hers = json!({ "id": "7", "mail": "ada@mail.example", "state": "on" });
    connected_to(&world, vec![hers]).await;
    terminate(&world, &id).await;

    let held = erase(&world, &id).await.expect(409);
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let task = tasks["items"][0]["id"].as_str().unwrap();
    let complete = format!("/v1/tasks/{task}:complete");
    let done = world.post(&complete, json!({ "reason": "done" }));
    done.await.expect(200);
    erase(&world, &id).await.expect(200);

    assert_eq!(held["code"], "still_held");
    assert!(held["detail"].as_str().unwrap().contains("by hand"));
}

#[tokio::test]
async fn the_reason_says_why_and_does_not_name_the_person() {
    let world = world();
    let id = world.ada().await;
    let path = format!("/v1/people/{id}:erase");

    for reason in ["", "  ", "asked by ada", "mail of ADA@mail.example"] {
        let wrong = world.post(&path, json!({ "reason": reason })).await;
        assert_eq!(wrong.expect(422)["errors"][0]["path"], "reason");
    }
    world.post(&path, json!({})).await.expect(422);
}

#[tokio::test]
async fn how_long_what_is_over_is_kept_is_a_setting() {
    let world = world();
    let shown = world.get("/v1/settings").await.expect(200);
    assert_eq!(shown["retention"]["candidates_days"], 365);
    assert_eq!(shown["retention"]["jobs_days"], 7);

    let wrong = json!({ "retention": { "events_days": 1, "jobs_days": 0 } });
    let wrong = world.put("/v1/settings", wrong).await.expect(422);
    let paths: Vec<&str> = wrong["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["retention.events_days", "retention.jobs_days"]);

    let kept = json!({ "retention": { "candidates_days": 90 } });
    world.put("/v1/settings", kept).await.expect(200);
    world.put("/v1/settings", json!({})).await.expect(200);
    let shown = world.get("/v1/settings").await.expect(200);
    assert_eq!(
        shown["retention"]["candidates_days"], 90,
        "left out, it stays"
    );
}
