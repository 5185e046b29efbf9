//! What somebody decided about a user of a roster in an access review, and when the next review is due (L26).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::definition::IdHash;
use crate::ids::{RosterId, TaskId};
use crate::store::{Entity, Key};

/// For how long a decision is kept: a year, and a month to compare with.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// For how long a decision counts: a quarter.
const COUNTS: SignedDuration = SignedDuration::from_hours(92 * 24);

/// What was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is right.
    Confirmed,
    /// It is to be taken away.
    Revoked,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Revoked => "revoked",
        }
    }
}

/// The last decision about a user. Its reason stands in the audit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reviewed {
    /// Of which roster.
    pub roster: RosterId,
    /// The hash of the application's id of the user.
    pub id: IdHash,
    /// What was decided.
    pub verdict: Verdict,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The task of whoever takes it away.
    #[serde(default)]
    pub task: Option<TaskId>,
}

impl Reviewed {
    /// Does it still count, or is it time to look again?
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) <= COUNTS
    }
}

impl Entity for Reviewed {
    const KIND: &'static str = "reviewed";

    fn key(&self) -> Key {
        Key::Reviewed(self.roster.clone(), self.id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.at.checked_add(KEPT).ok()
    }
}

/// When accesses were decided about last, and when administrators were reminded; one item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reviews {
    /// Since when this is noted.
    pub since: Timestamp,
    /// When somebody decided last: the first decision of its day.
    #[serde(default)]
    pub decided_at: Option<Timestamp>,
    /// When administrators were told that a review is due.
    #[serde(default)]
    pub told_at: Option<Timestamp>,
}

impl Reviews {
    /// A decision this long after one that is noted is not noted itself: a review is many decisions.
    const DAY: SignedDuration = SignedDuration::from_hours(24);
    /// Nobody reviews more seldom.
    pub const MOST_DAYS: u32 = 3_650;

    /// Noted from now on.
    #[must_use]
    pub fn from_now(now: Timestamp) -> Self {
        Self {
            since: now,
            decided_at: None,
            told_at: None,
        }
    }

    /// Somebody decided; false if nothing has to be written.
    pub fn decided(&mut self, now: Timestamp) -> bool {
        let noted = self.decided_at;
        if noted.is_some_and(|at| now.duration_since(at) < Self::DAY) {
            return false;
        }
        self.decided_at = Some(now);
        true
    }

    /// Is it so many days since anybody decided, and since administrators were told so?
    #[must_use]
    pub fn is_due(&self, every_days: u32, now: Timestamp) -> bool {
        let moments = [Some(self.since), self.decided_at, self.told_at];
        let last = moments.into_iter().flatten().max();
        let time = Self::DAY.saturating_mul(i32::try_from(every_days).unwrap_or(i32::MAX));
        last.is_some_and(|last| now.duration_since(last) >= time)
    }
}

impl Entity for Reviews {
    const KIND: &'static str = "reviews";

    fn key(&self) -> Key {
        Key::Reviews
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_due_some_days_after_the_last_decision_and_told_once() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let mut reviews = Reviews::from_now(at("2027-01-01T09:00:00Z"));
        assert!(!reviews.is_due(91, at("2027-04-02T08:59:59Z")));
        assert!(reviews.is_due(91, at("2027-04-02T09:00:00Z")));

        assert!(reviews.decided(at("2027-03-01T09:00:00Z")));
        assert!(!reviews.decided(at("2027-03-02T08:00:00Z")));
        assert!(!reviews.is_due(91, at("2027-04-02T09:00:00Z")));
        assert!(reviews.is_due(91, at("2027-05-31T09:00:00Z")));

        reviews.told_at = Some(at("2027-05-31T09:00:00Z"));
        assert!(!reviews.is_due(91, at("2027-05-31T09:05:00Z")));
        assert!(reviews.is_due(91, at("2027-08-30T09:00:00Z")), "and again");
    }

    #[test]
    fn a_decision_counts_for_a_quarter() {
        let text = r#"{"roster":"ros_1","id":"000102030405060708090a0b0c0d0e0f","verdict":"revoked","by":"key:1",
            "at":"2027-01-04T09:00:00Z","task":"tsk_1"}"#;
        let reviewed: Reviewed = serde_json::from_str(text).unwrap();
        let counts = |at: &str| reviewed.counts(at.parse().unwrap());

        assert!(counts("2027-04-01T09:00:00Z"));
        assert!(!counts("2027-04-07T09:00:00Z"));
        assert_eq!(reviewed.verdict, Verdict::Revoked);
        assert_eq!(
            serde_json::to_value(&reviewed).unwrap(),
            serde_json::from_str::<serde_json::Value>(text).unwrap()
        );
    }
}
