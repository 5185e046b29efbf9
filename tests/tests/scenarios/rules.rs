//! A stored rule meets an event: it starts its workflow, starts nothing, or nobody can tell; in earnest or on trial.
use sando_core::config::ConfigKind;
use sando_core::event::{Event, EventState, Why};
use sando_core::person::Lifecycle;
use sando_core::run::{Run, RunState, Step, StepState};
use sando_core::store::Loaded;
use sando_core::task::TaskKind;
use sando_tests::harness::{Scene, engineer};
use sando_world::NewCandidate;
use serde_json::{Value, json};

/// Puts a rule about those who are hired, unless `further` says about what.
async fn rule(scene: &Scene, id: &str, workflow: &str, further: Value) {
    let mut file = json!({ "rule": id, "event": "candidate.hired", "workflow": workflow });
    let further = further.as_object().unwrap().clone();
    file.as_object_mut().unwrap().extend(further);
    scene.configure(ConfigKind::Rule, id, file).await;
}

/// A workflow of one task, and the rule that starts it for engineers whom nobody tagged as contractors.
async fn tour_for_engineers(scene: &Scene) {
    let steps = json!([{ "id": "tour", "type": "task", "owner": "it@contoso.example", "title": "Tour for {name}" }]);
    let tour = json!({ "workflow": "tour", "steps": steps });
    scene.configure(ConfigKind::Workflow, "tour", tour).await;
    let when = json!([
        { "path": "opportunity.tags", "op": "not_contains", "value": "contractor" },
        { "path": "department", "op": "is", "value": "Engineering" },
    ]);
    rule(scene, "engineers", "tour", json!({ "when": when })).await;
}

/// Every event, newest first.
async fn events(scene: &Scene) -> Vec<Event> {
    let states = EventState::ALL.iter().map(|state| state.as_str()).collect();
    let events: Vec<Loaded<Event>> = scene.machine.list(states).await;
    events.into_iter().map(|event| event.entity).collect()
}

/// The line of the explanation that says this.
fn line<'a>(event: &'a Event, text: &str) -> &'a Why {
    let found = event.why.iter().find(|why| why.text.contains(text));
    found.unwrap_or_else(|| panic!("nothing says `{text}`: {:?}", event.why))
}

/// The workflows of these runs, by name.
fn workflows(runs: &[Run]) -> Vec<&str> {
    let mut names: Vec<&str> = runs.iter().map(|run| run.workflow.as_str()).collect();
    names.sort_unstable();
    names
}

/// The applications that a run has a step for, by name.
fn apps(run: &Run) -> Vec<&str> {
    let steps = run.steps.iter().filter_map(|step| step.app());
    let mut names: Vec<&str> = steps.map(|app| app.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_rule_that_matches_starts_its_workflow_and_not_the_built_in_one() {
    let scene = Scene::start().await;
    tour_for_engineers(&scene).await;

    scene.onboard(engineer("Ada Park")).await;

    let runs = scene.machine.runs().await;
    assert_eq!(workflows(&runs), ["tour"]);
    assert!(!runs[0].dry_run);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].title, "Tour for Ada Park");
    assert_eq!(scene.site.sizes(), [0, 0, 0], "the workflow gives nothing");
    let event = events(&scene).await.remove(0);
    assert_eq!(event.state, EventState::Done);
    assert_eq!(event.runs, [runs[0].id.clone()]);
    line(&event, "rule `engineers` matches and starts `tour`");
}

#[tokio::test]
async fn a_rule_that_does_not_match_starts_nothing_not_even_the_built_in_workflow() {
    let scene = Scene::start().await;
    tour_for_engineers(&scene).await;
    let contractor = NewCandidate {
        tags: vec!["contractor".to_owned()],
        ..engineer("Cleo Baird")
    };
    let seller = NewCandidate::named("Bo Lind").department("Sales");

    scene.onboard(contractor).await;
    scene.onboard(seller).await;

    assert_eq!(scene.machine.runs().await, []);
    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    let events = events(&scene).await;
    assert_eq!(events.len(), 2);
    for event in events {
        assert_eq!(event.state, EventState::Ignored);
        line(&event, "rule `engineers` does not match");
    }
}

#[tokio::test]
async fn a_rule_that_nobody_can_decide_starts_nothing_and_says_what_is_missing() {
    let scene = Scene::start().await;
    tour_for_engineers(&scene).await;

    scene
        .onboard(engineer("Ada Park").without_department())
        .await;

    assert_eq!(scene.machine.runs().await, []);
    let event = events(&scene).await.remove(0);
    assert_eq!(event.state, EventState::NeedsHuman);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].kind, TaskKind::Judge);
    let why = line(&event, "rule `engineers` cannot be decided");
    assert_eq!(why.detail[0]["truth"], "true", "{}", why.detail);
    assert_eq!(why.detail[1]["path"], "department", "{}", why.detail);
    assert_eq!(why.detail[1]["truth"], "unknown", "{}", why.detail);
}

#[tokio::test]
async fn every_rule_that_matches_starts_its_own_workflow() {
    let scene = Scene::start().await;
    tour_for_engineers(&scene).await;
    rule(&scene, "everybody", "onboard", json!({})).await;

    scene.onboard(engineer("Ada Park")).await;
    let seller = NewCandidate::named("Bo Lind").department("Sales");
    scene.onboard(seller).await;

    let runs = scene.machine.runs().await;
    assert_eq!(workflows(&runs), ["onboard", "onboard", "tour"]);
    assert_eq!(scene.site.sizes(), [2, 1, 2]);
    assert_eq!(scene.machine.tasks().await.len(), 1);
}

#[tokio::test]
async fn a_rule_for_an_event_that_starts_nothing_by_itself_starts_its_workflow() {
    let scene = Scene::start().await;
    tour_for_engineers(&scene).await;
    let when = json!([{ "path": "stage.text", "op": "is", "value": "New applicant" }]);
    let applicants = json!({ "event": "candidate.stage_changed", "when": when });
    rule(&scene, "applicants", "tour", applicants).await;
    let ids = scene.site.lever.create_candidate(engineer("Ada Park"));
    let (lever, opportunity) = (&scene.site.lever, &ids.opportunity);

    lever.move_stage(opportunity, "lead-new").unwrap();
    scene.hear_out("candidateStageChange", opportunity).await;
    let before = (scene.machine.persons().await, scene.machine.runs().await);
    lever.move_stage(opportunity, "applicant-new").unwrap();
    scene.hear_out("candidateStageChange", opportunity).await;

    assert_eq!(before, (vec![], vec![]), "another stage is nobody's affair");
    let runs = scene.machine.runs().await;
    assert_eq!(workflows(&runs), ["tour"]);
    let persons = scene.machine.persons().await;
    assert_eq!(persons.len(), 1);
    assert_eq!(persons[0].state, Lifecycle::Candidate);
    assert_eq!(scene.site.sizes(), [0, 0, 0]);
}

#[tokio::test]
async fn a_rule_that_names_no_workflow_that_exists_becomes_a_task() {
    let scene = Scene::start().await;
    rule(&scene, "everybody", "later", json!({})).await;

    scene.onboard(engineer("Ada Park")).await;

    assert_eq!(scene.machine.runs().await, []);
    assert_eq!(events(&scene).await[0].state, EventState::NeedsHuman);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].kind, TaskKind::Judge);
    assert!(tasks[0].detail.contains("`later`"), "{}", tasks[0].detail);
}

#[tokio::test]
async fn a_rule_on_trial_shows_every_step_and_does_none() {
    let scene = Scene::start().await;
    let course = scene.site.wiki.hook_url("course");
    let everything = json!({ "workflow": "everything", "steps": [
        { "id": "access", "type": "grant" },
        { "id": "laptop", "type": "task", "owner": "it@contoso.example", "title": "Laptop for {name}" },
        { "id": "settled", "type": "wait", "until": { "after_start": "3650d" } },
        { "id": "hello", "type": "notify", "needs": ["access", "settled"], "to": "{personal_email}", "text": "Welcome" },
        { "id": "course", "type": "http", "path": course, "body": { "email": "{work_email}" } },
        { "id": "lever", "type": "lever_note", "needs": ["access"] },
    ] });
    scene
        .configure(ConfigKind::Workflow, "everything", everything)
        .await;
    rule(&scene, "trial", "everything", json!({ "dry_run": true })).await;

    let ids = scene.onboard(engineer("Ada Park")).await;

    let run = scene.machine.runs().await.remove(0);
    assert!(run.dry_run);
    assert_eq!(run.state, RunState::Finished);
    assert_eq!(apps(&run), ["design", "mail", "wiki"]);
    let planned = |step: &Step| step.state == StepState::Planned;
    assert!(run.steps.iter().all(planned), "{:?}", run.steps);
    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    let person = scene.machine.persons().await.remove(0);
    assert_eq!(scene.machine.grants(&person.id).await, []);
    assert_eq!(scene.machine.tasks().await, []);
    assert_eq!(scene.site.wiki.received("course").len(), 0);
    assert!(scene.site.lever.notes(&ids.opportunity).is_empty());
    let told = scene.machine.folder().join("notifications");
    assert_eq!(std::fs::read_dir(told).map_or(0, Iterator::count), 0);
}

#[tokio::test]
async fn a_pilot_is_in_earnest_for_those_it_is_meant_for_and_a_trial_for_the_others() {
    let scene = Scene::start().await;
    let when = json!([{ "path": "department", "op": "is", "value": "Engineering" }]);
    let pilot = json!({ "pilot": { "when": when } });
    rule(&scene, "pilot", "onboard", pilot).await;

    scene.onboard(engineer("Ada Park")).await;
    let after_her = scene.site.sizes();
    let seller = NewCandidate::named("Bo Lind").department("Sales");
    let ids = scene.onboard(seller).await;

    assert_eq!(after_her, [1, 1, 1]);
    assert_eq!(scene.site.sizes(), after_her, "nothing for him");
    assert!(scene.site.lever.notes(&ids.opportunity).is_empty());
    let runs = scene.machine.runs().await;
    assert_eq!(workflows(&runs), ["onboard", "onboard"]);
    let (trials, earnest): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| run.dry_run);
    assert_eq!((trials.len(), earnest.len()), (1, 1));
    assert_eq!(apps(trials[0]), ["mail", "wiki"], "what would be done");
    assert!(runs.iter().all(|run| run.state == RunState::Finished));
}

#[tokio::test]
async fn an_application_on_trial_is_shown_and_left_alone_while_the_others_are_in_earnest() {
    let scene = Scene::start().await;
    let mut design = scene.site.app_file("design");
    design["dry_run"] = json!(true);
    scene.configure(ConfigKind::App, "design", design).await;

    let ids = scene.onboard(engineer("Ada Park")).await;

    assert_eq!(scene.site.sizes(), [1, 0, 1]);
    let run = scene.machine.runs().await.remove(0);
    assert_eq!((run.state, run.dry_run), (RunState::Finished, false));
    assert_eq!(apps(&run), ["design", "mail", "wiki"]);
    let is_planned = |step: &&Step| step.state == StepState::Planned;
    let planned = run.steps.iter().filter(is_planned);
    let planned: Vec<&str> = planned
        .filter_map(|step| Some(step.app()?.as_str()))
        .collect();
    assert_eq!(planned, ["design"]);
    let person = scene.machine.persons().await.remove(0);
    assert_eq!(scene.machine.grants(&person.id).await.len(), 2);
    let notes = scene.site.lever.notes(&ids.opportunity);
    assert!(notes[0].contains("design: on trial"), "{}", notes[0]);
}

#[tokio::test]
async fn a_workflow_on_trial_does_nothing_whatever_starts_it() {
    let scene = Scene::start().await;
    let steps =
        json!([{ "id": "access", "type": "grant" }, { "id": "lever", "type": "lever_note" }]);
    let onboard = json!({ "workflow": "onboard", "dry_run": true, "steps": steps });
    scene
        .configure(ConfigKind::Workflow, "onboard", onboard)
        .await;

    let ids = scene.onboard(engineer("Ada Park")).await;

    let run = scene.machine.runs().await.remove(0);
    assert_eq!((run.state, run.dry_run), (RunState::Finished, true));
    assert_eq!(apps(&run), ["design", "mail", "wiki"]);
    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    assert!(scene.site.lever.notes(&ids.opportunity).is_empty());
}
