//! People from a CSV file in the console: seen line by line, then put.

use std::fmt::Write;

use serde_json::json;

use super::by_hand::plan_of;
use super::{Browser, between};
use crate::movers;
use crate::world::{World, world};

const PLACE: &str = "/console/people/import";

async fn known(world: &World) -> usize {
    let people = world.get("/v1/people?limit=200").await.expect(200);
    people["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn people_of_a_file_are_put_as_they_were_shown() {
    let world = world();
    world.ada().await;
    let mut operator = Browser::operator(&world).await;
    let mut admin = Browser::admin(&world).await;
    assert_eq!(operator.get(PLACE).await.status, 403);
    assert!(!operator.get("/console/people").await.text.contains(PLACE));
    assert!(admin.get("/console/people").await.text.contains(PLACE));
    let csv =
        "key,name,start_date\r\nhr-1,Ada Park,2026-03-02\r\nhr-2,\"Moss, Cleo\",2026-03-02\r\n";

    let torn = admin.post(PLACE, &[("csv", "name\nCleo <b>")]).await;
    assert_eq!(torn.status, 422, "{}", torn.text);
    assert!(
        torn.text.contains("a column `key` is missing"),
        "{}",
        torn.text
    );
    assert!(torn.text.contains("Cleo &lt;b&gt;"), "{}", torn.text);
    let shown = admin.post(PLACE, &[("csv", csv)]).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let sums = "1 person is new, 1 is known already, 0 are refused.";
    assert!(shown.text.contains(sums), "{}", shown.text);
    assert_eq!(known(&world).await, 1, "nobody is put yet");
    let plan = plan_of(&shown.text);
    let other = [("csv", "key,name\r\nhr-3,Bo\r\n"), ("plan", plan)];
    assert_eq!(admin.post(PLACE, &other).await.status, 409);
    let done = admin.post(PLACE, &[("csv", csv), ("plan", plan)]).await;

    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(known(&world).await, 2);
    let page = admin.get("/console/people").await.text;
    assert!(page.contains("Moss, Cleo"), "{page}");
}

#[tokio::test]
async fn a_long_file_is_shown_and_put_in_portions() {
    let world = world();
    let mut csv = "key,name\n".to_owned();
    for number in 0..203 {
        writeln!(csv, "hr-{number},Person {number}").unwrap();
    }
    let mut admin = Browser::admin(&world).await;

    let first = admin.post(PLACE, &[("csv", &csv)]).await.text;
    assert!(
        first.contains("The lines from 202 on come after"),
        "{first}"
    );
    let plan = plan_of(&first);
    let put = admin.post(PLACE, &[("csv", &csv), ("plan", plan)]).await;
    assert_eq!(put.status, 200, "{}", put.text);
    assert_eq!(known(&world).await, 200);
    let from = between(&put.text, "name=\"from\" value=\"", "\"").unwrap();
    let rest = [("csv", csv.as_str()), ("from", from)];
    let shown = admin.post(PLACE, &rest).await.text;
    let sums = "3 people are new, 0 are known already, 0 are refused.";
    assert!(shown.contains(sums), "{shown}");
    let mut rest = rest.to_vec();
    rest.push(("plan", plan_of(&shown)));
    let done = admin.post(PLACE, &rest).await;

    assert_eq!(done.status, 303, "{}", done.text);
    let page = world.get("/v1/people?limit=200").await.expect(200);
    assert!(page["next_cursor"].is_string(), "203 are known");
}

#[tokio::test]
async fn who_would_be_moved_or_leave_is_shown_before_a_file_is_put() {
    let world = world();
    movers::configured(&world).await;
    for number in 1..=3 {
        movers::engineer(&world, number).await;
    }
    let mut admin = Browser::admin(&world).await;
    let csv = "key,department,end_date\nhr-1,Sales,\nhr-2,,2026-12-31\nhr-3,Engineering,\n";

    let shown = admin.post(PLACE, &[("csv", csv)]).await.text;
    for text in [
        "0 people are new, 3 are known already, 0 are refused. 1 person changes, 1 person leaves.",
        "known, changes",
        "known, leaves",
        "Known people who change are moved",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let put = [("csv", csv), ("plan", plan_of(&shown))];
    let done = admin.post(PLACE, &put).await;

    assert_eq!(done.status, 303, "{}", done.text);
    let page = admin.get("/console/people").await.text;
    assert!(page.contains("known people who change are moved"), "{page}");
}

#[tokio::test]
async fn a_line_that_is_refused_is_told_after_the_last_portion_as_well() {
    let world = world();
    let cleo = json!({ "attributes": { "name": "Cleo", "work_email": "cleo@contoso.example" } });
    world.put("/v1/people/hr-9", cleo).await.expect(201);
    let mut admin = Browser::admin(&world).await;
    let csv = "key,work_email\nhr-1,ada@contoso.example\nhr-2,cleo@contoso.example\n";

    let shown = admin.post(PLACE, &[("csv", csv)]).await.text;
    let put = [("csv", csv), ("plan", plan_of(&shown))];
    let put = admin.post(PLACE, &put).await;

    assert_eq!(put.status, 200, "{}", put.text);
    assert!(put.text.contains("Put, and that was all"), "{}", put.text);
    assert!(put.text.contains("who has another key"), "{}", put.text);
    assert_eq!(known(&world).await, 2);
}

#[tokio::test]
async fn what_is_confirmed_ends_where_what_was_shown_ended() {
    let world = world();
    let mut admin = Browser::admin(&world).await;
    let csv = "key,name\nhr-1,Ada\nhr-2,Bo\n";

    // As if there had been time for one line only.
    let short = [("csv", csv), ("to", "3")];
    let shown = admin.post(PLACE, &short).await.text;
    assert_eq!(between(&shown, "name=\"to\" value=\"", "\""), Some("3"));
    let put = [("csv", csv), ("to", "3"), ("plan", plan_of(&shown))];
    let put = admin.post(PLACE, &put).await;

    assert_eq!(put.status, 200, "{}", put.text);
    assert_eq!(known(&world).await, 1);
    let from = between(&put.text, "name=\"from\" value=\"", "\"");
    assert_eq!(from, Some("3"));
}
