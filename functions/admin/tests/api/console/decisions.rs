//! What forms do: decisions bound to their plan, leaving with a plan, steps by hand, files planned before they are saved.

use serde_json::{Value, json};

use super::{Browser, between, everything};
use crate::world::World;

async fn approval(world: &World, id: &str) -> String {
    let approval = world.get(&format!("/v1/approvals/{id}")).await.expect(200);
    approval["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn looking_at_a_decision_decides_nothing() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::with(&world, "approve", &["it-admin"]).await;
    let id = fixture.approval["id"].as_str().unwrap();
    let plan = fixture.approval["plan_hash"].as_str().unwrap();

    let page = browser
        .get(&format!("/approvals/{id}?decision=approve&plan={plan}"))
        .await;

    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("Give Ada Park Figma, plan pro?"),
        "{}",
        page.text
    );
    assert!(page.text.contains("$15.00 a month"), "{}", page.text);
    assert_eq!(approval(&world, id).await, "waiting");
}

#[tokio::test]
async fn a_decision_about_another_plan_or_none_counts_for_nothing() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::with(&world, "approve", &["it-admin"]).await;
    let place = fixture.fill("/approvals/{id}");
    let id = fixture.approval["id"].as_str().unwrap();
    let plan = fixture.approval["plan_hash"].as_str().unwrap();

    let other = [("decision", "approve"), ("plan", "another")];
    let other = browser.post(&place, &other).await;
    let none = browser.post(&place, &[("plan", plan)]).await;

    assert_eq!(other.status, 409);
    let why = "This changed while you were reading.";
    assert!(other.text.contains(why), "{}", other.text);
    assert_eq!(none.status, 422);
    assert_eq!(approval(&world, id).await, "waiting");
}

#[tokio::test]
async fn a_yes_counts_once_however_often_it_is_sent() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::with(&world, "approve", &["it-admin"]).await;
    let place = fixture.fill("/approvals/{id}");
    let plan = fixture.approval["plan_hash"].as_str().unwrap();
    let decision = [("decision", "approve"), ("plan", plan)];
    let mut yes = decision.to_vec();
    yes.extend([("reason", "joins design"), ("once", "word-1")]);

    let done = browser.post(&place, &yes).await;
    let twice = browser.post(&place, &yes).await;
    let told = browser.get(&place).await.text;
    let later = browser.get(&place).await.text;
    world.pass(60).await;
    let late = browser.post(&place, &decision).await;

    assert_eq!(
        (done.status.as_u16(), done.header("location")),
        (303, place.as_str())
    );
    assert_eq!(
        (twice.status.as_u16(), twice.header("location")),
        (303, place.as_str())
    );
    let word = "Approved. The application is asked now";
    assert!(
        told.contains(word) && told.contains("joins design"),
        "{told}"
    );
    assert!(!later.contains(word), "it is told once");
    let access = format!("/v1/people/{}/access", fixture.person);
    let access = world.get(&access).await.expect(200);
    let has = |grant: &Value| grant["app"] == "figma" && grant["state"] == "active";
    assert!(
        access["actual"].as_array().unwrap().iter().any(has),
        "{access}"
    );
    assert_eq!(late.status, 409);
    assert!(
        late.text.contains("decided or is over already"),
        "{}",
        late.text
    );
}

/// The plan that a page shows before somebody leaves.
async fn plan_of(browser: &mut Browser<'_>, place: &str) -> String {
    let page = browser.get(place).await;
    let plan = between(&page.text, "name=\"plan\" value=\"", "\"");
    plan.unwrap().to_owned()
}

async fn state(world: &World, person: &str) -> String {
    let person = world.get(&format!("/v1/people/{person}")).await.expect(200);
    person["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_part_of_the_inbox_says_what_is_in_it() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    for (view, says) in [
        ("mine", "1 decision waits for you, and 1 task is open.</h1>"),
        (
            "team",
            "1 decision waits for somebody, and 1 task is open.</h1>",
        ),
        ("asked", "What you started by hand and others decide"),
        ("decided", "Nothing was decided yet."),
    ] {
        let page = browser.get(&format!("/console/inbox?view={view}")).await;
        assert!(page.text.contains(says), "{view}: {}", page.text);
    }
}

#[tokio::test]
async fn nobody_leaves_by_a_typo_or_an_old_plan() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::with(&world, "admin", &[]).await;
    let place = fixture.fill("/console/people/{id}/terminate");
    let plan = plan_of(&mut browser, &place).await;
    let plan = plan.as_str();
    for (fields, status) in [
        (
            [("plan", plan), ("name", "Ada"), ("when", "now"), ("at", "")],
            422,
        ),
        (
            [
                ("plan", "old"),
                ("name", "Ada Park"),
                ("when", "now"),
                ("at", ""),
            ],
            409,
        ),
        (
            [
                ("plan", plan),
                ("name", "Ada Park"),
                ("when", "later"),
                ("at", "soon"),
            ],
            422,
        ),
        (
            [
                ("plan", plan),
                ("name", "Ada Park"),
                ("when", "later"),
                ("at", "2026-03-31T16:00"),
            ],
            422,
        ),
        (
            [
                ("plan", plan),
                ("name", "Ada Park"),
                ("when", ""),
                ("at", ""),
            ],
            422,
        ),
    ] {
        let refused = browser.post(&place, &fields).await;
        assert_eq!(refused.status, status, "{fields:?}");
    }
    assert_eq!(state(&world, &fixture.person).await, "active");
}

#[tokio::test]
async fn somebody_leaves_on_a_day_or_now_when_their_name_was_typed() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::with(&world, "admin", &[]).await;
    let place = fixture.fill("/console/people/{id}/terminate");

    let plan = plan_of(&mut browser, &place).await;
    let later = [
        ("plan", plan.as_str()),
        ("name", "Ada Park"),
        ("when", "later"),
        ("at", "2027-03-31T16:00"),
    ];
    let set = browser.post(&place, &later).await;
    assert_eq!(set.status, 303, "{}", set.text);
    assert_eq!(state(&world, &fixture.person).await, "leaving");
    let person = browser.get(set.header("location")).await.text;
    assert!(
        person.contains("Ada Park leaves Wed 31 Mar 2027."),
        "{person}"
    );

    let plan = plan_of(&mut browser, &place).await;
    let now = [
        ("plan", plan.as_str()),
        ("name", "Ada Park"),
        ("when", "now"),
        ("reason", "moves on"),
    ];
    assert_eq!(browser.post(&place, &now).await.status, 303);
    assert_eq!(state(&world, &fixture.person).await, "left");
}

#[tokio::test]
async fn a_failed_step_is_tried_again_by_hand() {
    let (world, fixture) = everything().await;
    *world.fakes.refuses.lock().unwrap() = true;
    let mut browser = Browser::admin(&world).await;
    let plan = fixture.approval["plan_hash"].as_str().unwrap();
    let yes = [("decision", "approve"), ("plan", plan)];
    let mut approver = Browser::with(&world, "approve", &["it-admin"]).await;
    let approved = approver.post(&fixture.fill("/approvals/{id}"), &yes).await;
    assert_eq!(approved.status, 303, "{}", approved.text);
    world.pass(60).await;
    let place = fixture.fill("/console/runs/{id}");
    let page = browser.get(&place).await;
    assert!(
        page.text.contains("the seat limit is reached"),
        "{}",
        page.text
    );

    *world.fakes.refuses.lock().unwrap() = false;
    let retry = fixture.fill("/console/runs/{id}/steps/{step}/retry");
    let done = browser.post(&retry, &[("reason", "bought a seat")]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    world.pass(60).await;

    let run = world.run_of(&fixture.person).await;
    let steps = run["steps"].as_array().unwrap();
    let step = steps
        .iter()
        .find(|step| step["id"] == "access/figma")
        .unwrap();
    assert_eq!(step["state"], "verified");
    let again = browser.post(&retry, &[]).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn a_task_is_done_once() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::with(&world, "operate", &[]).await;
    let complete = fixture.fill("/console/tasks/{id}/complete");

    assert_eq!(
        browser
            .post(&complete, &[("reason", "desk 12")])
            .await
            .status,
        303
    );
    assert_eq!(browser.post(&complete, &[]).await.status, 409);

    let task = world.get("/v1/tasks?state=done").await.expect(200);
    assert_eq!(task["items"][0]["id"], fixture.task.as_str());
}

#[tokio::test]
async fn a_file_is_saved_after_its_plan_was_seen() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/policies/engineering";
    let file = json!({ "policy": "engineering", "grants": [{ "app": "desk" }, { "app": "figma", "plan": "pro" }] }).to_string();

    let wrong = browser
        .post(
            &format!("{place}/changes"),
            &[("file", "policy: engineering\ngrantz: []\n")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("grantz"), "{}", wrong.text);
    let broken = browser
        .post(&format!("{place}/changes"), &[("file", "a: [1")])
        .await;
    assert_eq!(broken.status, 422);
    let plan = browser
        .post(&format!("{place}/changes"), &[("file", &file)])
        .await;
    assert_eq!(plan.status, 200, "{}", plan.text);
    let hash = between(&plan.text, "name=\"plan\" value=\"", "\"")
        .unwrap()
        .to_owned();
    let before = world.get("/v1/policies/engineering").await.expect(200);
    assert!(
        before.to_string().contains("approval"),
        "a plan saves nothing"
    );

    let stale = browser
        .post(place, &[("file", &file), ("plan", "old")])
        .await;
    assert_eq!(stale.status, 409, "{}", stale.text);
    let saved = browser
        .post(place, &[("file", &file), ("plan", &hash)])
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    world.pass(60).await;
    let after = world.get("/v1/policies/engineering").await.expect(200);
    assert!(!after.to_string().contains("approval"), "{after}");
}

#[tokio::test]
async fn a_new_file_leads_to_its_list_and_has_a_page_when_it_is_saved() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/policies/desks";
    let file = json!({ "grants": [{ "app": "desk" }] }).to_string();

    let plan = browser
        .post(&format!("{place}/changes"), &[("file", &file)])
        .await;
    let hash = between(&plan.text, "name=\"plan\" value=\"", "\"");
    let hash = hash.expect(&plan.text).to_owned();
    let saved = browser
        .post(place, &[("file", &file), ("plan", &hash)])
        .await;

    assert_eq!(saved.status, 303, "{}", saved.text);
    assert_eq!(saved.header("location"), "/console/policies");
    world.pass(60).await;
    assert_eq!(browser.get(place).await.status, 200);
}

#[tokio::test]
async fn an_account_is_replaced_only_when_its_name_was_typed() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let given = [
        ("account", "prod"),
        ("variables.domain", "contoso"),
        ("credentials.tenant", "t-2"),
        ("credentials.token", "sk-other"),
    ];

    let mut other = given.to_vec();
    other[0] = ("account", " Dev ");
    let dev = browser.post("/console/connect/acme", &other).await;
    assert_eq!(dev.header("location"), "/console/accounts/acme/dev");
    let page = browser.get("/console/accounts/acme/dev").await;
    assert!(page.text.contains("acme/Dev"), "{}", page.text);

    let taken = browser.post("/console/connect/acme", &given).await;
    assert_eq!(taken.status, 409);
    assert!(
        taken.text.contains("Type prod to replace it"),
        "{}",
        taken.text
    );
    assert!(
        !taken.text.contains("sk-other") && !taken.text.contains("t-2"),
        "secrets never come back"
    );
    assert!(
        taken.text.contains("value=\"contoso\""),
        "what was typed is kept"
    );
    let missing = browser
        .post("/console/connect/acme", &[("account", "Second One")])
        .await;
    assert_eq!(missing.status, 422);
    let missing = browser
        .post("/console/connect/acme", &[("account", "second")])
        .await;
    assert_eq!(missing.status, 422);
    assert!(
        missing.text.contains("Error: Connect Acme"),
        "{}",
        missing.text
    );

    let mut typed = given.to_vec();
    let shown = between(&taken.text, "name=\"shown\" value=\"", "\"").expect(&taken.text);
    typed.extend([("replace", "prod"), ("shown", shown)]);
    let replaced = browser.post("/console/connect/acme", &typed).await;
    assert_eq!(replaced.status, 303, "{}", replaced.text);
    assert_eq!(replaced.header("location"), "/console/accounts/acme/prod");
}

#[tokio::test]
async fn the_trail_is_verified_in_a_sentence() {
    let (world, _) = everything().await;
    let mut browser = Browser::with(&world, "admin", &[]).await;

    let verified = browser.post("/console/audit/verify", &[]).await;

    assert_eq!(verified.status, 200);
    assert!(
        verified.text.contains("Every chain is intact: "),
        "{}",
        verified.text
    );
}
