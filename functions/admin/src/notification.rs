//! How people are told, as the settings show it: mail server and webhooks, of whose secrets only whether they are set.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sando_core::admin::settings::{NotificationSecrets, Shown};
use sando_core::settings::{MailSettings, Notifying, Security};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::settings::secret;

/// No secrets.
pub(crate) const NONE: NotificationSecrets = NotificationSecrets {
    mail_password: None,
    webhooks: BTreeMap::new(),
};

/// How people are told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationBody {
    /// The mail server; without one nobody gets mail.
    #[serde(default)]
    mail: Option<MailBody>,
    /// Incoming webhooks as Slack has them: by address, `role:…` or `group:…`. What an answer shows keeps the one that is set.
    #[serde(default)]
    #[schema(value_type = Object)]
    webhooks: BTreeMap<String, Hook>,
}

/// A webhook as it goes in.
#[derive(Deserialize)]
#[serde(transparent)]
struct Hook(#[serde(deserialize_with = "secret")] Option<String>);

/// A mail server.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MailBody {
    /// Whom the mail comes from.
    from: String,
    host: String,
    /// 587 if left out.
    #[serde(default)]
    port: Option<u16>,
    /// `starttls` (if left out), `tls`, or `none`: to this machine only.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    security: Security,
    #[serde(default)]
    username: Option<String>,
    /// Left out, the one that is set stays.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>)]
    password: Option<String>,
}

impl NotificationBody {
    /// What is stored in the open, and what is not.
    pub(crate) fn into_parts(self) -> (Notifying, Option<NotificationSecrets>) {
        let mut mail_password = None;
        let mail = self.mail.map(|mail| {
            mail_password = mail.password;
            MailSettings {
                from: mail.from,
                host: mail.host,
                port: mail.port.unwrap_or(587),
                security: mail.security,
                username: mail.username,
            }
        });
        let webhooks: BTreeMap<String, Option<String>> = self
            .webhooks
            .into_iter()
            .map(|(who, hook)| (who, hook.0))
            .collect();
        let notification = Notifying {
            mail,
            webhooks: webhooks.keys().cloned().collect::<BTreeSet<String>>(),
        };
        let secrets = NotificationSecrets {
            mail_password,
            webhooks,
        };
        (notification, Some(secrets))
    }
}

/// How people are told, as it comes out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationView {
    mail: Option<MailView>,
    webhooks: BTreeMap<String, IsSet>,
}

/// A mail server as it comes out.
#[derive(Debug, Serialize, ToSchema)]
struct MailView {
    from: String,
    host: String,
    port: u16,
    #[schema(value_type = String)]
    security: Security,
    username: Option<String>,
    password: IsSet,
}

/// Whether a secret is set, and since when.
#[derive(Debug, Serialize, ToSchema)]
struct IsSet {
    set: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    set_at: Option<Timestamp>,
}

impl From<&Shown> for NotificationView {
    fn from(shown: &Shown) -> Self {
        let (names, at) = &shown.notification;
        let is_set = |name: &str| {
            let set = names.contains(name);
            IsSet {
                set,
                set_at: at.filter(|_| set),
            }
        };
        let notification = &shown.settings.notification;
        let mail = notification.mail.clone();
        let hooks = notification.webhooks.iter();
        Self {
            mail: mail.map(|mail| MailView {
                from: mail.from,
                host: mail.host,
                port: mail.port,
                security: mail.security,
                username: mail.username,
                password: is_set("mail_password"),
            }),
            webhooks: hooks
                .map(|who| (who.clone(), is_set(&format!("webhook/{who}"))))
                .collect(),
        }
    }
}
