//! The trail over the API.

use sando_core::audit::checkpoint::ends;
use sando_core::handle::checkpoint;
use serde_json::json;

use crate::world::world;

#[tokio::test]
async fn every_chain_is_verified() {
    let world = world();
    world.applied().await;
    world.pass(60).await;

    let verified = world.post("/v1/audit:verify", json!({})).await.expect(200);

    assert_eq!(verified["ok"], true);
    assert_eq!(verified["first_broken"], json!(null));
    assert_eq!(verified["streams"], 2);
    assert!(verified["records"].as_u64().unwrap() > 8);
}

#[tokio::test]
async fn who_does_not_wait_comes_back_for_the_result() {
    let world = world();
    world.applied().await;
    world.pass(60).await;
    let whole = world.post("/v1/audit:verify", json!({})).await.expect(200);

    let begun = world
        .call(
            "POST",
            "/v1/audit:verify",
            Some(json!({})),
            &[("prefer", "wait=5, respond-async")],
        )
        .await;
    let place = begun.header("location").to_owned();
    let begun = begun.expect(202);
    let before = world.get(&place).await.expect(200);
    world.pass(1).await;
    let after = world.get(&place).await.expect(200);

    assert_eq!(place, format!("/v1/jobs/{}", begun["id"].as_str().unwrap()));
    assert_eq!(before["state"], "running");
    assert_eq!(before["result"], json!(null));
    assert_eq!(after["state"], "done");
    assert_eq!(after["result"], whole);
    assert_eq!(after["progress"]["done"], whole["records"]);
    let unknown = format!("/v1/jobs/job_{}", "a".repeat(26));
    world.get(&unknown).await.expect(404);
}

#[tokio::test]
async fn a_checkpoint_names_what_moved_since_the_last_one() {
    let world = world();
    let named = async || {
        let taken = checkpoint::take(&world.ports).await.unwrap();
        let ends = taken.iter().flat_map(|record| ends(record).unwrap());
        let ends: Vec<(String, u64)> = ends.map(|end| (end.stream.to_string(), end.seq)).collect();
        ends
    };
    assert_eq!(named().await, [], "nothing has happened");

    world.put("/v1/apps/figma", json!({})).await.expect(201);
    assert_eq!(named().await, [("config".to_owned(), 1)]);
    world.pass(60).await;
    assert_eq!(named().await, [], "nothing has moved since");
    world.put("/v1/apps/slack", json!({})).await.expect(201);
    assert_eq!(named().await, [("config".to_owned(), 2)]);
    world.pass(3600).await;
    world.put("/v1/apps/miro", json!({})).await.expect(201);
    assert_eq!(named().await, [("config".to_owned(), 3)]);

    let verified = world.post("/v1/audit:verify", json!({})).await.expect(200);
    assert_eq!(
        (&verified["ok"], &verified["streams"]),
        (&json!(true), &json!(2))
    );
}

#[tokio::test]
async fn the_whole_trail_is_walked_in_pages() {
    let world = world();
    world.applied().await;
    world.pass(60).await;

    let mut seen = Vec::new();
    let mut path = "/v1/audit?limit=3".to_owned();
    loop {
        let page = world.get(&path).await.expect(200);
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/audit?limit=3&cursor={cursor}");
    }

    let verified = world.post("/v1/audit:verify", json!({})).await.expect(200);
    assert_eq!(verified["records"], seen.len());
}

#[tokio::test]
async fn the_export_is_lines_or_a_table() {
    let world = world();
    world.put("/v1/apps/figma", json!({})).await.expect(201);

    let lines = world.get("/v1/audit:export?format=jsonl").await;
    let table = world.get("/v1/audit:export?format=csv").await;

    assert_eq!(lines.header("content-type"), "application/jsonl");
    assert_eq!(lines.text.lines().count(), 1);
    let record: serde_json::Value = serde_json::from_str(&lines.text).unwrap();
    assert_eq!(record["target"], "app/figma");
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        table.text.starts_with("stream,seq,at,actor,"),
        "{}",
        table.text
    );
    assert_eq!(table.text.lines().count(), 2);
    world.get("/v1/audit:export?format=xml").await.expect(422);
}
