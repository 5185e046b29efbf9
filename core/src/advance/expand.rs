//! Turns the plan of a `grant` or `revoke` step into one step a grant, a portion at a time.

use super::{PORTION, Said, Situation, Turn};
use crate::access::{PlannedEffect, Way, plan};
use crate::effect::Goal;
use crate::grant::{Grant, GrantState};
use crate::ids::StepId;
use crate::run::{Expanded, Run, Step, StepState, StepWork, WaitsFor};

/// Turns the plan of a `grant` or `revoke` step into one step a grant, a portion at a time.
pub(super) fn expand(
    run: &mut Run,
    step: &mut Step,
    way: Way,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    if !run.missing.is_empty() && way == Way::Give {
        let why = format!("waits for attributes: {}", run.missing.join(", "));
        step.wait(WaitsFor::Attributes, Some(situation.in_secs(900)), why);
        return;
    }
    if turn.size() > PORTION {
        // This commit has enough to take in.
        turn.again = true;
        step.enter(StepState::Running, "planning");
        return;
    }
    let grants: Vec<Grant> = situation
        .grants
        .iter()
        .map(|grant| grant.entity.clone())
        .collect();
    let left: Vec<PlannedEffect> = plan(
        &run.person,
        situation.desired,
        &grants,
        situation.company,
        way,
    )
    .into_iter()
    .filter(|effect| run.step(&step.id.inside(&effect.app)).is_none())
    .collect();
    let room = Run::MAX_STEPS.saturating_sub(run.steps.len());
    let portion = left.len().min(PORTION).min(room);
    for effect in left.iter().take(portion) {
        let child = planned_step(run, &step.id, effect, situation, turn);
        run.steps.push(child);
    }
    if left.len() > portion && room > portion {
        turn.again = true;
        step.enter(StepState::Running, "planning");
        return;
    }
    if let StepWork::Workflow { expanded, .. } = &mut step.work {
        *expanded = Expanded::All;
    }
}

pub(super) fn planned_step(
    run: &Run,
    parent: &StepId,
    effect: &PlannedEffect,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> Step {
    let work = StepWork::Grant {
        grant: effect.grant.clone(),
        app: effect.app.clone(),
        goal: effect.goal,
        approval: None,
    };
    let mut child = Step::new(parent.inside(&effect.app), work, Vec::new());
    child.reason = Some(effect.why.clone());
    if run.dry_run {
        child.enter(StepState::Planned, effect.why.clone());
        return child;
    }
    if effect.goal == Goal::Give {
        want(effect, situation, turn);
    }
    child
}

/// Keeps what is wanted of a grant: a new one, or the one that is there with what is wanted now.
pub(super) fn want(effect: &PlannedEffect, situation: &Situation<'_>, turn: &mut Turn) {
    match situation
        .grants
        .iter()
        .find(|grant| grant.entity.id == effect.grant)
    {
        None => {
            let person = &situation.person.id;
            let mut grant = Grant::desired(
                person,
                &effect.app,
                effect.entitlement.clone(),
                situation.now,
            );
            grant.policies.clone_from(&effect.policies);
            turn.new_grants.push(grant);
        }
        Some(grant) => {
            let mut grant = grant.clone();
            grant.entity.wanted.clone_from(&effect.entitlement);
            grant.entity.policies.clone_from(&effect.policies);
            if matches!(grant.entity.state, GrantState::Revoked | GrantState::Failed)
                && grant.entity.change.is_none()
            {
                grant.entity.state = GrantState::Desired;
            }
            turn.changed_grants.push(grant);
        }
    }
    turn.said
        .push(Said::new("desired", format!("app/{}", effect.app)));
}

/// The state of a `grant` or `revoke` step follows from the steps inside it.
pub(super) fn gather(run: &Run, step: &mut Step) {
    let StepWork::Workflow {
        expanded: Expanded::All,
        ..
    } = step.work
    else {
        return;
    };
    let children: Vec<&Step> = run
        .steps
        .iter()
        .filter(|child| child.id.parent().as_ref() == Some(&step.id))
        .collect();
    if children
        .iter()
        .all(|child| child.lets_on() || child.state == StepState::Cancelled)
    {
        let state = if run.dry_run {
            StepState::Planned
        } else {
            StepState::Verified
        };
        step.enter(
            state,
            if children.is_empty() {
                "nothing to do"
            } else {
                ""
            },
        );
    } else if children.iter().all(|child| child.has_ended()) {
        step.enter(StepState::Failed, "not everything worked");
    } else {
        step.enter(StepState::Running, "");
    }
}
