//! The signing tokens of every registration: several are valid while one is rotated out.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sando_core::ids::Slug;
use sando_core::ports::Secrets;
use sando_core::webhook::SigningToken;
use tokio::sync::Mutex;

/// How long tokens are believed without asking again.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// How often a failed signature may make us ask.
const ASKED_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// The signing tokens, cached.
pub struct Tokens {
    fixed: Vec<SigningToken>,
    secrets: Arc<dyn Secrets>,
    cache: Mutex<BTreeMap<Slug, (Timestamp, Vec<SigningToken>)>>,
}

/// The most registrations that are remembered; names come from URLs, which anybody can make up.
const REMEMBERED: usize = 100;

impl Tokens {
    pub(crate) fn new(fixed: &[String], secrets: Arc<dyn Secrets>) -> Self {
        let fixed = fixed.iter().map(SigningToken::new).collect();
        Self {
            fixed,
            secrets,
            cache: Mutex::new(BTreeMap::new()),
        }
    }

    /// The tokens that are valid for a registration: those of the environment, and its own.
    pub(crate) async fn of(&self, registration: &Slug, now: Timestamp) -> Vec<SigningToken> {
        let mut cache = self.cache.lock().await;
        let kept = cache
            .get(registration)
            .filter(|(read_at, _)| now.duration_since(*read_at) < KEPT);
        let own = match kept {
            Some((_, tokens)) => tokens.clone(),
            None => self.read_into(&mut cache, registration, now, false).await,
        };
        self.fixed.iter().cloned().chain(own).collect()
    }

    /// Asks the keeper again, unless that was done a moment ago; tells whether it was.
    pub(crate) async fn refresh(&self, registration: &Slug, now: Timestamp) -> bool {
        let mut cache = self.cache.lock().await;
        let recent = cache
            .get(registration)
            .is_some_and(|(read_at, _)| now.duration_since(*read_at) < ASKED_AGAIN);
        if !recent {
            self.read_into(&mut cache, registration, now, true).await;
        }
        !recent
    }

    async fn read_into(
        &self,
        cache: &mut BTreeMap<Slug, (Timestamp, Vec<SigningToken>)>,
        registration: &Slug,
        now: Timestamp,
        fresh: bool,
    ) -> Vec<SigningToken> {
        let values = match self
            .secrets
            .read(&format!("lever/{registration}"), fresh)
            .await
        {
            Ok(values) => values.unwrap_or_default(),
            Err(error) => {
                tracing::error!(%error, "the signing tokens cannot be read");
                return cache
                    .get(registration)
                    .map(|(_, tokens)| tokens.clone())
                    .unwrap_or_default();
            }
        };
        let tokens: Vec<SigningToken> = values
            .credentials
            .into_values()
            .map(SigningToken::new)
            .collect();
        if cache.len() >= REMEMBERED && !cache.contains_key(registration) {
            cache.clear();
        }
        cache.insert(registration.clone(), (now, tokens.clone()));
        tokens
    }
}
