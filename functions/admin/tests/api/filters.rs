//! People by what they hold in an application, and by drift.

use sando_core::admin::named::of_app;
use sando_core::grant::Grant;
use sando_core::ids::{PersonId, Slug};
use sando_core::store::{Commit, Group, Key, Loaded, Put};
use sando_core::words::Finder;
use serde_json::{Value, json};

use crate::builder::{connected_to, row};
use crate::drift::{TWO_DAYS, acme};
use crate::metrics::a_day_is_counted;
use crate::movers::{configured, engineer};
use crate::world::{World, world};

/// The names of those who are listed with this filter.
async fn listed(world: &World, filter: &str) -> Vec<String> {
    let people = world.get(&format!("/v1/people?{filter}")).await.expect(200);
    let people = people["items"].as_array().unwrap().iter();
    people
        .map(|person| person["name"].as_str().unwrap().to_owned())
        .collect()
}

const NOBODY: [&str; 0] = [];

#[tokio::test]
async fn whoever_holds_something_in_an_application_is_listed_until_it_is_taken_away() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;

    for more in ["", "&state=active", "&department=engineering", "&drift=0"] {
        let found = listed(&world, &format!("app=figma{more}")).await;
        assert_eq!(found, ["Ada Park"], "{more}");
    }
    for other in [
        "app=miro",
        "app=figma&state=left",
        "app=figma&state=preboarding",
        "app=figma&department=Sales",
    ] {
        assert_eq!(listed(&world, other).await, NOBODY, "{other}");
    }
    let path = format!("/v1/people/{id}:terminate");
    world.post(&path, json!({ "at": "now" })).await.expect(200);
    world.pass(120).await;

    assert_eq!(world.grant(&id, "figma").await["state"], "revoked");
    assert_eq!(listed(&world, "app=figma").await, NOBODY);
    assert_eq!(listed(&world, "state=left").await, ["Ada Park"]);
}

#[tokio::test]
async fn the_pages_of_an_application_are_everybody_with_something_there_each_once() {
    let world = world();
    configured(&world).await;
    let mut all = Vec::new();
    for number in 1..=5 {
        all.push(engineer(&world, number).await);
    }
    world.pass(60).await;

    let (mut seen, mut path) = (Vec::new(), "/v1/people?app=figma&limit=2".to_owned());
    loop {
        let page = world.get(&path).await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        seen.extend(items.map(|person| person["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/people?app=figma&limit=2&cursor={cursor}");
    }

    seen.sort();
    all.sort();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_a_mistake_at_its_place() {
    let world = world();

    for (filter, path) in [("app=No%20Slug", "app"), ("drift=perhaps", "drift")] {
        let refused = world.get(&format!("/v1/people?{filter}")).await;
        assert_eq!(refused.expect(422)["errors"][0]["path"], path);
    }
}

/// As a version before wrote it: no grant is looked up by its application.
async fn before_holders_were_listed(world: &World, person: &str) {
    let store = &world.ports.store;
    let mut finder = store.find::<Finder>(&Key::Finder).await.unwrap().unwrap();
    finder.entity.has_holders = false;
    let mut puts = vec![Put::of(&finder.entity, finder.version)];
    let grants = Group::Grants(PersonId::parse(person).unwrap());
    let grants: Vec<Loaded<Grant>> = store.all(&grants).await.unwrap();
    puts.extend(grants.iter().map(|grant| Put {
        lookup: None,
        ..Put::of(&grant.entity, grant.version)
    }));
    let commit = Commit {
        puts,
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();
}

#[tokio::test]
async fn what_was_given_before_holders_were_listed_is_looked_for_until_a_day_is_over() {
    let world = world();
    let id = world.applied().await;
    connected_to(&world, vec![row("zoe", "on")]).await;
    world.pass(60).await;
    before_holders_were_listed(&world, &id).await;
    let figma = Slug::parse("figma").unwrap();

    let looked_for = listed(&world, "app=figma").await;
    let list = of_app(&world.ports, &figma).await.unwrap();
    a_day_is_counted(&world).await;

    assert_eq!(looked_for, ["Ada Park"]);
    assert!(list.is_none(), "nobody is left out");
    assert!(of_app(&world.ports, &figma).await.unwrap().is_some());
    assert_eq!(listed(&world, "app=figma").await, ["Ada Park"]);
    assert_eq!(listed(&world, "app=miro").await, NOBODY);
}

#[tokio::test]
async fn drift_that_a_sync_shows_is_listed_after_it_and_gone_after_the_next_one() {
    let world = world();
    acme(&world).await;
    connected_to(&world, vec![row("zoe", "on")]).await;
    world.applied_again().await;
    world.pass(60).await;
    a_day_is_counted(&world).await;
    let here = vec![row("zoe", "on"), row("ada.park", "on")];
    world.serve(here.clone());
    world.pass(TWO_DAYS).await;
    assert_eq!(listed(&world, "drift=1").await, NOBODY);

    world.serve(vec![row("zoe", "on"), row("ada.park", "off")]);
    world.pass(TWO_DAYS).await;

    for more in [
        "",
        "&state=active",
        "&app=acme",
        "&app=acme&department=Engineering",
    ] {
        let found = listed(&world, &format!("drift=1{more}")).await;
        assert_eq!(found, ["Ada Park"], "{more}");
    }
    assert_eq!(listed(&world, "drift=true&state=left").await, NOBODY);
    assert_eq!(listed(&world, "drift=true&app=miro").await, NOBODY);

    world.serve(here);
    world.pass(TWO_DAYS).await;
    assert_eq!(listed(&world, "drift=1").await, NOBODY);
}

/// Ada has a user in Acme that nobody here gave her; answers her id.
pub(crate) async fn unexplained(world: &World) -> String {
    let id = world.applied().await;
    world.pass(60).await;
    let acme = json!({ "owner": "it@contoso.example" });
    world.put("/v1/apps/acme", acme).await.expect(201);
    connected_to(world, vec![row("zoe", "on"), row("ada.park", "on")]).await;
    id
}

#[tokio::test]
async fn drift_of_whom_no_sync_changed_is_listed_after_a_day_and_gone_once_corrected() {
    let world = world();
    let id = unexplained(&world).await;

    let early = world.get("/v1/people?drift=1").await.expect(409);
    a_day_is_counted(&world).await;
    let found = listed(&world, "drift=1").await;
    let path = format!("/v1/people/{id}/access:correct");
    let body = json!({ "apps": ["acme"] });
    let corrected: Value = world.post(&path, body).await.expect(200);

    assert_eq!(early["code"], "not_looked_yet");
    assert_eq!(found, ["Ada Park"]);
    assert_eq!(corrected["drift"].as_array().unwrap().len(), 1);
    assert_eq!(listed(&world, "drift=1").await, NOBODY);
}

#[tokio::test]
async fn what_somebody_had_who_was_here_before_is_no_drift() {
    let world = world();
    world.ada().await;
    connected_to(&world, vec![row("ada.park", "on")]).await;

    a_day_is_counted(&world).await;

    assert_eq!(listed(&world, "drift=1").await, NOBODY);
}
