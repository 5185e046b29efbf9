//! People from a CSV file in the console: seen line by line, then put.

use std::fmt::Write;

use super::by_hand::plan_of;
use super::{Browser, between};
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
