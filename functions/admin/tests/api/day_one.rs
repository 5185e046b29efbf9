//! The weeks before the first day: offers change, and what waits for them moves.

use jiff::Timestamp;
use sando_core::event::{Hint, ToldArchive};
use sando_core::handle::inbox::receive;
use sando_core::ids::{LeverId, Slug};
use sando_core::lever::{Archived, Candidacy, OfferState};
use sando_core::ports::Reading;
use serde_json::{Value, json};

use crate::world::{World, world};

const DAY: i64 = 24 * 3600;

/// What Lever says of Ada.
struct Offer {
    department: &'static str,
    day: &'static str,
    state: OfferState,
    updated_at: &'static str,
}

const OFFER: Offer = Offer {
    department: "Engineering",
    day: "2027-03-01",
    state: OfferState::Open,
    updated_at: "2027-01-04T08:59:30Z",
};

fn id(text: &str) -> LeverId {
    LeverId::parse(text).unwrap()
}

fn lever_says(world: &World, offer: &Offer) {
    let candidacy = Candidacy {
        opportunity: id("opp-1"),
        contact: Some(id("contact-1")),
        archived: Some(Archived {
            at: "2027-01-04T08:59:00Z".parse().unwrap(),
            reason: id("reason-hired"),
            hired: true,
        }),
        stage: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Some(offer.updated_at.parse().unwrap()),
        application: None,
        offer: offer.state,
        emails: vec!["ada@mail.example".to_owned()],
        document: json!({
            "contact": { "name": "Ada Park", "emails": ["ada@mail.example"] },
            "posting": { "categories": { "department": offer.department } },
            "offer": { "fields": [{ "identifier": "anticipated_start_date", "value": offer.day }] },
        }),
    };
    let mut readings = world.fakes.readings.lock().unwrap();
    readings.insert(id("opp-1"), Reading::Present(Box::new(candidacy)));
}

/// Lever tells that Ada was hired.
pub(crate) async fn webhook(world: &World, token: &str) {
    let now = world.ports.clock.now();
    let hint = Hint {
        registration: Slug::parse("main").unwrap(),
        token_hash: token.to_owned(),
        event: "candidateHired".to_owned(),
        triggered_at: now,
        received_at: now,
        opportunity: id("opp-1"),
        content_hash: "c".to_owned(),
        archive: ToldArchive::Nothing,
    };
    receive(&world.ports, hint).await.unwrap();
    world.pass(1).await;
}

/// What Lever says of Ada instead.
pub(crate) fn lever_says_nothing(world: &World, reading: Reading) {
    world
        .fakes
        .readings
        .lock()
        .unwrap()
        .insert(id("opp-1"), reading);
}

/// Ada starts on another day.
pub(crate) fn starts(world: &World, day: &'static str) {
    lever_says(world, &Offer { day, ..OFFER });
}

/// Ada's offer is denied, or open again.
pub(crate) fn offer_is(world: &World, state: OfferState) {
    lever_says(world, &Offer { state, ..OFFER });
}

/// Ada is hired: `mail` at once, `code` for engineers three days before, `crm` for sales.
pub(crate) async fn hired(world: &World) -> String {
    hired_without_webhook(world).await;
    webhook(world, "t").await;
    let people = world.get("/v1/people").await.expect(200);
    people["items"][0]["id"].as_str().unwrap().to_owned()
}

/// As [`hired`], but nobody tells.
pub(crate) async fn hired_without_webhook(world: &World) {
    let attributes = json!({
        "attributes": {
            "name": "contact.name", "personal_email": "contact.emails[0]",
            "department": "posting.categories.department",
            "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
            "start_date": "offer.fields[identifier=anticipated_start_date].value",
        },
        "required": ["name", "personal_email", "department", "start_date"],
    });
    world.put("/v1/attributes", attributes).await.expect(201);
    for app in ["mail", "code", "crm"] {
        let scim = json!({ "type": "scim", "base_url": format!("https://{app}.example/scim") });
        let file = json!({ "provisioner": scim });
        world
            .put(&format!("/v1/apps/{app}"), file)
            .await
            .expect(201);
    }
    let of = |department: &str| json!([{ "path": "department", "op": "is", "value": department }]);
    let policies = [
        ("all", json!({ "grants": [{ "app": "mail" }] })),
        (
            "engineering",
            json!({ "when": of("Engineering"), "grants": [
            { "app": "code", "deliver": { "before_start": "3d", "at": "09:00" } }] }),
        ),
        (
            "sales",
            json!({ "when": of("Sales"), "grants": [{ "app": "crm" }] }),
        ),
    ];
    for (name, policy) in policies {
        world
            .put(&format!("/v1/policies/{name}"), policy)
            .await
            .expect(201);
    }
    lever_says(world, &OFFER);
}

/// What a person has, by application.
async fn has(world: &World, person: &str) -> Vec<String> {
    let access = world
        .get(&format!("/v1/people/{person}/access"))
        .await
        .expect(200);
    let grants = access["actual"].as_array().unwrap();
    let mut has: Vec<String> = grants
        .iter()
        .map(|grant| {
            format!(
                "{} {}",
                grant["app"].as_str().unwrap(),
                grant["state"].as_str().unwrap()
            )
        })
        .collect();
    has.sort();
    has
}

async fn runs(world: &World, person: &str) -> Vec<Value> {
    let runs = world
        .get(&format!("/v1/runs?person={person}"))
        .await
        .expect(200);
    runs["items"].as_array().unwrap().clone()
}

async fn due_of(world: &World, person: &str, step: &str) -> Option<String> {
    let runs = runs(world, person).await;
    let run = runs
        .iter()
        .find(|run| run["workflow"] == "onboard")
        .unwrap();
    let steps = run["steps"].as_array().unwrap();
    let step = steps.iter().find(|one| one["id"] == step).unwrap();
    step["due"].as_str().map(str::to_owned)
}

async fn titles(world: &World, person: &str) -> Vec<String> {
    let path = format!("/v1/people/{person}/timeline?limit=200");
    let timeline = world.get(&path).await.expect(200);
    let items = timeline["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["title"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_first_day_that_moves_moves_the_delivery_and_the_record_says_so() {
    let world = world();
    let ada = hired(&world).await;
    assert_eq!(has(&world, &ada).await, ["code desired", "mail active"]);
    assert_eq!(
        due_of(&world, &ada, "access/code").await.unwrap(),
        "2027-02-26T09:00:00Z"
    );

    lever_says(
        &world,
        &Offer {
            day: "2027-03-15",
            ..OFFER
        },
    );
    world.pass(8 * 3600).await;

    assert_eq!(
        due_of(&world, &ada, "access/code").await.unwrap(),
        "2027-03-12T09:00:00Z"
    );
    let person = world.get(&format!("/v1/people/{ada}")).await.expect(200);
    assert_eq!(person["start_date"], "2027-03-15");
    let titles = titles(&world, &ada).await;
    for said in [
        "code: delivery moved",
        "event offer.changed",
        "what the offer says changed before the first day",
    ] {
        assert_eq!(
            titles.iter().filter(|title| *title == said).count(),
            1,
            "{said}: {titles:?}"
        );
    }
    assert_eq!(
        runs(&world, &ada).await.len(),
        1,
        "a date alone starts nothing"
    );

    world.pass(60 * DAY).await;
    assert_eq!(has(&world, &ada).await, ["code desired", "mail active"]);
    world.pass(8 * DAY).await;
    assert_eq!(has(&world, &ada).await, ["code active", "mail active"]);
}

#[tokio::test]
async fn another_department_before_the_first_day_changes_what_waits_and_what_is_there() {
    let world = world();
    let ada = hired(&world).await;

    lever_says(
        &world,
        &Offer {
            department: "Sales",
            ..OFFER
        },
    );
    world.pass(8 * 3600).await;
    world.pass(60).await;

    assert_eq!(
        has(&world, &ada).await,
        ["code revoked", "crm active", "mail active"]
    );
    assert_eq!(runs(&world, &ada).await.len(), 2);
    world.pass(70 * DAY).await;
    assert_eq!(
        has(&world, &ada).await,
        ["code revoked", "crm active", "mail active"]
    );
}

#[tokio::test]
async fn an_offer_that_is_revoked_withdraws_the_hire() {
    let world = world();
    let ada = hired(&world).await;

    lever_says(
        &world,
        &Offer {
            state: OfferState::Denied,
            ..OFFER
        },
    );
    world.pass(8 * 3600).await;
    world.pass(60).await;

    assert_eq!(has(&world, &ada).await, ["code revoked", "mail revoked"]);
    let person = world.get(&format!("/v1/people/{ada}")).await.expect(200);
    assert_eq!(person["state"], "withdrawn");
}

#[tokio::test]
async fn from_the_first_day_on_lever_is_not_asked_any_more() {
    let world = world();
    let ada = hired(&world).await;
    world.pass(60 * DAY).await;
    let person = world.get(&format!("/v1/people/{ada}")).await.expect(200);
    assert_eq!(person["state"], "active");

    lever_says(
        &world,
        &Offer {
            department: "Sales",
            state: OfferState::Denied,
            ..OFFER
        },
    );
    world.pass(30 * DAY).await;

    assert_eq!(has(&world, &ada).await, ["code active", "mail active"]);
}

#[tokio::test]
async fn an_old_reading_does_not_undo_a_hire() {
    let world = world();
    let ada = hired(&world).await;

    let old = "2027-01-04T08:00:00Z";
    lever_says(
        &world,
        &Offer {
            state: OfferState::Denied,
            updated_at: old,
            ..OFFER
        },
    );
    webhook(&world, "late").await;
    world.pass(8 * 3600).await;

    assert_eq!(has(&world, &ada).await, ["code desired", "mail active"]);
}

#[tokio::test]
async fn while_lever_is_down_it_is_asked_again_soon() {
    let world = world();
    let ada = hired(&world).await;
    lever_says(
        &world,
        &Offer {
            day: "2027-03-15",
            ..OFFER
        },
    );
    *world.fakes.lever_is_down.lock().unwrap() = true;
    world.pass(8 * 3600).await;
    *world.fakes.lever_is_down.lock().unwrap() = false;
    assert_eq!(
        due_of(&world, &ada, "access/code").await.unwrap(),
        "2027-02-26T09:00:00Z"
    );

    world.pass(16 * 60).await;

    assert_eq!(
        due_of(&world, &ada, "access/code").await.unwrap(),
        "2027-03-12T09:00:00Z"
    );
}

#[tokio::test]
async fn holidays_come_as_the_text_of_a_calendar() {
    let world = world();
    let berlin = |holidays: &str| json!({ "locations": { "Berlin": { "timezone": "Europe/Berlin", "holidays": holidays } } });
    let text =
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\nEND:VCALENDAR\n";

    let refused = world
        .put("/v1/attributes", berlin("de-BE.ics"))
        .await
        .expect(422);
    assert_eq!(refused["errors"][0]["path"], "locations.Berlin.holidays");
    world.put("/v1/attributes", berlin(text)).await.expect(201);
}
