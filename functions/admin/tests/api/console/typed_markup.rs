//! Markup that people type, and that answers from outside bring, shows as text where it is read again.

use serde_json::{Value, json};

use super::markup::{MARKUP, all_text, shown_as_text};
use super::{Browser, Fixture, between, everything};
use crate::builder::definition;
use crate::world::{World, world};

/// An administrator who is asked as well.
async fn decider(world: &World) -> Browser<'_> {
    let key = json!({ "name": "a decider", "scopes": ["admin"], "roles": ["it-admin"] });
    let key = world.post("/v1/keys", key).await.expect(201);
    Browser::signed_in(world, key["secret"].as_str().unwrap()).await
}

/// Sends a form, which is taken.
async fn send(browser: &mut Browser<'_>, path: &str, fields: super::Fields<'_>) {
    let sent = browser.post(path, fields).await;
    assert_eq!(sent.status, 303, "{path}: {}", sent.text);
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The pages of the records about somebody.
async fn records_of(world: &World, person: &str) -> Vec<String> {
    let path = format!("/v1/audit?stream=person/{person}&limit=200");
    let records = world.get(&path).await.expect(200);
    let records = records["items"].as_array().unwrap().iter();
    records
        .map(|record| format!("/console/audit/person/{person}/{}", record["seq"]))
        .collect()
}

/// Somebody else is named, it is allowed, it is refused by the application, tried again, and left out.
async fn decide_and_skip(world: &World, fixture: &Fixture, browser: &mut Browser<'_>) {
    *world.fakes.refuses.lock().unwrap() = true;
    *world.fakes.says.lock().unwrap() = Some(MARKUP.to_owned());
    let approval = fixture.fill("/approvals/{id}");
    let plan = fixture.approval["plan_hash"].as_str().unwrap();
    let until = ("until", "2027-01-06T09:00");
    let to = [
        ("decision", "delegate"),
        ("plan", plan),
        ("to", MARKUP),
        until,
    ];
    send(browser, &approval, &to).await;
    let yes = [("decision", "approve"), ("plan", plan), ("reason", MARKUP)];
    send(browser, &approval, &yes).await;
    world.pass(60).await;
    // Whom it was delegated to, and why it was allowed.
    all_text(browser, &[(approval, 2)]).await;

    let run = fixture.fill("/console/runs/{id}");
    // The attempt, and why the step failed.
    all_text(browser, &[(run.clone(), 2)]).await;
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let tasks = tasks["items"].as_array().unwrap();
    let failed: Option<&Value> = tasks.iter().find(|task| task["app"] == "figma");
    let task = failed.expect("a task for what failed")["id"]
        .as_str()
        .unwrap();
    all_text(browser, &[(format!("/console/tasks/{task}"), 1)]).await;

    let step = fixture.fill("/console/runs/{id}/steps/{step}");
    send(browser, &format!("{step}/retry"), &[("reason", MARKUP)]).await;
    world.pass(60).await;
    send(browser, &format!("{step}/skip"), &[("reason", MARKUP)]).await;
    all_text(browser, &[(run, 2)]).await;
}

#[tokio::test]
async fn what_people_write_by_hand_is_text_wherever_it_is_read() {
    let (world, fixture) = everything().await;
    let mut browser = decider(&world).await;
    decide_and_skip(&world, &fixture, &mut browser).await;
    let complete = fixture.fill("/console/tasks/{id}/complete");
    send(&mut browser, &complete, &[("reason", MARKUP)]).await;
    let pause = [("what", "all"), ("reason", MARKUP)];
    send(&mut browser, "/console/pause", &pause).await;
    let user = "/console/accounts/acme/prod/users/b";
    let link = [("person", fixture.person.as_str()), ("reason", MARKUP)];
    send(&mut browser, &format!("{user}/person"), &link).await;

    let pages = [
        ("/console/pause".to_owned(), 1),
        (user.to_owned(), 1),
        // Decided, tried again, left out, done.
        (fixture.fill("/console/people/{id}"), 4),
        ("/console".to_owned(), 0),
        ("/console/inbox?view=decided".to_owned(), 0),
    ];
    all_text(&mut browser, &pages).await;
    let mut times = 0;
    for path in records_of(&world, &fixture.person).await {
        times += shown_as_text(&path, &browser.get(&path).await.text);
    }
    assert!(times >= 4, "{times} records show it");
}

#[tokio::test]
async fn why_a_run_was_cancelled_is_text() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let run = fixture.fill("/console/runs/{id}");

    send(
        &mut browser,
        &format!("{run}/cancel"),
        &[("reason", MARKUP)],
    )
    .await;

    let person = fixture.fill("/console/people/{id}");
    all_text(&mut browser, &[(run, 1), (person, 1)]).await;
}

#[tokio::test]
async fn what_is_asked_for_in_an_address_comes_back_as_text() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let query = encoded(MARKUP);

    let pages = [
        "find?q",
        "audit?who",
        "audit?did",
        "audit?to",
        "people?department",
    ]
    .map(|asked| (format!("/console/{asked}={query}"), 1));
    all_text(&mut browser, &pages).await;
}

#[tokio::test]
async fn what_lever_and_a_provisioner_refuse_with_is_text() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    *world.fakes.says.lock().unwrap() = Some(MARKUP.to_owned());
    *world.fakes.lever_is_down.lock().unwrap() = true;
    *world.fakes.refuses.lock().unwrap() = true;

    for path in [
        "/console/settings/lever/test",
        "/console/apps/figma/provisioner/test",
    ] {
        let tested = browser.post(path, &[]).await;
        assert_eq!(tested.status, 200, "{path}: {}", tested.text);
        assert!(shown_as_text(path, &tested.text) >= 1, "{}", tested.text);
    }
    all_text(&mut browser, &[("/console/settings".to_owned(), 0)]).await;
}

#[tokio::test]
async fn who_signs_in_at_the_provider_and_what_it_says_are_text() {
    let world = world();
    let settings = json!({ "oidc": { "issuer": "https://id.example", "audience": "sando",
        "client_id": "console", "client_secret": "s3cret", "groups": { "viewers": ["viewer"] } } });
    world.put("/v1/settings", settings).await.expect(200);
    *world.fakes.says.lock().unwrap() = Some(format!("{MARKUP}@contoso.example"));
    let back = "/console/sign-in/callback";

    let mut browser = Browser::new(&world);
    let sent = browser.get("/console/sign-in/provider").await;
    let state = sent.header("location").split("state=").nth(1).unwrap();
    let entered = browser
        .get(&format!("{back}?state={state}&code=viewers"))
        .await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    // In the rail.
    all_text(&mut browser, &[("/console/people".to_owned(), 1)]).await;

    let mut other = Browser::new(&world);
    let query = encoded(MARKUP);
    for asked in ["error", "state", "code"] {
        let answer = other.get(&format!("{back}?{asked}={query}")).await;
        assert!(answer.status.is_client_error(), "{}", answer.text);
        shown_as_text(asked, &answer.text);
    }
}

/// What a browser sends of the test step, with the values for the test.
async fn tested(browser: &mut Browser<'_>) -> String {
    let page = browser.get("/console/builder/acme/test").await.text;
    let seen = between(&page, "name=\"seen\" value=\"", "\"").expect(&page);
    let fields = [
        ("from", "test"),
        ("do", "test"),
        ("seen", seen),
        ("variables.domain", "contoso"),
        ("credentials.token", "sk-secret"),
        ("credentials.tenant", "t-hidden"),
    ];
    let tested = browser.post("/console/builder/acme/test", &fields).await;
    assert_eq!(tested.status, 200, "{}", tested.text);
    tested.text
}

#[tokio::test]
async fn the_panel_of_a_test_shows_a_hostile_answer_as_text() {
    let world = world();
    let mut file = definition();
    file["definition"] = json!("acme");
    file["map"]["full_name"] = json!("name");
    file["map"]["role"] = json!("role");
    world.put("/v1/drafts/acme", file).await.expect(201);
    let headers = [("Link", MARKUP), ("X-Said", MARKUP)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    *world.fakes.answers_with.lock().unwrap() = headers.into();
    world.serve(vec![
        json!({ "id": "h", "mail": "h@contoso.example", "name": MARKUP, "role": MARKUP, "state": MARKUP }),
        // Left out, with a reason, since it has no id.
        json!({ "mail": MARKUP, "name": MARKUP, "state": "on", MARKUP: MARKUP }),
    ]);
    let mut browser = Browser::admin(&world).await;

    let answered = tested(&mut browser).await;
    *world.fakes.says.lock().unwrap() = Some(MARKUP.to_owned());
    world.refuse_reading(Some(400));
    let refused = tested(&mut browser).await;

    // The answer as it came, the rows of the preview with name and role, and each row as it was received.
    let times = shown_as_text("answered", &answered);
    assert!(times >= 8, "{times}: {answered}");
    assert!(shown_as_text("refused", &refused) >= 1, "{refused}");
}
