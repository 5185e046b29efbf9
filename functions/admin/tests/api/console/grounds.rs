//! What a decision goes by: why it is asked, the seats that are left, and who asked for it.

use serde_json::json;

use super::{Browser, everything};
use crate::builder::{definition, given, row};
use crate::movers::engineer;
use crate::world::world;

#[tokio::test]
async fn a_decision_says_by_which_version_of_which_policy_and_what_was_found() {
    let (world, fixture) = everything().await;
    let place = fixture.fill("/approvals/{id}");
    let mut approver = Browser::with(&world, "approve", &["it-admin"]).await;

    let page = approver.get(&place).await.text;
    for text in [
        "policy engineering v2",
        "<code>department</code> is “Engineering”",
        "; it is “Engineering”",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }

    let plan = fixture.approval["plan_hash"].as_str().unwrap();
    let no = [("decision", "reject"), ("plan", plan)];
    assert_eq!(approver.post(&place, &no).await.status, 303);
    let over = approver.get(&place).await.text;
    assert!(over.contains("policy engineering v2"), "{over}");
    assert!(!over.contains("; it is "), "that is history: {over}");
}

#[tokio::test]
async fn a_decision_says_how_many_of_the_seats_are_taken_before_and_after_it() {
    let world = world();
    let app = json!({ "plans": [{ "id": "pro", "seats": 120 }], "owner": "it@contoso.example" });
    world.put("/v1/apps/acme", app).await.expect(201);
    let mut file = definition();
    file["licenses"] = json!({ "auto": { "name": "pro" } });
    world.put("/v1/definitions/acme", file).await.expect(201);
    world.serve(vec![row("a", "on"), row("b", "on")]);
    let account = world.put("/v1/accounts/acme/prod", given()).await;
    account.expect(201);
    world.pass(1).await;
    let policy = json!({ "grants": [{ "app": "acme", "plan": "pro", "approval": { "by": ["role:it-admin"] } }] });
    world.put("/v1/policies/all", policy).await.expect(201);
    world.applied_again().await;
    world.pass(1).await;
    let asked = world.get("/v1/approvals?state=waiting").await.expect(200);
    let place = format!("/approvals/{}", asked["items"][0]["id"].as_str().unwrap());
    let mut admin = Browser::admin(&world).await;
    let before = admin.get(&place).await.text;
    assert!(!before.contains("seats are taken"), "{before}");

    admin.post("/console/spend/count", &[]).await;
    world.pass(1).await;

    let page = admin.get(&place).await.text;
    assert!(page.contains("2 of 120 seats are taken"), "{page}");
    assert!(page.contains("3 of 120 afterwards"), "{page}");
    assert!(page.contains("It is for everybody."), "{page}");
}

#[tokio::test]
async fn a_decision_says_how_many_of_the_department_and_title_have_the_same() {
    let world = world();
    world.configured().await;
    let title = json!({ "attributes": { "title": "Designer" } });
    for number in 2..=4 {
        engineer(&world, number).await;
    }
    world
        .put("/v1/people/hr-2", title.clone())
        .await
        .expect(200);
    let old = json!({ "attributes": { "name": "Old Hand", "department": "Engineering" }, "start_date": "2026-03-02" });
    world.put("/v1/people/hr-9", old).await.expect(201);
    world.pass(60).await;
    let policy = json!({
        "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
        "grants": [{ "app": "figma", "plan": "pro", "approval": { "by": ["role:it-admin"] } }]
    });
    world
        .put("/v1/policies/engineering", policy)
        .await
        .expect(200);
    let ada = world.ada().await;
    world.put("/v1/people/hr-1", title).await.expect(200);
    world.apply(&ada).await;
    world.pass(1).await;
    let asked = world
        .get(&format!("/v1/approvals?state=waiting&person={ada}"))
        .await;
    let asked = asked.expect(200)["items"][0].clone();
    let place = format!("/approvals/{}", asked["id"].as_str().unwrap());
    let mut approver = Browser::with(&world, "approve", &["it-admin"]).await;

    let page = approver.get(&place).await.text;
    let no = [
        ("decision", "reject"),
        ("plan", asked["plan_hash"].as_str().unwrap()),
    ];
    assert_eq!(approver.post(&place, &no).await.status, 303);
    let over = approver.get(&place).await.text;

    for text in [
        "3 of 3 others in Engineering have it.",
        "1 of 1 as Designer.",
        "1 who was here before Sando is not counted.",
    ] {
        assert!(page.contains(text), "{text}: {page}");
        assert!(!over.contains(text), "that is history: {over}");
    }
}

#[tokio::test]
async fn whoever_asked_by_hand_finds_what_became_of_it() {
    let (world, fixture) = everything().await;
    let place = fixture.fill("/approvals/{id}");
    let link = format!("href=\"{place}\"");
    let inbox = "/console/inbox?view=asked";
    let mut asked = Browser::admin(&world).await;
    let mut other = Browser::operator(&world).await;
    let mut approver = Browser::with(&world, "approve", &["it-admin"]).await;

    let before = asked.get(inbox).await.text;
    let theirs = other.get(inbox).await.text;
    let plan = fixture.approval["plan_hash"].as_str().unwrap();
    let no = [("decision", "reject"), ("plan", plan)];
    assert_eq!(approver.post(&place, &no).await.status, 303);
    let after = asked.get(inbox).await.text;

    assert!(before.contains(&link), "{before}");
    assert!(
        after.contains(&link) && after.contains("rejected"),
        "{after}"
    );
    assert!(!theirs.contains(&link), "{theirs}");
    assert!(theirs.contains("You asked for nothing"), "{theirs}");
}
