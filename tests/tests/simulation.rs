//! The deterministic simulation over many seeds. `SANDO_SEEDS=100000` runs so many, `SANDO_SEED=1234` replays one and
//! prints its story, `SANDO_FIRST_SEED=1000` begins there, `SANDO_SLOW=2000` names seeds with more commits than that.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sando_tests::sim::{Told, simulate};

/// How many seeds run if nobody says otherwise.
const SEEDS: u64 = 1000;

fn setting(name: &str) -> Option<u64> {
    let (_, value) = std::env::vars().find(|(key, _)| key == name)?;
    Some(value.parse().expect("a number"))
}

/// Runs seeds on all cores; answers those that failed, lowest first.
fn failing(first: u64, count: u64) -> Vec<Told> {
    let next = AtomicU64::new(first);
    let slow = setting("SANDO_SLOW");
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let told = simulate(seed, false);
                    if slow.is_some_and(|slow| told.commits > slow) {
                        println!("seed {seed}: {} commits", told.commits);
                    }
                    if !told.violations.is_empty() {
                        failed.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_by_key(|told| told.seed);
    failed
}

fn print(told: &Told) {
    for violation in &told.violations {
        println!(
            "seed {}: {:?} at {}: {}",
            told.seed, violation.invariant, violation.at, violation.what
        );
    }
}

#[test]
fn every_seed_keeps_every_invariant() {
    if let Some(seed) = setting("SANDO_SEED") {
        let told = simulate(seed, true);
        for line in &told.story {
            println!("{line}");
        }
        print(&told);
        assert!(told.violations.is_empty(), "seed {seed} failed");
        return;
    }
    let first = setting("SANDO_FIRST_SEED").unwrap_or(0);
    let failed = failing(first, setting("SANDO_SEEDS").unwrap_or(SEEDS));

    let mut kinds: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for told in &failed {
        for violation in &told.violations {
            kinds
                .entry(violation.invariant)
                .or_default()
                .push(told.seed);
        }
    }
    for (kind, seeds) in &kinds {
        println!(
            "{kind:?}: {} seeds: {:?}",
            seeds.len(),
            &seeds[..seeds.len().min(12)]
        );
    }
    failed.iter().take(20).for_each(print);
    if let Some(first) = failed.first() {
        let story = simulate(first.seed, true).story;
        println!("--- the end of the story of seed {}", first.seed);
        for line in &story[story.len().saturating_sub(80)..] {
            println!("{line}");
        }
        panic!(
            "{} seeds failed; SANDO_SEED={} cargo test -p sando-tests --test simulation -- --nocapture tells the whole story",
            failed.len(),
            first.seed
        );
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 0..5 {
        assert_eq!(simulate(seed, true).story, simulate(seed, true).story);
    }
}
