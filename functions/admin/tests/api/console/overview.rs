//! The overview: what needs somebody, and how things stand.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use sando_core::approval::Approval;
use sando_core::ids::{ApprovalId, PersonId};
use sando_core::person::Lifecycle;
use sando_core::store::{Entity, PageRequest, Query};
use sando_core::testing::a_person;

use super::held::synced;
use super::size::{store, task};
use super::{Browser, between, everything};
use crate::builder::{connected, connected_to, row};
use crate::movers::{configured, engineer, moves};
use crate::world::world;

const DAY: i64 = 24 * 60 * 60;
/// An answer that fails a sync, and disables nothing.
const PARTIAL: u16 = 206;

#[tokio::test]
async fn an_account_whose_sync_failed_needs_somebody_until_one_works() {
    let world = connected().await;
    let mut browser = Browser::admin(&world).await;

    world.refuse_reading(Some(PARTIAL));
    synced(&world).await;
    let failing = browser.get("/console").await.text;
    let list = browser.get("/console/integrations").await.text;
    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    world.refuse_reading(None);
    synced(&world).await;
    let mended = browser.get("/console").await.text;

    assert_eq!(account["state"], "connected");
    for text in [
        "1 thing needs you.",
        "acme / prod: shape",
        "no new data since",
        "tried again",
    ] {
        assert!(failing.contains(text), "{text}: {failing}");
    }
    assert!(list.contains("1 of 1 account needs you."), "{list}");
    assert!(!mended.contains("needs you."), "{mended}");
}

#[tokio::test]
async fn the_overview_tells_how_near_the_brake_is_and_how_many_rosters_are_fresh() {
    let world = world();
    configured(&world).await;
    connected_to(&world, vec![row("a", "on")]).await;
    engineer(&world, 1).await;
    moves(&world, 1).await;
    world.pass(60).await;

    let admin = Browser::admin(&world).await.get("/console").await.text;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let viewer = viewer.get("/console").await.text;
    world.refuse_reading(Some(PARTIAL));
    world.pass(3 * DAY).await;
    let later = Browser::admin(&world).await.get("/console").await.text;

    assert!(admin.contains("removals this hour 1 of 200"), "{admin}");
    assert!(admin.contains("1 of 1 roster fresh"), "{admin}");
    assert!(admin.contains(">Pause…</a>"), "{admin}");
    assert!(!viewer.contains(">Pause…</a>"), "{viewer}");
    assert!(later.contains("removals this hour 0 of 200"), "{later}");
    assert!(later.contains("0 of 1 roster fresh"), "{later}");
}

fn hours(now: Timestamp, hours: i64) -> Timestamp {
    now + SignedDuration::from_hours(hours)
}

/// Where the list of what needs somebody leads, in its order.
fn needs(page: &str) -> Vec<&str> {
    let list = between(page, "id=\"needs\"", "</section>").expect(page);
    let links = list.split("<a class=\"button\" href=\"").skip(1);
    links.map(|link| link.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn what_happens_soonest_if_nobody_acts_stands_first() {
    let (world, _) = everything().await;
    let now = world.ports.clock.now();
    let waiting = Query::States {
        kind: Approval::KIND,
        states: vec!["waiting"],
    };
    let first = PageRequest {
        limit: 1,
        cursor: None,
    };
    let found = world.ports.store.list(&waiting, &first).await.unwrap();
    let asked = found.items[0].read::<Approval>().unwrap().entity;
    // The one that was asked for first is denied first.
    for n in 1..10 {
        let approval = Approval {
            id: ApprovalId::derived(&[&n.to_string()]),
            created_at: hours(now, -n),
            expires_at: Some(hours(now, 20 - 2 * n)),
            ..asked.clone()
        };
        store(&world, &approval).await;
    }
    let mut soon = task(1);
    soon.due = Some(hours(now, 3));
    store(&world, &soon).await;
    let mut browser = Browser::admin(&world).await;

    let page = browser.get("/console").await.text;

    assert!(page.contains("13 things need you."), "{page}");
    assert!(page.contains("Needs you 13<"), "{page}");
    let shown = needs(&page);
    let approval = |n: i64| format!("/approvals/{}", ApprovalId::derived(&[&n.to_string()]));
    let expect = [
        "/console/accounts/acme/prod/held".to_owned(),
        approval(9),
        format!("/console/tasks/{}", soon.id),
        approval(8),
    ];
    assert_eq!(shown[..4], expect);
    let decisions = shown.iter().filter(|to| to.starts_with("/approvals/"));
    assert_eq!(decisions.count(), 8, "{shown:?}");
    assert!(page.contains("There are more"), "{page}");
}

#[tokio::test]
async fn who_starts_next_is_shown_however_many_start_later() {
    let world = world();
    for n in 0..=200 {
        let (name, starts_on) = match n {
            0 => ("Ada Park".to_owned(), date(2027, 2, 1)),
            _ => (format!("Bo Lind {n}"), date(2027, 3, 1)),
        };
        let builder = a_person().in_state(Lifecycle::Preboarding);
        let mut person = builder.with("name", &name).build();
        person.id = PersonId::derived(&[&name]);
        // Who was known first stands last in the list.
        person.created_at = Timestamp::from_second(1_700_000_000 + n).unwrap();
        person.starts_on = Some(starts_on);
        store(&world, &person).await;
    }
    let mut browser = Browser::admin(&world).await;

    let page = browser.get("/console").await.text;

    let shown = between(&page, "id=\"arriving\"", "</section>").expect(&page);
    let ada = shown.find("Ada Park").expect(shown);
    assert!(shown.find("Bo Lind").is_some_and(|bo| ada < bo), "{shown}");
}

#[tokio::test]
async fn only_who_may_decide_is_asked_to() {
    let (world, fixture) = everything().await;
    let place = format!(
        "href=\"/approvals/{}\"",
        fixture.approval["id"].as_str().unwrap()
    );

    for (scopes, verb) in [
        (&["read"][..], "Look at it"),
        (&["read", "approve"][..], "Decide"),
    ] {
        let mut browser = Browser::with_all(&world, scopes).await;
        let page = browser.get("/console").await.text;
        assert!(
            page.contains(&format!("{place}>{verb}</a>")),
            "{scopes:?}: {page}"
        );
    }
}
