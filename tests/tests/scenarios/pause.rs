//! A brake holds effects, not events; and too many removals put it on by themselves.
use futures::stream::{self, StreamExt};
use jiff::SignedDuration;
use sando_core::admin::pause::{self, Brake};
use sando_core::admin::people::{At, terminate};
use sando_core::config::ConfigKind;
use sando_core::event::EventState;
use sando_core::person::Lifecycle;
use sando_core::run::{StepState, WaitsFor};
use sando_core::settings::{Pause, Paused};
use sando_tests::harness::{Doom, Scene, engineer};
use serde_json::json;

fn mins(mins: i64) -> SignedDuration {
    SignedDuration::from_mins(mins)
}

async fn brake(scene: &Scene, set: impl FnOnce(&mut Pause, Paused)) {
    let mut pause = Pause::default();
    let on = Paused {
        since: scene.now(),
        by: "local-admin".to_owned(),
        reason: "a test".to_owned(),
    };
    set(&mut pause, on);
    scene
        .configure(ConfigKind::Pause, "pause", json!(pause))
        .await;
}

#[tokio::test]
async fn while_everything_is_paused_a_hire_is_received_and_planned_without_effect() {
    let scene = Scene::start().await;
    brake(&scene, |pause, on| pause.all = Some(on)).await;
    let ids = scene.hire(engineer("Ada Park"));

    scene.hear("candidateHired", &ids.opportunity).await;
    scene.machine.work_for(mins(30)).await;

    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    assert_eq!(scene.machine.events().await[0].1, EventState::Done);
    let person = scene.machine.persons().await.remove(0);
    assert_eq!(scene.machine.grants(&person.id).await.len(), 3, "planned");
    let steps = scene.machine.steps().await;
    let held = |app: &str| {
        let id = format!("access/{app}");
        steps
            .iter()
            .any(|step| step.id.as_str() == id && step.waits_for == Some(WaitsFor::Pause))
    };
    assert!(held("mail") && held("design") && held("wiki"));
    assert!(scene.site.lever.notes(&ids.opportunity).is_empty());

    brake(&scene, |_, _| {}).await;
    scene.machine.work_for(mins(11)).await;

    assert_eq!(scene.site.sizes(), [1, 1, 1], "it goes on");
    assert_eq!(scene.site.lever.notes(&ids.opportunity).len(), 1);
}

#[tokio::test]
async fn a_paused_application_is_the_only_one_that_waits() {
    let scene = Scene::start().await;
    brake(&scene, |pause, on| {
        pause.apps.insert("design".parse().unwrap(), on);
    })
    .await;
    let ids = scene.hire(engineer("Ada Park"));

    scene.hear("candidateHired", &ids.opportunity).await;
    scene.machine.work_for(mins(30)).await;

    assert_eq!(scene.site.sizes(), [1, 0, 1]);
    let steps = scene.machine.steps().await;
    let waiting: Vec<&str> = steps
        .iter()
        .filter(|step| step.waits_for == Some(WaitsFor::Pause))
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(waiting, ["access/design"]);

    brake(&scene, |_, _| {}).await;
    scene.machine.work_for(mins(11)).await;

    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    let steps = scene.machine.steps().await;
    assert!(steps.iter().all(|step| step.state == StepState::Verified));
}

#[tokio::test]
async fn paused_removals_hold_what_takes_away_and_nothing_else() {
    let scene = Scene::start().await;
    let ada = scene
        .onboard(engineer("Ada Park").starting_at(scene.in_days(20)))
        .await;
    brake(&scene, |pause, on| pause.removals = Some(on)).await;
    scene.site.lever.unhire(&ada.opportunity).unwrap();

    scene.hear("candidateArchiveChange", &ada.opportunity).await;
    let bo = scene.hire(engineer("Bo Lind"));
    scene.hear("candidateHired", &bo.opportunity).await;
    scene.machine.work_for(mins(30)).await;

    assert_eq!(scene.site.active(), [2, 2, 2]);

    brake(&scene, |_, _| {}).await;
    scene.machine.work_for(mins(11)).await;

    assert_eq!(scene.site.active(), [1, 1, 1]);
}

/// Three people who have not started, and a cap of five removals in an hour: two people have six accounts.
async fn with_a_cap_of_five() -> (Scene, Vec<String>) {
    let scene = Scene::start().await;
    let mut opportunities = Vec::new();
    for name in ["Ada Park", "Bo Lind", "Cem Aydin"] {
        let candidate = engineer(name).starting_at(scene.in_days(20));
        opportunities.push(scene.onboard(candidate).await.opportunity);
    }
    let settings = json!({ "removals_per_hour": 5 });
    scene
        .configure(ConfigKind::Settings, "settings", settings)
        .await;
    (scene, opportunities)
}

#[tokio::test]
async fn more_removals_in_an_hour_than_the_cap_pause_removals() {
    let (scene, opportunities) = with_a_cap_of_five().await;

    for opportunity in &opportunities {
        scene.site.lever.unhire(opportunity).unwrap();
        scene.hear("candidateArchiveChange", opportunity).await;
    }
    scene.machine.work_for(mins(90)).await;

    let left: usize = scene.site.active().iter().sum();
    assert!((4..=6).contains(&left), "{left} accounts are left");
    let said = scene
        .machine
        .said(sando_core::audit::StreamId::Config)
        .await;
    assert_eq!(said, ["pause paused removals"]);
    let states: Vec<Lifecycle> = scene
        .machine
        .persons()
        .await
        .iter()
        .map(|one| one.state)
        .collect();
    assert_eq!(states, [Lifecycle::Withdrawn; 3]);
}

#[tokio::test]
async fn removals_on_both_sides_of_a_full_hour_count_together() {
    let (scene, opportunities) = with_a_cap_of_five().await;
    let config = sando_core::audit::StreamId::Config;
    let unhire = async |opportunity: &str| {
        scene.site.lever.unhire(opportunity).unwrap();
        scene.hear("candidateArchiveChange", opportunity).await;
    };
    // A quarter of an hour before the full hour.
    let into = scene.now().as_second().rem_euclid(3600);
    let before = SignedDuration::from_secs(3600 + 2700 - into);
    scene.machine.work_for(before).await;

    unhire(&opportunities[0]).await;
    scene.machine.work_for(mins(14)).await;
    assert_eq!(scene.site.active(), [2, 2, 2]);
    scene.machine.work_for(mins(2)).await;
    unhire(&opportunities[1]).await;
    scene.machine.work_for(mins(10)).await;

    let left: usize = scene.site.active().iter().sum();
    assert!(left >= 4, "{left} accounts are left");
    assert_eq!(scene.machine.said(config).await, ["pause paused removals"]);
}

#[tokio::test]
async fn a_termination_by_hand_is_exempt_from_the_cap() {
    let (scene, opportunities) = with_a_cap_of_five().await;

    for opportunity in &opportunities {
        scene.terminate(opportunity).await;
    }
    scene.machine.work_for(mins(10)).await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert!(
        scene
            .machine
            .said(sando_core::audit::StreamId::Config)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn so_is_one_for_which_a_day_was_set_by_hand() {
    let (scene, opportunities) = with_a_cap_of_five().await;
    let at = At::Time(scene.now() + mins(30));

    for opportunity in &opportunities {
        let person = scene.machine.person_of(opportunity).await.unwrap();
        let (ports, id) = (&scene.machine.ports, person.entity.id);
        terminate(ports, &scene.by_hand(&id), &id, at, "agreed")
            .await
            .unwrap();
    }
    scene.machine.work_for(mins(45)).await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    let said = scene.machine.said(sando_core::audit::StreamId::Config);
    assert_eq!(said.await, [""; 0]);
}

#[tokio::test]
async fn a_termination_by_hand_is_not_held_by_the_brake_that_the_cap_put_on() {
    let (scene, opportunities) = with_a_cap_of_five().await;
    for opportunity in &opportunities[..2] {
        scene.site.lever.unhire(opportunity).unwrap();
        scene.hear("candidateArchiveChange", opportunity).await;
    }
    scene.machine.work_for(mins(10)).await;
    let before: usize = scene.site.active().iter().sum();

    scene.terminate(&opportunities[2]).await;
    scene.machine.work_for(mins(10)).await;

    let after: usize = scene.site.active().iter().sum();
    assert_eq!(after, before - 3);
}

/// Everything is paused by hand while a worker sleeps at this moment, who is about to come to the cap; tells how many moments
/// there were.
async fn paused_asleep(moment: u64) -> u64 {
    let scene = Scene::start().await;
    let candidate = engineer("Ada Park").starting_at(scene.in_days(20));
    let ada = scene.onboard(candidate).await;
    let settings = json!({ "removals_per_hour": 1 });
    scene
        .configure(ConfigKind::Settings, "settings", settings)
        .await;
    scene.site.lever.unhire(&ada.opportunity).unwrap();
    scene.hear("candidateArchiveChange", &ada.opportunity).await;
    let doom = Doom::sleeping_at(moment);
    let sleeper = scene.machine.another(&scene.site, doom.clone());
    let person = scene.machine.person_of(&ada.opportunity).await.unwrap();
    let who = scene.by_hand(&person.entity.id);
    let ports = &scene.machine.ports;

    let working = async {
        sleeper.work_for(mins(30)).await;
        doom.passed()
    };
    let pausing = async {
        doom.falls_asleep().await;
        let paused = pause::pause(ports, &who, &Brake::All, "an emergency");
        paused.await.unwrap();
        doom.wake();
        std::future::pending::<()>().await;
    };
    let passed = tokio::select! {
        passed = working => passed,
        () = pausing => 0,
    };

    let paused = pause::now(ports).await.unwrap();
    let all = paused.all.map(|paused| paused.reason);
    let expect = (moment < passed).then(|| "an emergency".to_owned());
    assert_eq!(all, expect, "asleep at {moment}");
    assert_eq!(scene.site.active(), [1, 1, 1], "asleep at {moment}");
    passed
}

#[tokio::test]
async fn the_cap_does_not_let_go_of_what_somebody_paused_meanwhile() {
    let moments = paused_asleep(u64::MAX).await;
    assert!(moments > 5, "only {moments} moments");

    stream::iter((0..moments).map(paused_asleep))
        .buffer_unordered(8)
        .collect::<Vec<u64>>()
        .await;
}
