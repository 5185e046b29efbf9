//! One grant inside a `grant` or `revoke` step: what it waits for, and when it is called off.

use super::by_hand::by_hand;
use super::gone::{without_app, without_grant};
use super::pending::{Pending, close_for, renew};
use super::{Said, Situation, Turn};
use crate::approval::ApprovalState;
use crate::company::Company;
use crate::effect::Goal;
use crate::grant::{Grant, GrantState};
use crate::ids::AppSlug;
use crate::run::{Run, Step, StepState, StepWork, WaitsFor};
use crate::settings::Paused;
use crate::store::Loaded;
use crate::task::TaskState;
use jiff::Timestamp;
use serde_json::json;

/// When a step is worked on again: what a failed look or the brake put off, no earlier than it was put off to.
pub(super) fn next_try(step: &Step, due: Option<Timestamp>) -> Option<Timestamp> {
    let put_off = matches!(step.waits_for, Some(WaitsFor::Retry | WaitsFor::Pause));
    due.max(step.due.filter(|_| put_off))
}

/// Why an effect of this run may not start now. The brake that the cap on removals put on by itself does not hold a
/// termination by hand (L31).
pub(crate) fn held(
    run: &Run,
    company: &Company,
    app: Option<&AppSlug>,
    takes_away: bool,
) -> Option<String> {
    let by_cap = company
        .pause
        .removals
        .as_ref()
        .is_some_and(|paused| paused.by == Paused::BY_CAP);
    let exempt = run.by_hand && takes_away && by_cap;
    let paused = company.pause.holds(app, takes_away && !exempt);
    paused.or_else(|| {
        let app = app.filter(|app| company.is_on_trial(app))?;
        Some(format!("`{app}` is on trial: nothing is done there"))
    })
}

/// Names the step as one to be worked on, or lets it wait for its next look or try.
pub(super) fn hand_out(step: &mut Step, at: Option<Timestamp>, now: Timestamp, turn: &mut Turn) {
    match at {
        Some(at) if at > now => {
            step.due = Some(at);
            if step.state == StepState::Ready || step.state == StepState::Waiting {
                step.waits_for.get_or_insert(WaitsFor::Retry);
            }
        }
        _ => {
            step.waits_for = None;
            step.due = None;
            if step.state == StepState::Waiting {
                step.state = StepState::Ready;
            }
            turn.todo.push(step.id.clone());
        }
    }
}

/// One grant inside a `grant` or `revoke` step.
pub(super) fn advance_grant(
    run: &Run,
    mut step: Step,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> Step {
    let StepWork::Grant { goal, app, .. } = step.work.clone() else {
        return step;
    };
    // What makes a grant's step makes the grant, too, and is committed before the step is looked at.
    let Some(grant) = situation.grant_of(&step) else {
        without_grant(run, &mut step, &app, situation, turn);
        return step;
    };
    let change = grant.entity.change.as_ref();
    let ours = change.filter(|change| change.run == run.id);
    // What was accepted before a run was cancelled is looked for as well, and taken back.
    let ends = run.ends(&step);
    let begun = ours.is_some_and(|change| ends && !change.made.is_empty());
    let intended = begun || change.is_some_and(|change| change.phase.has_intent());
    if !intended && is_called_off(&mut step, goal, grant, run, situation, turn) {
        return step;
    }
    if intended && ours.is_none() {
        step.wait(
            WaitsFor::OtherRun,
            Some(situation.in_secs(5)),
            "another run has the same grant in hand",
        );
        return step;
    }
    if ours.is_none() && wants_nothing(&mut step, goal, &grant.entity, situation) {
        return step;
    }
    let fresh = ours.is_none_or(|change| change.made.is_empty()) && !intended;
    let mut from = step.due;
    if goal == Goal::Give && fresh {
        match renew(run, &mut step, grant, situation, turn) {
            Pending::From(at) => from = at,
            Pending::Held => return step,
        }
    }
    let in_company = situation.company.apps.get(&app);
    step.lessens = goal == Goal::Give && grant.entity.loses_part(in_company);
    if by_hand(run, &mut step, &app, grant, situation, turn) {
        return step;
    }
    if let Some(why) = held(run, situation.company, Some(&app), step.takes_something())
        && !intended
    {
        let due = step.due.max(Some(situation.while_held()));
        step.wait(WaitsFor::Pause, due, why);
        return step;
    }
    let at = match ours {
        Some(change) => next_try(&step, change.phase.due()),
        None => next_try(&step, from),
    };
    let later = at.filter(|at| *at > situation.now);
    match later {
        Some(at) if ours.is_none() => {
            step.wait(WaitsFor::Time, Some(at), format!("waits until {at}"));
        }
        None if in_company.is_none() => without_app(run, &mut step, grant, situation, turn),
        _ => hand_out(&mut step, at, situation.now, turn),
    }
    step
}

/// Nothing was sent, and the run ends, the person may not receive it any more, or is due again what was to be taken
/// away: the step ends.
pub(super) fn is_called_off(
    step: &mut Step,
    goal: Goal,
    grant: &Loaded<Grant>,
    run: &Run,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> bool {
    let (person, app) = (situation.person, &grant.entity.app);
    let ends = run.ends(step);
    let due_again = || !step.undoing && situation.desired.may_have(app);
    if goal == Goal::Give {
        if !ends && person.state.may_receive() {
            return false;
        }
        cancel(step, grant, run, situation, turn);
    } else {
        if !ends && !due_again() {
            return false;
        }
        keep(step, grant, run, situation, turn);
    }
    true
}

/// It is so already, or nothing is done in the application: the step ends without an effect.
fn wants_nothing(step: &mut Step, goal: Goal, grant: &Grant, situation: &Situation<'_>) -> bool {
    if is_there(goal, grant) {
        match goal {
            Goal::Give => step.enter(StepState::Verified, "it is so already"),
            // Another run took it away, or there never was any of it: this one did nothing.
            _ => step.enter(StepState::Skipped, Step::NOTHING_THERE),
        }
    } else if situation.company.is_on_trial(&grant.app) {
        step.enter(StepState::Planned, "the application is on trial");
    } else {
        return false;
    }
    true
}

/// Does the grant already stand where the step wants it?
pub(super) fn is_there(goal: Goal, grant: &Grant) -> bool {
    match goal {
        Goal::Give => {
            grant.state == GrantState::Active && grant.held.as_ref() == Some(&grant.wanted)
        }
        Goal::Suspend | Goal::Remove => {
            grant.state == GrantState::Revoked && grant.change.is_none()
        }
        Goal::Sent => false,
    }
}

/// The person may not receive it any more, and nothing was sent: the step ends without an effect.
pub(super) fn cancel(
    step: &mut Step,
    grant: &Loaded<Grant>,
    run: &Run,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    let why = if run.ends(step) {
        "the run was cancelled".to_owned()
    } else {
        situation.person.state.sentence()
    };
    let approval = step
        .approval()
        .and_then(|id| situation.approval(id))
        .filter(|approval| approval.entity.run == run.id || !situation.person.state.may_receive());
    close_for(approval, ApprovalState::Gone, &why, situation.now, turn);
    end(step, &why, grant, run, situation, turn);
}

/// Nothing was sent, and nothing is to be: the step ends, and so does what a human was asked for.
pub(super) fn end(
    step: &mut Step,
    why: &str,
    grant: &Loaded<Grant>,
    run: &Run,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    step.enter(StepState::Cancelled, why);
    let target = format!("app/{}", grant.entity.app);
    let after = json!({ "step": step.id, "why": why });
    turn.said.push(Said::new("cancelled", target).after(after));
    if let Some(task) = situation.open_task_of(step) {
        let mut task = task.clone();
        task.entity.end(TaskState::Cancelled, situation.now);
        turn.closed_tasks.push(task);
    }
    let untouched = !grant.entity.may_be_held() && grant.entity.state != GrantState::Revoked;
    let free = grant
        .entity
        .change
        .as_ref()
        .is_none_or(|change| change.run == run.id);
    if untouched && free {
        let mut grant = grant.clone();
        grant.entity.state = GrantState::Revoked;
        grant.entity.change = None;
        grant.entity.changed_at = situation.now;
        if !situation.person.state.may_receive() {
            grant.entity.approval = None;
        }
        turn.changed_grants.push(grant);
    }
}

/// What was to be taken away is due again, and nothing was sent: it stays.
pub(super) fn keep(
    step: &mut Step,
    grant: &Loaded<Grant>,
    run: &Run,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    step.enter(StepState::Cancelled, "the person is due it again");
    let target = format!("app/{}", grant.entity.app);
    turn.said.push(Said::new("kept", target));
    if let Some(task) = situation.open_task_of(step) {
        let mut task = task.clone();
        task.entity.end(TaskState::Cancelled, situation.now);
        turn.closed_tasks.push(task);
    }
    let change = grant.entity.change.as_ref();
    if change.is_some_and(|change| change.run == run.id) {
        let mut grant = grant.clone();
        grant.entity.keep();
        grant.entity.changed_at = situation.now;
        turn.changed_grants.push(grant);
    }
}
