//! Two persons who are one human, merged and taken apart over the API.

use jiff::Timestamp;
use sando_core::event::{Hint, ToldArchive};
use sando_core::grant::Entitlement;
use sando_core::handle::inbox::receive;
use sando_core::ids::{LeverId, PersonId, Slug};
use sando_core::lever::{Archived, Candidacy, OfferState};
use sando_core::person::Person;
use sando_core::ports::Reading;
use sando_core::store::{Commit, Key, Loaded, Put};
use serde_json::{Value, json};

use crate::builder::connected_to;
use crate::erasure::words_of;
use crate::world::{World, world};

pub(crate) fn lever(text: &str) -> LeverId {
    LeverId::parse(text).unwrap()
}

/// Engineers have `figma`, which provisions itself, and `desk`, which a human gives.
pub(crate) async fn company(world: &World) {
    world.configured().await;
    let attributes = json!({
        "attributes": {
            "name": "contact.name", "personal_email": "contact.emails[0]",
            "department": "posting.categories.department",
            "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
            "start_date": "offer.fields[identifier=anticipated_start_date].value",
        },
        "required": ["name"],
    });
    world.put("/v1/attributes", attributes).await.expect(201);
}

/// Lever shows Ada Park, an engineer, hired under this opportunity, contact and address, in this stage.
pub(crate) fn shows(world: &World, of: [&str; 3], stage: Option<&str>) {
    let [opportunity, contact, email] = of;
    let candidacy = Candidacy {
        opportunity: lever(opportunity),
        contact: Some(lever(contact)),
        archived: Some(Archived {
            at: "2027-01-04T08:59:00Z".parse().unwrap(),
            reason: lever("reason-hired"),
            hired: true,
        }),
        stage: stage.map(|stage| (lever(stage), "2027-01-04T08:58:00Z".parse().unwrap())),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: None,
        application: None,
        offer: OfferState::Open,
        emails: vec![email.to_owned()],
        document: json!({
            "contact": { "name": "Ada Park", "emails": [email] },
            "posting": { "categories": { "department": "Engineering" } },
            "offer": { "fields": [{ "identifier": "anticipated_start_date", "value": "2027-01-04" }] },
        }),
    };
    let mut readings = world.fakes.readings.lock().unwrap();
    readings.insert(lever(opportunity), Reading::Present(Box::new(candidacy)));
}

pub(crate) async fn webhook(world: &World, event: &str, opportunity: &str) {
    let now = world.ports.clock.now();
    let hint = Hint {
        registration: Slug::parse("main").unwrap(),
        token_hash: format!("{event} {opportunity}"),
        event: event.to_owned(),
        triggered_at: now,
        received_at: now,
        opportunity: lever(opportunity),
        content_hash: "c".to_owned(),
        archive: ToldArchive::Nothing,
    };
    receive(&world.ports, hint).await.unwrap();
    world.pass(1).await;
}

/// The newest event of a kind.
pub(crate) async fn newest(world: &World, kind: &str) -> Value {
    let events = world.get(&format!("/v1/events?kind={kind}")).await;
    events.expect(200)["items"][0].clone()
}

/// Somebody is hired in Lever; answers who that is here.
pub(crate) async fn hired(world: &World, of: [&str; 3]) -> String {
    shows(world, of, None);
    webhook(world, "candidateHired", of[0]).await;
    let event = newest(world, "candidate.hired").await;
    assert_eq!(event["subject"], of[0]);
    event["person"].as_str().unwrap_or_default().to_owned()
}

pub(crate) const ADA: [&str; 3] = ["opp-1", "contact-1", "ada@mail.example"];
const TWIN: [&str; 3] = ["opp-2", "contact-2", "ada@home.example"];

/// Ada, hired twice under other addresses: both have `figma`, and both wait for a `desk`.
pub(crate) async fn twins(world: &World) -> (String, String) {
    company(world).await;
    let (ada, twin) = (hired(world, ADA).await, hired(world, TWIN).await);
    world.pass(60).await;
    assert_ne!(ada, twin);
    (ada, twin)
}

pub(crate) async fn read(world: &World, id: &str) -> Value {
    world.get(&format!("/v1/people/{id}")).await.expect(200)
}

pub(crate) async fn merge(world: &World, id: &str, into: &str) -> crate::world::Answer {
    let body = json!({ "into": into, "reason": "one human" });
    world.post(&format!("/v1/people/{id}:merge"), body).await
}

pub(crate) async fn split(world: &World, id: &str, identifiers: &[&str]) -> crate::world::Answer {
    let body = json!({ "identifiers": identifiers, "reason": "two humans" });
    world.post(&format!("/v1/people/{id}:split"), body).await
}

pub(crate) async fn figma(world: &World, id: &str) -> Value {
    world.grant(id, "figma").await
}

pub(crate) fn known_by(person: &Value) -> Value {
    let known = &person["identifiers"];
    json!([
        known["emails"],
        known["lever_contacts"],
        known["opportunities"]
    ])
}

#[tokio::test]
async fn two_people_with_accounts_in_one_application_become_one_who_keeps_one() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    assert_eq!(figma(&world, &twin).await["state"], "active");
    assert!(words_of(&world, &twin) > 0);

    let merged = merge(&world, &twin, &ada).await.expect(200);
    world.pass(120).await;

    assert_eq!(merged["id"], ada.as_str());
    assert_eq!(
        (words_of(&world, &ada) > 0, words_of(&world, &twin)),
        (true, 0)
    );
    assert_eq!(merged["runs"].as_array().unwrap().len(), 1);
    let (whole, gone) = (read(&world, &ada).await, read(&world, &twin).await);
    assert_eq!(
        known_by(&whole),
        json!([
            ["ada@home.example", "ada@mail.example"],
            ["contact-1", "contact-2"],
            ["opp-1", "opp-2"]
        ])
    );
    assert_eq!(whole["absorbed"], json!([twin]));
    assert_eq!(whole["state"], "active");
    assert_eq!(known_by(&gone), json!([[], [], []]));
    assert_eq!(gone["merged_into"], ada.as_str());
    assert_eq!(gone["state"], "left");
    assert_eq!(figma(&world, &ada).await["state"], "active");
    assert_eq!(figma(&world, &twin).await["state"], "revoked");
    // What was still on its way to whoever was merged away is called off.
    let runs = world.get(&format!("/v1/runs?person={twin}")).await;
    let runs = runs.expect(200);
    let mut runs = runs["items"].as_array().unwrap().iter();
    let onboard = runs.find(|run| run["workflow"] == "onboard").unwrap();
    let steps = onboard["steps"].as_array().unwrap();
    let desk = steps.iter().find(|step| step["id"] == "access/desk");
    assert_eq!(desk.unwrap()["state"], "cancelled");
}

#[tokio::test]
async fn what_lever_tells_of_whoever_was_merged_away_is_about_the_one_who_stayed() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    merge(&world, &twin, &ada).await.expect(200);

    shows(&world, TWIN, Some("reference-check"));
    webhook(&world, "candidateStageChange", "opp-2").await;
    let staged = newest(&world, "candidate.stage_changed").await;
    let again = hired(&world, ["opp-3", "contact-2", "ada@home.example"]).await;
    world.pass(60).await;

    assert_eq!(staged["subject"], "opp-2");
    assert_eq!(staged["person"], ada.as_str());
    assert_eq!(again, ada);
    assert_eq!(figma(&world, &ada).await["state"], "active");
    assert_eq!(figma(&world, &twin).await["state"], "revoked");
    let people = world.get("/v1/people").await.expect(200);
    assert_eq!(people["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_split_gives_back_who_had_what() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    let before = (read(&world, &ada).await, read(&world, &twin).await);
    let account = figma(&world, &twin).await["external_id"].clone();
    merge(&world, &twin, &ada).await.expect(200);
    world.pass(120).await;

    let back = split(&world, &ada, &[&twin]).await.expect(200);
    world.pass(120).await;

    assert_eq!(back["id"], twin.as_str());
    let after = (read(&world, &ada).await, read(&world, &twin).await);
    for (was, is) in [(&before.0, &after.0), (&before.1, &after.1)] {
        assert_eq!(known_by(is), known_by(was));
        assert_eq!(is["state"], was["state"]);
        assert_eq!(is["attributes"], was["attributes"]);
        assert_eq!(is["leaves_at"], was["leaves_at"]);
        assert_eq!(is["absorbed"], json!([]));
        assert_eq!(is["merged_into"], Value::Null);
    }
    assert_eq!(figma(&world, &ada).await["state"], "active");
    let restored = figma(&world, &twin).await;
    assert_eq!(restored["state"], "active");
    assert_eq!(restored["external_id"], account);
    let theirs = hired(&world, ["opp-3", "contact-2", "ada@home.example"]).await;
    let hers = hired(&world, ["opp-4", "contact-1", "ada@mail.example"]).await;
    assert_eq!((theirs, hers), (twin, ada));
}

async fn stored(world: &World, id: &str) -> Loaded<Person> {
    let key = Key::Person(PersonId::parse(id).unwrap());
    let found = world.ports.store.find::<Person>(&key).await;
    found.unwrap().unwrap()
}

#[tokio::test]
async fn a_split_gives_back_what_no_policy_gives() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    let mut person = stored(&world, &twin).await;
    let app = |name: &str| Slug::parse(name).unwrap();
    let admin = Entitlement {
        role: Some("admin".to_owned()),
        ..Entitlement::default()
    };
    person.entity.kept = [(app("desk"), admin.clone())].into();
    person.entity.by_hand = [(app("figma"), admin)].into();
    let commit = Commit {
        puts: vec![Put::of(&person.entity, person.version)],
        ..Commit::default()
    };
    world.ports.store.commit(&commit).await.unwrap();
    merge(&world, &twin, &ada).await.expect(200);
    world.pass(120).await;
    let away = stored(&world, &twin).await.entity;
    assert!(away.kept.is_empty() && away.by_hand.is_empty());

    split(&world, &ada, &[&twin]).await.expect(200);
    world.pass(120).await;

    let back = stored(&world, &twin).await.entity;
    assert_eq!(back.kept, person.entity.kept);
    assert_eq!(back.by_hand, person.entity.by_hand);
    assert_eq!(figma(&world, &twin).await["state"], "active");
}

#[tokio::test]
async fn what_both_were_known_by_stays_with_both() {
    let world = world();
    company(&world).await;
    let ada = hired(&world, ADA).await;
    let put = |email: &str| json!({ "attributes": { "name": "Ada P.", "personal_email": email } });
    let home = put("ada@home.example");
    let twin = world.put("/v1/people/hr-1", home).await.expect(201);
    let twin = twin["id"].as_str().unwrap().to_owned();
    let shared = put("ada@mail.example");
    world.put("/v1/people/hr-1", shared).await.expect(200);

    merge(&world, &twin, &ada).await.expect(200);
    let by_key = json!({ "attributes": { "team": "Platform" } });
    let by_key = world.put("/v1/people/hr-1", by_key).await.expect(200);
    split(&world, &ada, &[&twin]).await.expect(200);

    assert_eq!(by_key["id"], ada.as_str());
    let (ada, twin) = (read(&world, &ada).await, read(&world, &twin).await);
    assert_eq!(ada["identifiers"]["emails"], json!(["ada@mail.example"]));
    assert_eq!(ada["identifiers"]["key"], Value::Null);
    let both = json!(["ada@home.example", "ada@mail.example"]);
    assert_eq!(twin["identifiers"]["emails"], both);
    assert_eq!(twin["identifiers"]["key"], "hr-1");
    let again = hired(&world, ["opp-3", "contact-3", "ada@mail.example"]).await;
    assert_eq!(again, ada["id"].as_str().unwrap());
}

#[tokio::test]
async fn whoever_has_come_further_stays() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    let leave = format!("/v1/people/{twin}:terminate");
    let now = json!({ "at": "now" });
    world.post(&leave, now.clone()).await.expect(200);
    world.pass(120).await;

    let wrong = merge(&world, &ada, &twin).await.expect(409);
    let merged = merge(&world, &twin, &ada).await.expect(200);
    let again = merge(&world, &twin, &ada).await.expect(409);
    world.post(&leave, now).await.expect(409);
    world.pass(120).await;

    assert_eq!(wrong["code"], "other_way_round");
    assert_eq!(again["code"], "merged");
    assert_eq!(
        merged["runs"],
        json!([]),
        "who has left has nothing to lose"
    );
    assert_eq!(figma(&world, &ada).await["state"], "active");
    let back = split(&world, &ada, &[&twin]).await.expect(200);
    assert_eq!(back["state"], "left");
    assert_eq!(back["runs"], json!([]), "and nothing to get");
    let himself = merge(&world, &ada, &ada).await;
    himself.expect(422);
}

#[tokio::test]
async fn a_candidate_who_could_be_two_persons_is_one_after_the_merge() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    let waits = hired(&world, ["opp-3", "contact-1", "ada@home.example"]).await;
    assert_eq!(waits, "", "a human has to say who it is");
    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["state"], "needs_human");

    merge(&world, &twin, &ada).await.expect(200);
    let replay = format!("/v1/events/{}:replay", event["id"].as_str().unwrap());
    let replayed = world.post(&replay, json!({ "dry_run": false })).await;
    replayed.expect(200);
    world.pass(60).await;

    let event = newest(&world, "candidate.hired").await;
    assert_eq!(event["person"], ada.as_str());
    assert_eq!(figma(&world, &twin).await["state"], "revoked");
    let known = read(&world, &ada).await["identifiers"]["opportunities"].clone();
    assert_eq!(known, json!(["opp-1", "opp-2", "opp-3"]));
}

#[tokio::test]
async fn a_part_of_what_somebody_is_known_by_becomes_somebody_new() {
    let world = world();
    company(&world).await;
    let ada = hired(&world, ADA).await;
    let again = hired(&world, ["opp-2", "contact-1", "bo@mail.example"]).await;
    assert_eq!(again, ada);

    let rests = split(&world, &ada, &["opp-1"]).await.expect(409);
    let unknown = split(&world, &ada, &["bo@mail.example", "x@mail.example"]).await;
    let all = ["ada@mail.example", "bo@mail.example", "contact-1", "opp-2"];
    let unknown = unknown.expect(422);
    split(&world, &ada, &[]).await.expect(422);
    let bo = split(&world, &ada, &["bo@mail.example", "opp-2"]).await;
    let bo = bo.expect(200);
    let gone = split(&world, &ada, &all).await.expect(422);

    assert_eq!(rests["code"], "access_rests_on_it");
    assert_eq!(unknown["errors"][0]["path"], "identifiers[1]");
    assert_eq!(gone["errors"][0]["path"], "identifiers[1]");
    assert_eq!(bo["state"], "candidate");
    assert_eq!(known_by(&bo), json!([["bo@mail.example"], [], ["opp-2"]]));
    let ada = read(&world, &ada).await;
    assert_eq!(
        known_by(&ada),
        json!([["ada@mail.example"], ["contact-1"], ["opp-1"]])
    );
    let theirs = hired(&world, ["opp-3", "contact-3", "bo@mail.example"]).await;
    assert_eq!(bo["id"], theirs.as_str());
}

#[tokio::test]
async fn two_keys_of_an_hr_system_are_two_people() {
    let world = world();
    let put = |name: &str| json!({ "attributes": { "name": name } });
    let ada = world.put("/v1/people/hr-1", put("Ada")).await.expect(201);
    let bo = world.put("/v1/people/hr-2", put("Bo")).await.expect(201);
    let (ada, bo) = (ada["id"].as_str().unwrap(), bo["id"].as_str().unwrap());

    let keys = merge(&world, ada, bo).await.expect(409);
    let nothing = split(&world, ada, &["hr-1"]).await.expect(409);

    assert_eq!(keys["code"], "another_key");
    assert_eq!(nothing["code"], "nothing_left");
}

#[tokio::test]
async fn both_are_told_in_the_trail_and_it_names_nobody() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    merge(&world, &twin, &ada).await.expect(200);
    split(&world, &ada, &[&twin]).await.expect(200);

    for (of, actions) in [
        (
            &twin,
            [
                "merged into another person",
                "split off from another person",
            ],
        ),
        (
            &ada,
            [
                "another person was merged in",
                "another person was split off",
            ],
        ),
    ] {
        let trail = world.get(&format!("/v1/audit?person={of}&limit=200")).await;
        for action in actions {
            assert!(trail.text.contains(action), "{action}: {}", trail.text);
        }
        for secret in ["home.example", "one human", "contact-2"] {
            assert!(!trail.text.contains(secret), "{secret}: {}", trail.text);
        }
    }
    let verified = world.post("/v1/audit:verify", json!({})).await.expect(200);
    assert_eq!(verified["ok"], true);
}

#[tokio::test]
async fn what_whoever_was_merged_away_still_has_is_nobody_s_residue() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    merge(&world, &twin, &ada).await.expect(200);
    world.pass(120).await;
    let address = read(&world, &twin).await["attributes"]["work_email"].clone();
    connected_to(
        &world,
        vec![json!({ "id": "9", "mail": address, "state": "on" })],
    )
    .await;

    let residue = world.get("/v1/reports/residue").await.expect(200);
    let cleared = world.post("/v1/reports/residue:clear", json!({})).await;

    assert_eq!(residue["people"], 0);
    assert_eq!(cleared.expect(200)["started"], 0);
}
