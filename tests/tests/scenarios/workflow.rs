//! A workflow gives access, asks people, tells people and calls other services, in order and once.
use jiff::{SignedDuration, Timestamp};
use sando_core::admin::correct::correct;
use sando_core::admin::tasks::complete;
use sando_core::config::ConfigKind;
use sando_core::grant::GrantState;
use sando_core::person::Attributes;
use sando_core::run::{RunState, Step, StepState, WaitsFor};
use sando_core::task::{Task, TaskKind};
use sando_tests::harness::{Scene, engineer};
use sando_world::{Fault, FaultKind};
use serde_json::{Value, json};

/// Access, a laptop, a message, and a request to a course that is repeated as told.
async fn onboarding(scene: &Scene, repeat: Value) {
    let path = scene.site.wiki.hook_url("course");
    let workflow = json!({ "workflow": "onboard", "direction": "grant", "steps": [
        { "id": "access", "type": "grant" },
        { "id": "laptop", "type": "task", "owner": "it@contoso.example", "title": "Laptop for {name}" },
        { "id": "hello", "type": "notify", "needs": ["access"], "to": "{personal_email}", "text": "Welcome, {name}" },
        { "id": "course", "type": "http", "needs": ["access"], "path": path, "body": { "email": "{work_email}" }, "repeat": repeat },
        { "id": "lever", "type": "lever_note", "needs": ["access"], "tag": "access ready" },
    ] });
    scene
        .configure(ConfigKind::Workflow, "onboard", workflow)
        .await;
}

async fn complete_by_hand(scene: &Scene, task: &Task) {
    let who = scene.by_hand(task.person.as_ref().unwrap());
    complete(&scene.machine.ports, &who, &task.id, "done")
        .await
        .unwrap();
}

fn notifications(scene: &Scene) -> usize {
    let folder = scene.machine.folder().join("notifications");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

async fn task_of(scene: &Scene, kind: TaskKind) -> Task {
    let tasks = scene.machine.tasks().await;
    let mut fitting = tasks.iter().filter(|task| task.kind == kind);
    let task = fitting.next().expect("there is such a task").clone();
    assert!(fitting.next().is_none(), "there is one: {tasks:?}");
    task
}

#[tokio::test]
async fn every_kind_of_step_is_done_once_and_the_task_ends_the_run() {
    let scene = Scene::start().await;
    onboarding(&scene, json!("never")).await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    assert_eq!(scene.machine.runs().await[0].state, RunState::Running);
    let laptop = task_of(&scene, TaskKind::Step).await;
    assert_eq!(laptop.title, "Laptop for Ada Park");

    complete_by_hand(&scene, &laptop).await;
    scene.machine.settle().await;

    assert_eq!(scene.machine.runs().await[0].state, RunState::Finished);
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    assert_eq!(notifications(&scene), 2, "the step's, and the laptop's");
    let received = scene.site.wiki.received("course");
    assert_eq!(received.len(), 1);
    assert_eq!(
        received[0].body,
        json!({ "email": "ada.park@contoso.example" })
    );
    let notes = scene.site.lever.notes(&ids.opportunity);
    assert_eq!(notes.len(), 2, "one before the laptop, one after");
    assert!(
        notes[0].contains("laptop: waits for a human"),
        "{}",
        notes[0]
    );
    assert!(notes[1].contains("laptop: done"), "{}", notes[1]);
    let tags = scene.site.lever.tags(&ids.opportunity);
    assert_eq!(tags.iter().filter(|tag| *tag == "access ready").count(), 1);
}

#[tokio::test]
async fn a_request_that_must_not_be_repeated_becomes_a_task_when_nobody_knows() {
    let scene = Scene::start().await;
    onboarding(&scene, json!("never")).await;
    let fault = Fault::on("POST", "/hook/course", FaultKind::CutAfter);
    scene.site.wiki.faults().push(fault);

    scene.onboard(engineer("Ada Park")).await;

    assert_eq!(scene.site.wiki.received("course").len(), 1);
    let failed = task_of(&scene, TaskKind::Failed).await;
    assert!(failed.detail.contains("nobody knows"), "{}", failed.detail);
    let steps = scene.machine.steps().await;
    let course = steps.iter().find(|step| step.id.as_str() == "course");
    assert_eq!(course.unwrap().state, StepState::Failed);
}

#[tokio::test]
async fn a_request_with_an_idempotency_header_is_repeated_with_the_same_key() {
    let scene = Scene::start().await;
    onboarding(&scene, json!({ "idempotency_header": "Idempotency-Key" })).await;
    let fault = Fault::on("POST", "/hook/course", FaultKind::CutAfter);
    scene.site.wiki.faults().push(fault);

    scene.onboard(engineer("Ada Park")).await;

    let received = scene.site.wiki.received("course");
    assert_eq!(received.len(), 2);
    assert!(received[0].idempotency_key.is_some());
    assert_eq!(received[0].idempotency_key, received[1].idempotency_key);
    let steps = scene.machine.steps().await;
    let course = steps.iter().find(|step| step.id.as_str() == "course");
    assert_eq!(course.unwrap().state, StepState::Done);
}

#[tokio::test]
async fn a_later_delivery_is_noted_as_waiting_first_and_as_done_then() {
    let scene = Scene::start().await;
    let policy = json!({ "policy": "makers", "grants": [
        { "app": "design", "plan": "pro", "deliver": { "before_start": "3d" } } ] });
    scene.configure(ConfigKind::Policy, "makers", policy).await;
    let candidate = engineer("Ada Park").starting_at(scene.in_days(20));

    let ids = scene.onboard(candidate).await;

    assert_eq!(scene.site.sizes(), [1, 0, 1]);
    let first = scene.site.lever.notes(&ids.opportunity);
    assert_eq!(first.len(), 1);
    assert!(
        first[0].contains("design: waits for its time"),
        "{}",
        first[0]
    );
    assert!(first[0].contains("mail: done"), "{}", first[0]);

    scene
        .machine
        .work_for(SignedDuration::from_hours(15 * 24))
        .await;
    let too_early = scene.site.sizes();
    scene
        .machine
        .work_for(SignedDuration::from_hours(3 * 24))
        .await;

    assert_eq!(too_early, [1, 0, 1]);
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    let notes = scene.site.lever.notes(&ids.opportunity);
    assert_eq!(notes.len(), 2);
    assert!(notes[1].contains("design: done"), "{}", notes[1]);
    assert_eq!(scene.machine.runs().await[0].state, RunState::Finished);
}

#[tokio::test]
async fn an_application_without_an_api_is_given_by_a_human() {
    let scene = Scene::start().await;
    let manual = json!({ "app": "wiki", "name": "Wiki", "owner": "it@contoso.example" });
    scene.configure(ConfigKind::App, "wiki", manual).await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    let task = task_of(&scene, TaskKind::Manual).await;
    assert_eq!(
        (task.title.as_str(), task.owner.as_str()),
        ("Give access to Wiki", "it@contoso.example")
    );
    assert_eq!(task.detail, "role editor");
    let person = scene.machine.persons().await.remove(0);
    let grant = ("wiki".to_owned(), GrantState::Pending);
    assert!(scene.machine.grants(&person.id).await.contains(&grant));

    complete_by_hand(&scene, &task).await;
    scene.machine.settle().await;

    let grant = ("wiki".to_owned(), GrantState::Active);
    assert!(scene.machine.grants(&person.id).await.contains(&grant));
    assert_eq!(scene.machine.runs().await[0].state, RunState::Finished);
    assert_eq!(scene.site.lever.notes(&ids.opportunity).len(), 2);
}

/// A laptop five days before the first day, and a message three days after it.
async fn around_the_first_day(scene: &Scene) {
    let workflow = json!({ "workflow": "onboard", "steps": [
        { "id": "laptop", "type": "task", "owner": "it@contoso.example", "title": "Laptop for {name}",
            "due": { "before_start": "5d", "at": "09:30" } },
        { "id": "settled", "type": "wait", "until": { "after_start": "3d" } },
        { "id": "survey", "type": "notify", "needs": ["settled"], "to": "{personal_email}", "text": "How was it?" },
    ] });
    scene
        .configure(ConfigKind::Workflow, "onboard", workflow)
        .await;
}

/// Midnight of the day in so many days, in UTC, as Lever writes days.
fn midnight_in(scene: &Scene, days: i64) -> i64 {
    let day = 24 * 3_600_000;
    scene.in_days(days).div_euclid(day) * day
}

async fn step(scene: &Scene, id: &str) -> Step {
    let steps = scene.machine.steps().await;
    let mut found = steps.into_iter().filter(|step| step.id.as_str() == id);
    found.next().expect("there is such a step")
}

#[tokio::test]
async fn a_wait_holds_what_needs_it_until_its_time_and_a_task_is_due_at_its_own() {
    let scene = Scene::start().await;
    around_the_first_day(&scene).await;
    let first_day = midnight_in(&scene, 20);
    let at = |days: i64, minutes: i64| {
        let millis = first_day + days * 24 * 3_600_000 + minutes * 60_000;
        Some(Timestamp::from_millisecond(millis).unwrap())
    };

    let candidate = engineer("Ada Park").starting_at(first_day);
    scene.onboard(candidate).await;

    let laptop = task_of(&scene, TaskKind::Step).await;
    assert_eq!(laptop.due, at(-5, 9 * 60 + 30));
    let settled = step(&scene, "settled").await;
    assert_eq!(settled.waits_for, Some(WaitsFor::Time));
    assert_eq!(settled.due, at(3, 0));
    let survey = step(&scene, "survey").await;
    assert_eq!(survey.waits_for, Some(WaitsFor::Needs));

    complete_by_hand(&scene, &laptop).await;
    scene
        .machine
        .work_for(SignedDuration::from_hours(20 * 24))
        .await;
    let too_early = notifications(&scene);
    scene
        .machine
        .work_for(SignedDuration::from_hours(4 * 24))
        .await;
    scene.machine.work_now().await;

    // The first tells of the laptop.
    assert_eq!((too_early, notifications(&scene)), (1, 2));
    assert_eq!(step(&scene, "settled").await.state, StepState::Verified);
    assert_eq!(scene.machine.runs().await[0].state, RunState::Finished);
}

#[tokio::test]
async fn a_wait_for_a_first_day_that_nobody_knows_goes_on_once_it_is_known() {
    let scene = Scene::start().await;
    around_the_first_day(&scene).await;
    let ids = scene.hire(engineer("Ada Park").without_start_date());

    scene.hear("candidateHired", &ids.opportunity).await;
    scene.machine.work_now().await;

    assert_eq!(task_of(&scene, TaskKind::Step).await.due, None);
    let settled = step(&scene, "settled").await;
    assert_eq!(settled.waits_for, Some(WaitsFor::Attributes));
    assert_eq!(settled.reason.as_deref(), Some("no first day is known"));

    let person = scene.machine.persons().await.remove(0);
    let four_days_ago = Timestamp::from_millisecond(midnight_in(&scene, -4)).unwrap();
    let mut known = Attributes::default();
    known.set("start_date", four_days_ago.strftime("%Y-%m-%d").to_string());
    let who = scene.by_hand(&person.id);
    correct(&scene.machine.ports, &who, &person.id, &known, "a test")
        .await
        .unwrap();
    scene.machine.work_now().await;

    assert_eq!(step(&scene, "settled").await.state, StepState::Verified);
    assert_eq!(notifications(&scene), 1);
}
