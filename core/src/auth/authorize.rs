//! The provider's login page: where it is, and what proves that who comes back is who left.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use super::{AuthError, AuthorizationCode, Given};
use crate::ports::Chance;
use crate::template::encoded;

/// How long a login page may take.
const LOGIN: SignedDuration = SignedDuration::from_mins(15);
/// How many bytes of chance `state` and verifier have; 43 characters.
const BYTES: usize = 32;
/// Parameters that are ours.
pub(super) const OURS: [&str; 6] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// One login on its way, kept with the session of who began it. `Debug` shows when it ends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Comes back with the code.
    state: String,
    /// Proves possession of the code (PKCE).
    verifier: String,
    /// Where the provider sends the browser back to; the token request repeats it.
    pub redirect_url: String,
    /// When it is too late.
    pub until: Timestamp,
}

/// Why a login did not come back well.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LoginError {
    /// Not the login that this session began.
    #[error("this login was not begun here: begin it again")]
    OtherState,
    /// It took too long.
    #[error("the login took too long: begin it again")]
    TooLate,
}

impl SignIn {
    /// Begins a login.
    #[must_use]
    pub fn begin(chance: &dyn Chance, redirect_url: impl Into<String>, now: Timestamp) -> Self {
        Self {
            state: random(chance),
            verifier: random(chance),
            redirect_url: redirect_url.into(),
            until: now.saturating_add(LOGIN).unwrap_or(now),
        }
    }

    /// What the login is found by when it comes back: not its state, which whoever reads the store must not learn.
    #[must_use]
    pub fn name(&self) -> String {
        Self::name_of(&self.state)
    }

    /// The name of the login that this state belongs to.
    #[must_use]
    pub fn name_of(state: &str) -> String {
        hex::encode(Sha256::digest(state.as_bytes()))
    }

    /// Checks what came back with the code.
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn check(&self, state: &str, now: Timestamp) -> Result<(), LoginError> {
        if !bool::from(self.state.as_bytes().ct_eq(state.as_bytes())) {
            return Err(LoginError::OtherState);
        }
        if now > self.until {
            return Err(LoginError::TooLate);
        }
        Ok(())
    }

    /// What comes back with the code.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The verifier for the token request of a provider that surely knows PKCE.
    #[must_use]
    pub fn proof(&self) -> &str {
        &self.verifier
    }

    /// The verifier for the token request, where the provider knows PKCE.
    #[must_use]
    pub fn verifier(&self, of: &AuthorizationCode) -> Option<&str> {
        of.pkce.then_some(self.verifier.as_str())
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignIn(until {})", self.until)
    }
}

/// 256 bits of chance as text.
pub(crate) fn random(chance: &dyn Chance) -> String {
    let mut bytes = [0_u8; BYTES];
    chance.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The challenge of a verifier (RFC 7636, S256).
#[must_use]
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

impl AuthorizationCode {
    /// The provider's login page for a login that has begun.
    ///
    /// # Errors
    /// What is missing or makes no URL.
    pub fn authorize_url(&self, given: &Given<'_>, login: &SignIn) -> Result<Url, AuthError> {
        let mut url = given.url("auth.authorization_url", &self.authorization_url)?;
        let mut pairs = vec![
            ("response_type".to_owned(), "code".to_owned()),
            (
                "client_id".to_owned(),
                given.credential("client_id")?.to_owned(),
            ),
            ("redirect_uri".to_owned(), login.redirect_url.clone()),
        ];
        if !self.scopes.is_empty() {
            let scopes = self.scopes.joined(&self.scope_separator);
            pairs.push(("scope".to_owned(), given.text("auth.scopes", &scopes)?));
        }
        pairs.push(("state".to_owned(), login.state.clone()));
        if self.pkce {
            pairs.push(("code_challenge".to_owned(), challenge(&login.verifier)));
            pairs.push(("code_challenge_method".to_owned(), "S256".to_owned()));
        }
        for (name, text) in given.params("auth.authorize_params", &self.authorize_params)? {
            match pairs.iter_mut().find(|(known, _)| *known == name) {
                Some(_) if OURS.contains(&name.as_str()) => {}
                Some((_, old)) => *old = text,
                None => pairs.push((name, text)),
            }
        }
        let ours: Vec<String> = pairs
            .iter()
            .map(|(name, text)| format!("{}={}", encoded(name), encoded(text)))
            .collect();
        let mut query: Vec<String> = url.query().map(str::to_owned).into_iter().collect();
        query.extend(ours);
        url.set_query(Some(&query.join("&")));
        url.set_fragment(None);
        Ok(url)
    }
}
