//! A file is checked while somebody types it.

use serde_json::json;

use super::{Browser, everything};

#[tokio::test]
async fn a_file_that_is_being_typed_is_told_all_its_mistakes() {
    let (world, _) = everything().await;
    let mut operator = Browser::operator(&world).await;
    let place = "/console/workflows/w/check";
    let wrong = json!({ "steps": [
        { "id": "a", "type": "grant", "needs": ["b"] }, { "id": "a", "type": "grant" } ] });
    let fine = json!({ "grants": [{ "app": "figma", "plan": "pro" }, { "app": "nowhere" }] });
    let before = world.get("/v1/audit?stream=config&limit=200").await.text;

    let mistakes = operator.post(place, &[("file", &wrong.to_string())]).await;
    let torn = operator.post(place, &[("file", "steps: [")]).await;
    let fits = operator
        .post(
            "/console/policies/makers/check",
            &[("file", &fine.to_string())],
        )
        .await;
    let nothing = operator.post("/console/nothing/w/check", &[]).await;

    for answer in [&mistakes, &torn, &fits] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(
            answer
                .text
                .starts_with("<div id=\"checked\" role=\"status\">"),
            "it is a part of the page: {}",
            answer.text
        );
    }
    for text in [
        "2 mistakes so far:",
        "<code>steps[0].needs</code>",
        "<code>steps[1].id</code>",
    ] {
        assert!(mistakes.text.contains(text), "{text}: {}", mistakes.text);
    }
    assert!(torn.text.contains("1 mistake so far:"), "{}", torn.text);
    assert!(fits.text.contains("It can be read."), "{}", fits.text);
    assert!(
        fits.text.contains("there is no application `nowhere` yet"),
        "{}",
        fits.text
    );
    assert_eq!(nothing.status, 404);
    let after = world.get("/v1/audit?stream=config&limit=200").await.text;
    assert_eq!(before, after, "nothing was saved");
    world.get("/v1/workflows/w").await.expect(404);
}

#[tokio::test]
async fn every_file_that_can_be_changed_is_checked_beside_it() {
    let (world, _) = everything().await;
    let mut operator = Browser::operator(&world).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    for file in [
        "policies/engineering",
        "rules/ours",
        "workflows/onboard",
        "apps/figma",
        "attributes/attributes",
    ] {
        let path = format!("/console/{file}");
        let check = format!("hx-post=\"{path}/check\"");
        let page = operator.get(&path).await.text;
        let read_only = viewer.get(&path).await.text;
        assert!(page.contains(&check), "{path}: {page}");
        assert!(page.contains("id=\"checked\""), "{path}: {page}");
        assert!(!read_only.contains(&check), "{path}: {read_only}");
    }
}
