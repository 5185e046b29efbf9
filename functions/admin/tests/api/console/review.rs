//! The access review as a page: what is odd is selected, decided with a reason, and gone from the list.

use super::Browser;
use crate::reports::company;

const REVIEW: &str = "/console/reports/review";

#[tokio::test]
async fn what_is_odd_is_decided_together_with_one_reason() {
    let world = company().await;
    let mut operator = Browser::with(&world, "operate", &[]).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let before = viewer.get(REVIEW).await.text;
    let fields = [
        ("decision", "confirm"),
        ("reason", "they work for a partner"),
        ("user", "acme/prod/3"),
        ("user", "acme/prod/2"),
    ];
    let done = operator.post(REVIEW, &fields).await;
    let after = viewer.get(REVIEW).await.text;
    let all = viewer.get("/console/reports/review?only=all").await.text;

    assert!(
        before.contains("3 accesses are odd and undecided."),
        "{before}"
    );
    assert!(before.contains("takes the role operator"), "{before}");
    assert!(!before.contains("value=\"revoke\""), "{before}");
    assert!(
        !before.contains("action=\"/console/reports/review\""),
        "{before}"
    );
    assert_eq!(done.status, 303, "{}", done.text);
    assert!(after.contains("1 access is odd and undecided."), "{after}");
    assert_eq!(all.matches("confirmed</span>").count(), 2, "{all}");
    assert!(all.contains("4 accesses are shown."), "{all}");
}

#[tokio::test]
async fn without_a_reason_or_a_selection_nothing_is_decided() {
    let world = company().await;
    let mut admin = Browser::admin(&world).await;

    let user = ("user", "acme/prod/3");
    let without = admin.post(REVIEW, &[("decision", "revoke"), user]).await;
    let nobody = admin
        .post(REVIEW, &[("decision", "revoke"), ("reason", "x")])
        .await;

    assert_eq!(without.status, 422);
    assert_eq!(nobody.status, 422);
    let text = &nobody.text;
    assert!(text.contains("Nobody is selected."), "{text}");
    assert!(
        text.contains(">x</textarea>"),
        "what was typed stays: {text}"
    );
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    assert!(tasks["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn many_are_taken_away_when_their_number_was_typed() {
    let world = company().await;
    let mut admin = Browser::admin(&world).await;
    let users = [1, 2, 3, 4, 5, 6].map(|id| format!("acme/prod/{id}"));
    let mut fields = vec![("decision", "revoke"), ("reason", "x")];
    fields.extend(users.iter().map(|user| ("user", user.as_str())));

    let without = admin.post(REVIEW, &fields).await;
    fields.push(("number", "5"));
    let other = admin.post(REVIEW, &fields).await;

    for refused in [without, other] {
        let text = &refused.text;
        assert_eq!(refused.status, 422, "{text}");
        assert!(text.contains("is another one"), "{text}");
        assert_eq!(text.matches(" checked>").count(), 3, "all odd ones: {text}");
    }
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    assert!(tasks["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_review_is_a_csv_for_who_may_see_it() {
    let world = company().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let path = "/console/reports/review/csv";

    let file = viewer.get(path).await;

    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.text.lines().count(), 5);
    assert_eq!(Browser::new(&world).get(path).await.status, 303);
}
