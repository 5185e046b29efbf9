//! Events and their replay over the API.

use jiff::Timestamp;
use sando_core::event::{Hint, ToldArchive};
use sando_core::handle::inbox::receive;
use sando_core::ids::{LeverId, Slug};
use sando_core::lever::{Archived, Candidacy, OfferState};
use sando_core::ports::Reading;
use serde_json::{Value, json};

use crate::world::{World, world};

fn hired(department: &str) -> Reading {
    let id = |text: &str| LeverId::parse(text).unwrap();
    Reading::Present(Box::new(Candidacy {
        opportunity: id("opp-1"),
        contact: Some(id("contact-1")),
        archived: Some(Archived {
            at: "2027-01-04T08:59:00Z".parse().unwrap(),
            reason: id("reason-hired"),
            hired: true,
        }),
        stage: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: None,
        application: None,
        offer: OfferState::Open,
        emails: vec!["ada@mail.example".to_owned()],
        document: json!({
            "contact": { "name": "Ada Park", "emails": ["ada@mail.example"] },
            "posting": { "categories": { "department": department } },
            "offer": { "fields": [{ "identifier": "anticipated_start_date", "value": "2027-03-01" }] },
        }),
    }))
}

async fn webhook(world: &World) {
    let opportunity = LeverId::parse("opp-1").unwrap();
    let now = world.ports.clock.now();
    let hint = Hint {
        registration: Slug::parse("main").unwrap(),
        token_hash: "t".to_owned(),
        event: "candidateHire".to_owned(),
        triggered_at: now,
        received_at: now,
        opportunity,
        content_hash: "c".to_owned(),
        archive: ToldArchive::Nothing,
    };
    receive(&world.ports, hint).await.unwrap();
    world.pass(1).await;
}

fn lever_says(world: &World, reading: Reading) {
    let opportunity = LeverId::parse("opp-1").unwrap();
    let mut readings = world.fakes.readings.lock().unwrap();
    readings.insert(opportunity, reading);
}

/// A hire whose department no policy knows; answers the event.
pub(crate) async fn a_hire(world: &World, department: &str) -> Value {
    world.configured().await;
    lever_says(world, hired(department));
    webhook(world).await;
    let events = world
        .get("/v1/events?kind=candidate.hired")
        .await
        .expect(200);
    events["items"][0].clone()
}

#[tokio::test]
async fn an_event_says_why() {
    let world = world();
    let event = a_hire(&world, "Engineering").await;

    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    let read = world.get(&path).await.expect(200);

    assert_eq!(read["kind"], "candidate.hired");
    assert_eq!(read["source"], "lever");
    assert_eq!(read["subject"], "opp-1");
    assert_eq!(read["state"], "done");
    let last = read["why"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        last["text"],
        "no rule names `candidate.hired`: the built-in `onboard` is due"
    );
    assert_eq!(read["runs"].as_array().unwrap().len(), 1);
    let done = world.get("/v1/events?state=ignored").await.expect(200);
    assert_eq!(done["items"], json!([]));
    world.get("/v1/events?state=finished").await.expect(422);
}

#[tokio::test]
async fn one_call_tells_what_an_event_led_to() {
    let world = world();
    let event = a_hire(&world, "Engineering").await;
    world.pass(60).await;

    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    let read = world.get(&path).await.expect(200);

    let led_to = &read["led_to"];
    let runs = led_to["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["id"], read["runs"][0]);
    let steps = runs[0]["steps"].as_array().unwrap();
    let figma = steps.iter().find(|step| step["app"] == "figma").unwrap();
    assert_eq!(figma["state"], "verified");
    assert_eq!(figma["calls"][1]["status"], 201, "{figma}");
    assert_eq!(led_to["approvals"], json!([]));
    assert_eq!(led_to["is_cut"], false);
    let listed = world.get("/v1/events").await.expect(200);
    assert_eq!(listed["items"][0]["led_to"], json!(null));
}

#[tokio::test]
async fn a_dry_replay_shows_what_it_would_do_and_does_nothing() {
    let world = world();
    let event = a_hire(&world, "Eng").await;
    let path = format!("/v1/events/{}:replay", event["id"].as_str().unwrap());
    let aliases = json!({ "Engineering": ["Eng"] });
    world
        .put("/v1/aliases/department", aliases)
        .await
        .expect(201);

    let shown = world.post(&path, json!({})).await.expect(200);
    let after = world
        .get(&format!("/v1/events/{}", event["id"].as_str().unwrap()))
        .await
        .expect(200);

    assert_eq!(shown["dry_run"], true);
    let apps: Vec<&str> = shown["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|effect| effect["app"].as_str().unwrap())
        .collect();
    assert_eq!(apps, ["desk", "figma"]);
    assert_eq!(after["replays"], 0);
    assert_eq!(after["runs"], event["runs"]);
}

#[tokio::test]
async fn a_replay_reads_lever_again_and_starts_a_run_of_its_own() {
    let world = world();
    let event = a_hire(&world, "Eng").await;
    let person = event["person"].as_str().unwrap().to_owned();
    let path = format!("/v1/events/{}:replay", event["id"].as_str().unwrap());
    lever_says(&world, hired("Engineering"));

    let replayed = world
        .post(&path, json!({ "dry_run": false }))
        .await
        .expect(200);
    world.pass(60).await;

    assert_eq!(replayed["event"]["replays"], 1);
    assert_eq!(replayed["event"]["runs"].as_array().unwrap().len(), 2);
    let person = world.get(&format!("/v1/people/{person}")).await.expect(200);
    assert_eq!(person["attributes"]["department"], "Engineering");
    let run = world.run_of(person["id"].as_str().unwrap()).await;
    assert_eq!(run["id"], replayed["event"]["runs"][1]);
}

#[tokio::test]
async fn a_replay_with_nothing_left_to_do_writes_no_second_note() {
    let world = world();
    let event = a_hire(&world, "Eng").await;
    let path = format!("/v1/events/{}:replay", event["id"].as_str().unwrap());
    let note = async || {
        let run = world.run_of(event["person"].as_str().unwrap()).await;
        let steps = run["steps"].as_array().unwrap().clone();
        let mut steps = steps.into_iter();
        steps.find(|step| step["id"] == "lever").unwrap()
    };
    assert_eq!(note().await["state"], "verified", "the hire itself has one");

    let again = json!({ "dry_run": false });
    world.post(&path, again).await.expect(200);
    world.pass(60).await;

    let note = note().await;
    assert_eq!(note["state"], "skipped", "{note}");
}

#[tokio::test]
async fn a_replay_gives_nothing_to_a_leaver() {
    let world = world();
    let event = a_hire(&world, "Engineering").await;
    let person = event["person"].as_str().unwrap().to_owned();
    let leave = json!({ "at": "now" });
    world
        .post(&format!("/v1/people/{person}:terminate"), leave)
        .await
        .expect(200);
    let path = format!("/v1/events/{}:replay", event["id"].as_str().unwrap());

    let replayed = world
        .post(&path, json!({ "dry_run": false }))
        .await
        .expect(200);

    assert_eq!(replayed["plan"], json!([]));
    let person = world.get(&format!("/v1/people/{person}")).await.expect(200);
    assert_eq!(person["state"], "left");
}

#[tokio::test]
async fn a_replay_while_lever_is_down_is_no_mistake_of_the_caller() {
    let world = world();
    let event = a_hire(&world, "Engineering").await;
    *world.fakes.lever_is_down.lock().unwrap() = true;

    let path = format!("/v1/events/{}:replay", event["id"].as_str().unwrap());
    let problem = world.post(&path, json!({})).await.expect(502);

    assert_eq!(problem["code"], "remote_failed");
}

#[tokio::test]
async fn applying_a_baselined_person_gives_what_is_due() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;

    let person = world.get(&format!("/v1/people/{id}")).await.expect(200);
    let run = world.run_of(&id).await;

    assert_eq!(person["baselined"], false);
    assert_eq!(run["workflow"], "change");
    let figma = run["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["id"] == "access/figma");
    assert_eq!(figma.unwrap()["state"], "verified");
    assert_eq!(figma.unwrap()["attempts"][0]["status"], "ok");
}

/// The range that everything in these tests is in.
fn since_new_year(more: Value) -> Value {
    let mut body = json!({ "from": "2027-01-01T00:00:00Z" });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_range_is_shown_on_a_draft_and_then_replayed_once() {
    let world = world();
    let event = a_hire(&world, "Eng").await;
    let id = event["id"].as_str().unwrap();
    let draft =
        json!({ "attributes": { "aliases": { "department": { "Engineering": ["Eng"] } } } });

    let without = world
        .post("/v1/events:replay", since_new_year(json!({})))
        .await
        .expect(200);
    let shown = world
        .post(
            "/v1/events:replay",
            since_new_year(json!({ "draft": draft })),
        )
        .await
        .expect(200);

    assert_eq!(without["effects"], 0, "{without}");
    assert_eq!(shown["dry_run"], true);
    assert_eq!(
        shown["by_app"],
        json!({ "desk": { "give": 1 }, "figma": { "give": 1 } })
    );
    assert_eq!(shown["listed"][0]["event"], id);
    let path = format!("/v1/events/{id}");
    assert_eq!(world.get(&path).await.expect(200)["replays"], 0);

    let aliases = json!({ "Engineering": ["Eng"] });
    world
        .put("/v1/aliases/department", aliases)
        .await
        .expect(201);
    let done = world
        .post(
            "/v1/events:replay",
            since_new_year(json!({ "dry_run": false })),
        )
        .await
        .expect(200);

    assert_eq!((&done["events"], &done["runs"]), (&json!(1), &json!(1)));
    let after = world.get(&path).await.expect(200);
    assert_eq!(after["replays"], 1);
    assert_eq!(after["runs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn only_events_of_the_range_and_the_kinds_are_replayed() {
    let world = world();
    a_hire(&world, "Engineering").await;

    for (body, events) in [
        (json!({ "kinds": ["candidate.hired"] }), 1),
        (json!({ "kinds": ["candidate.deleted"] }), 0),
        (json!({ "to": "2027-01-02T00:00:00Z" }), 0),
        (
            json!({ "from": "2027-06-01T00:00:00Z", "to": "2027-06-02T00:00:00Z" }),
            0,
        ),
    ] {
        let shown = world
            .post("/v1/events:replay", since_new_year(body.clone()))
            .await;
        assert_eq!(shown.expect(200)["events"], events, "{body}");
    }
    let backwards = since_new_year(json!({ "to": "2026-01-01T00:00:00Z" }));
    world.post("/v1/events:replay", backwards).await.expect(422);
}

#[tokio::test]
async fn a_long_replay_goes_on_as_a_job_and_replays_each_event_once() {
    let world = world();
    let event = a_hire(&world, "Engineering").await;
    let headers = [("prefer", "respond-async")];
    let body = since_new_year(json!({ "dry_run": false }));

    let started = world
        .call("POST", "/v1/events:replay", Some(body), &headers)
        .await
        .expect(202);
    world.pass(60).await;

    let job = format!("/v1/jobs/{}", started["id"].as_str().unwrap());
    let job = world.get(&job).await.expect(200);
    assert_eq!(job["state"], "done", "{job}");
    assert_eq!(job["result"]["events"], 1);
    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.expect(200)["replays"], 1);
}

#[tokio::test]
async fn a_draft_is_only_shown_and_its_mistakes_are_told() {
    let world = world();
    a_hire(&world, "Engineering").await;
    let rules = json!({ "rules": { "all": { "event": "candidate.hired", "workflow": "onboard", "when": [] } } });
    let wrong = json!({ "rules": { "all": { "event": "no.such" } } });

    let earnest = since_new_year(json!({ "dry_run": false, "draft": rules }));
    let problem = world.post("/v1/events:replay", earnest).await.expect(422);
    world
        .post(
            "/v1/events:replay",
            since_new_year(json!({ "draft": wrong })),
        )
        .await
        .expect(422);

    assert_eq!(problem["errors"][0]["path"], "draft");
}

#[tokio::test]
async fn what_lever_does_not_show_is_left_out_and_said() {
    let world = world();
    let event = a_hire(&world, "Engineering").await;
    *world.fakes.lever_is_down.lock().unwrap() = true;

    let shown = world
        .post("/v1/events:replay", since_new_year(json!({})))
        .await
        .expect(200);

    assert_eq!(shown["left_out"], 1);
    assert_eq!(shown["why_not"][0]["event"], event["id"]);
}

#[tokio::test]
async fn recorded_events_are_run_on_changed_files_and_only_what_differs_is_shown() {
    let world = world();
    let event = a_hire(&world, "Eng").await;
    let id = event["id"].as_str().unwrap();
    let file = json!({ "aliases": { "department": { "Engineering": ["Eng"] } } });
    let changed = json!([{ "kind": "attributes", "id": "attributes", "file": file }]);
    let over = json!({ "events_since": "2027-01-01T00:00:00Z" });
    let plan = async |changes: &Value, over: &Value| {
        let body = json!({ "changes": changes, "over": over });
        world.post("/v1/plan", body).await
    };

    let differs = plan(&changed, &over).await.expect(200);
    let same = plan(&json!([]), &over).await.expect(200);

    assert_eq!(
        (&differs["events"], &differs["differing"]),
        (&json!(1), &json!(1))
    );
    assert_eq!((&differs["more"], &differs["less"]), (&json!(2), &json!(0)));
    let listed = &differs["listed"][0];
    assert_eq!(listed["event"], id);
    assert_eq!(listed["more"][0]["app"], "desk");
    assert_eq!(listed["more"][1]["app"], "figma");
    assert_eq!(
        (&same["events"], &same["differing"]),
        (&json!(1), &json!(0))
    );
    let after = world.get(&format!("/v1/events/{id}")).await.expect(200);
    assert_eq!(after["replays"], 0, "nothing was done");
    let both = json!({ "events_since": "2027-01-01T00:00:00Z", "people": [] });
    plan(&changed, &both).await.expect(422);
}
