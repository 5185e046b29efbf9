//! The trail as a file, in parts.

use axum::Extension;
use sando_admin::InParts;
use sando_core::audit::{Cause, StreamId};
use sando_core::changes::{Changes, Line, Origin};
use sando_core::handle::ledger;
use serde_json::json;

use crate::world::{Answer, World, world};

/// Every part of an export, from this address on.
async fn parts(world: &World, path: &str) -> Vec<Answer> {
    let mut parts = vec![world.get(path).await];
    while let Some(link) = parts.last().and_then(|part| part.headers.get("link")) {
        let link = link.to_str().unwrap();
        let next = link.strip_prefix('<').unwrap();
        let next = next.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        parts.push(world.get(&next).await);
    }
    parts
}

/// A company whose trail is larger than an answer may be.
pub(crate) async fn large() -> World {
    let world = world();
    let now = world.ports.clock.now();
    for number in 0..30 {
        let cause = Cause::of("test", number.to_string());
        let mut changes = Changes::new(Origin::sando(cause, number.to_string(), now));
        let line = Line::new(StreamId::Config, "put", format!("app/{number}"));
        changes.say(line.after(json!("x".repeat(100_000))));
        ledger::commit(&world.ports, changes).await.unwrap();
    }
    world
}

/// As it is served on AWS.
pub(crate) fn on_aws(world: World) -> World {
    let router = world.router.layer(Extension(InParts));
    World { router, ..world }
}

fn joined(parts: &[Answer]) -> String {
    parts.iter().map(|part| part.text.as_str()).collect()
}

#[tokio::test]
async fn an_export_in_parts_is_the_whole_one() {
    let world = world();
    let ada = world.applied().await;
    world.pass(60).await;

    for query in [
        "format=jsonl".to_owned(),
        "format=csv".to_owned(),
        format!("format=csv&person={ada}"),
        "format=jsonl&stream=config".to_owned(),
    ] {
        let whole = world.get(&format!("/v1/audit:export?{query}")).await;
        assert!(whole.headers.get("link").is_none(), "{query}");
        let parts = parts(&world, &format!("/v1/audit:export?{query}&limit=2")).await;

        assert!(parts.len() > 1, "{query}");
        assert!(parts.iter().all(|part| part.text.lines().count() <= 3));
        assert_eq!(joined(&parts), whole.text, "{query}");
    }
    for wrong in ["limit=0", "limit=10001", "cursor=none"] {
        let path = format!("/v1/audit:export?{wrong}");
        world.get(&path).await.expect(422);
    }
}

#[tokio::test]
async fn on_aws_no_part_of_an_export_is_too_large_to_be_answered() {
    let world = large().await;
    let whole = world.get("/v1/audit:export").await;
    assert!(whole.text.len() > 3_000_000);

    let world = on_aws(world);
    let parts = parts(&world, "/v1/audit:export").await;

    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.text.len() <= 2 * 1024 * 1024));
    assert_eq!(joined(&parts), whole.text);
}
