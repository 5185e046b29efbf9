//! Lists whose cursor is not known any more in the middle: begun anew, once.

use sando_core::account::AccountState;
use sando_core::sync::SyncState;

use crate::world::{World, roster_of, users};

async fn synced(fails_once: bool) -> World {
    let world = World::with(users(0..30)).await;
    world.serve(users(1..31));
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.fails, app.fails_once, app.requests) = (Some((3, 400)), fails_once, 0);
    }
    world.day().await;
    world
}

fn requests(world: &World) -> usize {
    world.fakes.app.lock().unwrap().requests
}

#[tokio::test]
async fn a_list_whose_cursor_has_expired_is_begun_anew() {
    let world = synced(true).await;

    let last = world.last().await;
    assert_eq!((last.number, last.state), (2, SyncState::Done));
    assert_eq!((last.counts.new, last.counts.vanished), (1, 1));
    assert_eq!(world.roster().await, roster_of(&users(1..31)));
    // Three pages that were asked for in vain, and four with the empty one at the end.
    assert_eq!(requests(&world), 7);
}

#[tokio::test]
async fn a_list_that_is_refused_in_the_middle_every_time_disables_nothing() {
    let world = synced(false).await;

    let last = world.last().await;
    assert_eq!((last.number, last.state), (2, SyncState::Failed));
    assert_eq!(last.failure.unwrap().status, Some(400));
    assert_eq!(requests(&world), 6);
    assert_eq!(world.account().await.state, AccountState::Connected);
    assert_eq!(world.roster().await, roster_of(&users(0..30)));
}
