//! People who were here already (L30): what the rosters show counts as held, and nothing moves before they are applied.

use serde_json::{Value, json};

use crate::builder::{connected_to, row};
use crate::console::Browser;
use crate::drift::{TWO_DAYS, access, acme, task};
use crate::events::a_hire;
use crate::world::{World, ada, world};

/// Somebody who is not due Acme.
async fn bo(world: &World) -> String {
    let bo = json!({ "attributes": { "name": "Bo Lind", "personal_email": "bo@mail.example",
        "work_email": "bo@contoso.example", "department": "Sales" }, "start_date": "2026-03-02" });
    let put = world.put("/v1/people/hr-2", bo).await.expect(201);
    put["id"].as_str().unwrap().to_owned()
}

/// Ada, who is due Acme, and Bo, who is not; both have it. One was known before the roster was read, one is since.
async fn company() -> (World, String, String) {
    let world = world();
    acme(&world).await;
    let ada = world.ada().await;
    let rows = vec![row("zoe", "on"), row("ada.park", "on"), row("bo", "on")];
    connected_to(&world, rows).await;
    let bo = bo(&world).await;
    (world, ada, bo)
}

/// How many tasks about Acme are open.
async fn open(world: &World) -> usize {
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let tasks = tasks["items"].as_array().unwrap().clone();
    let acme = |task: &&Value| task["app"] == "acme";
    tasks.iter().filter(acme).count()
}

#[tokio::test]
async fn what_they_have_is_held_and_nothing_moves_before_they_are_applied() {
    let (world, ada, bo) = company().await;
    world.pass(TWO_DAYS).await;

    for id in [&ada, &bo] {
        let now = access(&world, id).await;
        assert_eq!(now["actual"].as_array().unwrap().len(), 1, "{now}");
        assert_eq!(now["actual"][0]["app"], "acme");
        assert_eq!(now["actual"][0]["state"], "active");
        assert_eq!(now["actual"][0]["found"], true);
        assert_eq!(now["drift"], json!([]), "it contradicts nothing");
        let page = format!("/console/people/{id}/access");
        let page = Browser::admin(&world).await.get(&page).await.text;
        assert!(page.contains("held (found)"), "{page}");
    }
    assert_eq!(access(&world, &ada).await["plan"], json!([]));
    let plan = access(&world, &bo).await["plan"].clone();
    assert_eq!(plan[0]["why"], "no longer due", "{plan}");

    assert_eq!(world.get("/v1/runs").await.expect(200)["items"], json!([]));
    assert_eq!(open(&world).await, 0);
    let items = world.memory.items();
    let grants = items.iter().filter(|item| item.kind == "grant");
    assert_eq!(grants.count(), 0, "the roster is the record");

    // What the roster does not show any more is not held any more.
    let rows = vec![row("zoe", "on"), row("ada.park", "on"), row("bo", "off")];
    world.serve(rows);
    world.pass(TWO_DAYS).await;
    let now = access(&world, &bo).await;
    assert_eq!((&now["actual"], &now["plan"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn what_was_shown_is_what_applying_them_does() {
    let (world, ada, bo) = company().await;
    let path = world.replay_of(&bo).await;

    let shown = world.post(&path, json!({})).await.expect(200);
    assert_eq!(shown["plan"][0]["why"], "no longer due", "{shown}");
    assert_eq!(shown["plan"], access(&world, &bo).await["plan"]);
    world.pass(60).await;
    assert_eq!(open(&world).await, 0, "it was only shown");
    let earnest = json!({ "dry_run": false });
    world.post(&path, earnest.clone()).await.expect(200);
    world.pass(60).await;

    let take = task(&world, "open").await;
    assert_eq!(take["title"], "Take away access to acme");
    let timeline = world.get(&format!("/v1/people/{bo}/timeline")).await;
    let text = timeline.text;
    assert!(text.contains("acme: account held already"), "{text}");

    // What is due and there stays as it is.
    let path = world.replay_of(&ada).await;
    world.post(&path, earnest).await.expect(200);
    world.pass(60).await;
    assert_eq!(world.run_of(&ada).await["state"], "finished");
    let now = access(&world, &ada).await;
    assert_eq!(now["actual"][0]["state"], "active", "{now}");
    assert_eq!(now["actual"][0]["found"], true);
    assert_eq!((&now["plan"], &now["drift"]), (&json!([]), &json!([])));
    assert_eq!(open(&world).await, 1);
}

#[tokio::test]
async fn who_leaves_without_having_been_applied_loses_it_once() {
    let (world, _, bo) = company().await;

    let path = format!("/v1/people/{bo}:terminate");
    let dry = json!({ "at": "now", "dry_run": true });
    let shown = world.post(&path, dry).await.expect(200);
    assert_eq!(shown["plan"][0]["app"], "acme", "{shown}");
    assert_eq!(open(&world).await, 0);
    world.post(&path, json!({ "at": "now" })).await.expect(200);
    world.pass(60).await;

    assert_eq!(open(&world).await, 1);
    let now = access(&world, &bo).await;
    assert_eq!(now["actual"].as_array().unwrap().len(), 1, "{now}");
    assert_eq!(now["actual"][0]["state"], "revoking");
    let timeline = world.get(&format!("/v1/people/{bo}/timeline")).await;
    let text = timeline.text;
    assert!(text.contains("acme: account found in a roster"), "{text}");
}

#[tokio::test]
async fn an_account_under_another_address_is_not_called_held() {
    let world = world();
    acme(&world).await;
    let bo = bo(&world).await;
    let his = json!({ "id": "7", "mail": "bo@mail.example", "state": "on" });
    connected_to(&world, vec![his]).await;

    let now = access(&world, &bo).await;

    assert_eq!((&now["actual"], &now["plan"]), (&json!([]), &json!([])));
    assert_eq!(now["drift"][0]["kind"], "unexplained");
    assert_eq!(now["drift"][0]["external_id"], "7");
}

#[tokio::test]
async fn who_is_hired_after_they_were_put_gets_what_is_due_and_keeps_what_is_there() {
    let world = world();
    acme(&world).await;
    let mut starter = ada();
    starter["start_date"] = json!("2027-03-01");
    let put = world.put("/v1/people/hr-1", starter).await.expect(201);
    let id = put["id"].as_str().unwrap();
    assert_eq!(put["baselined"], true);
    connected_to(&world, vec![row("zoe", "on"), row("ada.park", "on")]).await;

    a_hire(&world, "Engineering").await;
    world.pass(60).await;

    let person = world.get(&format!("/v1/people/{id}")).await.expect(200);
    assert_eq!(person["state"], "preboarding");
    assert_eq!(person["baselined"], false);
    assert_eq!(world.grant(id, "figma").await["state"], "active");
    let held = world.grant(id, "acme").await;
    assert_eq!(
        (&held["state"], &held["found"]),
        (&json!("active"), &json!(true))
    );
    assert_eq!(open(&world).await, 0, "nobody is asked for it");
}
