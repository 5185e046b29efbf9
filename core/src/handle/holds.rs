//! What keeps somebody from being erased: what they hold, what is under way, what is to be done by hand.

use std::collections::BTreeSet;

use crate::erasure::Extent;
use crate::grant::{Grant, GrantState};
use crate::ids::{AppSlug, PersonId};
use crate::person::Person;
use crate::ports::Ports;
use crate::store::Entity;
use crate::task::{Task, TaskKind, TaskState};

use super::erasure::absorbed;
use super::{HandleError, load, wake};

/// Why somebody cannot be erased yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InTheWay {
    /// They have something in these applications, or a change is open.
    Held(BTreeSet<AppSlug>),
    /// A run is not over.
    Running,
    /// Something is to be done by hand, and is not done.
    Task,
}

/// What is in the way of erasing so much of a person, and of whom: what was merged into them goes too.
///
/// # Errors
/// If the store cannot be read.
pub async fn in_the_way(
    ports: &Ports,
    person: &Person,
    extent: Extent,
) -> Result<Option<(PersonId, InTheWay)>, HandleError> {
    let mut ids = Vec::new();
    if extent == Extent::Everything {
        ids.push(person.id.clone());
    }
    let absorbed = absorbed(ports, person).await?.into_iter();
    ids.extend(absorbed.map(|one| one.entity.id));
    for id in ids {
        let held = held(ports, &id).await?;
        if !held.is_empty() {
            return Ok(Some((id, InTheWay::Held(held))));
        }
        if !wake::running(ports, &id).await?.is_empty() {
            return Ok(Some((id, InTheWay::Running)));
        }
        if has_task(ports, &id).await? {
            return Ok(Some((id, InTheWay::Task)));
        }
    }
    Ok(None)
}

/// Is there something that somebody has still to do by hand?
async fn has_task(ports: &Ports, id: &PersonId) -> Result<bool, HandleError> {
    for stored in load::of_kind(ports, id, Task::KIND).await? {
        let task = stored.read::<Task>()?.entity;
        if task.kind == TaskKind::Manual && task.state == TaskState::Open {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The applications in which somebody has something, or a change is open.
async fn held(ports: &Ports, id: &PersonId) -> Result<BTreeSet<AppSlug>, HandleError> {
    let holds = |grant: &Grant| {
        grant.change.is_some() || grant.state != GrantState::Revoked && grant.may_be_held()
    };
    let grants = load::grants(ports, id).await?;
    let held = grants.into_iter().filter(|grant| holds(&grant.entity));
    Ok(held.map(|grant| grant.entity.app).collect())
}
