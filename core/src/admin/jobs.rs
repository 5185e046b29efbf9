//! Long work: done at once if it is quick, else a job to come back for.

use jiff::{SignedDuration, Timestamp};

use crate::changes::Changes;
use crate::handle::{jobs, ledger};
use crate::ids::JobId;
use crate::job::{Job, JobState, Work};
use crate::ports::Ports;
use crate::store::{Key, Loaded, Version};

use super::{AdminError, Who, deciding};

/// Works for as long as the caller has patience. A job that is still running then is stored, and goes on without them.
///
/// # Errors
/// If the store did not do it.
pub async fn run(
    ports: &Ports,
    who: &Who,
    work: Work,
    patience: SignedDuration,
) -> Result<Job, AdminError> {
    // One request starts at most one job.
    let id = JobId::derived(&[&who.correlation_id]);
    let mut job = Job::new(id, &who.actor, work, who.at);
    if patience.is_positive() {
        let until = ports.clock.now().saturating_add(patience);
        jobs::go_on(ports, &mut job, until.unwrap_or(Timestamp::MAX)).await?;
    }
    if job.state == JobState::Running {
        let mut changes = Changes::new(who.clone());
        changes.insert(&job);
        ledger::commit(ports, changes).await?;
    }
    Ok(job)
}

/// Counts what is spent and what leavers hold, as work that goes on: the count that somebody asked for before, while it does.
///
/// # Errors
/// If the store did not do it.
pub async fn count(ports: &Ports, who: &Who) -> Result<Job, AdminError> {
    deciding!(count_once(ports, who).await)
}

async fn count_once(ports: &Ports, who: &Who) -> Result<Job, AdminError> {
    let id = JobId::derived(&["count by hand"]);
    let before = ports.store.find::<Job>(&Key::Job(id.clone())).await?;
    let version = match before {
        Some(before) if before.entity.state == JobState::Running => return Ok(before.entity),
        Some(before) => before.version,
        None => Version::ABSENT,
    };
    let begun = Loaded {
        entity: Job::new(id, &who.actor, Work::Count(Box::default()), who.at),
        version,
        due: None,
    };
    let mut changes = Changes::new(who.clone());
    changes.update(&begun);
    ledger::commit(ports, changes).await?;
    Ok(begun.entity)
}

/// A job that was stored.
///
/// # Errors
/// `NotFound` if there is none, or it is too long ago.
pub async fn read(ports: &Ports, id: &JobId) -> Result<Job, AdminError> {
    let stored = ports.store.find::<Job>(&Key::Job(id.clone())).await?;
    let job = stored.ok_or(AdminError::NotFound("job"))?;
    Ok(job.entity)
}
