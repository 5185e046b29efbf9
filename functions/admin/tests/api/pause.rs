//! The brake over the API.

use serde_json::json;

use crate::world::world;

#[tokio::test]
async fn a_pause_holds_effects_back_and_resuming_shows_them_first() {
    let world = world();
    let reason = json!({ "scope": "all", "reason": "audit" });
    let paused = world.post("/v1/pause", reason).await.expect(200);
    assert_eq!(paused["all"]["by"], "local-admin");
    let person = world.applied().await;
    world.pass(5).await;
    let before = world
        .get(&format!("/v1/people/{person}/access"))
        .await
        .expect(200);
    assert!(!before.to_string().contains("\"active\""));

    let shown = world
        .post("/v1/resume", json!({ "scope": "all" }))
        .await
        .expect(200);
    let wrong = json!({ "scope": "all", "confirm": "0" });
    let wrong = world.post("/v1/resume", wrong).await.expect(409);
    let right = json!({ "scope": "all", "confirm": shown["hash"] });
    let done = world.post("/v1/resume", right).await.expect(200);
    world.pass(1).await;

    assert_eq!(shown["resumed"], false);
    assert!(shown["plan"].to_string().contains("figma"));
    assert_eq!(wrong["hash"], shown["hash"]);
    assert_eq!(done["resumed"], true);
    assert_eq!(world.get("/v1/pause").await.expect(200)["paused"], false);
    assert_eq!(world.grant(&person, "figma").await["state"], "active");
    world
        .post("/v1/resume", json!({ "scope": "all" }))
        .await
        .expect(409);
}

#[tokio::test]
async fn one_application_is_paused_alone() {
    let world = world();
    world
        .post("/v1/pause", json!({ "scope": "app" }))
        .await
        .expect(422);
    world
        .post(
            "/v1/pause",
            json!({ "scope": "app", "app": "figma", "reason": "x" }),
        )
        .await
        .expect(200);

    let shown = world.get("/v1/pause").await.expect(200);
    let other = world
        .post("/v1/resume", json!({ "scope": "app", "app": "notion" }))
        .await;

    assert_eq!(shown["apps"]["figma"]["reason"], "x");
    assert_eq!(shown["all"], json!(null));
    other.expect(409);
}
