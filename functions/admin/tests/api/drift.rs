//! Rosters against what was given here: tasks close on evidence and open again, drift is shown and corrected, addresses
//! that somebody has there are avoided.

use serde_json::{Value, json};

use crate::builder::{connected_to, given, row};
use crate::day_one::hired;
use crate::identity::{merge, read, twins};
use crate::world::{World, world};

pub(crate) const TWO_DAYS: i64 = 48 * 3600;

/// Acme, which a human provisions and a roster shows; engineers are due it.
pub(crate) async fn acme(world: &World) {
    let acme = json!({ "owner": "it@contoso.example" });
    world.put("/v1/apps/acme", acme).await.expect(201);
    let policy = json!({
        "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
        "grants": [{ "app": "acme" }]
    });
    world.put("/v1/policies/acme", policy).await.expect(201);
}

pub(crate) async fn task(world: &World, state: &str) -> Value {
    let path = format!("/v1/tasks?state={state}");
    let tasks = world.get(&path).await.expect(200);
    let tasks = tasks["items"].as_array().unwrap().clone();
    let acme = |task: &Value| task["app"] == "acme";
    tasks.into_iter().find(acme).unwrap_or_default()
}

pub(crate) async fn access(world: &World, id: &str) -> Value {
    world
        .get(&format!("/v1/people/{id}/access"))
        .await
        .expect(200)
}

fn grant_of<'a>(access: &'a Value, app: &str) -> &'a Value {
    let mut grants = access["actual"].as_array().unwrap().iter();
    grants.find(|grant| grant["app"] == app).unwrap()
}

#[tokio::test]
async fn a_task_that_the_next_roster_contradicts_is_open_again_and_closes_once_the_roster_shows_it()
{
    let world = world();
    acme(&world).await;
    connected_to(&world, vec![row("zoe", "on")]).await;
    let id = world.applied_again().await;
    world.pass(60).await;
    let open = task(&world, "open").await;
    assert_eq!(open["title"], "Give access to acme");

    // Somebody says that it is done, and it is not.
    let path = format!("/v1/tasks/{}:complete", open["id"].as_str().unwrap());
    let done = world
        .post(&path, json!({ "reason": "invited" }))
        .await
        .expect(200);
    assert_eq!(done["awaits_roster"], true);
    world.pass(60).await;
    assert_eq!(
        grant_of(&access(&world, &id).await, "acme")["state"],
        "active"
    );
    assert_eq!(task(&world, "done").await["id"], open["id"]);
    world.pass(TWO_DAYS).await;

    let again = task(&world, "open").await;
    assert_eq!(again["id"], open["id"]);
    let detail = again["detail"].as_str().unwrap();
    assert!(detail.contains("the roster of acme/prod"), "{detail}");
    assert_eq!(
        grant_of(&access(&world, &id).await, "acme")["state"],
        "pending"
    );
    assert_eq!(world.run_of(&id).await["state"], "running");

    // Now it is done, and nobody says so.
    world.serve(vec![row("zoe", "on"), row("ada.park", "on")]);
    world.pass(TWO_DAYS).await;

    assert_eq!(task(&world, "open").await, json!(null));
    assert_eq!(
        grant_of(&access(&world, &id).await, "acme")["state"],
        "active"
    );
    assert_eq!(world.run_of(&id).await["state"], "finished");
    let timeline = world.get(&format!("/v1/people/{id}/timeline")).await;
    for action in ["task opened again by a roster", "task closed by a roster"] {
        assert!(
            timeline.text.contains(action),
            "{action}: {}",
            timeline.text
        );
    }
}

/// Ada is given Acme by hand, and leaves.
async fn has_left(world: &World) -> String {
    acme(world).await;
    connected_to(world, vec![row("zoe", "on")]).await;
    let id = world.applied_again().await;
    world.pass(60).await;
    let give = task(world, "open").await;
    let path = format!("/v1/tasks/{}:complete", give["id"].as_str().unwrap());
    let done = world.post(&path, json!({ "reason": "invited" })).await;
    done.expect(200);
    world.pass(60).await;
    let path = format!("/v1/people/{id}:terminate");
    world.post(&path, json!({ "at": "now" })).await.expect(200);
    world.pass(60).await;
    let take = task(world, "open").await;
    assert_eq!(take["title"], "Take away access to acme");
    id
}

#[tokio::test]
async fn another_account_of_the_application_says_nothing_of_a_task() {
    let world = world();
    has_left(&world).await;
    world.serve(vec![row("zoe", "on"), row("ada.park", "on")]);
    world.pass(TWO_DAYS).await;
    let open = task(&world, "open").await;

    // An account that does not show her: the one that does was not read since.
    world.serve(vec![row("zoe", "on"), row("ada.park", "off")]);
    let dev = world.put("/v1/accounts/acme/dev", given()).await;
    dev.expect(201);
    world.pass(1).await;
    assert_eq!(task(&world, "open").await["id"], open["id"]);

    world.pass(TWO_DAYS).await;
    assert_eq!(task(&world, "open").await, json!(null));
}

/// The open task of a person about Acme.
async fn open_of(world: &World, person: &str) -> Value {
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let tasks = tasks["items"].as_array().unwrap().clone();
    let is_one = |task: &Value| task["app"] == "acme" && task["person"] == person;
    tasks.into_iter().find(is_one).unwrap_or_default()
}

#[tokio::test]
async fn a_user_linked_to_who_stayed_does_not_speak_for_who_was_merged_away() {
    let world = world();
    acme(&world).await;
    connected_to(&world, vec![row("zoe", "on"), row("9", "on")]).await;
    let (ada, twin) = twins(&world).await;
    let give = open_of(&world, &twin).await;
    let path = format!("/v1/tasks/{}:complete", give["id"].as_str().unwrap());
    let done = world.post(&path, json!({ "reason": "invited" })).await;
    done.expect(200);
    world.pass(60).await;
    let path = "/v1/accounts/acme/prod/users/9/person";
    let body = json!({ "person": twin, "reason": "a second one" });
    world.put(path, body).await.expect(201);
    let address = read(&world, &twin).await["attributes"]["work_email"].clone();
    let (local, _) = address.as_str().unwrap().split_once('@').unwrap();

    merge(&world, &twin, &ada).await.expect(200);
    world.pass(120).await;
    let take = open_of(&world, &twin).await;
    assert_eq!(take["title"], "Take away access to acme");
    world.serve(vec![row("zoe", "on"), row("9", "on"), row(local, "off")]);
    world.pass(TWO_DAYS).await;

    assert_eq!(open_of(&world, &twin).await, json!(null));
    let grant = world.grant(&twin, "acme").await;
    assert_eq!(grant["state"], "revoked");
}

#[tokio::test]
async fn who_was_never_seen_in_a_roster_is_not_thereby_gone() {
    let world = world();
    has_left(&world).await;
    let open = task(&world, "open").await;

    world.pass(TWO_DAYS).await;

    assert_eq!(task(&world, "open").await["id"], open["id"]);
}

#[tokio::test]
async fn what_somebody_took_away_by_hand_shows_and_is_given_again() {
    let world = world();
    acme(&world).await;
    connected_to(&world, vec![row("zoe", "on")]).await;
    let id = world.applied_again().await;
    world.pass(60).await;
    world.serve(vec![row("zoe", "on"), row("ada.park", "on")]);
    world.pass(TWO_DAYS).await;
    assert_eq!(access(&world, &id).await["drift"], json!([]));
    let path = format!("/v1/people/{id}/access:correct");
    let nothing = world.post(&path, json!({})).await.expect(409);
    assert_eq!(nothing["code"], "no_drift");

    world.serve(vec![row("zoe", "on"), row("ada.park", "off")]);
    world.pass(TWO_DAYS).await;

    let now = access(&world, &id).await;
    assert_eq!(now["drift"][0]["kind"], "vanished");
    assert_eq!(now["drift"][0]["account"], "acme/prod");
    assert_eq!(now["plan"], json!([]), "it is only shown");
    let seen = world
        .post(&path, json!({ "dry_run": true }))
        .await
        .expect(200);
    assert_eq!(seen["plan"][0]["why"], "due again");
    assert_eq!(seen["runs"], json!([]));
    let done = world
        .post(&path, json!({ "reason": "a mistake" }))
        .await
        .expect(200);
    assert_eq!(done["runs"].as_array().unwrap().len(), 1);
    world.pass(60).await;

    assert_eq!(task(&world, "open").await["title"], "Give access to acme");
    assert_eq!(access(&world, &id).await["drift"], json!([]));
}

#[tokio::test]
async fn what_somebody_gave_by_hand_shows_and_is_taken_away_unless_it_is_due() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;
    world
        .put("/v1/apps/acme", json!({ "owner": "it@contoso.example" }))
        .await
        .expect(201);

    connected_to(&world, vec![row("zoe", "on"), row("ada.park", "on")]).await;

    let now = access(&world, &id).await;
    assert_eq!(now["drift"][0]["kind"], "unexplained");
    assert_eq!(now["drift"][0]["external_id"], "ada.park");
    let path = format!("/v1/people/{id}/access:correct");
    let other = world.post(&path, json!({ "apps": ["figma"] })).await;
    other.expect(409);
    let done = world
        .post(&path, json!({ "apps": ["acme"] }))
        .await
        .expect(200);
    let mut plan = done["plan"].as_array().unwrap().iter();
    let acme = plan.find(|effect| effect["app"] == "acme").unwrap();
    assert_eq!(acme["why"], "no longer due");
    world.pass(60).await;
    assert_eq!(
        task(&world, "open").await["title"],
        "Take away access to acme"
    );
}

#[tokio::test]
async fn an_account_under_another_address_is_shown_and_never_called_taken_away() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;
    let acme = json!({ "owner": "it@contoso.example" });
    world.put("/v1/apps/acme", acme).await.expect(201);
    let hers = json!({ "id": "7", "mail": "ada@mail.example", "state": "on" });
    connected_to(&world, vec![hers]).await;

    let path = format!("/v1/people/{id}/access:correct");
    let refused = world.post(&path, json!({})).await.expect(409);

    assert_eq!(refused["code"], "another_address");
    let now = access(&world, &id).await;
    assert_eq!(now["drift"][0]["kind"], "unexplained");
    assert_eq!(now["drift"][0]["external_id"], "7");
}

#[tokio::test]
async fn an_address_that_a_roster_shows_is_nobody_s_new_address() {
    let world = world();
    connected_to(&world, vec![row("ada.park", "off")]).await;

    let id = hired(&world).await;

    let person = world.get(&format!("/v1/people/{id}")).await.expect(200);
    assert_eq!(
        person["attributes"]["work_email"],
        "ada.park2@contoso.example"
    );
}
