//! The access review over the API: what is confirmed, what is to be taken away, and what the audit says of it.

use axum::Extension;
use sando_admin::InParts;
use sando_core::ports::Notification;
use serde_json::{Value, json};

use crate::builder::{definition, given, row};
use crate::console::Browser;
use crate::metrics::a_day_is_counted;
use crate::reports::{company, makers};
use crate::world::{World, world};

const DECIDE: &str = "/v1/reports/review:decide";
const DAY: i64 = 24 * 3600;

fn decision(user: &str, decision: &str) -> Value {
    json!({ "account": "acme/prod", "external_id": user, "decision": decision, "reason": "looked at with her lead" })
}

async fn tasks(world: &World) -> Vec<Value> {
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    tasks["items"].as_array().unwrap().clone()
}

/// What the review says was decided about a user.
async fn reviewed(world: &World, user: &str) -> Value {
    let review = world.get("/v1/reports/review").await.expect(200);
    let items = review["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["external_id"] == user);
    found.unwrap()["reviewed"].clone()
}

#[tokio::test]
async fn a_confirmed_access_is_recorded_with_its_reason() {
    let world = company().await;

    assert_eq!(reviewed(&world, "1").await, Value::Null);
    let done = world.post(DECIDE, decision("1", "confirm")).await;
    let done = done.expect(200);

    assert_eq!(done["decision"], "confirmed");
    assert_eq!(done["by"], "local-admin");
    assert_eq!(reviewed(&world, "1").await, done);
    assert!(tasks(&world).await.is_empty());
    let people = world.get("/v1/people?limit=200").await.expect(200);
    let people = people["items"].as_array().unwrap();
    let ada = people.iter().find(|one| one["name"] == "Ada Park");
    let id = ada.unwrap()["id"].as_str().unwrap();
    let trail = world
        .get(&format!("/v1/people/{id}/timeline?limit=200"))
        .await
        .expect(200)
        .to_string();
    assert!(trail.contains("access confirmed in a review"), "{trail}");
    assert!(trail.contains("looked at with her lead"), "{trail}");
    let file = world.get("/v1/reports/review?format=csv").await.text;
    assert!(file.contains("flags,monthly_minor,decision,decided_by,decided_at"));
    assert!(file.contains(",confirmed,local-admin,2027-01-04"), "{file}");
}

#[tokio::test]
async fn a_revoked_access_becomes_one_task_until_somebody_thinks_better_of_it() {
    let world = company().await;

    let first = world.post(DECIDE, decision("3", "revoke")).await;
    let first = first.expect(200);
    let again = world.post(DECIDE, decision("3", "revoke")).await;
    let again = again.expect(200);
    let open = tasks(&world).await;
    let better = world.post(DECIDE, decision("3", "confirm")).await;
    better.expect(200);

    assert_eq!(first["decision"], "revoked");
    assert_eq!(first["task"], again["task"]);
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["id"], first["task"]);
    assert_eq!(open[0]["owner"], "it@contoso.example");
    assert_eq!(
        open[0]["title"],
        "Take away access to Acme: decided in an access review"
    );
    assert!(tasks(&world).await.is_empty(), "it is not wanted any more");
    let trail = world
        .get("/v1/audit?stream=account/acme/prod&limit=200")
        .await;
    assert!(trail.text.contains("access revoked in a review"));
    assert!(!trail.text.contains("stranger@"), "{}", trail.text);
    let says_why = trail.text.contains("looked at with her lead");
    assert!(!says_why, "it may name somebody, for ever: {}", trail.text);
}

#[tokio::test]
async fn what_a_reviewer_thinks_better_of_is_not_opened_again_by_a_roster() {
    let world = company().await;
    let first = world.post(DECIDE, decision("1", "revoke")).await;
    let task = first.expect(200)["task"].as_str().unwrap().to_owned();
    let path = format!("/v1/tasks/{task}:complete");
    let done = world.post(&path, json!({ "reason": "done" })).await;
    assert_eq!(done.expect(200)["awaits_roster"], true);
    let again = world.post(DECIDE, decision("1", "revoke")).await;
    assert_eq!(again.expect(200)["task"], task.as_str(), "one task");

    let better = world.post(DECIDE, decision("1", "confirm")).await;
    better.expect(200);
    world.pass(48 * 3600).await;

    assert!(tasks(&world).await.is_empty());
}

#[tokio::test]
async fn nobody_decides_about_an_access_of_their_own() {
    let world = company().await;
    let key =
        json!({ "name": "ada", "scopes": ["operate"], "roles": ["claimed:ada@contoso.example"] });
    let key = world.post("/v1/keys", key).await.expect(201);
    let token = format!("Bearer {}", key["secret"].as_str().unwrap());
    let headers = [("authorization", token.as_str())];

    let own = decision("1", "confirm");
    let own = world.call("POST", DECIDE, Some(own), &headers).await;
    let other = decision("2", "confirm");
    let other = world.call("POST", DECIDE, Some(other), &headers).await;

    assert_eq!(own.expect(403)["code"], "own_access");
    other.expect(200);
}

#[tokio::test]
async fn what_cannot_be_decided_is_refused() {
    let world = company().await;
    let mut without = decision("1", "confirm");
    without["reason"] = json!("  ");

    let without = world.post(DECIDE, without).await.expect(422);
    let nobody = world.post(DECIDE, decision("99", "confirm")).await;
    let mut nowhere = decision("1", "confirm");
    nowhere["account"] = json!("acme");
    let nowhere = world.post(DECIDE, nowhere).await.expect(422);

    assert_eq!(without["errors"][0]["path"], "reason");
    nobody.expect(404);
    assert_eq!(nowhere["errors"][0]["path"], "account");
    world
        .post(DECIDE, decision("1", "approve"))
        .await
        .expect(422);
    assert_eq!(reviewed(&world, "1").await, Value::Null);
}

#[tokio::test]
async fn a_rule_of_a_definition_that_matches_nobody_is_named() {
    let world = world();
    let mut file = definition();
    let rule = |name: &str, state: &str| json!({ "name": name, "when": [{ "path": "state", "op": "is", "value": state }] });
    file["licenses"] = json!({ "conditions": [rule("Full", "on"), rule("Guest", "visiting")] });
    world.put("/v1/definitions/acme", file).await.expect(201);
    world.serve(vec![row("a", "on")]);
    let account = world.put("/v1/accounts/acme/prod", given()).await;
    account.expect(201);
    world.pass(1).await;

    let before = world.get("/v1/reports/review").await.expect(200);
    a_day_is_counted(&world).await;
    let after = world.get("/v1/reports/review").await.expect(200);
    let page = Browser::admin(&world)
        .await
        .get("/console/reports/review")
        .await;

    assert_eq!(before["never_matched"], Value::Null);
    assert_eq!(
        after["never_matched"],
        json!([{ "kind": "license", "account": "acme/prod", "definition": "acme", "license": "Guest" }])
    );
    assert!(page.text.contains("licence rule that matches nobody"));
    assert!(page.text.contains("Guest</a>") && !page.text.contains("Full</a>"));
    let file = world.get("/v1/reports/review?format=csv").await.text;
    let last = file.lines().last().unwrap();
    assert!(last.starts_with(",acme/prod,"), "{last}");
    assert!(
        last.contains(",Guest,") && last.contains(",never_matched,"),
        "{last}"
    );
}

/// What the review says is configured and matches nobody: its kind and its name.
async fn never_matched(world: &World) -> Vec<(String, String)> {
    let review = world.get("/v1/reports/review").await.expect(200);
    let all = review["never_matched"].as_array().unwrap();
    let text = |one: &Value, field: &str| one[field].as_str().map(str::to_owned);
    let named = all.iter().map(|one| {
        let kind = text(one, "kind").unwrap();
        let name = text(one, &kind).or_else(|| text(one, "attribute"));
        (kind, name.unwrap())
    });
    named.collect()
}

#[tokio::test]
async fn policies_rules_and_aliases_that_match_nobody_are_named() {
    let world = company().await;
    let archery = json!([{ "path": "department", "op": "is", "value": "Archery" }]);
    let archers = json!({ "when": archery, "grants": [{ "app": "acme" }] });
    world.put("/v1/policies/archers", archers).await.expect(201);
    world.put("/v1/policies/makers", makers()).await.expect(201);
    let of = |event: &str, workflow: &str| json!({ "event": event, "workflow": workflow });
    let farewell = of("person.terminated", "offboard");
    world.put("/v1/rules/farewell", farewell).await.expect(201);
    let welcome = of("candidate.hired", "onboard");
    world.put("/v1/rules/welcome", welcome).await.expect(201);
    for attribute in ["department", "shoe_size"] {
        let path = format!("/v1/aliases/{attribute}");
        let aliases = json!({ "Engineering": ["Eng"] });
        world.put(&path, aliases).await.expect(201);
    }
    let people = world.get("/v1/people?limit=200").await.expect(200);
    let people = people["items"].as_array().unwrap();
    let ada = people.iter().find(|one| one["name"] == "Ada Park");
    let ada = ada.unwrap()["id"].as_str().unwrap();

    a_day_is_counted(&world).await;
    let before = never_matched(&world).await;
    let page = Browser::admin(&world)
        .await
        .get("/console/reports/review")
        .await;
    let file = world.get("/v1/reports/review?format=csv").await.text;
    let path = format!("/v1/people/{ada}:terminate");
    let left = world.post(&path, json!({ "at": "now" })).await;
    left.expect(200);
    let after = never_matched(&world).await;

    let named = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        let own = |(kind, name): &(&str, &str)| ((*kind).to_owned(), (*name).to_owned());
        all.iter().map(own).collect()
    };
    let (aliases, archers) = (("aliases", "shoe_size"), ("policy", "archers"));
    let (farewell, welcome) = (("rule", "farewell"), ("rule", "welcome"));
    assert_eq!(before, named(&[aliases, archers, farewell, welcome]));
    assert_eq!(after, named(&[aliases, archers, welcome]), "somebody left");
    assert!(page.text.contains("href=\"/console/policies/archers\""));
    assert!(page.text.contains("rule that no event matched since"));
    for row in ["policy archers", "rule welcome", "aliases of shoe_size"] {
        assert!(file.contains(&format!(",{row},")), "{file}");
    }
}

/// What administrators were told of reviews that are due, so many days later.
async fn told_after(world: &World, days: i64) -> Vec<Notification> {
    world.pass(days * DAY).await;
    a_day_is_counted(world).await;
    world.pass(120).await;
    let mut sent = world.fakes.sent();
    sent.retain(|one| one.text.contains("An access review is due"));
    sent
}

#[tokio::test]
async fn administrators_are_told_once_that_a_review_is_due() {
    let world = company().await;
    let url = "https://sando.contoso.example";
    let settings = json!({ "review_every_days": 91, "public_url": url });
    world.put("/v1/settings", settings).await.expect(200);
    assert!(told_after(&world, 0).await.is_empty());
    assert!(told_after(&world, 90).await.is_empty());

    let told = told_after(&world, 1).await;
    let once = told_after(&world, 1).await;
    let done = world.post(DECIDE, decision("1", "confirm")).await;
    done.expect(200);
    let early = told_after(&world, 90).await;
    let again = told_after(&world, 1).await;

    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to, "role:it-admin");
    let page = format!("{url}/console/reports/review");
    assert!(told[0].text.contains(&page), "{}", told[0].text);
    assert_eq!((once.len(), early.len(), again.len()), (1, 1, 2));
    let trail = world.get("/v1/audit?stream=config&limit=200").await.text;
    assert_eq!(trail.matches("access review due").count(), 2, "{trail}");
}

#[tokio::test]
async fn the_review_as_a_file_comes_in_parts_that_make_the_whole() {
    let world = company().await;
    let whole = world.get("/v1/reports/review?format=csv").await.text;

    let (mut text, mut count) = (String::new(), 0);
    let mut next = Some("/v1/reports/review?format=csv&limit=2".to_owned());
    while let Some(path) = next {
        let part = world.get(&path).await;
        assert_eq!(part.status.as_u16(), 200, "{}", part.text);
        text += &part.text;
        count += 1;
        let link = part.headers.get("link");
        let link = link.map(|link| link.to_str().unwrap().strip_prefix('<').unwrap());
        next = link.map(|link| link.split_once('>').unwrap().0.to_owned());
    }

    assert_eq!(text, whole);
    assert!(count > 1, "{count}");
    let path = "/v1/reports/review?format=csv&limit=0";
    world.get(path).await.expect(422);
    let router = world.router.clone().layer(Extension(InParts));
    let on_aws = World { router, ..world };
    let asked = on_aws.get("/v1/reports/review?format=csv").await;
    assert_eq!(asked.text, whole, "it is short, and one part");
}
