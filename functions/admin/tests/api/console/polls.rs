//! What a page asks for again and again: only what moved is sent, and nobody keeps it.

use axum::body::Body;

use super::{Browser, everything};
use crate::world::Answer;

/// Asks as a page does by itself, with the name of what came last.
async fn poll(browser: &mut Browser<'_>, path: &str, known: &str) -> Answer {
    let request = browser
        .request("GET", path)
        .header("hx-request", "true")
        .header("if-none-match", known);
    browser.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn what_did_not_move_is_not_sent_again() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let run = format!("/console/runs/{}", fixture.run);

    for path in [
        run.as_str(),
        "/console/accounts/acme/prod",
        "/console/settings",
    ] {
        let first = poll(&mut browser, path, "").await;
        assert_eq!(first.status, 200, "{path}: {}", first.text);
        let name = first.header("etag").to_owned();
        let again = poll(&mut browser, path, &name).await;
        assert_eq!(again.status, 304, "{path}: {}", again.text);
        assert_eq!(again.text, "", "{path}");
        assert_eq!(again.header("etag"), name, "{path}");
        for answer in [&first, &again] {
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }

    let name = poll(&mut browser, &run, "").await.header("etag").to_owned();
    let cancel = [("reason", "a test")];
    let cancelled = browser.post(&format!("{run}/cancel"), &cancel).await;
    assert_eq!(cancelled.status, 303, "{}", cancelled.text);
    browser.get("/console").await;
    let moved = poll(&mut browser, &run, &name).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    assert_ne!(moved.header("etag"), name);
}

#[tokio::test]
async fn a_page_that_somebody_opens_is_always_whole() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let run = format!("/console/runs/{}", fixture.run);
    let name = poll(&mut browser, &run, "").await.header("etag").to_owned();

    let request = browser.request("GET", &run).header("if-none-match", name);
    let opened = browser.send(request.body(Body::empty()).unwrap()).await;

    assert_eq!(opened.status, 200, "{}", opened.text);
    assert!(!opened.headers.contains_key("etag"));
}
