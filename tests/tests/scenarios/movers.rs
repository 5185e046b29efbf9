//! Whoever moves gets what is newly due and loses what is no longer due, and keeps what nobody can tell about.
use jiff::SignedDuration;
use sando_core::admin::correct::correct;
use sando_core::admin::pause::{self, Accept, Brake, Plan, Resumed};
use sando_core::config::ConfigKind;
use sando_core::grant::GrantState;
use sando_core::ids::PersonId;
use sando_core::person::Attributes;
use sando_core::run::RunState;
use sando_tests::harness::{Scene, engineer};
use sando_world::NewCandidate;
use serde_json::{Value, json};

/// An attribute of the only person is corrected, or a correction taken back, and everything is done that follows.
async fn corrected(scene: &Scene, name: &str, value: impl Into<Value>) {
    let person = scene.machine.persons().await.remove(0);
    correcting(scene, &person.id, name, value).await;
    scene.machine.settle().await;
}

async fn correcting(scene: &Scene, person: &PersonId, name: &str, value: impl Into<Value>) {
    let mut given = Attributes::default();
    given.set(name, value);
    let who = scene.by_hand(person);
    let done = correct(&scene.machine.ports, &who, person, &given, "a test");
    done.await.unwrap();
}

/// The groups of the only user of Design.
fn groups(scene: &Scene) -> Vec<String> {
    let mut groups = scene.site.design.users().remove(0).groups;
    groups.sort();
    groups
}

async fn policy(scene: &Scene, name: &str, mut file: Value) {
    file["policy"] = json!(name);
    scene.configure(ConfigKind::Policy, name, file).await;
}

#[tokio::test]
async fn an_attribute_that_is_unknown_takes_no_plan_away_of_which_a_weaker_one_is_due() {
    let scene = Scene::start().await;
    let viewer = json!({ "grants": [{ "app": "design", "plan": "viewer" }] });
    policy(&scene, "everybody", viewer).await;
    let of_team = json!([{ "path": "team", "op": "is", "value": "Design" }]);
    let pro = json!({ "when": of_team, "grants": [{ "app": "design", "plan": "pro", "groups": ["makers"] }] });
    policy(&scene, "makers", pro).await;
    scene.onboard(engineer("Ada Park")).await;
    corrected(&scene, "team", "Design").await;
    assert_eq!(groups(&scene), ["Pro Seats", "makers"]);

    corrected(&scene, "team", Value::Null).await;

    assert_eq!(groups(&scene), ["Pro Seats", "makers"]);
}

/// Everybody may look at Design; engineers are in a group there and have a plan of Wiki, whose actions are these besides.
async fn engineers_have_more(scene: &Scene, actions: &[(&str, Value)]) {
    let mut wiki = scene.site.app_file("wiki");
    wiki["plans"] = json!([{ "id": "pro" }]);
    for (name, action) in actions {
        wiki["provisioner"]["actions"][*name] = action.clone();
    }
    scene.configure(ConfigKind::App, "wiki", wiki).await;
    let everybody = json!({ "grants": [{ "app": "design" }, { "app": "wiki", "role": "editor" }] });
    policy(scene, "everybody", everybody).await;
    let engineers = json!([{ "path": "department", "op": "is", "value": "Engineering" }]);
    let more = json!([{ "app": "design", "groups": ["eng"] }, { "app": "wiki", "plan": "pro" }]);
    policy(
        scene,
        "makers",
        json!({ "when": engineers, "grants": more }),
    )
    .await;
}

fn assign() -> (&'static str, Value) {
    let plan = json!({ "plan": "{grant.plan}" });
    let action = json!({ "method": "PUT", "path": "/members/{user.id}/seat", "body": plan });
    ("assign_plan", action)
}

fn release() -> (&'static str, Value) {
    let action = json!({ "method": "DELETE", "path": "/members/{user.id}/seat" });
    ("release_plan", action)
}

/// The plan of the only member of Wiki.
fn plan(scene: &Scene) -> Option<String> {
    scene.site.wiki.members().remove(0).plan
}

#[tokio::test]
async fn whoever_moves_leaves_the_groups_and_gives_back_the_plan_that_are_no_longer_due() {
    let scene = Scene::start().await;
    engineers_have_more(&scene, &[assign(), release()]).await;
    scene.onboard(engineer("Ada Park")).await;
    assert_eq!(groups(&scene), ["eng"]);
    assert_eq!(plan(&scene).as_deref(), Some("pro"));

    corrected(&scene, "department", "Sales").await;

    assert_eq!(groups(&scene), [""; 0]);
    assert_eq!(plan(&scene), None);
    assert_eq!(scene.site.active(), [0, 1, 1]);
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn whoever_left_and_is_hired_into_another_department_is_not_in_the_groups_of_the_first() {
    let scene = Scene::start().await;
    engineers_have_more(&scene, &[assign(), release()]).await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;
    assert_eq!(groups(&scene), ["eng"], "suspended, and as it was");

    let sales = NewCandidate::named("Ada Park").department("Sales");
    scene.rehire(sales).await;

    assert_eq!(scene.site.active(), [0, 1, 1]);
    assert_eq!(groups(&scene), [""; 0]);
    assert_eq!(plan(&scene), None);
}

#[tokio::test]
async fn a_plan_that_cannot_be_given_back_is_a_task_and_is_not_called_gone() {
    let scene = Scene::start().await;
    engineers_have_more(&scene, &[assign()]).await;
    scene.onboard(engineer("Ada Park")).await;

    corrected(&scene, "department", "Sales").await;

    assert_eq!(plan(&scene).as_deref(), Some("pro"));
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    let detail = &tasks[0].detail;
    assert!(detail.contains("`release_plan`"), "{detail}");
    let person = scene.machine.persons().await.remove(0);
    let wiki = ("wiki".to_owned(), GrantState::Failed);
    assert!(scene.machine.grants(&person.id).await.contains(&wiki));
}

/// Of three engineers with a seat of Design two move, who are due a weaker plan there: that is held for the second one.
async fn held_with_a_seat(scene: &Scene) -> Plan {
    let viewer = json!({ "grants": [{ "app": "design", "plan": "viewer" }] });
    policy(scene, "everybody", viewer).await;
    for name in ["Ada Park", "Bo Lind", "Cem Aydin"] {
        scene.onboard(engineer(name)).await;
    }
    assert_eq!(seats(scene), 3);
    for person in scene.machine.persons().await.iter().take(2) {
        correcting(scene, &person.id, "department", "Sales").await;
        scene.machine.work_for(SignedDuration::from_mins(1)).await;
    }
    assert_eq!(seats(scene), 2);
    let ports = &scene.machine.ports;
    assert!(pause::now(ports).await.unwrap().removals.is_some());
    match resume(scene, &Accept::All, None).await {
        Resumed::Shown(plan) => plan,
        other => panic!("{other:?}"),
    }
}

async fn resume(scene: &Scene, accept: &Accept, confirm: Option<&str>) -> Resumed {
    let who = scene.by_hand(&PersonId::derived(&["administrator"]));
    let ports = &scene.machine.ports;
    let resumed = pause::resume(ports, &who, &Brake::Removals, accept, confirm);
    resumed.await.unwrap()
}

/// How many have a seat of Design.
fn seats(scene: &Scene) -> usize {
    let users = scene.site.design.users();
    let has = |groups: &[String]| groups.iter().any(|group| group == "Pro Seats");
    users.iter().filter(|user| has(&user.groups)).count()
}

#[tokio::test]
async fn a_weaker_plan_for_many_is_held_like_a_removal_and_goes_on_once_a_human_has_seen_it() {
    let scene = Scene::start().await;
    let plan = held_with_a_seat(&scene).await;
    assert_eq!(plan.effects.len(), 1, "{plan:?}");
    assert!(plan.effects[0].less);

    resume(&scene, &Accept::All, Some(&plan.hash)).await;
    scene.machine.work_for(SignedDuration::from_mins(1)).await;

    assert_eq!(seats(&scene), 1);
    let on = pause::now(&scene.machine.ports).await.unwrap();
    assert!(!on.is_on());
}

#[tokio::test]
async fn whoever_keeps_the_stronger_plan_that_was_held_keeps_it() {
    let scene = Scene::start().await;
    let plan = held_with_a_seat(&scene).await;

    resume(&scene, &Accept::None, Some(&plan.hash)).await;
    scene.machine.settle().await;

    assert_eq!(seats(&scene), 2);
    let runs = scene.machine.runs().await;
    assert!(runs.iter().all(|run| run.state == RunState::Finished));
}
