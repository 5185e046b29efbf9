//! How bad the days of a seed are, until the faults stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chance::Chance;

/// How often things go wrong, in so many of a thousand calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Levels {
    /// A process is killed at a point where it yields (in so many of a hundred thousand).
    pub killed: u64,
    /// A worker stalls for so long that its lease may end.
    pub stalled: u64,
    /// A message of the queue `work` is lost.
    pub lost_message: u64,
    /// A message comes late.
    pub late_message: u64,
    /// A message comes twice.
    pub doubled_message: u64,
    /// The store is contended.
    pub contended: u64,
    /// The store is not available.
    pub unavailable: u64,
    /// The store's answer is lost after the deed.
    pub lost_answer: u64,
    /// By how many writes indexes lag.
    pub index_lag: u16,
    /// Lever answers 429, 5xx or not at all.
    pub lever: u64,
    /// An application cannot be looked at.
    pub find: u64,
    /// An effect is not made: 429, or nothing was sent.
    pub not_done: u64,
    /// Nobody knows how an effect ended.
    pub unknown: u64,
}

/// The faults of a simulation.
#[derive(Debug)]
pub struct Faults {
    /// How often.
    pub levels: Levels,
    on: AtomicBool,
    chance: Arc<Chance>,
}

impl Faults {
    /// Draws how bad it is.
    #[must_use]
    pub fn drawn(chance: Arc<Chance>) -> Self {
        let level = |most: u64| {
            if chance.happens(300) {
                0
            } else {
                chance.below(most + 1)
            }
        };
        let levels = Levels {
            killed: level(1500),
            stalled: level(8),
            lost_message: level(300),
            late_message: level(300),
            doubled_message: level(300),
            contended: level(60),
            unavailable: level(40),
            lost_answer: level(60),
            index_lag: u16::try_from(level(8)).unwrap_or(0),
            lever: level(250),
            find: level(200),
            not_done: level(200),
            unknown: level(300),
        };
        Self {
            levels,
            on: AtomicBool::new(true),
            chance,
        }
    }

    /// Nothing goes wrong any more.
    pub fn stop(&self) {
        self.on.store(false, Ordering::Relaxed);
    }

    /// May anything go wrong?
    pub fn are_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Does it happen, so many times in a thousand, while faults are on?
    pub fn happens(&self, per_mille: u64) -> bool {
        self.are_on() && self.chance.happens(per_mille)
    }

    /// Is a process killed at this point?
    pub fn kill(&self) -> bool {
        self.are_on() && self.levels.killed > 0 && self.chance.below(100_000) < self.levels.killed
    }
}
