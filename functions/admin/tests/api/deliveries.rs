//! Deliveries: what was accepted from Lever is shown, whatever is made of it.

use serde_json::{Value, json};

use crate::day_one::{hired_without_webhook, webhook};
use crate::world::{World, world};

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let path = format!("/v1/deliveries{query}");
    let list = world.get(&path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

/// Long enough for every look: what Lever shows is older than the webhook.
async fn settled(world: &World) {
    for _ in 0..5 {
        world.pass(601).await;
    }
}

#[tokio::test]
async fn what_was_accepted_while_lever_cannot_be_read_is_shown_with_its_reason() {
    let world = world();
    hired_without_webhook(&world).await;
    *world.fakes.lever_is_down.lock().unwrap() = true;

    webhook(&world, "first").await;
    world.pass(10).await;

    let found = listed(&world, "").await;
    assert_eq!(found.len(), 1);
    let one = &found[0];
    assert_eq!(one["state"], "received");
    assert_eq!(one["event"], "candidateHired");
    assert_eq!(one["opportunity"], "opp-1");
    assert_eq!(one["registration"], "main");
    assert_eq!(one["looks"], 0);
    assert!(one["unanswered"].as_u64().unwrap() > 1, "{one}");
    assert_eq!(one["received_at"], "2027-01-04T09:00:00Z");
    // The queue of these tests delivers at once, so it was looked at often: at the end every ten minutes.
    assert_eq!(one["next_look_at"], "2027-01-04T09:10:11Z");
    assert_eq!(one["led_to"], json!(null));
    assert_eq!(
        one["why"],
        "Lever could not be read: lever answered 401: no"
    );
    let events = world.get("/v1/events").await.expect(200);
    assert_eq!(events["items"], json!([]), "no event tells of it");
}

#[tokio::test]
async fn what_became_of_a_delivery_is_found_by_state_and_opportunity() {
    let world = world();
    hired_without_webhook(&world).await;
    *world.fakes.lever_is_down.lock().unwrap() = true;
    webhook(&world, "first").await;
    *world.fakes.lever_is_down.lock().unwrap() = false;
    settled(&world).await;
    webhook(&world, "second").await;
    settled(&world).await;

    let events = world.get("/v1/events").await.expect(200);
    let event = &events["items"][0]["id"];
    let done = listed(&world, "?state=done&opportunity=opp-1").await;
    assert_eq!(done.len(), 2);
    assert!(done.iter().all(|one| one["led_to"] == *event), "{done:?}");
    assert!(done.iter().all(|one| one["next_look_at"].is_null()));
    assert!(done[0]["received_at"].as_str() > done[1]["received_at"].as_str());
    assert!(listed(&world, "?state=received").await.is_empty());
    assert!(listed(&world, "?opportunity=opp-2").await.is_empty());

    let first = world.get("/v1/deliveries?limit=1").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = listed(&world, &format!("?limit=1&cursor={cursor}")).await;
    assert_eq!((&first["items"][0], &rest[0]), (&done[0], &done[1]));
    world.get("/v1/deliveries?state=lost").await.expect(422);
}
