//! A sync of many users, killed again and again, and what it writes when little changed.
//!
//! 5,000 users unless `SANDO_USERS` says otherwise:
//! `SANDO_USERS=100000 cargo test --release -p sando-infra --test sync large`

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use sando_core::store::{Key, PartKind};
use sando_core::sync::SyncState;
use sando_infra::memory::{Hook, Moment, Operation, Point};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{World, roster_of, united, users};

/// How many users the application has.
fn how_many() -> usize {
    let (_, many) = std::env::vars()
        .find(|(name, _)| name == "SANDO_USERS")
        .unwrap_or_default();
    match many.as_str() {
        "" => 5_000,
        many => many.parse().expect("SANDO_USERS is a number"),
    }
}

/// When a worker is killed: at the so-and-so-many-th operation of a kind after the kill before.
#[derive(Clone, Copy)]
struct Kill {
    at: Operation,
    after: usize,
}

/// Kills workers as planned; in turn before an operation is done, and after it.
struct Reaper {
    plan: Vec<Kill>,
    state: Mutex<(usize, usize)>,
    is_out: AtomicBool,
    killed: Notify,
}

impl Reaper {
    fn new(plan: Vec<Kill>) -> Arc<Self> {
        Arc::new(Self {
            plan,
            state: Mutex::default(),
            is_out: AtomicBool::new(false),
            killed: Notify::new(),
        })
    }

    fn hook(self: &Arc<Self>) -> Hook {
        let reaper = self.clone();
        Arc::new(move |moment| {
            let strikes = reaper.strikes(moment);
            let reaper = reaper.clone();
            Box::pin(async move {
                if strikes {
                    reaper.killed.notify_one();
                    std::future::pending::<()>().await;
                }
            })
        })
    }

    fn strikes(&self, moment: Moment) -> bool {
        let mut state = self.state.lock().unwrap();
        let (kills, seen) = &mut *state;
        let Some(next) = self.plan.get(*kills) else {
            return false;
        };
        let point = [Point::Start, Point::End][*kills % 2];
        if !self.is_out.load(Ordering::SeqCst)
            || moment.operation != next.at
            || moment.point != point
        {
            return false;
        }
        *seen += 1;
        if *seen < next.after {
            return false;
        }
        (*kills, *seen) = (*kills + 1, 0);
        true
    }

    fn kills(&self) -> usize {
        self.state.lock().unwrap().0
    }
}

/// 12 kills while the list is read, 6 while the stored roster is looked through, 2 at its end, where the roster is to count.
fn plan(users: usize, page: usize) -> Vec<Kill> {
    // A page of users is compared a hundred at a time, with 75 writes a commit; two more put down how far it has come.
    let (hundreds, rest) = (page / 100, page % 100);
    let commits = hundreds * 2 + rest.div_ceil(75) + 2;
    let reading = commits * users.div_ceil(page);
    let looking = users.div_ceil(100);
    let in_reading = (0..12).map(|_| Kill {
        at: Operation::Commit,
        after: reading / 14,
    });
    let in_looking = (1..=6).map(|nth| Kill {
        at: Operation::List,
        after: looking * nth / 7,
    });
    let at_the_end = (0..2).map(|_| Kill {
        at: Operation::Commit,
        after: 1,
    });
    in_reading.chain(in_looking).chain(at_the_end).collect()
}

/// Lets the worker go on, or the next one once the lease has ended; until nothing is left to be done.
async fn live_through(world: &World, reaper: &Reaper) {
    reaper.is_out.store(true, Ordering::SeqCst);
    loop {
        let was_killed = tokio::select! {
            biased;
            () = world.pass(1_000) => false,
            () = reaper.killed.notified() => true,
        };
        if !was_killed {
            return;
        }
    }
}

/// How many items a sync writes, from its beginning to its end; the records of the trail are left out.
async fn written_by_a_sync(world: &World) -> u64 {
    let versions = || -> u64 {
        let items = world.store.items();
        items.iter().map(|item| item.version.0).sum()
    };
    let before = versions();
    world.sync_now().await;
    versions() - before
}

#[tokio::test]
async fn many_users_killed_at_20_points_are_the_roster_and_cost_little_from_then_on() {
    let count = how_many();
    let (page, total) = (count / 100, u64::try_from(count).unwrap());
    let reaper = Reaper::new(plan(count, page));
    let world = World::empty(Some(reaper.hook()));
    let mut list = users(0..count);
    world.serve(list.clone());
    world.fakes.app.lock().unwrap().page = page;
    // Every request takes so long that something is put down after each page.
    *world.fakes.slowness.lock().unwrap() = 21;
    world.connect().await;

    live_through(&world, &reaper).await;

    assert_eq!(reaper.kills(), 20);
    let sync = world.last().await;
    assert_eq!((sync.number, sync.state), (1, SyncState::Done));
    assert_eq!(
        (sync.counts.new, sync.counts.users, sync.counts.active),
        (total, total, total)
    );
    assert_eq!(world.account().await.applied, 1);
    assert_eq!(world.roster().await, roster_of(&list));

    *world.fakes.slowness.lock().unwrap() = 0;
    let unchanged = written_by_a_sync(&world).await;
    assert_eq!(world.last().await.counts.unchanged, total);
    assert!(unchanged < 100, "{unchanged} items for {count} unchanged");

    for user in list.iter_mut().step_by(100) {
        user["mail"] = json!(user["mail"].as_str().unwrap().replace('@', "+new@"));
    }
    let differ = total.div_ceil(100);
    world.serve(list.clone());
    let changed = written_by_a_sync(&world).await;
    assert_eq!(world.last().await.counts.changed, differ);
    assert_eq!(world.account().await.applied, 3);
    assert!(
        (differ..differ + 100).contains(&changed),
        "{changed} items for {differ} of {count} changed"
    );
    assert_eq!(world.roster().await, roster_of(&list));
}

#[tokio::test]
async fn what_a_sync_writes_does_not_grow_with_users_who_stay_as_they_are() {
    let written = async |count: usize| {
        let world = World::empty(None);
        world.serve(users(0..count));
        world.fakes.app.lock().unwrap().page = 500;
        world.connect().await;
        world.rest().await;
        let unchanged = written_by_a_sync(&world).await;

        let mut list: Vec<Value> = users(0..count);
        for user in list.iter_mut().take(20) {
            user["mail"] = json!("moved@contoso.example");
        }
        world.serve(list);
        (unchanged, written_by_a_sync(&world).await - unchanged)
    };

    let (few, many) = (written(2_000).await, written(4_000).await);

    assert_eq!(few, many);
    assert_eq!(few.1, 20, "one item for each user who differs");
}

/// How many parts there are of checkpoints, and of users who are held.
fn parts(world: &World) -> usize {
    let items = world.store.items();
    let kept = items.iter().filter(|item| {
        matches!(
            item.key,
            Key::SyncPart(_, _, PartKind::Point | PartKind::Held, _)
        )
    });
    kept.count()
}

#[tokio::test]
async fn united_users_who_stay_as_they_are_are_put_down_in_few_parts() {
    let count = how_many().max(20_000);
    let world = World::empty(None);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.users, app.page) = (users(0..count), 1_000);
        app.roles = vec![json!({ "id": "a" }), json!({ "id": "b" })];
    }
    world.connect_with(united()).await;
    world.rest().await;
    let first = parts(&world);

    let unchanged = written_by_a_sync(&world).await;

    let sync = world.last().await;
    assert_eq!(sync.state, SyncState::Done);
    assert_eq!(sync.counts.unchanged, u64::try_from(count).unwrap());
    assert!(unchanged < 100, "{unchanged} items for {count} unchanged");
    // Something is put down every 8,000 users.
    let parts = parts(&world) - first;
    assert!(parts > 0);
    assert!(parts <= count / 4_000, "{parts} parts");
}

#[tokio::test]
async fn users_of_several_parents_are_not_put_down_anew_at_every_checkpoint() {
    let mut world = World::empty(None);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.users, app.page) = (users(0..1_500), 150);
        app.roles = vec![json!({ "id": "a" }), json!({ "id": "b" })];
    }
    // Every request takes so long that something is put down after each page, and every fifth ends a turn.
    *world.fakes.slowness.lock().unwrap() = 21;
    world.turn = SignedDuration::from_secs(100);

    world.connect_with(united()).await;
    world.rest().await;

    let sync = world.last().await;
    assert_eq!(sync.state, SyncState::Done);
    assert!(sync.turns > 2, "{}", sync.turns);
    let entries = world.entries().await;
    let faces = entries.iter().filter_map(|entry| entry.visible(1));
    let with_both = faces.filter(|face| face.user.role.as_deref() == Some("a, b"));
    assert_eq!(with_both.count(), 1_500);
    // Ten pages of users, and ten of the same users with another role.
    let kept = parts(&world);
    assert!(kept <= 20, "{kept} parts");
}

#[tokio::test]
async fn a_checkpoint_with_many_parents_is_put_down_in_parts_and_gone_on_from() {
    let world = World::empty(None);
    {
        let mut app = world.fakes.app.lock().unwrap();
        (app.users, app.page) = (users(0..2), 2_000);
        let ids = (0..1_500).map(|id| json!({ "id": format!("{id:080}") }));
        app.roles = ids.collect();
    }
    // A turn has room for 600 requests; each parent takes two.
    *world.fakes.slowness.lock().unwrap() = 1;
    let mut file = united();
    file["map"].as_object_mut().unwrap().remove("role");

    world.connect_with(file).await;
    world.rest().await;

    let sync = world.last().await;
    assert_eq!(sync.state, SyncState::Done);
    assert!(sync.turns > 3, "{}", sync.turns);
    assert!(parts(&world) > 1);
    let requests = world.fakes.app.lock().unwrap().requests;
    assert!(requests < 3_100, "{requests} requests: read anew");
    assert_eq!(world.roster().await, roster_of(&users(0..2)));
}
