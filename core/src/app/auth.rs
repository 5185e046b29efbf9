//! How requests to an application authenticate.

use serde::{Deserialize, Serialize};

/// How requests authenticate (`definition.md`, "auth"); more types come with the Integration Builder.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// Nothing.
    None {},
    /// `Authorization: Bearer <token>`.
    Bearer {
        /// The word before the token.
        #[serde(default = "bearer")]
        prefix: String,
    },
    /// User name and password.
    Basic {},
    /// Own headers.
    Headers {
        /// Each fixed, or asked when connecting.
        headers: Vec<AuthField>,
    },
    /// Query parameters.
    Query {
        /// Each fixed, or asked when connecting.
        params: Vec<AuthField>,
    },
}

pub(super) fn bearer() -> String {
    "Bearer".to_owned()
}

/// A header or parameter of an authentication.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthField {
    /// Its name, also the name of the credential.
    pub name: String,
    /// Fixed now, or asked later.
    pub value: AuthValue,
    /// What to call it when asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Put before the value, verbatim.
    #[serde(default)]
    pub prefix: String,
}

/// `{now: text}` or `later`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthValue {
    /// In the file.
    Now(String),
    /// Asked when connecting.
    Later,
}
