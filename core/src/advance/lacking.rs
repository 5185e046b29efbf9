//! Required attributes that are missing hold a giving run up: a human is asked for them, until they are there.

use super::{Said, Situation, Turn};
use crate::run::{Expanded, Run, Step, StepWork, WaitsFor};
use crate::task::{Task, TaskKind, TaskState};
use crate::workflow::StepKind;
use std::collections::BTreeSet;

/// The required attributes that hold a giving run up: what it gives is not planned yet, or something of it waits for them.
pub(super) fn lacking(run: &Run, situation: &Situation<'_>) -> Vec<String> {
    let is_unplanned = |step: &Step| {
        matches!(
            &step.work,
            StepWork::Workflow {
                kind: StepKind::Grant {},
                expanded: Expanded::No,
            }
        )
    };
    let waits = |step: &Step| step.is_giving() && step.waits_for == Some(WaitsFor::Attributes);
    let mut steps = run.steps.iter().filter(|step| !step.has_ended());
    let gives = steps.any(|step| is_unplanned(step) || waits(step));
    if gives && situation.person.state.may_receive() && !situation.is_left_alone(run) {
        situation.company.mapping.missing(situation.person)
    } else {
        Vec::new()
    }
}

/// Asks whoever owns the attributes for what is missing; once, until it was there.
pub(super) fn ask_for_attributes(run: &mut Run, situation: &Situation<'_>, turn: &mut Turn) {
    if run.dry_run {
        return;
    }
    run.asks = run.asks.saturating_add(1);
    let id = run.missing_task();
    let owner = situation.company.mapping.file().owner.clone();
    let action = format!("waits for attributes: {}", run.missing.join(", "));
    turn.said.push(Said::new(action, format!("run/{}", run.id)));
    turn.new_tasks.push(Task {
        id,
        kind: TaskKind::Missing,
        owner: owner.unwrap_or_else(|| Task::NOBODY.to_owned()),
        title: format!("Complete the person: {}", run.missing.join(", ")),
        state: TaskState::Open,
        person: Some(run.person.clone()),
        run: Some(run.id.clone()),
        step: None,
        app: None,
        detail: "Nothing is given before these attributes are known; they are corrected on the person, or in Lever."
            .to_owned(),
        due: None,
        created_at: situation.now,
        ended_at: None,
        user: None,
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    });
}

/// What was asked for is there, or nobody needs it any more: so is the task.
pub(super) fn nothing_lacks(run: &Run, situation: &Situation<'_>, turn: &mut Turn) {
    let id = run.missing_task();
    let mut open = situation
        .tasks
        .iter()
        .filter(|task| task.entity.id == id && task.entity.state == TaskState::Open);
    let Some(mut task) = open.next().cloned() else {
        return;
    };
    let missing = situation.company.mapping.missing(situation.person);
    let state = if missing.is_empty() {
        TaskState::Done
    } else {
        TaskState::Cancelled
    };
    task.entity.end(state, situation.now);
    turn.closed_tasks.push(task);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::access::Desired;
    use crate::advance::advance;
    use crate::audit::Cause;
    use crate::company::Company;
    use crate::config::ConfigKind;
    use crate::ids::{RunId, Slug};
    use crate::intake::run_of;
    use crate::testing::{a_person, take};

    #[test]
    fn whoever_owns_the_attributes_is_asked_for_what_is_missing() {
        for (owner, asked) in [(Some("role:hr"), "role:hr"), (None, Task::NOBODY)] {
            let now = Timestamp::UNIX_EPOCH;
            let mut company = Company::empty().unwrap();
            let mut file = json!({ "attributes": { "team": "posting.categories.team" }, "required": ["team"] });
            if let Some(owner) = owner {
                file["owner"] = json!(owner);
            }
            take(&mut company, ConfigKind::Attributes, "attributes", file);
            let person = a_person().build();
            let flow = &company.workflows[&Slug::parse("onboard").unwrap()];
            let (id, cause) = (RunId::derived(&["hired"]), Cause::of("test", "test"));
            let mut run = run_of(id, flow, &person, cause, now, false, now);
            let mut planned = run.clone();
            for step in &mut planned.steps {
                if let StepWork::Workflow { expanded, .. } = &mut step.work {
                    *expanded = Expanded::All;
                }
            }
            let situation = Situation {
                person: &person,
                grants: &[],
                tasks: &[],
                approvals: &[],
                company: &company,
                desired: &Desired::default(),
                directory: None,
                now,
            };

            let turn = advance(&mut run, &situation);

            assert_eq!(turn.new_tasks[0].owner, asked);
            let asked_again = advance(&mut run, &situation).new_tasks;
            assert_eq!(asked_again, [], "once is enough");
            // It was there meanwhile, and is missing anew.
            run.missing.clear();
            let anew = advance(&mut run, &situation).new_tasks;
            assert_ne!(anew[0].id, turn.new_tasks[0].id);
            assert_eq!(anew[0].id, run.missing_task());
            let turn = advance(&mut planned, &situation);
            assert_eq!(turn.new_tasks, [], "what it gives was planned before");
        }
    }
}
