//! Laws of rosters: whatever happens in between, the last complete sync is what counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use proptest::prelude::*;
use sando_core::definition::User;
use sando_infra::memory::{Hook, Operation, Point};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{World, definition, roster_of, united, user, users};

/// A list as the application has it one day, and the page and status at which it breaks off, if it does.
type Day = (Vec<Value>, Option<(usize, u16)>);

fn day() -> impl Strategy<Value = Day> {
    let one = (0..40_usize, any::<bool>(), any::<bool>());
    let list = proptest::collection::vec(one, 0..30);
    let list = list.prop_map(|ones| {
        let mut seen = std::collections::BTreeSet::new();
        let ones = ones.into_iter().filter(|(id, ..)| seen.insert(*id));
        let users = ones.map(|(id, is_on, is_pro)| {
            let mut user = user(id);
            user["state"] = json!(if is_on { "on" } else { "off" });
            user["plan"] = json!(if is_pro { "pro" } else { "free" });
            user
        });
        users.collect()
    });
    let fails = proptest::option::weighted(0.4, (1..5_usize, Just(500_u16)));
    (list, fails)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_roster_is_that_of_the_last_complete_sync_that_was_not_held(
        days in proptest::collection::vec(day(), 1..8),
        is_hurried in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::empty(None);
            world.fakes.app.lock().unwrap().page = 7;
            if is_hurried {
                world.turn = SignedDuration::ZERO;
            }
            let mut wanted: Vec<Value> = Vec::new();
            for (place, (list, fails)) in days.into_iter().enumerate() {
                world.serve(list.clone());
                world.fakes.app.lock().unwrap().fails = fails;
                if place == 0 {
                    world.connect().await;
                    world.rest().await;
                } else {
                    world.day().await;
                }

                // Read to its end: all pages, and an empty one.
                let pages = list.len().div_ceil(7) + 1;
                let is_complete = fails.is_none_or(|(from, _)| from > pages);
                let is_held = world.account().await.held.is_some();
                prop_assert!(is_complete || !is_held);
                if is_complete && !is_held {
                    wanted = list;
                }
                prop_assert_eq!(world.roster().await, roster_of(&wanted));
            }
            Ok(())
        })?;
    }
}

/// The users that count, with why they are what they are.
async fn shown(world: &World) -> Vec<(User, Vec<String>)> {
    let applied = world.account().await.applied;
    let entries = world.entries().await;
    let faces = entries.iter().filter_map(|entry| entry.visible(applied));
    let there = faces.filter(|face| !face.deleted);
    there
        .map(|face| (face.user.clone(), face.why.clone()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn order_and_size_of_pages_do_not_matter_to_the_roster(
        (list, shuffled) in day()
            .prop_flat_map(|(list, _)| (Just(list.clone()), Just(list).prop_shuffle())),
        (size, other_size) in (1..12_usize, 1..12_usize),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (one, other) = (World::empty(None), World::empty(None));
            for (world, list, size) in [(&one, &list, size), (&other, &shuffled, other_size)] {
                world.serve(list.clone());
                world.fakes.app.lock().unwrap().page = size;
                world.connect().await;
                world.rest().await;
            }
            prop_assert_eq!(shown(&one).await, shown(&other).await);
            prop_assert_eq!(one.roster().await, roster_of(&list));

            // Nor does it matter from one day to the next: nobody differs.
            one.serve(shuffled);
            one.fakes.app.lock().unwrap().page = other_size;
            one.day().await;
            let counts = one.last().await.counts;
            let users = u64::try_from(list.len()).unwrap();
            prop_assert_eq!(one.account().await.applied, 2);
            prop_assert_eq!((counts.unchanged, counts.users), (users, users));
            prop_assert_eq!((counts.new, counts.changed, counts.vanished), (0, 0, 0));
            Ok(())
        })?;
    }
}

/// Kills the worker at the so-and-so-many-th operation of the store.
fn killer(at: Arc<AtomicUsize>, killed: Arc<Notify>) -> Hook {
    Arc::new(move |moment| {
        let is_it = moment.point == Point::End
            && moment.operation != Operation::Due
            && at.fetch_sub(1, Ordering::SeqCst) == 1;
        let killed = killed.clone();
        Box::pin(async move {
            if is_it {
                killed.notify_one();
                std::future::pending::<()>().await;
            }
        })
    })
}

#[tokio::test]
async fn a_sync_killed_anywhere_ends_in_the_same_roster() {
    killed_anywhere(definition()).await;
}

#[tokio::test]
async fn a_sync_of_united_lists_killed_anywhere_ends_in_the_same_roster() {
    killed_anywhere(united()).await;
}

async fn killed_anywhere(file: Value) {
    let far = usize::MAX / 2;
    let (at, killed) = (Arc::new(AtomicUsize::new(far)), Arc::new(Notify::new()));
    let world = World::empty(Some(killer(at.clone(), killed.clone())));
    world.serve(users(0..40));
    world.fakes.app.lock().unwrap().roles = vec![json!({ "id": "a" }), json!({ "id": "b" })];
    world.connect_with(file).await;
    world.rest().await;
    // Every request takes long enough that something is put down after each page.
    *world.fakes.slowness.lock().unwrap() = 21;

    let mut kills = 0;
    for place in 1..400 {
        let shift = place % 5;
        let list = users(shift..40 + shift);
        world.serve(list.clone());
        world.fakes.app.lock().unwrap().page = 10;
        at.store(place, Ordering::SeqCst);
        let was_killed = tokio::select! {
            biased;
            () = world.day() => false,
            () = killed.notified() => true,
        };
        at.store(far, Ordering::SeqCst);
        if was_killed {
            kills += 1;
            // Until the leases have ended; a day that the sync had not begun in is another day.
            world.pass(1_000).await;
            world.pass(1_000).await;
        }
        if world.account().await.last_number > 1 {
            assert_eq!(world.account().await.syncing, None, "killed at {place}");
        }
        world.day().await;
        assert_eq!(world.roster().await, roster_of(&list), "killed at {place}");
        if !was_killed {
            break;
        }
    }
    assert!(kills > 30, "{kills} kills");
}
