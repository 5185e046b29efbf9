//! The overview: what needs somebody, and how things stand.

use serde_json::json;

use super::Browser;
use crate::builder::{connected, connected_to, row};
use crate::movers::{configured, engineer, moves};
use crate::world::{World, world};

const DAY: i64 = 24 * 60 * 60;
/// An answer that fails a sync, and disables nothing.
const PARTIAL: u16 = 206;

async fn synced(world: &World) {
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;
}

#[tokio::test]
async fn an_account_whose_sync_failed_needs_somebody_until_one_works() {
    let world = connected().await;
    let mut browser = Browser::admin(&world).await;

    world.refuse_reading(Some(PARTIAL));
    synced(&world).await;
    let failing = browser.get("/console").await.text;
    let list = browser.get("/console/integrations").await.text;
    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    world.refuse_reading(None);
    synced(&world).await;
    let mended = browser.get("/console").await.text;

    assert_eq!(account["state"], "connected");
    for text in [
        "1 thing needs you.",
        "acme / prod: shape",
        "no new data since",
        "tried again",
    ] {
        assert!(failing.contains(text), "{text}: {failing}");
    }
    assert!(list.contains("1 of 1 account needs you."), "{list}");
    assert!(!mended.contains("needs you."), "{mended}");
}

#[tokio::test]
async fn the_overview_tells_how_near_the_brake_is_and_how_many_rosters_are_fresh() {
    let world = world();
    configured(&world).await;
    connected_to(&world, vec![row("a", "on")]).await;
    engineer(&world, 1).await;
    moves(&world, 1).await;
    world.pass(60).await;

    let admin = Browser::admin(&world).await.get("/console").await.text;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let viewer = viewer.get("/console").await.text;
    world.refuse_reading(Some(PARTIAL));
    world.pass(3 * DAY).await;
    let later = Browser::admin(&world).await.get("/console").await.text;

    assert!(admin.contains("removals this hour 1 of 200"), "{admin}");
    assert!(admin.contains("1 of 1 roster fresh"), "{admin}");
    assert!(admin.contains(">Pause…</a>"), "{admin}");
    assert!(!viewer.contains(">Pause…</a>"), "{viewer}");
    assert!(later.contains("removals this hour 0 of 200"), "{later}");
    assert!(later.contains("0 of 1 roster fresh"), "{later}");
}
