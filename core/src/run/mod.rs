//! Runs: one execution of a workflow for one person, with every step and how it stands.

mod step;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::Cause;
use crate::ids::{LeverId, PersonId, RunId, Slug, StepId, TaskId};
use crate::person::{Lifecycle, Person};
use crate::rule::EventKind;
use crate::store::{Entity, Key, Listing, Lookup};
use crate::workflow::Direction;

pub use step::{Attempt, Expanded, Step, StepState, StepWork, WaitsFor};

/// Where a run stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Steps are left.
    Running,
    /// Nothing is left, and nothing failed.
    Finished,
    /// Nothing is left, and something failed.
    Failed,
    /// Ended by hand or because the person left.
    Cancelled,
}

impl RunState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Finished, Self::Failed, Self::Cancelled];

    /// The word in API and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One execution of a workflow.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Its id; derived from event, workflow and replay.
    pub id: RunId,
    /// The workflow's name.
    pub workflow: Slug,
    /// Which way it goes.
    pub direction: Option<Direction>,
    /// For whom.
    pub person: PersonId,
    /// Where the note goes.
    pub opportunity: Option<LeverId>,
    /// Why.
    pub cause: Cause,
    /// What kind of event started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventKind>,
    /// Where it stands.
    pub state: RunState,
    /// Everything is computed and shown, nothing done.
    pub dry_run: bool,
    /// It repeats one that there was before for the same event.
    #[serde(default)]
    pub replayed: bool,
    /// A single termination by hand is exempt from the cap on removals (L31).
    #[serde(default)]
    pub by_hand: bool,
    /// Ended by hand: nothing new starts, and what was intended is looked up and then taken back.
    #[serde(default)]
    pub cancelling: bool,
    /// Its steps, in the order of the workflow.
    pub steps: Vec<Step>,
    /// When the event behind it happened.
    pub occurred_at: Timestamp,
    /// When it began.
    pub started_at: Timestamp,
    /// When nothing was left.
    pub finished_at: Option<Timestamp>,
    /// When somebody looks again, while it runs.
    pub look_at: Option<Timestamp>,
    /// Attributes that are missing, by name; the run waits for them.
    #[serde(default)]
    pub missing: Vec<String>,
    /// How often somebody was asked for them.
    #[serde(default)]
    pub asks: u32,
    /// Who started it by hand; they cannot approve what it wants.
    #[serde(default)]
    pub requested_by: Option<String>,
    /// The owners of applications were told what it took from somebody who left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
    /// They were told before that something of it does not go on for now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told_early: bool,
}

impl Run {
    /// The most steps a run may have.
    pub const MAX_STEPS: usize = 200;

    /// Is nothing new to be made for this step, because the run was cancelled? Taking back goes on.
    #[must_use]
    pub fn ends(&self, step: &Step) -> bool {
        self.cancelling && !step.undoing
    }

    /// Does it give, and whoever was to get it has left or was withdrawn (L10, L11)?
    #[must_use]
    pub fn is_in_vain(&self, person: &Person) -> bool {
        let is_gone = matches!(person.state, Lifecycle::Left | Lifecycle::Withdrawn);
        is_gone && self.direction == Some(Direction::Grant)
    }

    /// The task that asks for the attributes that are missing now: another one whenever something is missing anew.
    #[must_use]
    pub fn missing_task(&self) -> TaskId {
        match self.asks {
            // As it was named while a run asked once.
            0 => TaskId::derived(&[self.id.as_str(), "missing"]),
            asks => TaskId::derived(&[self.id.as_str(), "missing", &asks.to_string()]),
        }
    }

    /// The step of this id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// The step of this id, to be changed.
    pub fn step_mut(&mut self, id: &StepId) -> Option<&mut Step> {
        self.steps.iter_mut().find(|step| step.id == *id)
    }
}

impl Entity for Run {
    const KIND: &'static str = "run";

    fn key(&self) -> Key {
        Key::Run(self.id.clone())
    }

    fn due(&self) -> Option<Timestamp> {
        (self.state == RunState::Running)
            .then_some(self.look_at)
            .flatten()
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: self.state.as_str(),
            at: self.started_at,
        })
    }

    fn lookup(&self) -> Option<Lookup> {
        Some(Lookup {
            person: self.person.clone(),
            kind: Self::KIND,
            at: self.started_at,
        })
    }
}
