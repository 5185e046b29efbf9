//! Even distances between requests, shared by all processes that read with one credential.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sando_core::ids::Slug;
use sando_core::ports::Clock;
use sando_core::store::{Store, StoreError};
use tokio::sync::Mutex;

use super::item::Shared;
use super::{PAUSE, Rate};
use crate::http::Gate;

/// The longest stretch that is taken at once.
const STRETCH: SignedDuration = SignedDuration::from_secs(10);

/// How far ahead several processes may take stretches together; whoever comes when so much is taken waits. As much as this
/// clocks may differ: what is further ahead than all that comes from a clock that is.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// What came of asking for a stretch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Taken {
    /// From then until then.
    Stretch(Timestamp, Timestamp),
    /// Nothing: to be asked again after this time.
    Nothing(Duration),
}

/// Lets requests begin at even distances.
///
/// A stretch of time is taken for itself in one commit: one request's worth at first, twice as much each time, so that a
/// long list costs few writes and a short one keeps nobody waiting after it.
pub struct Paced {
    shared: Shared,
    clock: Arc<dyn Clock>,
    every: SignedDuration,
    /// The longest stretch that it takes at once.
    longest: SignedDuration,
    mine: Mutex<Stretch>,
}

/// What is spoken for by this process.
#[derive(Clone, Copy)]
struct Stretch {
    next: Timestamp,
    until: Timestamp,
    /// How many requests the next stretch has room for.
    room: i32,
}

impl Paced {
    /// The pace of that name; all processes that use the name share it.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, name: Slug, rate: Rate) -> Self {
        Self {
            shared: Shared::new(store, name),
            clock,
            every: rate.interval(),
            longest: STRETCH,
            mine: Mutex::new(Stretch {
                next: Timestamp::MIN,
                until: Timestamp::MIN,
                room: 1,
            }),
        }
    }

    /// Takes time for one request after the other: whoever sends a few leaves the rest to those who read.
    #[must_use]
    pub fn one_by_one(self) -> Self {
        Self {
            longest: SignedDuration::ZERO,
            ..self
        }
    }

    /// Waits until the next request may begin, and only then counts it: who is dropped while waiting has taken nothing.
    async fn wait(&self, mine: &mut Stretch) -> Result<(), StoreError> {
        let at = loop {
            let at = mine.next.max(self.clock.now());
            if at < mine.until {
                break at;
            }
            match self.take(mine.room).await? {
                Taken::Stretch(next, until) => {
                    let twice = mine.room.saturating_mul(2);
                    let fits = self.every.saturating_mul(twice) <= self.longest;
                    let room = if fits { twice } else { mine.room };
                    *mine = Stretch { next, until, room };
                    break next;
                }
                Taken::Nothing(wait) => self.clock.sleep(wait).await,
            }
        };
        let wait = at.duration_since(self.clock.now());
        self.clock.sleep(wait.try_into().unwrap_or_default()).await;
        mine.next = later(at, self.every);
        Ok(())
    }

    /// Takes a stretch with room for so many requests.
    async fn take(&self, room: i32) -> Result<Taken, StoreError> {
        let (tat, version) = self.shared.load().await?;
        let now = self.clock.now();
        let near = later(now, AHEAD.max(self.every));
        let far = later(later(near, STRETCH.max(self.every)), AHEAD);
        let from = if tat <= near {
            tat.max(now)
        } else if tat <= far {
            let wait = tat.duration_since(near);
            return Ok(Taken::Nothing(wait.try_into().unwrap_or(PAUSE)));
        } else {
            later(now, STRETCH)
        };
        let until = later(from, self.every.saturating_mul(room));
        if self.shared.move_to(until, version).await? {
            return Ok(Taken::Stretch(from, until));
        }
        // Somebody else was first.
        let wait = rand::random_range(1..20);
        Ok(Taken::Nothing(Duration::from_millis(wait)))
    }
}

#[async_trait]
impl Gate for Paced {
    async fn pass(&self) {
        let mut mine = self.mine.lock().await;
        while let Err(error) = self.wait(&mut mine).await {
            tracing::warn!(budget = %self.shared.name, %error, "a budget cannot be reserved");
            self.clock.sleep(PAUSE).await;
        }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Plain;

    use super::*;
    use crate::memory::MemoryStore;

    /// A clock on which a sleep is over at once.
    struct Fast(Plain<Timestamp>);

    #[async_trait]
    impl Clock for Fast {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        async fn sleep(&self, time: Duration) {
            let mut now = self.0.lock().unwrap();
            *now = now.checked_add(time).unwrap();
        }
    }

    fn world() -> (Arc<MemoryStore>, Arc<Fast>) {
        let start = "2027-01-04T08:00:00Z".parse().unwrap();
        (
            Arc::new(MemoryStore::default()),
            Arc::new(Fast(Plain::new(start))),
        )
    }

    fn process(world: &(Arc<MemoryStore>, Arc<Fast>), per_second: f64) -> Paced {
        let name = Slug::parse("account--acme--prod").unwrap();
        let (store, clock) = (world.0.clone(), world.1.clone());
        Paced::new(store, clock, name, Rate::fraction(per_second))
    }

    #[tokio::test]
    async fn processes_of_one_credential_keep_one_pace() {
        let world = world();
        let (one, other) = (process(&world, 4.0), process(&world, 4.0));
        let began = world.1.now();

        for _ in 0..20 {
            one.pass().await;
            other.pass().await;
        }

        let took = world.1.now().duration_since(began);
        assert!(took >= SignedDuration::from_millis(39 * 250), "{took:?}");
    }

    #[tokio::test]
    async fn many_processes_take_their_stretches_one_after_the_other() {
        let world = world();
        let processes = [0; 3].map(|_| process(&world, 4.0));
        let mut taken = Vec::new();
        for paced in &processes {
            // Ten seconds' worth each, before anybody has sent anything.
            let Taken::Stretch(from, until) = paced.take(40).await.unwrap() else {
                panic!("nobody has to wait: {taken:?}");
            };
            taken.push((from, until));
        }

        in_turn(&taken);
    }

    #[track_caller]
    fn in_turn(taken: &[(Timestamp, Timestamp)]) {
        for pair in taken.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{taken:?}");
        }
    }

    #[tokio::test]
    async fn however_many_processes_there_are_no_two_have_the_same_stretch() {
        for (per_second, room) in [(4.0, 40), (0.02, 1), (0.001, 1)] {
            let world = world();
            let mut taken = Vec::new();
            for _ in 0..12 {
                let paced = process(&world, per_second);
                let (from, until) = loop {
                    match paced.take(room).await.unwrap() {
                        Taken::Stretch(from, until) => break (from, until),
                        Taken::Nothing(wait) => world.1.sleep(wait).await,
                    }
                };
                taken.push((from, until));
            }

            in_turn(&taken);
        }
    }

    /// The clock of the runtime, on which nobody really waits.
    struct Paused(Timestamp, tokio::time::Instant);

    #[async_trait]
    impl Clock for Paused {
        fn now(&self) -> Timestamp {
            self.0 + self.1.elapsed()
        }

        async fn sleep(&self, time: Duration) {
            tokio::time::sleep(time).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_dropped_while_waiting_leaves_the_time_to_the_next() {
        let began = tokio::time::Instant::now();
        let clock = Arc::new(Paused(world().1.now(), began));
        let name = Slug::parse("account--acme--prod").unwrap();
        let store = Arc::new(MemoryStore::default());
        // One in 50 seconds, and nobody waits longer than 20.
        let paced = Paced::new(store, clock, name, Rate::fraction(0.02));
        paced.pass().await;

        let mut dropped = 0;
        while tokio::time::timeout(Duration::from_secs(20), paced.pass())
            .await
            .is_err()
        {
            dropped += 1;
            assert!(dropped < 10, "nobody ever passes");
        }

        assert_eq!((dropped, began.elapsed().as_secs()), (2, 50));
    }

    #[tokio::test]
    async fn a_long_list_costs_few_writes() {
        let world = world();
        let paced = process(&world, 5.0);

        for _ in 0..1_000 {
            paced.pass().await;
        }

        let (_, version) = paced.shared.load().await.unwrap();
        assert!(version.0 < 40, "{version}");
    }

    #[tokio::test]
    async fn who_sends_one_by_one_takes_no_time_from_others_that_it_does_not_use() {
        let world = world();
        let paced = process(&world, 4.0).one_by_one();

        for _ in 0..50 {
            paced.pass().await;
        }

        let (tat, _) = paced.shared.load().await.unwrap();
        assert_eq!(tat, later(world.1.now(), SignedDuration::from_millis(250)));
    }

    #[tokio::test]
    async fn a_clock_that_was_ahead_holds_nobody_up_for_long() {
        let world = world();
        let ahead = later(world.1.now(), SignedDuration::from_hours(5));
        let paced = process(&world, 5.0);
        assert!(
            paced
                .shared
                .move_to(ahead, sando_core::store::Version::ABSENT)
                .await
                .unwrap()
        );
        let began = world.1.now();

        paced.pass().await;

        assert!(world.1.now().duration_since(began) <= STRETCH);
    }
}
