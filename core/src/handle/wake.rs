//! Wakes runs that wait for a human, a time or attributes, because something they rest on has changed.

use jiff::Timestamp;

use crate::changes::{Changes, Origin};
use crate::ids::{PersonId, RunId};
use crate::ports::Ports;
use crate::run::{Run, RunState, WaitsFor};
use crate::store::{Entity, Key, Loaded, StoreError};

use super::{HandleError, ledger, load};

/// How often a run is read again because it moved in between.
const TRIES: u32 = 10;

/// All running runs of a person.
///
/// # Errors
/// If the store cannot be read.
pub async fn running(ports: &Ports, person: &PersonId) -> Result<Vec<Loaded<Run>>, HandleError> {
    let mut found = Vec::new();
    for stored in load::of_kind(ports, person, Run::KIND).await? {
        let run: Loaded<Run> = stored.read()?;
        if run.entity.state == RunState::Running {
            found.push(run);
        }
    }
    Ok(found)
}

/// Puts every running run of a person due now.
///
/// # Errors
/// If the store did not do it.
pub async fn runs_of(ports: &Ports, person: &PersonId, origin: &Origin) -> Result<(), HandleError> {
    for run in running(ports, person).await? {
        wake(ports, &run.entity.id, origin).await?;
    }
    Ok(())
}

/// Puts a run due now, with what in it waited for attributes or the brake; without effect on one that is over.
///
/// # Errors
/// If the store did not do it.
pub async fn wake(ports: &Ports, id: &RunId, origin: &Origin) -> Result<(), HandleError> {
    let mut tries = 0;
    loop {
        match wake_once(ports, id, origin).await {
            Err(HandleError::Store(StoreError::Conflict { .. })) if tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

/// Puts a run due now that a human has seen and confirmed: the caps do not hold it again.
///
/// # Errors
/// If the store did not do it.
pub async fn release(ports: &Ports, id: &RunId, origin: &Origin) -> Result<(), HandleError> {
    let mut tries = 0;
    loop {
        match release_once(ports, id, origin).await {
            Err(HandleError::Store(StoreError::Conflict { .. })) if tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

async fn release_once(ports: &Ports, id: &RunId, origin: &Origin) -> Result<(), HandleError> {
    let stored = ports.store.find::<Run>(&Key::Run(id.clone())).await?;
    let Some(mut run) = stored.filter(|run| run.entity.state == RunState::Running) else {
        return Ok(());
    };
    run.entity.by_hand = true;
    hurry(&mut run.entity, origin.at);
    let mut changes = Changes::new(origin.clone());
    changes.update(&run);
    ledger::commit(ports, changes).await
}

async fn wake_once(ports: &Ports, id: &RunId, origin: &Origin) -> Result<(), HandleError> {
    let stored = ports.store.find::<Run>(&Key::Run(id.clone())).await?;
    let Some(mut run) = stored.filter(|run| run.entity.state == RunState::Running) else {
        return Ok(());
    };
    hurry(&mut run.entity, origin.at);
    let mut changes = Changes::new(origin.clone());
    changes.update(&run);
    ledger::commit(ports, changes).await
}

fn hurry(run: &mut Run, now: Timestamp) {
    for step in &mut run.steps {
        let waits = matches!(step.waits_for, Some(WaitsFor::Attributes | WaitsFor::Pause));
        if waits && !step.has_ended() && step.due.is_none_or(|due| due > now) {
            step.due = Some(now);
        }
    }
    run.look_at = Some(now);
}
