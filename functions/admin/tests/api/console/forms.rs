//! Policies and rules as forms: form and file are one thing, and nothing is saved before its plan was seen.

use serde_json::{Value, json};

use super::builder::{of_form, with};
use super::{Browser, between, everything};
use crate::world::Answer;

/// What a form sends, without the token that every form has.
pub(super) fn fields(page: &Answer) -> Vec<(String, String)> {
    let mut all = of_form(&page.text, "file-form");
    all.retain(|(name, _)| name != "csrf");
    all
}

pub(super) fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    let found = fields.iter().find(|(known, _)| known == name);
    assert!(found.is_some(), "no `{name}`: {fields:?}");
    found.map_or("", |(_, value)| value)
}

pub(super) async fn send(
    browser: &mut Browser<'_>,
    path: &str,
    fields: &[(String, String)],
    verb: &str,
) -> Answer {
    let all = fields.iter();
    let mut all: Vec<(&str, &str)> = all
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    if !verb.is_empty() {
        all.push(("do", verb));
    }
    browser.post(path, &all).await
}

/// Saves a file by its plan, as the page of the plan does.
async fn save(browser: &mut Browser<'_>, place: &str, plan: &Answer) {
    let hash = between(&plan.text, "name=\"plan\" value=\"", "\"").expect(&plan.text);
    let mut shown = fields(plan);
    shown.push(("plan".to_owned(), hash.to_owned()));
    let saved = send(browser, place, &shown, "").await;
    assert_eq!(saved.status, 303, "{}", saved.text);
}

/// What is told at a field.
pub(super) fn told<'a>(page: &'a Answer, name: &str) -> &'a str {
    let found = between(&page.text, &format!("name=\"{name}\""), "</div>");
    assert!(found.is_some(), "no `{name}`: {}", page.text);
    found.unwrap_or_default()
}

fn files() -> Vec<(&'static str, Value)> {
    let holds =
        |path: &str, op: &str, value: Value| json!({ "path": path, "op": op, "value": value });
    let policy = json!({
        "when": [holds("department", "any_of", json!(["Sales", "Design"])), holds("level", "gte", json!(3))],
        "grants": [
            { "app": "desk" },
            { "approval": { "expires": "72h", "by": ["role:it-admin", "{manager}"], "escalate_to": ["group:security"] },
                "app": "figma", "groups": ["a", "b"], "role": "editor", "plan": "pro",
                "deliver": { "at": "09:00", "before_start": "3wd" },
                "when": [holds("title", "contains", json!("Designer"))] },
            { "app": "nowhere", "plan": "some", "deliver": "on_start", "approval": { "given_by": "the board" } },
            { "app": "figma", "plan": "another", "deliver": { "on_start": null, "at": "08:00" } },
        ],
    });
    let items =
        json!({ "path": "skills", "op": "some", "where": [holds("name", "is", json!("CAD"))] });
    let nobody = json!({ "when": [items], "grants": [] });
    let rule = json!({ "event": "candidate.hired", "workflow": "onboard", "dry_run": true,
        "when": [holds("opportunity.tags", "not_contains", json!("contractor"))],
        "pilot": { "when": [holds("department", "is", json!("Engineering"))] } });
    let plain = json!({ "workflow": "not-there-yet", "event": "person.changed" });
    vec![
        ("policies/much", policy),
        ("policies/nobody", nobody),
        ("rules/much", rule),
        ("rules/plain", plain),
    ]
}

#[tokio::test]
async fn every_file_goes_through_its_form_unchanged() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    for (name, file) in files() {
        world.put(&format!("/v1/{name}"), file).await.expect(201);
        let place = format!("/console/{name}");
        let before = fields(&browser.get(&place).await);

        let form = browser.get(&format!("{place}/form")).await;
        assert_eq!(form.status, 200, "{name}: {}", form.text);
        let sent = fields(&form);
        assert_eq!(value(&sent, "seen"), value(&before, "seen"), "{name}");
        let after = send(&mut browser, &format!("{place}/form"), &sent, "file").await;

        assert_eq!(after.status, 200, "{name}: {}", after.text);
        let after = fields(&after);
        assert_eq!(value(&after, "file"), value(&before, "file"), "{name}");
        let back = send(&mut browser, &format!("{place}/form"), &after, "form").await;
        assert_eq!(fields(&back), sent, "{name}");
    }
}

#[tokio::test]
async fn a_policy_is_changed_as_a_form_and_the_rest_of_its_file_stays() {
    let (world, _) = everything().await;
    world.put("/v1/apps/wiki", json!({})).await.expect(201);
    let mut browser = Browser::admin(&world).await;
    let place = "/console/policies/engineering";
    let form = format!("{place}/form");
    let before = world.get("/v1/policies/engineering").await.expect(200);

    let sent = fields(&browser.get(&form).await);
    let more = send(&mut browser, &form, &sent, "add").await;
    assert_eq!(more.status, 200, "{}", more.text);
    let mut sent = fields(&more);
    for (name, value) in [
        ("c:/when.0.value", "Making"),
        ("f:/grants/2/app", "wiki"),
        ("f:/grants/2/groups", "a\r\nb c\r\n"),
        ("d:/grants/2/deliver", "before_start"),
        ("f:/grants/2/deliver", "3d"),
        ("t:/grants/2/deliver", "09:00"),
        ("f:/grants/2/approval/by", "{manager}"),
    ] {
        with(&mut sent, name, value);
    }
    let plan = send(&mut browser, &form, &sent, "").await;
    assert_eq!(plan.status, 200, "{}", plan.text);
    save(&mut browser, place, &plan).await;

    world.pass(60).await;
    let mut expect = before;
    expect["when"][0]["value"] = json!("Making");
    let grants = expect["grants"].as_array_mut().unwrap();
    grants.push(json!({ "app": "wiki", "groups": ["a", "b c"],
        "deliver": { "before_start": "3d", "at": "09:00" }, "approval": { "by": ["{manager}"] } }));
    let after = world.get("/v1/policies/engineering").await.expect(200);
    assert_eq!(after, expect);
}

#[tokio::test]
async fn what_is_wrong_is_told_at_its_field_and_what_was_typed_stays() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/policies/engineering";
    let form = format!("{place}/form");
    let before = world.get("/v1/policies/engineering").await.expect(200);
    let sent = fields(&browser.get(&form).await);
    let mut sent = fields(&send(&mut browser, &form, &sent, "add").await);
    with(&mut sent, "f:/grants/1/approval/expires", "soon");

    let wrong = send(&mut browser, &form, &sent, "").await;
    let typing = send(&mut browser, &format!("{place}/check"), &sent, "").await;

    assert_eq!(wrong.status, 422, "{}", wrong.text);
    let at = told(&wrong, "f:/grants/1/approval/expires");
    assert!(at.contains("value=\"soon\""), "{at}");
    assert!(at.contains("✕ a length of time is"), "{at}");
    let at = told(&wrong, "f:/grants/2/app");
    assert!(at.contains("✕ is missing"), "{at}");
    let at = told(&wrong, "f:/grants/1/plan");
    assert!(!at.contains("✕"), "{at}");
    assert_eq!(typing.status, 200, "{}", typing.text);
    for text in [
        "2 mistakes so far:",
        "<code>grants[1].approval.expires</code>",
        "<code>grants[2].app</code>",
    ] {
        assert!(typing.text.contains(text), "{text}: {}", typing.text);
    }

    // A grant that goes takes its fields with it; an approval that nobody is asked for is none.
    let mut sent = fields(&send(&mut browser, &form, &sent, "drop:0").await);
    assert_eq!(value(&sent, "f:/grants/0/app"), "figma");
    with(&mut sent, "f:/grants/0/approval/by", "");
    with(&mut sent, "f:/grants/0/approval/expires", "");
    let left = send(&mut browser, &form, &sent, "drop:1").await;
    let file = send(&mut browser, &form, &fields(&left), "file").await;
    let file = value(&fields(&file), "file").to_owned();
    assert!(file.contains("app: figma"), "{file}");
    for gone in ["desk", "approval"] {
        assert!(!file.contains(gone), "{gone}: {file}");
    }
    let after = world.get("/v1/policies/engineering").await.expect(200);
    assert_eq!(after, before, "nothing was saved");
}

#[tokio::test]
async fn a_form_counts_for_the_version_that_it_shows_and_for_who_may() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let place = "/console/policies/engineering";
    let form = format!("{place}/form");
    let sent = fields(&browser.get(&form).await);
    let file = browser.get(place).await.text;
    let theirs = json!({ "grants": [{ "app": "desk" }] });
    world
        .put("/v1/policies/engineering", theirs)
        .await
        .expect(200);

    let late = send(&mut browser, &form, &sent, "").await;
    let new = browser.get("/console/rules/not-there/form").await;

    assert_eq!(late.status, 412, "{}", late.text);
    assert!(late.text.contains("app: figma"), "{}", late.text);
    assert!(file.contains(&format!("formaction=\"{form}\"")), "{file}");
    assert_eq!(new.status, 200, "{}", new.text);
    assert_eq!(value(&fields(&new), "f:/event"), "candidate.hired");
    assert_eq!(value(&fields(&new), "seen"), "0");
    assert_eq!(viewer.get(&form).await.status, 403);
    let nothings = ["apps/figma", "attributes/other", "nothing/none"];
    for nothing in nothings {
        let answer = browser.get(&format!("/console/{nothing}/form")).await;
        assert_eq!(answer.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn of_a_form_that_was_cut_off_nothing_is_taken_in() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/policies/engineering";
    let form = format!("{place}/form");
    let before = fields(&browser.get(place).await);
    let mut sent = fields(&browser.get(&form).await);
    with(&mut sent, "c:/when.0.value", "Making");
    sent.extend((0..6_000).map(|n| (format!("x{n}"), String::new())));

    for path in [form.clone(), format!("{place}/check")] {
        let cut = send(&mut browser, &path, &sent, "").await;
        assert!(
            cut.text.contains("more than a form can carry"),
            "{path}: {}",
            cut.text
        );
    }
    let cut = send(&mut browser, &form, &sent, "").await;
    assert_eq!(cut.status, 422, "{}", cut.text);
    let after = fields(&cut);
    assert_eq!(
        value(&after, "file").trim_end(),
        value(&before, "file").trim_end()
    );
}

#[tokio::test]
async fn of_more_grants_than_a_form_has_fields_for_the_list_is_text() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/policies/engineering";
    let form = format!("{place}/form");
    let before = fields(&browser.get(place).await);

    for (count, is_fields) in [(100, true), (101, false)] {
        let list = vec!["{app: figma}"; count].join(", ");
        let mut sent = before.clone();
        with(&mut sent, "file", &format!("grants: [{list}]"));
        let shown = send(&mut browser, &form, &sent, "form").await;
        let shown = fields(&shown);
        let is_one = |(name, _): &(String, String)| name.starts_with("f:/grants/");
        assert_eq!(shown.iter().any(is_one), is_fields, "{count}");
        let text = send(&mut browser, &form, &shown, "file").await;
        let file = value(&fields(&text), "file").to_owned();
        assert_eq!(file.matches("app: figma").count(), count, "{file}");
    }
}

#[tokio::test]
async fn aliases_are_rows_and_the_rest_of_the_attributes_stays() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/attributes/attributes";
    let form = format!("{place}/form");
    let before = world.get("/v1/attributes").await.expect(200);

    let mut sent = fields(&browser.get(&form).await);
    with(&mut sent, "n:/aliases/department.0.name", "Engineering");
    with(&mut sent, "n:/aliases/department.0.also", "Eng, R&D");
    let mut sent = fields(&send(&mut browser, &form, &sent, "keep").await);
    with(&mut sent, "n:/aliases/department.1.also", "Revenue");
    let wrong = send(&mut browser, &form, &sent, "").await;
    with(&mut sent, "n:/aliases/department.1.name", "Sales");
    let plan = send(&mut browser, &form, &sent, "").await;

    assert_eq!(wrong.status, 422, "{}", wrong.text);
    let at = told(&wrong, "y:/aliases/department");
    assert!(at.contains("✕ every row begins"), "{at}");
    assert!(at.contains("Revenue"), "what was typed is kept: {at}");
    assert_eq!(plan.status, 200, "{}", plan.text);
    save(&mut browser, place, &plan).await;
    world.pass(60).await;
    let mut expect = before;
    expect["aliases"] =
        json!({ "department": { "Engineering": ["Eng", "R&D"], "Sales": ["Revenue"] } });
    let after = world.get("/v1/attributes").await.expect(200);
    assert_eq!(after, expect);

    let mut sent = fields(&browser.get(&form).await);
    sent.push(("do".to_owned(), "remove:n:/aliases/department.0".to_owned()));
    let left = fields(&send(&mut browser, &form, &sent, "").await);
    assert_eq!(value(&left, "n:/aliases/department.0.name"), "Sales");
}
