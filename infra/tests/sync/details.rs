//! Details of users: asked for once, and again when the record changed or they are old.

use jiff::SignedDuration;
use sando_core::admin::{Expect, accounts};
use sando_core::store::Key;
use sando_core::sync::SyncState;
use serde_json::{Value, json};

use crate::world::{World, definition, roster_of, slug, users};

/// A company whose application tells the role with the details of each user.
async fn with_details(count: usize) -> World {
    let world = World::empty(None);
    serve(&world, count);
    world.connect_with(of_details()).await;
    world.rest().await;
    world
}

fn serve(world: &World, count: usize) {
    world.serve(users(0..count));
    world.fakes.app.lock().unwrap().title = "Engineer".to_owned();
}

fn of_details() -> Value {
    let mut file = definition();
    file["users"]["details"] = json!({ "path": "/users/{external_id}" });
    file["map"]["role"] = json!("detail.title");
    file
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
async fn details_of_one_page_that_ask_to_wait_again_and_again_are_read_to_the_end() {
    let world = World::empty(None);
    serve(&world, 80);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.page, app.pauses_after) = (100, Some(6));
    }

    world.connect_with(of_details()).await;
    world.rest().await;
    for _ in 0..40 {
        world.pass(50).await;
    }

    let last = world.last().await;
    assert_eq!(last.state, SyncState::Done);
    assert!(last.turns > 6, "{}", last.turns);
    assert_eq!(roles(&world).await, vec![Some("Engineer".to_owned()); 80]);
}

#[tokio::test]
async fn details_of_one_page_that_take_many_turns_are_read_to_the_end() {
    let mut world = World::empty(None);
    serve(&world, 80);
    world.fakes.app.lock().unwrap().page = 100;
    world.turn = SignedDuration::from_secs(10);
    *world.fakes.slowness.lock().unwrap() = 1;

    world.connect_with(of_details()).await;
    world.rest().await;

    let last = world.last().await;
    assert_eq!(last.state, SyncState::Done);
    assert!(last.turns > 6, "{}", last.turns);
    assert_eq!(roles(&world).await, vec![Some("Engineer".to_owned()); 80]);
    // What was told once is not asked for again, but for what was under way when a turn ended.
    let twice = asked(&world).len() - 80;
    assert!(twice < 80, "{twice}");
}

#[tokio::test]
async fn details_that_cannot_be_had_are_asked_for_once_in_however_many_turns() {
    let mut world = World::empty(None);
    serve(&world, 80);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.page, app.details_fail) = (100, true);
    }
    world.turn = SignedDuration::from_secs(10);
    *world.fakes.slowness.lock().unwrap() = 1;

    world.connect_with(of_details()).await;
    world.rest().await;

    let last = world.last().await;
    assert_eq!(last.state, SyncState::Done);
    assert!(last.turns > 6, "{}", last.turns);
    assert_eq!(last.certificate.unwrap().details_failed, 80);
    assert_eq!(world.roster().await, roster_of(&users(0..80)));
    // But for what was under way when a turn ended.
    let twice = asked(&world).len() - 80;
    assert!(twice < 80, "{twice}");
}

#[tokio::test]
async fn details_that_make_us_wait_for_ever_are_given_up() {
    let world = World::empty(None);
    serve(&world, 80);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.page, app.pauses_after) = (100, Some(0));
    }

    world.connect_with(of_details()).await;
    world.rest().await;
    for _ in 0..10 {
        world.pass(50).await;
    }

    let failed = world.last().await;
    assert_eq!(failed.state, SyncState::Failed);
    assert_eq!(failed.failure.unwrap().class.name(), "quota");
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
    let (secrets, expect) = (&world.fakes.secrets, Expect::Anything);
    let gone = accounts::disconnect(&world.ports, secrets, &who, (&id, &name), &expect);
    gone.await.unwrap();
    world.rest().await;

    assert_eq!(kept(&world), 0);
}

#[tokio::test]
async fn new_users_of_whom_nobody_knows_whether_they_are_active_are_not_counted_as_such() {
    let world = World::empty(None);
    world.fakes.app.lock().unwrap().details_fail = true;
    world.serve(users(0..3));
    let mut file = of_details();
    file["status"]["active_when"] =
        json!([{ "path": "detail.title", "op": "is_not", "value": "gone" }]);

    world.connect_with(file).await;
    world.rest().await;

    let account = world.account().await;
    assert_eq!((account.users, account.active), (3, 0));
}
