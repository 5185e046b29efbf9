//! People over the API.

use serde_json::{Value, json};

use crate::world::{World, world};

/// A person from elsewhere.
pub(crate) fn ada() -> Value {
    json!({
        "attributes": {
            "name": "Ada Park", "personal_email": "ada@mail.example",
            "work_email": "ada.park@contoso.example", "department": "Engineering"
        },
        "start_date": "2026-03-02"
    })
}

#[tokio::test]
async fn a_person_from_elsewhere_is_baselined_and_gets_nothing() {
    let world = world();
    world.configured().await;

    let put = world.put("/v1/people/hr-1", ada()).await.expect(201);
    world.pass(60).await;

    assert_eq!(put["state"], "active");
    assert_eq!(put["baselined"], true);
    assert_eq!(put["attributes"]["first_name"], "Ada");
    assert_eq!(put["identifiers"]["key"], "hr-1");
    assert_eq!(put["start_date"], "2026-03-02");
    let id = put["id"].as_str().unwrap();
    let runs = world
        .get(&format!("/v1/runs?person={id}"))
        .await
        .expect(200);
    assert_eq!(runs["items"], json!([]));
    let access = world
        .get(&format!("/v1/people/{id}/access"))
        .await
        .expect(200);
    assert_eq!(access["plan"].as_array().unwrap().len(), 2);
    assert_eq!(access["desired"][1]["app"], "figma");
    assert_eq!(access["desired"][1]["plan"], "pro");
    assert_eq!(access["actual"], json!([]));
}

#[tokio::test]
async fn the_same_key_or_address_is_the_same_person() {
    let world = world();
    let id = world.ada().await;

    let again = json!({ "attributes": { "department": "Sales" } });
    let again = world.put("/v1/people/hr-1", again).await.expect(200);
    let other_key = world.put("/v1/people/hr-2", ada()).await.expect(409);

    assert_eq!(again["id"], id.as_str());
    assert_eq!(again["attributes"]["department"], "Sales");
    assert_eq!(again["attributes"]["name"], "Ada Park");
    assert_eq!(other_key["code"], "another_key");
    let people = world.get("/v1/people?state=active").await.expect(200);
    assert_eq!(people["items"].as_array().unwrap().len(), 1);
    let left = world.get("/v1/people?state=left").await.expect(200);
    assert_eq!(left["items"], json!([]));
}

/// The names of those who are listed with this filter.
async fn listed(world: &World, filter: &str) -> Vec<String> {
    let people = world.get(&format!("/v1/people?{filter}")).await.expect(200);
    let people = people["items"].as_array().unwrap().iter();
    people
        .map(|person| person["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn people_are_listed_by_department_and_state_newest_first() {
    let world = world();
    for (name, department) in [
        ("Ada", "Engineering"),
        ("Bo", " engineering"),
        ("Cy", "R&D"),
        ("Di", "Engineering"),
    ] {
        let person = json!({ "attributes": { "name": name, "department": department } });
        let key = format!("/v1/people/hr-{name}");
        world.put(&key, person).await.expect(201);
        world.pass(60).await;
    }
    let leaves = json!({ "end_date": "2027-01-01" });
    world.put("/v1/people/hr-Di", leaves).await.expect(200);

    let all = listed(&world, "department=ENGINEERING").await;
    let (first, left) = (
        world.get("/v1/people?department=Engineering&limit=2").await,
        listed(&world, "department=Engineering&state=left").await,
    );
    let first = first.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = format!("department=Engineering&limit=2&cursor={cursor}");

    assert_eq!(all, ["Di", "Bo", "Ada"]);
    assert_eq!(first["items"][1]["name"], "Bo");
    assert_eq!(listed(&world, &rest).await, ["Ada"]);
    assert_eq!(left, ["Di"]);
    assert_eq!(listed(&world, "department=r%26d").await, ["Cy"]);
    assert_eq!(listed(&world, "department=Engineer").await, [""; 0]);
    let nowhere = world.get("/v1/people?department=%20").await.expect(422);
    assert_eq!(nowhere["errors"][0]["path"], "department");
}

#[tokio::test]
async fn whoever_changes_the_department_is_listed_by_the_new_one_only() {
    let world = world();
    let id = world.ada().await;

    let sales = json!({ "attributes": { "department": "Sales" } });
    world.put("/v1/people/hr-1", sales).await.expect(200);
    let moved = [
        listed(&world, "department=Engineering").await,
        listed(&world, "department=Sales").await,
    ];
    let design = json!({ "attributes": { "department": "Design" }, "reason": "a mistake" });
    let path = format!("/v1/people/{id}:correct");
    world.post(&path, design).await.expect(200);

    assert_eq!(moved, [vec![], vec!["Ada Park".to_owned()]]);
    assert_eq!(listed(&world, "department=Sales").await, [""; 0]);
    assert_eq!(listed(&world, "department=Design").await, ["Ada Park"]);
}

#[tokio::test]
async fn somebody_whose_last_day_is_over_leaves_at_once() {
    let world = world();
    let id = world.applied().await;
    world.pass(30).await;

    let put = json!({ "end_date": "2027-01-03" });
    let put = world.put("/v1/people/hr-1", put).await.expect(200);
    world.pass(120).await;

    assert_eq!(put["state"], "left");
    assert_eq!(put["leaves_at"], "2027-01-04T00:00:00Z");
    let run = world.run_of(&id).await;
    assert_eq!(run["workflow"], "offboard");
}

#[tokio::test]
async fn the_last_day_counts_to_its_end_in_the_zone_of_the_person() {
    let world = world();
    let attributes = json!({ "attributes": { "name": "contact.name" }, "required": [],
        "locations": { "New York": { "timezone": "America/New_York" } } });
    world.put("/v1/attributes", attributes).await.expect(201);
    let ada = json!({ "attributes": { "name": "Ada Park", "location": "New York" }, "end_date": "2027-01-04" });

    let put = world.put("/v1/people/hr-1", ada).await.expect(201);

    assert_eq!(put["state"], "leaving");
    assert_eq!(put["leaves_at"], "2027-01-05T05:00:00Z");
    let id = put["id"].as_str().unwrap();
    world.pass(20 * 3600).await;
    let person = world.get(&format!("/v1/people/{id}")).await.expect(200);
    assert_eq!(person["state"], "left");
}

#[tokio::test]
async fn a_termination_needs_a_time_and_starts_the_offboarding() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;
    let path = format!("/v1/people/{id}:terminate");

    world
        .post(&path, json!({ "reason": "x" }))
        .await
        .expect(422);
    world.post(&path, json!({ "at": "soon" })).await.expect(422);
    let dry = json!({ "at": "now", "reason": "today", "dry_run": true });
    let shown = world.post(&path, dry).await.expect(200);
    let later = json!({ "at": "2027-02-01T16:00:00Z", "reason": "agreed" });
    let leaving = world.post(&path, later).await.expect(200);
    let left = world
        .post(&path, json!({ "at": "now", "reason": "today" }))
        .await
        .expect(200);
    let again = world.post(&path, json!({ "at": "now" })).await.expect(200);
    world.pass(60).await;

    assert_eq!(shown["state"], "active", "it was only shown");
    assert_eq!(shown["plan"][0]["action"], "suspend", "{shown}");
    assert_eq!(leaving["state"], "leaving");
    assert_eq!(left["state"], "left");
    assert_eq!(left["plan"], shown["plan"]);
    assert_eq!(again["plan"], json!([]), "they have left already");
    assert_eq!(left["runs"].as_array().unwrap().len(), 1);
    assert_eq!(again["runs"], json!([]));
    let run = world
        .get(&format!("/v1/runs/{}", left["runs"][0].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(run["workflow"], "offboard");
    let access = world
        .get(&format!("/v1/people/{id}/access"))
        .await
        .expect(200);
    assert_eq!(access["desired"], json!([]));
}

#[tokio::test]
async fn a_termination_is_undone_after_the_plan_is_shown() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;
    let (leave, back) = (
        format!("/v1/people/{id}:terminate"),
        format!("/v1/people/{id}:reinstate"),
    );
    world
        .post(&back, json!({ "reason": "?" }))
        .await
        .expect(409);
    world.post(&leave, json!({ "at": "now" })).await.expect(200);
    world.pass(120).await;

    let shown = world
        .post(&back, json!({ "reason": "a mistake", "dry_run": true }))
        .await
        .expect(200);
    let still = world.get(&format!("/v1/people/{id}")).await.expect(200);
    let done = world
        .post(&back, json!({ "reason": "a mistake" }))
        .await
        .expect(200);
    world.pass(120).await;

    assert!(!shown["plan"].as_array().unwrap().is_empty());
    assert_eq!(still["state"], "left");
    assert_eq!(done["state"], "active");
    assert_eq!(world.grant(&id, "figma").await["state"], "active");
}

#[tokio::test]
async fn a_correction_wins_and_what_waited_for_it_goes_on() {
    let world = world();
    world.configured().await;
    let attributes = json!({ "attributes": { "name": "contact.name", "team": "posting.categories.team" },
        "required": ["team"] });
    world.put("/v1/attributes", attributes).await.expect(201);
    let id = world.applied_again().await;
    world.pass(60).await;
    let waiting = world.run_of(&id).await;
    assert_eq!(waiting["missing"], json!(["team"]));

    let body = json!({ "attributes": { "team": "Platform", "name": "Ada Maria Parker" }, "reason": "married" });
    let corrected = world
        .post(&format!("/v1/people/{id}:correct"), body)
        .await
        .expect(200);
    world.pass(30).await;

    assert_eq!(corrected["attributes"]["last_name"], "Maria Parker");
    assert_eq!(corrected["corrected"], json!(["name", "team"]));
    let run = world.run_of(&id).await;
    assert_eq!(run["missing"], json!([]));
    let figma = run["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["id"] == "access/figma")
        .unwrap()
        .clone();
    assert_eq!(figma["state"], "verified", "{run:#}");
}

#[tokio::test]
async fn a_corrected_address_is_taken_for_everybody_else() {
    let world = world();
    let id = world.ada().await;
    let bob = json!({ "attributes": { "name": "Bob", "work_email": "bob@contoso.example" } });
    let bob = world.put("/v1/people/hr-2", bob).await.expect(201);
    let path = format!("/v1/people/{}:correct", bob["id"].as_str().unwrap());

    let body = |email: &str| json!({ "attributes": { "work_email": email } });
    let taken = world
        .post(&path, body("ada.park@contoso.example"))
        .await
        .expect(409);
    let bad = world.post(&path, body("bob")).await.expect(422);
    world
        .post(&path, body("robert@contoso.example"))
        .await
        .expect(200);
    let ada = format!("/v1/people/{id}:correct");
    let claimed = world
        .post(&ada, body("robert@contoso.example"))
        .await
        .expect(409);

    assert_eq!(taken["code"], "address_taken");
    assert!(!taken.to_string().contains("contoso"), "{taken}");
    assert_eq!(bad["errors"][0]["path"], "attributes.work_email");
    assert_eq!(claimed["code"], "address_taken");
}

#[tokio::test]
async fn the_timeline_tells_what_happened_with_values_only_the_viewer_sees() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;

    let timeline = world
        .get(&format!("/v1/people/{id}/timeline?limit=200"))
        .await
        .expect(200);
    let audit = world.get(&format!("/v1/audit?person={id}")).await;

    let items = timeline["items"].as_array().unwrap();
    assert_eq!(items[0]["title"], "person added");
    assert_eq!(items[0]["actor"], "local-admin");
    assert_eq!(
        items[0]["detail"]["after"]["attributes"]["name"],
        "Ada Park"
    );
    assert!(
        items
            .iter()
            .any(|item| item["app"] == "figma" && item["run"].is_string())
    );
    assert!(!audit.text.contains("Ada"), "{}", audit.text);
    let first = world
        .get(&format!("/v1/people/{id}/timeline?limit=1"))
        .await
        .expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/people/{id}/timeline?limit=1&cursor={cursor}");
    let second = world.get(&path).await.expect(200);
    assert_eq!(second["items"][0], items[1]);
}
