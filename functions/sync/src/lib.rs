//! Works on the queue `syncs`: begins the daily syncs of connected accounts, reads their users, and tells what went wrong.
//!
//! A sync may take longer than a function runs. It is put down in time, and goes on in the next invocation.

use std::time::SystemTime;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;
use jiff::Timestamp;
use sando_core::handle::{self, HandleError, sync};
use sando_core::ports::{Lane, Ports, WorkMessage};
use sando_infra::aws::batch::{self, Unreadable};

/// How many messages of a batch are under way at once; the template lets a batch have one.
const AT_ONCE: usize = 1;

/// The sync function.
pub struct Syncs {
    ports: Ports,
}

/// Why a message stays in its queue.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Handle(#[from] HandleError),
}

impl Syncs {
    /// Works with these ports.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Handles a batch before the invocation's time is over; answers which messages failed.
    pub async fn batch(&self, batch: SqsEvent, deadline: SystemTime) -> SqsBatchResponse {
        let deadline = Timestamp::try_from(deadline).unwrap_or(Timestamp::MAX);
        let until = leaves_at(self.ports.clock.now(), deadline);
        batch::each(batch, AT_ONCE, |message| {
            self.handle(message, until).boxed()
        })
        .await
    }

    async fn handle(&self, message: SqsMessage, until: Timestamp) -> Result<(), MessageError> {
        let due: WorkMessage = batch::parsed(&message)?;
        match due.lane() {
            Lane::Syncs => {
                handle::work_until(&self.ports, &due, until).await?;
            }
            Lane::Work => {
                tracing::warn!(key = ?due.key, "work of `workflow` is in the queue `syncs`: the schedule finds it again");
            }
        }
        Ok(())
    }
}

/// When a worker puts a sync down: after two thirds of the time, so that what is under way comes to its end in the rest.
fn leaves_at(now: Timestamp, deadline: Timestamp) -> Timestamp {
    let left = deadline.duration_since(now);
    let turn = left.saturating_sub(left / 3).min(sync::TURN);
    now.saturating_add(turn).unwrap_or(deadline)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_worker_leaves_in_time() {
        let now = Timestamp::UNIX_EPOCH;
        let check = |left: i64, turn: i64| {
            let deadline = now.saturating_add(SignedDuration::from_secs(left)).unwrap();
            let until = leaves_at(now, deadline);
            assert_eq!(until.duration_since(now), SignedDuration::from_secs(turn));
        };

        check(900, 600);
        check(30, 20);
        check(0, 0);
        check(86_400, 600);
    }
}
