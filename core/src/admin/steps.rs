//! Steps by hand: tried again, left out, done by a human.

use crate::changes::{Changes, Line};
use crate::handle::ledger;
use crate::handle::tasks::{reopen, was_done};
use crate::ids::{RunId, StepId};
use crate::ports::Ports;
use crate::run::{Run, RunState, Step, StepState};
use crate::store::Loaded;
use crate::task::TaskState;

use super::approvals::let_go;
use super::runs::{Scene, close_task, run};
use super::{AdminError, Who, deciding};

/// What is to be done with a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hand {
    /// A failed step is tried again.
    Retry,
    /// It is left out, and what needs it goes on.
    Skip,
    /// A human has done it.
    Complete,
}

/// Does it with one step, and puts the run due.
///
/// # Errors
/// `NotFound`, or `Refused` if the step does not stand so that it can be done.
pub async fn by_hand(
    ports: &Ports,
    who: &Who,
    id: &RunId,
    step: &StepId,
    hand: Hand,
    reason: &str,
) -> Result<Loaded<Run>, AdminError> {
    deciding!(once(ports, who, id, step, hand, reason).await)?;
    run(ports, id).await
}

async fn once(
    ports: &Ports,
    who: &Who,
    id: &RunId,
    step: &StepId,
    hand: Hand,
    reason: &str,
) -> Result<(), AdminError> {
    let mut scene = Scene::load(ports, id).await?;
    let found = scene.run.entity.step(step).cloned();
    let found = found.ok_or(AdminError::NotFound("step"))?;
    let run = &scene.run.entity;
    if run.state == RunState::Cancelled || run.cancelling || run.dry_run {
        return Err(AdminError::refused(
            "run_over",
            "the run was cancelled, or is a dry run",
        ));
    }
    let mut changes = Changes::new(who.clone());
    match hand {
        Hand::Retry => retry(&mut scene, &found)?,
        Hand::Skip => skip(ports, &mut scene, &found, who, reason, &mut changes).await?,
        Hand::Complete => complete(ports, &mut scene, &found, &mut changes).await?,
    }
    reopen(&mut scene.run.entity, who.at);
    let word = match hand {
        Hand::Retry => "step tried again",
        Hand::Skip => "step skipped",
        Hand::Complete => "step done by hand",
    };
    let line = Line::new(scene.stream(), word, format!("run/{id}"));
    let after = serde_json::json!({ "step": step, "reason": reason });
    changes.say(line.personal(None, Some(after)));
    changes.update(&scene.run);
    Ok(ledger::commit(ports, changes).await?)
}

fn retry(scene: &mut Scene, found: &Step) -> Result<(), AdminError> {
    if found.state != StepState::Failed {
        return Err(AdminError::refused(
            "not_failed",
            format!("the step is {}", found.state.as_str()),
        ));
    }
    let again = |step: &mut Step| step.enter(StepState::Waiting, "tried again by hand");
    let id = found.id.clone();
    // A step with steps inside is tried again by trying those again that failed.
    let inside = |step: &Step| {
        step.id == id || step.id.parent().as_ref() == Some(&id) && step.state == StepState::Failed
    };
    scene
        .run
        .entity
        .steps
        .iter_mut()
        .filter(|step| inside(step))
        .for_each(again);
    Ok(())
}

async fn skip(
    ports: &Ports,
    scene: &mut Scene,
    found: &Step,
    who: &Who,
    reason: &str,
    changes: &mut Changes,
) -> Result<(), AdminError> {
    let id = &found.id;
    let steps: Vec<Step> = scene
        .run
        .entity
        .steps
        .iter()
        .filter(|step| step.id == *id || step.id.parent().as_ref() == Some(id))
        .filter(|step| !step.has_ended() || step.state == StepState::Failed)
        .cloned()
        .collect();
    if steps.iter().any(|step| scene.is_in_flight(step)) {
        return Err(AdminError::refused(
            "in_flight",
            "an effect of the step is on its way; wait until it is settled",
        ));
    }
    if !steps.iter().any(|step| step.id == *id) {
        return Err(AdminError::refused(
            "step_over",
            format!("the step is {}", found.state.as_str()),
        ));
    }
    for step in &steps {
        if changes.size() < 60 {
            if let Some(grant) = scene.released(step, who.at) {
                changes.update(&grant);
            }
            close_task(ports, step, TaskState::Cancelled, changes).await?;
            let_go(ports, step, changes).await?;
        }
        if let Some(slot) = scene.run.entity.step_mut(&step.id) {
            slot.enter(StepState::Skipped, reason);
        }
    }
    Ok(())
}

async fn complete(
    ports: &Ports,
    scene: &mut Scene,
    found: &Step,
    changes: &mut Changes,
) -> Result<(), AdminError> {
    if !close_task(ports, found, TaskState::Done, changes).await? {
        return Err(AdminError::refused(
            "no_task",
            "no open task of a human belongs to the step",
        ));
    }
    if let Some(step) = scene.run.entity.step_mut(&found.id) {
        was_done(step);
    }
    Ok(())
}
