//! Why somebody has an application, or does not: over the API, and in the console from the same answers.

use serde_json::{Value, json};

use crate::console::Browser;
use crate::world::{World, ada, world};

async fn why(world: &World, id: &str, app: &str) -> Value {
    let path = format!("/v1/people/{id}/access/{app}");
    world.get(&path).await.expect(200)
}

/// Ada, of another department; answers the id.
async fn of(world: &World, department: &str) -> String {
    let mut ada = ada();
    ada["attributes"]["department"] = json!(department);
    let put = world.put("/v1/people/hr-1", ada).await.expect(201);
    put["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_somebody_has_is_explained_by_conditions_that_hold() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;

    let why = why(&world, &id, "figma").await;

    assert_eq!(why["verdict"], "due");
    assert_eq!(why["why"], "it is due by policy engineering");
    assert_eq!(why["desired"]["plan"], "pro");
    assert_eq!(why["actual"]["state"], "active");
    let holds = json!({ "at": "when[0]", "path": "department", "op": "is", "wanted": "Engineering",
        "found": "Engineering", "holds": "true" });
    let policy = json!({ "policy": "engineering", "matches": "true", "plan": "pro", "role": null,
        "groups": [], "conditions": [holds] });
    assert_eq!(why["policies"], json!([policy]));
}

#[tokio::test]
async fn what_somebody_does_not_have_is_explained_by_the_condition_that_fails() {
    let world = world();
    world.configured().await;
    let id = of(&world, "Sales").await;

    let why = why(&world, &id, "figma").await;

    assert_eq!(why["verdict"], "not_due");
    assert_eq!(why["why"], "no policy that gives it matches");
    assert_eq!(why["desired"], json!(null));
    assert_eq!(why["actual"], json!(null));
    let condition = &why["policies"][0]["conditions"][0];
    assert_eq!(condition["wanted"], "Engineering");
    assert_eq!(condition["found"], "Sales");
    assert_eq!(condition["holds"], "false");

    let mut browser = Browser::admin(&world).await;
    let page = browser.get(&format!("/console/people/{id}/access")).await;
    assert!(page.text.contains("it is “Sales”"), "{}", page.text);
}

#[tokio::test]
async fn what_nobody_can_tell_names_the_attribute_and_the_grant_that_asks_for_it() {
    let world = world();
    world.configured().await;
    world.put("/v1/apps/crm", json!({})).await.expect(201);
    let in_oslo = json!([{ "path": "office", "op": "is", "value": "Oslo" }]);
    let policy = json!({ "grants": [{ "app": "desk" }, { "app": "crm", "when": in_oslo }] });
    let put = world.put("/v1/policies/oslo", policy).await;
    put.expect(201);
    let id = of(&world, "Sales").await;

    let why = why(&world, &id, "crm").await;

    assert_eq!(why["verdict"], "unknown");
    let sentence = why["why"].as_str().unwrap();
    assert!(sentence.ends_with("no value is known of office"), "{why}");
    let policy = &why["policies"][0];
    assert_eq!(policy["matches"], "unknown");
    assert_eq!(policy["conditions"][0]["at"], "grants[1].when[0]");
    assert_eq!(policy["conditions"][0]["found"], json!(null));
    assert_eq!(policy["conditions"][0]["holds"], "unknown");
}

#[tokio::test]
async fn who_left_is_due_nothing_whatever_matches() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;
    let leave = json!({ "at": "now", "reason": "a test" });
    let path = format!("/v1/people/{id}:terminate");
    world.post(&path, leave).await.expect(200);
    world.pass(60).await;

    let why = why(&world, &id, "figma").await;

    assert_eq!(why["verdict"], "nothing_is_due");
    assert_eq!(why["why"], "the person has left: nothing is due");
    assert_eq!(why["policies"][0]["matches"], "true");
    assert_eq!(why["desired"], json!(null));
    assert_eq!(why["actual"]["state"], "revoked");
}

#[tokio::test]
async fn of_what_nobody_knows_nothing_is_explained() {
    let world = world();
    world.configured().await;
    let id = world.ada().await;

    for path in [
        format!("/v1/people/{id}/access/nothing"),
        "/v1/people/per_1/access/figma".to_owned(),
    ] {
        world.get(&path).await.expect(404);
    }
}

#[tokio::test]
async fn what_a_rule_found_is_shown_in_the_timeline_and_nowhere_else() {
    let world = world();
    world.configured().await;
    let when = json!([{ "path": "department", "op": "is_not", "value": "Sales" }]);
    let rule = json!({ "event": "person.changed", "when": when, "workflow": "change" });
    world.put("/v1/rules/movers", rule).await.expect(201);
    let id = world.ada().await;

    let mut moved = ada();
    moved["attributes"]["department"] = json!("Seismology");
    world.put("/v1/people/hr-1", moved).await.expect(200);
    let replay = world.replay_of(&id).await;
    let earnest = json!({ "dry_run": false });
    world.post(&replay, earnest).await.expect(200);

    let timeline = format!("/v1/people/{id}/timeline?limit=200");
    let timeline = world.get(&timeline).await.expect(200);
    let mut items = timeline["items"].as_array().unwrap().iter();
    let looked = items.find(|item| item["title"] == "values looked at");
    let rules = &looked.unwrap()["detail"]["after"]["rules"];
    let found = &rules[0]["conditions"][0];
    assert_eq!(
        (&found["path"], &found["found"]),
        (&json!("department"), &json!("Seismology")),
        "{rules}"
    );
    let because = rules[0]["because"].as_str().unwrap();
    assert!(because.contains("rule `movers` matches"), "{because}");
    let event = replay.trim_end_matches(":replay");
    for path in [event, &format!("/v1/audit?person={id}")] {
        let text = world.get(path).await.text;
        assert!(!text.contains("Seismology"), "{path}: {text}");
    }
}
