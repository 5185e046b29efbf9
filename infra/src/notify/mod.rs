//! Notifications (L25): by mail, or by an incoming webhook of a chat.
//!
//! Whoever has a webhook of their own, a person or a role, is told there; everybody else by mail. A role is everybody
//! whom the settings name for it. On one machine a folder keeps every message; on AWS a topic tells of those that
//! would reach nobody, with ids only.

mod chat;
mod mail;

use std::sync::Arc;

use async_trait::async_trait;
use sando_core::admin::settings::NOTIFICATION;
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::ids::{EffectKey, Slug};
use sando_core::ports::{Notification, Notifier, RemoteError, SecretValues, Secrets, Sent};
use sando_core::settings::Settings;
use sando_core::store::{Key, Store, StoreError};

use crate::http::GuardedClient;

/// Tells people by what the settings name.
#[derive(Clone)]
pub struct PostOffice {
    /// Where else messages go.
    pub besides: Besides,
    /// Where the settings are.
    pub store: Arc<dyn Store>,
    /// Where the password of the mail server and the addresses of webhooks are.
    pub secrets: Arc<dyn Secrets>,
    /// Calls webhooks.
    pub http: GuardedClient,
    /// Mail may go to a server without TLS on this machine.
    pub allow_loopback: bool,
}

/// Where else messages go.
#[derive(Clone)]
pub enum Besides {
    /// Every message is kept here, and so is known to have been sent.
    Kept(Arc<dyn Notifier>),
    /// Messages for whom the settings name neither a webhook nor an address go here.
    Fallback(Arc<dyn Notifier>),
}

/// What the settings say, with its secrets.
struct Desk {
    settings: Settings,
    secrets: SecretValues,
}

impl PostOffice {
    async fn desk(&self) -> Result<Desk, RemoteError> {
        let id = Slug::parse("settings").expect("the word is a slug");
        let key = Key::Config(ConfigKind::Settings, id);
        let stored = self.store.find::<ConfigItem>(&key).await;
        let stored = stored.map_err(|error| unknown(&error))?;
        let settings = stored.map(|stored| stored.entity.file);
        let settings = settings.and_then(|file| serde_json::from_value(file).ok());
        let settings: Settings = settings.unwrap_or_default();
        let secrets = if settings.notification.is_none() {
            None
        } else {
            self.secrets.read(NOTIFICATION, false).await?
        };
        Ok(Desk {
            settings,
            secrets: secrets.unwrap_or_default(),
        })
    }

    /// Tells whoever can be reached by webhook or mail.
    async fn tell(&self, notification: &Notification) -> Result<Reached, RemoteError> {
        let desk = self.desk().await?;
        if let Some(url) = desk.webhook(&notification.to) {
            chat::tell(&self.http, url, &notification.text).await?;
            return Ok(Reached::Somebody);
        }
        let Some(mail) = &desk.settings.notification.mail else {
            return Ok(Reached::Nobody);
        };
        let addresses = desk.addresses(&notification.to);
        if addresses.is_empty() {
            tracing::warn!(
                "a notification has nobody to go to: name addresses for the role in the settings"
            );
            return Ok(Reached::Nobody);
        }
        let password = desk.secrets.credentials.get("mail_password");
        let server = mail::Server {
            settings: mail,
            password: password.map(String::as_str),
            allow_plain: self.allow_loopback,
        };
        server.send(&addresses, notification).await?;
        Ok(Reached::Somebody)
    }
}

/// Whether a message went to somebody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    Somebody,
    Nobody,
}

fn unknown(error: &StoreError) -> RemoteError {
    RemoteError::NoAnswer {
        remote: "the settings".to_owned(),
        why: error.to_string(),
        sent: Sent::Never,
    }
}

impl Desk {
    /// The webhook of a person or role.
    fn webhook(&self, who: &str) -> Option<&str> {
        let named = self.settings.notification.webhooks.contains(who);
        let name = format!("webhook/{who}");
        let url = self.secrets.credentials.get(&name);
        url.map(String::as_str).filter(|_| named)
    }

    /// The addresses of a person, role or group.
    fn addresses(&self, who: &str) -> Vec<String> {
        if who.contains('@') {
            return vec![who.to_owned()];
        }
        let role = who.split_once(':').map_or(who, |(_, role)| role);
        let of = |role: &str| self.settings.roles.get(role).cloned().unwrap_or_default();
        of(role)
    }
}

#[async_trait]
impl Notifier for PostOffice {
    /// What is kept was sent. A message that nobody knows of comes twice rather than never.
    async fn was_sent(&self, key: &EffectKey) -> Result<bool, RemoteError> {
        let (Besides::Kept(besides) | Besides::Fallback(besides)) = &self.besides;
        besides.was_sent(key).await
    }

    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        let reached = self.tell(notification).await?;
        match (&self.besides, reached) {
            (Besides::Kept(besides), _) | (Besides::Fallback(besides), Reached::Nobody) => {
                besides.send(notification).await
            }
            (Besides::Fallback(_), Reached::Somebody) => Ok(()),
        }
    }
}
