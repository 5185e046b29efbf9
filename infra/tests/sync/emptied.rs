//! An application that moves a field: the sync counts, and whoever owns the application is warned, once.

use sando_core::admin::syncs::{Accept, release};
use sando_core::admin::{Expect, definitions, files};
use sando_core::config::ConfigKind;
use sando_core::sync::SyncState;
use sando_core::sync::shape::Emptied;
use serde_json::{Value, json};

use crate::world::{World, definition, slug, users};

fn mapping() -> Value {
    let mut file = definition();
    file["map"]["role"] = json!("title");
    file["custom_fields"] = json!({ "cost_center": "attributes.cost_center" });
    file
}

/// Users of whom the first so many have a cost centre; all have a title.
fn rows(count: usize, with_center: usize) -> Vec<Value> {
    let mut rows = users(0..count);
    for (place, row) in rows.iter_mut().enumerate() {
        row["title"] = json!("Engineer");
        if place < with_center {
            row["attributes"] = json!({ "cost_center": "R7" });
        }
    }
    rows
}

/// Connected and synced; the application has an owner.
async fn company(rows: Vec<Value>) -> World {
    let world = World::empty(None);
    world.serve(rows);
    let app = json!({ "app": "acme", "owner": "design-ops@contoso.example" });
    let (who, id) = (world.who(), slug("acme"));
    let expect = Expect::Anything;
    let put = files::put(&world.ports, &who, ConfigKind::App, &id, app, &expect);
    put.await.unwrap();
    world.connect_with(mapping()).await;
    world.rest().await;
    world
}

fn told(world: &World) -> Vec<String> {
    world.fakes.told.lock().unwrap().clone()
}

#[tokio::test]
async fn a_field_that_goes_silently_empty_is_told_of_once() {
    let world = company(rows(40, 38)).await;
    assert!(world.account().await.emptied().is_empty());

    world.serve(rows(40, 0));
    world.day().await;
    world.pass(60).await;

    let found = Emptied {
        field: "custom_fields.cost_center".to_owned(),
        before: 38,
        before_rows: 40,
        now: 0,
        now_rows: 40,
        sync: 2,
    };
    let sync = world.last().await;
    assert_eq!(sync.state, SyncState::Done, "it counts");
    assert_eq!(sync.emptied, std::slice::from_ref(&found));
    assert_eq!(
        world.account().await.emptied(),
        std::slice::from_ref(&found)
    );
    let letters = told(&world);
    assert_eq!(letters.len(), 2, "{letters:?}");
    let says = "`custom_fields.cost_center` has a value in 0 of 40 rows, before in 38 of 40";
    assert!(letters[0].contains(says), "{letters:?}");
    let to = world.fakes.told_to.lock().unwrap().clone();
    assert_eq!(to, ["design-ops@contoso.example", "role:it-admin"]);

    // The day after it still is, and nobody is told twice.
    world.day().await;
    world.pass(60).await;
    assert_eq!(world.last().await.emptied, []);
    assert_eq!(world.account().await.emptied(), [found]);
    assert_eq!(told(&world).len(), 2);

    world.serve(rows(40, 39));
    world.day().await;
    assert!(world.account().await.emptied().is_empty());
}

#[tokio::test]
async fn a_field_that_few_have_may_be_empty() {
    let world = company(rows(40, 7)).await;

    world.serve(rows(40, 0));
    world.day().await;
    world.pass(60).await;

    assert!(world.account().await.emptied().is_empty());
    assert!(told(&world).is_empty());
}

#[tokio::test]
async fn another_version_of_the_definition_is_compared_with_nothing() {
    let world = company(rows(40, 38)).await;
    let mut file = mapping();
    file["custom_fields"] = json!({});
    let (id, who) = (slug("acme"), world.who());
    let expect = Expect::Anything;
    let put = definitions::put(&world.ports, &who, &id, file, &expect);
    put.await.unwrap();

    world.day().await;
    world.pass(60).await;

    let account = world.account().await;
    assert_eq!(account.applied, 2);
    assert_eq!(account.contract.unwrap().version, 2);
    assert!(told(&world).is_empty());
}

#[tokio::test]
async fn a_failed_sync_is_nothing_to_compare_with() {
    let world = company(rows(40, 38)).await;
    world.serve(rows(40, 0));
    world.fakes.app.lock().unwrap().fails = Some((3, 500));
    world.day().await;
    assert_eq!(world.last().await.state, SyncState::Failed);
    assert!(world.account().await.emptied().is_empty());

    world.fakes.app.lock().unwrap().fails = None;
    world.day().await;

    let emptied = world.account().await.emptied().to_vec();
    assert_eq!(emptied.len(), 1, "{emptied:?}");
    assert_eq!((emptied[0].before, emptied[0].sync), (38, 3));
}

#[tokio::test]
async fn a_sync_that_is_held_warns_once_it_counts() {
    let world = company(rows(60, 60)).await;
    world.serve(rows(40, 0));
    world.day().await;
    let held = world.last().await;
    assert_eq!(held.state, SyncState::Held);
    assert_eq!(held.emptied, []);

    let (id, name) = (slug("acme"), slug("prod"));
    let released = release(&world.ports, &world.who(), &id, &name, None, &Accept::All).await;
    released.unwrap();
    world.rest().await;

    let emptied = world.last().await.emptied;
    assert_eq!(emptied.len(), 1, "{emptied:?}");
    assert_eq!((emptied[0].before_rows, emptied[0].now_rows), (60, 40));
}

#[tokio::test]
async fn a_sync_that_many_workers_go_on_with_counts_every_row_once() {
    let mut world = World::empty(None);
    world.turn = jiff::SignedDuration::ZERO;
    world.serve(rows(40, 38));
    world.connect_with(mapping()).await;
    world.rest().await;

    let contract = world.account().await.contract.unwrap();

    assert_eq!(contract.shape.rows, 40);
    assert_eq!(contract.shape.filled["custom_fields.cost_center"], 38);
    assert_eq!(contract.shape.filled["role"], 40);
    assert!(world.last().await.turns > 0);
}
