//! How long what is over is kept (L23), and how far deleting what was kept for long enough has come.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;
use crate::store::{Entity, Key};

/// How long what is over is kept, in days. What still goes on is kept for as long as it does, and the audit for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// People who never started, since the last event of theirs: then they are erased.
    pub candidates_days: u32,
    /// Events and the webhooks that told of them.
    pub events_days: u32,
    /// Runs that have ended, with their tasks and approvals.
    pub runs_days: u32,
    /// Syncs.
    pub syncs_days: u32,
    /// Users of rosters who are gone from their application.
    pub dropped_users_days: u32,
    /// What people were told.
    pub letters_days: u32,
    /// Jobs and what came of them.
    pub jobs_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            candidates_days: 365,
            events_days: 1095,
            runs_days: 1095,
            syncs_days: 90,
            dropped_users_days: 365,
            letters_days: 30,
            jobs_days: 7,
        }
    }
}

impl Retention {
    /// Nobody needs anything for longer.
    const MOST_DAYS: u32 = 36_500;
    /// Lever sends webhooks again for days, and a sync that is held waits for somebody: these are kept for a week at least.
    const WEEK: u32 = 7;

    /// Each time by its name, with the least that it may be.
    #[must_use]
    pub fn days(&self) -> [(&'static str, u32, u32); 7] {
        [
            ("candidates_days", self.candidates_days, 1),
            ("events_days", self.events_days, Self::WEEK),
            ("runs_days", self.runs_days, 1),
            ("syncs_days", self.syncs_days, Self::WEEK),
            ("dropped_users_days", self.dropped_users_days, 1),
            ("letters_days", self.letters_days, 1),
            ("jobs_days", self.jobs_days, 1),
        ]
    }

    /// What cannot be.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let wrong =
            |(_, days, least): &(&str, u32, u32)| !(*least..=Self::MOST_DAYS).contains(days);
        let wrong = self.days().into_iter().filter(wrong);
        wrong
            .map(|(name, _, least)| Mistake::new(name, format!("{least} to {}", Self::MOST_DAYS)))
            .collect()
    }
}

/// What is older than this was kept for long enough.
#[must_use]
pub fn kept_since(now: Timestamp, days: u32) -> Timestamp {
    let time = SignedDuration::from_hours(i64::from(days).saturating_mul(24));
    now.saturating_sub(time).unwrap_or(Timestamp::MIN)
}

/// How far deleting has come; one item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Purge {
    /// When it goes on.
    pub next_at: Timestamp,
    /// Which list is in hand.
    #[serde(default)]
    pub list: usize,
    /// Where the list goes on.
    #[serde(default)]
    pub cursor: Option<String>,
    /// How much was deleted in this round.
    #[serde(default)]
    pub deleted: u64,
}

impl Purge {
    /// How often everything is looked through.
    pub const EVERY: SignedDuration = SignedDuration::from_hours(24);

    /// Begins an hour from now.
    #[must_use]
    pub fn from_now(now: Timestamp) -> Self {
        let later = now.saturating_add(SignedDuration::from_hours(1));
        Self {
            next_at: later.unwrap_or(Timestamp::MAX),
            list: 0,
            cursor: None,
            deleted: 0,
        }
    }

    /// A round is over.
    pub fn end(&mut self, now: Timestamp) {
        let next_at = now.saturating_add(Self::EVERY).unwrap_or(Timestamp::MAX);
        *self = Self {
            next_at,
            ..Self::from_now(now)
        };
    }
}

impl Entity for Purge {
    const KIND: &'static str = "purge";

    fn key(&self) -> Key {
        Key::Purge
    }

    fn due(&self) -> Option<Timestamp> {
        Some(self.next_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_short_and_too_long_are_mistakes() {
        assert_eq!(Retention::default().mistakes(), []);
        let wrong = Retention {
            events_days: 6,
            jobs_days: 0,
            runs_days: 36_501,
            ..Retention::default()
        };
        let mistakes = wrong.mistakes();
        let paths: Vec<&str> = mistakes.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["events_days", "runs_days", "jobs_days"]);
    }
}
