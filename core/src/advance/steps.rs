//! Steps as the workflow names them: tasks, waits, notes, messages, requests.

use super::expand::{expand, gather};
use super::grants::{hand_out, next_try};
use super::order::lets_on;
use super::{Situation, Turn, is_busy, is_note, is_over};
use crate::access::Way;
use crate::ids::TaskId;
use crate::person::Person;
use crate::run::{Expanded, Run, Step, StepState, StepWork, WaitsFor};
use crate::schedule::Delivery;
use crate::task::{Task, TaskKind, TaskState};
use crate::template::{Encoding, Placeholders, Template};
use crate::workflow::{StepKind, TaskStep};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A step as the workflow names it.
pub(super) fn advance_step(
    run: &mut Run,
    mut step: Step,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> Step {
    let StepWork::Workflow { kind, expanded } = step.work.clone() else {
        return step;
    };
    let is_around_grants = matches!(kind, StepKind::Grant {} | StepKind::Revoke { .. });
    if run.ends(&step) && !is_around_grants && step.change.is_none() {
        step.enter(StepState::Cancelled, "the run was cancelled");
        return step;
    }
    if !matches!(kind, StepKind::LeverNote { .. })
        && let Some(need) = step
            .needs
            .iter()
            .find(|need| !lets_on(run, &step, need, situation))
    {
        let failed = run
            .step(need)
            .is_some_and(|need| need.state == StepState::Failed);
        let why = if failed {
            format!("waits for `{need}`, which failed")
        } else {
            format!("waits for `{need}`")
        };
        step.wait(WaitsFor::Needs, None, why);
        return step;
    }
    match kind {
        StepKind::Grant {} | StepKind::Revoke { .. } => {
            let way = if matches!(kind, StepKind::Grant {}) {
                Way::Give
            } else {
                Way::Take
            };
            if expanded == Expanded::No && !run.cancelling {
                expand(run, &mut step, way, situation, turn);
            }
            gather(run, &mut step);
        }
        StepKind::Wait { until } => advance_wait(run, &mut step, &until, situation),
        StepKind::Task(task) => advance_task(run, &mut step, &task, situation, turn),
        StepKind::LeverNote { .. } => advance_note(run, &mut step, situation, turn),
        StepKind::Notify(_) | StepKind::Http(_) => ready(run, &mut step, situation, turn),
    }
    step
}

/// Lets time pass; a dry run only says until when.
fn advance_wait(run: &Run, step: &mut Step, until: &Delivery, situation: &Situation<'_>) {
    let place = situation.company.mapping.place(situation.person);
    let unknown = "no first day is known";
    match until.moment(situation.person.starts_on, &place, run.started_at) {
        Some(at) if run.dry_run => step.enter(StepState::Planned, format!("waits until {at}")),
        None if run.dry_run => step.enter(StepState::Planned, unknown),
        Some(at) if at <= situation.now => step.enter(StepState::Verified, ""),
        Some(at) => step.wait(WaitsFor::Time, Some(at), format!("waits until {at}")),
        None => step.wait(WaitsFor::Attributes, Some(situation.in_secs(3600)), unknown),
    }
}

pub(super) fn advance_task(
    run: &Run,
    step: &mut Step,
    task: &TaskStep,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    if run.dry_run {
        step.enter(StepState::Planned, format!("a task for {}", task.owner));
        return;
    }
    match situation.task_of(step) {
        Some(made) => follow_task(step, made),
        None => {
            let place = situation.company.mapping.place(situation.person);
            let due = task
                .due
                .as_ref()
                .and_then(|due| due.moment(situation.person.starts_on, &place, run.started_at));
            let title = filled(&task.title, situation.person);
            let owner = filled(&task.owner, situation.person);
            let made = a_task(run, step, TaskKind::Step, owner, title, situation.now);
            step.task = Some(made.id.clone());
            step.wait(WaitsFor::Human, None, format!("waits for {}", task.owner));
            turn.new_tasks.push(Task { due, ..made });
        }
    }
}

pub(super) fn follow_task(step: &mut Step, task: &Task) {
    match task.state {
        TaskState::Open => step.wait(WaitsFor::Human, None, "waits for a human"),
        TaskState::Done => step.enter(StepState::Verified, "done by hand"),
        TaskState::Cancelled => step.enter(StepState::Cancelled, "the task was cancelled"),
    }
}

/// A task because of a step; made once, whoever comes by.
#[must_use]
pub fn a_task(
    run: &Run,
    step: &Step,
    kind: TaskKind,
    owner: String,
    title: String,
    now: Timestamp,
) -> Task {
    Task {
        id: TaskId::derived(&[run.id.as_str(), step.id.as_str()]),
        kind,
        owner,
        title,
        state: TaskState::Open,
        person: Some(run.person.clone()),
        run: Some(run.id.clone()),
        step: Some(step.id.clone()),
        app: step.app().cloned(),
        detail: step.reason.clone().unwrap_or_default(),
        due: None,
        created_at: now,
        ended_at: None,
        user: None,
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    }
}

/// A text with the person's attributes filled in; what is missing is left out.
#[must_use]
pub fn filled(text: &str, person: &Person) -> String {
    let Ok(template) = Template::parse(text, Placeholders::AnyName) else {
        return text.to_owned();
    };
    let value = |name: &str| {
        Some(
            person
                .attribute(name)
                .cloned()
                .unwrap_or_else(|| "—".into()),
        )
    };
    template
        .render(value, Encoding::None)
        .unwrap_or_else(|_| text.to_owned())
}

/// The note: once when nothing busy is left, and once more when all has ended, if something was waiting before.
pub(super) fn advance_note(run: &Run, step: &mut Step, situation: &Situation<'_>, turn: &mut Turn) {
    if run.opportunity.is_none() {
        step.enter(StepState::Skipped, "there is no candidacy in Lever");
        return;
    }
    let others = || run.steps.iter().filter(|other| !is_note(other));
    let busy = others().any(|other| is_busy(run, other));
    let did_nothing = || !others().any(Step::is_work);
    if run.replayed && is_over(run) && step.change.is_none() && did_nothing() {
        step.enter(StepState::Skipped, "nothing had to be done again");
        return;
    }
    if step.change.is_some() || is_over(run) || !busy && step.notes == 0 {
        ready(run, step, situation, turn);
    } else {
        step.wait(WaitsFor::Needs, None, "waits for the other steps");
    }
}

/// An effect that is no grant's: can it be worked on now?
pub(super) fn ready(run: &Run, step: &mut Step, situation: &Situation<'_>, turn: &mut Turn) {
    if run.dry_run {
        step.enter(StepState::Planned, "");
        return;
    }
    if let Some(why) = situation.company.pause.holds(None, false)
        && step
            .change
            .as_ref()
            .is_none_or(|change| !change.phase.has_intent())
    {
        step.wait(WaitsFor::Pause, Some(situation.while_held()), why);
        return;
    }
    let due = step.change.as_ref().and_then(|change| change.phase.due());
    let at = next_try(step, due);
    hand_out(step, at, situation.now, turn);
}
