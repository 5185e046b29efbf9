//! Single keys are switched off and on, in one browser.

use axum::body::Body;
use serde_json::json;

use super::{Browser, Fields, HOST, encoded, everything};
use crate::builder::definition;
use crate::world::{Answer, world};

const PLACE: &str = "/console/shortcuts";

#[tokio::test]
async fn single_keys_are_switched_off_and_on_again() {
    let world = world();
    let mut browser = Browser::admin(&world).await;

    let before = browser.get("/console/inbox").await.text;
    let off = browser.post(PLACE, &[("single_keys", "off")]).await;
    let without = browser.get("/console/inbox").await.text;
    let other = Browser::admin(&world)
        .await
        .get("/console/inbox")
        .await
        .text;
    let on = browser.post(PLACE, &[("single_keys", "on")]).await;
    let again = browser.get("/console/inbox").await.text;

    for page in [&before, &other, &again] {
        assert!(!page.contains("data-off"), "{page}");
        assert!(page.contains("Switch single keys off"), "{page}");
    }
    assert!(without.contains("data-off=\"1\""), "{without}");
    assert!(without.contains("Switch single keys on"), "{without}");
    assert!(without.contains("data-opens=\"keys\""), "{without}");
    for answer in [off, on] {
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(answer.header("location"), "/console");
    }
}

#[tokio::test]
async fn who_only_decides_may_switch_them_off_too() {
    let world = world();
    let mut approver = Browser::with(&world, "approve", &[]).await;

    let off = approver.post(PLACE, &[("single_keys", "off")]).await;

    assert_eq!(off.header("location"), "/console/inbox");
    let inbox = approver.get("/console/inbox").await.text;
    assert!(inbox.contains("data-off=\"1\""), "{inbox}");
}

#[tokio::test]
async fn every_key_stands_in_the_list_of_keys() {
    let world = world();
    let mut browser = Browser::admin(&world).await;

    let page = browser.get("/console").await.text;

    let known: Vec<&str> = page
        .split("<kbd>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    for keys in [
        "Ctrl K, ⌘ K",
        "g then o i p r n l s a",
        "j, k",
        "Enter",
        "x",
        "e",
        "c",
        "[, ]",
        "Ctrl Enter, ⌘ ↵",
        "/",
        "r",
        "?",
    ] {
        assert!(known.contains(&keys), "{keys}: {known:?}");
    }
}

#[tokio::test]
async fn what_a_key_sends_shows_or_tries_something_and_decides_nothing() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let mut sent = 0;

    for path in sando_admin::console_pages() {
        let path = fixture.fill(path);
        let page = browser.get(&path).await.text;
        for button in page.split("data-enter=\"1\">").skip(1) {
            let verb = button.split('<').next().unwrap();
            let only_shows = ["See what would change", "Run the test"].contains(&verb)
                || verb.starts_with("Continue to ");
            assert!(only_shows, "{path}: {verb}");
            sent += 1;
        }
    }
    assert!(sent >= 3, "{sent}");

    let mut whole = definition();
    whole["definition"] = json!("whole");
    world.put("/v1/drafts/whole", whole).await.expect(201);
    let test = browser.get("/console/builder/whole/test").await.text;
    assert!(test.contains("data-enter=\"1\">Run the test<"), "{test}");
}

/// Sends a form from a page at an address.
async fn post_from(browser: &mut Browser<'_>, page: &str, to: &str, fields: Fields<'_>) -> Answer {
    let mut all = vec![("csrf", browser.csrf.as_str())];
    all.extend(fields);
    let request = browser
        .request("POST", to)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", format!("https://{HOST}"))
        .header("referer", format!("https://{HOST}{page}"))
        .body(Body::from(encoded(&all)));
    browser.send(request.unwrap()).await
}

#[tokio::test]
async fn from_every_page_that_answered_a_form_one_goes_back_to_a_page() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    for path in sando_admin::console_posts() {
        let page = fixture.fill(path);
        let off = [("single_keys", "off")];
        let switched = post_from(&mut browser, &page, PLACE, &off).await;
        let back = switched.header("location");
        let shown = browser.get(back).await;
        assert_eq!(shown.status, 200, "{page}: {back}: {}", shown.text);
    }

    let tried = "/console/apps/figma/provisioner/test";
    let refused = post_from(
        &mut browser,
        tried,
        "/console/apps/none/provisioner/test",
        &[],
    )
    .await;
    assert_eq!(refused.status, 404, "{}", refused.text);
    let back = "href=\"/console/apps/figma/provisioner\"";
    assert!(refused.text.contains(back), "{}", refused.text);
}
