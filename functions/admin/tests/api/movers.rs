//! Movers: what is no longer due goes, what is newly due comes, and a change that hits many is held.

use sando_core::ids::RunId;
use sando_core::run::Run;
use sando_core::store::Key;
use serde_json::{Value, json};

use crate::console::{Browser, between};
use crate::world::{World, world};

fn somebody(number: usize, department: &str) -> Value {
    json!({
        "attributes": {
            "name": format!("Person {number}"), "personal_email": format!("p{number}@mail.example"),
            "work_email": format!("p{number}@contoso.example"), "department": department
        },
        "start_date": "2026-03-02"
    })
}

/// Engineers have `figma`, Sales gets `desk`, which a human gives.
pub(crate) async fn configured(world: &World) {
    world.configured().await;
    let of = |department: &str, app: &str| {
        let when = json!([{ "path": "department", "op": "is", "value": department }]);
        json!({ "when": when, "grants": [{ "app": app }] })
    };
    let engineering = of("Engineering", "figma");
    world
        .put("/v1/policies/engineering", engineering)
        .await
        .expect(200);
    world
        .put("/v1/policies/sales", of("Sales", "desk"))
        .await
        .expect(201);
}

/// An engineer whose access was applied.
pub(crate) async fn engineer(world: &World, number: usize) -> String {
    let path = format!("/v1/people/hr-{number}");
    let put = world
        .put(&path, somebody(number, "Engineering"))
        .await
        .expect(201);
    let id = put["id"].as_str().unwrap().to_owned();
    world.apply(&id).await;
    world.pass(1).await;
    id
}

pub(crate) async fn moves(world: &World, number: usize) {
    let path = format!("/v1/people/hr-{number}");
    world
        .put(&path, somebody(number, "Sales"))
        .await
        .expect(200);
}

async fn figma(world: &World, id: &str) -> String {
    let grant = world.grant(id, "figma").await;
    grant["state"].as_str().unwrap().to_owned()
}

async fn runs(world: &World, id: &str) -> usize {
    let runs = world
        .get(&format!("/v1/runs?person={id}"))
        .await
        .expect(200);
    runs["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_no_longer_due_does_not_wait_for_what_is_newly_due() {
    let world = world();
    configured(&world).await;
    let ada = engineer(&world, 1).await;
    assert_eq!(figma(&world, &ada).await, "active");

    moves(&world, 1).await;
    world.pass(60).await;

    let run = world.run_of(&ada).await;
    assert_eq!(run["workflow"], "change");
    assert_eq!(run["state"], "running", "a human still has to give `desk`");
    assert_eq!(figma(&world, &ada).await, "revoked");
}

#[tokio::test]
async fn a_change_from_elsewhere_starts_change_once_and_only_if_something_else_is_due() {
    let world = world();
    configured(&world).await;
    let ada = engineer(&world, 1).await;
    assert_eq!(runs(&world, &ada).await, 1);

    moves(&world, 1).await;
    moves(&world, 1).await;
    assert_eq!(runs(&world, &ada).await, 2);
    let mut phone = somebody(1, "Sales");
    phone["attributes"]["phone"] = json!("1");
    world.put("/v1/people/hr-1", phone).await.expect(200);

    assert_eq!(runs(&world, &ada).await, 2);
    let events = world
        .get(&format!("/v1/events?person={ada}"))
        .await
        .expect(200);
    let ignored = events["items"].as_array().unwrap().iter();
    let ignored: Vec<&Value> = ignored
        .filter(|event| event["state"] == "ignored")
        .collect();
    assert_eq!(ignored.len(), 1);
    assert_eq!(ignored[0]["kind"], "person.changed");
}

#[tokio::test]
async fn whoever_was_here_already_is_not_changed_before_somebody_says_so() {
    let world = world();
    configured(&world).await;
    let put = world
        .put("/v1/people/hr-1", somebody(1, "Engineering"))
        .await
        .expect(201);
    moves(&world, 1).await;

    assert_eq!(runs(&world, put["id"].as_str().unwrap()).await, 0);
}

#[tokio::test]
async fn a_change_that_hits_many_is_held_until_a_human_has_seen_it() {
    let world = world();
    configured(&world).await;
    let guards = json!({ "movers_percent": 100 });
    world.put("/v1/settings", guards).await.expect(200);
    let mut people = Vec::new();
    for number in 0..7 {
        people.push(engineer(&world, number).await);
    }
    for number in 0..7 {
        moves(&world, number).await;
    }
    world.pass(60).await;
    world.pass(120).await;
    let count = |state: &'static str| {
        let (world, people) = (&world, &people);
        async move {
            let mut count = 0;
            for id in people {
                count += usize::from(figma(world, id).await == state);
            }
            count
        }
    };
    assert_eq!((count("revoked").await, count("active").await), (5, 2));
    let paused = world.get("/v1/pause").await.expect(200);
    let reason = paused["removals"]["reason"].as_str().unwrap();
    assert!(reason.contains("more than 5 people"), "{reason}");

    let scope = json!({ "scope": "removals" });
    let shown = world.post("/v1/resume", scope).await.expect(200);
    let confirm = json!({ "scope": "removals", "confirm": shown["hash"] });
    world.post("/v1/resume", confirm).await.expect(200);
    world.pass(120).await;

    assert_eq!(count("revoked").await, 7);
}

/// So many engineers, all of whom but the first one are held when they move.
async fn held_movers(world: &World, count: usize) -> Vec<String> {
    configured(world).await;
    let mut people = Vec::new();
    for number in 0..count {
        people.push(engineer(world, number).await);
    }
    for number in 0..count {
        moves(world, number).await;
        world.pass(60).await;
    }
    assert_eq!(figma(world, &people[0]).await, "revoked");
    for id in &people[1..] {
        assert_eq!(figma(world, id).await, "active");
    }
    people
}

/// What is held back, and its hash.
async fn held(world: &World) -> (Vec<Value>, Value) {
    let scope = json!({ "scope": "removals" });
    let shown = world.post("/v1/resume", scope).await.expect(200);
    let plan = shown["plan"].as_array().unwrap().clone();
    (plan, shown["hash"].clone())
}

/// The grant of a person's removal that is held back.
fn grant_of(plan: &[Value], id: &str) -> Value {
    let held = plan.iter().find(|held| held["person"] == id).unwrap();
    held["grant"].clone()
}

async fn said(world: &World, id: &str, action: &str) -> usize {
    let audit = world
        .get(&format!("/v1/audit?stream=person/{id}&limit=200"))
        .await
        .expect(200);
    let records = audit["items"].as_array().unwrap().iter();
    records.filter(|record| record["action"] == action).count()
}

#[tokio::test]
async fn in_a_small_company_the_share_holds_a_change_long_before_the_number_does() {
    let world = world();
    let people = held_movers(&world, 3).await;

    let paused = world.get("/v1/pause").await.expect(200);
    let reason = paused["removals"]["reason"].as_str().unwrap();
    assert!(reason.contains("2 of 3 people"), "{reason}");
    assert!(reason.contains("more than 2 %"), "{reason}");
    let (plan, _) = held(&world).await;
    assert_eq!(plan.len(), people.len() - 1);
}

#[tokio::test]
async fn of_what_is_held_a_part_goes_and_the_rest_stays_for_good() {
    let world = world();
    let people = held_movers(&world, 3).await;
    let (gone, kept) = (&people[1], &people[2]);
    let (plan, hash) = held(&world).await;
    let accept = json!([grant_of(&plan, gone)]);
    let confirm = json!({ "scope": "removals", "confirm": hash, "accept": accept });

    let done = world.post("/v1/resume", confirm).await.expect(200);
    world.pass(60).await;

    assert_eq!(done["plan"].as_array().unwrap().len(), 1);
    assert_eq!(done["refused"][0]["person"], json!(kept));
    assert_eq!(figma(&world, gone).await, "revoked");
    assert_eq!(figma(&world, kept).await, "active");
    assert_eq!(said(&world, kept, "removal refused").await, 1);
    assert_eq!(world.get("/v1/pause").await.expect(200)["paused"], false);
    let access = world.get(&format!("/v1/people/{kept}/access")).await;
    let access = access.expect(200);
    assert!(
        !access["plan"].to_string().contains("figma"),
        "nothing is left to be taken: {access}"
    );

    // Nor does a later change take it, only a leaving does.
    let changes = json!([{ "kind": "app", "id": "miro", "file": {} }]);
    let planned = world.post("/v1/plan", json!({ "changes": changes })).await;
    let body = json!({ "changes": changes, "plan": planned.expect(200)["hash"] });
    world.post("/v1/apply", body).await.expect(202);
    world.pass(60).await;
    assert_eq!(figma(&world, kept).await, "active");
    let leave = json!({ "at": "now", "reason": "a test" });
    let path = format!("/v1/people/{kept}:terminate");
    world.post(&path, leave).await.expect(200);
    world.pass(60).await;
    assert_eq!(figma(&world, kept).await, "revoked");
}

#[tokio::test]
async fn what_is_held_can_be_refused_as_a_whole() {
    let world = world();
    let people = held_movers(&world, 3).await;
    let (_, hash) = held(&world).await;
    let none = json!({ "scope": "removals", "confirm": hash, "accept": "none" });

    let done = world.post("/v1/resume", none).await.expect(200);
    world.pass(60).await;

    assert_eq!(done["plan"], json!([]));
    assert_eq!(done["refused"].as_array().unwrap().len(), 2);
    for id in &people[1..] {
        assert_eq!(figma(&world, id).await, "active");
        assert_eq!(said(&world, id, "removal refused").await, 1);
    }

    // What is kept can be let go by hand.
    let path = format!("/v1/people/{}/access:let_go", people[1]);
    let go = json!({ "apps": ["figma"], "reason": "it was not needed" });
    world.post(&path, go.clone()).await.expect(200);
    world.pass(60).await;
    assert_eq!(figma(&world, &people[1]).await, "revoked");
    assert_eq!(figma(&world, &people[2]).await, "active");
    let again = world.post(&path, go).await.expect(409);
    assert_eq!(again["code"], "not_kept");
}

#[tokio::test]
async fn what_is_kept_comes_back_with_whoever_left_by_mistake() {
    let world = world();
    let people = held_movers(&world, 3).await;
    let kept = &people[1];
    let (_, hash) = held(&world).await;
    let none = json!({ "scope": "removals", "confirm": hash, "accept": "none" });
    world.post("/v1/resume", none).await.expect(200);
    world.pass(60).await;
    let leave = format!("/v1/people/{kept}:terminate");
    let now = json!({ "at": "now" });
    world.post(&leave, now).await.expect(200);
    world.pass(120).await;
    assert_eq!(figma(&world, kept).await, "revoked");

    let back = format!("/v1/people/{kept}:reinstate");
    let why = json!({ "reason": "a mistake" });
    world.post(&back, why).await.expect(200);
    world.pass(120).await;

    assert_eq!(figma(&world, kept).await, "active");
}

#[tokio::test]
async fn who_has_left_keeps_nothing_and_only_what_is_held_is_refused() {
    let world = world();
    let people = held_movers(&world, 3).await;
    let refuse = |hash: &Value, accept: Value| json!({ "scope": "removals", "confirm": hash, "accept": accept });
    let (plan, hash) = held(&world).await;
    let other = refuse(&hash, json!(["gra_other"]));
    let wrong = world.post("/v1/resume", other).await.expect(422);
    assert_eq!(wrong["errors"][0]["path"], "accept[0]");
    let all = json!({ "scope": "all", "accept": "none" });
    world.post("/v1/resume", all).await.expect(422);

    let leave = json!({ "at": "now", "reason": "a test" });
    let path = format!("/v1/people/{}:terminate", people[1]);
    world.post(&path, leave).await.expect(200);
    let none = refuse(&hash, json!("none"));
    let left = world.post("/v1/resume", none).await.expect(409);

    assert_eq!(left["code"], "has_left", "{left}");
    assert_eq!(world.get("/v1/pause").await.expect(200)["paused"], true);
    assert_eq!(said(&world, &people[2], "removal refused").await, 0);
    let leaver = refuse(&hash, json!([grant_of(&plan, &people[1])]));
    world.post("/v1/resume", leaver).await.expect(200);
    world.pass(60).await;
    assert_eq!(figma(&world, &people[1]).await, "revoked");
    assert_eq!(figma(&world, &people[2]).await, "active");
}

#[tokio::test]
async fn in_the_console_what_is_ticked_stays_and_shows_as_kept() {
    let world = world();
    let people = held_movers(&world, 3).await;
    let (plan, _) = held(&world).await;
    let (gone, kept) = (&people[1], &people[2]);
    let grant = grant_of(&plan, kept);
    let mut browser = Browser::admin(&world).await;

    let shown = browser
        .post("/console/resume", &[("what", "removals")])
        .await;
    let hash = between(&shown.text, "name=\"plan\" value=\"", "\"").unwrap();
    let keep = grant.as_str().unwrap();
    assert!(shown.text.contains(keep), "{}", shown.text);
    let fields = [("what", "removals"), ("plan", hash), ("keep", keep)];
    let done = browser.post("/console/resume", &fields).await;
    assert_eq!(done.status, 303, "{}", done.text);
    world.pass(60).await;

    assert_eq!(figma(&world, gone).await, "revoked");
    assert_eq!(figma(&world, kept).await, "active");
    let page = browser.get(&format!("/console/people/{kept}")).await;
    assert!(page.text.contains("kept by hand"), "{}", page.text);
}

/// Two engineers move: `figma` was taken from the first one, and begun to be taken from the second one when the cap on
/// removals held the rest.
async fn half_taken(world: &World) -> (String, String) {
    configured(world).await;
    // The cap on removals counts suspending, and not the seat that is given back before it.
    let path = |path: &str| json!({ "method": "POST", "path": path });
    let actions = json!({
        "find": { "path": "/members?email={work_email}", "response_path": "members", "id": "id" }, "create": path("/members"), "update": path("/members/{user.id}"),
        "suspend": path("/members/{user.id}/suspend"), "restore": path("/members/{user.id}/restore"),
        "release_plan": path("/members/{user.id}/release")
    });
    let http = json!({ "type": "http", "base_url": "https://figma.example", "actions": actions });
    let figma_file = json!({ "owner": "design-ops@contoso.example", "provisioner": http });
    world.put("/v1/apps/figma", figma_file).await.expect(200);
    let caps = json!({ "movers_percent": 100, "removals_per_hour": 1 });
    world.put("/v1/settings", caps).await.expect(200);
    let (first, second) = (engineer(world, 1).await, engineer(world, 2).await);
    for number in [1, 2] {
        moves(world, number).await;
        world.pass(60).await;
    }
    assert_eq!(figma(world, &first).await, "revoked");
    assert!(!world.has_seat(&second), "the taking has begun");
    (first, second)
}

/// All of what is held back is refused.
async fn refuse_all(world: &World) {
    let (plan, hash) = held(world).await;
    assert_eq!(plan.len(), 1, "{plan:?}");
    let none = json!({ "scope": "removals", "confirm": hash, "accept": "none" });
    world.post("/v1/resume", none).await.expect(200);
}

#[tokio::test]
async fn what_was_begun_to_be_taken_is_given_again_when_the_rest_is_refused() {
    let world = world();
    let (_, second) = half_taken(&world).await;

    refuse_all(&world).await;
    let giving = world.run_of(&second).await;
    for _ in 0..4 {
        // What may still arrive of the taking is waited for.
        world.pass(400).await;
    }

    assert!(world.has_seat(&second), "it is given again");
    assert_eq!(figma(&world, &second).await, "active");
    let access = world.get(&format!("/v1/people/{second}/access")).await;
    let access = access.expect(200);
    assert!(!access["plan"].to_string().contains("figma"), "{access}");
    assert_eq!(giving["workflow"], "change");
    let id = RunId::parse(giving["id"].as_str().unwrap()).unwrap();
    let run = world.ports.store.find::<Run>(&Key::Run(id)).await.unwrap();
    assert!(!run.unwrap().entity.by_hand, "no cap spares it");
}

#[tokio::test]
async fn what_the_run_that_gives_again_would_take_besides_is_held_by_the_cap() {
    let world = world();
    let path = |path: &str| json!({ "method": "POST", "path": path });
    let actions = json!({
        "find": { "path": "/users?email={work_email}", "response_path": "users" },
        "create": path("/users"), "suspend": path("/users/{user.id}/suspend"),
    });
    let http = json!({ "type": "http", "base_url": "https://wiki.example", "actions": actions });
    let wiki = json!({ "owner": "it@contoso.example", "provisioner": http });
    world.put("/v1/apps/wiki", wiki).await.expect(201);
    let readers = json!({ "grants": [{ "app": "wiki" }] });
    world.put("/v1/policies/readers", readers).await.expect(201);
    let (_, second) = half_taken(&world).await;
    world.delete("/v1/policies/readers").await.expect(204);

    refuse_all(&world).await;
    world.pass(400).await;

    let (plan, _) = held(&world).await;
    assert_eq!(plan.len(), 1, "{plan:?}");
    assert_eq!(plan[0]["person"], second);
    assert_eq!(plan[0]["app"], "wiki");
    assert_eq!(world.grant(&second, "wiki").await["state"], "active");
}
