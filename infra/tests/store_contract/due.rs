//! What is due, and claims on it.

use sando_core::store::{Commit, DUE_SHARDS, DueEntry, StoreError, Version};

use crate::world::{World, at, due_at, expecting, new_item, new_task, over_version, task};

/// What is due until a second, of all shards together, by name.
async fn due(world: &World, until: i64) -> Vec<DueEntry> {
    let mut all = Vec::new();
    for shard in 0..DUE_SHARDS {
        all.extend(world.store.due(shard, at(until), 100).await.unwrap());
    }
    all
}

pub(crate) async fn a_claim_moves_due_time_and_version(world: &World) {
    world.put(due_at("a", 1)).await;

    let claimed = world.store.claim(&task("a"), Version(1), at(60)).await;

    let claimed = claimed.unwrap();
    assert_eq!(claimed.version, Version(2));
    assert_eq!(claimed.due, Some(at(60)));
    assert_eq!(claimed.body, "a");
    assert_eq!(world.store.get(&task("a")).await.unwrap().unwrap(), claimed);
}

pub(crate) async fn of_two_claimers_one_wins(world: &World) {
    world.put(due_at("a", 1)).await;
    let key = task("a");

    let (first, second) = tokio::join!(
        world.store.claim(&key, Version(1), at(60)),
        world.store.claim(&key, Version(1), at(60)),
    );

    let lost = StoreError::Conflict { key: key.clone() };
    let outcomes = [first.is_ok(), second.is_ok()];
    assert!(outcomes == [true, false] || outcomes == [false, true]);
    assert!(first == Err(lost.clone()) || second == Err(lost));
    assert_eq!(world.version(&key).await, 2);
}

pub(crate) async fn the_commit_of_a_zombie_conflicts_after_a_claim(world: &World) {
    world.put(due_at("a", 1)).await;
    let zombie = world.store.claim(&task("a"), Version(1), at(60)).await;
    let zombie = zombie.unwrap().version;
    let second = world.store.claim(&task("a"), zombie, at(120)).await;

    let late = world
        .try_put(over_version(new_item(task("a"), "late"), zombie.0))
        .await;
    world
        .put(over_version(
            new_item(task("a"), "in time"),
            second.unwrap().version.0,
        ))
        .await;

    assert_eq!(late, Err(StoreError::Conflict { key: task("a") }));
    assert_eq!(world.body(&task("a")).await, "in time");
}

pub(crate) async fn what_is_not_there_cannot_be_claimed(world: &World) {
    for seen in [Version::ABSENT, Version(1)] {
        let claimed = world.store.claim(&task("a"), seen, at(60)).await;
        assert_eq!(claimed, Err(StoreError::Conflict { key: task("a") }));
    }
    assert_eq!(world.version(&task("a")).await, 0);
}

pub(crate) async fn what_is_due_comes_oldest_first_until_the_time_given(world: &World) {
    for n in 0..60 {
        // Written newest first.
        world.put(due_at(&n.to_string(), 100 - n)).await;
    }

    for shard in 0..DUE_SHARDS {
        let found = world.store.due(shard, at(70), 100).await.unwrap();
        let times: Vec<_> = found.iter().map(|entry| entry.due).collect();

        assert!(times.is_sorted());
        assert!(times.iter().all(|due| *due <= at(70)));
    }
    // 41 to 70, and 70 itself is due.
    assert_eq!(due(world, 70).await.len(), 30);
}

pub(crate) async fn every_entry_is_due_in_exactly_one_shard(world: &World) {
    for n in 0..50 {
        world.put(due_at(&n.to_string(), n)).await;
    }

    let mut shards = Vec::new();
    for shard in 0..DUE_SHARDS {
        let found = world.store.due(shard, at(100), 100).await.unwrap();
        assert!(
            found
                .iter()
                .all(|entry| entry.key.shard(DUE_SHARDS) == shard)
        );
        shards.push(found.len());
    }

    assert_eq!(shards.iter().sum::<usize>(), 50);
    assert!(shards.iter().all(|count| *count > 0), "{shards:?}");
}

pub(crate) async fn what_has_no_due_time_is_not_due(world: &World) {
    for name in ["done", "deleted", "due"] {
        world.put(due_at(name, 1)).await;
    }
    world.put(new_task("never")).await;

    world.put(over_version(new_task("done"), 1)).await;
    world
        .commit(Commit {
            deletes: vec![expecting(task("deleted"), 1)],
            ..Commit::default()
        })
        .await;

    let wanted = DueEntry {
        key: task("due"),
        version: Version(1),
        due: at(1),
    };
    assert_eq!(due(world, 100).await, [wanted]);
}

pub(crate) async fn what_is_claimed_is_due_when_the_lease_ends(world: &World) {
    world.put(due_at("a", 1)).await;
    let claimed = world.store.claim(&task("a"), Version(1), at(60)).await;
    claimed.unwrap();

    assert_eq!(due(world, 59).await, []);
    let found = due(world, 60).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].version, Version(2));
    assert_eq!(found[0].due, at(60));
}

pub(crate) async fn no_more_than_the_limit_is_due_at_once(world: &World) {
    let mut in_shard = Vec::new();
    for n in 0..60 {
        world.put(due_at(&n.to_string(), n)).await;
        if task(&n.to_string()).shard(DUE_SHARDS) == 0 {
            in_shard.push(at(n));
        }
    }

    let found = world.store.due(0, at(100), 2).await.unwrap();

    let times: Vec<_> = found.iter().map(|entry| entry.due).collect();
    assert_eq!(times, in_shard[..2]);
    assert_eq!(world.store.due(0, at(100), 0).await.unwrap(), []);
}
