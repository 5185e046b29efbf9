//! How tokens are obtained and sent: what the types with a token endpoint have in common.

use serde::{Deserialize, Serialize};

use super::params::{Params, Scopes, blank, is_blank};
use crate::path::Path;
use std::collections::BTreeMap;

/// How the client proves itself to a token endpoint (RFC 6749, 2.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `Authorization: Basic`.
    #[default]
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
}

/// How the body of a token request is written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenBody {
    /// Form-encoded, as RFC 6749 has it.
    #[default]
    Form,
    /// JSON.
    Json,
}

/// Where an access token goes, if not as `Authorization: Bearer`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendAs {
    /// The header that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Or the query parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Put before it, verbatim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// `oauth2_client_credentials` (RFC 6749, 4.4).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCredentials {
    /// With `{variables}`.
    pub token_url: String,
    /// What is asked for.
    #[serde(default, skip_serializing_if = "Scopes::is_empty")]
    pub scopes: Scopes,
    /// Between scopes.
    #[serde(default = "blank", skip_serializing_if = "is_blank")]
    pub scope_separator: String,
    /// Further parameters of the token request.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub token_params: Params,
    /// How the client proves itself.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How the body is written.
    #[serde(default)]
    pub token_body: TokenBody,
    /// The grant, for those who call it otherwise.
    #[serde(default = "client_credentials")]
    pub grant_type: String,
    /// Values of the token answer, usable as variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keep: BTreeMap<String, Path>,
    /// Where the access token goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<SendAs>,
}

fn client_credentials() -> String {
    "client_credentials".to_owned()
}

/// `oauth2_authorization_code` (RFC 6749, 4.1, with PKCE, RFC 7636).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationCode {
    /// The provider's login page, with `{variables}`.
    pub authorization_url: String,
    /// With `{variables}`.
    pub token_url: String,
    /// What is asked for, in this order.
    #[serde(default, skip_serializing_if = "Scopes::is_empty")]
    pub scopes: Scopes,
    /// Between scopes.
    #[serde(default = "blank", skip_serializing_if = "is_blank")]
    pub scope_separator: String,
    /// Does the provider give refresh tokens?
    #[serde(default = "yes")]
    pub refresh_token: bool,
    /// Where tokens are refreshed; absent: the token URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_url: Option<String>,
    /// Further parameters of the authorization URL.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub authorize_params: Params,
    /// Further parameters of the token request.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub token_params: Params,
    /// Further parameters of a refresh.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub refresh_params: Params,
    /// How the client proves itself.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How bodies are written.
    #[serde(default)]
    pub token_body: TokenBody,
    /// Prove possession of the code (PKCE, S256).
    #[serde(default = "yes")]
    pub pkce: bool,
    /// Values of the token answer, usable as variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keep: BTreeMap<String, Path>,
    /// Where the access token goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<SendAs>,
}

fn yes() -> bool {
    true
}
