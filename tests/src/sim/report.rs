//! Runs a seed from beginning to end, and says what came of it.

use std::sync::Arc;
use std::time::Duration;

use super::clock::after;
use super::executor::{Executor, Fate};
use super::invariants;
use super::processes::{approvers, fortune, office, restarted, setup, ticker, worker};
use super::watch::{Invariant, Violation};
use super::world::World;

/// What came of a seed.
#[derive(Debug)]
pub struct Told {
    /// The seed.
    pub seed: u64,
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// What happened, line by line, if it was asked for.
    pub story: Vec<String>,
    /// How many effects were attempted.
    pub effects: u64,
    /// How many commits there were.
    pub commits: u64,
}

/// Faults stop after this time.
const FAULTS: Duration = Duration::from_secs(60 * 3600);
/// Everything has to be at rest after this time.
const REST: Duration = Duration::from_secs(9 * 24 * 3600);
/// More commits are a circle; polling Lever every hour is some 700 of them.
const MOST_COMMITS: u64 = 8_700;
/// What a replay may take.
const REPLAY: Duration = Duration::from_secs(24 * 3600);

/// Lets the world of a seed happen.
#[must_use]
pub fn simulate(seed: u64, tells: bool) -> Told {
    let world = Arc::new(World::of(seed, tells));
    let mut executor = Executor::new(Arc::clone(&world.clock), Arc::clone(&world.chance));
    let until = |executor: &mut Executor, time: Duration| {
        let end = after(world.start, time);
        let fate = |name: &str| {
            if (name.starts_with("worker") || name == "ticker") && world.faults.kill() {
                world.watch.tell(|| format!("{name} is killed"));
                Fate::Dies(restarted(&world, name))
            } else {
                Fate::Lives
            }
        };
        if !executor.run_until(end, fate, || {
            world.watch.is_alarmed() || world.watch.seen().commits > MOST_COMMITS
        }) {
            let what = "it goes round in circles while time stands still".to_owned();
            world.watch.violated(Invariant::ComesToRest, what);
        }
        let commits = world.watch.seen().commits;
        if commits > MOST_COMMITS && !world.watch.is_alarmed() {
            let what = format!("{commits} commits are not the way to rest");
            world.watch.violated(Invariant::ComesToRest, what);
        }
    };
    executor.spawn("setup", setup(&world));
    until(&mut executor, Duration::from_secs(60));
    for number in 0..2 + world.chance.below(3) {
        executor.spawn(format!("worker-{number}"), worker(&world));
    }
    executor.spawn("ticker", ticker(&world));
    executor.spawn("fortune", fortune(&world));
    executor.spawn("office", office(&world));
    executor.spawn("approvers", approvers(&world));
    until(&mut executor, FAULTS);
    world.faults.stop();
    world.store.calm();
    world.watch.tell(|| "the faults stop".to_owned());
    until(&mut executor, REST);
    finish(&world, |time| until(&mut executor, time));
    let mut seen = world.watch.seen();
    Told {
        seed,
        violations: std::mem::take(&mut seen.violations),
        story: std::mem::take(&mut seen.story),
        effects: seen.effects,
        commits: seen.commits,
    }
}

fn finish(world: &Arc<World>, mut until: impl FnMut(Duration)) {
    if world.watch.is_alarmed() {
        return;
    }
    invariants::at_rest(world);
    invariants::access_as_due(world);
    invariants::moves_found(world);
    invariants::one_person_each(world);
    invariants::trail_unbroken(world);
    if world.watch.is_alarmed() {
        return;
    }
    let before = invariants::tally(world);
    world.watch.tell(|| "everything is replayed".to_owned());
    world.replay();
    until(REST + REPLAY);
    let after = invariants::tally(world);
    if before != after && !world.watch.is_alarmed() {
        world.watch.violated(
            Invariant::ReplayChangesNothing,
            format!("{before:?} before, {after:?} after"),
        );
    }
}
