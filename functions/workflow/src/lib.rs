//! Works on the queues `events` and `work`: each message is handled alone, and fails alone.
//!
//! A message of `events` is stored as a delivery before it is gone. A message of `work` says only that something is due:
//! if it fails, or never comes, the schedule finds what it was about.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;
use sando_core::event::EventMessage;
use sando_core::handle::{self, HandleError};
use sando_core::ports::{Lane, Ports, WorkMessage};
use sando_infra::aws::batch::{self, Unreadable};
use sando_infra::aws::queue_name;

/// How many messages of a batch are under way at once.
const AT_ONCE: usize = 10;

/// The workflow function.
pub struct Workflow {
    ports: Ports,
    events: String,
    work: String,
}

/// Why a message stays in its queue.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(
        "nothing is known of this queue: is SANDO_EVENTS_QUEUE_URL or SANDO_WORK_QUEUE_URL wrong?"
    )]
    Queue,
    #[error(transparent)]
    Handle(#[from] HandleError),
}

impl Workflow {
    /// Works on these two queues.
    #[must_use]
    pub fn new(ports: Ports, events_queue_url: &str, work_queue_url: &str) -> Self {
        Self {
            ports,
            events: queue_name(events_queue_url).to_owned(),
            work: queue_name(work_queue_url).to_owned(),
        }
    }

    /// Handles a batch; answers which messages failed.
    pub async fn batch(&self, batch: SqsEvent) -> SqsBatchResponse {
        batch::each(batch, AT_ONCE, |message| self.handle(message).boxed()).await
    }

    async fn handle(&self, message: SqsMessage) -> Result<(), MessageError> {
        let queue = queue_name(message.event_source_arn.as_deref().unwrap_or_default());
        if queue == self.events {
            let told: EventMessage = batch::parsed(&message)?;
            return Ok(handle::inbox::take_in(&self.ports, told).await?);
        }
        if queue == self.work {
            let due: WorkMessage = batch::parsed(&message)?;
            return match due.lane() {
                Lane::Work => Ok(handle::work(&self.ports, &due).await.map(|_| ())?),
                Lane::Syncs => {
                    tracing::warn!(key = ?due.key, "work of `sync` is in the queue `work`: the schedule finds it again");
                    Ok(())
                }
            };
        }
        Err(MessageError::Queue)
    }
}
