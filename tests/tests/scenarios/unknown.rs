//! An effect whose outcome nobody knows is looked for before it is made again.
use std::time::Duration;

use jiff::SignedDuration;
use sando_core::grant::GrantState;
use sando_core::run::{Step, StepState};
use sando_core::task::TaskKind;
use sando_tests::harness::{Scene, SiteOptions, engineer};
use sando_world::{Fault, FaultKind, HttpAppOptions, ScimOptions};

fn secs(secs: i64) -> SignedDuration {
    SignedDuration::from_secs(secs)
}

/// A wiki that hides new members until they are revealed, and would double them.
fn hiding_wiki() -> SiteOptions {
    SiteOptions {
        wiki: HttpAppOptions {
            invisible_for: Duration::MAX,
            unique: false,
            ..HttpAppOptions::default()
        },
        ..SiteOptions::default()
    }
}

/// Mail that hides new accounts until they are revealed.
fn hiding_mail() -> SiteOptions {
    SiteOptions {
        mail: ScimOptions {
            invisible_for: Duration::MAX,
            ..ScimOptions::default()
        },
        ..SiteOptions::default()
    }
}

/// A wiki that would double members.
fn doubling_wiki() -> SiteOptions {
    SiteOptions {
        wiki: HttpAppOptions {
            unique: false,
            ..HttpAppOptions::default()
        },
        ..SiteOptions::default()
    }
}

async fn state_of(scene: &Scene, app: &str) -> GrantState {
    let person = scene.machine.persons().await.remove(0);
    let grants = scene.machine.grants(&person.id).await;
    let found = grants.into_iter().find(|(slug, _)| slug == app);
    found.expect("there is a grant").1
}

#[tokio::test]
async fn what_was_made_without_an_answer_and_shows_ten_seconds_later_is_adopted() {
    let scene = Scene::with(hiding_wiki()).await;
    let fault = Fault::on("POST", "/members", FaultKind::CutAfter);
    scene.site.wiki.faults().push(fault);
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;

    scene.machine.work_now().await;
    scene.machine.work_for(secs(9)).await;
    let looked = scene.site.wiki.traffic().count("GET", "/members");
    scene.site.wiki.reveal();
    scene.machine.settle().await;

    assert!(looked >= 2, "looked before and after");
    assert_eq!(scene.site.wiki.creates(), 1);
    assert_eq!(state_of(&scene, "wiki").await, GrantState::Active);
    assert_eq!(scene.site.wiki.members()[0].role.as_deref(), Some("editor"));
    assert!(scene.machine.tasks().await.is_empty());
    assert_eq!(scene.site.lever.notes(&ids.opportunity).len(), 1);
}

#[tokio::test]
async fn a_scim_account_that_shows_ten_seconds_later_is_adopted() {
    let scene = Scene::with(hiding_mail()).await;
    let fault = Fault::on("POST", "/Users", FaultKind::CutAfter);
    scene.site.mail.faults().push(fault);
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;

    scene.machine.work_now().await;
    scene.machine.work_for(secs(9)).await;
    scene.site.mail.reveal();
    scene.machine.settle().await;

    assert_eq!(scene.site.mail.creates(), 1);
    assert_eq!(state_of(&scene, "mail").await, GrantState::Active);
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn what_was_cut_before_it_happened_is_made_once() {
    let scene = Scene::with(doubling_wiki()).await;
    let (wiki, mail) = (&scene.site.wiki, &scene.site.mail);
    wiki.faults()
        .push(Fault::on("POST", "/members", FaultKind::CutBefore));
    mail.faults()
        .push(Fault::on("POST", "/Users", FaultKind::CutBefore));

    scene.onboard(engineer("Ada Park")).await;

    assert_eq!((wiki.creates(), mail.creates()), (1, 1));
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    assert_eq!(state_of(&scene, "wiki").await, GrantState::Active);
    assert_eq!(state_of(&scene, "mail").await, GrantState::Active);
}

#[tokio::test]
async fn an_error_after_the_effect_does_not_make_it_again() {
    let scene = Scene::with(doubling_wiki()).await;
    let (wiki, mail) = (&scene.site.wiki, &scene.site.mail);
    wiki.faults()
        .push(Fault::on("POST", "/members", FaultKind::ErrorAfter(502)));
    mail.faults()
        .push(Fault::on("POST", "/Users", FaultKind::ErrorAfter(500)));

    scene.onboard(engineer("Ada Park")).await;

    assert_eq!((wiki.creates(), mail.creates()), (1, 1));
    assert_eq!(state_of(&scene, "wiki").await, GrantState::Active);
    assert_eq!(state_of(&scene, "mail").await, GrantState::Active);
}

#[tokio::test]
async fn a_wiki_that_keeps_failing_after_every_effect_doubles_nothing() {
    let scene = Scene::with(doubling_wiki()).await;
    let every = Fault::on("POST", "/members", FaultKind::ErrorAfter(500)).times(20);
    scene.site.wiki.faults().push(every);

    scene.onboard(engineer("Ada Park")).await;

    assert_eq!(scene.site.wiki.creates(), 1);
    assert_eq!(state_of(&scene, "wiki").await, GrantState::Active);
}

/// A hire whose first request of this method to the wiki is to wait for 120 seconds; 119 of them are over.
async fn almost_waited(method: &str) -> Scene {
    let scene = Scene::start().await;
    let wait = FaultKind::Retry429 {
        retry_after: Some(120),
    };
    let fault = Fault::on(method, "/members", wait);
    scene.site.wiki.faults().push(fault);
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;
    scene.machine.work_now().await;
    scene.machine.work_for(secs(119)).await;
    scene
}

#[tokio::test]
async fn the_time_that_a_429_names_is_a_lower_bound_for_effects() {
    let scene = almost_waited("POST").await;
    let before = scene.site.wiki.members().len();
    scene.machine.settle().await;

    assert_eq!(before, 0, "not before the time is over");
    assert_eq!(scene.site.wiki.creates(), 1);
    assert_eq!(scene.site.wiki.traffic().too_many(), 1);
    assert_eq!(state_of(&scene, "wiki").await, GrantState::Active);
}

#[tokio::test]
async fn the_time_that_a_429_names_is_a_lower_bound_for_looks() {
    let scene = almost_waited("GET").await;
    let before = scene.site.wiki.traffic().requests();
    scene.machine.settle().await;

    assert_eq!(before, 1, "not asked again before the time is over");
    assert_eq!(state_of(&scene, "wiki").await, GrantState::Active);
}

#[tokio::test]
async fn an_application_that_cannot_be_looked_at_for_hours_gets_its_accounts_afterwards() {
    let scene = Scene::start().await;
    scene.site.wiki.faults().outage(FaultKind::Retry429 {
        retry_after: Some(60),
    });
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;

    scene.machine.work_for(secs(3 * 3600)).await;
    let asked = scene.site.wiki.traffic().requests();
    let tasks = scene.machine.tasks().await;
    scene.site.wiki.faults().clear();
    scene.machine.settle().await;

    assert!(tasks.is_empty(), "not given up yet: {tasks:?}");
    assert!(asked < 10, "asked {asked} times");
    assert_eq!(scene.site.wiki.creates(), 1);
    assert_eq!(state_of(&scene, "wiki").await, GrantState::Active);
}

#[tokio::test]
async fn what_is_accepted_and_never_shows_becomes_a_task_for_the_owner() {
    let scene = Scene::with(hiding_wiki()).await;

    let ids = scene.onboard(engineer("Ada Park")).await;

    assert_eq!(scene.site.wiki.creates(), 1);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].kind, TaskKind::Failed);
    assert_eq!(tasks[0].owner, "it@contoso.example");
    assert!(
        tasks[0].detail.contains("contradicted"),
        "{}",
        tasks[0].detail
    );
    assert_eq!(state_of(&scene, "wiki").await, GrantState::Failed);
    let steps = scene.machine.steps().await;
    let failed: Vec<&str> = steps
        .iter()
        .filter(|step| step.state == StepState::Failed)
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(failed, ["access", "access/wiki"]);
    let notes = scene.site.lever.notes(&ids.opportunity);
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].contains("wiki: failed, a human has it"),
        "{}",
        notes[0]
    );
    assert!(notes[0].contains("mail: done"), "{}", notes[0]);
}

#[tokio::test]
async fn a_refusal_that_will_not_go_away_becomes_a_task() {
    let scene = Scene::start().await;
    let every = Fault::on("POST", "/members", FaultKind::Status(422)).times(100);
    scene.site.wiki.faults().push(every);

    scene.onboard(engineer("Ada Park")).await;

    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].owner, "it@contoso.example");
    assert_eq!(scene.site.wiki.traffic().count("POST", "/members"), 1);
    assert_eq!(state_of(&scene, "mail").await, GrantState::Active);
}

#[tokio::test]
async fn every_call_for_an_effect_is_told_with_its_status() {
    let scene = Scene::start().await;
    let cut = Fault::on("POST", "/members", FaultKind::CutAfter);
    scene.site.wiki.faults().push(cut);
    let retry_after = Some(1);
    let busy = Fault::on("POST", "/Users", FaultKind::Retry429 { retry_after });
    scene.site.mail.faults().push(busy);

    scene.onboard(engineer("Ada Park")).await;

    let steps = scene.machine.steps().await;
    let told = |wanted: fn(&Step) -> bool| -> Vec<String> {
        let step = steps.iter().find(|step| wanted(step)).unwrap();
        let calls = step.calls.iter().map(|call| match call.came.status() {
            Some(status) => format!("{} {status}", call.request),
            None => format!("{} {}", call.request, call.came.word()),
        });
        calls.collect()
    };
    let wiki = told(|step| step.id.to_string() == "access/wiki");
    let expect = ["look 200", "create no_answer", "verify 200"];
    assert_eq!(wiki[..3], expect, "{wiki:?}");
    let mail = told(|step| step.id.to_string() == "access/mail");
    let mail: Vec<&str> = mail.iter().map(String::as_str).collect();
    let made: Vec<&str> = mail
        .iter()
        .copied()
        .filter(|call| call.starts_with("create"))
        .collect();
    assert_eq!(made, ["create 429", "create 201"], "{mail:?}");
    assert_eq!(mail.last(), Some(&"verify 200"), "{mail:?}");
    let note = told(|step| step.kind() == "lever_note");
    let expect = ["look answered", "send answered", "verify answered"];
    assert_eq!(note[..3], expect, "{note:?}");
}
