//! Erasing people (L23): how much of somebody goes, who asked for it and why, and when.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::Cause;

/// How much of a person is erased.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// What recruiting knew: of somebody who has started, or whom another system knows.
    Recruiting,
    /// Everything.
    Everything,
}

/// That a person is to be erased.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Erasure {
    /// How much.
    pub extent: Extent,
    /// Who asked for it.
    pub actor: String,
    /// Because of what.
    pub cause: Cause,
    /// Why, in words that stay in the audit: it names nobody.
    pub reason: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it is done. None while the person still holds something: the end of a run puts it due again.
    pub look_at: Option<Timestamp>,
}

impl Erasure {
    /// So long after Lever has deleted a candidate: until then a mistake can be undone, and what was given is taken back.
    pub const AFTER: SignedDuration = SignedDuration::from_hours(48);

    /// Because of an event of Lever.
    #[must_use]
    pub fn by_lever(extent: Extent, event: impl std::fmt::Display, now: Timestamp) -> Self {
        Self {
            extent,
            actor: "sando".to_owned(),
            cause: Cause::of(Self::EVENT, event),
            reason: "the candidate was deleted or anonymised in Lever".to_owned(),
            asked_at: now,
            look_at: Some(after(now)),
        }
    }

    /// Puts it due as when Lever asked for it: what it has waited for since is over.
    pub fn look_again(&mut self) {
        self.look_at = Some(after(self.asked_at));
    }

    /// The kind of cause that an event of Lever is.
    const EVENT: &'static str = "event";

    /// Was it Lever? Then it is asked again before anything is erased.
    #[must_use]
    pub fn is_by_lever(&self) -> bool {
        self.cause.kind == Self::EVENT
    }

    /// Is it due?
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.look_at.is_some_and(|at| at <= now)
    }
}

fn after(asked_at: Timestamp) -> Timestamp {
    asked_at
        .saturating_add(Erasure::AFTER)
        .unwrap_or(Timestamp::MAX)
}
