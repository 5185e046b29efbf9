//! What somebody else saved meanwhile is never written over unseen: the page says so, and keeps what was typed.

use serde_json::json;

use super::builder::{of_form, with};
use super::{Browser, between, everything};
use crate::builder::{connected, definition, given};
use crate::world::{Answer, world};

/// The version that a page shows.
fn seen(page: &str) -> String {
    let found = between(page, "name=\"seen\" value=\"", "\"");
    found.expect("a page that shows a version").to_owned()
}

#[tokio::test]
async fn a_file_that_somebody_else_saved_meanwhile_is_not_written_over() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/policies/engineering";
    let changes = format!("{place}/changes");
    let opened = seen(&browser.get(place).await.text);
    let theirs = json!({ "grants": [{ "app": "desk", "role": "theirs" }] });
    let mine = json!({ "grants": [{ "app": "figma", "role": "mine" }] }).to_string();
    world
        .put("/v1/policies/engineering", theirs)
        .await
        .expect(200);

    let old = [
        ("file", mine.as_str()),
        ("seen", opened.as_str()),
        ("days", "30"),
    ];
    let refused = browser.post(&changes, &old).await;
    let saved = browser.post(place, &old).await;
    let events = browser.post(&format!("{place}/events"), &old).await;

    for answer in [&refused, &saved, &events] {
        assert_eq!(answer.status, 412, "{}", answer.text);
        for text in [
            "Somebody else changed the policy engineering after you opened it.",
            "role: theirs",
            "&quot;mine&quot;",
        ] {
            assert!(answer.text.contains(text), "{text}: {}", answer.text);
        }
    }
    let stored = world.get("/v1/policies/engineering").await.expect(200);
    assert_eq!(stored["grants"][0]["role"], "theirs");

    let now = seen(&refused.text);
    assert_ne!(now, opened);
    let plan = browser
        .post(&changes, &[("file", &mine), ("seen", &now)])
        .await;
    assert_eq!(plan.status, 200, "{}", plan.text);
    assert_eq!(seen(&plan.text), now, "the plan brings it along");
    let hash = between(&plan.text, "name=\"plan\" value=\"", "\"").expect(&plan.text);
    let saved = browser
        .post(place, &[("file", &mine), ("seen", &now), ("plan", hash)])
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    world.pass(60).await;
    let stored = world.get("/v1/policies/engineering").await.expect(200);
    assert_eq!(stored["grants"][0]["role"], "mine");
}

#[tokio::test]
async fn a_new_file_is_not_written_over_one_that_came_meanwhile_nor_over_none() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let file = json!({ "grants": [{ "app": "desk" }] });
    let new = browser.get("/console/new/policies?id=makers").await.text;
    let (new, text) = (seen(&new), file.to_string());
    let fields = [("file", text.as_str()), ("seen", new.as_str())];

    world.put("/v1/policies/makers", file).await.expect(201);
    let there = browser
        .post("/console/policies/makers/changes", &fields)
        .await;
    let shown = seen(&there.text);
    world.delete("/v1/policies/makers").await.expect(204);
    let fields = [("file", text.as_str()), ("seen", shown.as_str())];
    let gone = browser
        .post("/console/policies/makers/changes", &fields)
        .await;

    assert_eq!(there.status, 412, "{}", there.text);
    assert_eq!(gone.status, 412, "{}", gone.text);
    assert!(gone.text.contains("It was deleted."), "{}", gone.text);
    assert_eq!(seen(&gone.text), "0");
}

#[tokio::test]
async fn settings_that_somebody_else_saved_meanwhile_are_not_written_over() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let opened = seen(&browser.get("/console/settings").await.text);
    let guards = [
        ("removals_per_hour", "25"),
        ("movers_per_hour", "7"),
        ("movers_percent", "4"),
        ("guard_users", "3"),
        ("guard_percent", "30"),
        ("seen", opened.as_str()),
    ];
    let first = browser.post("/console/settings/guards", &guards).await;
    assert_eq!(first.status, 303, "{}", first.text);
    let settings = world.get("/v1/settings").await.expect(200);
    let people = |seen: &str| {
        [
            ("roles", "it-admin: [ada@contoso.example]".to_owned()),
            ("oidc", String::new()),
            ("seen", seen.to_owned()),
        ]
    };
    let place = [
        ("public_url", "https://sando.example"),
        ("seen", opened.as_str()),
    ];
    let mail = [("mail_from", ""), ("seen", opened.as_str())];

    let late = people(&opened);
    let late: Vec<(&str, &str)> = late
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let late = browser.post("/console/settings/people", &late).await;
    let place = browser.post("/console/settings/place", &place).await;
    let mail = browser.post("/console/settings/notification", &mail).await;

    for answer in [&late, &place, &mail] {
        assert_eq!(answer.status, 412, "{}", answer.text);
        assert!(
            answer.text.contains("Somebody else saved the settings"),
            "{}",
            answer.text
        );
    }
    assert!(
        late.text.contains("ada@contoso.example"),
        "what was typed is kept"
    );
    assert_eq!(world.get("/v1/settings").await.expect(200), settings);

    let again = people(&seen(&late.text));
    let again: Vec<(&str, &str)> = again
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let again = browser.post("/console/settings/people", &again).await;
    assert_eq!(again.status, 303, "{}", again.text);
}

/// The account that a page says is replaced.
fn shown(page: &str) -> String {
    let found = between(page, "name=\"shown\" value=\"", "\"");
    found.expect("a page that shows an account").to_owned()
}

#[tokio::test]
async fn only_the_account_that_was_shown_is_replaced() {
    let world = connected().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/connect/acme";
    let mut mine = vec![
        ("account", "prod"),
        ("variables.domain", "contoso"),
        ("credentials.token", "sk-mine"),
        ("credentials.tenant", "t-mine"),
    ];
    let stored = || {
        let kept = world.fakes.secrets.of("account/acme/prod").unwrap();
        kept.credentials["token"].clone()
    };
    let taken = browser.post(place, &mine).await;
    let opened = shown(&taken.text);
    let mut theirs = given();
    theirs["replace"] = json!(true);
    let theirs = world.put("/v1/accounts/acme/prod", theirs).await;
    theirs.expect(200);

    mine.extend([("replace", "prod"), ("shown", opened.as_str())]);
    let late = browser.post(place, &mine).await;
    assert_eq!(late.status, 409, "{}", late.text);
    assert_eq!(stored(), "sk-secret");

    let now = shown(&late.text);
    assert_ne!(now, opened);
    mine.pop();
    mine.push(("shown", now.as_str()));
    let replaced = browser.post(place, &mine).await;
    assert_eq!(replaced.status, 303, "{}", replaced.text);
    assert_eq!(stored(), "sk-mine");
}

/// Since when the credentials are set that a page asks to replace.
fn since(page: &str) -> String {
    let found = between(page, "name=\"since\" value=\"", "\"");
    found.expect("a page that says since when").to_owned()
}

fn renewed<'a>(token: &'a str, since: &'a str) -> [(&'a str, &'a str); 3] {
    let tenant = ("credentials.tenant", "t-new");
    [("credentials.token", token), tenant, ("since", since)]
}

#[tokio::test]
async fn credentials_that_were_set_meanwhile_are_not_replaced_unseen() {
    let world = connected().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/accounts/acme/prod/credentials";
    let stored = || {
        let kept = world.fakes.secrets.of("account/acme/prod").unwrap();
        kept.credentials["token"].clone()
    };
    let opened = since(&browser.get(place).await.text);
    world.pass(60).await;
    let theirs = browser.post(place, &renewed("sk-theirs", &opened)).await;
    assert_eq!(theirs.status, 303, "{}", theirs.text);
    world.pass(60).await;

    let late = browser.post(place, &renewed("sk-mine", &opened)).await;
    assert_eq!(late.status, 412, "{}", late.text);
    for text in [
        "Somebody set other credentials",
        "stream=account%2Facme%2Fprod",
    ] {
        assert!(late.text.contains(text), "{text}: {}", late.text);
    }
    assert!(!late.text.contains("sk-mine"), "{}", late.text);
    assert_eq!(stored(), "sk-theirs");

    let now = since(&late.text);
    let again = browser.post(place, &renewed("sk-mine", &now)).await;
    assert_eq!(again.status, 303, "{}", again.text);
    assert_eq!(stored(), "sk-mine");
}

const DRAFT: &str = "/v1/drafts/acme";

async fn send(browser: &mut Browser<'_>, path: &str, fields: &[(String, String)]) -> Answer {
    let fields = fields.iter();
    let fields: Vec<(&str, &str)> = fields
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser.post(path, &fields).await
}

#[tokio::test]
async fn a_draft_that_somebody_else_saved_meanwhile_is_not_written_over() {
    let world = world();
    let draft = |name: &str| json!({ "definition": "acme", "app": "acme", "name": name });
    world.put(DRAFT, draft("Acme")).await.expect(201);
    let mut browser = Browser::operator(&world).await;
    let general = browser.get("/console/builder/acme/general").await;
    let mut mine = of_form(&general.text, "step-form");
    with(&mut mine, "f:/name", "Mine");
    world.put(DRAFT, draft("Theirs")).await.expect(200);

    let late = send(&mut browser, "/console/builder/acme/auth", &mine).await;

    assert_eq!(late.status, 412, "{}", late.text);
    for text in [
        "saved this draft after you opened it",
        "name: Theirs",
        "value=\"Mine\"",
        "which application, and where is it?",
        "Not saved",
    ] {
        assert!(late.text.contains(text), "{text}: {}", late.text);
    }
    assert_eq!(world.get(DRAFT).await.expect(200)["name"], "Theirs");

    let mine = of_form(&late.text, "step-form");
    let saved = send(&mut browser, "/console/builder/acme/auth", &mine).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert_eq!(world.get(DRAFT).await.expect(200)["name"], "Mine");
}

#[tokio::test]
async fn nobody_is_held_up_by_what_they_saved_themselves_while_typing() {
    let world = world();
    let draft = json!({ "definition": "acme", "app": "acme" });
    world.put(DRAFT, draft).await.expect(201);
    let mut browser = Browser::operator(&world).await;
    let general = "/console/builder/acme/general";
    let mut mine = of_form(&browser.get(general).await.text, "step-form");

    for name in ["Acm", "Acme"] {
        with(&mut mine, "f:/name", name);
        let saved = send(&mut browser, general, &mine).await;
        assert_eq!(saved.status, 200, "{name}: {}", saved.text);
    }

    assert_eq!(world.get(DRAFT).await.expect(200)["name"], "Acme");
}

/// The versions of draft and definition for which a review offers to save.
fn reviewed(page: &str) -> [(&'static str, String); 2] {
    let form = between(page, "action=\"/console/builder/acme/save\"", "</form>").expect(page);
    ["seen", "replaces"].map(|name| {
        let value = between(form, &format!("name=\"{name}\" value=\""), "\"");
        (name, value.expect(form).to_owned())
    })
}

/// Saves or discards the draft as a review offers it.
async fn end(browser: &mut Browser<'_>, verb: &str, of: &[(&'static str, String); 2]) -> Answer {
    let fields = of.each_ref().map(|(name, value)| (*name, value.as_str()));
    let path = format!("/console/builder/acme/{verb}");
    browser.post(&path, &fields).await
}

#[tokio::test]
async fn a_draft_is_published_and_discarded_only_as_it_was_shown() {
    let world = world();
    let place = "/v1/definitions/acme";
    let named = |name: &str| {
        let mut file = definition();
        file["definition"] = json!("acme");
        file["name"] = json!(name);
        file
    };
    world.put(place, named("First")).await.expect(201);
    let mut browser = Browser::operator(&world).await;
    let mut admin = Browser::admin(&world).await;
    let begun = [("id", "acme"), ("from", "definition")];
    browser.post("/console/builder", &begun).await;
    let opened = admin.get("/console/builder/acme/review").await;
    let opened = reviewed(&opened.text);

    world.put(DRAFT, named("Second")).await.expect(200);
    for verb in ["save", "discard"] {
        let late = end(&mut admin, verb, &opened).await;
        assert_eq!(late.status, 412, "{verb}: {}", late.text);
        let said = "saved this draft after you opened this page";
        assert!(late.text.contains(said), "{verb}: {}", late.text);
    }
    assert_eq!(world.get(place).await.expect(200)["name"], "First");
    assert_eq!(world.get(DRAFT).await.expect(200)["name"], "Second");

    let opened = admin.get("/console/builder/acme/review").await;
    let opened = reviewed(&opened.text);
    world.put(place, named("Third")).await.expect(200);
    let late = end(&mut admin, "save", &opened).await;
    assert_eq!(late.status, 412, "{}", late.text);
    for text in ["saved version 2 of this definition", "name: Third"] {
        assert!(late.text.contains(text), "{text}: {}", late.text);
    }
    assert_eq!(world.get(place).await.expect(200)["name"], "Third");

    let saved = end(&mut admin, "save", &reviewed(&late.text)).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    assert_eq!(world.get(place).await.expect(200)["name"], "Second");
    world.get(DRAFT).await.expect(404);
}
