//! One application's way out: base URL, credentials, concurrency, and what a 401 means.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sando_core::app::{Auth, AuthField, AuthValue};
use sando_core::ports::{RemoteError, SecretValues, Secrets, Sent};
use sando_core::template::{Encoding, Placeholders, Template};
use serde_json::Value;
use tokio::sync::{RwLock, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::http::{Answer, Credentials, GuardedClient, Request, join};

/// How long one effect may take: what ends earlier is an effect of which nobody knows.
const EFFECT: Duration = Duration::from_secs(15);

/// What a connection is opened from.
pub(crate) struct ConnectionSettings {
    /// How errors call it: the application's slug.
    pub(crate) remote: String,
    /// Whose credentials: `app/<slug>`.
    pub(crate) owner: String,
    /// How to set them, for errors.
    pub(crate) how_to_set: String,
    /// With `{variables}`.
    pub(crate) base_url: String,
    /// How requests authenticate.
    pub(crate) auth: Option<Auth>,
    /// At most so many requests at a time.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) http: GuardedClient,
    pub(crate) secrets: Arc<dyn Secrets>,
}

/// An open connection.
pub(crate) struct Connection {
    settings: ConnectionSettings,
    base: Url,
    variables: BTreeMap<String, String>,
    credentials: RwLock<Option<Credentials>>,
}

impl Connection {
    /// Fills in the variables and makes the credentials from what was set.
    ///
    /// # Errors
    /// `Forbidden` with what to set and how.
    pub(crate) fn open(
        settings: ConnectionSettings,
        values: &SecretValues,
    ) -> Result<Self, RemoteError> {
        let base = base_url(&settings, values)?;
        let credentials = credentials(&settings, &base, values)?;
        Ok(Self {
            base,
            variables: values.variables.clone(),
            credentials: RwLock::new(credentials),
            settings,
        })
    }

    /// How errors call it.
    pub(crate) fn remote(&self) -> &str {
        &self.settings.remote
    }

    /// A variable that was given when connecting.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The URL of a path below the base.
    ///
    /// # Errors
    /// `Forbidden` if it leads away.
    pub(crate) fn url(&self, path: &str) -> Result<Url, RemoteError> {
        join(&self.base, path).map_err(|why| forbidden(&self.settings, why))
    }

    /// The path of one resource of a list, its id encoded.
    ///
    /// # Errors
    /// `Forbidden` for an id that would lead elsewhere.
    pub(crate) fn resource(&self, list: &str, id: &str) -> Result<String, RemoteError> {
        let template = Template::parse("{id}", Placeholders::AnyName);
        template
            .ok()
            .and_then(|id_alone| {
                id_alone
                    .render(|_| Some(Value::from(id)), Encoding::UrlPath)
                    .ok()
            })
            .map(|id| format!("{list}/{id}"))
            .ok_or_else(|| forbidden(&self.settings, "an id cannot stand in a URL"))
    }

    /// Reads; any status may come back, 401 only if fresh credentials did not help.
    pub(crate) async fn read(&self, request: Request) -> Result<Answer, RemoteError> {
        let _slot = self.slot(&request).await?;
        let answer = self
            .settings
            .http
            .read(&self.signed(&request).await)
            .await?;
        if answer.status() == 401 && self.refresh().await? {
            return self.settings.http.read(&self.signed(&request).await).await;
        }
        Ok(answer)
    }

    /// Sends an effect, once. Only after a 401, which says that nothing was done, and with other credentials than
    /// before, it is sent once more.
    pub(crate) async fn send_once(&self, request: Request) -> Result<Answer, RemoteError> {
        let request = request.timeout(EFFECT);
        let _slot = self.slot(&request).await?;
        let http = &self.settings.http;
        let answer = http.send_once(&self.signed(&request).await).await?;
        if answer.status() == 401 && self.refresh().await.unwrap_or(false) {
            return http.send_once(&self.signed(&request).await).await;
        }
        Ok(answer)
    }

    /// Waits for its turn, but not longer than the request has time.
    async fn slot(&self, request: &Request) -> Result<SemaphorePermit<'_>, RemoteError> {
        let soon = Instant::now() + EFFECT;
        let until = request.deadline().unwrap_or(soon);
        match timeout_at(until, self.settings.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(RemoteError::NoAnswer {
                remote: self.settings.remote.clone(),
                why: "too many requests are waiting for it".to_owned(),
                sent: Sent::Never,
            }),
        }
    }

    async fn signed(&self, request: &Request) -> Request {
        match self.credentials.read().await.clone() {
            Some(credentials) => request.clone().with(credentials),
            None => request.clone(),
        }
    }

    /// Reads the credentials afresh; says whether there are any to try.
    async fn refresh(&self) -> Result<bool, RemoteError> {
        if self.credentials.read().await.is_none() {
            return Ok(false);
        }
        let settings = &self.settings;
        let Some(values) = settings.secrets.read(&settings.owner, true).await? else {
            return Ok(false);
        };
        let fresh = credentials(settings, &self.base, &values)?;
        let there = fresh.is_some();
        *self.credentials.write().await = fresh;
        Ok(there)
    }
}

fn forbidden(settings: &ConnectionSettings, why: impl Into<String>) -> RemoteError {
    RemoteError::Forbidden {
        remote: settings.remote.clone(),
        why: why.into(),
    }
}

fn base_url(settings: &ConnectionSettings, values: &SecretValues) -> Result<Url, RemoteError> {
    let wrong = |why: String| forbidden(settings, why);
    let template = Template::parse(&settings.base_url, Placeholders::AnyName)
        .map_err(|error| wrong(error.to_string()))?;
    if let Some(missing) = template
        .names()
        .find(|name| !values.variables.contains_key(*name))
    {
        return Err(wrong(format!(
            "the variable `{missing}` is not set: {}",
            settings.how_to_set
        )));
    }
    let lookup = |name: &str| values.variables.get(name).cloned().map(Value::String);
    let text = template
        .render(lookup, Encoding::UrlPath)
        .map_err(|error| wrong(error.to_string()))?;
    Url::parse(&text).map_err(|error| wrong(format!("`base_url` makes no URL: {error}")))
}

fn credentials(
    settings: &ConnectionSettings,
    base: &Url,
    values: &SecretValues,
) -> Result<Option<Credentials>, RemoteError> {
    let secret = |name: &str| {
        let found = values
            .credentials
            .get(name)
            .map(|text| text.trim_end_matches(['\r', '\n']));
        found.filter(|text| !text.is_empty()).ok_or_else(|| {
            format!(
                "the credential `{name}` is not set: {}",
                settings.how_to_set
            )
        })
    };
    let field = |field: &AuthField| match &field.value {
        AuthValue::Now(text) => Ok(text.clone()),
        AuthValue::Later => secret(&field.name).map(str::to_owned),
    };
    let none = Credentials::of(base);
    let made = match settings.auth.as_ref() {
        None | Some(Auth::None {}) => return Ok(None),
        Some(Auth::Bearer { prefix }) => secret("token").and_then(|token| {
            let prefix = if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix} ")
            };
            none.header("authorization", &prefix, token)
        }),
        Some(Auth::Basic {}) => secret("username").and_then(|username| {
            // Many services take a key as the user name and nothing as the password.
            let password = values
                .credentials
                .get("password")
                .map_or("", String::as_str);
            none.basic(username, password)
        }),
        Some(Auth::Headers { headers }) => headers.iter().try_fold(none, |with, header| {
            with.header(&header.name, &header.prefix, &field(header)?)
        }),
        Some(Auth::Query { params }) => params.iter().try_fold(none, |with, param| {
            Ok(with.query(&param.name, &param.prefix, &field(param)?))
        }),
    };
    made.map(Some).map_err(|why| forbidden(settings, why))
}
