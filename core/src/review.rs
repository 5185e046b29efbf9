//! What somebody decided about a user of a roster in an access review (L26).

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

#[cfg(test)]
mod tests {
    use super::*;

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
