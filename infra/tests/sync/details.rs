//! Details of users: asked for once, and again when the record changed or they are old.

use sando_core::admin::{Expect, accounts};
use sando_core::store::Key;
use serde_json::json;

use crate::world::{World, definition, slug, users};

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
async fn the_details_of_an_account_that_is_disconnected_are_deleted() {
    let world = with_details(120).await;
    assert_eq!(kept(&world), 120);

    let (id, name, who) = (slug("acme"), slug("prod"), world.who());
    let (secrets, expect) = (&world.fakes.secrets, Expect::Anything);
    let gone = accounts::disconnect(&world.ports, secrets, &who, (&id, &name), &expect);
    gone.await.unwrap();
    world.rest().await;

    assert_eq!(kept(&world), 0);
}
