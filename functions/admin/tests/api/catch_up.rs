//! Catch-up: what no webhook told is found, once.

use sando_core::lever::OfferState;
use sando_core::ports::Reading;
use serde_json::{Value, json};

use crate::day_one::{hired_without_webhook, lever_says_nothing, offer_is};
use crate::world::{World, world};

async fn connected(world: &World) {
    let body = json!({ "live_from": "2027-01-01T00:00:00Z", "lever": { "api_key": "key" } });
    world.put("/v1/settings", body).await;
}

async fn state(world: &World) -> Value {
    world.get("/v1/catch-up").await.expect(200)
}

async fn events(world: &World) -> Vec<String> {
    let events = world.get("/v1/events").await.expect(200);
    let items = events["items"].as_array().unwrap();
    let mut kinds: Vec<String> = items
        .iter()
        .map(|event| event["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn a_hire_that_no_webhook_told_is_found_once_an_hour_after_lever_was_connected() {
    let world = world();
    assert_eq!(state(&world).await["until"], Value::Null);
    connected(&world).await;
    hired_without_webhook(&world).await;
    assert_eq!(events(&world).await, [""; 0]);

    world.pass(3601).await;
    let first = state(&world).await;
    world.pass(3700).await;

    assert_eq!(events(&world).await, ["candidate.hired"]);
    assert_eq!(first["found"], 1);
    let second = state(&world).await;
    assert_eq!(second["found"], 1);
    assert_eq!(second["lag_secs"], 0);
    assert_eq!(second["running"], false);
    assert!(second["last_success"].as_str() > first["last_success"].as_str());
    let people = world.get("/v1/people").await.expect(200);
    assert_eq!(people["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_webhook_told_is_not_found_again() {
    let world = world();
    connected(&world).await;
    crate::day_one::hired(&world).await;

    world.pass(4000).await;

    assert_eq!(state(&world).await["found"], 0);
    assert_eq!(events(&world).await, ["candidate.hired"]);
}

#[tokio::test]
async fn a_deletion_that_no_webhook_told_withdraws_the_hire() {
    let world = world();
    connected(&world).await;
    let ada = crate::day_one::hired(&world).await;
    let gone = Reading::Deleted(Some("2027-01-04T09:30:00Z".parse().unwrap()));
    lever_says_nothing(&world, gone);

    world.pass(3700).await;
    world.pass(60).await;

    assert_eq!(
        events(&world).await,
        ["candidate.deleted", "candidate.hired"]
    );
    let person = world.get(&format!("/v1/people/{ada}")).await.expect(200);
    assert_eq!(person["state"], "withdrawn");
    assert_eq!(person["erasure"]["extent"], "everything");
    assert_eq!(state(&world).await["found"], 1);
}

#[tokio::test]
async fn it_can_be_asked_for_and_says_what_goes_wrong() {
    let world = world();
    let late = json!({ "since": "2030-01-01T00:00:00Z" });
    world.post("/v1/catch-up", late).await.expect(422);
    *world.fakes.lever_is_down.lock().unwrap() = true;
    let since = json!({ "since": "2026-12-24T00:00:00Z" });

    let asked = world.post("/v1/catch-up", since).await.expect(202);
    world.pass(1).await;
    let down = state(&world).await;
    *world.fakes.lever_is_down.lock().unwrap() = false;
    world.pass(3600).await;
    // Eleven days are eleven windows.
    for _ in 0..3 {
        world.pass(0).await;
    }
    let done = state(&world).await;

    assert_eq!(asked["running"], true);
    assert_eq!(asked["until"], "2026-12-24T00:00:00Z");
    assert!(
        down["last_error"].as_str().unwrap().contains("lever"),
        "{down:#}"
    );
    assert_eq!(done["last_error"], Value::Null);
    assert_eq!(done["lag_secs"], 0);
}

#[tokio::test]
async fn asked_for_it_reads_the_offers_of_those_who_have_not_started_again() {
    let world = world();
    let ada = crate::day_one::hired(&world).await;
    crate::day_one::starts(&world, "2027-03-15");

    world.post("/v1/catch-up", json!({})).await.expect(202);
    world.pass(1).await;

    let person = world.get(&format!("/v1/people/{ada}")).await.expect(200);
    assert_eq!(person["start_date"], "2027-03-15");
}

#[tokio::test]
async fn a_denied_offer_that_is_open_again_is_found_when_it_is_read_no_more() {
    let world = world();
    let ada = crate::day_one::hired(&world).await;
    let state = async || world.get(&format!("/v1/people/{ada}")).await.expect(200)["state"].clone();
    offer_is(&world, OfferState::Denied);
    world.pass(8 * 3600).await;
    world.pass(120 * 24 * 3600).await;
    offer_is(&world, OfferState::Open);
    world.pass(24 * 3600).await;
    assert_eq!(state().await, "withdrawn");

    world.post("/v1/catch-up", json!({})).await.expect(202);
    world.pass(1).await;
    world.pass(60).await;

    assert_eq!(state().await, "active");
    assert_eq!(
        events(&world).await,
        ["candidate.hired", "candidate.hired", "candidate.unhired"]
    );
}
