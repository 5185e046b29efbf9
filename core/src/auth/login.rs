//! `login`: a request that yields a token.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::params::Params;
use super::token::SendAs;
use crate::path::Path;

/// `login`. The request's own keys are those of every request.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// GET or POST; absent: POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path below the base URL, or a full URL on its origin or a listed host.
    pub path: String,
    /// Query parameters.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub query: Params,
    /// Headers.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub headers: Params,
    /// A JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// A form-encoded body; a value is a text, or `{json: …}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<BTreeMap<String, Value>>,
    /// Where in the answer's body the object with all of it stands, of a server that wraps its answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_path: Option<Path>,
    /// Where the token stands in the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_path: Option<Path>,
    /// Or the header that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_header: Option<String>,
    /// Or the cookie that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_cookie: Option<String>,
    /// Values of the answer, usable as variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keep: BTreeMap<String, Path>,
    /// How long the token is good for; absent: until a 401.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_secs: Option<u64>,
    /// Where the token goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<SendAs>,
}
