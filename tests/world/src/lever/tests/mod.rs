//! The simulated Lever over real HTTP.

mod webhooks;

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::*;
use crate::faults::{Fault, FaultKind};

const SOON: Duration = Duration::from_secs(10);

#[expect(clippy::disallowed_methods, reason = "tests talk to loopback only")]
fn client() -> Client {
    Client::new()
}

fn unlimited() -> LeverOptions {
    LeverOptions {
        rate_limit: None,
        ..LeverOptions::default()
    }
}

async fn lever() -> LeverSim {
    LeverSim::start(unlimited()).await.unwrap()
}

async fn get(lever: &LeverSim, path: &str) -> Response {
    let request = client().get(format!("{}{path}", lever.api_url()));
    let request = request.basic_auth("lever-key", Some(""));
    request.send().await.unwrap()
}

async fn read(lever: &LeverSim, path: &str) -> Value {
    let response = get(lever, path).await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

async fn write(
    lever: &LeverSim,
    method: &str,
    path: &str,
    body: Value,
) -> reqwest::Result<Response> {
    let url = format!("{}{path}", lever.api_url());
    let request = client().request(method.parse().unwrap(), url);
    request
        .basic_auth("lever-key", Some(""))
        .json(&body)
        .send()
        .await
}

fn ids_of(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().unwrap();
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_key_goes_in_the_user_name_with_an_empty_password() {
    let lever = lever().await;
    let url = format!("{}/users", lever.api_url());

    let wrong = client()
        .get(&url)
        .basic_auth("lever-key", Some("x"))
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 401);
    let bearer = client()
        .get(&url)
        .bearer_auth("lever-key")
        .send()
        .await
        .unwrap();
    assert_eq!(
        bearer.json::<Value>().await.unwrap()["code"],
        "UnauthorizedError"
    );
    assert_eq!(
        get(&lever, "/users").await.headers()["server"],
        "lever-data-api"
    );
}

#[tokio::test]
async fn an_opportunity_expands_and_narrows() {
    let lever = lever().await;
    let ids = lever.create_candidate(NewCandidate::default());
    lever.hire(&ids.opportunity).unwrap();

    let path = format!("/opportunities/{}", ids.opportunity);
    let plain = read(&lever, &path).await;
    assert_eq!(plain["data"]["archived"]["reason"], lever.hired_reason());
    assert_eq!(plain["data"]["contact"], ids.contact);

    let rich = read(
        &lever,
        &format!("{path}?expand=applications&expand=contact&include=stage"),
    )
    .await;
    assert_eq!(
        rich["data"]["applications"][0]["posting"],
        ids.posting.unwrap()
    );
    assert_eq!(rich["data"]["contact"]["location"]["name"], "Ghent, BE");
    assert_eq!(rich["data"].as_object().unwrap().len(), 3);

    let refused = get(&lever, &format!("{path}?expand=resume")).await;
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn confidential_rows_are_hidden_and_refused() {
    let lever = lever().await;
    let ids = lever.create_candidate(NewCandidate::default().confidential());

    assert!(ids_of(&read(&lever, "/opportunities?confidentiality=all").await).is_empty());
    let refused = get(&lever, &format!("/opportunities/{}", ids.opportunity)).await;
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn offers_follow_the_candidate() {
    let lever = lever().await;
    let none = lever.create_candidate(NewCandidate::default().without_offer());
    let offer = NewOffer::default().field("custom_cost_centre", json!("4711"));
    let two = lever.create_candidate(
        NewCandidate::default()
            .without_start_date()
            .with_offer(offer),
    );
    lever
        .edit_offer(&two.opportunity, "job_title", json!("Lead"))
        .unwrap();

    let empty = read(
        &lever,
        &format!("/opportunities/{}/offers", none.opportunity),
    )
    .await;
    assert_eq!(empty, json!({ "data": [], "hasNext": false }));
    let offers = read(
        &lever,
        &format!("/opportunities/{}/offers", two.opportunity),
    )
    .await;
    assert_eq!(offers["data"][0]["id"], two.offer.unwrap());
    let fields = offers["data"][0]["fields"].as_array().unwrap();
    let value = |id: &str| {
        fields
            .iter()
            .find(|field| field["identifier"] == id)
            .unwrap()["value"]
            .clone()
    };
    assert_eq!(value("job_title"), "Lead");
    assert_eq!(value("job_posting"), two.application.unwrap());
    assert_eq!(value("anticipated_start_date"), Value::Null);
    assert_eq!(value("custom_cost_centre"), "4711");
}

#[tokio::test]
async fn paging_reads_everybody_once_with_either_encoding() {
    let lever = lever().await;
    for number in 0..7 {
        lever.create_candidate(NewCandidate::named(&format!("Person {number}")));
    }
    let mut seen = BTreeSet::new();
    let (mut path, mut page_number) = ("/opportunities?limit=2".to_owned(), 0);

    loop {
        let page = read(&lever, &path).await;
        assert!(ids_of(&page).into_iter().all(|id| seen.insert(id)));
        if page["hasNext"] == false {
            assert!(page.get("next").is_none());
            break;
        }
        let next = page["next"].as_str().unwrap();
        let twice: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let token = if page_number % 2 == 0 { next } else { &twice };
        path = format!("/opportunities?limit=2&offset={token}");
        page_number += 1;
    }
    assert_eq!(seen.len(), 7);
}

#[tokio::test]
async fn somebody_who_moves_while_we_page_is_missed() {
    let lever = lever().await;
    lever.clock().freeze(1_767_000_000_000);
    let people: Vec<CandidateIds> = (0..4)
        .map(|number| {
            lever.clock().advance(1_000);
            lever.create_candidate(NewCandidate::named(&format!("Person {number}")))
        })
        .collect();

    let first = read(&lever, "/opportunities?limit=2").await;
    lever.clock().advance(1_000);
    lever
        .move_stage(&people[0].opportunity, "lead-new")
        .unwrap();
    let next = first["next"].as_str().unwrap();
    let second = read(&lever, &format!("/opportunities?limit=2&offset={next}")).await;

    assert_eq!(
        ids_of(&first),
        [people[3].opportunity.clone(), people[2].opportunity.clone()]
    );
    assert_eq!(ids_of(&second), [people[1].opportunity.clone()]);
}

#[tokio::test]
async fn foreign_and_expired_offsets_are_refused() {
    let lever = lever().await;
    let page = read(&lever, "/users?limit=1").await;
    let next = page["next"].as_str().unwrap().to_owned();

    let foreign = get(&lever, &format!("/opportunities?offset={next}")).await;
    assert_eq!(foreign.status(), 400);
    assert_eq!(
        get(&lever, &format!("/users?limit=1&offset={next}"))
            .await
            .status(),
        200
    );
    lever.expire_offsets();
    let expired: Value = get(&lever, &format!("/users?offset={next}"))
        .await
        .json()
        .await
        .unwrap();
    assert!(
        expired["message"]
            .as_str()
            .unwrap()
            .contains("Invalid offset token")
    );
    assert_eq!(get(&lever, "/users?limit=101").await.status(), 400);
}

#[tokio::test]
async fn catching_up_finds_hires_by_time_and_reason() {
    let lever = lever().await;
    lever.clock().freeze(1_000);
    let hired = lever.create_candidate(NewCandidate::named("Ada Park"));
    let rejected = lever.create_candidate(NewCandidate::named("Bo Ruiz"));
    lever.clock().freeze(5_000);
    lever.hire(&hired.opportunity).unwrap();
    lever
        .archive(&rejected.opportunity, &lever.rejected_reason())
        .unwrap();

    let reason = lever.hired_reason();
    let found = read(
        &lever,
        &format!("/opportunities?archived=true&archived_at_start=5000&archive_reason_id={reason}"),
    )
    .await;
    assert_eq!(ids_of(&found), std::slice::from_ref(&hired.opportunity));
    let later = read(&lever, "/opportunities?archived_at_start=5001").await;
    assert!(ids_of(&later).is_empty());

    lever.delete(&hired.opportunity).unwrap();
    assert_eq!(
        get(&lever, &format!("/opportunities/{}", hired.opportunity))
            .await
            .status(),
        404
    );
    assert_eq!(
        ids_of(&read(&lever, "/opportunities/deleted").await),
        [hired.opportunity]
    );
}

#[tokio::test]
async fn a_read_may_lag_behind_its_event() {
    let lever = LeverSim::start(LeverOptions {
        read_lag: Duration::MAX,
        ..unlimited()
    })
    .await
    .unwrap();
    let ids = lever.create_candidate(NewCandidate::default());
    let path = format!("/opportunities/{}", ids.opportunity);

    lever.hire(&ids.opportunity).unwrap();

    assert_eq!(read(&lever, &path).await["data"]["archived"], Value::Null);
    lever.end_read_lag();
    let archived = &read(&lever, &path).await["data"]["archived"];
    assert_eq!(archived["reason"], lever.hired_reason());
}

#[tokio::test]
async fn an_empty_bucket_answers_429_without_retry_after() {
    let slow = LeverOptions {
        rate_limit: Some(RateLimit {
            per_second: 1,
            burst: 20,
        }),
        ..LeverOptions::default()
    };
    let lever = LeverSim::start(slow).await.unwrap();

    let mut refused = None;
    for _ in 0..60 {
        let response = get(&lever, "/stages").await;
        if response.status() == 429 {
            refused = Some(response);
            break;
        }
    }

    assert!(refused.unwrap().headers().get("retry-after").is_none());
    assert_eq!(lever.traffic().too_many(), 1);
    assert!(lever.traffic().requests() > 20);
}

#[tokio::test]
async fn a_note_is_written_although_its_answer_never_came() {
    let lever = lever().await;
    let ids = lever.create_candidate(NewCandidate::default());
    let path = format!("/opportunities/{}/notes", ids.opportunity);
    lever
        .faults()
        .push(Fault::on("POST", "/notes", FaultKind::CutBefore));
    lever
        .faults()
        .push(Fault::on("POST", "/notes", FaultKind::CutAfter));

    assert!(
        write(&lever, "POST", &path, json!({ "value": "one" }))
            .await
            .is_err()
    );
    assert!(
        write(&lever, "POST", &path, json!({ "value": "two" }))
            .await
            .is_err()
    );
    let third = write(&lever, "POST", &path, json!({ "value": "three" }))
        .await
        .unwrap();

    assert_eq!(third.status(), 201);
    let third: Value = third.json().await.unwrap();
    assert_eq!(third["data"]["noteId"], third["data"]["id"]);
    assert_eq!(lever.notes(&ids.opportunity), ["two", "three"]);
    let listed = read(&lever, &path).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert!(listed["data"][0]["fields"][0]["value"].is_string());
}

#[tokio::test]
async fn write_answers_blank_the_person() {
    let lever = lever().await;
    let ids = lever.create_candidate(NewCandidate::default());
    let path = format!("/opportunities/{}", ids.opportunity);

    let tags = json!({ "tags": ["onboarded", "onboarded"] });
    let tagged = write(&lever, "POST", &format!("{path}/addTags"), tags)
        .await
        .unwrap();
    let tagged: Value = tagged.json().await.unwrap();
    assert_eq!(tagged["data"]["name"], "");
    assert_eq!(tagged["data"]["tags"], json!(["onboarded"]));
    assert!(tagged["data"].get("opportunityLocation").is_none());

    let reason = json!({ "reason": lever.hired_reason() });
    let hired = write(&lever, "PUT", &format!("{path}/archived"), reason)
        .await
        .unwrap();
    assert_eq!(hired.status(), 200);
    assert_eq!(read(&lever, &path).await["data"]["name"], "Ilse Verhoeven");
}

#[tokio::test]
async fn the_control_plane_does_what_the_methods_do() {
    let lever = lever().await;
    let control = async |path: &str, body: Value| {
        let url = format!("{}/{path}", lever.control_url());
        client().post(url).json(&body).send().await.unwrap()
    };

    let wanted = json!({ "name": "Ada Park", "department": null, "offers": [] });
    let ids: CandidateIds = control("candidates", wanted).await.json().await.unwrap();
    let target = json!({ "opportunity": ids.opportunity });
    assert_eq!(control("hire", target).await.status(), 204);
    assert_eq!(
        control("hire", json!({ "opportunity": "nobody" }))
            .await
            .status(),
        404
    );

    let row = read(&lever, &format!("/opportunities/{}", ids.opportunity)).await;
    assert_eq!(row["data"]["archived"]["reason"], lever.hired_reason());
    let posting = read(&lever, &format!("/postings/{}", ids.posting.unwrap())).await;
    assert!(posting["data"]["categories"].get("department").is_none());
    assert_eq!(lever.traffic().requests(), 2);
}
