//! Licences and spend as pages: what is used, what it costs whom, what could go back, and every table as CSV.

use sando_core::admin::accounts;
use sando_core::ids::Slug;
use sando_core::store::{Commit, Put, Version};
use serde_json::json;

use super::{Browser, between};
use crate::metrics::a_day_is_counted;
use crate::reports::{acme, company, makers, row};
use crate::world::World;

const RESIDUE: &str = "/console/spend/residue";
const SEATS: &str = "/console/licences/acme/pro";

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
        (
            "forecast",
            "acme,pro,2027-01-04,5,0,,0,,4,6000 EUR,0,0 EUR,1,1500 EUR",
        ),
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
    let link = format!("{SEATS}/csv");
    assert!(
        page.text.contains(&format!("href=\"{link}\"")),
        "{}",
        page.text
    );
    let file = viewer.get(&link).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.text.lines().count(), 5, "{}", file.text);
    assert!(file.text.contains("'=Bo()"), "{}", file.text);
    assert_eq!(
        viewer.get("/console/licences/none/pro/csv").await.status,
        404
    );
}

#[tokio::test]
async fn seats_that_will_be_missing_are_drawn_with_their_numbers() {
    let world = company().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let enough = viewer.get("/console/spend").await.text;
    world.put("/v1/apps/acme", acme(3)).await.expect(200);
    let short = viewer.get("/console/spend").await.text;

    assert!(enough.contains("No seat will be missing"), "{enough}");
    assert!(!enough.contains("class=\"ahead\""), "{enough}");
    let says = "1 seat will be missing at the most, the first in the week of Mon 4 Jan 2027: €15.00 a month.";
    for shown in [
        says,
        "class=\"ahead\"",
        "1 short</text>",
        "4 needed, 3 bought, 1 short",
        "<td data-label=\"Week from\">Mon 4 Jan 2027</td>",
    ] {
        assert!(short.contains(shown), "{shown}: {short}");
    }
}

/// Ada was not seen in Acme for a year.
async fn unused(world: &World) {
    world.serve(vec![
        row("1", "ada@contoso.example", "2026-01-03T09:00:00Z"),
        row("2", "bo@contoso.example", "2027-01-03T09:00:00Z"),
        row("3", "stranger@contoso.example", "2027-01-03T09:00:00Z"),
        row("4", "bo@mail.example", "2027-01-03T09:00:00Z"),
    ]);
    let sync = world.post("/v1/accounts/acme/prod:sync", json!({})).await;
    sync.expect(202);
    world.pass(1).await;
}

#[tokio::test]
async fn a_seat_that_nobody_uses_becomes_a_task_of_the_owner() {
    let world = company().await;
    unused(&world).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let mut operator = Browser::operator(&world).await;
    let select = "name=\"user\" value=\"acme/prod/1\"";

    let spend = viewer.get("/console/spend").await.text;
    let seen = viewer.get(SEATS).await.text;
    let plan = operator.get(SEATS).await.text;
    let nothing = operator.post(SEATS, &[("reason", "not used")]).await;
    let before = open_tasks(&world).await;
    let fields = [("user", "acme/prod/1"), ("reason", "not used")];
    let done = operator.post(SEATS, &fields).await;
    let after = operator.get(SEATS).await.text;

    assert!(spend.contains("aria-label=\"Plan… pro\""), "{spend}");
    assert!(!seen.contains("name=\"user\""), "{seen}");
    assert!(seen.contains("takes the role operator"), "{seen}");
    assert!(plan.contains(select), "{plan}");
    assert_eq!(plan.matches("name=\"user\"").count(), 1, "{plan}");
    assert_eq!((nothing.status.as_u16(), before), (422, 0));
    assert_eq!(done.status, 303, "{}", done.text);
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let tasks = tasks["items"].as_array().unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["owner"], "it@contoso.example");
    assert!(!after.contains(select), "it is in hand: {after}");
    assert!(after.contains("to be taken away"), "{after}");
}

/// So many users whom nobody knows, and who were not seen for a year.
async fn strangers(world: &World, count: usize) {
    let rows = (0..count).map(|n| {
        let mail = format!("u{n}@contoso.example");
        row(&n.to_string(), &mail, "2026-01-03T09:00:00Z")
    });
    world.serve(rows.collect());
    let sync = world.post("/v1/accounts/acme/prod:sync", json!({})).await;
    sync.expect(202);
    world.pass(1).await;
}

#[tokio::test]
async fn more_than_five_seats_go_back_with_their_number_only() {
    let world = company().await;
    strangers(&world, 7).await;
    let mut operator = Browser::operator(&world).await;
    let users: Vec<String> = (0..6).map(|n| format!("acme/prod/{n}")).collect();
    let mut fields = vec![("reason", "not used")];
    fields.extend(users.iter().map(|user| ("user", user.as_str())));

    let plan = operator.get(SEATS).await.text;
    let untyped = operator.post(SEATS, &fields).await;
    let other = [&fields[..], &[("number", "7")]].concat();
    let other = operator.post(SEATS, &other).await;
    let before = open_tasks(&world).await;
    fields.push(("number", "6"));
    let done = operator.post(SEATS, &fields).await;

    assert!(plan.contains("name=\"number\""), "{plan}");
    for refused in [&untyped, &other] {
        assert_eq!(refused.status, 422, "{}", refused.text);
        let kept = refused.text.matches("\" checked>").count();
        assert_eq!(kept, 6, "{}", refused.text);
        for text in [">not used</textarea>", "aria-invalid=\"true\""] {
            assert!(refused.text.contains(text), "{text}: {}", refused.text);
        }
    }
    assert_eq!(before, 0);
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(open_tasks(&world).await, 6);
}

#[tokio::test]
async fn a_licence_says_how_many_of_its_holders_it_shows() {
    let world = company().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let few = viewer.get(SEATS).await.text;
    strangers(&world, 201).await;
    let many = viewer.get(SEATS).await.text;

    assert!(!few.contains("are shown"), "{few}");
    assert!(many.contains("200 of 201 are shown"), "{many}");
}

#[tokio::test]
async fn a_seat_that_a_policy_gives_is_a_matter_of_the_policy() {
    let world = company().await;
    unused(&world).await;
    world.put("/v1/policies/makers", makers()).await.expect(201);
    world.pass(1).await;
    let mut operator = Browser::operator(&world).await;

    let plan = operator.get(SEATS).await.text;

    assert!(plan.contains("Given by the policy"), "{plan}");
    assert!(plan.contains("href=\"/console/policies/makers\""), "{plan}");
    assert!(!plan.contains("name=\"user\""), "{plan}");
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

#[tokio::test]
async fn where_counting_takes_long_a_page_shows_what_was_counted_last() {
    let world = company().await;
    let mut admin = Browser::admin(&world).await;
    a_day_is_counted(&world).await;
    // As if there were more users than are counted while somebody waits.
    let mut account = accounts::all(&world.ports).await.unwrap().remove(0);
    account.entity.users = 6_000;
    let many = Commit {
        puts: vec![Put::of(&account.entity, account.version)],
        ..Commit::default()
    };
    world.ports.store.commit(&many).await.unwrap();

    let kept = admin.get("/console/spend").await.text;
    let by_app = admin.get("/console/spend?by=app").await.text;
    let by_person = admin.get("/console/spend?by=person").await.text;
    let now = admin.get("/console/spend?by=app&now=true").await.text;
    let residue = admin.get(RESIDUE).await.text;
    let residue_now = admin.get(&format!("{RESIDUE}?now=true")).await.text;
    let seats = admin.get(SEATS).await.text;
    let seats_now = admin.get(&format!("{SEATS}?now=true")).await.text;

    let verdict = "<h1 id=\"verdict\">€60.00 a month. 2 seats could go back: €30.00. 20 % of 5 seats are in use.";
    assert!(kept.contains(verdict), "{kept}");
    assert!(kept.contains("<td>Sales</td>") && kept.contains("Nobody who is known"));
    assert!(
        kept.contains("href=\"/console/spend?by=department&amp;now=true\""),
        "{kept}"
    );
    for section in ["licences", "forecast", "residue"] {
        assert!(kept.contains(&format!("id=\"{section}\"")), "{kept}");
        assert!(now.contains(&format!("id=\"{section}\"")), "{now}");
    }
    assert!(kept.contains("1 beside another seat · 2 of people who left"));
    let tables =
        |page: &str| between(page, "aria-labelledby=\"chargeback\"", "</main>").map(str::to_owned);
    assert!(tables(&now).is_some());
    assert_eq!(tables(&by_app), tables(&now));
    assert!(
        by_person.contains("Ada Park") && by_person.contains("=Bo()"),
        "{by_person}"
    );
    assert!(by_person.contains("&amp;now=true"), "{by_person}");
    assert!(kept.contains("action=\"/console/spend/count\""), "{kept}");
    assert!(
        by_app.contains("<a href=\"/console/apps/acme\">Acme</a>"),
        "{by_app}"
    );
    assert!(
        now.contains("2 seats could go back") && now.contains("id=\"licences\""),
        "{now}"
    );
    let held = "1 person who left still holds 2 seats: €30.00 a month.";
    assert!(
        residue.contains(held) && !residue.contains("name=\"plan\""),
        "{residue}"
    );
    assert!(residue_now.contains(held) && residue_now.contains("name=\"plan\""));
    assert!(seats.contains("Acme has many users"), "{seats}");
    let verdict = "4 users hold Acme pro; 3 seats are worth a look.";
    assert!(seats.contains(verdict), "{seats}");
    assert!(seats_now.contains("4 users hold Acme pro"), "{seats_now}");
}

#[tokio::test]
async fn an_account_that_is_new_hides_nothing_that_was_counted() {
    let world = company().await;
    let mut admin = Browser::admin(&world).await;
    a_day_is_counted(&world).await;
    let mut account = accounts::all(&world.ports).await.unwrap().remove(0);
    account.entity.users = 6_000;
    let mut other = account.entity.clone();
    other.name = Slug::parse("other").unwrap();
    let both = Commit {
        puts: vec![
            Put::of(&account.entity, account.version),
            Put::of(&other, Version::ABSENT),
        ],
        ..Commit::default()
    };
    world.ports.store.commit(&both).await.unwrap();

    let spend = admin.get("/console/spend").await.text;
    let overview = admin.get("/console").await.text;

    assert!(spend.contains("€60.00 a month. 2 seats"), "{spend}");
    assert!(spend.contains("Counted"), "{spend}");
    assert!(overview.contains("€60.00"), "{overview}");
}
