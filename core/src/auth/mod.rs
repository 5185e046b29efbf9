//! How requests to an application authenticate: what is written, what is asked when connecting, and every request and
//! answer that gets a token, as data (`definition.md`, "auth"). Nothing here sends anything.

pub mod answer;
mod asked;
pub mod authorize;
mod check;
mod field;
mod given;
mod jwt;
mod login;
mod params;
mod query;
mod request;
mod schema;
mod state;
#[cfg(test)]
mod tests;
mod token;

use serde::{Deserialize, Serialize};

pub use asked::{Asked, AuthText};
pub use field::{AuthField, AuthValue};
pub use given::Given;
pub use jwt::{Algorithm, Exchange, Jwt, Unsigned};
pub use login::Login;
pub use params::{Params, Scopes};
pub use query::take_out;
pub use request::{Content, TokenRequest};
pub use schema::schema;
pub use state::{Held, LEASE, Next, TokenState, Tokens};
pub use token::{AuthorizationCode, ClientAuth, ClientCredentials, SendAs, TokenBody};

/// How requests authenticate.
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
    Basic {
        /// Asked, unless it is fixed.
        #[serde(default, skip_serializing_if = "AuthValue::is_later")]
        username: AuthValue,
        /// Asked, unless it is fixed.
        #[serde(default, skip_serializing_if = "AuthValue::is_later")]
        password: AuthValue,
    },
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
    /// OAuth 2.0, client credentials.
    #[serde(rename = "oauth2_client_credentials")]
    ClientCredentials(Box<ClientCredentials>),
    /// OAuth 2.0, authorization code.
    #[serde(rename = "oauth2_authorization_code")]
    AuthorizationCode(Box<AuthorizationCode>),
    /// A request that yields a token.
    Login(Box<Login>),
    /// A token that is signed here.
    Jwt(Box<Jwt>),
}

fn bearer() -> String {
    "Bearer".to_owned()
}

impl Auth {
    /// The method and the address of the request that brings a token, as they are written; none where there is no such
    /// request.
    #[must_use]
    pub fn token_request(&self) -> Option<String> {
        let (method, url) = match self {
            Self::ClientCredentials(of) => ("POST", of.token_url.as_str()),
            Self::AuthorizationCode(of) => {
                let refresh = of.refresh_url.as_deref();
                ("POST", refresh.unwrap_or(&of.token_url))
            }
            Self::Login(of) => (of.method.as_deref().unwrap_or("POST"), of.path.as_str()),
            Self::Jwt(of) => ("POST", of.exchange.as_ref()?.token_url.as_str()),
            Self::None {}
            | Self::Bearer { .. }
            | Self::Basic { .. }
            | Self::Headers { .. }
            | Self::Query { .. } => return None,
        };
        let path = url.split('?').next().unwrap_or_default();
        Some(format!("{method} {path}"))
    }

    /// Every `type`.
    pub const TYPES: [&'static str; 9] = [
        "none",
        "bearer",
        "basic",
        "headers",
        "query",
        "oauth2_client_credentials",
        "oauth2_authorization_code",
        "login",
        "jwt",
    ];

    /// Is a token obtained before the first request?
    #[must_use]
    pub fn obtains(&self) -> bool {
        match self {
            Self::None {}
            | Self::Bearer { .. }
            | Self::Basic { .. }
            | Self::Headers { .. }
            | Self::Query { .. } => false,
            Self::ClientCredentials(_)
            | Self::AuthorizationCode(_)
            | Self::Login(_)
            | Self::Jwt(_) => true,
        }
    }

    /// The names of the values that it keeps from the answer that brings the token.
    #[must_use]
    pub fn keeps(&self) -> Vec<&str> {
        let keep = match self {
            Self::ClientCredentials(of) => &of.keep,
            Self::AuthorizationCode(of) => &of.keep,
            Self::Login(of) => &of.keep,
            Self::Jwt(of) => match &of.exchange {
                Some(exchange) => &exchange.keep,
                None => return Vec::new(),
            },
            Self::None {}
            | Self::Bearer { .. }
            | Self::Basic { .. }
            | Self::Headers { .. }
            | Self::Query { .. } => return Vec::new(),
        };
        keep.keys().map(String::as_str).collect()
    }

    /// Where an obtained token goes, if not as `Authorization: Bearer`.
    #[must_use]
    pub fn send(&self) -> Option<&SendAs> {
        match self {
            Self::ClientCredentials(of) => of.send.as_ref(),
            Self::AuthorizationCode(of) => of.send.as_ref(),
            Self::Login(of) => of.send.as_ref(),
            Self::Jwt(of) => of.send.as_ref(),
            Self::None {}
            | Self::Bearer { .. }
            | Self::Basic { .. }
            | Self::Headers { .. }
            | Self::Query { .. } => None,
        }
    }
}

/// Why no token can be asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthError {
    /// A credential was not given.
    #[error("the credential `{name}` is not set")]
    Missing {
        /// Which.
        name: String,
    },
    /// The file, or what was given, makes no request.
    #[error("{place}: {why}")]
    Wrong {
        /// Where in the file.
        place: String,
        /// What is wrong.
        why: String,
    },
}
