//! Tasks that are over: the runs that waited for them go on, and the next roster says whether what was done shows (X9).

use jiff::Timestamp;

use crate::account::Account;
use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::grant::{Grant, GrantState};
use crate::ids::{PersonId, StepId};
use crate::intake::NO_LONGER_HIRED;
use crate::ports::Ports;
use crate::run::{Run, RunState, Step, StepState, StepWork};
use crate::store::{Entity, Group, Key, Loaded, StoreError};
use crate::task::{Task, TaskKind, TaskState};
use crate::workflow::StepKind;

use super::{HandleError, load};

/// Asks what a decision has to ask: once, however much waits for the answer.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn ask(
    ports: &Ports,
    task: &Task,
    changes: &mut Changes,
) -> Result<(), StoreError> {
    let stored = ports.store.find::<Task>(&task.key()).await?;
    let Some(mut asked) = stored else {
        changes.insert_task(task);
        return Ok(());
    };
    let is_open = asked.entity.state == TaskState::Open;
    let known = &asked.entity.events;
    let mut more = task.events.clone();
    more.retain(|event| !known.contains(event));
    if is_open && !more.is_empty() {
        asked.entity.events.extend(more);
        changes.update(&asked);
    } else if !is_open && (!task.events.is_empty() || asked.entity.title != task.title) {
        // Called done, and still nobody can tell, or something else is asked of the same event.
        asked.entity = task.clone();
        changes.update(&asked);
        changes.tell_again(task);
    }
    Ok(())
}

/// A task is done: the run that waits for it goes on, also one that was over because of it.
///
/// # Errors
/// If the store cannot be read.
pub async fn done(
    ports: &Ports,
    task: &mut Loaded<Task>,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let at = changes.origin.at;
    task.entity.end(TaskState::Done, at);
    let run = run_of(ports, &task.entity).await?;
    if let Some(mut run) = run.filter(|run| run.entity.state != RunState::Cancelled) {
        let step = task.entity.step.as_ref();
        let step = step.and_then(|step| run.entity.step_mut(step));
        let waits = step.is_some_and(|step| {
            was_done(step);
            true
        });
        if waits || run.entity.state == RunState::Running {
            reopen(&mut run.entity, at);
            changes.update(&run);
        }
    }
    Ok(())
}

/// Somebody is hired again, or has left: nobody has to say any more what became of a hire that Lever no longer showed.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn end_no_longer_hired(
    ports: &Ports,
    person: &PersonId,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    for stored in load::of_kind(ports, person, Task::KIND).await? {
        let mut task: Loaded<Task> = stored.read()?;
        let is_open = task.entity.state == TaskState::Open;
        if is_open && task.entity.title == NO_LONGER_HIRED {
            task.entity.end(TaskState::Cancelled, changes.origin.at);
            changes.update(&task);
            changes.say(ended(&task.entity));
        }
    }
    Ok(())
}

/// The line of a task that ended by itself.
pub(crate) fn ended(task: &Task) -> Line {
    let person = task.person.clone();
    let stream = person.map_or(StreamId::Events, StreamId::Person);
    let target = format!("task/{}", task.id);
    if task.state == TaskState::Done {
        Line::new(stream, "task done", target)
    } else {
        Line::new(stream, "task not needed any more", target)
    }
}

/// Nothing but a human can tell that it was done; a roster, where there is one, will show it.
///
/// # Errors
/// If the store cannot be read.
pub async fn awaits_roster(ports: &Ports, task: &Task) -> Result<bool, HandleError> {
    if task.kind != TaskKind::Manual || task.person.is_none() {
        return Ok(false);
    }
    let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
    let mut accounts = accounts.iter().map(|account| &account.entity.app);
    Ok(accounts.any(|app| Some(app) == task.app.as_ref()))
}

/// A task that was called done is not: it is open again, and so is what waited for it; whoever has it is told.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn undone(
    ports: &Ports,
    task: &mut Loaded<Task>,
    why: &str,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let now = changes.origin.at;
    task.entity.open_again(why);
    changes.tell_again(&task.entity);
    let Some(mut run) = run_of(ports, &task.entity).await? else {
        return Ok(());
    };
    let step = task.entity.step.as_ref();
    let Some(step) = step.and_then(|step| run.entity.step_mut(step)) else {
        return Ok(());
    };
    step.enter(StepState::Waiting, why);
    let (gives, id, parent) = (step.is_giving(), step.grant().cloned(), step.id.parent());
    if let Some(parent) = parent.and_then(|parent| run.entity.step_mut(&parent)) {
        parent.enter(StepState::Running, "");
    }
    let grants = load::grants(ports, &run.entity.person).await?;
    if let Some(mut grant) = grants
        .into_iter()
        .find(|grant| Some(&grant.entity.id) == id.as_ref())
    {
        as_before(&mut grant.entity, gives, why, now);
        changes.update(&grant);
    }
    reopen(&mut run.entity, now);
    changes.update(&run);
    Ok(())
}

fn as_before(grant: &mut Grant, gives: bool, why: &str, now: Timestamp) {
    if gives {
        grant.state = GrantState::Pending;
        grant.held = None;
    } else {
        grant.state = GrantState::Revoking;
        grant.held = Some(grant.wanted.clone());
    }
    grant.reason = Some(why.to_owned());
    grant.changed_at = now;
}

/// The run that a task belongs to.
pub(super) async fn run_of(ports: &Ports, task: &Task) -> Result<Option<Loaded<Run>>, HandleError> {
    match &task.run {
        Some(run) => Ok(ports.store.find::<Run>(&Key::Run(run.clone())).await?),
        None => Ok(None),
    }
}

/// A human has done what the step is for. A grant's step and a task's see the done task when the run goes on; the
/// others have nothing that could look.
pub fn was_done(step: &mut Step) {
    match &step.work {
        StepWork::Grant { .. }
        | StepWork::Workflow {
            kind: StepKind::Task(_),
            ..
        } => step.enter(StepState::Waiting, "done by hand"),
        StepWork::Workflow { .. } => {
            step.change = None;
            step.enter(StepState::Verified, "done by hand");
        }
    }
}

/// Opens a run that was over, and puts it due now.
pub fn reopen(run: &mut Run, now: Timestamp) {
    run.state = RunState::Running;
    run.finished_at = None;
    run.look_at = Some(now);
    // What stands around the step is judged anew.
    let parents: Vec<StepId> = run
        .steps
        .iter()
        .filter(|step| !step.has_ended())
        .filter_map(|step| step.id.parent())
        .collect();
    for step in &mut run.steps {
        if step.state == StepState::Failed && parents.contains(&step.id) {
            step.enter(StepState::Running, "");
        }
        // What the last note says is not the end: another one follows. One that a human wrote stays.
        let wrote = step.notes > 0 && step.reason.is_none();
        if wrote && step.state == StepState::Verified {
            step.enter(StepState::Waiting, "");
        }
    }
}
