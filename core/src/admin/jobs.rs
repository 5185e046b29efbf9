//! Long work: done at once if it is quick, else a job to come back for.

use jiff::{SignedDuration, Timestamp};

use crate::changes::Changes;
use crate::handle::{jobs, ledger};
use crate::ids::JobId;
use crate::job::{Job, JobState, Work};
use crate::ports::Ports;
use crate::store::Key;

use super::{AdminError, Who};

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

/// A job that was stored.
///
/// # Errors
/// `NotFound` if there is none, or it is too long ago.
pub async fn read(ports: &Ports, id: &JobId) -> Result<Job, AdminError> {
    let stored = ports.store.find::<Job>(&Key::Job(id.clone())).await?;
    let job = stored.ok_or(AdminError::NotFound("job"))?;
    Ok(job.entity)
}
