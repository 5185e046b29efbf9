//! States as people see them: always a shape, a word and a colour together.

use sando_core::account::{Account, AccountState};
use sando_core::approval::ApprovalState;
use sando_core::event::EventState;
use sando_core::grant::GrantState;
use sando_core::person::Lifecycle;
use sando_core::run::{RunState, Step, StepState, WaitsFor};
use sando_core::sync::SyncState;
use sando_core::task::{Task, TaskState};

/// The shape of a state; its colour follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Seen.
    Verified,
    /// Accepted, or over.
    Done,
    /// Under way.
    Running,
    /// Can begin.
    Ready,
    /// Waits for somebody.
    Waiting,
    /// Waits for a moment.
    Timed,
    /// Nobody knows.
    Unknown,
    /// Held until somebody looks.
    Held,
    /// Given up.
    Failed,
    /// Not connected any more.
    Disabled,
    /// Looks odd.
    Warning,
    /// Left out.
    Skipped,
    /// No longer wanted.
    Cancelled,
    /// What a dry run would do.
    Planned,
}

impl Shape {
    /// The icon's name.
    pub(super) fn icon(self) -> &'static str {
        match self {
            Self::Verified => "badge-check",
            Self::Done => "circle-check",
            Self::Running => "circle-dashed",
            Self::Ready => "circle",
            Self::Waiting => "hourglass",
            Self::Timed => "calendar-clock",
            Self::Unknown => "circle-question-mark",
            Self::Held => "circle-pause",
            Self::Failed => "octagon-x",
            Self::Disabled => "unlink",
            Self::Warning => "triangle-alert",
            Self::Skipped => "skip-forward",
            Self::Cancelled => "circle-slash",
            Self::Planned => "git-compare",
        }
    }

    /// The colour's name in the stylesheet.
    pub(super) fn tone(self) -> &'static str {
        match self {
            Self::Verified | Self::Done => "ok",
            Self::Running => "info",
            Self::Waiting | Self::Warning => "warn",
            Self::Unknown | Self::Held => "held",
            Self::Failed | Self::Disabled => "bad",
            Self::Ready | Self::Timed | Self::Skipped | Self::Cancelled | Self::Planned => "idle",
        }
    }
}

/// A step.
pub(super) fn step(step: &Step) -> (Shape, &'static str) {
    match (step.state, step.waits_for) {
        (StepState::Waiting, Some(WaitsFor::Time)) => (Shape::Timed, "waits for its time"),
        (StepState::Waiting, Some(WaitsFor::Approval)) => (Shape::Waiting, "waits for a decision"),
        (StepState::Waiting, Some(WaitsFor::Human)) => (Shape::Waiting, "waits for a task"),
        (StepState::Waiting, Some(WaitsFor::Attributes)) => {
            (Shape::Waiting, "waits for attributes")
        }
        (StepState::Waiting, Some(WaitsFor::Pause)) => (Shape::Held, "paused"),
        (StepState::Waiting, Some(WaitsFor::OtherRun)) => (Shape::Waiting, "waits for another run"),
        (StepState::Waiting, Some(WaitsFor::Retry)) => (Shape::Timed, "tries again"),
        (StepState::Waiting, Some(WaitsFor::Needs) | None) => {
            (Shape::Ready, "waits for other steps")
        }
        (StepState::Ready, _) => (Shape::Ready, "ready"),
        (StepState::Running, _) => (Shape::Running, "running"),
        (StepState::Unknown, _) => (Shape::Unknown, "being checked"),
        (StepState::Done, _) => (Shape::Done, "done"),
        (StepState::Verified, _) => (Shape::Verified, "verified"),
        (StepState::Failed, _) => (Shape::Failed, "failed"),
        (StepState::Skipped, _) => (Shape::Skipped, "skipped"),
        (StepState::Cancelled, _) => (Shape::Cancelled, "cancelled"),
        (StepState::Planned, _) => (Shape::Planned, "planned"),
    }
}

/// A run.
pub(super) fn run(state: RunState) -> (Shape, &'static str) {
    match state {
        RunState::Running => (Shape::Running, "running"),
        RunState::Finished => (Shape::Verified, "finished"),
        RunState::Failed => (Shape::Failed, "failed"),
        RunState::Cancelled => (Shape::Cancelled, "cancelled"),
    }
}

/// A person.
pub(super) fn person(state: Lifecycle) -> (Shape, &'static str) {
    match state {
        Lifecycle::Candidate => (Shape::Ready, "candidate"),
        Lifecycle::Preboarding => (Shape::Timed, "preboarding"),
        Lifecycle::Active => (Shape::Done, "active"),
        Lifecycle::Leaving => (Shape::Waiting, "leaving"),
        Lifecycle::Left => (Shape::Cancelled, "left"),
        Lifecycle::Withdrawn => (Shape::Cancelled, "withdrawn"),
    }
}

/// A grant.
pub(super) fn grant(state: GrantState) -> (Shape, &'static str) {
    match state {
        GrantState::Desired => (Shape::Ready, "not given yet"),
        GrantState::Pending => (Shape::Running, "being given"),
        GrantState::Active => (Shape::Verified, "verified"),
        GrantState::Revoking => (Shape::Running, "being taken away"),
        GrantState::Revoked => (Shape::Cancelled, "taken away"),
        GrantState::Failed => (Shape::Failed, "failed"),
    }
}

/// An approval.
pub(super) fn approval(state: ApprovalState) -> (Shape, &'static str) {
    match state {
        ApprovalState::Waiting => (Shape::Waiting, "waiting"),
        ApprovalState::Approved => (Shape::Done, "approved"),
        ApprovalState::Rejected => (Shape::Failed, "rejected"),
        ApprovalState::Expired => (Shape::Timed, "denied by itself"),
        ApprovalState::Void => (Shape::Cancelled, "changed meanwhile"),
        ApprovalState::Gone => (Shape::Cancelled, "no longer needed"),
    }
}

/// A task.
pub(super) fn task(task: &Task) -> (Shape, &'static str) {
    match task.state {
        TaskState::Done if task.awaits_roster => (Shape::Timed, "waits for a roster"),
        TaskState::Open => (Shape::Waiting, "open"),
        TaskState::Done => (Shape::Done, "done"),
        TaskState::Cancelled => (Shape::Cancelled, "no longer wanted"),
    }
}

/// An event.
pub(super) fn event(state: EventState) -> (Shape, &'static str) {
    match state {
        EventState::Done => (Shape::Done, "done"),
        EventState::Ignored => (Shape::Skipped, "ignored"),
        EventState::Baselined => (Shape::Ready, "baselined"),
        EventState::NeedsHuman => (Shape::Waiting, "needs somebody"),
    }
}

/// A sync.
pub(super) fn sync(state: SyncState) -> (Shape, &'static str) {
    match state {
        SyncState::Running => (Shape::Running, "syncing"),
        SyncState::Done => (Shape::Done, "complete"),
        SyncState::Held => (Shape::Held, "held"),
        SyncState::Dropped => (Shape::Skipped, "dropped"),
        SyncState::Failed => (Shape::Failed, "failed"),
    }
}

/// An account.
pub(super) fn account(account: &Account) -> (Shape, &'static str) {
    match &account.state {
        AccountState::Disabled { .. } => (Shape::Disabled, "disabled"),
        AccountState::Connecting => (Shape::Running, "connecting"),
        AccountState::Connected if account.syncing.is_some() => (Shape::Running, "syncing"),
        AccountState::Connected if account.held.is_some() => (Shape::Held, "held"),
        AccountState::Connected => match account.last.as_ref().map(|last| last.state) {
            Some(SyncState::Failed) => (Shape::Warning, "last sync failed"),
            Some(_) => (Shape::Done, "complete"),
            None => (Shape::Ready, "not synced yet"),
        },
    }
}
