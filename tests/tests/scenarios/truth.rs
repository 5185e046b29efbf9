//! What Lever shows is true, and a webhook is a hint where to look.
use std::time::Duration;

use jiff::SignedDuration;
use sando_core::audit::StreamId;
use sando_core::config::ConfigKind;
use sando_core::event::{DeliveryState, EventState};
use sando_core::person::Lifecycle;
use sando_core::run::RunState;
use sando_core::task::TaskKind;
use sando_tests::harness::{Scene, SiteOptions, engineer};
use sando_world::{FaultKind, LeverOptions};
use serde_json::json;

/// A Lever whose reads lag until the test ends it.
fn lagging_lever() -> SiteOptions {
    let mut options = SiteOptions::default();
    options.lever = LeverOptions {
        read_lag: Duration::MAX,
        ..options.lever
    };
    options
}

#[tokio::test]
async fn a_webhook_that_lies_grants_nothing() {
    let scene = Scene::start().await;
    let ids = scene.site.lever.create_candidate(engineer("Ada Park"));
    let call = scene.call("candidateHired", &ids.opportunity);

    scene.machine.receive(&call).await;
    scene.machine.settle().await;

    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    assert!(scene.machine.persons().await.is_empty());
    assert!(scene.machine.events().await.is_empty());
    let delivery = scene.machine.delivery(&call).await;
    assert_eq!(delivery.state, DeliveryState::NothingToDo);
    assert_eq!(delivery.looks, 4);
}

#[tokio::test]
async fn a_stage_called_hired_grants_nothing() {
    let scene = Scene::start().await;
    let ids = scene.site.lever.create_candidate(engineer("Ada Park"));
    for stage in ["hired", "offer"] {
        // The account has such a stage, or refuses it: neither is a hire.
        let _ = scene.site.lever.move_stage(&ids.opportunity, stage);
    }

    scene
        .hear_out("candidateStageChange", &ids.opportunity)
        .await;

    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    assert!(scene.machine.persons().await.is_empty());
}

#[tokio::test]
async fn a_hire_that_does_not_show_yet_is_found_by_a_later_look() {
    let scene = Scene::with(lagging_lever()).await;
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;

    scene.machine.work_for(SignedDuration::from_secs(6)).await;
    let before = scene.machine.persons().await.len();
    scene.site.lever.end_read_lag();
    scene.machine.settle().await;

    assert_eq!(before, 0);
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
}

#[tokio::test]
async fn an_unhire_that_does_not_show_yet_is_found_by_a_later_look() {
    let scene = Scene::with(lagging_lever()).await;
    let candidate = engineer("Ada Park").starting_at(scene.in_days(20));
    let ids = scene.hire(candidate);
    scene.site.lever.end_read_lag();
    scene.hear_out("candidateHired", &ids.opportunity).await;
    assert_eq!(scene.site.active(), [1, 1, 1]);
    scene.machine.clock.pass(SignedDuration::from_hours(1));
    scene.site.lever.unhire(&ids.opportunity).unwrap();
    scene.hear("candidateArchiveChange", &ids.opportunity).await;

    scene.machine.work_for(SignedDuration::from_secs(6)).await;
    scene.site.lever.end_read_lag();
    scene.machine.settle().await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert_eq!(scene.machine.persons().await[0].state, Lifecycle::Withdrawn);
}

#[tokio::test]
async fn a_confidential_candidacy_becomes_one_task() {
    let scene = Scene::start().await;
    let ids = scene.hire(engineer("Ada Park").confidential());

    scene.hear_out("candidateHired", &ids.opportunity).await;
    scene
        .hear_out("candidateArchiveChange", &ids.opportunity)
        .await;

    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].kind, TaskKind::Judge);
    assert!(tasks[0].detail.contains("confidential"));
}

#[tokio::test]
async fn somebody_anonymised_gets_nothing() {
    let scene = Scene::start().await;
    let ids = scene.hire(engineer("Ada Park"));
    scene.site.lever.anonymise(&ids.opportunity).unwrap();

    scene.hear_out("candidateHired", &ids.opportunity).await;

    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    assert!(scene.machine.persons().await.is_empty());
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn a_token_that_comes_again_with_other_content_is_recorded_and_causes_nothing() {
    let scene = Scene::start().await;
    let ada = scene.site.lever.create_candidate(engineer("Ada Park"));
    let bo = scene.hire(engineer("Bo Lind"));
    let call = scene.call("candidateHired", &ada.opportunity);
    let mut forged = scene.call("candidateHired", &bo.opportunity);
    forged.token_hash.clone_from(&call.token_hash);

    scene.machine.receive(&call).await;
    scene.machine.receive(&forged).await;
    scene.machine.settle().await;

    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    assert!(scene.machine.events().await.is_empty());
    let said = scene.machine.said(StreamId::Events).await;
    let refused = said.iter().filter(|line| line.contains("refused a token"));
    assert_eq!(refused.count(), 1, "{said:?}");
}

#[tokio::test]
async fn a_hire_while_lever_is_down_is_done_afterwards() {
    let scene = Scene::start().await;
    let ids = scene.hire(engineer("Ada Park"));
    let down = FaultKind::Retry429 {
        retry_after: Some(60),
    };
    scene.site.lever.faults().outage(down);
    let call = scene.call("candidateHired", &ids.opportunity);
    scene.machine.receive(&call).await;

    scene.machine.work_for(SignedDuration::from_hours(6)).await;
    let asked = scene.site.lever.traffic().requests();
    let waiting = scene.machine.delivery(&call).await;
    scene.site.lever.faults().clear();
    scene.machine.settle().await;

    assert!(waiting.look_at.is_some(), "{}", waiting.why);
    assert!(asked < 60, "asked {asked} times in six hours");
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    assert_eq!(scene.site.lever.notes(&ids.opportunity).len(), 1);
}

#[tokio::test]
async fn both_webhooks_of_a_hire_in_any_order_and_repeated_are_one_event() {
    let both = ["candidateHired", "candidateArchiveChange"];
    for order in [[0, 1], [1, 0]] {
        let scene = Scene::start().await;
        let ids = scene.hire(engineer("Ada Park"));
        let calls = order.map(|place| scene.call(both[place], &ids.opportunity));

        for call in calls.iter().chain(&calls) {
            scene.machine.receive(call).await;
        }
        scene.machine.settle().await;
        for call in calls.iter().rev() {
            scene.machine.receive(call).await;
        }
        scene.machine.settle().await;

        let events = scene.machine.events().await;
        assert_eq!(events, [("candidate.hired".to_owned(), EventState::Done)]);
        let runs = scene.machine.runs().await;
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].state, RunState::Finished);
        assert_eq!(scene.site.lever.notes(&ids.opportunity).len(), 1);
        assert_eq!(scene.site.sizes(), [1, 1, 1]);
    }
}

#[tokio::test]
async fn unhired_before_the_start_takes_everything_away_and_hired_again_restores_it() {
    let scene = Scene::start().await;
    let candidate = engineer("Ada Park").starting_at(scene.in_days(20));
    let ids = scene.onboard(candidate).await;
    let person = scene.machine.persons().await.remove(0);
    assert_eq!(person.state, Lifecycle::Preboarding);
    let accounts = scene.site.mail.users();

    scene.site.lever.unhire(&ids.opportunity).unwrap();
    scene
        .hear_out("candidateArchiveChange", &ids.opportunity)
        .await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert_eq!(scene.machine.persons().await[0].state, Lifecycle::Withdrawn);
    let notes = scene.site.lever.notes(&ids.opportunity);
    assert_eq!(notes.len(), 2);
    assert!(notes[1].contains("the hire was withdrawn"), "{}", notes[1]);
    assert!(notes[1].contains("mail: taken away"), "{}", notes[1]);

    scene.site.lever.hire(&ids.opportunity).unwrap();
    scene.hear_out("candidateHired", &ids.opportunity).await;

    assert_eq!(scene.site.active(), [1, 1, 1]);
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    assert_eq!(scene.site.mail.users()[0].id, accounts[0].id);
    assert_eq!(scene.machine.persons().await.len(), 1);
    assert_eq!(scene.site.lever.notes(&ids.opportunity).len(), 3);
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn a_colleagues_candidacy_that_is_deleted_revokes_nothing() {
    let scene = Scene::start().await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    scene.site.lever.delete(&ids.opportunity).unwrap();

    scene.hear_out("candidateDeleted", &ids.opportunity).await;
    scene.hear_out("candidateDeleted", &ids.opportunity).await;

    assert_eq!(scene.site.active(), [1, 1, 1]);
    assert_eq!(scene.machine.persons().await[0].state, Lifecycle::Active);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].kind, TaskKind::Judge);
    assert_eq!(scene.machine.runs().await.len(), 1);
}

#[tokio::test]
async fn an_older_candidacy_that_is_unhired_does_not_touch_the_newer_one() {
    let scene = Scene::start().await;
    let start = scene.in_days(20);
    let old = scene.onboard(engineer("Ada Park").starting_at(start)).await;
    let again = engineer("Ada Park").starting_at(start);
    scene.onboard(again.contact(&old.contact)).await;
    scene.site.lever.unhire(&old.opportunity).unwrap();

    scene
        .hear_out("candidateArchiveChange", &old.opportunity)
        .await;

    assert_eq!(scene.site.active(), [1, 1, 1]);
}

#[tokio::test]
async fn facts_older_than_live_from_start_nothing() {
    let scene = Scene::start().await;
    let ids = scene.hire(engineer("Ada Park"));
    let tomorrow = scene.now() + SignedDuration::from_hours(24);
    let settings = json!({ "live_from": tomorrow });
    scene
        .configure(ConfigKind::Settings, "settings", settings)
        .await;

    scene.hear_out("candidateHired", &ids.opportunity).await;

    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    let events = scene.machine.events().await;
    assert_eq!(events[0].1, EventState::Ignored);
    assert!(scene.machine.runs().await.is_empty());
}
