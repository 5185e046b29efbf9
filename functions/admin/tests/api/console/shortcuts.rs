//! Single keys are switched off and on, in one browser.

use super::Browser;
use crate::world::world;

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
