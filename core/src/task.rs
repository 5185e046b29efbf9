//! Work that only a human can do.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::definition::IdHash;
use crate::ids::{AppSlug, EventId, PersonId, RosterId, RunId, StepId, TaskId};
use crate::store::{Entity, Key, Listing, Lookup};

/// Where a task stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// To be done.
    Open,
    /// Done.
    Done,
    /// No longer wanted.
    Cancelled,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Cancelled];

    /// The word in API and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Under which words its tasks are listed.
    #[must_use]
    pub fn lists(self) -> &'static [&'static str] {
        match self {
            Self::Open => &["open"],
            Self::Done => &["done", Task::SAID],
            Self::Cancelled => &["cancelled"],
        }
    }
}

/// What the task is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// A step of the workflow.
    Step,
    /// An application without an API: give or take access by hand.
    Manual,
    /// An effect that will not work by itself.
    Failed,
    /// Required attributes are missing.
    Missing,
    /// Lever says something that only a human can judge.
    Judge,
}

/// Work that only a human can do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Derived from what made it, so that it is made once.
    pub id: TaskId,
    /// What it is about.
    pub kind: TaskKind,
    /// Whose work: an address or `role:…`.
    pub owner: String,
    /// What to do.
    pub title: String,
    /// Where it stands.
    pub state: TaskState,
    /// About whom.
    pub person: Option<PersonId>,
    /// In which run.
    pub run: Option<RunId>,
    /// For which step.
    pub step: Option<StepId>,
    /// In which application.
    pub app: Option<AppSlug>,
    /// Everything known about it.
    pub detail: String,
    /// The one user of a roster that is meant, where no run says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<(RosterId, IdHash)>,
    /// Until when.
    pub due: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was said to be done, or no longer wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// It was said to be done, and a roster that is read later will show whether it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_roster: bool,
    /// Who the person perhaps is: merged they are one human, done they are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perhaps: Option<PersonId>,
    /// Which persons a candidate could be: it is done once they are one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub among: BTreeSet<PersonId>,
    /// The events that wait for the answer, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventId>,
}

impl Task {
    /// The owner of what has no owner.
    pub const NOBODY: &'static str = "role:admin";

    /// Where what is said to be done, and not seen yet, is listed.
    const SAID: &'static str = "said";

    /// Where those are listed of which a roster can say something.
    pub const UNPROVEN: [&'static str; 2] = ["open", Self::SAID];

    /// The one task that asks whether two persons are one human.
    #[must_use]
    pub fn one_or_two(one: &PersonId, other: &PersonId) -> TaskId {
        let (first, second) = (one.min(other), one.max(other));
        TaskId::derived(&["one or two", first.as_str(), second.as_str()])
    }

    /// It is over.
    pub fn end(&mut self, state: TaskState, at: Timestamp) {
        self.state = state;
        self.ended_at = Some(at);
    }

    /// It was called done and is not.
    pub fn open_again(&mut self, why: &str) {
        self.state = TaskState::Open;
        self.ended_at = None;
        self.awaits_roster = false;
        if !self.detail.starts_with(why) {
            self.detail = format!("{why}. {}", self.detail);
        }
    }
}

impl Entity for Task {
    const KIND: &'static str = "task";

    fn key(&self) -> Key {
        Key::Task(self.id.clone())
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: match self.state {
                TaskState::Done if self.awaits_roster => Self::SAID,
                state => state.as_str(),
            },
            at: self.created_at,
        })
    }

    fn lookup(&self) -> Option<Lookup> {
        Some(Lookup {
            person: self.person.clone()?,
            kind: Self::KIND,
            at: self.created_at,
        })
    }
}
