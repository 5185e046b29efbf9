//! The queues of one machine.

use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use sando_core::ports::{Clock, WorkMessage, WorkQueue};
use sando_core::store::{Key, Version};
use sando_infra::dynamo::{Embedded, Tables};
use sando_infra::queue::{Depth, LocalQueue, LocalWork, Received};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
const NOW: Duration = Duration::ZERO;

/// A clock that stands until it is moved.
struct Standing(Mutex<Timestamp>);

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

struct World {
    queue: LocalQueue,
    clock: Arc<Standing>,
    engine: Embedded,
}

impl World {
    async fn over(engine: Embedded) -> Self {
        let tables = Tables::local();
        tables.create(&engine.client()).await.unwrap();
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let clock = Arc::new(Standing(Mutex::new(start)));
        let queue = LocalQueue::new(engine.client(), &tables.queue, clock.clone(), 3);
        Self {
            queue,
            clock,
            engine,
        }
    }

    async fn new() -> Self {
        Self::over(Embedded::memory().unwrap()).await
    }

    fn pass(&self, time: Duration) {
        let mut now = self.clock.0.lock().unwrap();
        *now += time;
    }

    async fn send(&self, body: &str) {
        self.queue.send(body.to_owned(), NOW).await.unwrap();
    }

    async fn receive(&self) -> Vec<Received> {
        self.queue.receive(10, MINUTE).await.unwrap()
    }
}

fn bodies(received: &[Received]) -> Vec<&str> {
    received
        .iter()
        .map(|message| message.body.as_str())
        .collect()
}

#[tokio::test]
async fn a_message_is_shown_to_one_receiver_until_its_time_is_over() {
    let world = World::new().await;
    world.send("a").await;

    let first = world.receive().await;
    assert_eq!(bodies(&first), ["a"]);
    assert_eq!(first[0].receive_count, 1);
    world.pass(MINUTE - Duration::from_nanos(1));
    assert_eq!(world.receive().await, []);
    world.pass(Duration::from_nanos(1));

    let second = world.receive().await;
    assert_eq!(bodies(&second), ["a"]);
    assert_eq!(second[0].receive_count, 2);
}

#[tokio::test]
async fn a_message_that_was_deleted_never_comes_again() {
    let world = World::new().await;
    world.send("a").await;
    let received = world.receive().await;

    world.queue.delete(&received[0].receipt).await.unwrap();
    world.queue.delete(&received[0].receipt).await.unwrap();
    world.pass(MINUTE);

    assert_eq!(world.receive().await, []);
    assert_eq!(world.queue.depth().await.unwrap(), Depth::default());
}

#[tokio::test]
async fn messages_come_oldest_first_and_no_more_than_wanted() {
    let world = World::new().await;
    for n in 0..5 {
        world.send(&n.to_string()).await;
        world.pass(Duration::from_millis(1));
    }

    let first = world.queue.receive(3, MINUTE).await.unwrap();
    let second = world.queue.receive(3, MINUTE).await.unwrap();

    assert_eq!(bodies(&first), ["0", "1", "2"]);
    assert_eq!(bodies(&second), ["3", "4"]);
    assert_eq!(world.queue.receive(0, MINUTE).await.unwrap(), []);
}

#[tokio::test]
async fn a_delayed_message_comes_when_its_delay_is_over() {
    let world = World::new().await;
    world.queue.send("a".to_owned(), MINUTE).await.unwrap();

    assert_eq!(world.receive().await, []);
    world.pass(MINUTE);

    assert_eq!(bodies(&world.receive().await), ["a"]);
}

#[tokio::test]
async fn of_many_receivers_each_message_reaches_one() {
    let world = World::new().await;
    for n in 0..20 {
        world.send(&n.to_string()).await;
    }

    let receivers = (0..8).map(|_| world.queue.receive(3, MINUTE));
    let received = futures::future::try_join_all(receivers).await.unwrap();

    let mut all: Vec<u32> = received
        .iter()
        .flatten()
        .map(|message| message.body.parse().unwrap())
        .collect();
    all.sort_unstable();
    assert_eq!(all, (0..20).collect::<Vec<u32>>());
}

#[tokio::test]
async fn a_message_received_too_often_is_given_up_and_can_be_shown_again() {
    let world = World::new().await;
    world.send("poison").await;
    for _ in 0..3 {
        assert_eq!(world.receive().await.len(), 1);
        world.pass(MINUTE);
    }
    world.send("good").await;

    assert_eq!(bodies(&world.receive().await), ["good"]);
    let dead = world.queue.dead_letters(10).await.unwrap();
    assert_eq!(dead[0].body, "poison");
    assert_eq!(dead[0].receive_count, 3);
    assert_eq!(dead[0].since, world.clock.now());

    assert_eq!(world.queue.redrive().await.unwrap(), 1);
    let again = world.receive().await;
    assert_eq!(bodies(&again), ["poison"]);
    assert_eq!(again[0].receive_count, 1);
    assert_eq!(world.queue.dead_letters(10).await.unwrap(), []);
}

#[tokio::test]
async fn the_depth_tells_waiting_invisible_and_dead_apart() {
    let world = World::new().await;
    world.send("dead").await;
    for _ in 0..3 {
        world.receive().await;
        world.pass(MINUTE);
    }
    world.receive().await;
    world.send("in work").await;
    world.receive().await;
    world.queue.send("later".to_owned(), MINUTE).await.unwrap();
    world.send("waiting").await;

    let wanted = Depth {
        waiting: 1,
        invisible: 2,
        dead: 1,
    };
    assert_eq!(world.queue.depth().await.unwrap(), wanted);
}

#[tokio::test]
async fn messages_and_their_counts_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sando.db");
    let world = World::over(Embedded::open(&path).unwrap()).await;
    world.send("kept").await;
    world.receive().await;
    drop(world);

    let world = World::over(Embedded::open(&path).unwrap()).await;
    assert_eq!(world.receive().await, []);
    world.pass(MINUTE);

    let received = world.receive().await;
    assert_eq!(bodies(&received), ["kept"]);
    assert_eq!(received[0].receive_count, 2);
}

#[tokio::test]
async fn who_waits_is_woken_by_a_message() {
    let world = World::new().await;
    let started = Instant::now();

    let (_, ()) = tokio::join!(world.queue.wait(MINUTE), world.send("a"));

    assert!(started.elapsed() < MINUTE);
    assert_eq!(bodies(&world.receive().await), ["a"]);
    drop(world.engine);
}

fn work(n: u64) -> WorkMessage {
    WorkMessage {
        key: Key::Counter("a".to_owned()),
        version: Version(n),
    }
}

#[tokio::test(start_paused = true)]
async fn work_comes_when_its_delay_is_over_soonest_first() {
    let queue = LocalWork::new();
    let started = Instant::now();
    queue.send(work(3), MINUTE * 2).await;
    queue.send(work(2), MINUTE).await;
    queue.send(work(1), NOW).await;

    assert_eq!(queue.next().await, Some(work(1)));
    assert_eq!(started.elapsed(), NOW);
    assert_eq!(queue.next().await, Some(work(2)));
    assert!(started.elapsed() >= MINUTE);
    assert_eq!(queue.next().await, Some(work(3)));
    assert_eq!(queue.depth(), 0);
}

#[tokio::test(start_paused = true)]
async fn work_that_comes_in_wakes_who_waits_for_later_work() {
    let queue = LocalWork::new();
    queue.send(work(9), MINUTE * 10).await;

    let (next, ()) = tokio::join!(queue.next(), queue.send(work(1), MINUTE));

    assert_eq!(next, Some(work(1)));
    assert_eq!(queue.depth(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_message_reaches_one_of_many_workers() {
    let queue = LocalWork::new();
    let workers = (0..4).map(|_| queue.next());
    let send = async {
        for n in 0..4 {
            queue.send(work(n), NOW).await;
        }
    };

    let (received, ()) = tokio::join!(futures::future::join_all(workers), send);

    let mut versions: Vec<u64> = received.into_iter().map(|m| m.unwrap().version.0).collect();
    versions.sort_unstable();
    assert_eq!(versions, [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_every_worker_and_takes_nothing_in() {
    let queue = LocalWork::new();
    queue.send(work(1), MINUTE).await;

    let (first, second, ()) = tokio::join!(queue.next(), queue.next(), async { queue.close() });
    queue.send(work(2), NOW).await;

    assert_eq!((first, second), (None, None));
    assert_eq!(queue.next().await, None);
    assert_eq!(queue.depth(), 0);
}
