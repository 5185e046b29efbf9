//! Notifications over an SNS topic. It is the topic of the alarms, so they carry ids only: who shall do something is told
//! that there is something, and reads what in the API. Mail with the text itself is [`crate::notify`]'s.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use sando_core::ids::EffectKey;
use sando_core::ports::{Notification, Notifier, RemoteError};
use serde_json::json;

use super::errors::remote_error;

/// Publishes ids to a topic.
#[derive(Clone, Debug)]
pub struct SnsNotifier {
    client: Client,
    topic: String,
}

impl SnsNotifier {
    /// Publishes to the topic of this ARN.
    #[must_use]
    pub fn new(client: Client, topic: impl Into<String>) -> Self {
        let topic = topic.into();
        Self { client, topic }
    }
}

/// A role or a group is named; an address is personal and is not.
fn recipient(to: &str) -> &str {
    if to.contains('@') { "a person" } else { to }
}

#[async_trait]
impl Notifier for SnsNotifier {
    /// A topic cannot be asked: after an unknown outcome the notification may come twice rather than never.
    async fn was_sent(&self, _: &EffectKey) -> Result<bool, RemoteError> {
        Ok(false)
    }

    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        let message = json!({
            "kind": "notification",
            "to": recipient(&notification.to),
            "effect": notification.key,
        });
        let call = self.client.publish().topic_arn(&self.topic);
        let published = call
            .subject("Sando: a notification")
            .message(message.to_string())
            .send()
            .await;
        published
            .map(|_| ())
            .map_err(|error| remote_error("SNS", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::recipient;

    #[test]
    fn addresses_stay_here() {
        assert_eq!(recipient("role:it-admin"), "role:it-admin");
        assert_eq!(recipient("ada.park@contoso.example"), "a person");
    }
}
