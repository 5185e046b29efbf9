//! Whoever moves gets what is newly due and loses what is no longer due, and keeps what nobody can tell about.
use sando_core::admin::correct::correct;
use sando_core::config::ConfigKind;
use sando_core::person::Attributes;
use sando_tests::harness::{Scene, engineer};
use serde_json::{Value, json};

/// An attribute of the only person is corrected, or a correction taken back, and everything is done that follows.
async fn corrected(scene: &Scene, name: &str, value: impl Into<Value>) {
    let person = scene.machine.persons().await.remove(0);
    let mut given = Attributes::default();
    given.set(name, value);
    let who = scene.by_hand(&person.id);
    let done = correct(&scene.machine.ports, &who, &person.id, &given, "a test");
    done.await.unwrap();
    scene.machine.settle().await;
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
