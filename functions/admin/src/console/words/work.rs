//! Sentences about runs and their steps, and how what happened reads.

use sando_core::effect::{Came, Told};
use sando_core::run::{Run, RunState, Step, StepState, WaitsFor};

use crate::console::format::{many, moment as at, size};

pub(in crate::console) const RETRY: &str = "Retry";
pub(in crate::console) const SKIP_STEP: &str = "Skip";
pub(in crate::console) const COMPLETE_STEP: &str = "Mark as done";
pub(in crate::console) const CANCEL_RUN: &str = "Cancel the run";
pub(in crate::console) const NO_RUNS: &str =
    "A run begins when somebody is hired, changes or leaves. None did yet.";
pub(in crate::console) const STEPS: &str = "Steps";

/// The list of runs.
pub(in crate::console) fn runs(shown: usize, failed: usize, running: usize) -> String {
    if shown == 0 {
        return "No run yet.".to_owned();
    }
    let mut parts = Vec::new();
    if failed > 0 {
        parts.push(format!(
            "{} failed",
            many(size(failed), "run has", "runs have")
        ));
    }
    if running > 0 {
        parts.push(format!(
            "{} under way",
            many(size(running), "run is", "runs are")
        ));
    }
    if parts.is_empty() {
        "Every run shown here has come to its end.".to_owned()
    } else {
        format!("{}.", parts.join(", "))
    }
}

/// Steps that are worked on: not those that only hold others.
pub(in crate::console) fn leaves(run: &Run) -> Vec<&Step> {
    let is_parent = |step: &Step| {
        run.steps
            .iter()
            .any(|other| other.id.parent().as_ref() == Some(&step.id))
    };
    run.steps.iter().filter(|step| !is_parent(step)).collect()
}

/// Where a run stands.
pub(in crate::console) fn run(run: &Run, person: &str) -> String {
    let leaves = leaves(run);
    let of = leaves.len();
    let ended = leaves.iter().filter(|step| step.lets_on()).count();
    let begin = format!("{} for {person}", run.workflow);
    let count = format!("{ended} of {} done", many(size(of), "step is", "steps are"));
    match run.state {
        RunState::Finished if run.dry_run => {
            format!("{begin} is a dry run: {of} steps were planned, nothing was done.")
        }
        RunState::Finished => format!("{begin} is finished: {}.", many(size(of), "step", "steps")),
        RunState::Failed => format!("{begin} failed: {}. {count}.", failed(&leaves)),
        RunState::Cancelled => format!("{begin} was cancelled. {count}."),
        RunState::Running if run.cancelling => {
            format!("{begin} is being cancelled: what was on its way is looked up and taken back.")
        }
        RunState::Running => match waits(&leaves) {
            Some(why) => format!("{begin} {why}. {count}."),
            None => format!("{begin} is under way. {count}."),
        },
    }
}

fn failed(leaves: &[&Step]) -> String {
    let failed: Vec<String> = leaves
        .iter()
        .filter(|step| step.state == StepState::Failed)
        .map(|step| label(step))
        .collect();
    format!("{} did not work", failed.join(", "))
}

fn waits(leaves: &[&Step]) -> Option<String> {
    let by = |waits| {
        let waiting = leaves.iter().filter(|step| step.waits_for == Some(waits));
        size(waiting.count())
    };
    let unknown = leaves.iter().any(|step| step.state == StepState::Unknown);
    match (
        by(WaitsFor::Approval),
        by(WaitsFor::Human),
        by(WaitsFor::Attributes),
        by(WaitsFor::Pause),
    ) {
        (asked @ 1.., ..) => Some(format!(
            "waits for {}",
            many(asked, "decision", "decisions")
        )),
        (_, tasks @ 1.., ..) => Some(format!("waits for {}", many(tasks, "task", "tasks"))),
        (_, _, 1.., _) => Some("waits for attributes that are missing".to_owned()),
        (_, _, _, 1..) => Some("is paused".to_owned()),
        _ if unknown => Some("is under way; one answer is being checked".to_owned()),
        _ if by(WaitsFor::Time) > 0 => Some("waits for its time".to_owned()),
        _ => None,
    }
}

/// What to call a step: the application it works on, or its name in the workflow.
pub(in crate::console) fn label(step: &Step) -> String {
    step.app()
        .map_or_else(|| step.id.to_string(), ToString::to_string)
}

/// When something happens next, or when it ended, of steps that stand alike; none if nobody knows.
pub(in crate::console) fn moment(steps: &[&Step]) -> Option<String> {
    let left = steps.iter().filter(|step| !step.has_ended());
    if let Some(next) = left.filter_map(|step| step.due).min() {
        return Some(format!("next {}", at(next)));
    }
    // What was left out or cancelled was so by hand, whenever it was tried last.
    let by_hand = |state| matches!(state, StepState::Skipped | StepState::Cancelled);
    let worked = steps
        .iter()
        .filter(|step| step.has_ended() && !by_hand(step.state));
    let tried = worked.filter_map(|step| {
        let called = step.calls.last().map(|call| call.at);
        called.max(step.attempts.last().map(|attempt| attempt.at))
    });
    tried.max().map(|ended| format!("ended {}", at(ended)))
}

/// What came of a call.
pub(in crate::console) fn came(came: Came) -> String {
    let words = match came {
        Came::Status(status) => return format!("answered {status}"),
        Came::Told(Told::Answered) => "was done",
        Came::Told(Told::Busy) => "was asked to wait",
        Came::Told(Told::NotSent) => "was not sent",
        Came::Told(Told::NoAnswer) => "got no answer",
        Came::Told(Told::Unreadable) => "got an answer that cannot be read",
        Came::Told(Told::Forbidden) => "was not allowed here: nothing was sent",
    };
    words.to_owned()
}
