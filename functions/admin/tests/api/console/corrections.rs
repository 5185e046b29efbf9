//! Drift corrected, somebody erased, a task that waits for a roster: what rosters and requests of people lead to.

use serde_json::json;

use super::Browser;
use super::by_hand::plan_of;
use crate::builder::{connected_to, row};
use crate::drift::{TWO_DAYS, acme, task};
use crate::erasure::{settle, with_figma};
use crate::world::world;

#[tokio::test]
async fn drift_is_corrected_as_it_was_planned() {
    let world = world();
    acme(&world).await;
    connected_to(&world, vec![row("zoe", "on")]).await;
    let id = world.applied_again().await;
    world.pass(60).await;
    world.serve(vec![row("zoe", "on"), row("ada.park", "on")]);
    world.pass(TWO_DAYS).await;
    let (person, place) = (
        format!("/console/people/{id}"),
        format!("/console/people/{id}/drift"),
    );
    let none = Browser::admin(&world).await.get(&place).await.text;
    assert!(
        none.contains("Nothing about Ada Park has drifted"),
        "{none}"
    );

    world.serve(vec![row("zoe", "on"), row("ada.park", "off")]);
    world.pass(TWO_DAYS).await;
    let mut browser = Browser::operator(&world).await;
    let shown = browser.get(&place).await.text;
    assert!(
        shown.contains("1 access of Ada Park is not as it was left here."),
        "{shown}"
    );
    let access = format!("/v1/people/{id}/access");
    let now = world.get(&access).await.expect(200);
    assert_eq!(now["drift"][0]["kind"], "vanished", "it is only shown");
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let link = format!("{place}?app=acme");
    let looks = viewer.get(&person).await.text;
    assert!(looks.contains("drift: "), "{looks}");
    assert!(!looks.contains(&link), "{looks}");
    for path in [person.clone(), format!("{person}/access")] {
        let text = browser.get(&path).await.text;
        assert!(text.contains("drift: "), "{path}: {text}");
        assert!(text.contains(&link), "{path}: {text}");
    }

    let one = browser.get(&link).await.text;
    let plan = plan_of(&one).to_owned();
    let stale = [("plan", "another"), ("app", "acme")];
    assert_eq!(browser.post(&place, &stale).await.status, 409);
    let seen = [
        ("plan", plan.as_str()),
        ("app", "acme"),
        ("reason", "a mistake"),
    ];
    let done = browser.post(&place, &seen).await;
    assert_eq!(done.status, 303, "{}", done.text);
    world.pass(60).await;

    assert_eq!(task(&world, "open").await["title"], "Give access to acme");
    assert_eq!(world.get(&access).await.expect(200)["drift"], json!([]));
    let again = browser.post(&place, &seen).await;
    assert_eq!(again.status, 409, "there is nothing left to correct");
}

#[tokio::test]
async fn what_was_said_to_be_done_waits_for_a_roster_and_says_so() {
    let world = world();
    acme(&world).await;
    connected_to(&world, vec![row("zoe", "on")]).await;
    let id = world.applied_again().await;
    world.pass(60).await;
    let open = task(&world, "open").await["id"].clone();
    let open = open.as_str().unwrap();
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let before = viewer.get(&format!("/console/people/{id}")).await.text;
    assert!(
        before.contains(&format!("href=\"/console/tasks/{open}\"")),
        "{before}"
    );

    let path = format!("/v1/tasks/{open}:complete");
    let invited = json!({ "reason": "invited" });
    world.post(&path, invited).await.expect(200);

    let task = viewer.get(&format!("/console/tasks/{open}")).await.text;
    assert!(task.contains("waits for a roster"), "{task}");
    assert!(
        task.contains("The next roster of the application shows"),
        "{task}"
    );
    let person = viewer.get(&format!("/console/people/{id}")).await.text;
    assert!(person.contains("waits for a roster"), "{person}");
    assert!(person.contains("said to be done "), "{person}");
}

#[tokio::test]
async fn somebody_is_erased_once_the_name_is_typed_and_for_a_reason_that_names_nobody() {
    let world = world();
    let id = with_figma(&world).await;
    let mut admin = Browser::admin(&world).await;
    let place = format!("/console/people/{id}/erase");
    let here = admin.get(&place).await.text;
    assert!(here.contains("Ada Park cannot be erased now."), "{here}");
    assert!(here.contains("terminate the person first"), "{here}");

    let leave = json!({ "at": "now", "reason": "agreed" });
    let terminate = format!("/v1/people/{id}:terminate");
    world.post(&terminate, leave).await.expect(200);
    settle(&world).await;
    let mut operator = Browser::operator(&world).await;
    let seen = operator.get(&format!("/console/people/{id}")).await.text;
    assert!(!seen.contains("/erase"), "{seen}");
    assert_eq!(operator.get(&place).await.status, 403);
    let page = admin.get(&place).await.text;
    assert!(
        page.contains("Everything about Ada Park goes, for good."),
        "{page}"
    );
    let plan = plan_of(&page).to_owned();
    let plan = plan.as_str();
    let (ada, why) = ("Ada Park", "request 4711");
    for (plan, name, reason, status) in [
        (plan, "Ada", why, 422),
        ("another", ada, why, 409),
        (plan, ada, "Ada asked for it", 422),
        (plan, ada, "", 422),
    ] {
        let fields = [("plan", plan), ("name", name), ("reason", reason)];
        let refused = admin.post(&place, &fields).await;
        assert_eq!(refused.status, status, "{fields:?}: {}", refused.text);
    }
    let person = format!("/v1/people/{id}");
    world.get(&person).await.expect(200);

    let fields = [("plan", plan), ("name", ada), ("reason", why)];
    let done = admin.post(&place, &fields).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(done.header("location"), "/console/people");
    world.get(&person).await.expect(404);
    let said = admin.get("/console/people").await.text;
    assert!(said.contains("Erased. The audit keeps the id"), "{said}");
}

#[tokio::test]
async fn a_record_shows_what_was_before_and_after() {
    let world = world();
    for name in ["Old", "New"] {
        let app = json!({ "name": name, "owner": "ops@contoso.example" });
        let put = world.put("/v1/apps/figma", app).await;
        assert!(put.status.is_success(), "{}", put.text);
    }
    let records = world.get("/v1/audit?stream=config").await.expect(200);
    let records = records["items"].as_array().unwrap().clone();
    let changed = records
        .iter()
        .find(|record| record["before"]["name"] == "Old")
        .unwrap();
    let path = format!("/console/audit/config/{}", changed["seq"]);

    let mut viewer = Browser::with(&world, "read", &[]).await;
    let page = viewer.get(&path).await.text;

    for shown in ["Before", "After", "Old", "New", "it fits the record"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let mut approver = Browser::with(&world, "approve", &[]).await;
    assert_eq!(approver.get(&path).await.status, 403);
}

#[tokio::test]
async fn what_a_task_asks_for_is_given_on_the_person_and_the_run_goes_on() {
    let world = world();
    world.configured().await;
    let attributes = json!({
        "attributes": { "name": "contact.name", "team": "posting.categories.team",
            "work_email": { "address": "{first_name}.{last_name}@contoso.example" } },
        "required": ["team"],
    });
    world.put("/v1/attributes", attributes).await.expect(201);
    // No address can be made of a name that is written family-first.
    let ming = json!({ "attributes": { "name": "王小明", "department": "Engineering" },
        "start_date": "2026-03-02" });
    let ming = world.put("/v1/people/hr-1", ming).await.expect(201);
    let id = ming["id"].as_str().unwrap();
    world.apply(id).await;
    world.pass(60).await;
    let waiting = world.run_of(id).await;
    assert_eq!(waiting["missing"], json!(["team", "work_email"]));
    let mut browser = Browser::operator(&world).await;
    let open = world.get("/v1/tasks?state=open").await.expect(200);
    let asked = open["items"].as_array().unwrap().iter();
    let asked = { asked }.find(|task| task["kind"] == "missing").unwrap();
    let asked = format!("/console/tasks/{}", asked["id"].as_str().unwrap());
    let place = format!("/console/people/{id}/correct");

    let task = browser.get(&asked).await.text;
    assert!(task.contains(&format!("href=\"{place}\"")), "{task}");
    let form = browser.get(&place).await.text;
    for name in ["a.team", "a.work_email"] {
        assert!(form.contains(&format!("name=\"{name}\"")), "{form}");
    }
    let mut fields = vec![
        ("a.team", "Platform"),
        ("a.work_email", "xiaoming.wang@contoso.example"),
    ];
    let shown = browser.post(&place, &fields).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    fields.push(("plan", plan_of(&shown.text)));
    let done = browser.post(&place, &fields).await;
    assert_eq!(done.status, 303, "{}", done.text);
    world.pass(60).await;

    let run = world.run_of(id).await;
    assert_eq!(run["missing"], json!([]));
    assert_eq!(world.grant(id, "figma").await["state"], "active", "{run:#}");
}
