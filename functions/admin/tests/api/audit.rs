//! The trail over the API.

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
