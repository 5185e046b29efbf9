//! Runs by hand: ended, and put due.

use jiff::Timestamp;
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::effect::Change;
use crate::grant::{Grant, GrantState};
use crate::handle::{ledger, load, tasks};
use crate::ids::{RunId, StepId, TaskId};
use crate::ports::Ports;
use crate::run::{Expanded, Run, RunState, Step, StepState, StepWork};
use crate::store::{Key, Loaded};
use crate::task::{Task, TaskState};

use super::approvals::let_go;
use super::{AdminError, Who, deciding};

/// A run that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn run(ports: &Ports, id: &RunId) -> Result<Loaded<Run>, AdminError> {
    let stored = ports.store.find::<Run>(&Key::Run(id.clone())).await?;
    stored.ok_or(AdminError::NotFound("run"))
}

/// A run with what its steps stand on.
pub(super) struct Scene {
    pub(super) run: Loaded<Run>,
    pub(super) grants: Vec<Loaded<Grant>>,
}

impl Scene {
    pub(super) async fn load(ports: &Ports, id: &RunId) -> Result<Self, AdminError> {
        let run = run(ports, id).await?;
        let grants = load::grants(ports, &run.entity.person).await?;
        Ok(Self { run, grants })
    }

    pub(super) fn stream(&self) -> StreamId {
        StreamId::Person(self.run.entity.person.clone())
    }

    pub(super) fn grant_of(&self, step: &Step) -> Option<&Loaded<Grant>> {
        let id = step.grant()?;
        self.grants.iter().find(|grant| grant.entity.id == *id)
    }

    /// The open change of a step, if this run has it in hand.
    fn change_of<'a>(&'a self, step: &'a Step) -> Option<&'a Change> {
        let of_grant = self
            .grant_of(step)
            .and_then(|grant| grant.entity.change.as_ref());
        let run = &self.run.entity.id;
        of_grant
            .filter(|change| change.run == *run)
            .or(step.change.as_ref())
    }

    /// May something of this step have reached the outside without being settled?
    pub(super) fn is_in_flight(&self, step: &Step) -> bool {
        self.change_of(step)
            .is_some_and(|change| change.phase.has_intent() || !change.made.is_empty())
    }

    /// The grant of a step that ends without an effect, as it stands then.
    pub(super) fn released(&self, step: &Step, now: Timestamp) -> Option<Loaded<Grant>> {
        let mut grant = self.grant_of(step)?.clone();
        let run = &self.run.entity.id;
        let change = grant.entity.change.as_ref();
        if change.is_some_and(|change| change.run != *run) {
            return None;
        }
        let is_new = matches!(
            grant.entity.state,
            GrantState::Desired | GrantState::Pending
        ) && !grant.entity.may_be_held();
        if change.is_none() && !is_new {
            return None;
        }
        grant.entity.change = None;
        grant.entity.changed_at = now;
        if is_new {
            grant.entity.state = GrantState::Revoked;
        } else if grant.entity.held.is_some() {
            grant.entity.state = GrantState::Active;
        }
        Some(grant)
    }
}

/// Ends a run: what has no intent is cancelled; what has one is looked up and taken back before the run ends.
///
/// # Errors
/// `Refused` if it is over already.
pub async fn cancel(
    ports: &Ports,
    who: &Who,
    id: &RunId,
    reason: &str,
) -> Result<Loaded<Run>, AdminError> {
    deciding!(cancel_once(ports, who, id, reason).await)?;
    run(ports, id).await
}

async fn cancel_once(ports: &Ports, who: &Who, id: &RunId, reason: &str) -> Result<(), AdminError> {
    let mut scene = Scene::load(ports, id).await?;
    if scene.run.entity.state != RunState::Running {
        let state = scene.run.entity.state.as_str();
        return Err(AdminError::refused(
            "run_over",
            format!("the run is {state}"),
        ));
    }
    let mut changes = Changes::new(who.clone());
    let (idle, busy): (Vec<Step>, Vec<Step>) = scene
        .run
        .entity
        .steps
        .iter()
        .filter(|step| !step.has_ended())
        .cloned()
        .partition(|step| !scene.is_in_flight(step));
    for step in &idle {
        // One commit has room for so many; the engine ends the rest when it sees `cancelling`.
        if changes.size() < 60
            && let Some(grant) = scene.released(step, who.at)
        {
            changes.update(&grant);
        }
        if changes.size() < 60 {
            close_task(ports, step, TaskState::Cancelled, &mut changes).await?;
            let_go(ports, step, &mut changes).await?;
        }
    }
    let missing = scene.run.entity.missing_task();
    close(ports, &missing, TaskState::Cancelled, &mut changes).await?;
    end_steps(&mut scene.run.entity, &idle, &busy, reason);
    let run = &mut scene.run.entity;
    run.cancelling = true;
    if busy.is_empty() {
        run.state = RunState::Cancelled;
        run.finished_at = Some(who.at);
        run.look_at = None;
    } else {
        run.look_at = Some(who.at);
    }
    let action = if busy.is_empty() {
        "run cancelled"
    } else {
        "run is being cancelled"
    };
    let line = Line::new(scene.stream(), action, format!("run/{id}"));
    changes.say(line.personal(None, Some(json!({ "reason": reason }))));
    changes.update(&scene.run);
    Ok(ledger::commit(ports, changes).await?)
}

fn end_steps(run: &mut Run, idle: &[Step], busy: &[Step], reason: &str) {
    let holds = |id: &StepId| {
        busy.iter()
            .any(|step| step.id.parent().as_ref() == Some(id))
    };
    for step in &mut run.steps {
        if !idle.iter().any(|idle| idle.id == step.id) {
            continue;
        }
        if let StepWork::Workflow { expanded, .. } = &mut step.work {
            *expanded = Expanded::All;
        }
        if !holds(&step.id) {
            step.enter(StepState::Cancelled, reason);
        }
    }
}

/// Closes the task of a step, if it is open.
pub(super) async fn close_task(
    ports: &Ports,
    step: &Step,
    state: TaskState,
    changes: &mut Changes,
) -> Result<bool, AdminError> {
    match &step.task {
        Some(id) => close(ports, id, state, changes).await,
        None => Ok(false),
    }
}

async fn close(
    ports: &Ports,
    id: &TaskId,
    state: TaskState,
    changes: &mut Changes,
) -> Result<bool, AdminError> {
    let stored = ports.store.find::<Task>(&Key::Task(id.clone())).await?;
    let Some(mut task) = stored.filter(|task| task.entity.state == TaskState::Open) else {
        return Ok(false);
    };
    task.entity.end(state, changes.origin.at);
    task.entity.awaits_roster =
        state == TaskState::Done && tasks::awaits_roster(ports, &task.entity).await?;
    changes.update(&task);
    if state == TaskState::Cancelled {
        changes.say(tasks::ended(&task.entity));
    }
    Ok(true)
}
