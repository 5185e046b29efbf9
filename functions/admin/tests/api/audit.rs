//! The trail over the API.

use jiff::Timestamp;
use sando_core::audit::checkpoint::ends;
use sando_core::audit::{Cause, StreamId};
use sando_core::changes::{Changes, Line, Origin};
use sando_core::handle::{checkpoint, ledger};
use serde_json::{Value, json};

use crate::world::{World, world};

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
    let record: Value = serde_json::from_str(&lines.text).unwrap();
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

/// The actions of a page, and how many records were looked at for it.
fn actions(page: &Value) -> (Vec<String>, u64) {
    let items = page["items"].as_array().unwrap().iter();
    let actions = items.map(|record| record["action"].as_str().unwrap().to_owned());
    (actions.collect(), page["looked"].as_u64().unwrap())
}

#[tokio::test]
async fn the_trail_is_filtered_by_who_what_on_what_and_when() {
    let world = world();
    world.configured().await;
    world.pass(3600).await;
    let body = json!({ "name": "a key", "scopes": ["read", "admin"] });
    let key = world.post("/v1/keys", body).await.expect(201);
    let token = format!("Bearer {}", key["secret"].as_str().unwrap());
    let headers = [("authorization", token.as_str())];
    let put = world
        .call("PUT", "/v1/apps/wiki", Some(json!({})), &headers)
        .await;
    put.expect(201);
    let all = world.get("/v1/audit?stream=config").await.expect(200);
    let (all, looked) = actions(&all);
    assert_eq!(u64::try_from(all.len()).unwrap(), looked);

    let actor = format!("key:{}", key["id"].as_str().unwrap());
    for (filter, expect) in [
        (format!("actor={actor}"), vec!["app put"]),
        ("action=KEY%20made".to_owned(), vec!["API key made"]),
        ("target=app/wiki".to_owned(), vec!["app put"]),
        ("target=wiki&action=deleted".to_owned(), vec![]),
        (
            "from=2027-01-04T10:00:00Z".to_owned(),
            vec!["API key made", "app put"],
        ),
        ("from=2027-01-05T00:00:00Z".to_owned(), vec![]),
        ("until=2027-01-04T08:00:00Z".to_owned(), vec![]),
    ] {
        for stream in ["&stream=config", ""] {
            let path = format!("/v1/audit?{filter}{stream}");
            let page = world.get(&path).await.expect(200);
            assert_eq!(actions(&page).0, expect, "{path}: {page}");
            assert_eq!(page["next_cursor"], json!(null), "{path}");
        }
    }
    let early = world.get("/v1/audit?until=2027-01-04T09:30:00Z").await;
    let early = actions(&early.expect(200)).0;
    assert_eq!(early, all[..all.len() - 2], "what came later is left out");
    world.get("/v1/audit?from=yesterday").await.expect(422);
}

/// So many records, a minute apart, in the stream of the configuration.
pub(crate) async fn noted(world: &World, count: i64) {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let minutes: Vec<i64> = (0..count).collect();
    for some in minutes.chunks(75) {
        let mut changes = None;
        for minute in some {
            let at = begin + jiff::SignedDuration::from_mins(*minute);
            let origin = Origin::sando(Cause::of("schedule", "test"), "test", at);
            let changes = changes.get_or_insert_with(|| Changes::new(origin));
            changes.say(Line::new(
                StreamId::Config,
                "noted",
                format!("note/{minute}"),
            ));
        }
        ledger::commit(&world.ports, changes.unwrap())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_search_looks_so_far_and_goes_on_from_there() {
    let world = world();
    noted(&world, 15_000).await;

    let first = world.get("/v1/audit?target=note/14999").await.expect(200);
    assert_eq!(actions(&first), (vec![], 10_000), "50 readings of 200");
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/audit?target=note/14999&cursor={cursor}");
    let rest = world.get(&path).await.expect(200);

    assert_eq!(actions(&rest), (vec!["noted".to_owned()], 5_000));
    assert_eq!(rest["next_cursor"], json!(null));
}

#[tokio::test]
async fn a_moment_is_found_without_reading_what_was_before() {
    let world = world();
    noted(&world, 15_000).await;

    // Ten days of 1,440 minutes later, in portions of 75.
    let page = world
        .get("/v1/audit?stream=config&from=2026-01-11T00:00:00Z&until=2026-01-11T02:00:00Z&limit=200")
        .await
        .expect(200);

    let (found, looked) = actions(&page);
    assert!((75..=150).contains(&found.len()), "{}", found.len());
    assert!(looked < 600, "{looked}");
    assert_eq!(page["next_cursor"], json!(null));
}
