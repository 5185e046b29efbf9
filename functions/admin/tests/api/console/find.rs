//! Find: whatever begins so, or has this id; a page without its script, a list in the palette with it.

use axum::body::Body;
use sando_core::admin::accounts;
use sando_core::admin::named::{named, of_department};
use sando_core::ids::PersonId;
use sando_core::roster::Entry;
use sando_core::store::{Commit, Key, PageRequest, Put, Query, Version};
use sando_core::testing::a_person;
use sando_core::words::Finder;
use serde_json::json;

use super::{Browser, between, everything};
use crate::builder::connected_to;
use crate::metrics::a_day_is_counted;
use crate::reports::{company, row};
use crate::world::{World, ada, world};

/// So many became known after everybody else, in a way that keeps no words of them.
async fn newer(world: &World, count: i64) {
    for first in (0..count).step_by(75) {
        let puts = (first..count.min(first + 75)).map(|number| {
            let mut person = a_person()
                .with("name", &format!("Newer{number} Other"))
                .with("work_email", &format!("newer{number}@contoso.example"))
                .with("personal_email", &format!("newer{number}@mail.example"))
                .with("department", "Others")
                .build();
            person.id = PersonId::derived(&["newer", &number.to_string()]);
            person.created_at = jiff::Timestamp::from_second(1_900_000_000 + number).unwrap();
            Put::of(&person, Version::ABSENT)
        });
        let commit = Commit {
            puts: puts.collect(),
            ..Commit::default()
        };
        world.ports.store.commit(&commit).await.unwrap();
    }
}

/// The names of those who are found by their words.
async fn found(world: &World, text: &str) -> Vec<String> {
    let found = named(&world.ports, text, 10, None, |_| true).await.unwrap();
    let people = found.people.iter();
    let names = people.map(|person| person.entity.text("name").unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn whoever_became_known_long_ago_is_found_by_name_and_address() {
    let world = world();
    let id = world.ada().await;
    newer(&world, 2_100).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let person = format!("href=\"/console/people/{id}\"");

    for text in ["ad", "ADA", "park", "ada%20p", "Ada+Park"] {
        let all = viewer.get(&format!("/console/find?q={text}")).await.text;
        let list = viewer.get(&format!("/console/people?q={text}")).await.text;
        assert!(all.contains(&person), "{text}: {all}");
        assert!(list.contains(&person), "{text}: {list}");
        assert!(list.contains("1 person found."), "{text}: {list}");
        assert!(list.contains("Look through departments and titles too"));
    }
    // Who is not found by words is looked for in everybody, and the page says how far it came.
    let nobody = viewer.get("/console/people?q=nobody").await.text;
    assert!(nobody.contains("Nobody so far; more follow."), "{nobody}");
    assert!(nobody.contains("were looked at for this page"), "{nobody}");
    assert!(nobody.contains("all=true&amp;cursor="), "{nobody}");
    let state = viewer.get("/console/people?q=park&state=left").await.text;
    assert!(!state.contains(&person), "{state}");
}

#[tokio::test]
async fn who_is_called_otherwise_is_found_by_the_new_name_only() {
    let world = world();
    world.ada().await;
    assert_eq!(found(&world, "park").await, ["Ada Park"]);

    let mut quillon = ada();
    quillon["attributes"]["name"] = json!("Ada Quillon");
    world.put("/v1/people/hr-1", quillon).await.expect(200);
    let by_new = found(&world, "quillon").await;
    world.put("/v1/people/hr-1", ada()).await.expect(200);

    assert_eq!(by_new, ["Ada Quillon"]);
    assert_eq!(found(&world, "quill").await, [""; 0]);
    assert_eq!(found(&world, "ada").await, ["Ada Park"]);
}

#[tokio::test]
async fn whoever_was_known_before_words_were_kept_is_found_after_a_day() {
    let world = company().await;
    newer(&world, 1).await;
    let before = found(&world, "newer0").await;

    a_day_is_counted(&world).await;

    assert_eq!(before, [""; 0]);
    assert_eq!(found(&world, "newer0").await, ["Newer0 Other"]);
    assert_eq!(found(&world, "ada").await, ["Ada Park"]);
}

#[tokio::test]
async fn whoever_became_known_long_ago_is_found_by_department_with_state_and_name() {
    let world = world();
    let id = world.ada().await;
    newer(&world, 2_100).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let person = format!("href=\"/console/people/{id}\"");
    let list = "/console/people?department=engineering";

    for more in ["", "&state=active", "&q=ada", "&q=park&state=active"] {
        let page = viewer.get(&format!("{list}{more}")).await.text;
        assert!(page.contains(&person), "{more}: {page}");
        assert!(page.contains("1 person found."), "{more}: {page}");
        assert!(!page.contains("were looked at"), "{more}: {page}");
    }
    for more in ["&state=left", "&q=nobody", "&within=7"] {
        let page = viewer.get(&format!("{list}{more}")).await.text;
        assert!(
            page.contains("Nobody matches this filter."),
            "{more}: {page}"
        );
    }
    let other = viewer.get("/console/people?department=Sales&q=ada").await;
    assert!(!other.text.contains(&person), "{}", other.text);
    let api = world.get("/v1/people?department=Engineering").await;
    assert_eq!(api.expect(200)["items"][0]["id"], id.as_str());
}

#[tokio::test]
async fn the_pages_of_a_department_are_everybody_of_it_each_once() {
    let world = company().await;
    newer(&world, 120).await;
    a_day_is_counted(&world).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let (mut seen, mut path) = (Vec::new(), "/console/people?department=Others".to_owned());
    loop {
        let page = viewer.get(&path).await.text;
        let rows = page.split("<td><a href=\"/console/people/").skip(1);
        seen.extend(rows.map(|row| row.split('"').next().unwrap().to_owned()));
        match between(&page, "<p class=\"pager\"><a href=\"", "\"") {
            Some(next) => path = next.replace("&amp;", "&"),
            None => break,
        }
    }

    let newest = (0..120).rev();
    let newest = newest.map(|number| PersonId::derived(&["newer", &number.to_string()]));
    let newest: Vec<String> = newest.map(|id| id.to_string()).collect();
    assert_eq!(seen, newest);
}

#[tokio::test]
async fn the_filter_offers_departments_that_aliases_name_and_the_page_shows() {
    let world = world();
    world.ada().await;
    let aliases = json!({ "Sales": ["Selling"], "R&D": [] });
    let put = world.put("/v1/aliases/department", aliases).await;
    put.expect(201);
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let page = viewer.get("/console/people?department=engineering").await;

    let offered = between(&page.text, "<datalist id=\"departments\">", "</datalist>").unwrap();
    let names: Vec<&str> = offered.split('"').skip(1).step_by(2).collect();
    assert_eq!(names, ["Engineering", "R&amp;D", "Sales"]);
    let typed = "name=\"department\" value=\"engineering\"";
    assert!(page.text.contains(typed), "{}", page.text);
}

#[tokio::test]
async fn whoever_was_known_before_departments_were_kept_is_looked_for_until_a_day_is_over() {
    let world = company().await;
    let store = &world.ports.store;
    let mut before = store.find::<Finder>(&Key::Finder).await.unwrap().unwrap();
    before.entity.has_departments = false;
    let commit = Commit {
        puts: vec![Put::of(&before.entity, before.version)],
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();
    newer(&world, 1).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let looked_for = viewer.get("/console/people?department=others").await;
    let list = of_department(&world.ports, "others").await.unwrap();
    a_day_is_counted(&world).await;
    let found = viewer.get("/console/people?department=others").await;

    assert!(list.is_none(), "nobody is left out");
    for page in [looked_for, found] {
        assert!(page.text.contains("Newer0 Other"), "{}", page.text);
    }
    let list = of_department(&world.ports, "others").await.unwrap();
    assert!(matches!(list, Some(Query::Words(_))));
}

#[tokio::test]
async fn people_accounts_and_files_are_found_by_how_they_begin() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let person = format!("href=\"/console/people/{}\"", fixture.person);

    for (text, wanted) in [
        ("ADA", person.as_str()),
        ("park", person.as_str()),
        ("acme", "href=\"/console/accounts/acme/prod\""),
        ("prod", "href=\"/console/accounts/acme/prod\""),
        ("acm", "href=\"/console/integrations/acme\""),
        ("fig", "href=\"/console/apps/figma\""),
        ("engin", "href=\"/console/policies/engineering\""),
        ("our", "href=\"/console/rules/ours\""),
        ("onb", "href=\"/console/workflows/onboard\""),
    ] {
        let page = viewer.get(&format!("/console/find?q={text}")).await;
        assert_eq!(page.status, 200, "{text}");
        assert!(page.text.contains(wanted), "{text}: {}", page.text);
    }
    for text in ["ark", "zzz", "a"] {
        let page = viewer.get(&format!("/console/find?q={text}")).await;
        assert!(!page.text.contains(&person), "{text}: {}", page.text);
    }
}

#[tokio::test]
async fn an_id_or_a_whole_address_leads_to_its_page() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let approval = fixture.approval["id"].as_str().unwrap();
    let person = format!("/console/people/{}", fixture.person);

    for (text, place) in [
        (fixture.person.as_str(), person.clone()),
        ("Ada@Mail.example", person.clone()),
        (
            fixture.run.as_str(),
            format!("/console/runs/{}", fixture.run),
        ),
        (
            fixture.event.as_str(),
            format!("/console/events/{}", fixture.event),
        ),
        (
            fixture.task.as_str(),
            format!("/console/tasks/{}", fixture.task),
        ),
        (approval, format!("/approvals/{approval}")),
        (
            fixture.job.as_str(),
            format!("/console/jobs/{}", fixture.job),
        ),
    ] {
        let answer = viewer.get(&format!("/console/find?q={text}")).await;
        assert_eq!(answer.status, 303, "{text}: {}", answer.text);
        assert_eq!(answer.header("location"), place, "{text}");
    }
    let unknown = viewer.get("/console/find?q=per_unknown").await;
    assert_eq!(unknown.status, 200);
    assert!(unknown.text.contains("Nothing was found."));
}

#[tokio::test]
async fn the_palette_gets_a_list_and_every_page_leads_there_without_it() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let request = viewer.request("GET", &format!("/console/find?q={}", fixture.run));
    let request = request.header("hx-request", "true");
    let list = viewer.send(request.body(Body::empty()).unwrap()).await;
    let page = viewer.get("/console/people").await;

    assert_eq!(list.status, 200);
    assert!(
        list.text
            .contains(&format!("/console/runs/{}", fixture.run))
    );
    assert_eq!(list.text.matches("id=\"found\"").count(), 1);
    assert!(page.text.contains("href=\"/console/find\""));
    assert_eq!(page.text.matches("id=\"found\"").count(), 1);
}

#[tokio::test]
async fn a_user_is_found_by_a_whole_address_or_id_wherever_they_lie() {
    let world = world();
    let seen = "2027-01-03T09:00:00Z";
    let rows = (0..700).map(|n| row(&format!("u{n}"), &format!("user{n}@contoso.example"), seen));
    connected_to(&world, rows.collect()).await;
    let account = accounts::all(&world.ports).await.unwrap().remove(0).entity;
    let page = PageRequest {
        limit: 1_000,
        cursor: None,
    };
    let roster = Query::Roster(account.roster.clone());
    let all = world.ports.store.list(&roster, &page).await.unwrap().items;
    let last: Entry = all.last().unwrap().read().unwrap().entity;
    let user = &last.visible(account.applied).unwrap().user;
    let address = user.email.as_deref().unwrap();
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let users = "/console/accounts/acme/prod/users?q=";

    for text in [address, user.external_id.as_str()] {
        let page = viewer.get(&format!("{users}{text}")).await.text;
        let shown = format!("<td data-label=\"Address\">{address}</td>");
        assert_eq!(page.matches(&shown).count(), 1, "{text}: {page}");
    }
    let nobody = viewer.get(&format!("{users}nobody")).await.text;
    assert!(nobody.contains("Nobody so far; more follow."), "{nobody}");
    assert!(nobody.contains("600 were looked at"), "{nobody}");
    let next = viewer.get(&format!("{users}user")).await.text;
    assert!(next.contains("50 were looked at"), "{next}");
}
