//! What waited for an answer goes on by itself once it is given: events of somebody who is perhaps somebody else (L3).

use jiff::{SignedDuration, Timestamp};

use crate::audit::Cause;
use crate::changes::{Changes, Origin};
use crate::ids::JobId;
use crate::job::{Answered, Job, Work};
use crate::ports::Ports;
use crate::store::Loaded;
use crate::task::Task;

use super::delivery::again_after;
use super::replay::{How, ReplayError, replay};
use super::{HandleError, ledger};

/// How long a worker stays at it before it puts down how far it came; well under the lease.
const TURN: SignedDuration = SignedDuration::from_secs(20);

/// The events that wait for this task are due from the commit on that ends it.
pub(crate) fn go_on(task: &Task, changes: &mut Changes) {
    if task.events.is_empty() {
        return;
    }
    let at = changes.origin.at;
    let id = JobId::derived(&["answered", task.id.as_str(), &at.to_string()]);
    let work = Work::Answered(Answered {
        task: task.id.clone(),
        events: task.events.clone(),
        done: 0,
        unanswered: 0,
    });
    let job = Job::new(id, &changes.origin.actor, work, at);
    changes.insert(&job);
}

/// Goes on with the next events, each once, and puts down how far it came. While Lever does not answer they wait.
///
/// # Errors
/// If the store did not do it: what is left is done again.
pub(super) async fn turn(ports: &Ports, mut job: Loaded<Job>) -> Result<(), HandleError> {
    let id = job.entity.id.clone();
    let Work::Answered(answered) = &mut job.entity.work else {
        return Ok(());
    };
    let cause = Cause::of("task", &answered.task);
    let until = ports.clock.now().saturating_add(TURN);
    let until = until.unwrap_or(Timestamp::MAX);
    let mut later = SignedDuration::ZERO;
    while let Some(event) = answered.events.first() {
        let who = Origin::sando(cause.clone(), &id, ports.clock.now());
        let how = How {
            dry_run: false,
            draft: &[],
            job: Some(&id),
            answered: true,
        };
        match Box::pin(replay(ports, &who, event, how)).await {
            // Already: by a worker who died since, or by hand. The others: erased or forgotten since.
            Ok(_) | Err(ReplayError::Already | ReplayError::NotFound | ReplayError::Nobody) => {}
            Err(ReplayError::Remote(error)) => {
                tracing::warn!(job.id = %id, %error, "Lever could not be read: events that were asked about wait");
                later = SignedDuration::from_secs(again_after(answered.unanswered));
                answered.unanswered = answered.unanswered.saturating_add(1);
                break;
            }
            Err(ReplayError::Handle(error)) => return Err(error),
        }
        answered.events.remove(0);
        answered.done = answered.done.saturating_add(1);
        if ports.clock.now() >= until {
            break;
        }
    }
    let is_done = answered.events.is_empty();
    let now = ports.clock.now();
    if is_done {
        job.entity.end(None, now);
    } else {
        job.entity.look_at = now.saturating_add(later).unwrap_or(Timestamp::MAX);
    }
    let mut changes = Changes::new(Origin::sando(cause, &id, now));
    changes.update(&job);
    ledger::commit(ports, changes).await
}
