//! Works on long jobs, in portions that a lease has room for.

use jiff::{SignedDuration, Timestamp};

use crate::audit::Cause;
use crate::changes::{Changes, Origin};
use crate::job::{Job, JobState, Work};
use crate::ports::Ports;
use crate::store::{Loaded, StoreError};

use super::replay::{range, rehearsal};
use super::verification::follow;
use super::{
    HandleError, answered, applying, count, directory, drifting, evidence, forget, ledger, planning,
};

/// How long a worker stays at a job before it puts down how far it came; well under the lease.
const TURN: SignedDuration = SignedDuration::from_secs(20);
/// Records that are verified between two looks at the clock.
const PORTION: u64 = 2_000;

/// Works on a job that is due, for one turn.
///
/// # Errors
/// If the store did not do it; the job is found again when the lease ends.
pub async fn work(ports: &Ports, mut job: Loaded<Job>) -> Result<(), HandleError> {
    if job.entity.state != JobState::Running {
        return Ok(());
    }
    if matches!(job.entity.work, Work::Apply(_)) {
        return applying::turn(ports, job).await;
    }
    if matches!(job.entity.work, Work::Answered(_)) {
        return answered::turn(ports, job).await;
    }
    let until = ports.clock.now().saturating_add(TURN);
    go_on(ports, &mut job.entity, until.unwrap_or(Timestamp::MAX)).await?;
    let now = ports.clock.now();
    job.entity.look_at = now;
    let cause = Cause::of("api", &job.entity.actor);
    let mut changes = Changes::new(Origin::sando(cause, &job.entity.id, now));
    changes.update(&job);
    ledger::commit(ports, changes).await
}

/// Goes on with a job until it ends or the time is over; always for one portion.
///
/// # Errors
/// If the store cannot be reached. What never will be readable ends the job.
pub async fn go_on(ports: &Ports, job: &mut Job, until: Timestamp) -> Result<(), HandleError> {
    loop {
        match portion(ports, job, until).await {
            Ok(false) => {}
            Ok(true) => {
                job.end(None, ports.clock.now());
                return Ok(());
            }
            Err(
                error
                @ (HandleError::Store(StoreError::Unreadable { .. }) | HandleError::Config(_)),
            ) => {
                job.end(Some(error.to_string()), ports.clock.now());
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if ports.clock.now() >= until {
            return Ok(());
        }
    }
}

async fn portion(ports: &Ports, job: &mut Job, until: Timestamp) -> Result<bool, HandleError> {
    match &mut job.work {
        Work::VerifyAudit(verification) => Ok(follow(&*ports.store, verification, PORTION).await?),
        Work::Plan(planning) => planning::with_rosters(ports, planning).await,
        // They write as they go, so they are never done without being stored.
        Work::Apply(_) | Work::Answered(_) => Ok(false),
        Work::ForgetRoster(forgetting) => forget::portion(ports, forgetting).await,
        Work::Evidence(evidence) => evidence::portion(ports, evidence).await,
        Work::Replay(replaying) => range::portion(ports, &job.actor, &job.id, replaying).await,
        Work::FeedPeople(feeding) => directory::portion(ports, feeding).await,
        Work::Rehearse(rehearsing) => {
            rehearsal::portion(ports, &job.actor, &job.id, rehearsing).await
        }
        Work::Drift(looking) => Box::pin(drifting::everybody(ports, looking)).await,
        Work::Count(counting) => count::portion(ports, &job.id, counting, until).await,
    }
}
