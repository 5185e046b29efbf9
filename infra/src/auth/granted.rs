//! What requests may carry now.

use std::fmt;
use std::sync::Arc;

use sando_core::auth::{Auth, AuthError, Given, TokenState};
use sando_core::ports::SecretValues;
use serde_json::{Map, Value};
use url::Url;

use super::fixed;
use crate::http::{Credentials, Mask};

/// What requests may carry now. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Granted {
    pub(super) auth: Arc<Auth>,
    pub(super) values: Arc<SecretValues>,
    pub(super) token: Option<TokenState>,
}

impl Granted {
    /// Values of the answer that brought the token, which serve as variables.
    #[must_use]
    pub fn kept(&self) -> Map<String, Value> {
        self.token
            .as_ref()
            .map(|token| token.kept.clone())
            .unwrap_or_default()
    }

    /// The credentials, bound to the origin of the base URL.
    ///
    /// # Errors
    /// If something was not given, or cannot stand in a header.
    pub fn credentials(&self, base: &Url) -> Result<Option<Credentials>, AuthError> {
        match &self.token {
            Some(token) => fixed::obtained(self.auth.send(), &token.access_token, base).map(Some),
            None => {
                let mut variables = variables(&self.values);
                variables.extend(self.kept());
                let given = Given {
                    variables: &variables,
                    credentials: &self.values.credentials,
                };
                fixed::fixed(&self.auth, &given, base)
            }
        }
    }

    /// Everything secret, for masking.
    #[must_use]
    pub fn mask(&self) -> Mask {
        let mask = secrets(&self.auth, &self.values);
        match &self.token {
            Some(token) => mask
                .with([&token.access_token])
                .with(token.refresh_token.iter()),
            None => mask,
        }
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").finish_non_exhaustive()
    }
}

/// The secrets among values, for masking, and what a header makes of them.
pub(super) fn secrets(auth: &Auth, values: &SecretValues) -> Mask {
    let variables = variables(values);
    let given = Given {
        variables: &variables,
        credentials: &values.credentials,
    };
    Mask::default()
        .with(values.credentials.values())
        .with(fixed::pairs(auth, &given))
}

/// Variables as templates want them.
pub(super) fn variables(values: &SecretValues) -> Map<String, Value> {
    values
        .variables
        .iter()
        .map(|(name, text)| (name.clone(), Value::from(text.as_str())))
        .collect()
}
