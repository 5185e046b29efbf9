//! Grants that a human gives or takes: an application without an API, or an effect that a human took over.

use super::gone::is_for_a_human;
use super::grants::held;
use super::steps::a_task;
use super::{Said, Situation, Turn};
use crate::app::Application;
use crate::grant::{Grant, GrantState};
use crate::ids::AppSlug;
use crate::run::{Run, Step, StepState, WaitsFor};
use crate::store::Loaded;
use crate::task::{Task, TaskKind, TaskState};
use jiff::Timestamp;

/// An application that a human provisions, or an effect that a human took over: is there a task, and is it done?
pub(super) fn by_hand(
    run: &Run,
    step: &mut Step,
    app: &AppSlug,
    grant: &Loaded<Grant>,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> bool {
    let known = situation.company.apps.get(app);
    let manual = known.map_or_else(
        || is_for_a_human(step, &grant.entity, situation),
        Application::is_manual,
    );
    let done = situation.task_of(step).map(|task| task.state);
    if done == Some(TaskState::Done) {
        step.enter(StepState::Verified, "done by hand");
        let settled = settled_by_hand(grant, step, situation.now);
        let (before, after) = (grant.entity.recorded(), settled.entity.recorded());
        turn.changed_grants.push(settled);
        let said = Said::new("done by hand", format!("app/{app}"));
        turn.said.push(said.changing(before, after));
        return true;
    }
    if !manual {
        return false;
    }
    if done == Some(TaskState::Cancelled) {
        step.enter(StepState::Cancelled, "the task was cancelled");
    } else if done == Some(TaskState::Open) {
        step.wait(WaitsFor::Human, None, "waits for a human");
    } else if step.due.is_some_and(|due| due > situation.now) {
        step.wait(WaitsFor::Time, step.due, "waits for its time");
    } else if let Some(why) = held(run, situation.company, Some(app), step.takes_something()) {
        step.wait(WaitsFor::Pause, Some(situation.while_held()), why);
    } else {
        turn.new_tasks
            .push(manual_task(run, step, app, known, grant, situation));
        step.task = turn.new_tasks.last().map(|task| task.id.clone());
        step.wait(WaitsFor::Human, None, "waits for a human");
        let mut grant = grant.clone();
        grant.entity.state = if step.is_giving() {
            GrantState::Pending
        } else {
            GrantState::Revoking
        };
        turn.changed_grants.push(grant);
    }
    true
}

pub(super) fn manual_task(
    run: &Run,
    step: &Step,
    app: &AppSlug,
    known: Option<&Application>,
    grant: &Loaded<Grant>,
    situation: &Situation<'_>,
) -> Task {
    let label = known.map_or(app.as_str(), Application::label);
    let verb = if step.is_giving() {
        "Give access to"
    } else {
        "Take away access to"
    };
    let owner = known
        .and_then(|app| app.owner.clone())
        .unwrap_or_else(|| Task::NOBODY.to_owned());
    let mut task = a_task(
        run,
        step,
        TaskKind::Manual,
        owner,
        format!("{verb} {label}"),
        situation.now,
    );
    let wanted = &grant.entity.wanted;
    let parts = [
        wanted.plan.as_ref().map(|plan| format!("plan {plan}")),
        wanted.role.as_ref().map(|role| format!("role {role}")),
        (!wanted.groups.is_empty()).then(|| {
            format!(
                "groups {}",
                wanted.groups.iter().cloned().collect::<Vec<_>>().join(", ")
            )
        }),
    ];
    task.detail = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if known.is_none() {
        task.detail = format!(
            "There is no application `{app}` in the configuration. {}",
            task.detail
        );
    }
    task
}

/// What a human did counts as held, or as gone.
pub(super) fn settled_by_hand(grant: &Loaded<Grant>, step: &Step, now: Timestamp) -> Loaded<Grant> {
    let mut grant = grant.clone();
    let entity = &mut grant.entity;
    entity.change = None;
    entity.reason = None;
    entity.changed_at = now;
    if step.is_giving() {
        entity.state = GrantState::Active;
        entity.held = Some(entity.wanted.clone());
        entity.given = entity.wanted.clone();
    } else {
        entity.state = GrantState::Revoked;
        entity.given = entity.given();
        entity.held = None;
        entity.approval = None;
    }
    grant
}
