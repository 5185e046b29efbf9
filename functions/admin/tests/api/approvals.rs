//! Approvals: asked for, decided by those who may, bound to their plan.

use serde_json::{Value, json};

use crate::world::{Answer, TOKEN, World, ada, world};

/// A key with a scope and roles; answers its header.
pub(crate) async fn key(world: &World, scope: &str, roles: &[&str]) -> String {
    let body = json!({ "name": "a key", "scopes": [scope], "roles": roles });
    let made = world.post("/v1/keys", body).await.expect(201);
    format!("Bearer {}", made["secret"].as_str().unwrap())
}

pub(crate) async fn as_(
    world: &World,
    token: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    world
        .call(method, path, body, &[("authorization", token)])
        .await
}

/// Engineers get `figma` when somebody of `it-admin` says yes.
async fn gated(world: &World) {
    world.configured().await;
    let price = json!({ "amount_minor": 1500, "currency": "USD", "per": "month" });
    let figma = json!({ "name": "Figma", "plans": [{ "id": "pro", "price": price }, { "id": "max" }],
        "provisioner": { "type": "scim", "base_url": "https://figma.example/scim" } });
    world.put("/v1/apps/figma", figma).await.expect(200);
    world
        .put("/v1/policies/engineering", gated_policy("pro"))
        .await
        .expect(200);
}

/// Engineers get a plan of `figma` if somebody of `it-admin` says yes.
pub(crate) fn gated_policy(plan: &str) -> Value {
    json!({
        "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
        "grants": [{ "app": "figma", "plan": plan, "approval": {
            "by": ["role:it-admin"], "expires": "72h", "escalate_to": ["group:security"] } }]
    })
}

/// Ada waits for an approval; answers her id and the approval.
pub(crate) async fn asked(world: &World) -> (String, Value) {
    gated(world).await;
    let ada = world.applied_again().await;
    world.pass(1).await;
    let list = world
        .get(&format!("/v1/approvals?person={ada}&state=waiting"))
        .await
        .expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list:#}");
    (ada, list["items"][0].clone())
}

pub(crate) fn path(approval: &Value) -> String {
    format!("/v1/approvals/{}", approval["id"].as_str().unwrap())
}

pub(crate) async fn step(world: &World, person: &str) -> (String, String) {
    let run = world.run_of(person).await;
    let steps = run["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["id"] == "access/figma");
    let text = |name: &str| step.unwrap()[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("reason"))
}

async fn access(world: &World, person: &str) -> String {
    let access = world
        .get(&format!("/v1/people/{person}/access"))
        .await
        .expect(200);
    access["actual"][0]["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_asked_for_waits_until_an_approver_says_yes() {
    let world = world();
    let (ada, approval) = asked(&world).await;
    assert_eq!(approval["effects"][0]["app"], "figma");
    assert_eq!(approval["effects"][0]["plan"], "pro");
    assert_eq!(approval["cost"]["amount_minor"], 1500);
    assert_eq!(approval["approvers"], json!(["role:it-admin"]));
    assert_eq!(approval["expires_at"], "2027-01-07T09:00:01Z");
    assert_eq!(step(&world, &ada).await.0, "waiting");
    let it = key(&world, "approve", &["it-admin"]).await;

    let seen = as_(&world, &it, "GET", &path(&approval), None)
        .await
        .expect(200);
    assert_eq!(seen["about"]["name"], "Ada Park");
    assert_eq!(seen["state"], "waiting", "looking decides nothing");
    let yes = format!("{}:approve", path(&approval));
    let done = as_(
        &world,
        &it,
        "POST",
        &yes,
        Some(json!({ "reason": "joins design" })),
    )
    .await
    .expect(200);
    world.pass(60).await;

    assert_eq!(done["state"], "approved");
    assert_eq!(done["decisions"][0]["decision"], "approved");
    assert_eq!(done["decisions"][0]["reason"], "joins design");
    assert_eq!(step(&world, &ada).await.0, "verified");
    assert_eq!(access(&world, &ada).await, "active");
    let timeline = world
        .get(&format!("/v1/people/{ada}/timeline?limit=200"))
        .await
        .expect(200);
    let items = timeline["items"].as_array().unwrap();
    let said = items
        .iter()
        .find(|item| item["title"] == "approval approved")
        .unwrap();
    assert_eq!(said["detail"]["after"]["reason"], "joins design");
    let again = as_(&world, &it, "POST", &yes, Some(json!({}))).await;
    assert_eq!(again.expect(409)["code"], "not_waiting");
}

#[tokio::test]
async fn a_no_gives_nothing() {
    let world = world();
    let (ada, approval) = asked(&world).await;
    let it = key(&world, "approve", &["role:it-admin"]).await;

    let no = format!("{}:reject", path(&approval));
    as_(
        &world,
        &it,
        "POST",
        &no,
        Some(json!({ "reason": "no seat" })),
    )
    .await
    .expect(200);
    world.pass(60).await;

    let (state, reason) = step(&world, &ada).await;
    assert_eq!(
        (state.as_str(), reason.as_str()),
        ("cancelled", "it was not approved")
    );
    assert_eq!(access(&world, &ada).await, "revoked");
    assert_eq!(world.run_of(&ada).await["state"], "finished");
}

#[tokio::test]
async fn only_those_who_are_asked_see_and_decide() {
    let world = world();
    let (_, approval) = asked(&world).await;
    let (one, yes) = (path(&approval), format!("{}:approve", path(&approval)));
    let other = key(&world, "approve", &["security"]).await;

    let list = as_(&world, &other, "GET", "/v1/approvals", None)
        .await
        .expect(200);
    assert_eq!(list["items"], json!([]));
    as_(&world, &other, "GET", &one, None).await.expect(404);
    let refused = as_(&world, &other, "POST", &yes, Some(json!({}))).await;
    assert_eq!(refused.expect(403)["code"], "not_an_approver");
    let reader = key(&world, "read", &[]).await;
    as_(&world, &reader, "GET", &one, None).await.expect(200);
    as_(&world, &reader, "POST", &yes, Some(json!({})))
        .await
        .expect(403);
    as_(&world, &other, "GET", "/v1/people", None)
        .await
        .expect(403);
    let unknown = as_(
        &world,
        &other,
        "POST",
        "/v1/approvals/apr_1:approve",
        Some(json!({})),
    );
    unknown.await.expect(404);
}

#[tokio::test]
async fn nobody_decides_about_their_own_or_what_they_asked_for_nor_their_deputy() {
    let world = world();
    // The local administrator replays, and so asks.
    let (ada, approval) = asked(&world).await;
    let yes = format!("{}:approve", path(&approval));
    let delegate = format!("{}:delegate", path(&approval));
    let until = json!({ "to": "role:night", "until": "2027-01-06T00:00:00Z" });
    assert_eq!(approval["requester"], "local-admin");

    let own = world.post(&yes, json!({})).await.expect(403);
    assert_eq!(own["code"], "own_request");
    let through = world.post(&delegate, until.clone()).await.expect(403);
    assert_eq!(through["code"], "own_request");
    let herself = key(&world, "approve", &["it-admin", "ada.park@contoso.example"]).await;
    let refused = as_(&world, &herself, "POST", &yes, Some(json!({}))).await;
    assert_eq!(refused.expect(403)["code"], "own_access");
    let refused = as_(&world, &herself, "POST", &delegate, Some(until)).await;
    assert_eq!(refused.expect(403)["code"], "own_access");
    let it = key(&world, "approve", &["it-admin"]).await;
    let to_ada = json!({ "to": "ada@mail.example", "until": "2027-01-06T00:00:00Z" });
    let refused = as_(&world, &it, "POST", &delegate, Some(to_ada)).await;
    assert_eq!(refused.expect(422)["errors"][0]["path"], "to");
    let records = world
        .get(&format!("/v1/audit?stream=person/{ada}&limit=200"))
        .await;
    let records = records.expect(200);
    let records = records["items"].as_array().unwrap().iter();
    let refused = records.filter(|record| record["action"] == "approval decision refused");
    assert_eq!(refused.count(), 5);
}

#[tokio::test]
async fn a_deputy_decides_until_the_date() {
    let world = world();
    let (_, approval) = asked(&world).await;
    let it = key(&world, "approve", &["it-admin"]).await;
    let night = key(&world, "approve", &["night"]).await;
    let (yes, delegate) = (
        format!("{}:approve", path(&approval)),
        format!("{}:delegate", path(&approval)),
    );
    let body = json!({ "to": "role:night", "until": "2027-01-05T09:00:00Z", "reason": "on leave" });
    as_(&world, &night, "POST", &yes, Some(json!({})))
        .await
        .expect(403);
    let past = json!({ "to": "role:night", "until": "2027-01-01T00:00:00Z" });
    as_(&world, &it, "POST", &delegate, Some(past))
        .await
        .expect(422);

    let done = as_(&world, &it, "POST", &delegate, Some(body.clone()))
        .await
        .expect(200);
    assert_eq!(done["state"], "waiting");
    assert_eq!(done["approvers"], json!(["role:it-admin", "role:night"]));
    let chain = as_(&world, &night, "POST", &delegate, Some(body)).await;
    assert_eq!(chain.expect(403)["code"], "deputy");
    world.pass(24 * 3600).await;
    as_(&world, &night, "POST", &yes, Some(json!({})))
        .await
        .expect(403);
    let again = json!({ "to": "role:night", "until": "2027-01-06T09:00:00Z" });
    as_(&world, &it, "POST", &delegate, Some(again))
        .await
        .expect(200);

    let done = as_(&world, &night, "POST", &yes, Some(json!({})))
        .await
        .expect(200);
    assert_eq!(done["state"], "approved");
}

#[tokio::test]
async fn silence_asks_others_and_is_a_no_in_the_end() {
    let world = world();
    let (ada, approval) = asked(&world).await;

    world.pass(37 * 3600).await;
    let escalated = world.get(&path(&approval)).await.expect(200);
    world.pass(36 * 3600).await;

    assert_eq!(
        escalated["approvers"],
        json!(["role:it-admin", "group:security"])
    );
    let over = world.get(&path(&approval)).await.expect(200);
    assert_eq!(over["state"], "expired");
    assert_eq!(over["decisions"][0]["by"], "sando");
    assert_eq!(step(&world, &ada).await.0, "cancelled");
    assert_eq!(access(&world, &ada).await, "revoked");
    let sent = world.fakes.sent();
    let to = |who: &str| sent.iter().filter(|one| one.to == who).count();
    assert!(to("role:it-admin") >= 2, "{}", to("role:it-admin"));
    assert!(to("group:security") >= 1);
    assert!(
        sent[0].text.contains("access to Figma for Ada Park"),
        "{}",
        sent[0].text
    );
    let it = key(&world, "approve", &["it-admin"]).await;
    let late = format!("{}:approve", path(&approval));
    let late = as_(&world, &it, "POST", &late, Some(json!({}))).await;
    assert_eq!(late.expect(409)["code"], "not_waiting");
}

#[tokio::test]
async fn a_decision_on_a_plan_that_changed_is_refused_and_asked_anew() {
    let world = world();
    let (ada, approval) = asked(&world).await;
    let it = key(&world, "approve", &["it-admin"]).await;
    world
        .put("/v1/policies/engineering", gated_policy("max"))
        .await
        .expect(200);

    let yes = format!("{}:approve", path(&approval));
    let refused = as_(&world, &it, "POST", &yes, Some(json!({})))
        .await
        .expect(409);
    world.pass(1).await;

    assert_eq!(refused["code"], "plan_changed");
    let void = world.get(&path(&approval)).await.expect(200);
    assert_eq!(void["state"], "void");
    let list = world
        .get(&format!("/v1/approvals?person={ada}&state=waiting"))
        .await
        .expect(200);
    let anew = list["items"][0].clone();
    assert_eq!(anew["effects"][0]["plan"], "max");
    assert_ne!(anew["plan_hash"], approval["plan_hash"]);
    let yes = format!("{}:approve", path(&anew));
    as_(&world, &it, "POST", &yes, Some(json!({})))
        .await
        .expect(200);
    world.pass(60).await;
    assert_eq!(access(&world, &ada).await, "active");
}

#[tokio::test]
async fn whoever_left_is_not_decided_about() {
    let world = world();
    let (ada, approval) = asked(&world).await;
    let it = key(&world, "approve", &["it-admin"]).await;
    let at = json!({ "at": "now", "reason": "gone" });
    world
        .post(&format!("/v1/people/{ada}:terminate"), at)
        .await
        .expect(200);

    let yes = format!("{}:approve", path(&approval));
    let refused = as_(&world, &it, "POST", &yes, Some(json!({}))).await;
    assert_eq!(refused.expect(409)["code"], "not_waiting");
    world.pass(60).await;

    let gone = world.get(&path(&approval)).await.expect(200);
    assert_eq!(gone["state"], "gone");
    assert_eq!(access(&world, &ada).await, "revoked");
}

#[tokio::test]
async fn a_cancelled_run_needs_no_decision() {
    let world = world();
    let (ada, approval) = asked(&world).await;
    let run = world.run_of(&ada).await["id"].as_str().unwrap().to_owned();

    world
        .post(
            &format!("/v1/runs/{run}:cancel"),
            json!({ "reason": "a mistake" }),
        )
        .await
        .expect(200);

    let gone = world.get(&path(&approval)).await.expect(200);
    assert_eq!(gone["state"], "gone");
    let all = world.get("/v1/approvals").await.expect(200);
    assert_eq!(
        all["items"].as_array().unwrap().len(),
        1,
        "what is over stays listed"
    );
}

#[tokio::test]
async fn an_administrator_may_override_and_that_shows() {
    let world = world();
    gated(&world).await;
    let system = key(&world, "admin", &[]).await;
    let put = world
        .call(
            "PUT",
            "/v1/people/hr-1",
            Some(ada()),
            &[("authorization", system.as_str())],
        )
        .await
        .expect(201);
    let id = put["id"].as_str().unwrap().to_owned();
    let replay = world.replay_of(&id).await;
    as_(
        &world,
        &system,
        "POST",
        &replay,
        Some(json!({ "dry_run": false })),
    )
    .await
    .expect(200);
    world.pass(1).await;
    let list = world.get("/v1/approvals?state=waiting").await.expect(200);

    let yes = format!("{}:approve", path(&list["items"][0]));
    let own = as_(&world, &system, "POST", &yes, Some(json!({}))).await;
    assert_eq!(own.expect(403)["code"], "own_request");
    let done = as_(
        &world,
        &format!("Bearer {TOKEN}"),
        "POST",
        &yes,
        Some(json!({ "reason": "urgent" })),
    )
    .await
    .expect(200);

    assert_eq!(done["decisions"][0]["forced"], true);
    assert_eq!(done["decisions"][0]["by"], "local-admin");
}

#[tokio::test]
async fn a_policy_that_asks_nobody_is_refused() {
    let world = world();
    let policy = json!({ "grants": [{ "app": "figma", "approval": { "expires": "72h" } }] });

    let refused = world.put("/v1/policies/p", policy).await.expect(422);

    assert_eq!(refused["errors"][0]["path"], "grants[0].approval.by");
}

/// The only approval that waits for somebody.
pub(crate) async fn waiting(world: &World, person: &str) -> Value {
    let list = world
        .get(&format!("/v1/approvals?person={person}&state=waiting"))
        .await
        .expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list:#}");
    list["items"][0].clone()
}

#[tokio::test]
async fn when_two_policies_ask_others_each_both_have_to_say_yes() {
    let world = world();
    gated(&world).await;
    let also = json!({
        "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
        "grants": [{ "app": "figma", "approval": { "by": ["role:chief"] } }]
    });
    world.put("/v1/policies/also", also).await.expect(201);
    let chief = key(&world, "approve", &["chief"]).await;
    let it = key(&world, "approve", &["it-admin"]).await;
    let ada = world.applied_again().await;
    world.pass(1).await;

    let first = waiting(&world, &ada).await;
    assert_eq!(first["approvers"], json!(["role:chief"]));
    let yes = |approval: &Value| format!("{}:approve", path(approval));
    let body = || Some(json!({ "reason": "fine" }));
    as_(&world, &chief, "POST", &yes(&first), body())
        .await
        .expect(200);
    world.pass(60).await;
    assert_eq!(step(&world, &ada).await.0, "waiting");
    let second = waiting(&world, &ada).await;
    assert_eq!(second["approvers"], json!(["role:it-admin"]));
    assert_eq!(second["plan_hash"], first["plan_hash"]);
    as_(&world, &chief, "POST", &yes(&second), body())
        .await
        .expect(403);
    as_(&world, &it, "POST", &yes(&second), body())
        .await
        .expect(200);
    world.pass(60).await;

    assert_eq!(step(&world, &ada).await.0, "verified");
}
