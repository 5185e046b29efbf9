//! What is asked for by hand: a task given to somebody else, and Lever asked now.

use serde_json::{Value, json};

use super::{Browser, everything};
use crate::world::world;

#[tokio::test]
async fn a_task_is_given_to_somebody_else() {
    let (world, fixture) = everything().await;
    let mut operator = Browser::operator(&world).await;
    let task = fixture.fill("/console/tasks/{id}");
    let place = format!("{task}/reassign");
    let page = operator.get(&task).await.text;
    assert!(page.contains(&format!("action=\"{place}\"")), "{page}");

    let wide = "x".repeat(255);
    for owner in ["", wide.as_str()] {
        let wrong = operator.post(&place, &[("owner", owner)]).await;
        assert_eq!(wrong.status, 422, "{}", wrong.text);
        let typed = format!("name=\"owner\" value=\"{owner}\"");
        assert!(wrong.text.contains(&typed), "{}", wrong.text);
    }
    let given = operator.post(&place, &[("owner", "role:helpdesk")]).await;
    assert_eq!(given.status, 303, "{}", given.text);

    let page = operator.get(&task).await.text;
    assert!(page.contains("<dd>role:helpdesk</dd>"), "{page}");
    let theirs = world.get("/v1/tasks?owner=role:helpdesk").await.expect(200);
    assert_eq!(theirs["items"][0]["id"], fixture.task.as_str());

    operator.post(&format!("{task}/complete"), &[]).await;
    let over = operator.get(&task).await.text;
    assert!(!over.contains("/reassign"), "{over}");
    let late = operator.post(&place, &[("owner", "role:helpdesk")]).await;
    assert_eq!(late.status, 409, "{}", late.text);
}

#[tokio::test]
async fn lever_is_asked_now_for_what_its_webhooks_did_not_tell() {
    let world = world();
    let place = "/console/settings/lever/catch-up";
    let mut operator = Browser::operator(&world).await;
    let before = operator.get("/console/settings").await.text;
    assert!(!before.contains(place), "there is no key yet: {before}");
    let lever = json!({ "live_from": "2027-01-01T00:00:00Z", "lever": { "api_key": "key" } });
    let put = world.put("/v1/settings", lever).await;
    assert!(put.status.is_success(), "{}", put.text);
    world.pass(3_601).await;
    let page = operator.get("/console/settings").await.text;
    assert!(page.contains(&format!("action=\"{place}\"")), "{page}");
    let idle = world.get("/v1/catch-up").await.expect(200);
    assert_eq!(idle["running"], false, "{idle}");

    let asked = operator.post(place, &[]).await;

    assert_eq!(asked.status, 303, "{}", asked.text);
    let runs = world.get("/v1/catch-up").await.expect(200);
    assert_eq!(runs["running"], true, "{runs}");
    world.pass(1).await;
    let over = world.get("/v1/catch-up").await.expect(200);
    assert_eq!(over["running"], false, "{over}");
    let at = |state: &Value| state["last_success"].as_str().unwrap().to_owned();
    assert!(at(&over) > at(&idle), "{over}");
}
