//! The builder: form and file are one thing, the panel tells why, and nothing but the draft is stored.

use std::path::Path;

use serde_json::{Value, json};

use super::{Browser, Fields, between};
use crate::builder::row;
use crate::world::{Answer, World, world};

const STEPS: [&str; 5] = ["general", "auth", "endpoint", "test", "fields"];

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&quot;", "\"").replace("&amp;", "&")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    between(tag, &format!(" {name}=\""), "\"").map(unescaped)
}

/// What a browser sends of the form of a step in which nothing was changed.
fn fields(page: &str) -> Vec<(String, String)> {
    of_form(page, "step-form")
}

/// What a browser sends of a form in which nothing was changed.
pub(super) fn of_form(page: &str, id: &str) -> Vec<(String, String)> {
    let form = between(page, &format!("id=\"{id}\""), "</form>").expect(page);
    let mut fields = Vec::new();
    for part in form.split('<').skip(1) {
        let Some((tag, text)) = part.split_once('>') else {
            continue;
        };
        let name = attribute(tag, "name");
        match (tag.split_whitespace().next(), name) {
            (Some("input"), Some(name)) => {
                let is_box = tag.contains("type=\"checkbox\"");
                if !is_box || tag.contains(" checked") {
                    fields.push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
            (Some("textarea"), Some(name)) => {
                // What a browser does with lines.
                let text = unescaped(text).replace("\r\n", "\n");
                let text = text.replace('\n', "\r\n");
                fields.push((name, text));
            }
            (Some("select"), Some(name)) => fields.push((name, String::from("\u{0}"))),
            (Some("option"), _) => {
                let value = attribute(tag, "value").unwrap();
                let (_, chosen) = fields.last_mut().unwrap();
                if *chosen == "\u{0}" || tag.contains(" selected") {
                    *chosen = value;
                }
            }
            _ => {}
        }
    }
    fields
}

pub(super) fn with(fields: &mut [(String, String)], name: &str, value: &str) {
    let found = fields.iter_mut().find(|(known, _)| known == name);
    assert!(found.is_some(), "the form has no `{name}`");
    let (_, old) = found.unwrap();
    value.clone_into(old);
}

struct Wizard<'a> {
    browser: Browser<'a>,
    world: &'a World,
    id: &'a str,
}

impl<'a> Wizard<'a> {
    async fn of(world: &'a World, id: &'a str) -> Self {
        let browser = Browser::admin(world).await;
        Self { browser, world, id }
    }

    fn place(&self, step: &str) -> String {
        format!("/console/builder/{}/{step}", self.id)
    }

    async fn look(&mut self, step: &str) -> Answer {
        let place = self.place(step);
        let page = self.browser.get(&place).await;
        assert_eq!(page.status, 200, "{place}: {}", page.text);
        page
    }

    async fn send(&mut self, to: &str, fields: &[(String, String)], more: Fields<'_>) -> Answer {
        let fields = fields.iter().filter(|(name, _)| name != "csrf");
        let mut fields: Vec<(&str, &str)> = fields
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.extend(more);
        let place = self.place(to);
        self.browser.post(&place, &fields).await
    }

    /// Fills in a step, by names of fields, and goes to another one.
    async fn fill(&mut self, step: &str, to: &str, filled: Fields<'_>, more: Fields<'_>) -> Answer {
        let mut all = fields(&self.look(step).await.text);
        for (name, value) in filled {
            with(&mut all, name, value);
        }
        self.send(to, &all, more).await
    }

    async fn draft(&self) -> Value {
        self.world
            .get(&format!("/v1/drafts/{}", self.id))
            .await
            .expect(200)
    }
}

#[tokio::test]
async fn every_definition_of_the_catalogue_goes_through_the_form_unchanged() {
    let world = world();
    let catalogue = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue");
    let mut count = 0;
    for entry in std::fs::read_dir(catalogue).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        count += 1;
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut wizard = Wizard::of(&world, &id).await;
        let begun = [("id", id.as_str()), ("from", "catalogue")];
        let begun = wizard.browser.post("/console/builder", &begun).await;
        assert_eq!(begun.status, 303, "{id}: {}", begun.text);
        let before = wizard.draft().await;
        for step in STEPS {
            let sent = fields(&wizard.look(step).await.text);
            let answer = wizard.send(step, &sent, &[]).await;
            assert_eq!(answer.status, 200, "{id} {step}: {}", answer.text);
            assert_eq!(wizard.draft().await, before, "{id} {step}");
        }
        // And so does its file.
        let sent = fields(&wizard.look("yaml").await.text);
        wizard.send("review", &sent, &[]).await;
        assert_eq!(wizard.draft().await.to_string(), before.to_string(), "{id}");
        let review = wizard.look("review").await;
        assert!(
            review.text.contains("is complete and can be saved"),
            "{id}: {}",
            review.text
        );
    }
    assert!(count > 20, "{count}");
}

/// General, sign-in and endpoint of an application that nobody has seen.
async fn describe(wizard: &mut Wizard<'_>) {
    wizard
        .browser
        .post("/console/builder", &[("id", "acme")])
        .await;
    let general = [
        ("f:/name", "Acme"),
        ("f:/base_url", "https://{domain}.acme.example"),
        (
            "y:/variables",
            "domain: { label: Subdomain }\r\ntenant: { secret: true }",
        ),
    ];
    let auth = wizard.fill("general", "auth", &general, &[]).await;
    assert!(
        auth.text.contains("how do its requests authenticate?"),
        "{}",
        auth.text
    );
    wizard
        .fill("auth", "auth", &[("v:/auth", "bearer")], &[])
        .await;
    let endpoint = [("f:/users/path", "/users")];
    wizard.fill("endpoint", "test", &endpoint, &[]).await;
}

/// The test works before anything is mapped, and its answer goes on with the form.
async fn try_it(wizard: &mut Wizard<'_>) -> Answer {
    let mut asked = fields(&wizard.look("test").await.text);
    with(&mut asked, "variables.domain", "contoso");
    with(&mut asked, "credentials.token", "sk-secret");
    with(&mut asked, "credentials.tenant", "t-hidden");
    let tested = wizard.send("test", &asked, &[("do", "test")]).await;
    for expected in [
        "https://contoso.acme.example/users",
        "value=\"use:users.response_path\"",
    ] {
        assert!(
            tested.text.contains(expected),
            "{expected}: {}",
            tested.text
        );
    }
    assert!(!tested.text.contains("sk-secret") && !tested.text.contains("t-hidden"));
    let used = fields(&tested.text);
    let used = wizard.send("fields", &used, &[("do", "use-all")]).await;
    assert_eq!(wizard.draft().await["users"]["response_path"], "users");
    assert_eq!(wizard.draft().await["map"]["email"], "mail");
    used
}

/// The fields, with what the preview says of them.
async fn map(wizard: &mut Wizard<'_>, used: &Answer) {
    let mut mapping = fields(&used.text);
    with(&mut mapping, "f:/map/external_id", "id");
    with(&mut mapping, "f:/custom_fields/cost", "state");
    with(&mut mapping, "c:/status/active_when.0.path", "state");
    with(&mut mapping, "c:/status/active_when.0.value", "on");
    let mapped = wizard.send("fields", &mapping, &[]).await;
    let expected = [
        "1 active",
        "1 deleted",
        "1 left out",
        "rule 1 wants `on`",
        "is not a number",
    ];
    for expected in expected {
        assert!(
            mapped.text.contains(expected),
            "{expected}: {}",
            mapped.text
        );
    }
    wizard.send("review", &fields(&mapped.text), &[]).await;
}

#[tokio::test]
async fn an_integration_is_built_in_six_steps_and_connected() {
    let world = world();
    world.serve(vec![
        row("a", "on"),
        row("b", "off"),
        json!({ "id": "c", "state": "on" }),
    ]);
    let app = json!({ "name": "Acme", "custom_fields": { "team": "text", "cost": "number" } });
    world.put("/v1/apps/acme", app).await.expect(201);
    let mut wizard = Wizard::of(&world, "acme").await;

    describe(&mut wizard).await;
    let used = try_it(&mut wizard).await;
    map(&mut wizard, &used).await;
    let saved = wizard.browser.post("/console/builder/acme/save", &[]).await;
    assert_eq!(
        saved.header("location"),
        "/console/integrations/acme",
        "{}",
        saved.text
    );

    let stored = world.get("/v1/definitions/acme").await.expect(200);
    let when = json!([{ "path": "state", "op": "is", "value": "on" }]);
    assert_eq!(stored["status"]["active_when"], when);
    assert_eq!(stored["auth"], json!({ "type": "bearer" }));
    world.get("/v1/drafts/acme").await.expect(404);
    assert!(world.fakes.secrets.is_empty());
    let connect = [
        ("account", "prod"),
        ("variables.domain", "contoso"),
        ("credentials.token", "sk-secret"),
        ("credentials.tenant", "t"),
    ];
    let connected = wizard.browser.post("/console/connect/acme", &connect).await;
    assert_eq!(connected.status, 303, "{}", connected.text);
    world.pass(1).await;
    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    assert_eq!(account["users"], 2);
}

#[tokio::test]
async fn headers_of_the_answer_say_where_the_next_page_is() {
    let world = world();
    world.serve(vec![row("a", "on")]);
    let headers = [
        ("Link", "</users?page=2>; rel=\"next\""),
        ("Set-Cookie", "session=s3cret"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    *world.fakes.answers_with.lock().unwrap() = headers.into();
    let mut wizard = Wizard::of(&world, "acme").await;
    describe(&mut wizard).await;

    let mut asked = fields(&wizard.look("test").await.text);
    with(&mut asked, "variables.domain", "contoso");
    with(&mut asked, "credentials.token", "sk-secret");
    with(&mut asked, "credentials.tenant", "t-hidden");
    let tested = wizard.send("test", &asked, &[("do", "test")]).await;
    let used = fields(&tested.text);
    let wanted = [("do", "use:users.pagination")];
    wizard.send("endpoint", &used, &wanted).await;

    assert!(!tested.text.contains("s3cret"), "{}", tested.text);
    let paging = json!({ "type": "next_url", "link_header": "next" });
    assert_eq!(wizard.draft().await["users"]["pagination"], paging);
}

#[tokio::test]
async fn conditions_are_rows_with_rows_for_items_of_a_list() {
    let world = world();
    let file = json!({ "definition": "acme", "app": "acme",
        "licenses": { "conditions": [{ "name": "Seat", "when": [{ "path": "licenses", "op": "some",
            "where": [{ "path": "plan", "op": "is", "value": "pro" }] }] }] },
        "status": { "active_when": [{ "any": [[{ "path": "a", "op": "has_value" }]] }] } });
    world.put("/v1/drafts/acme", file.clone()).await.expect(201);
    let mut wizard = Wizard::of(&world, "acme").await;

    let page = wizard.look("fields").await;
    assert!(page.text.contains("some (array contains)"), "{}", page.text);
    assert!(
        page.text.contains("Shown as YAML"),
        "alternatives have no rows: {}",
        page.text
    );
    let mut sent = fields(&page.text);
    let at = "g:/licenses/conditions.0.when.0.where.1";
    with(&mut sent, &format!("{at}.path"), "state");
    with(&mut sent, &format!("{at}.op"), "any_of");
    with(&mut sent, &format!("{at}.value"), "on, active");
    wizard.send("fields", &sent, &[]).await;

    let draft = wizard.draft().await;
    let inner = &draft["licenses"]["conditions"][0]["when"][0]["where"];
    let wanted = json!([{ "path": "plan", "op": "is", "value": "pro" }, { "path": "state", "op": "any_of", "value": ["on", "active"] }]);
    assert_eq!(*inner, wanted);
    assert_eq!(draft["status"], file["status"]);
    // A row is taken away by its button.
    let page = wizard.look("fields").await;
    let gone = format!("remove:{}", "g:/licenses/conditions.0.when.0.where.0");
    wizard
        .send("fields", &fields(&page.text), &[("do", &gone)])
        .await;
    let draft = wizard.draft().await;
    let inner = &draft["licenses"]["conditions"][0]["when"][0]["where"];
    assert_eq!(inner.as_array().unwrap().len(), 1);
    assert_eq!(inner[0]["path"], "state");
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_as_it_was_typed_and_changes_nothing() {
    let world = world();
    world
        .put(
            "/v1/drafts/acme",
            json!({ "app": "acme", "variables": { "domain": null } }),
        )
        .await
        .expect(201);
    let mut wizard = Wizard::of(&world, "acme").await;

    let wrong = wizard
        .fill(
            "general",
            "auth",
            &[("y:/variables", "a: [1"), ("f:/name", "Acme")],
            &[],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("a: [1"), "{}", wrong.text);
    assert!(
        wrong.text.contains("which application, and where is it?"),
        "the same step again"
    );
    let draft = wizard.draft().await;
    assert_eq!(draft["variables"], json!({ "domain": null }));
    assert_eq!(draft["name"], "Acme", "what can be read is saved");

    let wrong = wizard
        .fill("yaml", "review", &[("text", "- a\n- b")], &[])
        .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong
            .text
            .contains("A definition is an object with fields."),
        "{}",
        wrong.text
    );
    let secret = wizard
        .fill(
            "yaml",
            "review",
            &[("text", "app: a\ncredentials: { token: sk-secret }")],
            &[],
        )
        .await;
    assert_eq!(secret.status, 422);
    assert_eq!(wizard.draft().await, draft);
}

#[tokio::test]
async fn a_choice_keeps_what_the_types_share() {
    let world = world();
    let auth = json!({ "type": "oauth2_client_credentials", "token_url": "https://a.example/t", "scopes": ["a", "b"], "grant_type": "x" });
    world
        .put("/v1/drafts/acme", json!({ "app": "acme", "auth": auth }))
        .await
        .expect(201);
    let mut wizard = Wizard::of(&world, "acme").await;

    let page = wizard
        .fill(
            "auth",
            "auth",
            &[("v:/auth", "oauth2_authorization_code")],
            &[],
        )
        .await;

    let draft = wizard.draft().await;
    assert_eq!(
        draft["auth"],
        json!({ "type": "oauth2_authorization_code", "token_url": "https://a.example/t", "scopes": ["a", "b"] })
    );
    assert!(
        page.text.contains("https://sando.example/oauth/callback"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_definition_is_changed_as_a_draft_and_becomes_the_next_version() {
    let world = world();
    world
        .put("/v1/definitions/acme", crate::builder::definition())
        .await
        .expect(201);
    let mut wizard = Wizard::of(&world, "acme").await;
    let begun = [("id", "acme"), ("from", "definition")];
    wizard.browser.post("/console/builder", &begun).await;

    wizard
        .fill("general", "review", &[("f:/name", "Acme 2")], &[])
        .await;
    let review = wizard.look("review").await;
    assert!(
        review.text.contains("Save acme as version 2"),
        "{}",
        review.text
    );
    wizard.browser.post("/console/builder/acme/save", &[]).await;

    let list = world.get("/v1/definitions").await.expect(200);
    assert_eq!(list["items"][0]["version"], 2);
    assert_eq!(list["items"][0]["name"], "Acme 2");
}

#[tokio::test]
async fn the_catalogue_is_searched() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let all = browser.get("/console/catalogue").await;
    assert!(all.text.contains("Zoom") && all.text.contains("Slack"));
    let found = browser.get("/console/catalogue?q=zoom").await;
    assert!(
        found.text.contains("Zoom") && !found.text.contains(">Slack<"),
        "{}",
        found.text
    );
    let none = browser.get("/console/catalogue?q=nothing-like-it").await;
    assert!(none.text.contains("is built in six steps"), "{}", none.text);
}
