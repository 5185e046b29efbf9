//! Workflows as forms: each step is a part of its own that comes, goes and moves, and nothing of a file is lost.

use std::path::Path;

use sando_core::definition::Source;
use sando_core::workflow::Workflow;
use serde_json::{Value, json};

use super::builder::with;
use super::forms::{fields, send, told, value};
use super::{Browser, between};
use crate::world::{Answer, World, world};

const ONBOARD: &str = "/console/workflows/onboard";
const FORM: &str = "/console/workflows/onboard/form";

/// The workflows of the example company, by name.
fn examples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/workflows");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = Source::parse(&text).unwrap().value().clone();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        all.push((name, file));
    }
    all
}

/// Every kind of step, with all that it can say.
fn much() -> Value {
    let due = json!({ "at": "09:00", "before_start": "3wd" });
    let body = json!({ "email": "{work_email}", "tags": ["a", { "b": null }] });
    json!({ "workflow": "much", "dry_run": true, "steps": [
        { "type": "revoke", "id": "first", "apps": ["figma"] },
        { "id": "rest", "type": "revoke", "needs": [] },
        { "id": "access", "type": "grant", "needs": ["rest", "first"] },
        { "id": "desk", "type": "task", "owner": "{manager}", "title": "A \"desk\"", "due": due },
        { "id": "soon", "type": "task", "owner": "role:it-admin", "title": "Soon", "due": "now" },
        { "id": "day", "type": "wait", "until": { "on_start": null, "at": "08:00" } },
        { "id": "hello", "type": "notify", "to": "{manager}", "text": "Hello,\n\n  {name} starts.\n" },
        { "id": "course", "type": "http", "path": "https://lms.example/enrol", "method": "REPORT",
            "headers": { "Accept": "application/json" }, "body": body, "auth": { "type": "bearer" },
            "repeat": { "idempotency_header": "Idempotency-Key" } },
        { "id": "again", "type": "http", "path": "https://lms.example/again", "repeat": "safe" },
        { "id": "lever", "type": "lever_note", "tag": "onboarding", "needs": ["access"] },
    ] })
}

/// Saves what a plan was shown of.
async fn save(world: &World, browser: &mut Browser<'_>, place: &str, plan: &Answer) {
    assert_eq!(plan.status, 200, "{}", plan.text);
    let hash = between(&plan.text, "name=\"plan\" value=\"", "\"").expect(&plan.text);
    let mut form = fields(plan);
    form.push(("plan".to_owned(), hash.to_owned()));
    let saved = send(browser, place, &form, "").await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    world.pass(60).await;
}

async fn goes_through_its_form(
    world: &World,
    browser: &mut Browser<'_>,
    name: &str,
    expect: &Value,
) {
    let place = format!("/console/workflows/{name}");
    let form = format!("{place}/form");
    let before = fields(&browser.get(&place).await);

    let shown = browser.get(&form).await;
    assert_eq!(shown.status, 200, "{name}: {}", shown.text);
    let sent = fields(&shown);
    assert_eq!(value(&sent, "seen"), value(&before, "seen"), "{name}");
    let file = fields(&send(browser, &form, &sent, "file").await);
    assert_eq!(value(&file, "file"), value(&before, "file"), "{name}");
    let plan = send(browser, &form, &sent, "").await;
    save(world, browser, &place, &plan).await;

    let stored = world.get(&format!("/v1/workflows/{name}")).await;
    assert_eq!(stored.expect(200), *expect, "{name}");
}

#[tokio::test]
async fn every_workflow_goes_through_its_form_unchanged() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    for workflow in Workflow::built_in() {
        let name = workflow.workflow.to_string();
        goes_through_its_form(&world, &mut browser, &name, &json!(workflow)).await;
    }

    let mut files = examples();
    assert!(files.len() > 1, "{files:?}");
    files.push(("much".to_owned(), much()));
    for (name, file) in files {
        let path = format!("/v1/workflows/{name}");
        let put = world.put(&path, file.clone()).await;
        assert!(put.status.is_success(), "{name}: {}", put.text);
        goes_through_its_form(&world, &mut browser, &name, &file).await;
    }
}

#[tokio::test]
async fn a_step_comes_moves_and_goes() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let first = browser.get(FORM).await;
    for verb in ["down:0", "up:1", "drop:0", "drop:1", "add:lever_note"] {
        let button = format!("value=\"{verb}\"");
        assert!(first.text.contains(&button), "{verb}: {}", first.text);
    }
    for verb in ["up:0", "down:1"] {
        let button = format!("value=\"{verb}\"");
        assert!(!first.text.contains(&button), "{verb}: {}", first.text);
    }

    let more = send(&mut browser, FORM, &fields(&first), "add:task").await;
    let more = send(&mut browser, FORM, &fields(&more), "add:wait").await;
    let mut sent = fields(&more);
    for (name, value) in [
        ("f:/steps/2/id", "laptop"),
        ("f:/steps/2/needs", "access\r\n"),
        ("f:/steps/2/title", "Laptop for {name}"),
        ("f:/steps/2/owner", "it@contoso.example"),
        ("d:/steps/2/due", "before_start"),
        ("f:/steps/2/due", "5wd"),
    ] {
        with(&mut sent, name, value);
    }
    let moved = fields(&send(&mut browser, FORM, &sent, "up:2").await);
    assert_eq!(value(&moved, "f:/steps/1/id"), "laptop");
    assert_eq!(value(&moved, "f:/steps/3/id"), "wait");
    let left = fields(&send(&mut browser, FORM, &moved, "drop:3").await);
    let plan = send(&mut browser, FORM, &left, "").await;
    save(&world, &mut browser, ONBOARD, &plan).await;

    let stored = world.get("/v1/workflows/onboard").await.expect(200);
    let expect = json!({ "workflow": "onboard", "direction": "grant", "dry_run": false, "steps": [
        { "id": "access", "type": "grant" },
        { "id": "laptop", "type": "task", "needs": ["access"], "title": "Laptop for {name}",
            "owner": "it@contoso.example", "due": { "before_start": "5wd" } },
        { "id": "lever", "type": "lever_note", "needs": ["access"] },
    ] });
    assert_eq!(stored, expect);
}

#[tokio::test]
async fn a_new_workflow_is_filled_in_with_what_each_kind_of_step_has() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let place = "/console/workflows/extra";
    let form = format!("{place}/form");
    let mut sent = fields(&browser.get(&form).await);
    for kind in ["revoke", "wait", "notify", "http", "lever_note"] {
        let verb = format!("add:{kind}");
        sent = fields(&send(&mut browser, &form, &sent, &verb).await);
    }
    for (name, value) in [
        ("d:/steps/1/until", "after_start"),
        ("f:/steps/1/until", "1w"),
        ("t:/steps/1/until", "10:00"),
        ("f:/steps/2/to", "{manager}"),
        ("f:/steps/2/text", "Hello,\r\n\r\n{name} starts.\r\n"),
        ("f:/steps/3/method", "PUT"),
        ("f:/steps/3/path", "https://lms.example/enrol"),
        ("y:/steps/3/body", "email: \"{work_email}\""),
        ("r:/steps/3/repeat", "idempotency_header"),
        ("f:/steps/3/repeat", "Idempotency-Key"),
        ("y:/steps/3/auth", "type: bearer"),
        ("f:/steps/4/tag", "onboarding"),
    ] {
        with(&mut sent, name, value);
    }
    let plan = send(&mut browser, &form, &sent, "").await;
    save(&world, &mut browser, place, &plan).await;

    let stored = world.get("/v1/workflows/extra").await.expect(200);
    let expect = json!({ "workflow": "extra", "steps": [
        { "id": "revoke", "type": "revoke" },
        { "id": "wait", "type": "wait", "until": { "after_start": "1w", "at": "10:00" } },
        { "id": "notify", "type": "notify", "to": "{manager}", "text": "Hello,\n\n{name} starts." },
        { "id": "http", "type": "http", "method": "PUT", "path": "https://lms.example/enrol",
            "body": { "email": "{work_email}" }, "auth": { "type": "bearer" },
            "repeat": { "idempotency_header": "Idempotency-Key" } },
        { "id": "lever_note", "type": "lever_note", "tag": "onboarding" },
    ] });
    assert_eq!(stored, expect);
}

/// The part of a page that is about one step.
fn part(page: &Answer, place: usize) -> &str {
    let begin = format!("id=\"part-{}\"", place + 1);
    let rest = page.text.split_once(&begin).expect(&page.text).1;
    rest.split("id=\"part-").next().unwrap()
}

#[tokio::test]
async fn what_is_wrong_with_a_step_is_told_at_its_field_and_what_was_typed_stays() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let more = browser.get(FORM).await;
    let more = send(&mut browser, FORM, &fields(&more), "add:task").await;
    let more = send(&mut browser, FORM, &fields(&more), "add:wait").await;
    let mut sent = fields(&more);
    with(&mut sent, "d:/steps/2/due", "before_start");
    with(&mut sent, "f:/steps/2/due", "soon");

    let wrong = send(&mut browser, FORM, &sent, "").await;
    let typing = send(&mut browser, &format!("{ONBOARD}/check"), &sent, "").await;

    assert_eq!(wrong.status, 422, "{}", wrong.text);
    for name in ["f:/steps/2/title", "f:/steps/2/owner"] {
        let at = told(&wrong, name);
        assert!(at.contains("✕ is missing"), "{at}");
    }
    let way = "<a href=\"#f--steps-2-title\"><code>steps[2].title</code></a>";
    assert!(wrong.text.contains(way), "{}", wrong.text);
    let task = part(&wrong, 2);
    let tied = "aria-describedby=\"f--steps-2-title-hint f--steps-2-title-error\"";
    assert!(task.contains(tied), "{task}");
    assert!(
        task.contains("<div id=\"f--steps-2-title-error\">"),
        "{task}"
    );
    assert!(task.contains("✕ a length of time is"), "{task}");
    assert!(task.contains("value=\"soon\""), "{task}");
    assert!(part(&wrong, 3).contains("✕ is missing"), "{}", wrong.text);
    assert!(!part(&wrong, 1).contains('✕'), "{}", wrong.text);
    let place = "<code>steps[3].until</code>";
    assert!(typing.text.contains(place), "{}", typing.text);

    // What can be read and makes no sense is told as well.
    let left = send(&mut browser, FORM, &fields(&wrong), "drop:2").await;
    let left = send(&mut browser, FORM, &fields(&left), "drop:2").await;
    let more = send(&mut browser, FORM, &fields(&left), "add:revoke").await;
    let mut sent = fields(&more);
    with(&mut sent, "f:/steps/1/needs", "access\r\nnobody");
    let wrong = send(&mut browser, FORM, &sent, "").await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    let at = told(&wrong, "f:/steps/1/needs");
    assert!(at.contains("✕ no earlier step is called `nobody`"), "{at}");
    let revoke = part(&wrong, 2);
    assert!(revoke.contains("cannot take away"), "{revoke}");
    let stored = world.get("/v1/workflows/onboard").await.expect(200);
    assert_eq!(stored["built_in"], true, "nothing was saved");
}

#[tokio::test]
async fn what_no_field_of_a_step_shows_stays_in_its_file() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let mut sent = fields(&browser.get(ONBOARD).await);
    let odd = "steps: [{ id: a, type: grnt, colour: red, app: \"\" }]";
    with(&mut sent, "file", odd);

    let shown = send(&mut browser, FORM, &sent, "form").await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let mut sent = fields(&shown);
    let file = fields(&send(&mut browser, FORM, &sent, "file").await);
    for kept in ["type: grnt", "colour: red", "app: \"\""] {
        assert!(value(&file, "file").contains(kept), "{kept}: {file:?}");
    }
    with(&mut sent, "f:/steps/0/type", "task");
    let task = fields(&send(&mut browser, FORM, &sent, "keep").await);
    assert_eq!(value(&task, "f:/steps/0/title"), "");
    let wrong = send(&mut browser, FORM, &task, "").await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(part(&wrong, 0).contains("unknown key"), "{}", wrong.text);

    // More steps than a form has fields for are text.
    let many = vec!["{ id: a, type: grant }"; 101].join(", ");
    with(&mut sent, "file", &format!("steps: [{many}]"));
    let shown = fields(&send(&mut browser, FORM, &sent, "form").await);
    assert_eq!(value(&shown, "y:/steps").matches("id: a").count(), 101);
}
