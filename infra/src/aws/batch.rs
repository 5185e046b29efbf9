//! Batches of messages from SQS: each is handled alone, and fails alone.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use serde::de::DeserializeOwned;

/// The message is none of ours. Its text is not quoted: it can be anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the message is none of ours")]
pub struct Unreadable;

/// Handles a batch, so many messages at once; answers which failed. Those come again, and after some tries they are put
/// aside in the dead-letter queue.
pub async fn each<'a, E: std::error::Error + 'static>(
    batch: SqsEvent,
    at_once: usize,
    handle: impl Fn(SqsMessage) -> BoxFuture<'a, Result<(), E>>,
) -> SqsBatchResponse {
    let handled = stream::iter(batch.records).map(|message| {
        let id = message.message_id.clone().unwrap_or_default();
        alone(id, handle(message)).boxed()
    });
    let failed: Vec<String> = handled
        .buffer_unordered(at_once)
        .filter_map(async |failed| failed)
        .collect()
        .await;
    let mut response = SqsBatchResponse::default();
    for id in failed {
        response.add_failure(id);
    }
    response
}

/// What a message says.
///
/// # Errors
/// If it is none of ours.
pub fn parsed<T: DeserializeOwned>(message: &SqsMessage) -> Result<T, Unreadable> {
    let body = message.body.as_deref().unwrap_or_default();
    serde_json::from_str(body).map_err(|_| Unreadable)
}

/// Handles one message; answers its id if it failed.
async fn alone<E: std::error::Error + 'static>(
    id: String,
    handled: BoxFuture<'_, Result<(), E>>,
) -> Option<String> {
    // A panic is a defect; it must not take the other messages with it.
    let error = match AssertUnwindSafe(handled).catch_unwind().await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => chain(&error),
        Err(_) => "the handler stopped unexpectedly".to_owned(),
    };
    tracing::error!(message.id = %id, %error, "a message failed: it comes again");
    Some(id)
}

/// An error with its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
