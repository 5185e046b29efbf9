//! What current rosters make of a plan (X2): who is there already takes no new seat, and of who is not there nothing is freed.

use sando_core::ids::PersonId;
use sando_core::store::{Commit, Put, Version};
use sando_core::testing::a_person;
use serde_json::{Value, json};

use crate::builder::{definition, given, row};
use crate::console::Browser;
use crate::drift::{TWO_DAYS, access};
use crate::movers::engineer;
use crate::plan::plan;
use crate::world::{World, world};

/// A user on a plan.
fn seat(id: &str, state: &str, plan: &str) -> Value {
    let mut row = row(id, state);
    row["seat"] = json!(plan);
    row
}

/// Acme, which a human provisions, with these plans, weakest first.
fn acme(plans: [&str; 2]) -> Value {
    let price = json!({ "amount_minor": 1500, "currency": "USD", "per": "month" });
    let plan = |id: &str| match id {
        "pro" => json!({ "id": id, "price": price }),
        _ => json!({ "id": id }),
    };
    json!({ "owner": "it@contoso.example", "plans": plans.map(plan) })
}

/// The application, with a roster that tells the plan of each user.
async fn connected(world: &World, app: Value, rows: Vec<Value>) {
    world.put("/v1/apps/acme", app).await.expect(201);
    let of = |plan: &str| json!({ "name": plan, "when": [{ "path": "seat", "op": "is", "value": plan }] });
    let mut file = definition();
    file["licenses"] = json!({ "conditions": [of("free"), of("pro")] });
    world.put("/v1/definitions/acme", file).await.expect(201);
    world.serve(rows);
    let account = world.put("/v1/accounts/acme/prod", given()).await;
    account.expect(201);
    world.pass(1).await;
}

/// A policy that gives Acme to engineers, on the strongest of these plans.
fn makers(plans: &[&str]) -> Value {
    let grants = plans
        .iter()
        .map(|plan| json!({ "app": "acme", "plan": plan }));
    let grants: Vec<Value> = grants.collect();
    json!({ "kind": "policy", "id": "makers", "file": {
        "when": [{ "path": "department", "op": "is", "value": "Engineering" }], "grants": grants } })
}

/// Two engineers, of whom the roster shows the first one.
async fn one_is_there() -> (World, String, String) {
    let world = world();
    world.configured().await;
    let (one, two) = (engineer(&world, 1).await, engineer(&world, 2).await);
    let rows = vec![seat("zoe", "on", "free"), seat("p1", "on", "pro")];
    connected(&world, acme(["free", "pro"]), rows).await;
    (world, one, two)
}

/// Two engineers who were given Acme, of whom the roster shows only the first one as active.
async fn one_is_gone() -> (World, String, String) {
    let world = world();
    world.configured().await;
    let rows = vec![seat("zoe", "on", "free")];
    connected(&world, acme(["free", "pro"]), rows).await;
    let file = makers(&["free", "pro"])["file"].clone();
    world.put("/v1/policies/makers", file).await.expect(201);
    let (one, two) = (engineer(&world, 1).await, engineer(&world, 2).await);
    let here = |two: Value| vec![seat("zoe", "on", "free"), seat("p1", "on", "pro"), two];
    world.serve(here(seat("p2", "on", "pro")));
    world.pass(TWO_DAYS).await;
    for id in [&one, &two] {
        assert_eq!(state(&world, id).await, "active");
    }
    world.serve(here(seat("p2", "off", "none")));
    world.pass(TWO_DAYS).await;
    (world, one, two)
}

/// How their grant of Acme stands.
async fn state(world: &World, id: &str) -> String {
    let access = access(world, id).await;
    let mut grants = access["actual"].as_array().unwrap().iter();
    let grant = grants.find(|grant| grant["app"] == "acme").unwrap();
    grant["state"].as_str().unwrap().to_owned()
}

fn effect<'a>(plan: &'a Value, person: &str) -> &'a Value {
    let mut effects = plan["effects"].as_array().unwrap().iter();
    effects.find(|effect| effect["person"] == person).unwrap()
}

fn usd(amount: i64) -> Value {
    json!([{ "amount_minor": amount, "currency": "USD" }])
}

#[tokio::test]
async fn who_is_there_already_takes_no_new_seat_and_is_taken_over() {
    let (world, one, two) = one_is_there().await;
    let changes = json!([makers(&["pro"])]);

    let shown = plan(&world, changes.clone()).await;

    assert_eq!(shown["totals"]["gains"], 2, "{shown}");
    assert_eq!(shown["monthly"], usd(3000));
    let there = &effect(&shown, &one)["roster"];
    assert_eq!(there["user"], "active", "{shown}");
    assert_eq!(there["account"], "acme/prod");
    assert_eq!(there["plan"], "pro");
    let absent = &effect(&shown, &two)["roster"];
    assert_eq!(absent["user"], "absent", "{shown}");
    let rosters = json!({ "looked_up": 2, "not_looked_up": 0, "seats_new": 1, "seats_there": 1,
        "seats_freed": 0, "seats_gone": 0, "unclear": 0, "monthly": usd(1500) });
    assert_eq!(shown["rosters"], rosters);

    // What was shown is what is done: nobody has to make anything for who is there.
    let body = json!({ "changes": changes, "plan": shown["hash"] });
    world.post("/v1/apply", body).await.expect(202);
    world.pass(5).await;
    world.pass(60).await;
    assert_eq!(state(&world, &one).await, "pending");
    world.pass(TWO_DAYS).await;
    assert_eq!(state(&world, &one).await, "active");
    assert_eq!(state(&world, &two).await, "pending");
}

#[tokio::test]
async fn of_who_is_not_there_any_more_nothing_is_freed() {
    let (world, one, two) = one_is_gone().await;

    let shown = plan(&world, json!([{ "kind": "policy", "id": "makers" }])).await;

    assert_eq!(shown["totals"]["losses"], 2, "{shown}");
    assert_eq!(shown["monthly"], usd(-3000));
    assert_eq!(effect(&shown, &one)["roster"]["user"], "active", "{shown}");
    assert_eq!(
        effect(&shown, &two)["roster"]["user"],
        "inactive",
        "{shown}"
    );
    let rosters = json!({ "looked_up": 2, "not_looked_up": 0, "seats_new": 0, "seats_there": 0,
        "seats_freed": 1, "seats_gone": 1, "unclear": 0, "monthly": usd(-1500) });
    assert_eq!(shown["rosters"], rosters);
}

#[tokio::test]
async fn a_changed_application_is_held_against_the_roster_too() {
    let (world, one, _) = one_is_gone().await;

    let weaker = json!([{ "kind": "app", "id": "acme", "file": acme(["pro", "free"]) }]);
    let shown = plan(&world, weaker).await;

    assert_eq!(shown["totals"]["changes"], 2, "{shown}");
    let effect = effect(&shown, &one);
    assert_eq!(effect["after"]["plan"], "free");
    assert_eq!(effect["roster"]["user"], "active");
    assert_eq!(effect["roster"]["plan"], "pro");
    assert_eq!(shown["rosters"]["looked_up"], 2);
    assert_eq!(shown["rosters"]["monthly"], usd(-3000));
}

#[tokio::test]
async fn a_user_whom_nobody_here_gave_is_not_called_theirs() {
    let world = world();
    world.configured().await;
    let one = engineer(&world, 1).await;
    let mut app = acme(["free", "pro"]);
    app["provisioner"] = json!({ "type": "scim", "base_url": "https://acme.example/scim",
        "auth": { "type": "bearer" } });
    connected(&world, app, vec![seat("p1", "on", "pro")]).await;

    let shown = plan(&world, json!([makers(&["pro"])])).await;

    let user = &effect(&shown, &one)["roster"]["user"];
    assert_eq!(user, "unexplained", "{shown}");
    assert_eq!(shown["rosters"]["unclear"], 1);
    assert_eq!(shown["rosters"]["seats_there"], 0);
    assert_eq!(shown["rosters"]["monthly"], usd(1500), "as planned");
}

#[tokio::test]
async fn only_so_much_is_looked_up_and_the_rest_is_counted() {
    let world = world();
    world.configured().await;
    for n in 0..205 {
        let mut person = a_person().build();
        person.id = PersonId::derived(&[&n.to_string()]);
        let commit = Commit {
            puts: vec![Put::of(&person, Version::ABSENT)],
            ..Commit::default()
        };
        world.ports.store.commit(&commit).await.unwrap();
    }

    let shown = plan(&world, json!([{ "kind": "policy", "id": "engineering" }])).await;

    assert_eq!(shown["totals"]["losses"], 410);
    let rosters = &shown["rosters"];
    assert_eq!(rosters["looked_up"], 250, "{rosters}");
    assert_eq!(rosters["not_looked_up"], 160);
    assert_eq!(rosters["unclear"], 250, "no roster is read");
    assert_eq!(shown["effects"][0]["roster"], json!(null));
}

#[tokio::test]
async fn the_page_of_a_plan_says_what_rosters_show() {
    let (world, ..) = one_is_there().await;
    let mut browser = Browser::admin(&world).await;

    let file = makers(&["pro"])["file"].to_string();
    let place = "/console/policies/makers/changes";
    let page = browser.post(place, &[("file", &file)]).await;
    let none = json!({ "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
        "grants": [{ "app": "figma", "plan": "pro" }] })
    .to_string();
    let place = "/console/policies/engineering/changes";
    let untold = browser.post(place, &[("file", &none)]).await;

    assert_eq!(page.status, 200, "{}", page.text);
    for said in [
        "By the rosters: 1 new seat, 1 there already; 0 freed, 0 gone already. That is +$15.00 a month.",
        "<td data-label=\"Roster\">there already: pro</td>",
        "<td data-label=\"Roster\">new</td>",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    assert_eq!(untold.status, 200, "{}", untold.text);
    let said = "Of 2 accesses the rosters do not tell.";
    assert!(untold.text.contains(said), "{}", untold.text);
    assert!(!untold.text.contains("data-label=\"Roster\""));
}
