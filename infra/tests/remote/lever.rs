//! Lever against a simulated account.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{StatusCode, Uri};
use axum::routing::any;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use sando_core::catch_up::{How, Part};
use sando_core::ids::LeverId;
use sando_core::lever::{Candidacy, Needs, OfferState};
use sando_core::path::Path;
use sando_core::ports::{Lever, Reading, RemoteError};
use sando_infra::budget::{Budget, Rate};
use sando_infra::lever::{LeverClient, LeverSettings};
use sando_infra::memory::MemoryStore;
use sando_world::{ApiKey, Fault, FaultKind, LeverOptions, LeverSim, NewCandidate, NewOffer};
use serde_json::json;
use url::Url;

use crate::support::{FixedSecrets, TestClock, TestServer, client, now};

pub(crate) fn lever_at(base_url: &str, secrets: Arc<FixedSecrets>, at: Timestamp) -> LeverClient {
    let clock = TestClock::starting(at);
    let rate = Rate::per_second(1_000);
    let store = Arc::new(MemoryStore::default());
    LeverClient::new(LeverSettings {
        base_url: Url::parse(base_url).unwrap(),
        http: client(),
        secrets,
        budget: Arc::new(Budget::new(
            store,
            clock.clone(),
            "lever".parse().unwrap(),
            rate,
        )),
        clock,
    })
}

pub(crate) fn secrets() -> FixedSecrets {
    FixedSecrets::default().with("lever", &[("api_key", "lever-key")])
}

pub(crate) async fn account(options: LeverOptions) -> (LeverSim, LeverClient) {
    let sim = LeverSim::start(options).await.unwrap();
    let at = Timestamp::from_millisecond(sim.clock().now_ms()).unwrap();
    let lever = lever_at(&sim.api_url(), Arc::new(secrets()), at);
    (sim, lever)
}

pub(crate) fn unlimited() -> LeverOptions {
    LeverOptions {
        rate_limit: None,
        unknown_fields: true,
        ..LeverOptions::default()
    }
}

pub(crate) fn needs(paths: &[&str], users: &[&str]) -> Needs {
    let parse = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| Path::parse(text).unwrap())
            .collect()
    };
    Needs {
        paths: parse(paths),
        users: parse(users),
    }
}

fn id(text: &str) -> LeverId {
    LeverId::parse(text).unwrap()
}

pub(crate) async fn present(lever: &LeverClient, opportunity: &str, needs: &Needs) -> Candidacy {
    match lever.read(&id(opportunity), needs).await.unwrap() {
        Reading::Present(candidacy) => *candidacy,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_hire_is_read_with_what_is_needed_and_nothing_else() {
    let (sim, lever) = account(unlimited()).await;
    let manager = sim.user("Tomas Lindqvist", "tomas@contoso.example");
    let ids = sim.create_candidate(
        NewCandidate::named("Ada Park")
            .title("Engineer")
            .department("Engineering")
            .manager(&manager),
    );
    sim.hire(&ids.opportunity).unwrap();
    let paths = [
        "contact.name",
        "posting.categories.department",
        "offer.fields[identifier=job_title].value",
        "archive_reason.type",
    ];

    let needs = needs(&paths, &["offer.fields[identifier=hiring_manager].value"]);
    let candidacy = present(&lever, &ids.opportunity, &needs).await;

    assert!(candidacy.archived.as_ref().unwrap().hired);
    assert!(sando_core::lever::is_hired(&candidacy));
    assert_eq!(candidacy.offer, OfferState::Open);
    assert!(
        candidacy.contact.is_some() && candidacy.application.is_some() && candidacy.stage.is_some()
    );
    assert!(!candidacy.emails.is_empty());
    assert_eq!(
        candidacy.document,
        json!({
            "contact": {"name": "Ada Park"},
            "posting": {"categories": {"department": "Engineering"}},
            "offer": {"fields": [
                {"identifier": "job_title", "value": "Engineer"},
                {"identifier": "hiring_manager", "value": manager},
            ]},
            "archive_reason": {"type": "hired"},
            "users": {manager.clone(): {"id": manager, "email": "tomas@contoso.example"}},
        })
    );
}

#[tokio::test]
async fn only_what_is_needed_is_asked_for() {
    let (sim, lever) = account(unlimited()).await;
    let ids = sim.create_candidate(NewCandidate::named("Ada Park"));

    let candidacy = present(&lever, &ids.opportunity, &needs(&["opportunity.name"], &[])).await;

    assert_eq!(
        candidacy.document["opportunity"],
        json!({"name": "Ada Park"})
    );
    assert!(candidacy.archived.is_none());
    assert_eq!(sim.traffic().requests(), 1);
    assert_eq!(sim.traffic().count("GET", "expand"), 0);
}

#[tokio::test]
async fn a_rejection_is_no_hire_and_a_denied_offer_takes_the_hire_back() {
    let (sim, lever) = account(unlimited()).await;
    let rejected = sim.create_candidate(NewCandidate::named("Bo Diaz"));
    sim.archive(&rejected.opportunity, &sim.rejected_reason())
        .unwrap();
    let denied = sim.create_candidate(NewCandidate::named("Cy Ito"));
    sim.hire(&denied.opportunity).unwrap();
    sim.set_offer_status(&denied.opportunity, "denied").unwrap();
    let without = sim.create_candidate(NewCandidate::named("Di Roth").without_offer());
    sim.hire(&without.opportunity).unwrap();
    let needs = Needs::default();

    let candidacy = present(&lever, &rejected.opportunity, &needs).await;
    assert!(!candidacy.archived.unwrap().hired);
    let candidacy = present(&lever, &denied.opportunity, &needs).await;
    assert_eq!(candidacy.offer, OfferState::Denied);
    assert!(!sando_core::lever::is_hired(&candidacy));
    let candidacy = present(&lever, &without.opportunity, &needs).await;
    assert_eq!(candidacy.offer, OfferState::None);
    assert!(sando_core::lever::is_hired(&candidacy));
}

#[tokio::test]
async fn of_several_offers_the_signed_one_counts() {
    let (sim, lever) = account(unlimited()).await;
    let candidate = NewCandidate::named("Ada Park")
        .with_offer(NewOffer::in_status("denied").field("job_title", json!("Denied")))
        .with_offer(NewOffer::in_status("signed").field("job_title", json!("Signed")))
        .with_offer(NewOffer::in_status("sent").field("job_title", json!("Sent")));
    let ids = sim.create_candidate(candidate);

    let needs = needs(&["offer.fields[identifier=job_title].value"], &[]);
    let candidacy = present(&lever, &ids.opportunity, &needs).await;

    assert_eq!(candidacy.document["offer"]["fields"][0]["value"], "Signed");
}

#[tokio::test]
async fn the_deleted_the_hidden_and_the_anonymised_are_told_apart() {
    let (sim, lever) = account(unlimited()).await;
    let deleted = sim.create_candidate(NewCandidate::named("Ada Park"));
    sim.delete(&deleted.opportunity).unwrap();
    let hidden = sim.create_candidate(NewCandidate::named("Bo Diaz").confidential());
    let anonymised = sim.create_candidate(NewCandidate::named("Cy Ito"));
    sim.anonymise(&anonymised.opportunity).unwrap();
    let needs = Needs::default();

    let read = async |opportunity: &str| lever.read(&id(opportunity), &needs).await.unwrap();

    assert!(matches!(
        read(&deleted.opportunity).await,
        Reading::Deleted(Some(_))
    ));
    assert!(matches!(read("never-there").await, Reading::Deleted(None)));
    assert!(matches!(read(&hidden.opportunity).await, Reading::Hidden));
    assert!(matches!(
        read(&anonymised.opportunity).await,
        Reading::Anonymised
    ));
    let moved = lever.moved(Part::Updated, Timestamp::UNIX_EPOCH, Timestamp::MAX);
    let moved = moved.await.unwrap();
    let gone = moved.iter().filter(|row| row.how == How::Anonymised);
    let gone: Vec<&str> = gone.map(|row| row.opportunity.as_str()).collect();
    assert_eq!(gone, [anonymised.opportunity.as_str()]);
}

#[tokio::test]
async fn a_deletion_is_found_among_thousands_and_one_that_is_not_is_no_error() {
    let (sim, lever) = account(unlimited()).await;
    let create = |_| {
        sim.create_candidate(NewCandidate::named("Ada Park"))
            .opportunity
    };
    let all: Vec<String> = (0..2_200).map(create).collect();
    for opportunity in &all {
        sim.clock().advance(1);
        sim.delete(opportunity).unwrap();
    }
    let (first, last) = (all.first().unwrap(), all.last().unwrap());
    let needs = Needs::default();

    let newest = lever.read(&id(last), &needs).await.unwrap();
    let pages = sim.traffic().count("GET", "/opportunities/deleted");
    let oldest = lever.read(&id(first), &needs).await.unwrap();

    assert!(matches!(newest, Reading::Deleted(Some(_))), "{newest:?}");
    assert_eq!(pages, 1);
    assert!(matches!(oldest, Reading::Deleted(None)), "{oldest:?}");
}

#[tokio::test]
async fn a_wrong_base_url_does_not_delete_anybody() {
    let (sim, _) = account(unlimited()).await;
    let ids = sim.create_candidate(NewCandidate::named("Ada Park"));
    let wrong = sim.api_url().replace("/v1", "/v9");
    let lever = lever_at(&wrong, Arc::new(secrets()), Timestamp::UNIX_EPOCH);

    let read = lever.read(&id(&ids.opportunity), &Needs::default()).await;

    assert!(
        matches!(read, Err(RemoteError::Unreadable { .. })),
        "{read:?}"
    );
}

#[tokio::test]
async fn a_key_without_offers_makes_no_hire_without_them() {
    let options = LeverOptions {
        keys: vec![ApiKey {
            forbidden: vec!["/offers".to_owned()],
            ..ApiKey::new("lever-key")
        }],
        ..unlimited()
    };
    let (sim, lever) = account(options).await;
    let ids = sim.create_candidate(NewCandidate::named("Ada Park"));
    sim.hire(&ids.opportunity).unwrap();

    let read = lever.read(&id(&ids.opportunity), &Needs::default()).await;

    assert!(
        matches!(read, Err(RemoteError::Refused { status: 403, .. })),
        "{read:?}"
    );
}

#[tokio::test]
async fn a_note_is_written_once_and_found_by_its_marker() {
    let (sim, lever) = account(unlimited()).await;
    let ids = sim.create_candidate(NewCandidate::named("Ada Park"));
    let opportunity = id(&ids.opportunity);
    assert!(!lever.has_note(&opportunity, "[sando eff_1]").await.unwrap());

    lever
        .add_note(&opportunity, "Done.\n[sando eff_1]")
        .await
        .unwrap();
    assert!(lever.has_note(&opportunity, "[sando eff_1]").await.unwrap());
    assert!(!lever.has_note(&opportunity, "[sando eff_2]").await.unwrap());

    sim.faults()
        .push(Fault::on("POST", "/notes", FaultKind::CutAfter));
    let error = lever.add_note(&opportunity, "again").await.unwrap_err();
    assert!(matches!(error, RemoteError::NoAnswer { .. }), "{error:?}");
    assert_eq!(sim.notes(&ids.opportunity).len(), 2);
    assert_eq!(sim.traffic().count("POST", "/notes"), 2);
}

#[tokio::test]
async fn a_marker_is_found_behind_many_notes() {
    let (sim, lever) = account(unlimited()).await;
    let ids = sim.create_candidate(NewCandidate::named("Ada Park"));
    let opportunity = id(&ids.opportunity);
    for number in 0..120 {
        lever
            .add_note(&opportunity, &format!("note {number}."))
            .await
            .unwrap();
    }

    assert!(lever.has_note(&opportunity, "note 0.").await.unwrap());
    assert!(lever.has_note(&opportunity, "note 119.").await.unwrap());
}

#[tokio::test]
async fn a_changed_key_is_read_afresh_once_and_a_missing_one_named() {
    let (sim, _) = account(unlimited()).await;
    let ids = sim.create_candidate(NewCandidate::named("Ada Park"));
    let at = Timestamp::UNIX_EPOCH;
    let changed = FixedSecrets::default()
        .with("lever", &[("api_key", "old-key")])
        .fresh("lever", &[("api_key", "lever-key")]);
    let lever = lever_at(&sim.api_url(), Arc::new(changed), at);
    present(&lever, &ids.opportunity, &Needs::default()).await;

    let wrong = Arc::new(FixedSecrets::default().with("lever", &[("api_key", "wrong-key")]));
    let lever = lever_at(&sim.api_url(), wrong.clone(), at);
    let error = lever
        .read(&id(&ids.opportunity), &Needs::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, RemoteError::Refused { status: 401, .. }),
        "{error:?}"
    );
    assert_eq!(wrong.fresh_reads.load(Ordering::Relaxed), 1);

    let none = Arc::new(FixedSecrets::default());
    let lever = lever_at(&sim.api_url(), none, at);
    let checks = lever.checks().await;
    assert_eq!(checks.len(), 1);
    assert!(matches!(
        checks[0].problem,
        Some(RemoteError::Forbidden { .. })
    ));
}

#[tokio::test]
async fn catching_up_finds_every_hire_and_every_deletion_once() {
    let (sim, lever) = account(unlimited()).await;
    let since =
        Timestamp::from_millisecond(sim.clock().now_ms()).unwrap() - SignedDuration::from_mins(5);
    let mut hired = Vec::new();
    for number in 0..130 {
        let candidate = NewCandidate::named(&format!("Person {number}"));
        let ids = sim.create_candidate(if number % 10 == 0 {
            candidate.confidential()
        } else {
            candidate
        });
        if number % 2 == 0 {
            sim.hire(&ids.opportunity).unwrap();
            hired.push(ids.opportunity);
        } else if number % 3 == 0 {
            sim.archive(&ids.opportunity, &sim.rejected_reason())
                .unwrap();
        } else if number % 7 == 0 {
            sim.delete(&ids.opportunity).unwrap();
        }
    }

    let until = since + SignedDuration::from_hours(24);
    let moved = |part| lever.moved(part, since, until);
    let found = moved(Part::Hired).await.unwrap();
    let deleted = moved(Part::Deleted).await.unwrap();
    let updated = moved(Part::Updated).await.unwrap();
    let before = lever.moved(
        Part::Updated,
        Timestamp::UNIX_EPOCH,
        since - SignedDuration::from_hours(1),
    );

    // A key that may not see confidential rows is not shown them.
    assert_eq!(found.len(), 65 - 13);
    assert!(
        found
            .iter()
            .all(|row| hired.contains(&row.opportunity.to_string()))
    );
    assert!(
        found
            .iter()
            .all(|row| matches!(&row.how, How::There(Some(archived)) if archived.hired))
    );
    assert!(!deleted.is_empty());
    assert!(
        deleted
            .iter()
            .all(|row| matches!(row.how, How::Deleted(Some(_))))
    );
    let hires = updated
        .iter()
        .filter(|row| matches!(&row.how, How::There(Some(archived)) if archived.hired));
    assert_eq!(hires.count(), 65 - 13);
    assert!(updated.iter().any(|row| row.came.applied.is_some()));
    assert_eq!(before.await.unwrap(), []);
    let checks = lever.checks().await;
    assert!(checks.iter().all(|check| check.problem.is_none()));
}

#[tokio::test]
async fn a_list_begins_anew_when_its_token_went_stale() {
    let pages = Arc::new(AtomicUsize::new(0));
    let router = Router::new().fallback(any(move |uri: Uri| {
        let pages = pages.clone();
        async move {
            let row = |id: &str| json!({"id": id, "deletedAt": 1_767_607_215_098_i64});
            let offset = uri.query().unwrap_or_default().contains("offset=");
            let asked = pages.fetch_add(1, Ordering::SeqCst);
            if offset && asked == 1 {
                let refusal = json!({"code": "BadRequestError", "message": "Invalid offset token"});
                return (StatusCode::BAD_REQUEST, Json(refusal));
            }
            let page = if offset {
                json!({"data": [row("b")]})
            } else {
                json!({"data": [row("a")], "hasNext": true, "next": "%5B1%5D"})
            };
            (StatusCode::OK, Json(page))
        }
    }));
    let server = TestServer::start(router).await;
    let lever = lever_at(
        server.at("/v1").as_str(),
        Arc::new(secrets()),
        Timestamp::UNIX_EPOCH,
    );

    let found = lever
        .moved(Part::Deleted, Timestamp::UNIX_EPOCH, Timestamp::MAX)
        .await
        .unwrap();

    let ids: Vec<String> = found
        .iter()
        .map(|row| row.opportunity.to_string())
        .collect();
    assert_eq!(ids, ["a", "b"]);
}

#[tokio::test]
async fn a_short_failure_of_a_read_is_not_seen() {
    let (sim, lever) = account(unlimited()).await;
    let ids = sim.create_candidate(NewCandidate::named("Ada Park"));
    sim.faults()
        .push(Fault::on("GET", "/opportunities", FaultKind::Status(503)));
    sim.faults().push(Fault::on(
        "GET",
        "/opportunities",
        FaultKind::Retry429 { retry_after: None },
    ));

    present(&lever, &ids.opportunity, &Needs::default()).await;
}

#[tokio::test]
async fn two_processes_together_keep_lever_s_rate() {
    let (sim, _) = account(LeverOptions::default()).await;
    let ids = sim.create_candidate(NewCandidate::named("Ada Park"));
    let store = Arc::new(MemoryStore::default());
    let clock = TestClock::starting(now());
    let process = || {
        LeverClient::new(LeverSettings {
            base_url: Url::parse(&sim.api_url()).unwrap(),
            http: client(),
            secrets: Arc::new(secrets()),
            budget: Arc::new(Budget::new(
                store.clone(),
                clock.clone(),
                "lever".parse().unwrap(),
                Rate::LEVER,
            )),
            clock: clock.clone(),
        })
    };
    let (one, other) = (process(), process());
    let opportunity = id(&ids.opportunity);
    let needs = Needs::default();

    let reads = (0..30).map(|number| {
        let lever = if number % 2 == 0 { &one } else { &other };
        lever.read(&opportunity, &needs)
    });
    let began = std::time::Instant::now();
    for read in futures::future::join_all(reads).await {
        assert!(read.is_ok(), "{read:?}");
    }

    assert_eq!(sim.traffic().too_many(), 0);
    assert_eq!(sim.traffic().requests(), 30);
    // 8 at once, then 8 a second; a busy machine may be slower.
    assert!(began.elapsed() >= std::time::Duration::from_millis(2_500));
}
