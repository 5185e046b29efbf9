//! Of an onboarding nothing more is asked, told or sent for somebody who is gone.
use jiff::SignedDuration;
use sando_core::config::ConfigKind;
use sando_core::person::Lifecycle;
use sando_core::run::{RunState, Step, StepState};
use sando_core::task::TaskKind;
use sando_tests::harness::{Scene, engineer};
use sando_world::{CandidateIds, Fault, FaultKind};
use serde_json::json;

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// Access three days before the first day; a laptop at once; a course, a message and a survey after the access.
async fn onboarding(scene: &Scene) {
    let deliver = json!({ "before_start": "3d" });
    let policies = [
        (
            "everybody",
            json!([{ "app": "mail", "deliver": deliver }, { "app": "wiki", "role": "editor", "deliver": deliver }]),
        ),
        (
            "makers",
            json!([{ "app": "design", "plan": "pro", "deliver": deliver }]),
        ),
    ];
    for (name, grants) in policies {
        let policy = json!({ "policy": name, "grants": grants });
        scene.configure(ConfigKind::Policy, name, policy).await;
    }
    let course = scene.site.wiki.hook_url("course");
    let workflow = json!({ "workflow": "onboard", "direction": "grant", "steps": [
        { "id": "access", "type": "grant" },
        { "id": "laptop", "type": "task", "owner": "it@contoso.example", "title": "Laptop for {name}" },
        { "id": "course", "type": "http", "needs": ["access"], "path": course, "body": { "email": "{work_email}" } },
        { "id": "hello", "type": "notify", "needs": ["access"], "to": "{personal_email}", "text": "Welcome, {name}" },
        { "id": "settled", "type": "wait", "needs": ["access"], "until": { "on_start": true } },
        { "id": "desk", "type": "task", "needs": ["settled"], "owner": "it@contoso.example", "title": "Desk for {name}" },
        { "id": "lever", "type": "lever_note", "needs": ["access"] },
    ] });
    scene
        .configure(ConfigKind::Workflow, "onboard", workflow)
        .await;
}

/// Ada, who starts in 20 days: nothing but her laptop is under way.
async fn ada(scene: &Scene) -> CandidateIds {
    onboarding(scene).await;
    let candidate = engineer("Ada Park").starting_at(scene.in_days(20));
    let ids = scene.onboard(candidate).await;
    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    assert_eq!(open_tasks(scene).await, ["Laptop for Ada Park"]);
    ids
}

async fn open_tasks(scene: &Scene) -> Vec<String> {
    let tasks = scene.machine.tasks().await;
    tasks.into_iter().map(|task| task.title).collect()
}

/// Was anybody told this?
fn was_told(scene: &Scene, text: &str) -> bool {
    let folder = scene.machine.folder().join("notifications");
    let told = std::fs::read_dir(folder).into_iter().flatten();
    let mut told = told.map(|one| std::fs::read_to_string(one.unwrap().path()).unwrap());
    told.any(|told| told.contains(text))
}

/// The person is in this state, the run is over, and nothing of it was done.
async fn nothing_was_done(scene: &Scene, state: Lifecycle) {
    assert_eq!(scene.machine.persons().await[0].state, state);
    assert_eq!(open_tasks(scene).await, [""; 0]);
    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    assert_eq!(scene.site.wiki.received("course").len(), 0);
    assert!(!was_told(scene, "Welcome"));
    let runs = scene.machine.runs().await;
    assert!(runs.iter().all(|run| run.state != RunState::Running));
}

#[tokio::test]
async fn whoever_is_withdrawn_is_enrolled_nowhere_and_nobody_prepares_a_laptop() {
    let scene = Scene::start().await;
    let ids = ada(&scene).await;
    scene.machine.clock.pass(SignedDuration::from_hours(1));
    scene.site.lever.unhire(&ids.opportunity).unwrap();

    scene
        .hear_out("candidateArchiveChange", &ids.opportunity)
        .await;

    nothing_was_done(&scene, Lifecycle::Withdrawn).await;
    scene.machine.clock.pass(days(21));
    scene.machine.settle().await;
    nothing_was_done(&scene, Lifecycle::Withdrawn).await;
}

#[tokio::test]
async fn so_it_is_for_whoever_is_terminated_before_the_first_day() {
    let scene = Scene::start().await;
    let ids = ada(&scene).await;

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    nothing_was_done(&scene, Lifecycle::Left).await;
}

#[tokio::test]
async fn an_open_laptop_keeps_no_deleted_candidate_from_being_erased() {
    let scene = Scene::start().await;
    let ids = ada(&scene).await;
    scene.site.lever.delete(&ids.opportunity).unwrap();

    scene.hear_out("candidateDeleted", &ids.opportunity).await;
    scene.machine.clock.pass(SignedDuration::from_hours(49));
    scene.machine.settle().await;

    assert!(scene.machine.persons().await.is_empty());
    assert!(scene.machine.runs().await.is_empty());
}

#[tokio::test]
async fn a_request_that_perhaps_arrived_for_whoever_left_then_is_a_task_and_is_not_sent_again() {
    let scene = Scene::start().await;
    let course = scene.site.wiki.hook_url("course");
    let workflow = json!({ "workflow": "onboard", "direction": "grant", "steps": [
        { "id": "course", "type": "http", "path": course, "repeat": "safe" },
    ] });
    scene
        .configure(ConfigKind::Workflow, "onboard", workflow)
        .await;
    let fault = Fault::on("POST", "/hook/course", FaultKind::CutAfter);
    scene.site.wiki.faults().push(fault);
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;
    scene.machine.work_now().await;
    assert_eq!(course_of(&scene).await.state, StepState::Unknown);

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    assert_eq!(scene.site.wiki.received("course").len(), 1);
    assert_eq!(course_of(&scene).await.state, StepState::Failed);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(tasks[0].kind, TaskKind::Failed);
    assert!(tasks[0].detail.contains("nobody knows"));
}

async fn course_of(scene: &Scene) -> Step {
    let runs = scene.machine.runs().await;
    let steps = runs.into_iter().flat_map(|run| run.steps);
    let mut found = steps.filter(|step| step.id.as_str() == "course");
    found.next().expect("there is such a step")
}
