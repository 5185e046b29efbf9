//! Syncs that join a second list, which is read anew wherever a sync goes on.

use jiff::SignedDuration;
use sando_core::sync::SyncState;
use serde_json::{Value, json};

use crate::world::{World, definition, users};

/// The definition of an application that tells roles in a list of their own.
fn with_roles() -> Value {
    let mut file = definition();
    file["users"]["join"] = json!([{
        "path": "/roles", "response_path": "roles", "pagination": { "type": "page" },
        "by": { "user": "plan", "item": "id" }, "as": "role"
    }]);
    file["map"]["role"] = json!("role.name");
    file
}

/// Roles of which the first is that of everybody.
fn roles(count: usize) -> Vec<Value> {
    let others = (1..count).map(|id| json!({ "id": format!("r{id}"), "name": "Reader" }));
    let first = json!({ "id": "pro", "name": "Editor" });
    std::iter::once(first).chain(others).collect()
}

#[tokio::test]
async fn a_list_that_makes_us_wait_for_ever_is_given_up_though_what_is_joined_can_be_read() {
    let world = World::empty(None);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.users, app.roles) = (users(0..5), roles(3));
        app.fails = Some((1, 429));
        app.headers = vec![("Retry-After".to_owned(), "60".to_owned())];
    }
    world.connect_with(with_roles()).await;
    world.rest().await;
    for _ in 0..10 {
        world.pass(70).await;
    }

    let failed = world.last().await;

    assert_eq!(failed.state, SyncState::Failed);
    assert_eq!(failed.failure.unwrap().class.name(), "quota");
}

#[tokio::test]
async fn a_joined_list_that_asks_to_wait_now_and_then_is_read_to_its_end() {
    let world = World::empty(None);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.users, app.roles) = (users(0..5), roles(95));
        app.pauses_after = Some(3);
    }

    world.connect_with(with_roles()).await;
    world.rest().await;

    let last = world.last().await;
    assert_eq!(last.state, SyncState::Done);
    assert_eq!(last.certificate.unwrap().joins_failed, 0);
    let entry = &world.entries().await[0];
    assert_eq!(
        entry.visible(1).unwrap().user.role.as_deref(),
        Some("Editor")
    );
}

#[tokio::test]
async fn a_joined_list_that_does_not_end_in_a_turn_fails_the_sync_and_is_named() {
    let mut world = World::empty(None);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.users, app.roles) = (users(0..5), roles(95));
    }
    world.turn = SignedDuration::from_secs(5);
    *world.fakes.slowness.lock().unwrap() = 1;

    world.connect_with(with_roles()).await;
    world.rest().await;

    let last = world.last().await;
    assert_eq!(last.state, SyncState::Failed);
    let failure = last.failure.unwrap().to_string();
    assert!(failure.contains("the joined list `role`"), "{failure}");
    assert!(failure.contains("ask for larger pages"), "{failure}");
}
