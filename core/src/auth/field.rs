//! Headers and parameters that are fixed in the file or asked when connecting.

use serde::{Deserialize, Serialize};

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
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// `{now: text}` or `later`.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthValue {
    /// In the file; variables are filled in.
    Now(String),
    /// Asked when connecting.
    #[default]
    Later,
}

impl AuthValue {
    pub(super) fn is_later(&self) -> bool {
        *self == Self::Later
    }
}
