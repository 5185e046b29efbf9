//! Runs, steps and tasks moved by hand.

use serde_json::{Value, json};

use crate::console::Browser;
use crate::world::{World, world};

fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    let steps = run["steps"].as_array().unwrap();
    steps.iter().find(|step| step["id"] == id).unwrap()
}

async fn failed(world: &World) -> (String, String) {
    *world.fakes.refuses.lock().unwrap() = true;
    let person = world.applied().await;
    world.pass(60).await;
    *world.fakes.refuses.lock().unwrap() = false;
    let run = world.run_of(&person).await;
    assert_eq!(step(&run, "access/figma")["state"], "failed");
    (person, run["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_failed_step_is_tried_again_however_its_id_is_written() {
    for (written, suffix) in [
        ("access/figma", ":retry"),
        ("access%2Ffigma", ":retry"),
        ("access%2Ffigma", "%3Aretry"),
    ] {
        let world = world();
        let (_, run) = failed(&world).await;

        let path = format!("/v1/runs/{run}/steps/{written}{suffix}");
        let again = world
            .post(&path, json!({ "reason": "more seats" }))
            .await
            .expect(200);
        world.pass(30).await;

        assert_eq!(again["state"], "running");
        let run = world.get(&format!("/v1/runs/{run}")).await.expect(200);
        assert_eq!(step(&run, "access/figma")["state"], "verified");
        world.post(&path, json!({})).await.expect(409);
    }
}

#[tokio::test]
async fn a_skipped_step_lets_the_others_go_on() {
    let world = world();
    let (_, run) = failed(&world).await;

    let path = format!("/v1/runs/{run}/steps/access/figma:skip");
    let skipped = world
        .post(&path, json!({ "reason": "not needed" }))
        .await
        .expect(200);

    assert_eq!(step(&skipped, "access/figma")["state"], "skipped");
    assert_eq!(step(&skipped, "access/figma")["reason"], "not needed");
    world
        .post(&format!("/v1/runs/{run}/steps/nothing:skip"), json!({}))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_cancelled_run_does_nothing_more() {
    let world = world();
    let person = world.applied().await;
    world.pass(60).await;
    let run = world.run_of(&person).await["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let path = format!("/v1/runs/{run}:cancel");
    let cancelled = world
        .post(&path, json!({ "reason": "a mistake" }))
        .await
        .expect(200);

    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(step(&cancelled, "access/desk")["state"], "cancelled");
    assert_eq!(step(&cancelled, "access/figma")["state"], "verified");
    let open = world.get("/v1/tasks?state=open").await.expect(200);
    assert_eq!(open["items"], json!([]));
    let again = world.post(&path, json!({})).await.expect(409);
    assert_eq!(again["code"], "run_over");
}

#[tokio::test]
async fn nobody_is_asked_any_more_for_what_only_a_cancelled_run_lacked() {
    let world = world();
    world.configured().await;
    let attributes = json!({ "attributes": { "name": "contact.name", "team": "posting.categories.team" },
        "required": ["team"] });
    world.put("/v1/attributes", attributes).await.expect(201);
    let person = world.applied_again().await;
    world.pass(60).await;
    let open = world.get("/v1/tasks?state=open").await.expect(200);
    assert_eq!(open["items"][0]["kind"], "missing");
    let run = world.run_of(&person).await;

    let path = format!("/v1/runs/{}:cancel", run["id"].as_str().unwrap());
    let cancel = json!({ "reason": "a mistake" });
    world.post(&path, cancel).await.expect(200);

    let open = world.get("/v1/tasks?state=open").await.expect(200);
    assert_eq!(open["items"], json!([]));
}

#[tokio::test]
async fn a_task_that_is_done_ends_its_step() {
    let world = world();
    let person = world.applied().await;
    world.pass(60).await;
    let tasks = world
        .get("/v1/tasks?state=open&owner=it@contoso.example")
        .await
        .expect(200);
    let task = tasks["items"][0].clone();
    let path = format!("/v1/tasks/{}", task["id"].as_str().unwrap());

    let owner = json!({ "owner": "desk@contoso.example" });
    let moved = world
        .post(&format!("{path}:reassign"), owner)
        .await
        .expect(200);
    let done = world
        .post(&format!("{path}:complete"), json!({ "reason": "ok" }))
        .await
        .expect(200);
    world.pass(30).await;

    assert_eq!(task["title"], "Give access to desk");
    assert_eq!(moved["owner"], "desk@contoso.example");
    assert_eq!(done["state"], "done");
    let run = world.run_of(&person).await;
    assert_eq!(step(&run, "access/desk")["state"], "verified");
    assert_eq!(run["state"], "finished", "{run:#}");
    world
        .post(&format!("{path}:complete"), json!({}))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_step_done_by_hand_needs_its_task() {
    let world = world();
    let person = world.applied().await;
    world.pass(60).await;
    let run = world.run_of(&person).await["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let path = format!("/v1/runs/{run}/steps");
    world
        .post(&format!("{path}/access/desk:complete"), json!({}))
        .await
        .expect(200);
    let none = world
        .post(&format!("{path}/access/figma:complete"), json!({}))
        .await
        .expect(409);
    world.pass(30).await;

    assert_eq!(none["code"], "no_task");
    let run = world.run_of(&person).await;
    assert_eq!(step(&run, "access/desk")["state"], "verified");
}

#[tokio::test]
async fn the_task_of_a_failed_effect_mends_a_run_that_was_over() {
    let world = world();
    let (person, run) = failed(&world).await;
    let path = format!("/v1/runs/{run}/steps/access/desk:complete");
    world.post(&path, json!({})).await.expect(200);
    world.pass(30).await;
    assert_eq!(world.run_of(&person).await["state"], "failed");
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let task = tasks["items"][0]["id"].as_str().unwrap().to_owned();

    world
        .post(&format!("/v1/tasks/{task}:complete"), json!({}))
        .await
        .expect(200);
    world.pass(30).await;

    let run = world.run_of(&person).await;
    assert_eq!(step(&run, "access/figma")["state"], "verified");
    assert_eq!(run["state"], "finished", "{run:#}");
}

#[tokio::test]
async fn runs_are_found_by_state_and_workflow() {
    let world = world();
    let person = world.applied().await;
    world.pass(60).await;
    let count = |path: String| {
        let world = &world;
        async move {
            let list = world.get(&path).await.expect(200);
            list["items"].as_array().unwrap().len()
        }
    };

    assert_eq!(count("/v1/runs?state=running".to_owned()).await, 1);
    assert_eq!(count("/v1/runs?state=failed".to_owned()).await, 0);
    assert_eq!(
        count(format!("/v1/runs?person={person}&workflow=change")).await,
        1
    );
    assert_eq!(
        count(format!("/v1/runs?person={person}&workflow=offboard")).await,
        0
    );
}

#[tokio::test]
async fn a_step_shows_what_was_called_for_it_with_the_status() {
    let world = world();
    let (_, run) = failed(&world).await;
    let path = format!("/v1/runs/{run}");
    let retry = format!("{path}/steps/access/figma:retry");
    world.post(&retry, json!({})).await.expect(200);
    world.pass(30).await;

    let shown = world.get(&path).await.expect(200);

    let calls = step(&shown, "access/figma")["calls"].as_array().unwrap();
    let told: Vec<(&str, u64)> = calls
        .iter()
        .map(|call| {
            assert_eq!(call["result"], "answered", "{call}");
            assert_eq!(call["took_ms"], 12, "{call}");
            let status = call["status"].as_u64().unwrap();
            (call["request"].as_str().unwrap(), status)
        })
        .collect();
    let refused = [("look", 200), ("create", 403)];
    let made = [("look", 200), ("create", 201), ("verify", 200)];
    assert_eq!(told, [&refused[..], &made].concat());
    assert_eq!(step(&shown, "access/desk")["calls"], json!([]));

    let mut browser = Browser::admin(&world).await;
    let page = browser.get(&format!("/console/runs/{run}")).await.text;
    assert!(page.contains("<code>create</code> answered 403"), "{page}");
    assert!(page.contains("12 ms"), "{page}");
}
