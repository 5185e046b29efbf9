//! What people do by hand: each shows its plan first, and does only what was seen.

use sando_core::event::{EventMessage, Ping};
use sando_core::handle::inbox::take_in;
use sando_core::ids::Slug;
use sando_core::ports::Clock;
use serde_json::json;

use super::{Browser, between, everything};
use crate::world::world;

pub(super) fn plan_of(page: &str) -> &str {
    let plan = between(page, "name=\"plan\" value=\"", "\"");
    assert!(plan.is_some(), "no plan: {page}");
    plan.unwrap()
}

#[tokio::test]
async fn a_leaving_is_undone_as_it_was_planned() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = fixture.fill("/console/people/{id}/reinstate");
    let page = browser.get(&place).await;
    assert!(
        page.text.contains("has not left and is not about to leave"),
        "{}",
        page.text
    );

    let leave = json!({ "at": "now", "reason": "by mistake" });
    let terminate = format!("/v1/people/{}:terminate", fixture.person);
    world.post(&terminate, leave).await.expect(200);
    world.pass(1).await;
    let page = browser.get(&place).await;
    assert!(
        page.text.contains("comes back: 2 accesses are given again"),
        "{}",
        page.text
    );
    let stale = browser
        .post(&place, &[("plan", "another"), ("reason", "x")])
        .await;
    assert_eq!(stale.status, 409);
    let done = browser
        .post(&place, &[("plan", plan_of(&page.text)), ("reason", "x")])
        .await;
    assert_eq!(done.status, 303, "{}", done.text);

    let person = world
        .get(&format!("/v1/people/{}", fixture.person))
        .await
        .expect(200);
    assert_eq!(person["state"], "active");
}

#[tokio::test]
async fn a_correction_shows_what_would_change_before_it_is_done() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = fixture.fill("/console/people/{id}/correct");
    let form = browser.get(&place).await;
    assert!(form.text.contains("name=\"a.department\""), "{}", form.text);

    let shown = browser.post(&place, &[("a.department", "Sales")]).await;
    assert_eq!(shown.status, 200);
    assert!(
        shown
            .text
            .contains("1 attribute of Ada Park would change, and with it"),
        "{}",
        shown.text
    );
    let before = world
        .get(&format!("/v1/people/{}", fixture.person))
        .await
        .expect(200);
    assert_eq!(
        before["attributes"]["department"], "Engineering",
        "nothing is done yet"
    );
    let other = [("a.department", "Finance"), ("plan", plan_of(&shown.text))];
    assert_eq!(
        browser.post(&place, &other).await.status,
        409,
        "another correction than was seen"
    );
    let done = [
        ("a.department", "Sales"),
        ("plan", plan_of(&shown.text)),
        ("reason", "moved"),
    ];
    let done = browser.post(&place, &done).await;
    assert_eq!(done.status, 303, "{}", done.text);
    let after = world
        .get(&format!("/v1/people/{}", fixture.person))
        .await
        .expect(200);
    assert_eq!(after["attributes"]["department"], "Sales");
    // Emptied, what the source says counts again.
    let taken = browser.post(&place, &[("a.department", "")]).await;
    let back = [("a.department", ""), ("plan", plan_of(&taken.text))];
    assert_eq!(browser.post(&place, &back).await.status, 303);
    let again = world
        .get(&format!("/v1/people/{}", fixture.person))
        .await
        .expect(200);
    assert_eq!(again["attributes"]["department"], "Engineering");
    let wrong = browser
        .post(&place, &[("a.work_email", "no address")])
        .await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
}

#[tokio::test]
async fn the_brake_is_put_on_with_a_reason_and_let_go_as_it_was_planned() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let without = browser.post("/console/pause", &[("what", "all")]).await;
    assert_eq!(without.status, 422);
    let on = browser
        .post("/console/pause", &[("what", "all"), ("reason", "a storm")])
        .await;
    assert_eq!(on.status, 303, "{}", on.text);
    let page = browser.get("/console/pause").await;
    assert!(
        page.text.contains("a storm") && page.text.contains("1 thing is paused"),
        "{}",
        page.text
    );
    assert!(
        browser
            .get("/console")
            .await
            .text
            .contains("Everything is paused")
    );

    let shown = browser.post("/console/resume", &[("what", "all")]).await;
    let plan = plan_of(&shown.text).to_owned();
    let stale = browser
        .post("/console/resume", &[("what", "all"), ("plan", "another")])
        .await;
    assert_eq!(stale.status, 409);
    let done = browser
        .post("/console/resume", &[("what", "all"), ("plan", &plan)])
        .await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(world.get("/v1/pause").await.expect(200)["paused"], false);
}

#[tokio::test]
async fn every_page_says_that_something_is_paused() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = fixture.fill("/console/people/{id}");
    let link = "<a class=\"paused\" href=\"/console/pause\">";
    let before = browser.get(&place).await.text;
    assert!(!before.contains(link), "{before}");

    let on = [("what", "removals"), ("reason", "a storm")];
    let paused = browser.post("/console/pause", &on).await;
    assert_eq!(paused.status, 303, "{}", paused.text);

    let after = browser.get(&place).await.text;
    assert!(after.contains(link), "{after}");
    let mut approver = Browser::with(&world, "approve", &["it-admin"]).await;
    let inbox = approver.get("/console/inbox").await.text;
    assert!(!inbox.contains(link), "no page of theirs: {inbox}");
}

#[tokio::test]
async fn lever_is_connected_in_the_settings_and_its_secrets_never_come_out() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let given = [
        ("api_key", "lever-key-of-test"),
        ("registration", "hires"),
        ("token", "signing-token-of-test"),
        ("token", ""),
    ];
    let saved = browser.post("/console/settings/lever", &given).await;
    assert_eq!(saved.status, 303, "{}", saved.text);

    let page = browser.get("/console/settings").await;
    assert!(page.text.contains("/webhooks/lever/hires"), "{}", page.text);
    assert!(page.text.contains("Lever is connected."), "{}", page.text);
    assert!(
        page.text.contains("None yet."),
        "no call was seen: {}",
        page.text
    );
    for secret in ["lever-key-of-test", "signing-token-of-test"] {
        assert!(!page.text.contains(secret), "{secret}");
    }
    // Another registration leaves the first one.
    let second = [("registration", "archived"), ("token", "another")];
    assert_eq!(
        browser
            .post("/console/settings/lever", &second)
            .await
            .status,
        303
    );
    let settings = world.get("/v1/settings").await.expect(200);
    assert_eq!(
        settings["lever"]["registrations"].as_array().unwrap().len(),
        2
    );
    assert_eq!(settings["lever"]["api_key"]["set"], true);
    let wrong = browser
        .post(
            "/console/settings/lever",
            &[("registration", "No Slug"), ("token", "x")],
        )
        .await;
    assert_eq!(wrong.status, 422);
}

/// How many lines of the checklist of Lever are done.
async fn done_of_lever(browser: &mut Browser<'_>) -> (usize, String) {
    let page = browser.get("/console/settings").await.text;
    let checks = between(&page, "id=\"lever-checks\"", "</ul>").unwrap();
    let done = checks.matches("</svg>done</span>").count();
    (done, checks.to_owned())
}

/// Is the first step done that leads to the settings?
async fn is_first_step_done(browser: &mut Browser<'_>) -> bool {
    let page = browser.get("/console").await.text;
    let steps = between(&page, "id=\"first\"", "</section>").unwrap();
    let lever = steps.split("</li>").next().unwrap();
    assert!(lever.contains("Connect Lever"), "{lever}");
    lever.contains("</svg>done</span>")
}

#[tokio::test]
async fn the_checklist_of_lever_turns_green_line_by_line() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    assert_eq!(done_of_lever(&mut browser).await.0, 0);

    let given = [
        ("api_key", "lever-key-of-test"),
        ("registration", "hires"),
        ("token", "signing-token-of-test"),
    ];
    let saved = browser.post("/console/settings/lever", &given).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    assert_eq!(done_of_lever(&mut browser).await.0, 2, "key and webhooks");

    *world.fakes.lever_is_down.lock().unwrap() = true;
    browser.post("/console/settings/lever/test", &[]).await;
    let (done, checks) = done_of_lever(&mut browser).await;
    assert_eq!(done, 2, "{checks}");
    assert!(checks.contains("lever answered 401: no"), "{checks}");
    *world.fakes.lever_is_down.lock().unwrap() = false;
    browser.post("/console/settings/lever/test", &[]).await;
    let (done, checks) = done_of_lever(&mut browser).await;
    assert_eq!(done, 3, "{checks}");
    assert!(checks.contains("may read what Sando reads"), "{checks}");
    assert!(!is_first_step_done(&mut browser).await, "one is left");

    let ping = Ping {
        registration: Slug::parse("hires").unwrap(),
        received_at: world.fakes.now(),
    };
    let told = EventMessage::Ping { ping };
    take_in(&world.ports, told).await.unwrap();
    let (done, checks) = done_of_lever(&mut browser).await;
    assert_eq!(done, 4, "{checks}");
    assert!(is_first_step_done(&mut browser).await);
    assert!(checks.contains("test event came"), "{checks}");
    assert!(!checks.contains("hx-get"), "nothing is waited for any more");
    let events = world.get("/v1/events").await.expect(200);
    assert_eq!(events["items"], json!([]), "it is about nobody");

    // Another key is one that nobody tested.
    world.pass(60).await;
    let other = [("api_key", "another-key-of-test")];
    browser.post("/console/settings/lever", &other).await;
    assert_eq!(done_of_lever(&mut browser).await.0, 3);
}

#[tokio::test]
async fn settings_are_saved_part_by_part() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let guards = [
        ("removals_per_hour", "25"),
        ("movers_per_hour", "7"),
        ("movers_percent", "4"),
        ("guard_users", "3"),
        ("guard_percent", "30"),
    ];
    assert_eq!(
        browser
            .post("/console/settings/guards", &guards)
            .await
            .status,
        303
    );
    let retention = [
        ("candidates_days", "90"),
        ("events_days", "400"),
        ("runs_days", "400"),
        ("syncs_days", "30"),
        ("dropped_users_days", "60"),
        ("letters_days", "14"),
        ("jobs_days", "7"),
    ];
    let saved = browser
        .post("/console/settings/retention", &retention)
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let people = [
        ("roles", "it-admin: [ada@contoso.example]"),
        (
            "oidc",
            "issuer: https://id.example\naudience: sando\ngroups: { it: [operator] }",
        ),
    ];
    let saved = browser.post("/console/settings/people", &people).await;
    assert_eq!(saved.status, 303, "{}", saved.text);

    let path = "/console/settings/review";
    let never = browser.post(path, &[("review_every_days", "0")]).await;
    assert_eq!(never.status, 422, "{}", never.text);
    let saved = browser.post(path, &[("review_every_days", "91")]).await;
    assert_eq!(saved.status, 303, "{}", saved.text);

    let settings = world.get("/v1/settings").await.expect(200);
    assert_eq!(settings["review_every_days"], 91);
    assert_eq!(settings["removals_per_hour"], 25);
    assert_eq!(settings["guard"], json!({ "users": 3, "percent": 30 }));
    assert_eq!(settings["movers_per_hour"], 7);
    assert_eq!(settings["movers_percent"], 4);
    assert_eq!(settings["retention"]["candidates_days"], 90);
    assert_eq!(settings["retention"]["dropped_users_days"], 60);
    assert_eq!(
        settings["roles"],
        json!({ "it-admin": ["ada@contoso.example"] })
    );
    assert_eq!(settings["oidc"]["audience"], "sando");
}

#[tokio::test]
async fn settings_that_cannot_be_are_told_where_they_were_typed_and_change_nothing() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let settings = world.get("/v1/settings").await.expect(200);

    let wrong = browser
        .post(
            "/console/settings/guards",
            &[("removals_per_hour", "many"), ("movers_per_hour", "7")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("value=\"many\""), "{}", wrong.text);
    let wrong = browser
        .post(
            "/console/settings/people",
            &[("roles", "- a"), ("oidc", "issuer: 1")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(world.get("/v1/settings").await.expect(200), settings);
}

#[tokio::test]
async fn a_key_is_shown_once_and_forgotten_for_good() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let none = browser
        .post("/console/settings/keys", &[("name", "job")])
        .await;
    assert_eq!(none.status, 422, "without a scope");
    let made = [
        ("name", "job"),
        ("scope", "read"),
        ("scope", "operate"),
        ("roles", "it-admin, ops"),
    ];
    let made = browser.post("/console/settings/keys", &made).await;
    let secret = between(&made.text, "data-copy=\"", "\"")
        .unwrap()
        .to_owned();
    assert!(secret.starts_with("sk_"), "{}", made.text);

    let page = browser.get("/console/settings").await;
    assert!(
        page.text.contains("read, operate") && page.text.contains("it-admin, ops"),
        "{}",
        page.text
    );
    assert!(!page.text.contains(&secret));
    let mut other = Browser::signed_in(&world, &secret).await;
    assert_eq!(other.get("/console").await.status, 200);
    let forget = between(&page.text, "action=\"/console/settings/keys/", "/forget\"").unwrap();
    let forget = format!("/console/settings/keys/{forget}/forget");
    assert_eq!(browser.post(&forget, &[]).await.status, 303);
    assert_eq!(
        other.get("/console").await.status,
        303,
        "its session is over"
    );
}

#[tokio::test]
async fn a_key_whose_form_is_sent_again_is_made_once_and_shown_once() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let page = browser.get("/console/settings").await.text;
    let form = between(&page, "action=\"/console/settings/keys\"", "</form>").unwrap();
    let once = between(form, "name=\"once\" value=\"", "\"").expect(form);
    let fields = [("once", once), ("name", "job"), ("scope", "read")];

    let made = browser.post("/console/settings/keys", &fields).await;
    let again = browser.post("/console/settings/keys", &fields).await;
    let told = browser.get("/console/settings").await.text;

    assert_eq!(made.status, 200, "{}", made.text);
    assert!(made.text.contains("data-copy=\"sk_"), "{}", made.text);
    assert_eq!(again.status, 303, "{}", again.text);
    assert_eq!(again.header("location"), "/console/settings");
    assert!(told.contains("This key was made already"), "{told}");
    let keys = world.get("/v1/keys").await.expect(200);
    assert_eq!(keys["items"].as_array().unwrap().len(), 1, "{keys}");
}
