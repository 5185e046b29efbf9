//! Plan before apply, over the API.

use serde_json::{Value, json};

use crate::world::{World, world};

fn figma(price: i64) -> Value {
    json!({ "kind": "app", "id": "figma", "file": {
        "plans": [{ "id": "pro", "price": { "amount_minor": price, "currency": "USD", "per": "month" } }],
        "provisioner": { "type": "scim", "base_url": "https://figma.example/scim", "auth": { "type": "bearer" } },
    } })
}

fn policy(department: &str) -> Value {
    json!({ "kind": "policy", "id": "engineering", "file": {
        "when": [{ "path": "department", "op": "is", "value": department }],
        "grants": [{ "app": "figma", "plan": "pro" }],
    } })
}

pub(crate) async fn plan(world: &World, changes: Value) -> Value {
    let body = json!({ "changes": changes });
    world.post("/v1/plan", body).await.expect(200)
}

#[tokio::test]
async fn a_plan_shows_who_gains_and_loses_what_and_stores_nothing() {
    let world = world();
    let ada = world.applied().await;
    world.pass(60).await;

    let unchanged = plan(&world, json!([])).await;
    let lost = plan(&world, json!([figma(1500), policy("Sales")])).await;
    let gone = plan(&world, json!([{ "kind": "policy", "id": "engineering" }])).await;

    assert_eq!(
        (&unchanged["people"], &unchanged["affected"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        lost["totals"],
        json!({ "gains": 0, "changes": 0, "losses": 2 }),
        "{lost}"
    );
    assert_eq!(lost["losing"], 1);
    assert_eq!(lost["over_cap"], false);
    assert_eq!(lost["effects"][1]["person"], ada.as_str());
    assert_eq!(lost["effects"][1]["app"], "figma");
    assert_eq!(lost["effects"][1]["effect"], "loses");
    assert_eq!(gone["totals"]["losses"], 2);
    assert_ne!(unchanged["hash"], lost["hash"]);
    let kept = world.get("/v1/policies/engineering").await.expect(200);
    assert_eq!(kept["when"][0]["value"], "Engineering", "nothing was put");
    assert_eq!(
        plan(&world, json!([figma(1500), policy("Sales")])).await["hash"],
        lost["hash"]
    );
}

#[tokio::test]
async fn a_plan_says_what_it_costs() {
    let world = world();
    world.applied().await;
    let put = |change: Value| change["file"].clone();
    world
        .put("/v1/apps/figma", put(figma(1500)))
        .await
        .expect(200);

    let cheaper = plan(&world, json!([policy("Nobody")])).await;

    let saved = json!([{ "amount_minor": -1500, "currency": "USD" }]);
    assert_eq!(cheaper["monthly"], saved, "{cheaper}");
}

#[tokio::test]
async fn mistakes_are_told_at_once_and_a_long_plan_is_a_job() {
    let world = world();
    world.applied().await;

    let wrong = json!({ "changes": [policy("Sales"), { "kind": "rule", "id": "x", "file": { "event": "candidate.hirred" } }] });
    let told = world.post("/v1/plan", wrong).await.expect(422);
    let later = json!({ "changes": [policy("Sales")] });
    let prefer = [("prefer", "respond-async")];
    let job = world.call("POST", "/v1/plan", Some(later), &prefer).await;
    let place = job.header("location").to_owned();
    world.pass(1).await;

    assert!(
        told["errors"][0]["path"]
            .as_str()
            .unwrap()
            .starts_with("changes[1].file")
    );
    let done = world.get(&place).await.expect(200);
    assert_eq!(done["state"], "done");
    assert_eq!(done["result"]["losing"], 1);
}

#[tokio::test]
async fn a_plan_rests_on_the_configuration_that_it_began_with() {
    let world = world();
    world.applied().await;
    let later = json!({ "changes": [policy("Sales")] });
    let prefer = [("prefer", "respond-async")];
    let first = plan(&world, json!([policy("Sales")])).await;

    let job = world.call("POST", "/v1/plan", Some(later), &prefer).await;
    let place = job.header("location").to_owned();
    world.put("/v1/apps/miro", json!({})).await.expect(201);
    world.pass(1).await;
    let second = world.get(&place).await.expect(200);

    assert_eq!(second["state"], "done", "it began after the change");
    assert_ne!(
        second["result"]["hash"], first["hash"],
        "it rests on something else"
    );
}

#[tokio::test]
async fn applied_changes_reach_everybody_once() {
    let world = world();
    let ada = world.applied().await;
    world.pass(60).await;
    let before = world.run_of(&ada).await;
    let changes = json!([policy("Sales")]);
    let hash = plan(&world, changes.clone()).await["hash"].clone();

    let body = json!({ "changes": changes, "plan": hash });
    let job = world.post("/v1/apply", body).await;
    let place = job.header("location").to_owned();
    job.expect(202);
    world.pass(5).await;
    world.pass(60).await;

    let done = world.get(&place).await.expect(200);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["result"]["started"], 1);
    let put = world.get("/v1/policies/engineering").await.expect(200);
    assert_eq!(put["when"][0]["value"], "Sales");
    let run = world.run_of(&ada).await;
    assert_ne!(run["id"], before["id"]);
    assert_eq!(run["workflow"], "change");
    assert_eq!(world.grant(&ada, "figma").await["state"], "revoked");
    let again = plan(&world, changes).await;
    assert_eq!(again["affected"], 0);
}

#[tokio::test]
async fn a_plan_that_does_not_hold_any_more_puts_nothing() {
    let world = world();
    world.applied().await;
    world.pass(60).await;
    let changes = json!([policy("Sales")]);
    let hash = plan(&world, changes.clone()).await["hash"].clone();
    world.put("/v1/apps/miro", json!({})).await.expect(201);

    let body = json!({ "changes": changes, "plan": hash });
    let job = world.post("/v1/apply", body).await;
    let place = job.header("location").to_owned();
    world.pass(60).await;

    let done = world.get(&place).await.expect(200);
    assert_eq!(done["state"], "failed");
    assert!(
        done["reason"].as_str().unwrap().contains("plan again"),
        "{done}"
    );
    let put = world.get("/v1/policies/engineering").await.expect(200);
    assert_eq!(put["when"][0]["value"], "Engineering");
}
