//! Several candidacies of one human, and addresses in them that are somebody else's.

use jiff::Timestamp;
use sando_core::event::{Hint, ToldArchive};
use sando_core::handle::inbox::receive;
use sando_core::ids::{LeverId, Slug};
use sando_core::lever::{Archived, Candidacy, OfferState};
use sando_core::ports::Reading;
use serde_json::{Value, json};

use crate::world::{World, world};

/// A hire of Ada.
struct Hire {
    opportunity: &'static str,
    at: &'static str,
    department: &'static str,
    emails: &'static [&'static str],
}

const HIRE: Hire = Hire {
    opportunity: "opp-1",
    at: "2027-01-04T08:59:00Z",
    department: "Engineering",
    emails: &["ada@mail.example"],
};

fn lever(text: &str) -> LeverId {
    LeverId::parse(text).unwrap()
}

fn shows(world: &World, hire: &Hire) {
    let emails: Vec<String> = hire.emails.iter().map(ToString::to_string).collect();
    let opportunity = lever(hire.opportunity);
    let candidacy = Candidacy {
        opportunity: opportunity.clone(),
        contact: Some(lever("contact-1")),
        archived: Some(Archived {
            at: hire.at.parse().unwrap(),
            reason: lever("reason-hired"),
            hired: true,
        }),
        stage: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: None,
        application: None,
        offer: OfferState::Open,
        document: json!({
            "contact": { "name": "Ada Park", "emails": emails },
            "posting": { "categories": { "department": hire.department } },
            "offer": { "fields": [{ "identifier": "anticipated_start_date", "value": "2027-03-01" }] },
        }),
        emails,
    };
    let mut readings = world.fakes.readings.lock().unwrap();
    readings.insert(opportunity, Reading::Present(Box::new(candidacy)));
}

/// Ada is hired in Lever, and a webhook tells; answers her as she is here.
async fn hired(world: &World, hire: &Hire) -> Value {
    shows(world, hire);
    let now = world.ports.clock.now();
    let hint = Hint {
        registration: Slug::parse("main").unwrap(),
        token_hash: hire.at.to_owned(),
        event: "candidateHired".to_owned(),
        triggered_at: now,
        received_at: now,
        opportunity: lever(hire.opportunity),
        content_hash: "c".to_owned(),
        archive: ToldArchive::Nothing,
    };
    receive(&world.ports, hint).await.unwrap();
    world.pass(1).await;
    let events = world.get("/v1/events?kind=candidate.hired").await;
    let event = events.expect(200)["items"][0].clone();
    read(world, event["person"].as_str().unwrap()).await
}

async fn read(world: &World, id: &str) -> Value {
    world.get(&format!("/v1/people/{id}")).await.expect(200)
}

#[tokio::test]
async fn of_two_hires_the_later_one_counts_also_when_both_are_replayed() {
    let world = world();
    world.configured().await;
    let first = hired(&world, &HIRE).await;
    let second = Hire {
        opportunity: "opp-2",
        at: "2027-01-04T08:59:30Z",
        department: "Sales",
        ..HIRE
    };
    let ada = hired(&world, &second).await;
    assert_eq!(ada["id"], first["id"]);
    assert_eq!(ada["attributes"]["department"], "Sales");

    let range = json!({
        "from": "2027-01-01T00:00:00Z", "kinds": ["candidate.hired"], "dry_run": false });
    let replayed = world.post("/v1/events:replay", range).await.expect(200);

    assert_eq!(replayed["events"], 2);
    let ada = read(&world, ada["id"].as_str().unwrap()).await;
    assert_eq!(ada["attributes"]["department"], "Sales");
}

#[tokio::test]
async fn an_address_that_somebody_else_is_known_by_is_not_taken_for_the_candidate_s() {
    let world = world();
    world.configured().await;
    hired(&world, &HIRE).await;
    let bo = json!({ "attributes": { "name": "Bo Lind", "personal_email": "bo@mail.example",
        "work_email": "bo.lind@contoso.example", "department": "Sales" }, "start_date": "2026-03-02" });
    world.put("/v1/people/hr-2", bo).await.expect(201);

    let again = Hire {
        at: "2027-01-04T08:59:30Z",
        emails: &["ada@mail.example", "ada@home.example", "bo@mail.example"],
        ..HIRE
    };
    let ada = hired(&world, &again).await;

    let known = &ada["identifiers"]["emails"];
    assert_eq!(known, &json!(["ada@home.example", "ada@mail.example"]));
}
