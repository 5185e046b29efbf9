//! Long work has a page: how far it has come, and what came of it.

use serde_json::{Value, json};

use super::{Browser, between};
use crate::audit::noted;
use crate::reports::company;
use crate::world::{World, world};

/// The page of work that somebody began over the API and did not wait for.
async fn begun(world: &World, path: &str, body: Value) -> String {
    let headers = [("prefer", "respond-async")];
    let answer = world.call("POST", path, Some(body), &headers).await;
    let job = answer.expect(202);
    format!("/console/jobs/{}", job["id"].as_str().unwrap())
}

#[tokio::test]
async fn verifying_a_long_trail_leads_to_a_page_that_asks_until_it_is_done() {
    let world = world();
    noted(&world, 2_100).await;
    let mut browser = Browser::admin(&world).await;

    world.slow_down(10);
    let answer = browser.post("/console/audit/verify", &[]).await;
    world.slow_down(0);
    assert_eq!(answer.status, 303, "{}", answer.text);
    let place = answer.header("location").to_owned();
    assert!(place.starts_with("/console/jobs/job_"), "{place}");
    let before = browser.get(&place).await.text;
    world.pass(1).await;
    let after = browser.get(&place).await.text;

    assert!(before.contains("hx-trigger=\"every 2s\""), "{before}");
    assert!(before.contains(&format!("hx-get=\"{place}\"")), "{before}");
    assert!(
        before.contains("Every chain of the audit is being followed: 2,0"),
        "{before}"
    );
    assert!(!after.contains("every 2s"), "{after}");
    assert!(after.contains("Every chain is intact: "), "{after}");
}

#[tokio::test]
async fn a_plan_that_took_long_is_shown_and_saved_from_its_page() {
    let world = world();
    world.applied().await;
    world.pass(60).await;
    let mut browser = Browser::admin(&world).await;
    let file = json!({
        "when": [{ "path": "department", "op": "is", "value": "Sales" }],
        "grants": [{ "app": "figma", "plan": "pro" }],
    });
    let change = json!({ "kind": "policy", "id": "engineering", "file": file });

    let place = begun(&world, "/v1/plan", json!({ "changes": [change] })).await;
    let before = browser.get(&place).await.text;
    world.pass(1).await;
    let after = browser.get(&place).await.text;
    let over = browser.get(&format!("{place}?seen=7")).await.text;
    let plan = between(&after, "name=\"plan\" value=\"", "\"").expect(&after);
    let text = file.to_string();
    let fields = [("file", text.as_str()), ("plan", plan)];
    let saved = browser.post("/console/policies/engineering", &fields).await;

    assert!(
        before.contains("What would change is being worked out"),
        "{before}"
    );
    assert!(after.contains("Ada Park"), "{after}");
    assert!(over.contains("name=\"seen\" value=\"7\""), "{over}");
    assert!(after.contains("value: Sales"), "the file is there: {after}");
    assert_eq!(saved.status, 303, "{}", saved.text);
    world.pass(60).await;
    let kept = world.get("/v1/policies/engineering").await.expect(200);
    assert_eq!(kept["when"][0]["value"], "Sales");
}

#[tokio::test]
async fn what_could_not_be_done_says_why() {
    let world = world();
    world.configured().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let change = json!({ "kind": "app", "id": "wiki", "file": {} });
    let body = json!({ "changes": [change], "plan": "another" });

    let place = begun(&world, "/v1/apply", body).await;
    world.pass(1).await;
    let page = viewer.get(&place).await;
    let job = world
        .get(&place.replace("/console/", "/v1/"))
        .await
        .expect(200);

    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(job["state"], "failed", "{job}");
    assert!(page.text.contains("It could not be done."), "{}", page.text);
    assert!(!page.text.contains("every 2s"), "{}", page.text);
    let unknown = format!("/console/jobs/job_{}", "a".repeat(26));
    for nothing in [unknown.as_str(), "/console/jobs/none"] {
        assert_eq!(viewer.get(nothing).await.status, 404, "{nothing}");
    }
    let mut approver = Browser::with(&world, "approve", &[]).await;
    assert_eq!(approver.get(&place).await.status, 403);
}

#[tokio::test]
async fn counting_now_is_work_whose_page_shows_what_was_counted() {
    let world = company().await;
    let mut operator = Browser::operator(&world).await;

    let begun = operator.post("/console/spend/count", &[]).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let place = begun.header("location").to_owned();
    let before = operator.get(&place).await.text;
    world.pass(1).await;
    let after = operator.get(&place).await.text;

    assert!(
        before.contains("Seats and what they cost are being counted"),
        "{before}"
    );
    assert!(
        after.contains("€60.00 a month: 4 seats are held."),
        "{after}"
    );
    assert!(after.contains("href=\"/console/spend\""), "{after}");
}

#[tokio::test]
async fn a_count_that_goes_on_is_shown_and_not_begun_again() {
    let world = company().await;
    let mut operator = Browser::operator(&world).await;
    let mut admin = Browser::admin(&world).await;
    let count = "/console/spend/count";
    let goes_on = "Seats and what they cost are being counted";

    let begun = operator.post(count, &[]).await;
    let place = begun.header("location");
    let again = admin.post(count, &[]).await;
    assert_eq!(again.header("location"), place);
    assert!(admin.get(place).await.text.contains(goes_on));
    world.pass(1).await;
    let ended = admin.get(place).await.text;
    let next = admin.post(count, &[]).await;
    let counted = admin.get(next.header("location")).await.text;

    assert!(!ended.contains(goes_on), "{ended}");
    assert!(counted.contains(goes_on), "{counted}");
}
