//! Details of users: asked for once, and again when the record changed or they are old.

use sando_core::admin::{Expect, accounts};
use sando_core::store::Key;
use sando_core::sync::SyncState;
use serde_json::json;

use crate::world::{World, definition, roster_of, slug, users};

/// A company whose application tells the role with the details of each user.
async fn with_details(count: usize) -> World {
    let world = World::empty(None);
    world.serve(users(0..count));
    world.fakes.app.lock().unwrap().title = "Engineer".to_owned();
    let mut file = definition();
    file["users"]["details"] = json!({ "path": "/users/{external_id}" });
    file["map"]["role"] = json!("detail.title");
    world.connect_with(file).await;
    world.rest().await;
    world
}

/// Whose details were asked for since this was called last.
fn asked(world: &World) -> Vec<String> {
    let mut asked = std::mem::take(&mut world.fakes.app.lock().unwrap().details);
    asked.sort();
    asked
}

async fn roles(world: &World) -> Vec<Option<String>> {
    let applied = world.account().await.applied;
    let entries = world.entries().await;
    let faces = entries.iter().filter_map(|entry| entry.visible(applied));
    faces.map(|face| face.user.role.clone()).collect()
}

fn kept(world: &World) -> usize {
    let items = world.store.items();
    let details = items
        .iter()
        .filter(|item| matches!(item.key, Key::Details(..)));
    details.count()
}

#[tokio::test]
async fn the_second_sync_asks_for_no_details_that_it_has() {
    let world = with_details(12).await;
    assert_eq!(asked(&world).len(), 12);

    world.day().await;

    assert_eq!(asked(&world), [""; 0]);
    assert_eq!(roles(&world).await, vec![Some("Engineer".to_owned()); 12]);
    let certificate = world.last().await.certificate.unwrap();
    // Pages, and one request for a token.
    assert_eq!((certificate.requests, certificate.pages), (4, 3));
}

#[tokio::test]
async fn details_of_a_record_that_changed_are_asked_for_again() {
    let world = with_details(12).await;
    asked(&world);
    let mut served = users(0..13);
    served[3]["plan"] = json!("free");
    world.serve(served);
    world.fakes.app.lock().unwrap().title = "Lead".to_owned();

    world.day().await;

    assert_eq!(asked(&world), ["u12", "u3"]);
    let of_leads = roles(&world).await.into_iter().flatten();
    assert_eq!(of_leads.filter(|role| role == "Lead").count(), 2);
}

#[tokio::test]
async fn old_details_are_asked_for_again_and_not_all_on_one_day() {
    let world = with_details(40).await;
    asked(&world);
    let mut days = Vec::new();
    for _ in 0..7 {
        world.day().await;
        days.push(asked(&world).len());
    }

    assert_eq!(days[..3], [0, 0, 0]);
    assert_eq!(days.iter().sum::<usize>(), 40, "{days:?}");
    assert!(days.iter().all(|count| *count < 40), "{days:?}");
}

#[tokio::test]
async fn details_that_could_not_be_read_are_not_kept() {
    let world = World::empty(None);
    world.fakes.app.lock().unwrap().details_fail = true;
    world.serve(users(0..3));
    let mut file = definition();
    file["users"]["details"] = json!({ "path": "/users/{external_id}" });
    file["map"]["role"] = json!("detail.title");
    world.connect_with(file).await;
    world.rest().await;
    assert_eq!(asked(&world).len(), 3);
    assert_eq!(kept(&world), 0);

    world.fakes.app.lock().unwrap().details_fail = false;
    world.day().await;

    assert_eq!(asked(&world), ["u0", "u1", "u2"]);
    assert_eq!(kept(&world), 3);
}

#[tokio::test]
async fn a_filter_that_reads_details_that_fail_removes_nobody() {
    let world = World::empty(None);
    world.serve(users(0..30));
    world.fakes.app.lock().unwrap().title = "person".to_owned();
    let mut file = definition();
    file["users"]["details"] = json!({ "path": "/users/{external_id}" });
    file["users"]["where"] = json!([{ "path": "detail.title", "op": "is", "value": "person" }]);
    world.connect_with(file).await;
    world.rest().await;
    assert_eq!(world.roster().await, roster_of(&users(0..30)));

    // Every record differs, so that all details are asked for again; and one user is new.
    let mut served = users(0..31);
    served.iter_mut().for_each(|user| user["seat"] = json!(1));
    world.serve(served);
    world.fakes.app.lock().unwrap().details_fail = true;
    world.day().await;

    let last = world.last().await;
    assert_eq!((last.state, last.counts.vanished), (SyncState::Done, 0));
    assert_eq!(world.roster().await, roster_of(&users(0..30)));
    // Nor is any field taken for one that went empty.
    assert!(last.emptied.is_empty(), "{:?}", last.emptied);
    assert_eq!(last.certificate.unwrap().dropped["filter_unknown"], 31);
}

#[tokio::test]
async fn the_details_of_an_account_that_is_disconnected_are_deleted() {
    let world = with_details(120).await;
    assert_eq!(kept(&world), 120);

    let (id, name, who) = (slug("acme"), slug("prod"), world.who());
    let (secrets, expect) = (&*world.fakes, Expect::Anything);
    let gone = accounts::disconnect(&world.ports, secrets, &who, (&id, &name), &expect);
    gone.await.unwrap();
    world.rest().await;

    assert_eq!(kept(&world), 0);
}
