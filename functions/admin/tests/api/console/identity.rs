//! Who is who, in the console: a merge and a split show what they do, and do only what was seen.

use super::{Browser, between};
use crate::identity::{read, twins};
use crate::world::world;

fn plan_of(page: &str) -> &str {
    let plan = between(page, "name=\"plan\" value=\"", "\"");
    assert!(plan.is_some(), "no plan: {page}");
    plan.unwrap()
}

#[tokio::test]
async fn a_merge_shows_what_is_taken_away_before_it_is_done() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    let mut browser = Browser::admin(&world).await;
    let place = format!("/console/people/{twin}/merge");
    let form = browser.get(&place).await;
    assert!(form.text.contains("name=\"into\""), "{}", form.text);
    for nobody in ["nobody@mail.example", "nobody", twin.as_str(), ""] {
        let wrong = browser.post(&place, &[("into", nobody)]).await;
        assert_eq!(wrong.status, 422, "{nobody}: {}", wrong.text);
    }

    let shown = browser.post(&place, &[("into", "ada@mail.example")]).await;
    assert_eq!(shown.status, 200);
    for part in [
        "so that nobody has two accounts",
        "Figma",
        "ada@home.example",
    ] {
        assert!(shown.text.contains(part), "{part}: {}", shown.text);
    }
    let kept = read(&world, &twin).await;
    assert_eq!(kept["state"], "active", "nothing is done yet");
    let other = [("into", ada.as_str()), ("plan", "another")];
    assert_eq!(browser.post(&place, &other).await.status, 409);
    let plan = plan_of(&shown.text);
    let done = [("into", ada.as_str()), ("plan", plan), ("reason", "twice")];
    let done = browser.post(&place, &done).await;

    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(done.header("location"), format!("/console/people/{ada}"));
    let gone = browser.get(&format!("/console/people/{twin}")).await;
    assert!(gone.text.contains("was merged into another person"));
    assert!(gone.text.contains(&format!("/console/people/{ada}")));
    for verb in ["/merge", "/correct", "/reinstate", "/terminate"] {
        assert!(!gone.text.contains(verb), "{verb}: {}", gone.text);
    }
    let place = format!("/console/people/{ada}/identity");
    let identity = browser.get(&place).await;
    assert!(identity.text.contains(&format!("/console/people/{twin}")));
}

#[tokio::test]
async fn a_split_shows_what_is_given_again_before_it_is_done() {
    let world = world();
    let (ada, twin) = twins(&world).await;
    let mut browser = Browser::admin(&world).await;
    let place = format!("/console/people/{twin}/merge");
    let shown = browser.post(&place, &[("into", &ada)]).await;
    let plan = plan_of(&shown.text);
    let done = [("into", ada.as_str()), ("plan", plan)];
    assert_eq!(browser.post(&place, &done).await.status, 303);
    world.pass(120).await;
    // The other way round would take from who is here.
    let back = format!("/console/people/{ada}/merge");
    let wrong = browser.post(&back, &[("into", &twin)]).await;
    assert_eq!(wrong.status, 409);

    let place = format!("/console/people/{ada}/split");
    let form = browser.get(&place).await;
    assert!(
        form.text.contains(&format!("value=\"{twin}\"")),
        "{}",
        form.text
    );
    assert_eq!(browser.post(&place, &[]).await.status, 422);
    let shown = browser.post(&place, &[("part", &twin)]).await;
    let again = "is somebody of their own again: 2 accesses are given again";
    assert!(shown.text.contains(again), "{}", shown.text);
    let other = [
        ("part", "ada@home.example"),
        ("part", "opp-2"),
        ("plan", "x"),
    ];
    assert_eq!(browser.post(&place, &other).await.status, 409);
    let plan = plan_of(&shown.text);
    let done = browser
        .post(
            &place,
            &[("part", &twin), ("plan", plan), ("reason", "two")],
        )
        .await;

    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(done.header("location"), format!("/console/people/{twin}"));
    assert_eq!(read(&world, &twin).await["state"], "active");
}
