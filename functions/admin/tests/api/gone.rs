//! The file of an application is deleted while steps need it, and put back.

use serde_json::{Value, json};

use crate::world::{World, world};

/// The file that [`World::configured`] puts.
fn figma() -> Value {
    json!({ "name": "Figma", "owner": "design-ops@contoso.example", "provisioner": {
        "type": "scim", "base_url": "https://figma.example/scim", "auth": { "type": "bearer" } } })
}

/// The step of the newest run of a person that is about an application.
async fn step(world: &World, person: &str, app: &str) -> Value {
    let run = world.run_of(person).await;
    let of_app = |step: &&Value| step["id"].as_str().unwrap().ends_with(&format!("/{app}"));
    let steps = run["steps"].as_array().unwrap();
    steps.iter().find(of_app).unwrap().clone()
}

/// The titles of the open tasks about Figma.
async fn asked(world: &World) -> Vec<String> {
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let tasks = tasks["items"].as_array().unwrap().clone();
    let tasks = tasks.iter().filter(|task| task["app"] == "figma");
    tasks
        .map(|task| task["title"].as_str().unwrap().to_owned())
        .collect()
}

async fn retry(world: &World, person: &str) {
    let run = world.run_of(person).await;
    let (run, step) = (&run["id"], step(world, person, "figma").await);
    let (run, step) = (run.as_str().unwrap(), step["id"].as_str().unwrap());
    let path = format!("/v1/runs/{run}/steps/{step}:retry");
    let body = json!({ "reason": "its file is back" });
    world.post(&path, body).await.expect(200);
    world.pass(60).await;
}

#[tokio::test]
async fn a_step_whose_application_was_deleted_says_what_to_do_and_works_with_the_file_back() {
    let world = world();
    let person = world.applied().await;
    world.delete("/v1/apps/figma").await.expect(204);

    world.pass(60).await;

    let failed = step(&world, &person, "figma").await;
    assert_eq!(failed["state"], "failed");
    let why = failed["reason"].as_str().unwrap();
    assert!(why.contains("put its file back and retry"), "{why}");
    let desk = step(&world, &person, "desk").await;
    assert_eq!(desk["state"], "waiting", "the others go on: {desk}");
    let title = "figma is due to somebody, and is not configured";
    assert_eq!(asked(&world).await, [title]);

    world.put("/v1/apps/figma", figma()).await.expect(201);
    retry(&world, &person).await;

    assert_eq!(step(&world, &person, "figma").await["state"], "verified");
    assert!(world.has_seat(&person));
    assert_eq!(asked(&world).await, [""; 0], "nobody has to do it any more");
}

#[tokio::test]
async fn a_leaver_keeps_nothing_unseen_because_the_application_was_deleted() {
    let world = world();
    let person = world.applied().await;
    world.pass(60).await;
    assert_eq!(world.grant(&person, "figma").await["state"], "active");
    world.delete("/v1/apps/figma").await.expect(204);

    let leave = format!("/v1/people/{person}:terminate");
    world.post(&leave, json!({ "at": "now" })).await.expect(200);
    world.pass(60).await;

    assert_eq!(step(&world, &person, "figma").await["state"], "failed");
    assert_eq!(world.grant(&person, "figma").await["state"], "failed");
    let title = "figma is to be taken away, and is not configured";
    assert_eq!(asked(&world).await, [title]);
    assert!(world.has_seat(&person));

    world.put("/v1/apps/figma", figma()).await.expect(201);
    retry(&world, &person).await;

    assert_eq!(step(&world, &person, "figma").await["state"], "verified");
    assert!(!world.has_seat(&person));
    assert_eq!(asked(&world).await, [""; 0]);
}
