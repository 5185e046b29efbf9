//! The steps of a run: what each works on, where it stands, what it waits for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::effect::{Call, Change, Goal};
use crate::ids::{AppSlug, ApprovalId, GrantId, StepId, TaskId};
use crate::workflow::StepKind;

/// Where a step stands (`lifecycle.md`, "Step states").
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// For other steps, a time, an approval, a human.
    Waiting,
    /// Can be worked on.
    Ready,
    /// The intent is committed.
    Running,
    /// Nobody knows whether it happened: look first.
    Unknown,
    /// Accepted.
    Done,
    /// Seen.
    Verified,
    /// Given up; a task for a human.
    Failed,
    /// Left out: by hand, or since there was nothing to do.
    Skipped,
    /// No longer wanted.
    Cancelled,
    /// What a dry run would do.
    Planned,
}

impl StepState {
    /// Has it ended, one way or another?
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Verified | Self::Failed | Self::Skipped | Self::Cancelled | Self::Planned
        )
    }

    /// Has it ended so that what needs it can go on?
    #[must_use]
    pub fn lets_on(self) -> bool {
        matches!(self, Self::Verified | Self::Skipped | Self::Planned)
    }

    /// The word in API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Planned => "planned",
        }
    }
}

/// One attempt at an effect, as it is shown. The last eight are kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// What: `create`.
    pub request: String,
    /// How it ended.
    pub outcome: String,
}

/// What a step works on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "work")]
pub enum StepWork {
    /// A step of the workflow, as written there.
    Workflow {
        /// What it does.
        kind: StepKind,
        /// For `grant` and `revoke`: what is left of its plan has been turned into steps up to here.
        expanded: Expanded,
    },
    /// One grant inside a `grant` or `revoke` step.
    Grant {
        /// Which.
        grant: GrantId,
        /// Where.
        app: AppSlug,
        /// What is to be reached.
        goal: Goal,
        /// The gate before it, if any.
        approval: Option<ApprovalId>,
    },
}

/// How far a `grant` or `revoke` step has become steps of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expanded {
    /// Not begun, or not to the end.
    No,
    /// Every grant of the plan has its step.
    All,
    /// The run has as many steps as it may, and so many grants of the plan have none.
    Cut(usize),
}

/// What a waiting step waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// Earlier steps.
    Needs,
    /// A moment.
    Time,
    /// A decision.
    Approval,
    /// A task of a human.
    Human,
    /// Attributes that are missing.
    Attributes,
    /// The brake to be released.
    Pause,
    /// Another run that has the same grant in hand.
    OtherRun,
    /// The next look or try.
    Retry,
}

/// One step of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its id in the run.
    pub id: StepId,
    /// What it works on.
    #[serde(flatten)]
    pub work: StepWork,
    /// Steps that must have ended well before.
    pub needs: Vec<StepId>,
    /// Where it stands.
    pub state: StepState,
    /// Not before.
    pub due: Option<Timestamp>,
    /// What it waits for.
    #[serde(default)]
    pub waits_for: Option<WaitsFor>,
    /// The protocol of an effect that is no grant's (note, message, request).
    #[serde(default)]
    pub change: Option<Change>,
    /// The run was cancelled, and this step takes back what it gave.
    #[serde(default)]
    pub undoing: bool,
    /// It gives less than is held, which counts as taking away (L9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lessens: bool,
    /// Notes that were written: one when nothing busy was left, one when all had ended.
    #[serde(default)]
    pub notes: u32,
    /// How many of them only told that attributes are missing.
    #[serde(default)]
    pub notes_of_missing: u32,
    /// The task that a human has because of it.
    #[serde(default)]
    pub task: Option<TaskId>,
    /// What was tried.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// What was called for it. The last ten are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// Why it stands there, for people.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Step {
    /// Why a step is left out that was to take away what nobody had.
    pub const NOTHING_THERE: &str = "nothing was there";

    /// Was it to take away what nobody had? Then there is nothing to tell of it.
    #[must_use]
    pub fn found_nothing(&self) -> bool {
        self.state == StepState::Skipped && self.reason.as_deref() == Some(Self::NOTHING_THERE)
    }

    /// Notes an attempt.
    pub fn tried(&mut self, at: Timestamp, request: &str, outcome: String) {
        self.attempts.push(Attempt {
            at,
            request: request.to_owned(),
            outcome,
        });
        if self.attempts.len() > 8 {
            self.attempts.remove(0);
        }
    }

    /// Notes what was called.
    pub fn called(&mut self, calls: impl IntoIterator<Item = Call>) {
        self.calls.extend(calls);
        let over = self.calls.len().saturating_sub(10);
        self.calls.drain(..over);
    }

    /// A step that nothing has been done about.
    #[must_use]
    pub fn new(id: StepId, work: StepWork, needs: Vec<StepId>) -> Self {
        Self {
            id,
            work,
            needs,
            state: StepState::Waiting,
            due: None,
            waits_for: None,
            change: None,
            undoing: false,
            lessens: false,
            notes: 0,
            notes_of_missing: 0,
            task: None,
            attempts: Vec::new(),
            calls: Vec::new(),
            reason: None,
        }
    }

    /// Moves the step, with the reason that is shown.
    pub fn enter(&mut self, state: StepState, reason: impl Into<String>) {
        self.state = state;
        self.waits_for = None;
        self.due = None;
        let reason = reason.into();
        self.reason = (!reason.is_empty()).then_some(reason);
    }

    /// Lets the step wait.
    pub fn wait(&mut self, waits_for: WaitsFor, due: Option<Timestamp>, reason: impl Into<String>) {
        self.enter(StepState::Waiting, reason);
        self.waits_for = Some(waits_for);
        self.due = due;
    }

    /// Has it ended, one way or another? A request that cannot be looked at ends as accepted; an accepted grant has
    /// not ended, its change lies with the grant and still has to be seen.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.state.has_ended() || self.ends_accepted()
    }

    fn ends_accepted(&self) -> bool {
        self.state == StepState::Done && self.change.is_none() && self.grant().is_none()
    }

    /// Has it ended so that what needs it can go on?
    #[must_use]
    pub fn lets_on(&self) -> bool {
        self.state.lets_on() || self.ends_accepted()
    }

    /// The application, for a grant's step.
    #[must_use]
    pub fn app(&self) -> Option<&AppSlug> {
        match &self.work {
            StepWork::Grant { app, .. } => Some(app),
            StepWork::Workflow { .. } => None,
        }
    }

    /// The grant, for a grant's step.
    #[must_use]
    pub fn grant(&self) -> Option<&GrantId> {
        match &self.work {
            StepWork::Grant { grant, .. } => Some(grant),
            StepWork::Workflow { .. } => None,
        }
    }

    /// The approval that it was asked for.
    #[must_use]
    pub fn approval(&self) -> Option<&ApprovalId> {
        match &self.work {
            StepWork::Grant { approval, .. } => approval.as_ref(),
            StepWork::Workflow { .. } => None,
        }
    }

    /// The applications that a `revoke` step names; none for any other step.
    #[must_use]
    pub fn revokes(&self) -> Option<&BTreeSet<AppSlug>> {
        match &self.work {
            StepWork::Workflow { kind, .. } => kind.revokes(),
            StepWork::Grant { .. } => None,
        }
    }

    /// Does it take something away in an application?
    #[must_use]
    pub fn is_taking(&self) -> bool {
        self.grant().is_some() && !self.is_giving()
    }

    /// Is it put off by what may last: something that does not answer, or the brake?
    #[must_use]
    pub fn lasts(&self) -> bool {
        matches!(self.waits_for, Some(WaitsFor::Retry | WaitsFor::Pause)) && !self.has_ended()
    }

    /// Does it take away an application, or part of what is held there?
    #[must_use]
    pub fn takes_something(&self) -> bool {
        self.is_taking() || self.lessens
    }

    /// Does it give something?
    #[must_use]
    pub fn is_giving(&self) -> bool {
        matches!(
            &self.work,
            StepWork::Grant {
                goal: Goal::Give,
                ..
            }
        )
    }

    /// Is it work that somebody sees the result of: a grant, a task, a request? Others contain it, wait for it or tell of it.
    #[must_use]
    pub fn is_work(&self) -> bool {
        self.grant().is_some() || matches!(self.kind(), "task" | "http")
    }

    /// The word for what it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.work {
            StepWork::Grant {
                goal: Goal::Give, ..
            } => "grant",
            StepWork::Grant { .. } => "revoke",
            StepWork::Workflow { kind, .. } => kind.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Came;
    use crate::ids::PersonId;

    fn a_step(work: StepWork) -> Step {
        let mut step = Step::new(StepId::from("access/figma"), work, Vec::new());
        step.enter(StepState::Done, "accepted, not seen yet");
        step
    }

    #[test]
    fn a_grant_that_was_accepted_but_not_seen_has_not_ended() {
        let app = AppSlug::parse("figma").unwrap();
        let person = PersonId::derived(&["ada"]);
        let grant = crate::grant::Grant::id_for(&person, &app);

        let step = a_step(StepWork::Grant {
            grant,
            app,
            goal: Goal::Give,
            approval: None,
        });

        assert!(!step.has_ended());
        assert!(!step.lets_on());
    }

    #[test]
    fn the_last_ten_calls_are_kept_and_a_step_of_before_has_none() {
        let mut step = Step::new(
            StepId::from("access/figma"),
            StepWork::Workflow {
                kind: StepKind::LeverNote { tag: None },
                expanded: Expanded::No,
            },
            Vec::new(),
        );
        let old = serde_json::to_value(&step).unwrap();
        assert_eq!(old.get("calls"), None);
        assert_eq!(serde_json::from_value::<Step>(old).unwrap(), step);

        for status in 200..212 {
            step.called([Call {
                at: Timestamp::UNIX_EPOCH,
                request: Call::LOOK.to_owned(),
                came: Came::Status(status),
                took_ms: 1,
            }]);
        }

        let kept: Vec<_> = step.calls.iter().map(|call| call.came.status()).collect();
        assert_eq!(kept, (202_u16..212).map(Some).collect::<Vec<_>>());
        let stored = serde_json::to_value(&step).unwrap();
        assert_eq!(serde_json::from_value::<Step>(stored).unwrap(), step);
    }

    #[test]
    fn a_request_that_was_accepted_has_ended() {
        let step = a_step(StepWork::Workflow {
            kind: StepKind::LeverNote { tag: None },
            expanded: Expanded::No,
        });

        assert!(step.has_ended());
        assert!(step.lets_on());
    }
}
