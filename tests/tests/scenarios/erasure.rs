//! Whom Lever has deleted is erased here too, and what is over is kept no longer than it is to be (L23).
use jiff::SignedDuration;
use sando_core::audit::StreamId;
use sando_core::config::ConfigKind;
use sando_core::event::{DeliveryState, Event};
use sando_core::handle::replay::{How, ReplayError, replay};
use sando_core::handle::{catch_up, retention};
use sando_core::ids::PersonId;
use sando_core::letter::{Letter, LetterState};
use sando_core::person::Lifecycle;
use sando_core::settings::{Pause, Paused};
use sando_core::store::Key;
use sando_tests::harness::{Scene, engineer};
use sando_world::CandidateIds;
use serde_json::json;

/// Longer than somebody is kept whom Lever has deleted.
const TWO_DAYS: SignedDuration = SignedDuration::from_hours(49);
const PRIVATE: &str = "ada.park@mail.example";
const WORK: &str = "ada.park@contoso.example";

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// So much later everything is done that is due.
async fn later(scene: &Scene, time: SignedDuration) {
    scene.machine.clock.pass(time);
    scene.machine.settle().await;
}

/// Ada, who has accounts and has not started.
async fn ada(scene: &Scene) -> (CandidateIds, PersonId) {
    let candidate = engineer("Ada Park").starting_at(scene.in_days(60));
    let ids = scene.onboard(candidate).await;
    let person = scene.machine.person_of(&ids.opportunity).await.unwrap();
    assert_eq!(person.entity.state, Lifecycle::Preboarding);
    (ids, person.entity.id)
}

/// Which of these texts are stored anywhere.
async fn stored<'a>(scene: &Scene, texts: &[&'a str]) -> Vec<&'a str> {
    let everything = scene.machine.everything().await;
    let is_stored = |text: &&&str| everything.contains(**text);
    texts.iter().filter(is_stored).copied().collect()
}

const PERSONAL: [&str; 3] = ["Ada Park", PRIVATE, WORK];

#[tokio::test]
async fn nothing_of_a_deleted_candidate_is_left_but_a_pseudonym_in_the_audit() {
    let scene = Scene::start().await;
    let (ids, id) = ada(&scene).await;
    let hired = scene.machine.list::<Event>(vec!["done"]).await;
    let hired = hired[0].entity.id.clone();
    let key = Key::PersonKey(id.clone());
    scene.site.lever.delete(&ids.opportunity).unwrap();

    scene.hear_out("candidateDeleted", &ids.opportunity).await;

    assert_eq!(scene.site.active(), [0, 0, 0], "first it is taken back");
    let person = scene.machine.person_of(&ids.opportunity).await.unwrap();
    assert_eq!(person.entity.state, Lifecycle::Withdrawn);
    assert_eq!(stored(&scene, &PERSONAL).await, PERSONAL);
    assert!(scene.machine.ports.store.get(&key).await.unwrap().is_some());

    later(&scene, TWO_DAYS).await;

    assert_eq!(stored(&scene, &PERSONAL).await, [""; 0]);
    assert!(scene.machine.persons().await.is_empty());
    assert!(scene.machine.runs().await.is_empty());
    assert!(scene.machine.grants(&id).await.is_empty());
    assert!(scene.machine.ports.store.get(&key).await.unwrap().is_none());
    let stream = StreamId::Person(id.clone());
    let said = scene.machine.said(stream).await;
    assert_eq!(said.last(), Some(&format!("person/{id} person erased")));

    let who = scene.by_hand(&id);
    let how = How {
        dry_run: false,
        draft: &[],
        job: None,
        answered: false,
    };
    let again = replay(&scene.machine.ports, &who, &hired, how).await;
    assert!(matches!(again, Err(ReplayError::NotFound)));
}

#[tokio::test]
async fn old_webhooks_do_not_bring_an_erased_candidate_back() {
    let scene = Scene::start().await;
    let (ids, _) = ada(&scene).await;
    scene.site.lever.delete(&ids.opportunity).unwrap();
    scene.hear_out("candidateDeleted", &ids.opportunity).await;
    later(&scene, TWO_DAYS).await;
    let asked = scene.site.lever.traffic().requests();

    for event in ["candidateHired", "candidateDeleted"] {
        let call = scene.call(event, &ids.opportunity);
        scene.machine.receive(&call).await;
        scene.machine.settle().await;
        let delivery = scene.machine.delivery(&call).await;
        assert_eq!(delivery.state, DeliveryState::NothingToDo);
        assert!(delivery.why.contains("erased"), "{}", delivery.why);
    }

    assert_eq!(scene.site.lever.traffic().requests(), asked);
    assert!(scene.machine.persons().await.is_empty());
    assert_eq!(scene.site.active(), [0, 0, 0]);
}

#[tokio::test]
async fn nobody_gets_the_address_of_somebody_erased() {
    let scene = Scene::start().await;
    let (ids, _) = ada(&scene).await;
    scene.site.lever.delete(&ids.opportunity).unwrap();
    scene.hear_out("candidateDeleted", &ids.opportunity).await;
    later(&scene, TWO_DAYS).await;

    // The same private address: free again, and nobody is recognised by it.
    let other = engineer("Ada Park").starting_at(scene.in_days(20));
    let other = scene.onboard(other).await;

    let address = scene.machine.address_of(&other.opportunity).await;
    assert_eq!(address.as_deref(), Some("ada.park2@contoso.example"));
    assert_eq!(scene.machine.persons().await.len(), 1);
}

#[tokio::test]
async fn of_a_colleague_only_what_recruiting_knew_is_erased() {
    let scene = Scene::start().await;
    let attributes = json!({ "attributes": {
        "name": { "first_of": ["opportunity.name", "contact.name"] },
        "personal_email": { "first_of": ["opportunity.emails[0]", "contact.emails[0]"] },
        "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
        "department": "posting.categories.department",
        "start_date": "offer.fields[identifier=anticipated_start_date].value",
    }, "required": ["name"] });
    scene
        .configure(ConfigKind::Attributes, "attributes", attributes)
        .await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    let before = scene.machine.person_of(&ids.opportunity).await.unwrap();
    assert_eq!(before.entity.state, Lifecycle::Active);
    assert!(!before.entity.identifiers.lever_contact.is_empty());
    scene.site.lever.delete(&ids.opportunity).unwrap();
    scene.hear_out("candidateDeleted", &ids.opportunity).await;

    later(&scene, TWO_DAYS).await;

    assert_eq!(scene.site.active(), [1, 1, 1]);
    let after = scene.machine.persons().await.remove(0);
    assert_eq!(
        (&after.id, after.state),
        (&before.entity.id, Lifecycle::Active)
    );
    assert_eq!(after.text("name"), Some("Ada Park"));
    assert_eq!(after.text("work_email"), Some(WORK));
    assert_eq!(after.text("personal_email"), None);
    assert!(after.identifiers.lever_contact.is_empty());
    assert!(after.identifiers.opportunities.is_empty());
    assert_eq!(
        stored(&scene, &[PRIVATE, ids.contact.as_str()]).await,
        [""; 0]
    );
    let said = scene.machine.said(StreamId::Person(after.id.clone())).await;
    let last = format!("person/{} recruiting data erased", after.id);
    assert_eq!(said.last(), Some(&last));
    assert_eq!(scene.machine.runs().await.len(), 1);
}

#[tokio::test]
async fn an_anonymised_candidate_whom_no_webhook_told_of_is_found_and_erased() {
    let scene = Scene::start().await;
    catch_up::begin(&scene.machine.ports).await.unwrap();
    let (ids, _) = ada(&scene).await;
    let clock = scene.site.lever.clock();
    clock.freeze(scene.now().as_millisecond().max(clock.now_ms()));
    scene.site.lever.anonymise(&ids.opportunity).unwrap();

    scene.machine.work_for(SignedDuration::from_mins(61)).await;
    scene.machine.settle().await;
    scene.machine.work_for(SignedDuration::from_mins(61)).await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    let person = scene.machine.person_of(&ids.opportunity).await.unwrap();
    assert_eq!(person.entity.state, Lifecycle::Withdrawn);

    later(&scene, TWO_DAYS).await;

    assert_eq!(stored(&scene, &PERSONAL).await, [""; 0]);
    assert!(scene.machine.persons().await.is_empty());
}

async fn brake(scene: &Scene, removals: Option<Paused>) {
    let pause = Pause {
        removals,
        ..Pause::default()
    };
    scene
        .configure(ConfigKind::Pause, "pause", json!(pause))
        .await;
}

#[tokio::test]
async fn nobody_is_erased_before_everything_is_taken_back() {
    let scene = Scene::start().await;
    let (ids, id) = ada(&scene).await;
    let on = Paused {
        since: scene.now(),
        by: "local-admin".to_owned(),
        reason: "a test".to_owned(),
    };
    brake(&scene, Some(on)).await;
    scene.site.lever.delete(&ids.opportunity).unwrap();
    scene.hear("candidateDeleted", &ids.opportunity).await;
    scene.machine.work_for(SignedDuration::from_mins(10)).await;
    scene.machine.clock.pass(TWO_DAYS);
    scene.machine.work_for(SignedDuration::from_mins(10)).await;

    assert_eq!(scene.site.active(), [1, 1, 1]);
    let waits = format!("person/{id} erasure waits");
    assert_eq!(scene.machine.times_said(&id, &waits).await, 1);
    assert_eq!(stored(&scene, &PERSONAL).await, PERSONAL);

    brake(&scene, None).await;
    scene.machine.work_for(SignedDuration::from_mins(30)).await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert_eq!(stored(&scene, &PERSONAL).await, [""; 0]);
}

/// Everything is kept for 30 days, and that is looked at every day from now on.
async fn kept_for_30_days(scene: &Scene) {
    let kept = json!({ "candidates_days": 30, "events_days": 30, "runs_days": 30, "letters_days": 30,
        "jobs_days": 30 });
    let settings = json!({ "retention": kept });
    scene
        .configure(ConfigKind::Settings, "settings", settings)
        .await;
    retention::begin(&scene.machine.ports).await.unwrap();
    retention::begin(&scene.machine.ports).await.unwrap();
}

#[tokio::test]
async fn who_never_started_is_erased_when_nothing_was_heard_for_long() {
    let scene = Scene::start().await;
    kept_for_30_days(&scene).await;
    let (ids, id) = ada(&scene).await;
    scene.site.lever.unhire(&ids.opportunity).unwrap();
    scene
        .hear_out("candidateArchiveChange", &ids.opportunity)
        .await;

    later(&scene, days(29)).await;
    assert_eq!(stored(&scene, &PERSONAL).await, PERSONAL);
    later(&scene, days(3)).await;

    assert_eq!(stored(&scene, &PERSONAL).await, [""; 0]);
    assert!(scene.machine.persons().await.is_empty());
    let said = scene.machine.said(StreamId::Person(id.clone())).await;
    assert_eq!(said.last(), Some(&format!("person/{id} person erased")));
}

#[tokio::test]
async fn who_is_hired_after_they_were_erased_here_is_a_human_s_to_look_at() {
    let scene = Scene::start().await;
    kept_for_30_days(&scene).await;
    let (ids, _) = ada(&scene).await;
    scene.site.lever.unhire(&ids.opportunity).unwrap();
    scene
        .hear_out("candidateArchiveChange", &ids.opportunity)
        .await;
    later(&scene, days(29)).await;
    later(&scene, days(3)).await;
    assert!(scene.machine.persons().await.is_empty());
    scene.machine.clock.pass(SignedDuration::from_hours(1));

    scene.site.lever.hire(&ids.opportunity).unwrap();
    scene.hear_out("candidateHired", &ids.opportunity).await;

    assert!(scene.machine.persons().await.is_empty());
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert!(tasks[0].detail.contains("erased"), "{}", tasks[0].detail);
}

#[tokio::test]
async fn what_is_over_is_deleted_and_what_follows_from_it_stays() {
    let scene = Scene::start().await;
    kept_for_30_days(&scene).await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    let old = scene.call("candidateHired", &ids.opportunity);
    scene.machine.receive(&old).await;
    scene.machine.settle().await;
    let delivery = Key::Delivery(old.delivery_id());
    assert_eq!(scene.machine.runs().await.len(), 1);

    later(&scene, days(32)).await;

    assert!(scene.machine.runs().await.is_empty());
    assert!(scene.machine.events().await.is_empty());
    let store = &scene.machine.ports.store;
    assert!(store.get(&delivery).await.unwrap().is_none());
    let person = scene.machine.persons().await.remove(0);
    assert_eq!(person.state, Lifecycle::Active);
    assert_eq!(scene.machine.grants(&person.id).await.len(), 3);
    let said = scene.machine.said(StreamId::Config).await;
    assert!(said.contains(&"settings/retention kept for long enough".to_owned()));

    // The hire is in force and old: met again it is no news.
    scene.hear_out("candidateHired", &ids.opportunity).await;
    assert!(scene.machine.events().await.is_empty());
    assert!(scene.machine.runs().await.is_empty());
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
}

#[tokio::test]
async fn what_still_waits_for_somebody_is_kept_however_old_it_is() {
    let scene = Scene::start().await;
    kept_for_30_days(&scene).await;
    let ids = scene.hire(engineer("Ada Park").without_department());
    scene.hear("candidateHired", &ids.opportunity).await;
    // The run looks again every hour for as long as it waits: nothing comes to rest.
    let a_while = SignedDuration::from_mins(20);
    scene.machine.work_for(a_while).await;
    let open = scene.machine.tasks().await;
    assert_eq!(open.len(), 1);
    let letters = vec![LetterState::Told.as_str()];
    assert_eq!(scene.machine.list::<Letter>(letters.clone()).await.len(), 1);

    scene.machine.clock.pass(days(32));
    scene.machine.work_for(a_while).await;

    assert_eq!(scene.machine.tasks().await.len(), 1, "an open task stays");
    assert_eq!(scene.machine.runs().await.len(), 1, "so does its run");
    assert!(scene.machine.list::<Letter>(letters).await.is_empty());
}
