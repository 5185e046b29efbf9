//! Whoever leaves loses everything, and gets nothing more from what was still under way.
use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use jiff::SignedDuration;
use sando_core::account::Account;
use sando_core::admin::metrics;
use sando_core::admin::people::reinstate;
use sando_core::audit::StreamId;
use sando_core::changes::Changes;
use sando_core::config::ConfigKind;
use sando_core::grant::GrantState;
use sando_core::handle::ledger;
use sando_core::ids::Slug;
use sando_core::metric::Metric;
use sando_core::person::Lifecycle;
use sando_core::run::RunState;
use sando_core::store::{Commit, Put, Version};
use sando_core::tally::{Measured, Tally, day_of};
use sando_core::task::{Task, TaskState};
use sando_tests::harness::{Doom, Scene, engineer};
use sando_world::{Fault, FaultKind};
use serde_json::json;

#[tokio::test]
async fn a_termination_suspends_everything_and_ends_sessions_first() {
    let scene = Scene::start().await;
    let ids = scene.onboard(engineer("Ada Park")).await;

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert_eq!(scene.site.sizes(), [1, 1, 1], "suspended, not removed");
    assert_eq!(scene.site.wiki.members()[0].logouts, 1);
    let exchanges = scene.site.wiki.traffic().exchanges();
    let at = |part: &str| exchanges.iter().position(|one| one.path.contains(part));
    assert!(at("/logout").unwrap() < at("/suspend").unwrap());
    let person = scene.machine.persons().await.remove(0);
    assert_eq!(person.state, Lifecycle::Left);
    let grants = scene.machine.grants(&person.id).await;
    assert!(
        grants
            .iter()
            .all(|(_, state)| *state == GrantState::Revoked)
    );
    assert!(scene.machine.tasks().await.is_empty());
    let notes = scene.site.lever.notes(&ids.opportunity);
    assert_eq!(notes.len(), 2);
    assert!(notes[1].contains("wiki: taken away"), "{}", notes[1]);
}

#[tokio::test]
async fn where_nothing_has_to_wait_all_is_taken_and_looked_at_within_a_minute() {
    let scene = Scene::start().await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    let left = scene.now();

    scene.terminate(&ids.opportunity).await;
    scene.machine.work_for(SignedDuration::from_secs(59)).await;

    let took = scene.now().duration_since(left);
    assert!(took < SignedDuration::from_mins(1), "{took}");
    assert_eq!(scene.site.active(), [0, 0, 0]);
    let runs = scene.machine.runs().await;
    assert!(runs.iter().all(|run| run.state == RunState::Finished));
    let days = metrics::days(&scene.machine.ports, day_of(left), day_of(scene.now())).await;
    let days = days.unwrap();
    let told = |day: &Tally| day.measured.get(&Metric::TimeToOffboard).cloned();
    let told: Vec<Measured> = days.iter().filter_map(told).collect();
    let looked_at: u64 = told.iter().map(|day| day.count).sum();
    assert!(looked_at >= 3, "{told:?}");
    assert!(told.iter().all(|day| day.at(100) < Some(60)), "{told:?}");
}

#[tokio::test]
async fn a_termination_is_done_within_minutes_though_applications_fail_at_first() {
    let scene = Scene::start().await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    scene
        .site
        .wiki
        .faults()
        .push(Fault::on("POST", "/suspend", FaultKind::CutAfter));
    scene
        .site
        .mail
        .faults()
        .push(Fault::on("PATCH", "/Users", FaultKind::Status(503)));

    scene.terminate(&ids.opportunity).await;
    scene.machine.work_now().await;
    scene.machine.work_for(SignedDuration::from_mins(5)).await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    let runs = scene.machine.runs().await;
    assert!(runs.iter().all(|run| run.state == RunState::Finished));
}

/// A leaver while the onboarding worker is killed at this moment; tells how many moments there were.
async fn leave_at(moment: u64) -> u64 {
    let scene = Scene::start().await;
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;
    let doom = Doom::at(moment);
    let killed = scene.machine.another(&scene.site, doom.clone());
    killed.settle().await;
    if scene.machine.person_of(&ids.opportunity).await.is_none() {
        return doom.passed();
    }
    let others = scene.site.sizes();

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    let person = scene.machine.persons().await.remove(0);
    assert_eq!(person.state, Lifecycle::Left);
    assert_eq!(scene.site.active(), [0, 0, 0], "killed at {moment}");
    assert_eq!(
        scene.site.sizes(),
        others,
        "nothing is made, killed at {moment}"
    );
    let grants = scene.machine.grants(&person.id).await;
    assert!(
        grants
            .iter()
            .all(|(_, state)| *state == GrantState::Revoked),
        "killed at {moment}: {grants:?}"
    );
    let runs = scene.machine.runs().await;
    let over = |state| matches!(state, RunState::Finished | RunState::Cancelled);
    assert!(
        runs.iter().all(|run| over(run.state)),
        "killed at {moment}: {runs:?}"
    );
    doom.passed()
}

#[tokio::test]
async fn a_leaver_in_the_middle_of_the_onboarding_keeps_nothing() {
    let moments = leave_at(u64::MAX).await;
    assert!(moments > 20, "only {moments} moments");

    // After one write is before the next one: every second moment shows all of them.
    stream::iter((0..moments).step_by(2).map(leave_at))
        .buffer_unordered(8)
        .collect::<Vec<u64>>()
        .await;
}

/// A leaver while the onboarding worker sleeps at this moment, and wakes when everything is taken away.
async fn leave_asleep(moment: u64) -> u64 {
    let scene = Scene::start().await;
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;
    let doom = Doom::sleeping_at(moment);
    let sleeper = Arc::new(scene.machine.another(&scene.site, doom.clone()));
    let working = async {
        sleeper.work_now().await;
        doom.passed()
    };
    let leaving = async {
        doom.falls_asleep().await;
        if scene.machine.person_of(&ids.opportunity).await.is_some() {
            scene.terminate(&ids.opportunity).await;
            scene.machine.work_now().await;
        }
        doom.wake();
        std::future::pending::<()>().await;
    };
    let passed = tokio::select! {
        passed = working => passed,
        () = leaving => 0,
    };
    scene.machine.settle().await;

    let person = scene.machine.persons().await.remove(0);
    if person.state == Lifecycle::Left {
        assert_eq!(scene.site.active(), [0, 0, 0], "asleep at {moment}");
        let grants = scene.machine.grants(&person.id).await;
        assert!(
            grants
                .iter()
                .all(|(_, state)| *state == GrantState::Revoked),
            "asleep at {moment}: {grants:?}"
        );
    }
    passed
}

#[tokio::test]
async fn a_leaver_while_the_onboarding_worker_is_at_it_keeps_nothing() {
    let moments = leave_asleep(u64::MAX).await;

    stream::iter((0..moments).map(leave_asleep))
        .buffer_unordered(8)
        .collect::<Vec<u64>>()
        .await;
}

#[tokio::test]
async fn an_end_date_comes_by_itself() {
    let scene = Scene::start().await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    let mut person = scene.machine.person_of(&ids.opportunity).await.unwrap();
    let end = scene.now() + SignedDuration::from_hours(20 * 24);
    person.entity.enter(Lifecycle::Leaving);
    person.entity.leaves_at = Some(end);
    let origin = scene.by_hand(&person.entity.id);
    let mut changes = Changes::new(origin);
    changes.update(&person);
    ledger::commit(&scene.machine.ports, changes).await.unwrap();

    scene
        .machine
        .work_for(SignedDuration::from_hours(19 * 24))
        .await;
    let before = scene.site.active();
    scene.machine.work_for(SignedDuration::from_hours(25)).await;

    assert_eq!(before, [1, 1, 1]);
    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert_eq!(scene.machine.persons().await[0].state, Lifecycle::Left);
}

#[tokio::test]
async fn a_leaver_s_open_task_to_give_access_is_withdrawn() {
    let scene = Scene::start().await;
    let manual = json!({ "app": "wiki", "name": "Wiki" });
    scene.configure(ConfigKind::App, "wiki", manual).await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    assert_eq!(scene.machine.tasks().await[0].title, "Give access to Wiki");

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    let tasks = scene.machine.tasks().await;
    let open = |task: &&Task| task.state == TaskState::Open;
    let given: Vec<&str> = tasks
        .iter()
        .filter(open)
        .map(|task| task.title.as_str())
        .filter(|title| title.starts_with("Give"))
        .collect();
    assert_eq!(given, Vec::<&str>::new());
}

/// How many have a seat of Design.
fn seats(scene: &Scene) -> usize {
    let groups = scene.site.design.groups();
    let seats = groups.iter().find(|one| one.display_name == "Pro Seats");
    seats.map_or(0, |seats| seats.members.len())
}

#[tokio::test]
async fn whoever_is_suspended_gives_the_seat_back_and_has_it_again_when_they_are_back() {
    let scene = Scene::start().await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    assert_eq!(seats(&scene), 1);

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert_eq!(scene.site.sizes(), [1, 1, 1], "suspended, not removed");
    assert_eq!(seats(&scene), 0);
    let person = scene.machine.persons().await.remove(0).id;
    let taken = "app/design verified";
    assert_eq!(scene.machine.times_said(&person, taken).await, 2);
    let said = "app/design release_plan";
    assert_eq!(scene.machine.times_said(&person, said).await, 1);

    let who = scene.by_hand(&person);
    let back = reinstate(&scene.machine.ports, &who, &person, "a mistake", false);
    back.await.unwrap();
    scene.machine.settle().await;

    assert_eq!(scene.site.active(), [1, 1, 1]);
    assert_eq!(seats(&scene), 1);
}

#[tokio::test]
async fn a_seat_that_cannot_be_given_back_keeps_nobody_active() {
    let scene = Scene::start().await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    let refuses = Fault::on("PATCH", "/Groups", FaultKind::Status(403));
    scene.site.design.faults().push(refuses.times(100));

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    assert_eq!(seats(&scene), 1);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    let title = "Take back the seat in design: it does not work by itself";
    assert_eq!(tasks[0].title, title);
}

/// Mail is the company's directory.
async fn with_a_directory() -> Scene {
    let scene = Scene::start().await;
    let (mail, prod) = (Slug::parse("mail").unwrap(), Slug::parse("prod").unwrap());
    let directory = json!({ "directory": { "definition": "mail", "account": "prod" } });
    scene
        .configure(ConfigKind::Settings, "settings", directory)
        .await;
    let now = scene.now();
    let account = Account::connecting(mail.clone(), prod, mail, BTreeMap::new(), now, "test");
    let commit = Commit {
        puts: vec![Put::of(&account, Version::ABSENT)],
        ..Commit::default()
    };
    scene.machine.ports.store.commit(&commit).await.unwrap();
    scene
}

#[tokio::test]
async fn the_directory_goes_last_and_waits_for_nobody_who_fails() {
    let scene = with_a_directory().await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    let down = Fault::on("POST", "/suspend", FaultKind::Status(503));
    scene.site.wiki.faults().push(down.times(1000));

    scene.terminate(&ids.opportunity).await;
    scene.machine.work_now().await;

    assert_eq!(scene.site.active(), [0, 0, 1], "the wiki is down");
    let person = scene.machine.persons().await.remove(0).id;
    let said = scene.machine.said(StreamId::Person(person)).await;
    let at = |line: &str| said.iter().position(|said| said == line).unwrap();
    let directory = at("app/mail suspend intended");
    assert!(at("app/wiki suspend") < directory, "tried: {said:?}");
    assert!(at("app/design suspend") < directory, "{said:?}");
}

#[tokio::test]
async fn the_files_give_the_order_in_which_access_is_taken_away() {
    let scene = Scene::start().await;
    let workflow = json!({ "workflow": "offboard", "direction": "revoke", "steps": [
        { "id": "first", "type": "revoke", "apps": ["wiki"] },
        { "id": "rest", "type": "revoke", "needs": ["first"] },
        { "id": "last", "type": "revoke", "needs": ["rest"], "apps": ["design"] },
    ] });
    scene
        .configure(ConfigKind::Workflow, "offboard", workflow)
        .await;
    let ids = scene.onboard(engineer("Ada Park")).await;

    scene.terminate(&ids.opportunity).await;
    scene.machine.work_now().await;

    assert_eq!(scene.site.active(), [0, 0, 0]);
    let person = scene.machine.persons().await.remove(0).id;
    let said = scene.machine.said(StreamId::Person(person)).await;
    let at = |line: &str| said.iter().position(|said| said == line).unwrap();
    assert!(at("app/wiki suspend") < at("app/mail suspend intended"));
    assert!(at("app/mail suspend") < at("app/design suspend intended"));
    let runs = scene.machine.runs().await;
    assert!(runs.iter().all(|run| run.state == RunState::Finished));
}
