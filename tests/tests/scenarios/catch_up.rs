//! What Lever's webhooks lost is found by polling, once, and the offers of those who have not started are read again.
use jiff::SignedDuration;
use sando_core::config::ConfigKind;
use sando_core::event::EventState;
use sando_core::handle::catch_up::begin;
use sando_core::person::Lifecycle;
use sando_tests::harness::{Scene, engineer};
use serde_json::json;

const HOUR: SignedDuration = SignedDuration::from_mins(61);

/// In Lever it is what time it is for Sando, and never earlier than it was.
fn same_time(scene: &Scene) {
    let clock = scene.site.lever.clock();
    let now = scene.now().as_millisecond();
    clock.freeze(now.max(clock.now_ms()));
}

#[tokio::test]
async fn a_lost_hire_and_a_lost_deletion_are_found_once() {
    let scene = Scene::start().await;
    begin(&scene.machine.ports).await.unwrap();
    let candidate = engineer("Ada Park").starting_at(scene.in_days(20));

    let ids = scene.hire(candidate);
    scene.machine.work_for(HOUR).await;
    scene.machine.settle().await;
    scene.machine.work_for(HOUR).await;

    let hired = ("candidate.hired".to_owned(), EventState::Done);
    let only_hired = [hired.clone()];
    assert_eq!(scene.machine.events().await, only_hired);
    assert_eq!(scene.site.active(), [1, 1, 1]);
    scene.hear_out("candidateHired", &ids.opportunity).await;
    assert_eq!(scene.machine.events().await, only_hired);
    assert_eq!(scene.site.lever.notes(&ids.opportunity).len(), 1);

    same_time(&scene);
    scene.site.lever.delete(&ids.opportunity).unwrap();
    scene.machine.work_for(HOUR).await;
    scene.machine.settle().await;
    scene.machine.work_for(HOUR).await;

    let mut events = scene.machine.events().await;
    events.sort_by(|left, right| left.0.cmp(&right.0));
    let deleted = ("candidate.deleted".to_owned(), EventState::Done);
    assert_eq!(events, [deleted, hired]);
    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert_eq!(scene.machine.persons().await[0].state, Lifecycle::Withdrawn);
    scene.hear_out("candidateDeleted", &ids.opportunity).await;
    assert_eq!(scene.machine.events().await.len(), 2);
}

#[tokio::test]
async fn a_lost_application_and_a_lost_move_are_found_once_where_rules_name_them() {
    let scene = Scene::start().await;
    begin(&scene.machine.ports).await.unwrap();
    let steps = json!([{ "id": "meet", "type": "task", "owner": "it@contoso.example", "title": "Meet them" }]);
    let meet = json!({ "workflow": "meet", "steps": steps });
    scene.configure(ConfigKind::Workflow, "meet", meet).await;
    for (id, event) in [
        ("new", "candidate.applied"),
        ("late", "candidate.stage_changed"),
    ] {
        let rule = json!({ "rule": id, "event": event, "workflow": "meet" });
        scene.configure(ConfigKind::Rule, id, rule).await;
    }
    let lever = &scene.site.lever;
    let ids = lever.create_candidate(engineer("Ada Park"));
    lever.clock().advance(60_000);
    lever.move_stage(&ids.opportunity, "offer").unwrap();

    scene.machine.work_for(HOUR).await;
    scene.machine.settle().await;
    scene.machine.work_for(HOUR).await;

    let done = |kind: &str| (format!("candidate.{kind}"), EventState::Done);
    let expect = [done("applied"), done("stage_changed")];
    let mut events = scene.machine.events().await;
    events.sort_by(|left, right| left.0.cmp(&right.0));
    assert_eq!(events, expect);
    assert_eq!(scene.machine.tasks().await.len(), 2);
    scene
        .hear_out("candidateStageChange", &ids.opportunity)
        .await;
    scene.hear_out("applicationCreated", &ids.opportunity).await;
    assert_eq!(scene.machine.events().await.len(), 2);
}

#[tokio::test]
async fn a_lost_unhire_of_somebody_who_has_started_is_found_for_a_human() {
    let scene = Scene::start().await;
    begin(&scene.machine.ports).await.unwrap();
    let ids = scene.onboard(engineer("Ada Park")).await;
    same_time(&scene);
    scene.site.lever.unhire(&ids.opportunity).unwrap();

    scene.machine.work_for(HOUR).await;
    scene.machine.settle().await;
    scene.machine.work_for(HOUR).await;

    assert_eq!(scene.machine.events().await.len(), 2);
    assert_eq!(scene.machine.tasks().await.len(), 1);
    assert_eq!(scene.site.active(), [1, 1, 1]);
}
