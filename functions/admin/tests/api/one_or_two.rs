//! Somebody is hired who gives Ada's work address: a human says over the API whether that is Ada, once and for all.

use sando_core::lever::Candidacy;
use sando_core::ports::Reading;
use serde_json::{Value, json};

use crate::console::Browser;
use crate::identity::{
    ADA, company, figma, hired, known_by, lever, merge, newest, read, shows, split, twins, webhook,
};
use crate::world::{Answer, World, ada, world};

/// Under a contact of its own, with the work address that Ada was given.
const AGAIN: [&str; 3] = ["opp-2", "contact-2", "ada.park@contoso.example"];

/// The open tasks that ask whether two are one.
async fn questions(world: &World) -> Vec<Value> {
    let tasks = world.get("/v1/tasks?state=open&limit=200").await;
    let mut tasks = tasks.expect(200)["items"].as_array().unwrap().clone();
    tasks.retain(|task| !task["perhaps"].is_null());
    tasks
}

/// Ada is here, and somebody who gives her address is hired; answers both, and the one question about them.
async fn asked(world: &World) -> (String, String, Value) {
    company(world).await;
    let ada = hired(world, ADA).await;
    world.pass(60).await;
    assert_eq!(
        hired(world, AGAIN).await,
        "",
        "a human has to say who it is"
    );
    // Told again by the other webhook, and found by polling.
    webhook(world, "candidateArchiveChange", AGAIN[0]).await;
    let since = json!({ "since": "2027-01-04T08:00:00Z" });
    world.post("/v1/catch-up", since).await.expect(202);
    world.pass(120).await;
    let mut questions = questions(world).await;
    assert_eq!(questions.len(), 1, "{questions:?}");
    let question = questions.remove(0);
    assert_eq!(question["perhaps"], ada.as_str());
    let waits = question["person"].as_str().unwrap().to_owned();
    (ada, waits, question)
}

async fn replay(world: &World) -> Answer {
    let event = newest(world, "candidate.hired").await;
    let replay = format!("/v1/events/{}:replay", event["id"].as_str().unwrap());
    world.post(&replay, json!({ "dry_run": false })).await
}

/// What Lever shows of a candidacy is changed.
fn lever_changes(world: &World, opportunity: &str, change: impl FnOnce(&mut Candidacy)) {
    let mut readings = world.fakes.readings.lock().unwrap();
    match readings.get_mut(&lever(opportunity)) {
        Some(Reading::Present(candidacy)) => change(candidacy),
        _ => unreachable!("it was shown"),
    }
}

async fn say_two(world: &World, question: &Value) {
    let complete = format!("/v1/tasks/{}:complete", question["id"].as_str().unwrap());
    let body = json!({ "reason": "another Ada" });
    world.post(&complete, body).await.expect(200);
}

#[tokio::test]
async fn whoever_gives_a_work_address_waits_and_gets_nothing() {
    let world = world();

    let (ada, waits, _) = asked(&world).await;
    replay(&world).await.expect(200);
    world.pass(60).await;

    assert_eq!(questions(&world).await.len(), 1, "asked once");
    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["state"], "needs_human");
    let candidate = read(&world, &waits).await;
    assert_eq!(candidate["state"], "candidate");
    assert_eq!(candidate["attributes"]["work_email"], Value::Null);
    assert_eq!(known_by(&candidate), json!([[], ["contact-2"], ["opp-2"]]));
    let runs = world.get(&format!("/v1/runs?person={waits}")).await;
    assert_eq!(runs.expect(200)["items"], json!([]));
    let ada = read(&world, &ada).await;
    let hers = json!([["ada@mail.example"], ["contact-1"], ["opp-1"]]);
    assert_eq!(known_by(&ada), hers);
}

#[tokio::test]
async fn said_to_be_the_same_human_the_person_is_used() {
    let world = world();
    let (ada, waits, _) = asked(&world).await;

    merge(&world, &waits, &ada).await.expect(200);
    world.pass(60).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["person"], ada.as_str());
    assert_eq!(questions(&world).await, Vec::<Value>::new());
    assert_eq!(figma(&world, &ada).await["state"], "active");
    let known = known_by(&read(&world, &ada).await);
    assert_eq!(known[1], json!(["contact-1", "contact-2"]));
    let third = ["opp-3", "contact-2", AGAIN[2]];
    assert_eq!(hired(&world, third).await, ada);
}

#[tokio::test]
async fn said_to_be_somebody_else_they_are_a_person_of_their_own_for_good() {
    let world = world();
    let (ada, waits, question) = asked(&world).await;
    let hers = figma(&world, &ada).await["external_id"].clone();

    say_two(&world, &question).await;
    world.pass(60).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["person"], waits.as_str());
    let other = read(&world, &waits).await;
    assert_eq!(other["state"], "active");
    assert_eq!(
        other["attributes"]["work_email"],
        "ada.park2@contoso.example"
    );
    assert_eq!(known_by(&other)[0], json!([]), "the address is Ada's");
    let (one, two) = (figma(&world, &ada).await, figma(&world, &waits).await);
    assert_eq!(
        (&one["state"], &one["external_id"]),
        (&json!("active"), &hers)
    );
    assert_eq!(two["state"], "active");
    assert_ne!(two["external_id"], hers);
    let third = ["opp-3", "contact-2", AGAIN[2]];
    assert_eq!(hired(&world, third).await, waits);
    assert_eq!(questions(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_hire_that_is_undone_while_a_human_thinks_is_nobody_s() {
    let world = world();
    let (_, waits, question) = asked(&world).await;
    lever_changes(&world, AGAIN[0], |candidacy| candidacy.archived = None);

    say_two(&world, &question).await;
    world.pass(60).await;
    let refused = replay(&world).await.expect(409);

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["state"], "ignored", "nobody has to look any more");
    assert_eq!(refused["code"], "nobody_known");
    assert_eq!(read(&world, &waits).await["state"], "candidate");
}

#[tokio::test]
async fn a_split_answers_the_question_too() {
    let world = world();
    let (ada, waits, _) = asked(&world).await;
    merge(&world, &waits, &ada).await.expect(200);

    split(&world, &ada, &[&waits]).await.expect(200);
    world.pass(60).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["person"], waits.as_str());
    assert_eq!(questions(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_page_of_the_question_leads_to_both_answers() {
    let world = world();
    let (ada, waits, question) = asked(&world).await;
    let mut browser = Browser::admin(&world).await;

    let id = question["id"].as_str().unwrap();
    let page = browser.get(&format!("/console/tasks/{id}")).await;

    for part in [
        format!("/console/people/{ada}"),
        format!("/console/people/{waits}/merge?into={ada}"),
        format!("/console/tasks/{id}/complete"),
        "They are two people".to_owned(),
    ] {
        assert!(page.text.contains(&part), "{part}: {}", page.text);
    }
    let merge = format!("/console/people/{waits}/merge?into={ada}");
    let merge = browser.get(&merge).await.text;
    let filled = format!("name=\"into\" value=\"{ada}\"");
    assert!(merge.contains(&filled), "{merge}");
}

fn starts_later(candidacy: &mut Candidacy) {
    candidacy.document["offer"]["fields"][0]["value"] = json!("2027-02-01");
}

/// Hired half an hour after the world began.
fn is_hired_later(candidacy: &mut Candidacy) {
    candidacy.archived.as_mut().unwrap().at = "2027-01-04T09:30:00Z".parse().unwrap();
    starts_later(candidacy);
}

/// As [`hired`], for a first day to come.
async fn hired_for_later(world: &World, of: [&str; 3]) -> String {
    shows(world, of, None);
    lever_changes(world, of[0], starts_later);
    webhook(world, "candidateHired", of[0]).await;
    let event = newest(world, "candidate.hired").await;
    event["person"].as_str().unwrap_or_default().to_owned()
}

/// They apply, and are found to be whom Sando knows under that contact.
const APPLIES: [&str; 3] = ["opp-3", "contact-2", "bo@mail.example"];

#[tokio::test]
async fn a_leaver_who_is_said_to_be_another_comes_back_with_the_answer() {
    let world = world();
    company(&world).await;
    hired(&world, ADA).await;
    let bo = hired(&world, ["opp-2", "contact-2", "bo@mail.example"]).await;
    world.pass(60).await;
    let leave = format!("/v1/people/{bo}:terminate");
    world.post(&leave, json!({ "at": "now" })).await.expect(200);
    world.pass(60 * 60).await;
    let rule = json!({ "event": "candidate.stage_changed", "workflow": "onboard" });
    world.put("/v1/rules/early", rule).await.expect(201);
    shows(&world, APPLIES, Some("reference-check"));
    let mut archived = None;
    lever_changes(&world, APPLIES[0], |candidacy| {
        archived = candidacy.archived.take();
    });
    webhook(&world, "candidateStageChange", APPLIES[0]).await;
    lever_changes(&world, APPLIES[0], |candidacy| {
        candidacy.archived = archived;
        is_hired_later(candidacy);
        candidacy.emails = vec![AGAIN[2].to_owned()];
    });
    webhook(&world, "candidateHired", APPLIES[0]).await;
    let asked = newest(&world, "candidate.hired").await;
    assert_eq!(asked["state"], "needs_human");
    assert_eq!(asked["person"], bo.as_str(), "known before");

    say_two(&world, &questions(&world).await[0]).await;
    world.pass(1).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["id"], asked["id"]);
    assert_eq!(event["state"], "done");
    assert_eq!(read(&world, &bo).await["state"], "preboarding");
}

#[tokio::test]
async fn an_old_withdrawal_is_not_replayed_against_a_hire_that_is_in_force() {
    let world = world();
    company(&world).await;
    let both = ["opp-3", "contact-1", "ada@home.example"];
    let ada = hired_for_later(&world, ADA).await;
    let twin = hired_for_later(&world, ["opp-2", "contact-2", both[2]]).await;
    assert_eq!(hired_for_later(&world, both).await, "", "one of the two");
    lever_changes(&world, both[0], |candidacy| candidacy.archived = None);
    webhook(&world, "candidateArchiveChange", both[0]).await;
    let withdrawn = newest(&world, "candidate.unhired").await;
    assert_eq!(withdrawn["person"], Value::Null);
    merge(&world, &twin, &ada).await.expect(200);
    world.pass(60 * 60).await;
    shows(&world, both, None);
    lever_changes(&world, both[0], is_hired_later);
    webhook(&world, "candidateStageChange", both[0]).await;
    assert_eq!(
        newest(&world, "candidate.hired").await["person"],
        ada.as_str()
    );
    assert_eq!(read(&world, &ada).await["state"], "preboarding");

    let replay = format!("/v1/events/{}:replay", withdrawn["id"].as_str().unwrap());
    let earnest = json!({ "dry_run": false });
    let refused = world.post(&replay, earnest).await.expect(409);

    assert_eq!(refused["code"], "nobody_known");
    assert_eq!(read(&world, &ada).await["state"], "preboarding");
}

#[tokio::test]
async fn who_somebody_is_not_is_known_of_whom_they_are_merged_into() {
    let world = world();
    let (_, waits, question) = asked(&world).await;
    say_two(&world, &question).await;
    let bo = hired(&world, ["opp-3", "contact-3", "bo@mail.example"]).await;

    merge(&world, &waits, &bo).await.expect(200);

    let again = ["opp-4", "contact-3", AGAIN[2]];
    assert_eq!(hired(&world, again).await, bo);
    assert_eq!(questions(&world).await, Vec::<Value>::new());
}

/// What the audit says of the newest hire.
async fn went_on(world: &World) -> Vec<Value> {
    let event = newest(world, "candidate.hired").await;
    let of_event = format!("event/{}", event["id"].as_str().unwrap());
    let path = "/v1/audit?action=waiting%20event%20went%20on&limit=200";
    let records = world.get(path).await.expect(200);
    let mut records = records["items"].as_array().unwrap().clone();
    records.retain(|record| record["target"] == of_event.as_str());
    records
}

#[tokio::test]
async fn what_goes_on_says_which_answer_it_waited_for() {
    let world = world();
    let (_, _, question) = asked(&world).await;

    say_two(&world, &question).await;
    world.pass(60).await;

    let records = went_on(&world).await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(
        records[0]["cause"],
        json!({ "kind": "task", "id": question["id"] })
    );
    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["state"], "done");
    let run = event["runs"][0].as_str().unwrap();
    let run = world.get(&format!("/v1/runs/{run}")).await.expect(200);
    assert_eq!(run["state"], "running", "the desk is a human's: {run}");
}

#[tokio::test]
async fn an_answer_waits_for_lever_and_loses_nothing() {
    let world = world();
    let (_, waits, question) = asked(&world).await;
    *world.fakes.lever_is_down.lock().unwrap() = true;

    say_two(&world, &question).await;
    world.pass(600).await;
    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["state"], "needs_human");
    *world.fakes.lever_is_down.lock().unwrap() = false;
    world.pass(600).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["state"], "done");
    assert_eq!(event["person"], waits.as_str());
}

#[tokio::test]
async fn what_was_replayed_by_hand_since_the_answer_goes_on_no_more() {
    let world = world();
    let (_, _, question) = asked(&world).await;

    say_two(&world, &question).await;
    replay(&world).await.expect(200);
    world.pass(60).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["runs"].as_array().unwrap().len(), 1);
    assert_eq!(went_on(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn every_hire_that_waits_goes_on_with_the_one_answer() {
    let world = world();
    let (ada, waits, question) = asked(&world).await;
    let second = ["opp-3", "contact-2", AGAIN[2]];
    assert_eq!(hired(&world, second).await, "", "it waits as well");
    assert_eq!(questions(&world).await.len(), 1, "asked once");

    say_two(&world, &question).await;
    world.pass(60).await;

    let events = world.get("/v1/events?kind=candidate.hired").await;
    let events = events.expect(200)["items"].as_array().unwrap().clone();
    let whose = |event: &Value| (event["person"].clone(), event["state"].clone());
    let whose: Vec<(Value, Value)> = events.iter().map(whose).collect();
    let done = |person: &str| (json!(person), json!("done"));
    assert_eq!(whose, [done(&waits), done(&waits), done(&ada)]);
}

#[tokio::test]
async fn an_answer_gives_nothing_to_whoever_was_here_already() {
    let world = world();
    company(&world).await;
    let here = world.put("/v1/people/hr-1", ada()).await.expect(201);
    let here = here["id"].as_str().unwrap();
    // Given by hand, it identifies nobody by itself.
    let correct =
        json!({ "attributes": { "work_email": "ada@contoso.example" }, "reason": "married" });
    let path = format!("/v1/people/{here}:correct");
    world.post(&path, correct).await.expect(200);
    let again = ["opp-2", "contact-2", "ada@contoso.example"];
    assert_eq!(hired(&world, again).await, "", "a human has to say");
    let question = questions(&world).await.remove(0);

    let waits = question["person"].as_str().unwrap();
    merge(&world, waits, here).await.expect(200);
    world.pass(60).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["state"], "baselined");
    assert_eq!(event["person"], here);
    assert_eq!(read(&world, here).await["baselined"], true);
    let runs = world.get(&format!("/v1/runs?person={here}")).await;
    assert_eq!(runs.expect(200)["items"], json!([]));
}

/// The open tasks that ask which of several persons somebody is.
async fn choices(world: &World) -> Vec<Value> {
    let tasks = world.get("/v1/tasks?state=open&limit=200").await;
    let mut tasks = tasks.expect(200)["items"].as_array().unwrap().clone();
    tasks.retain(|task| task["title"] == "One candidate, several persons");
    tasks
}

/// Ada, twice, and a hire that could be either's.
async fn either(world: &World) -> (String, String) {
    let (ada, twin) = twins(world).await;
    let both = ["opp-3", "contact-1", "ada@home.example"];
    assert_eq!(hired(world, both).await, "", "one of the two");
    assert_eq!(choices(world).await.len(), 1);
    (ada, twin)
}

#[tokio::test]
async fn a_hire_of_whoever_could_be_two_persons_goes_on_once_these_are_one() {
    let world = world();
    let (ada, twin) = either(&world).await;

    merge(&world, &twin, &ada).await.expect(200);
    world.pass(60).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["subject"], "opp-3");
    assert_eq!(event["person"], ada.as_str());
    assert_eq!(event["state"], "done");
    assert_eq!(choices(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn which_of_two_persons_it_is_is_asked_again_while_nobody_can_tell() {
    let world = world();
    let (ada, twin) = either(&world).await;

    say_two(&world, &choices(&world).await[0]).await;
    world.pass(60).await;

    assert_eq!(choices(&world).await.len(), 1, "called done, and it is not");
    merge(&world, &twin, &ada).await.expect(200);
    world.pass(60).await;
    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["person"], ada.as_str());
    assert_eq!(choices(&world).await, Vec::<Value>::new());
}
