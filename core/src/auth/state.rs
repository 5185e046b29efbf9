//! Tokens that were obtained, and the port that keeps them: one item for each account, exactly one who refreshes.
//!
//! Who finds the token spent takes the lease, gets a new one, stores it, and only then uses it. A rotated refresh token
//! is thus never used before it is stored, and never used twice.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ports::RemoteError;
use crate::store::Version;

/// A token is renewed so long before it ends, or a tenth of its life, whichever is less.
const EARLY: SignedDuration = SignedDuration::from_secs(60);
/// How long a refresh may take at most; the lease is longer than the hard limit of the request inside it.
pub const LEASE: SignedDuration = SignedDuration::from_secs(90);

/// What a token endpoint gave. `Debug` shows when it ends.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenState {
    /// What requests carry.
    pub access_token: String,
    /// What gets the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// When it ends, if it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was obtained.
    pub obtained_at: Timestamp,
    /// When the credentials were set that it was obtained with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_at: Option<Timestamp>,
    /// Values of the answer that serve as variables.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kept: Map<String, Value>,
}

impl TokenState {
    /// Good for a request now?
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| {
            let life = end.duration_since(self.obtained_at);
            let early = EARLY.min(life / 10);
            now < end.saturating_sub(early).unwrap_or(end)
        })
    }

    /// Was it obtained with credentials older than those that were set at `credentials_at`?
    #[must_use]
    pub fn is_outdated(&self, credentials_at: Option<Timestamp>) -> bool {
        self.credentials_at < credentials_at
    }

    /// What follows this state when a new token was obtained: a provider that sends no new refresh token, or does not repeat
    /// what is kept, means the old ones.
    #[must_use]
    pub fn followed_by(&self, mut next: Self) -> Self {
        if next.refresh_token.is_none() {
            next.refresh_token.clone_from(&self.refresh_token);
        }
        for (name, value) in &self.kept {
            next.kept
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
        next
    }
}

impl fmt::Debug for TokenState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenState(until {:?})", self.expires_at)
    }
}

/// What is kept of an account's tokens, as it was read.
#[derive(Clone, Debug)]
pub struct Held {
    /// The tokens, once there are any.
    pub state: Option<TokenState>,
    /// Who gets new ones has until then.
    pub leased_until: Option<Timestamp>,
    /// The version that a change must name.
    pub version: Version,
}

/// What to do about the tokens of an account.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Use it.
    Use(TokenState),
    /// Somebody else gets a new one: look again after this.
    Wait(Duration),
    /// Take the lease and get a new one.
    Obtain,
}

impl Held {
    /// What to do now, with credentials that were set at `credentials_at`; `refused` is the access token that was just
    /// answered with 401.
    #[must_use]
    pub fn next(
        &self,
        now: Timestamp,
        credentials_at: Option<Timestamp>,
        refused: Option<&str>,
    ) -> Next {
        if let Some(state) = &self.state
            && state.is_good(now)
            && !state.is_outdated(credentials_at)
            && refused != Some(state.access_token.as_str())
        {
            return Next::Use(state.clone());
        }
        match self.leased_until {
            Some(until) if until > now => {
                let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                Next::Wait(left.min(Duration::from_millis(250)))
            }
            _ => Next::Obtain,
        }
    }
}

/// Keeps the tokens of one account.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Reads what is kept.
    ///
    /// # Errors
    /// `NoAnswer` if the keeper cannot be reached.
    async fn read(&self) -> Result<Held, RemoteError>;

    /// Takes the lease until `until`, if nothing has changed since `seen`; answers the version that [`Tokens::write`] must name.
    ///
    /// # Errors
    /// `NoAnswer` if the keeper cannot be reached.
    async fn lease(&self, seen: &Held, until: Timestamp) -> Result<Option<Version>, RemoteError>;

    /// Stores new tokens and gives the lease back; false if the lease was lost, and the tokens are somebody else's to get.
    ///
    /// # Errors
    /// `NoAnswer` if the keeper cannot be reached.
    async fn write(&self, leased: Version, state: &TokenState) -> Result<bool, RemoteError>;

    /// Gives the lease back without new tokens.
    async fn release(&self, leased: Version);
}
