//! What is long comes in pages, and no sentence counts a page for the whole.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sando_core::ids::{PersonId, TaskId};
use sando_core::person::Lifecycle;
use sando_core::store::{Commit, Entity, Put, Version};
use sando_core::task::{Task, TaskKind, TaskState};
use sando_core::testing::a_person;

use super::{Browser, between};
use crate::world::{World, world};

pub(super) fn task(n: i64) -> Task {
    Task {
        id: TaskId::derived(&[&n.to_string()]),
        kind: TaskKind::Manual,
        owner: "it@contoso.example".to_owned(),
        title: format!("Task {n}"),
        state: TaskState::Open,
        person: None,
        run: None,
        step: None,
        app: None,
        detail: String::new(),
        user: None,
        due: None,
        created_at: Timestamp::from_second(1_700_000_000 - n).unwrap(),
        ended_at: None,
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    }
}

pub(super) async fn store<E: Entity>(world: &World, entity: &E) {
    let commit = Commit {
        puts: vec![Put::of(entity, Version::ABSENT)],
        ..Commit::default()
    };
    world.ports.store.commit(&commit).await.unwrap();
}

#[tokio::test]
async fn the_pages_of_tasks_are_all_tasks_each_once() {
    let world = world();
    for n in 0..120 {
        store(&world, &task(n)).await;
    }
    let mut browser = Browser::admin(&world).await;

    let (mut seen, mut said) = (Vec::new(), Vec::new());
    let mut path = "/console/inbox?view=team".to_owned();
    loop {
        let page = browser.get(&path).await.text;
        let rows = page.split("<td><a href=\"/console/tasks/").skip(1);
        seen.extend(rows.map(|row| row.split('"').next().unwrap().to_owned()));
        said.push(between(&page, "id=\"verdict\">", "<").unwrap().to_owned());
        match between(&page, "<p class=\"pager\"><a href=\"", "\"") {
            Some(next) => {
                let next = next.replace("&amp;", "&");
                next.trim_end_matches("#tasks").clone_into(&mut path);
            }
            None => break,
        }
        assert!(said.len() < 9, "it goes round in circles: {path}");
    }

    let wanted = (0..120).map(|n| task(n).id.to_string());
    assert_eq!(seen, wanted.collect::<Vec<String>>(), "newest first");
    assert_eq!(
        said,
        [
            "50 or more tasks are open.",
            "50 or more tasks are open.",
            "20 tasks are open."
        ]
    );
}

#[tokio::test]
async fn those_who_start_soon_are_found_among_those_who_have_not_started() {
    let world = world();
    // It is the 4th of January; whoever has started is not looked for.
    for (n, state, day) in [
        (1, Lifecycle::Preboarding, "2027-01-11"),
        (2, Lifecycle::Preboarding, "2027-01-12"),
        (3, Lifecycle::Preboarding, "2027-02-04"),
        (4, Lifecycle::Active, "2027-01-05"),
    ] {
        let name = format!("Person Number{n}");
        let mut person = a_person().in_state(state).with("name", &name).build();
        person.id = PersonId::derived(&[&n.to_string()]);
        person.starts_on = Some(day.parse().unwrap());
        store(&world, &person).await;
    }
    let mut browser = Browser::admin(&world).await;

    for (query, expect) in [
        ("within=7", &[1][..]),
        ("within=14", &[1, 2][..]),
        ("within=30&q=&state=", &[1, 2][..]),
        ("within=7&state=active", &[4][..]),
        ("within=14&q=Number2", &[2][..]),
        ("within=&state=preboarding", &[1, 2, 3][..]),
    ] {
        let page = browser.get(&format!("/console/people?{query}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.text);
        for n in 1..5 {
            let is_there = page.text.contains(&format!(">Person Number{n}</a>"));
            assert_eq!(is_there, expect.contains(&n), "{query}, {n}: {}", page.text);
        }
    }
    let wrong = browser.get("/console/people?within=8").await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
}

#[tokio::test]
async fn the_overview_says_that_there_is_more_than_it_shows() {
    let world = world();
    for n in 0..9 {
        store(&world, &task(n)).await;
        let mut person = a_person().in_state(Lifecycle::Preboarding).build();
        person.id = PersonId::derived(&[&n.to_string()]);
        store(&world, &person).await;
    }
    let mut browser = Browser::admin(&world).await;

    let page = browser.get("/console").await.text;

    let verdict = "9 things need you. 8 or more people are about to start; \
        of the next 8, 0 not complete yet.";
    assert!(page.contains(verdict), "{page}");
    assert!(page.contains("Needs you 9<"), "{page}");
    assert_eq!(page.matches("href=\"/console/tasks/").count(), 8, "{page}");
    assert!(page.contains("href=\"/console/inbox?view=team\""), "{page}");
}
