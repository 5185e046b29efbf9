//! Turns the plan of a `grant` or `revoke` step into one step a grant, a portion at a time.

use super::{PORTION, Said, Situation, Turn};
use crate::access::{PlannedEffect, Way, plan};
use crate::effect::Goal;
use crate::grant::{Grant, GrantState};
use crate::ids::{AppSlug, StepId};
use crate::run::{Expanded, Run, Step, StepState, StepWork, WaitsFor};
use serde_json::json;
use std::collections::BTreeSet;

/// Turns the plan of a `grant` or `revoke` step into one step a grant, a portion at a time.
pub(super) fn expand(
    run: &mut Run,
    step: &mut Step,
    way: Way,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    if situation.is_left_alone(run) {
        leave_alone(run, step);
        return;
    }
    if !run.missing.is_empty() && way == Way::Give && !run.dry_run {
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
    .filter(|effect| way == Way::Give || takes(run, step, &effect.app))
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
        *expanded = match left.len().saturating_sub(portion) {
            0 => Expanded::All,
            cut => Expanded::Cut(cut),
        };
    }
}

/// The step ends without an effect: the person was here already.
fn leave_alone(run: &Run, step: &mut Step) {
    let state = if run.dry_run {
        StepState::Planned
    } else {
        StepState::Verified
    };
    let why = "the person was here already: nothing is given or taken before somebody applies it";
    step.enter(state, why);
}

/// Is it this step that takes an application away: it names it, or no other step has to do with it?
fn takes(run: &Run, step: &Step, app: &AppSlug) -> bool {
    let names = |step: &Step| step.revokes().is_some_and(|apps| apps.contains(app));
    let has_it = |other: &Step| {
        let inside = other.id.parent().as_ref() == Some(&step.id);
        names(other) || other.is_taking() && other.app() == Some(app) && !inside
    };
    let mut others = run.steps.iter().filter(|other| other.id != step.id);
    let takes_rest = step.revokes().is_none_or(BTreeSet::is_empty);
    names(step) || takes_rest && !others.any(has_it)
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
    if run.dry_run || situation.company.is_on_trial(&effect.app) {
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
    let after = json!({ "wanted": effect.entitlement, "policies": effect.policies });
    let said = Said::new("desired", format!("app/{}", effect.app));
    turn.said.push(said.after(after));
}

/// The state of a `grant` or `revoke` step follows from the steps inside it.
pub(super) fn gather(run: &Run, step: &mut Step) {
    let cut = match step.work {
        StepWork::Workflow {
            expanded: Expanded::All,
            ..
        } => 0,
        StepWork::Workflow {
            expanded: Expanded::Cut(cut),
            ..
        } => cut,
        _ => return,
    };
    let children: Vec<&Step> = run
        .steps
        .iter()
        .filter(|child| child.id.parent().as_ref() == Some(&step.id))
        .collect();
    if cut > 0 && children.iter().all(|child| child.has_ended()) {
        let most = Run::MAX_STEPS;
        let why = format!("{cut} more do not fit into one run ({most} steps): replay its event");
        step.enter(StepState::Failed, why);
    } else if children
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use crate::access::desired;
    use crate::advance::{PORTION, Situation, advance};
    use crate::audit::Cause;
    use crate::company::Company;
    use crate::config::ConfigKind;
    use crate::ids::{RunId, Slug, StepId};
    use crate::intake::run_of;
    use crate::run::{Run, StepState};
    use crate::testing::{a_person, take};

    fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    /// A company with so many applications, all of them due to everybody.
    fn a_company(apps: usize) -> Company {
        let mut company = Company::empty().unwrap();
        let mut grants = Vec::new();
        for n in 0..apps {
            let id = format!("app{n}");
            let file = json!({ "app": id, "provisioner": { "type": "manual" } });
            grants.push(json!({ "app": id }));
            take(&mut company, ConfigKind::App, &id, file);
        }
        let policy = json!({ "policy": "all", "grants": grants });
        take(&mut company, ConfigKind::Policy, "all", policy);
        company
    }

    /// Advances a hire's run until nothing more becomes a step; answers how many steps each turn made.
    fn expanded(apps: usize) -> (Run, Vec<usize>) {
        let (company, person) = (a_company(apps), a_person().build());
        let now = Timestamp::UNIX_EPOCH;
        let cause = Cause::of("test", "test");
        let id = RunId::derived(&["onboard"]);
        let workflow = &company.workflows[&slug("onboard")];
        let mut run = run_of(id, workflow, &person, cause, now, true, now);
        let desired = desired(&person, &company, now);
        let mut made = Vec::new();
        loop {
            let before = run.steps.len();
            let turn = advance(
                &mut run,
                &Situation {
                    person: &person,
                    grants: &[],
                    tasks: &[],
                    approvals: &[],
                    company: &company,
                    desired: &desired,
                    directory: None,
                    now,
                },
            );
            made.push(run.steps.len() - before);
            if !turn.again {
                return (run, made);
            }
        }
    }

    #[test]
    fn many_applications_become_steps_a_portion_at_a_time() {
        let (run, made) = expanded(60);

        assert_eq!(run.steps.len(), 60 + 2);
        assert!(made.iter().all(|made| *made <= PORTION), "{made:?}");
        let access = run.step(&StepId::from("access")).unwrap();
        assert_eq!(access.state, StepState::Planned);
    }

    #[test]
    fn what_does_not_fit_into_a_run_is_said() {
        let (run, _) = expanded(230);

        assert_eq!(run.steps.len(), Run::MAX_STEPS);
        let access = run.step(&StepId::from("access")).unwrap();
        assert_eq!(access.state, StepState::Failed);
        let why = access.reason.as_deref().unwrap();
        assert!(why.contains("32 more"), "{why}");
    }
}
