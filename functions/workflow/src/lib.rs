//! Works on the queues `events` and `work`: each message is handled alone, and fails alone.
//!
//! A message of `events` is stored as a delivery before it is gone. A message of `work` says only that something is due:
//! if it fails, or never comes, the schedule finds what it was about.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use sando_core::event::Hint;
use sando_core::handle::{self, HandleError};
use sando_core::ports::{Ports, WorkMessage};
use sando_infra::aws::queue_name;

/// How many messages of a batch are under way at once.
const AT_ONCE: usize = 10;

/// Long work is handed on after this time, well before the function's time is over.
const TURN: SignedDuration = SignedDuration::from_secs(200);

/// The workflow function.
pub struct Workflow {
    ports: Ports,
    events: String,
    work: String,
}

/// Why a message stays in its queue; after some tries it is put aside in the dead-letter queue.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error("the message is none of ours")]
    Unreadable,
    #[error(
        "nothing is known of this queue: is SANDO_EVENTS_QUEUE_URL or SANDO_WORK_QUEUE_URL wrong?"
    )]
    Queue,
    #[error(transparent)]
    Handle(#[from] HandleError),
    #[error("the handler stopped unexpectedly")]
    Panicked,
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
        let handled = stream::iter(batch.records).map(|message| self.handled(message).boxed());
        let failed: Vec<String> = handled
            .buffer_unordered(AT_ONCE)
            .filter_map(async |failed| failed)
            .collect()
            .await;
        let mut response = SqsBatchResponse::default();
        for id in failed {
            response.add_failure(id);
        }
        response
    }

    /// Handles one message; answers its id if it failed.
    async fn handled(&self, message: SqsMessage) -> Option<String> {
        // A panic is a defect; it must not take the other messages with it.
        let done = AssertUnwindSafe(self.handle(&message)).catch_unwind().await;
        let error = done.unwrap_or(Err(MessageError::Panicked)).err()?;
        let id = message.message_id.unwrap_or_default();
        tracing::error!(message.id = %id, error = %chain(&error), "a message failed: it comes again");
        Some(id)
    }

    async fn handle(&self, message: &SqsMessage) -> Result<(), MessageError> {
        let body = message.body.as_deref().unwrap_or_default();
        let queue = queue_name(message.event_source_arn.as_deref().unwrap_or_default());
        if queue == self.events {
            let hint: Hint = serde_json::from_str(body).map_err(|_| MessageError::Unreadable)?;
            return Ok(handle::inbox::receive(&self.ports, hint).await?);
        }
        if queue == self.work {
            let due: WorkMessage =
                serde_json::from_str(body).map_err(|_| MessageError::Unreadable)?;
            let until = self.ports.clock.now().saturating_add(TURN);
            let until = until.unwrap_or(Timestamp::MAX);
            return Ok(handle::work_until(&self.ports, &due, until)
                .await
                .map(|_| ())?);
        }
        Err(MessageError::Queue)
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
