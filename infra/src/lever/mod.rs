//! Lever: reads candidacies and leaves notes. Lever's JSON ends here.
//!
//! Every request takes from the budget of the key, every attempt anew. A 401 reads the key afresh, once.

mod catch_up;
mod document;
mod notes;
mod offers;
mod paging;
mod parts;
mod read;
mod reasons;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use jiff::Timestamp;
use sando_core::catch_up::{Moved, Part};
use sando_core::ids::LeverId;
use sando_core::lever::Needs;
use sando_core::ports::{Clock, Lever, Reading, RemoteError, Secrets};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::budget::{Budget, Priority};
use crate::http::{Answer, Credentials, Gate, GuardedClient, Request, unreadable};

pub use catch_up::LeverCheck;
pub use document::prune;

/// How errors call it.
const REMOTE: &str = "lever";
/// Whose credentials they are.
const OWNER: &str = "lever";
/// The name of the credential.
const API_KEY: &str = "api_key";

/// What the client is made of.
pub struct LeverSettings {
    /// With `/v1`.
    pub base_url: Url,
    /// The way out.
    pub http: GuardedClient,
    /// Keeps the API key: owner `lever`, credential `api_key`.
    pub secrets: Arc<dyn Secrets>,
    /// The budget of the key.
    pub budget: Arc<Budget>,
    /// The clock, for windows that are polled.
    pub clock: Arc<dyn Clock>,
}

/// Lever's API, version 1.
pub struct LeverClient {
    settings: LeverSettings,
    reasons: Mutex<Option<reasons::Reasons>>,
}

/// For whom a request waits, and how long.
#[derive(Clone)]
struct Errand {
    gate: Arc<dyn Gate>,
    until: Instant,
}

impl LeverClient {
    /// Makes the client.
    #[must_use]
    pub fn new(settings: LeverSettings) -> Self {
        Self {
            settings,
            reasons: Mutex::new(None),
        }
    }

    fn errand(&self, priority: Priority, within: Duration) -> Errand {
        Errand {
            gate: self.settings.budget.gate(priority),
            until: Instant::now() + within,
        }
    }

    /// The URL of a resource, each part encoded.
    fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.settings.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(parts);
        }
        url
    }

    /// Reads; any status may come back, 401 only if a fresh key did not help.
    async fn read_any(&self, request: Request, errand: &Errand) -> Result<Answer, RemoteError> {
        let request = request.through(errand.gate.clone()).until(errand.until);
        let http = &self.settings.http;
        let first = request.clone().with(self.credentials(false).await?);
        let answer = http.read(&first).await?;
        if answer.status() != 401 {
            return Ok(answer);
        }
        http.read(&request.with(self.credentials(true).await?))
            .await
    }

    async fn get(&self, parts: &[&str], errand: &Errand) -> Result<Answer, RemoteError> {
        self.read_any(Request::get(REMOTE, self.url(parts)), errand)
            .await?
            .checked()
    }

    /// Sends an effect once; once more with a fresh key if it was not let in.
    async fn post(
        &self,
        parts: &[&str],
        body: &Value,
        errand: &Errand,
    ) -> Result<Answer, RemoteError> {
        let request = Request::new(REMOTE, Method::POST, self.url(parts))
            .json(body)
            .through(errand.gate.clone())
            .until(errand.until);
        let http = &self.settings.http;
        let first = request.clone().with(self.credentials(false).await?);
        let answer = http.send_once(&first).await?;
        if answer.status() != 401 {
            return answer.checked();
        }
        let again = request.with(self.credentials(true).await?);
        http.send_once(&again).await?.checked()
    }

    /// The API key as Basic user name, with an empty password.
    async fn credentials(&self, fresh: bool) -> Result<Credentials, RemoteError> {
        let forbidden = |why: &str| RemoteError::Forbidden {
            remote: REMOTE.to_owned(),
            why: why.to_owned(),
        };
        let values = self.settings.secrets.read(OWNER, fresh).await?;
        let key = values
            .as_ref()
            .and_then(|values| values.credentials.get(API_KEY))
            .map(|key| key.trim())
            .filter(|key| !key.is_empty())
            .ok_or_else(|| {
                forbidden("no API key is set: set it in the settings (/v1/settings) or as SANDO_LEVER_API_KEY")
            })?;
        Credentials::of(&self.settings.base_url)
            .basic(key, "")
            .map_err(|why| forbidden(&why))
    }
}

#[async_trait]
impl Lever for LeverClient {
    async fn test(&self) -> Result<(), RemoteError> {
        let problem = self
            .checks()
            .await
            .into_iter()
            .find_map(|check| check.problem);
        problem.map_or(Ok(()), Err)
    }

    async fn read(&self, opportunity: &LeverId, needs: &Needs) -> Result<Reading, RemoteError> {
        let errand = self.errand(Priority::Urgent, Duration::from_secs(60));
        self.read_candidacy(opportunity, needs, &errand).await
    }

    async fn moved(
        &self,
        part: Part,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Moved>, RemoteError> {
        self.list_moved(part, from, to).await
    }

    async fn has_note(&self, opportunity: &LeverId, marker: &str) -> Result<bool, RemoteError> {
        let errand = self.errand(Priority::Urgent, Duration::from_secs(20));
        self.find_note(opportunity, marker, &errand).await
    }

    async fn add_note(&self, opportunity: &LeverId, text: &str) -> Result<(), RemoteError> {
        let errand = self.errand(Priority::Urgent, Duration::from_secs(20));
        self.write_note(opportunity, text, &errand).await
    }

    async fn add_tag(&self, opportunity: &LeverId, tag: &str) -> Result<(), RemoteError> {
        let errand = self.errand(Priority::Urgent, Duration::from_secs(20));
        self.tag(opportunity, tag, &errand).await
    }
}

/// An answer without the id that it must have.
fn no_id(what: &str) -> RemoteError {
    unreadable(REMOTE, format!("{what} has no usable id"))
}
