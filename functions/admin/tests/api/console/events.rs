//! Events: listed, with why, replayed as it was shown; and what they would do on a changed file.

use serde_json::json;

use super::by_hand::plan_of;
use super::{Browser, everything};
use crate::events::a_hire;
use crate::world::world;

#[tokio::test]
async fn an_event_says_why_and_is_replayed_as_it_was_shown() {
    let world = world();
    let event = a_hire(&world, "Eng").await;
    let id = event["id"].as_str().unwrap();
    let place = format!("/console/events/{id}");
    let replay = format!("{place}/replay");
    let mut browser = Browser::operator(&world).await;
    let list = browser.get("/console/events?kind=candidate.hired").await;
    assert!(
        list.text.contains(&format!("href=\"{place}\"")),
        "{}",
        list.text
    );
    let none = browser.get("/console/events?state=ignored").await.text;
    assert!(none.contains("Nothing matches this filter."), "{none}");
    let page = browser.get(&place).await.text;
    assert!(
        page.contains("no rule names `candidate.hired`: the built-in `onboard` is due"),
        "{page}"
    );

    let aliases = json!({ "Engineering": ["Eng"] });
    let put = world.put("/v1/aliases/department", aliases).await;
    put.expect(201);
    let shown = browser.post(&replay, &[]).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(
        shown.text.contains("start 1 workflow, with 2 effects."),
        "{}",
        shown.text
    );
    let stored = format!("/v1/events/{id}");
    assert_eq!(world.get(&stored).await.expect(200)["replays"], 0);
    let stale = browser.post(&replay, &[("plan", "another")]).await;
    assert_eq!(stale.status, 409, "{}", stale.text);
    let plan = plan_of(&shown.text).to_owned();
    let done = browser.post(&replay, &[("plan", &plan)]).await;
    assert_eq!(done.status, 303, "{}", done.text);

    assert_eq!(world.get(&stored).await.expect(200)["replays"], 1);
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let page = viewer.get(&place).await.text;
    assert!(
        !page.contains("/replay\""),
        "a viewer has no such form: {page}"
    );
}

#[tokio::test]
async fn what_breaks_has_an_id_to_quote() {
    let world = world();
    let event = a_hire(&world, "Engineering").await;
    let replay = format!("/console/events/{}/replay", event["id"].as_str().unwrap());
    let mut browser = Browser::admin(&world).await;
    *world.fakes.lever_is_down.lock().unwrap() = true;

    let broken = browser.post(&replay, &[]).await;
    let missing = browser.get("/console/events/evt_1").await;

    assert_eq!(broken.status, 502);
    assert!(
        broken.text.contains("quote") && broken.text.contains("data-copy=\"err_"),
        "{}",
        broken.text
    );
    assert_eq!(missing.status, 404);
    assert!(!missing.text.contains("err_"), "nothing broke");
}

#[tokio::test]
async fn a_timeline_is_narrowed_and_leads_to_what_caused_it() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let place = format!("/console/people/{}", fixture.person);
    let asked = "Somebody was asked to decide";

    let all = viewer.get(&place).await.text;
    let decisions = viewer.get(&format!("{place}?only=asked")).await.text;
    let runs = viewer.get(&format!("{place}?only=runs")).await.text;
    let wrong = viewer.get(&format!("{place}?only=nonsense")).await;

    assert!(all.contains(asked), "{all}");
    assert!(
        all.contains(&format!("href=\"/console/runs/{}\"", fixture.run)),
        "{all}"
    );
    assert!(decisions.contains(asked), "{decisions}");
    assert!(!runs.contains(asked), "{runs}");
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn a_changed_file_is_shown_over_recorded_events() {
    let world = world();
    let event = a_hire(&world, "Eng").await;
    let id = event["id"].as_str().unwrap();
    let mut browser = Browser::operator(&world).await;
    let file = r#"{"aliases": {"department": {"Engineering": ["Eng"]}}}"#;
    let place = "/console/attributes/attributes";

    let plan = browser
        .post(&format!("{place}/changes"), &[("file", file)])
        .await;
    assert_eq!(plan.status, 200, "{}", plan.text);
    let to = format!("action=\"{place}/events\"");
    assert!(plan.text.contains(&to), "{}", plan.text);
    let fields = [("file", file), ("days", "30")];
    let shown = browser.post(&format!("{place}/events"), &fields).await;

    assert_eq!(shown.status, 200, "{}", shown.text);
    let link = format!("href=\"/console/events/{id}\"");
    for text in [
        "1 of 1 event of the last 30 days would do something else.",
        link.as_str(),
        "give Figma",
        "only then",
    ] {
        assert!(shown.text.contains(text), "{text}: {}", shown.text);
    }
    let same = [("file", "{}"), ("days", "30")];
    let same = browser.post(&format!("{place}/events"), &same).await.text;
    assert!(
        same.contains("None of 1 event of the last 30 days would do anything else."),
        "{same}"
    );
    for (file, days) in [("{}", "31"), ("[", "30")] {
        let fields = [("file", file), ("days", days)];
        let wrong = browser.post(&format!("{place}/events"), &fields).await;
        assert_eq!(wrong.status, 422, "{days}");
    }
    let after = world.get(&format!("/v1/events/{id}")).await.expect(200);
    assert_eq!(after["replays"], 0, "nothing was done");
}
