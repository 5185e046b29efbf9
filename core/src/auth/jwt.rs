//! `jwt`: a token that is signed here, sent as it is or exchanged for another one (RFC 7519, RFC 7523).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::params::{Params, Scopes, blank, is_blank};
use super::token::{ClientAuth, SendAs, TokenBody};
use super::{AuthError, Given};
use crate::path::Path;

/// `jwt`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// With `{variables}`; `iat`, `exp` and, for an exchange, `aud` and `jti` are added where they are not named.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// Further fields of the token's header, such as `kid`, with `{variables}`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub header: Map<String, Value>,
    /// How long a signed token is good for.
    #[serde(default = "lifetime")]
    pub lifetime_secs: u32,
    /// Where it is exchanged for an access token; absent: it is sent as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// Where the token goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<SendAs>,
}

fn lifetime() -> u32 {
    300
}

/// How a token is signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSA with PKCS #1 padding and SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
}

impl Algorithm {
    /// Its name in a token's header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }
}

/// How a signed token is exchanged (RFC 7523, 2.1).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// With `{variables}`.
    pub token_url: String,
    /// The grant, for those who call it otherwise.
    #[serde(default = "jwt_bearer")]
    pub grant_type: String,
    /// The parameter that carries the signed token.
    #[serde(default = "assertion")]
    pub assertion: String,
    /// What is asked for.
    #[serde(default, skip_serializing_if = "Scopes::is_empty")]
    pub scopes: Scopes,
    /// Between scopes.
    #[serde(default = "blank", skip_serializing_if = "is_blank")]
    pub scope_separator: String,
    /// Further parameters of the request.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub token_params: Params,
    /// Whether and how the client proves itself too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_auth: Option<ClientAuth>,
    /// How the body is written.
    #[serde(default)]
    pub token_body: TokenBody,
    /// Values of the token answer, usable as variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keep: BTreeMap<String, Path>,
}

fn jwt_bearer() -> String {
    "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()
}

fn assertion() -> String {
    "assertion".to_owned()
}

/// What is signed: header and claims, as they stand in the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// `base64url(header).base64url(claims)`.
    pub text: String,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

impl Unsigned {
    /// The whole token, with the signature of [`Unsigned::text`].
    #[must_use]
    pub fn signed(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.text, URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Jwt {
    /// What is to be signed now; `unique` is the token's id where it is exchanged.
    ///
    /// # Errors
    /// If a claim names a variable that has no value.
    pub fn unsigned(
        &self,
        given: &Given<'_>,
        now: Timestamp,
        unique: &str,
    ) -> Result<Unsigned, AuthError> {
        let mut header = json!({ "alg": self.algorithm.as_str(), "typ": "JWT" });
        let further = given.json("auth.header", &Value::Object(self.header.clone()))?;
        if let (Some(header), Value::Object(further)) = (header.as_object_mut(), further) {
            header.extend(further);
        }
        let claims = given.json("auth.claims", &Value::Object(self.claims.clone()))?;
        let mut claims = match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        };
        let issued = now.as_second();
        let expires = issued.saturating_add(i64::from(self.lifetime_secs));
        claims.entry("iat").or_insert(Value::from(issued));
        claims.entry("exp").or_insert(Value::from(expires));
        if let Some(exchange) = &self.exchange {
            if !claims.contains_key("aud") {
                let url = given.url("auth.exchange.token_url", &exchange.token_url)?;
                claims.insert("aud".to_owned(), Value::from(url.as_str()));
            }
            claims.entry("jti").or_insert(Value::from(unique));
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        Ok(Unsigned {
            text: format!("{}.{}", part(&header), part(&Value::Object(claims))),
            expires_at: Timestamp::from_second(expires).unwrap_or(Timestamp::MAX),
        })
    }
}
