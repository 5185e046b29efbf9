//! Tasks: done, and given to somebody else.

use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::handle::{answered, ledger, load, tasks};
use crate::ids::TaskId;
use crate::ports::Ports;
use crate::store::{Key, Loaded};
use crate::task::{Task, TaskState};

use super::{AdminError, Who, deciding};

/// A task that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn task(ports: &Ports, id: &TaskId) -> Result<Loaded<Task>, AdminError> {
    let stored = ports.store.find::<Task>(&Key::Task(id.clone())).await?;
    stored.ok_or(AdminError::NotFound("task"))
}

fn stream(task: &Task) -> StreamId {
    task.person
        .clone()
        .map_or(StreamId::Events, StreamId::Person)
}

/// A human has done it: the run that waits for it goes on, also one that was over because of it.
///
/// # Errors
/// `Refused` if it is not open.
pub async fn complete(
    ports: &Ports,
    who: &Who,
    id: &TaskId,
    reason: &str,
) -> Result<Loaded<Task>, AdminError> {
    deciding!(complete_once(ports, who, id, reason).await)?;
    task(ports, id).await
}

async fn complete_once(
    ports: &Ports,
    who: &Who,
    id: &TaskId,
    reason: &str,
) -> Result<(), AdminError> {
    let mut found = open_task(ports, id).await?;
    let mut changes = Changes::new(who.clone());
    tasks::done(ports, &mut found, &mut changes).await?;
    found.entity.awaits_roster = tasks::awaits_roster(ports, &found.entity).await?;
    set_apart(ports, &found.entity, &mut changes).await?;
    answered::go_on(&found.entity, &mut changes);
    changes.update(&found);
    let line = Line::new(stream(&found.entity), "task done", format!("task/{id}"));
    changes.say(line.personal(None, Some(json!({ "reason": reason }))));
    Ok(ledger::commit(ports, changes).await?)
}

/// Whoever was perhaps one human is two, once and for all.
async fn set_apart(ports: &Ports, task: &Task, changes: &mut Changes) -> Result<(), AdminError> {
    let (Some(one), Some(other)) = (&task.person, &task.perhaps) else {
        return Ok(());
    };
    let one = load::surviving(ports, one).await?;
    let other = load::surviving(ports, other).await?;
    if let (Some(mut one), Some(mut other)) = (one, other)
        && one.entity.id != other.entity.id
    {
        one.entity.apart.insert(other.entity.id.clone());
        other.entity.apart.insert(one.entity.id.clone());
        changes.update(&one);
        changes.update(&other);
    }
    Ok(())
}

async fn open_task(ports: &Ports, id: &TaskId) -> Result<Loaded<Task>, AdminError> {
    let found = task(ports, id).await?;
    if found.entity.state != TaskState::Open {
        let state = found.entity.state.as_str();
        return Err(AdminError::refused(
            "task_over",
            format!("the task is {state}"),
        ));
    }
    Ok(found)
}

/// Gives the task to somebody else.
///
/// # Errors
/// `Refused` if it is not open.
pub async fn reassign(
    ports: &Ports,
    who: &Who,
    id: &TaskId,
    owner: &str,
) -> Result<Loaded<Task>, AdminError> {
    deciding!(reassign_once(ports, who, id, owner).await)?;
    task(ports, id).await
}

async fn reassign_once(
    ports: &Ports,
    who: &Who,
    id: &TaskId,
    owner: &str,
) -> Result<(), AdminError> {
    if owner.trim().is_empty() || owner.chars().count() > 254 {
        return Err(AdminError::mistake("owner", "an address or `role:…`"));
    }
    let mut found = open_task(ports, id).await?;
    let before = std::mem::replace(&mut found.entity.owner, owner.trim().to_owned());
    let stream = stream(&found.entity);
    let mut changes = Changes::new(who.clone());
    changes.update(&found);
    let line = Line::new(stream, "task reassigned", format!("task/{id}"));
    changes.say(line.personal(
        Some(json!({ "owner": before })),
        Some(json!({ "owner": owner })),
    ));
    Ok(ledger::commit(ports, changes).await?)
}
