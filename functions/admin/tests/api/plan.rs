//! Plan before apply, over the API.

use serde_json::{Value, json};

use crate::approvals::{as_, asked, gated_policy, key, path, step, waiting};
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

    let done = planned_and_applied(&world, changes.clone()).await;

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

/// Plans what engineers need to say yes for, and applies it.
async fn put_policy(world: &World, file: Value) {
    let changes = json!([{ "kind": "policy", "id": "engineering", "file": file }]);
    planned_and_applied(world, changes).await;
}

/// Plans changes and applies them; what came of it.
async fn planned_and_applied(world: &World, changes: Value) -> Value {
    let hash = plan(world, changes.clone()).await["hash"].clone();
    let body = json!({ "changes": changes, "plan": hash });
    let job = world.post("/v1/apply", body).await;
    let place = job.header("location").to_owned();
    job.expect(202);
    world.pass(5).await;
    world.pass(60).await;
    let done = world.get(&place).await.expect(200);
    assert_eq!(done["state"], "done", "{done}");
    done
}

#[tokio::test]
async fn whoever_a_corrected_policy_names_is_asked_and_nobody_else_decides() {
    let world = world();
    let (ada, first) = asked(&world).await;
    let mut corrected = gated_policy("pro");
    corrected["grants"][0]["approval"]["by"] = json!(["role:chief"]);

    put_policy(&world, corrected).await;

    let anew = waiting(&world, &ada).await;
    assert_eq!(anew["approvers"], json!(["role:chief"]));
    assert_eq!(anew["plan_hash"], first["plan_hash"]);
    let timeline = format!("/v1/people/{ada}/timeline?limit=200");
    let timeline = world.get(&timeline).await.expect(200);
    let mut items = timeline["items"].as_array().unwrap().iter();
    let void = items.find(|item| item["title"] == "approval void").unwrap();
    assert_eq!(void["detail"]["after"]["why"], "others are asked");
    let yes = |approval: &Value| format!("{}:approve", path(approval));
    let body = || Some(json!({ "reason": "fine" }));
    let it = key(&world, "approve", &["it-admin"]).await;
    let late = as_(&world, &it, "POST", &yes(&first), body()).await;
    assert_eq!(late.expect(409)["code"], "not_waiting");
    let other = as_(&world, &it, "POST", &yes(&anew), body()).await;
    assert_eq!(other.expect(403)["code"], "not_an_approver");
    let chief = key(&world, "approve", &["chief"]).await;
    let decided = as_(&world, &chief, "POST", &yes(&anew), body()).await;
    decided.expect(200);
    world.pass(60).await;
    assert_eq!(step(&world, &ada).await.0, "verified");
}

#[tokio::test]
async fn what_nobody_has_to_say_yes_to_any_more_is_given() {
    let world = world();
    let (ada, first) = asked(&world).await;
    let mut freed = gated_policy("pro");
    freed["grants"][0]
        .as_object_mut()
        .unwrap()
        .remove("approval");

    put_policy(&world, freed).await;

    assert_eq!(step(&world, &ada).await.0, "verified");
    let void = world.get(&path(&first)).await.expect(200);
    assert_eq!(void["state"], "void");
}
