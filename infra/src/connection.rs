//! One application's way out: base URL, credentials, concurrency, and what a 401 means.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sando_core::auth::{Auth, AuthError, Given, Tokens};
use sando_core::ports::{Clock, RemoteError, SecretValues, Secrets, Sent};
use sando_core::template::{Encoding, Placeholders, Template};
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::auth::{AuthFailure, AuthSettings, Authenticator, Granted, Resolve};
use crate::http::{Answer, Gate, GuardedClient, Origin, Request, join};

/// How long one effect may take: what ends earlier is an effect of which nobody knows.
const EFFECT: Duration = Duration::from_secs(15);

/// What a connection is opened from.
pub(crate) struct ConnectionSettings {
    /// How errors call it: the application's slug.
    pub(crate) remote: String,
    /// Whose credentials: `app/<slug>`, or an account's.
    pub(crate) owner: String,
    /// How to set them, for errors.
    pub(crate) how_to_set: String,
    /// With `{variables}`.
    pub(crate) base_url: String,
    /// How requests authenticate.
    pub(crate) auth: Option<Auth>,
    /// Where the credentials belong, if not at the base URL itself: to no other origin they go.
    pub(crate) home: Option<Url>,
    /// At most so many requests at a time.
    pub(crate) slots: Arc<Semaphore>,
    /// What every request has to pass: so many a second.
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) http: GuardedClient,
    pub(crate) secrets: Arc<dyn Secrets>,
    /// Where tokens are kept that are obtained.
    pub(crate) tokens: Arc<dyn Tokens>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// An open connection.
pub(crate) struct Connection {
    settings: ConnectionSettings,
    base: Url,
    variables: BTreeMap<String, String>,
    authenticator: Authenticator,
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
        let home = settings.home.clone().unwrap_or_else(|| base.clone());
        if Origin::of(&home) != Origin::of(&base) {
            let why = "its provisioner has no `auth`, and the credentials of the account of `read` belong to another host than `base_url`: give it an `auth`";
            return Err(forbidden(&settings, why));
        }
        let auth = settings.auth.clone().unwrap_or(Auth::None {});
        let given = Given {
            variables: &serde_json::Map::new(),
            credentials: &values.credentials,
        };
        if let Some(asked) = auth.missing(&given).into_iter().next() {
            let missing = AuthError::Missing { name: asked.name };
            return Err(failed(&settings, missing.into()));
        }
        let keeper = Keeper {
            secrets: settings.secrets.clone(),
            owner: settings.owner.clone(),
            home,
            given: values.clone(),
        };
        Ok(Self {
            base,
            variables: values.variables.clone(),
            authenticator: Authenticator::new(AuthSettings {
                remote: settings.remote.clone(),
                auth,
                resolve: Arc::new(keeper),
                tokens: settings.tokens.clone(),
                http: settings.http.clone(),
                gate: Some(settings.gate.clone()),
                clock: settings.clock.clone(),
            }),
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
        let http = &self.settings.http;
        let (signed, granted) = self.signed(&request).await?;
        let answer = http.read(&signed).await?;
        if answer.status() == 401 && self.renew(&granted).await? {
            return http.read(&self.signed(&request).await?.0).await;
        }
        Ok(answer)
    }

    /// Sends an effect, once. Only after a 401, which says that nothing was done, and with other credentials than
    /// before, it is sent once more.
    pub(crate) async fn send_once(&self, request: Request) -> Result<Answer, RemoteError> {
        let request = request.timeout(EFFECT);
        let _slot = self.slot(&request).await?;
        let http = &self.settings.http;
        let (signed, granted) = self.signed(&request).await.map_err(nothing_sent)?;
        let answer = http.send_once(&signed).await?;
        if answer.status() == 401 && self.renew(&granted).await.unwrap_or(false) {
            let (signed, _) = self.signed(&request).await.map_err(nothing_sent)?;
            return http.send_once(&signed).await;
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

    /// The request with what it carries now.
    async fn signed(&self, request: &Request) -> Result<(Request, Granted), RemoteError> {
        let failed = |failure| failed(&self.settings, failure);
        let granted = self.authenticator.grant().await.map_err(failed)?;
        let credentials = granted
            .credentials(&self.base)
            .map_err(|error| failed(error.into()))?;
        let request = request.clone().through(self.settings.gate.clone());
        let request = match credentials {
            Some(credentials) => request.with(credentials),
            None => request,
        };
        Ok((request, granted))
    }

    /// Gets other credentials than those that were refused; says whether there are any to try.
    async fn renew(&self, refused: &Granted) -> Result<bool, RemoteError> {
        let renewed = self.authenticator.renew(refused).await;
        Ok(renewed
            .map_err(|failure| failed(&self.settings, failure))?
            .is_some())
    }
}

/// Reads the credentials of one owner.
struct Keeper {
    secrets: Arc<dyn Secrets>,
    owner: String,
    /// What paths of token endpoints are below.
    home: Url,
    /// What the connection was opened with.
    given: SecretValues,
}

#[async_trait]
impl Resolve for Keeper {
    async fn values(&self, fresh: bool) -> Result<SecretValues, RemoteError> {
        if !fresh {
            return Ok(self.given.clone());
        }
        let values = self.secrets.read(&self.owner, true).await?;
        Ok(SecretValues {
            variables: self.given.variables.clone(),
            ..values.unwrap_or_default()
        })
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        join(&self.home, path)
    }
}

fn failed(settings: &ConnectionSettings, failure: AuthFailure) -> RemoteError {
    match failure {
        AuthFailure::Wrong(error @ AuthError::Missing { .. }) => {
            forbidden(settings, format!("{error}: {}", settings.how_to_set))
        }
        other => other.into_remote(&settings.remote),
    }
}

/// What the request needs, credentials or a token, could not be had: the request itself was surely not sent.
pub(crate) fn nothing_sent(error: RemoteError) -> RemoteError {
    match error {
        RemoteError::NoAnswer { remote, why, .. } => RemoteError::NoAnswer {
            remote,
            why,
            sent: Sent::Never,
        },
        other => other,
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
