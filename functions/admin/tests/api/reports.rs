//! Reports over the API: one roster, one person who left, one whom nobody knows.

use serde_json::{Value, json};

use crate::builder::{connected_to, definition, given};
use crate::day_one::hired;
use crate::world::{World, world};

pub(crate) fn row(id: &str, mail: &str, last: &str) -> Value {
    json!({ "id": id, "mail": mail, "state": "on", "seen": last })
}

/// Acme with one plan, of which so many seats were bought.
pub(crate) fn acme(seats: u64) -> Value {
    let plan = json!({ "id": "pro", "price": { "amount_minor": 1500, "currency": "EUR", "per": "month" }, "seats": seats });
    json!({ "name": "Acme", "owner": "it@contoso.example", "plans": [plan] })
}

/// A policy that gives Acme to engineers three days before they start.
pub(crate) fn makers() -> Value {
    json!({ "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
        "grants": [{ "app": "acme", "plan": "pro", "deliver": { "before_start": "3d" } }] })
}

/// Ada is here, Bo left before he was known here, a stranger has the rest.
pub(crate) async fn company() -> World {
    let world = world();
    world.put("/v1/apps/acme", acme(5)).await.expect(201);
    let ada = json!({ "attributes": { "name": "Ada Park", "work_email": "ada@contoso.example",
        "department": "Engineering" }, "start_date": "2026-03-02" });
    world.put("/v1/people/hr-1", ada).await.expect(201);
    let bo = json!({ "attributes": { "name": "=Bo()", "work_email": "bo@contoso.example",
        "personal_email": "bo@mail.example", "department": "Sales" },
        "start_date": "2026-03-02", "end_date": "2026-12-31" });
    world.put("/v1/people/hr-2", bo).await.expect(201);
    let rows = vec![
        row("1", "Ada@contoso.example", "2027-01-03T09:00:00Z"),
        row("2", "bo@contoso.example", "2026-01-03T09:00:00Z"),
        row("3", "stranger@contoso.example", "2027-01-03T09:00:00Z"),
        row("4", "bo@mail.example", "2027-01-03T09:00:00Z"),
    ];
    connected_to(&world, rows).await;
    world
}

fn csv(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[tokio::test]
async fn what_a_leaver_still_holds_shows_in_seats_and_money() {
    let world = company().await;

    let residue = world.get("/v1/reports/residue").await.expect(200);
    let file = world.get("/v1/reports/residue?format=csv").await;

    assert_eq!(residue["people"], 1);
    assert_eq!(residue["total"]["seats"], 2);
    assert_eq!(
        residue["total"]["monthly"],
        json!([{ "amount_minor": 3000, "currency": "EUR" }])
    );
    assert_eq!(residue["by_app"]["acme"]["seats"], 2);
    assert_eq!(residue["seats"][0]["state"], "left");
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv(&file.text).len(), 3);
    assert!(
        file.text.contains("'=Bo()"),
        "no cell is a formula: {}",
        file.text
    );
}

#[tokio::test]
async fn one_call_takes_away_what_leavers_still_hold() {
    let world = company().await;

    let cleared = world
        .post("/v1/reports/residue:clear", json!({}))
        .await
        .expect(200);
    world.pass(1).await;
    let again = world
        .post("/v1/reports/residue:clear", json!({}))
        .await
        .expect(200);

    assert_eq!(cleared["started"], 1);
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let mut titles: Vec<&str> = tasks["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["title"].as_str().unwrap())
        .collect();
    titles.sort_unstable();
    assert_eq!(
        titles,
        [
            "Take away access to Acme",
            "Take away access to Acme under another address"
        ]
    );
    assert_eq!(again["started"], 0, "it is in hand");
}

#[tokio::test]
async fn a_call_reaches_those_behind_a_hundred_whose_access_is_in_hand() {
    let world = world();
    world.put("/v1/apps/acme", acme(5)).await.expect(201);
    let mut rows = Vec::new();
    for n in 0..101 {
        let address = format!("left{n}@contoso.example");
        rows.push(row(&n.to_string(), &address, "2026-01-03T09:00:00Z"));
        let left = json!({ "attributes": { "name": "Bo Lind", "work_email": address },
            "start_date": "2026-03-02", "end_date": "2026-12-31" });
        world
            .put(&format!("/v1/people/hr-{n}"), left)
            .await
            .expect(201);
    }
    connected_to(&world, rows).await;
    let clear = || world.post("/v1/reports/residue:clear", json!({}));

    assert_eq!(clear().await.expect(200)["started"], 100);
    assert_eq!(clear().await.expect(200)["started"], 1);
}

#[tokio::test]
async fn licences_spend_and_review_are_counted() {
    let world = company().await;

    let licenses = world.get("/v1/reports/licenses").await.expect(200);
    let spend = world.get("/v1/reports/spend").await.expect(200);
    let first = world.get("/v1/reports/review?limit=3").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world
        .get(&format!("/v1/reports/review?limit=3&cursor={cursor}"))
        .await
        .expect(200);

    let of = &licenses["items"][0];
    assert_eq!(
        (&of["app"], &of["license"]),
        (&json!("acme"), &json!("pro"))
    );
    assert_eq!(
        (&of["bought"], &of["held"], &of["used"]),
        (&json!(5), &json!(4), &json!(1))
    );
    assert_eq!(of["reclaimable"], 2);
    assert_eq!(
        licenses["saving"],
        json!([{ "amount_minor": 3000, "currency": "EUR" }])
    );
    assert_eq!(spend["total"]["seats"], 4);
    assert_eq!(spend["unknown"]["seats"], 1);
    assert_eq!(spend["by_department"]["Engineering"]["seats"], 1);
    let count = |page: &Value| page["items"].as_array().unwrap().len();
    assert_eq!(count(&first) + count(&second), 4);
    assert_eq!(second["next_cursor"], json!(null));
    for path in ["licenses", "spend", "review"] {
        let file = world.get(&format!("/v1/reports/{path}?format=csv")).await;
        assert!(csv(&file.text).len() > 1, "{path}: {}", file.text);
    }
    let wrong = world
        .get("/v1/reports/review?cursor=nonsense")
        .await
        .expect(422);
    assert_eq!(wrong["errors"][0]["path"], "cursor");
}

#[tokio::test]
async fn a_licence_of_a_suspended_user_is_spent_and_asked_back_and_nothing_to_review() {
    let world = world();
    let bo = json!({ "attributes": { "name": "Bo Lind", "work_email": "bo@contoso.example" },
        "start_date": "2026-03-02", "end_date": "2026-12-31" });
    world.put("/v1/people/hr-2", bo).await.expect(201);
    let plan = json!({ "id": "pro", "price": { "amount_minor": 1500, "currency": "EUR", "per": "month" } });
    let app = json!({ "name": "Acme", "owner": "it@contoso.example", "plans": [plan] });
    world.put("/v1/apps/acme", app).await.expect(201);
    let mut file = definition();
    file["licenses"] = json!({ "conditions": [{ "name": "pro" }] });
    world.put("/v1/definitions/acme", file).await.expect(201);
    let mut off = row("2", "bo@contoso.example", "");
    off["state"] = json!("off");
    world.serve(vec![row("1", "ada@contoso.example", ""), off]);
    world
        .put("/v1/accounts/acme/prod", given())
        .await
        .expect(201);
    world.pass(1).await;

    let spend = world.get("/v1/reports/spend").await.expect(200);
    let licenses = world.get("/v1/reports/licenses").await.expect(200);
    let review = world.get("/v1/reports/review").await.expect(200);

    assert_eq!(spend["total"]["seats"], 2);
    let of = &licenses["items"][0];
    assert_eq!((&of["held"], &of["reclaimable"]), (&json!(2), &json!(1)));
    assert_eq!(of["noticed"]["inactive"], 1);
    assert_eq!(review["items"].as_array().unwrap().len(), 1);
    assert_eq!(review["items"][0]["external_id"], "1");

    let clear = || world.post("/v1/reports/residue:clear", json!({}));
    let cleared = clear().await.expect(200);
    assert_eq!(cleared["residue"]["total"]["seats"], 1);
    assert_eq!(cleared["started"], 1);
    assert_eq!(clear().await.expect(200)["started"], 0, "the owner knows");
    // The next roster shows the user as it was: the task stays open.
    world.pass(60).await;
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(60).await;
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    assert_eq!(tasks["items"].as_array().unwrap().len(), 1, "{tasks}");
    assert_eq!(tasks["items"][0]["title"], "Take back licences of Acme");
}

#[tokio::test]
async fn a_hire_and_a_leaver_move_the_seats_of_their_weeks() {
    let world = company().await;
    world.put("/v1/apps/acme", acme(3)).await.expect(200);
    let people = world.get("/v1/people?limit=200").await.expect(200);
    let people = people["items"].as_array().unwrap();
    let ada = people.iter().find(|one| one["name"] == "Ada Park").unwrap();
    let leave = json!({ "at": "2027-01-20T09:00:00Z", "reason": "goes home" });
    let path = format!("/v1/people/{}:terminate", ada["id"].as_str().unwrap());
    world.post(&path, leave).await.expect(200);
    world.put("/v1/policies/makers", makers()).await.expect(201);
    // Starts on 1 March.
    hired(&world).await;

    let forecast = world.get("/v1/reports/forecast").await.expect(200);
    let file = world.get("/v1/reports/forecast?format=csv").await;

    let of = &forecast["items"][0];
    assert_eq!(
        (&of["app"], &of["license"]),
        (&json!("acme"), &json!("pro"))
    );
    assert_eq!((&of["bought"], &of["held"]), (&json!(3), &json!(4)));
    let weeks = of["weeks"].as_array().unwrap();
    let needs: Vec<u64> = weeks
        .iter()
        .map(|week| week["need"]["seats"].as_u64().unwrap())
        .collect();
    assert_eq!(needs, [4, 4, 4, 3, 3, 3, 3, 4, 4, 4, 4, 4]);
    assert_eq!(weeks[2]["from"], "2027-01-18");
    let one = json!([{ "department": "Engineering", "role": "", "seats": 1 }]);
    assert_eq!(weeks[2]["leaving"], one);
    assert_eq!(weeks[7]["joining"], one);
    let cost = json!([{ "amount_minor": 1500, "currency": "EUR" }]);
    assert_eq!(weeks[7]["missing"], json!({ "seats": 1, "monthly": cost }));
    assert_eq!(weeks[3]["missing"]["seats"], 0);
    assert_eq!(csv(&file.text).len(), 13);
    let line = "acme,pro,2027-02-22,3,1,Engineering: 1,0,,4,6000 EUR,1,1500 EUR,0,0 EUR";
    assert!(file.text.contains(line), "{}", file.text);
}

#[tokio::test]
async fn a_forecast_is_for_as_many_weeks_as_are_asked_for() {
    let world = company().await;

    let two = world.get("/v1/reports/forecast?weeks=2").await.expect(200);

    assert_eq!(two["items"][0]["weeks"].as_array().unwrap().len(), 2);
    for weeks in ["0", "53"] {
        let path = format!("/v1/reports/forecast?weeks={weeks}");
        let wrong = world.get(&path).await.expect(422);
        assert_eq!(wrong["errors"][0]["path"], "weeks");
    }
}
