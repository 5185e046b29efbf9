//! Licences and spend as pages: what is used, what it costs whom, what could go back, and every table as CSV.

use super::{Browser, between};
use crate::metrics::a_day_is_counted;
use crate::reports::company;
use crate::world::World;

const RESIDUE: &str = "/console/spend/residue";

async fn open_tasks(world: &World) -> usize {
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    tasks["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_page_says_what_is_spent_and_what_could_go_back() {
    let world = company().await;
    let mut admin = Browser::admin(&world).await;

    let page = admin.get("/console/spend").await;
    let apps = admin.get("/console/spend?by=app").await;
    let people = admin.get("/console/spend?by=person").await;

    assert!(
        page.text.contains(
            "<h1 id=\"verdict\">€60.00 a month. 2 seats could go back: €30.00. 20 % of 5 seats are in use."
        ),
        "{}",
        page.text
    );
    let places: Vec<usize> = ["Sales", "Engineering"]
        .iter()
        .map(|name| page.text.find(&format!("<td>{name}</td>")).unwrap())
        .collect();
    assert!(page.text.contains("Nobody who is known"));
    assert!(places[0] < places[1], "sorted by money: {places:?}");
    assert!(
        apps.text
            .contains("<a href=\"/console/apps/acme\">Acme</a>")
    );
    assert!(people.text.contains("Ada Park") && people.text.contains("=Bo()"));
    let wrong = admin.get("/console/spend?by=nonsense").await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn every_table_is_a_csv_without_formulas() {
    let world = company().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    for (of, line) in [
        ("department", "department,Sales,2,3000 EUR"),
        ("app", "app,acme,4,6000 EUR"),
        ("person", "person,per_"),
        ("licences", "acme,pro,5,4,1,"),
        ("residue", "'=Bo()"),
    ] {
        let file = viewer.get(&format!("/console/spend/csv?of={of}")).await;
        assert_eq!(file.status, 200, "{of}");
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert!(file.text.contains(line), "{of}: {}", file.text);
    }
    let wrong = viewer.get("/console/spend/csv?of=nonsense").await;
    assert_eq!(wrong.status, 422);
    let nobody = Browser::new(&world)
        .get("/console/spend/csv?of=person")
        .await;
    assert_eq!(nobody.status, 303);
    let mut approver = Browser::with(&world, "approve", &[]).await;
    let other = approver.get("/console/spend/csv?of=person").await;
    assert_eq!(other.status, 403);
    assert!(!other.text.contains("per_"));
}

#[tokio::test]
async fn what_leavers_hold_is_taken_away_only_as_it_was_shown() {
    let world = company().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let mut admin = Browser::admin(&world).await;

    let seen = viewer.get(RESIDUE).await;
    let page = admin.get(RESIDUE).await;
    let plan = between(&page.text, "name=\"plan\" value=\"", "\"").unwrap();
    let other = admin.post(RESIDUE, &[("plan", "another")]).await;
    let before = open_tasks(&world).await;
    let done = admin.post(RESIDUE, &[("plan", plan)]).await;
    world.pass(1).await;

    assert!(
        page.text
            .contains("1 person who left still holds 2 seats: €30.00 a month."),
        "{}",
        page.text
    );
    assert!(page.text.contains("Take 2 seats away from 1 person"));
    assert!(!seen.text.contains("Take 2 seats"), "{}", seen.text);
    assert_eq!(other.status, 409);
    assert!(other.text.contains("Nothing was done"), "{}", other.text);
    assert_eq!(before, 0);
    assert_eq!(done.status, 303);
    assert_eq!(open_tasks(&world).await, 2);
}

#[tokio::test]
async fn a_licence_shows_who_holds_it_and_whose_seat_is_odd() {
    let world = company().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let page = viewer.get("/console/licences/acme/pro").await;

    assert!(
        page.text
            .contains("4 users hold Acme pro; 3 seats are worth a look."),
        "{}",
        page.text
    );
    assert!(page.text.contains("has another seat"), "{}", page.text);
    assert_eq!(viewer.get("/console/licences/none/pro").await.status, 404);
}

#[tokio::test]
async fn the_overview_shows_the_numbers_that_were_kept() {
    let world = company().await;
    let mut admin = Browser::admin(&world).await;
    let before = admin.get("/console").await.text;

    a_day_is_counted(&world).await;
    let page = admin.get("/console").await.text;

    assert!(!before.contains("Licences in use"), "nothing is known yet");
    for shown in [
        "Licences in use",
        "75 %",
        "€60.00",
        "1 person who left still holds 2 seats: €30.00 a month.",
        "role=\"img\"",
        "Week from",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
}
