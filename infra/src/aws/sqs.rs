//! The queues `events`, `work` and `syncs` in SQS: standard queues, whose order and number of deliveries never matter.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use sando_core::event::EventMessage;
use sando_core::ports::{EventsQueue, Lane, RemoteError, Sent, WorkMessage, WorkQueue};
use serde::Serialize;

use super::errors::remote_error;

/// The longest delay that SQS has.
const LONGEST_SECS: i32 = 15 * 60;

/// One queue.
#[derive(Clone, Debug)]
struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    async fn send(&self, message: &impl Serialize, delay_secs: i32) -> Result<(), RemoteError> {
        let body = serde_json::to_string(message).map_err(|_| RemoteError::NoAnswer {
            remote: queue_name(&self.url).to_owned(),
            why: "the message cannot be written as JSON".to_owned(),
            sent: Sent::Never,
        })?;
        let call = self.client.send_message().queue_url(&self.url);
        let sent = call
            .message_body(body)
            .delay_seconds(delay_secs)
            .send()
            .await;
        sent.map(|_| ())
            .map_err(|error| remote_error(queue_name(&self.url), &error))
    }
}

/// The name of a queue: the end of its URL or ARN.
#[must_use]
pub fn queue_name(place: &str) -> &str {
    place.rsplit(['/', ':']).next().unwrap_or(place)
}

/// The queue `events`: a hint is durable once it is sent.
#[derive(Clone, Debug)]
pub struct SqsEvents(Queue);

impl SqsEvents {
    /// The queue at this URL.
    #[must_use]
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        let url = url.into();
        Self(Queue { client, url })
    }
}

#[async_trait]
impl EventsQueue for SqsEvents {
    async fn send(&self, message: &EventMessage) -> Result<(), RemoteError> {
        self.0.send(message, 0).await
    }
}

/// The queues `work` and `syncs`. A message that cannot be sent is logged: the schedule finds what it was about.
#[derive(Clone, Debug)]
pub struct SqsWork {
    work: Queue,
    syncs: Queue,
}

impl SqsWork {
    /// The queues at these URLs.
    #[must_use]
    pub fn new(client: Client, work: impl Into<String>, syncs: impl Into<String>) -> Self {
        let queue = |url: String| Queue {
            client: client.clone(),
            url,
        };
        Self {
            work: queue(work.into()),
            syncs: queue(syncs.into()),
        }
    }
}

#[async_trait]
impl WorkQueue for SqsWork {
    async fn send(&self, message: WorkMessage, delay: Duration) {
        let queue = match message.lane() {
            Lane::Work => &self.work,
            Lane::Syncs => &self.syncs,
        };
        if let Err(error) = queue.send(&message, whole_seconds(delay)).await {
            tracing::warn!(key = ?message.key, %error, "a message was not sent: the schedule finds what is due");
        }
    }
}

/// Rounded up: a message that came early would find nothing due.
fn whole_seconds(delay: Duration) -> i32 {
    let up = u64::from(delay.subsec_nanos() > 0);
    let seconds = delay.as_secs().saturating_add(up);
    i32::try_from(seconds)
        .unwrap_or(LONGEST_SECS)
        .min(LONGEST_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_whole_seconds_of_at_most_15_minutes() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_millis(4200)), 5);
        assert_eq!(whole_seconds(Duration::from_hours(2)), 900);
        assert_eq!(whole_seconds(Duration::MAX), 900);
    }

    #[test]
    fn a_url_and_an_arn_name_the_same_queue() {
        assert_eq!(
            queue_name("https://sqs.eu-central-1.amazonaws.com/123/work"),
            "work"
        );
        assert_eq!(queue_name("arn:aws:sqs:eu-central-1:123:work"), "work");
    }
}
