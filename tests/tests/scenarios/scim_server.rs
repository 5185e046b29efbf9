//! A whole hire and leave against a real SCIM server, written by others.
use futures::stream::{self, StreamExt};
use sando_core::config::ConfigKind;
use sando_tests::harness::{Doom, PythonScim, Scene, engineer, scim_file};
use serde_json::{Value, json};

/// A scene whose application Design is the real server.
async fn scene_with(server: &PythonScim, on_revoke: &str) -> Scene {
    let scene = Scene::start().await;
    let mut file = scim_file("design", server.base_url());
    file["provisioner"]["on_revoke"] = json!(on_revoke);
    scene.configure(ConfigKind::App, "design", file).await;
    scene
}

async fn server() -> PythonScim {
    PythonScim::start("scim-token").await
}

fn named<'a>(users: &'a [Value], name: &str) -> Vec<&'a Value> {
    let has = |user: &&Value| user["userName"] == name;
    users.iter().filter(has).collect()
}

fn members(groups: &[Value]) -> Vec<&str> {
    let members = groups[0]["members"].as_array();
    let ids = members.into_iter().flatten();
    ids.filter_map(|member| member["value"].as_str()).collect()
}

#[tokio::test]
async fn a_hire_a_leave_and_a_return_are_one_account() {
    let server = server().await;
    let scene = scene_with(&server, "suspend").await;

    let ids = scene.onboard(engineer("Ada Park")).await;

    let users = server.all("Users").await;
    assert_eq!(users.len(), 1);
    assert_eq!(users[0]["userName"], "ada.park@contoso.example");
    assert_eq!(users[0]["active"], true);
    let person = scene.machine.persons().await.remove(0);
    assert_eq!(users[0]["externalId"], person.id.as_str());
    let groups = server.all("Groups").await;
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0]["displayName"], "Pro Seats");
    assert_eq!(members(&groups), [users[0]["id"].as_str().unwrap()]);
    assert!(scene.machine.tasks().await.is_empty());

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    let left = server.all("Users").await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["active"], false);
    let groups = server.all("Groups").await;
    assert_eq!(members(&groups), Vec::<&str>::new(), "the seat is free");

    scene
        .rehire(engineer("Ada Park").contact(&ids.contact))
        .await;

    let back = server.all("Users").await;
    assert_eq!(back.len(), 1, "restored, not doubled");
    assert_eq!(back[0]["active"], true);
    assert_eq!(back[0]["id"], users[0]["id"]);
    let groups = server.all("Groups").await;
    assert_eq!(members(&groups), [users[0]["id"].as_str().unwrap()]);
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn an_account_is_removed_where_taking_away_means_that() {
    let server = server().await;
    let scene = scene_with(&server, "remove").await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    assert_eq!(server.all("Users").await.len(), 1);

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    assert!(server.all("Users").await.is_empty());
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn a_strangers_account_is_avoided() {
    let server = server().await;
    let stranger = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada.park@contoso.example", "active": true });
    server.insert("Users", &stranger).await;
    let before = server.all("Users").await;
    let scene = scene_with(&server, "suspend").await;

    scene.onboard(engineer("Ada Park")).await;

    let users = server.all("Users").await;
    assert_eq!(named(&users, "ada.park@contoso.example"), [&before[0]]);
    assert_eq!(named(&users, "ada.park2@contoso.example").len(), 1);
    assert_eq!(scene.site.accounts("ada.park2@contoso.example"), [1, 0, 1]);
}

#[tokio::test]
async fn what_a_killed_process_has_made_is_adopted() {
    let server = server().await;
    let count = async |moment: u64| {
        let scene = scene_with(&server, "suspend").await;
        let ids = scene.hire(engineer(&format!("P{moment} Lind")));
        scene.hear("candidateHired", &ids.opportunity).await;
        let doom = Doom::at(moment);
        scene
            .machine
            .another(&scene.site, doom.clone())
            .settle()
            .await;
        scene.machine.settle().await;
        doom.passed()
    };
    let moments = count(u64::MAX).await;

    // Every fourth moment: `crash.rs` goes through all of them.
    stream::iter((0..moments).step_by(4).map(&count))
        .buffer_unordered(8)
        .collect::<Vec<u64>>()
        .await;

    let users = server.all("Users").await;
    for moment in (0..moments).step_by(4) {
        let name = format!("p{moment}.lind@contoso.example");
        assert_eq!(named(&users, &name).len(), 1, "killed at {moment}");
    }
}
