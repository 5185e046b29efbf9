//! What was typed comes back with what is wrong with it, and is not lost by leaving the page.

use serde_json::json;

use super::{Browser, between, everything};

#[tokio::test]
async fn when_and_why_somebody_leaves_comes_back_with_what_is_wrong() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::operator(&world).await;
    let place = fixture.fill("/console/people/{id}/terminate");
    for (name, at, status, wrong) in [
        ("Ada", "2027-03-31T16:00", 422, "is another one"),
        ("Ada Park", "soon", 422, "Say at which day and time."),
        ("Ada Park", "2026-03-31T16:00", 422, "That moment is over."),
        ("Ada Park", "2027-03-31T16:00", 409, "read the new plan"),
    ] {
        let fields = [
            ("plan", "old"),
            ("name", name),
            ("when", "later"),
            ("at", at),
            ("reason", "moves to <Berlin>"),
        ];
        let again = browser.post(&place, &fields).await;

        assert_eq!(again.status, status, "{}", again.text);
        let typed_at = format!("name=\"at\" value=\"{at}\"");
        for kept in [
            "value=\"later\" required checked>",
            typed_at.as_str(),
            ">moves to &lt;Berlin&gt;</textarea>",
            wrong,
        ] {
            assert!(again.text.contains(kept), "{kept}: {}", again.text);
        }
    }
}

#[tokio::test]
async fn a_correction_that_cannot_be_done_comes_back_as_it_was_typed() {
    let (world, fixture) = everything().await;
    let other = json!({ "attributes": { "name": "Lee", "work_email": "lee@contoso.example" } });
    world.put("/v1/people/hr-9", other).await.expect(201);
    let mut browser = Browser::operator(&world).await;
    let place = fixture.fill("/console/people/{id}/correct");
    for (address, status) in [("no address", 422), ("lee@contoso.example", 409)] {
        let fields = [("a.department", "Sales"), ("a.work_email", address)];
        let again = browser.post(&place, &fields).await;

        assert_eq!(again.status, status, "{}", again.text);
        for (name, value) in fields {
            let kept = format!("name=\"{name}\" value=\"{value}\"");
            assert!(again.text.contains(&kept), "{kept}: {}", again.text);
        }
    }
    let stale = [
        ("a.department", "Sales"),
        ("plan", "old"),
        ("reason", "moved"),
    ];
    let again = browser.post(&place, &stale).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert!(again.text.contains(">moved</textarea>"), "{}", again.text);
}

#[tokio::test]
async fn a_form_that_is_saved_as_a_whole_is_not_left_by_a_wrong_key() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    for (path, forms) in [
        ("/console/policies/engineering", 1),
        ("/console/policies/engineering/form", 1),
        ("/console/rules/ours/form", 1),
        ("/console/workflows/onboard/form", 1),
        ("/console/builder/acme/fields", 1),
        ("/console/settings", 7),
    ] {
        let page = browser.get(path).await.text;
        let guarded = page.matches(" data-unsaved=\"1\"").count();
        assert_eq!(guarded, forms, "{path}: {page}");
    }
    let script = include_str!("../../../src/console/assets/app.js");
    assert!(script.contains("closest(\"form[data-unsaved]\")"));
    assert!(script.contains("\"beforeunload\""));
    // What the script asks of the builder: the line that says what is saved stands in its form.
    assert!(script.contains("getElementById(\"saved\")?.closest(\"form\")"));
    let page = browser.get("/console/builder/acme/fields").await.text;
    let form = between(&page, "id=\"step-form\"", "</form>").unwrap();
    assert!(form.contains("id=\"saved\""), "{form}");
}

#[tokio::test]
async fn a_draft_is_discarded_by_two_presses_and_what_that_means_stands_between() {
    let (world, _) = everything().await;
    let mut browser = Browser::operator(&world).await;

    let page = browser.get("/console/builder/acme/review").await.text;

    let asked = between(&page, "<summary>Discard the draft…</summary>", "</details>");
    let asked = asked.unwrap_or_else(|| panic!("{page}"));
    let form = "action=\"/console/builder/acme/discard\"";
    assert!(asked.contains(form), "{asked}");
    assert!(asked.contains("nothing brings it back"), "{asked}");
    assert_eq!(page.matches(form).count(), 1, "{page}");
}
