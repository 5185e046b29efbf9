//! Every time on a page has the exact moment beside it.

use jiff::Timestamp;
use serde_json::json;

use super::{Browser, between, everything};

/// The times of a page, as they are read; each has its moment, for machines and in words.
#[track_caller]
fn times(path: &str, page: &str) -> Vec<String> {
    let mut shown = Vec::new();
    for time in page.split("<time").skip(1) {
        let (tag, rest) = time.split_once('>').unwrap();
        let moment = between(tag, "datetime=\"", "\"").expect(tag);
        let moment: Timestamp = moment.parse().unwrap();
        let exact = moment.strftime("%a %-d %b %Y, %H:%M:%S UTC").to_string();
        assert_eq!(
            between(tag, "title=\"", "\""),
            Some(exact.as_str()),
            "{path}"
        );
        shown.push(rest.split('<').next().unwrap().to_owned());
    }
    shown
}

#[tokio::test]
async fn every_time_on_a_page_has_its_exact_moment() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let mut with_times = Vec::new();

    for path in sando_admin::console_pages() {
        let filled = fixture.fill(path);
        let page = browser.get(&filled).await;
        if !times(&filled, &page.text).is_empty() {
            with_times.push(path);
        }
    }

    for path in [
        "/console/people/{id}",
        "/console/runs/{id}",
        "/approvals/{id}",
        "/console/events/{id}",
        "/console/accounts/{definition}/{name}",
        "/console/audit",
    ] {
        assert!(with_times.contains(&path), "{path}: {with_times:?}");
    }
}

#[tokio::test]
async fn the_day_somebody_leaves_has_its_exact_moment() {
    let (world, fixture) = everything().await;
    let leave = json!({ "at": "2027-05-01T07:30:00Z", "reason": "a test" });
    let path = format!("/v1/people/{}:terminate", fixture.person);
    world.post(&path, leave).await.expect(200);
    let mut browser = Browser::admin(&world).await;

    let page = browser.get("/console/people").await.text;

    let shown = times("people", &page);
    assert!(shown.contains(&"Sat 1 May 2027".to_owned()), "{shown:?}");
    assert!(page.contains("datetime=\"2027-05-01T07:30:00Z\""), "{page}");
}
