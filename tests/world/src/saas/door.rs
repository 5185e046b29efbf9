//! Who may ask.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{OauthServer, SaasAnswer, SaasRequest, SigningKey};

/// Who may ask.
#[derive(Clone)]
pub enum Door {
    /// Everybody.
    Open,
    /// Who sends these headers with these values.
    Headers(Vec<(String, String)>),
    /// Who sends this user name and password.
    Basic(String, String),
    /// Who sends this query parameter.
    Query(String, String),
    /// Who sends a token that was issued here, in this header behind this prefix.
    Issued {
        /// In lower case.
        header: String,
        /// With its blank.
        prefix: String,
    },
    /// Who sends a bearer token signed with this key.
    Signed(SigningKey),
    /// Who passes all of these.
    All(Vec<Self>),
    /// Who passes one of these.
    Any(Vec<Self>),
    /// Nobody.
    Shut,
}

impl Door {
    /// A bearer token.
    pub fn bearer(token: &str) -> Self {
        Self::header("authorization", &format!("Bearer {token}"))
    }

    /// A header with a value.
    pub fn header(name: &str, value: &str) -> Self {
        Self::Headers(vec![(name.to_owned(), value.to_owned())])
    }

    /// Bearer tokens that were issued here.
    pub fn issued() -> Self {
        Self::Issued {
            header: "authorization".to_owned(),
            prefix: "Bearer ".to_owned(),
        }
    }

    pub(super) fn pass(
        &self,
        request: &SaasRequest,
        oauth: Option<&OauthServer>,
    ) -> Result<(), SaasAnswer> {
        let passes = match self {
            Self::Open => true,
            Self::Shut => false,
            Self::Headers(wanted) => wanted
                .iter()
                .all(|(name, value)| request.header(name) == Some(value)),
            Self::Basic(user, password) => {
                let pair = STANDARD.encode(format!("{user}:{password}"));
                request.header("authorization") == Some(&format!("Basic {pair}"))
            }
            Self::Query(name, value) => request.query(name) == Some(value),
            Self::Issued { header, prefix } => request
                .header(header)
                .and_then(|value| value.strip_prefix(prefix.as_str()))
                .zip(oauth)
                .is_some_and(|(token, oauth)| oauth.accepts(token)),
            Self::Signed(key) => request
                .header("authorization")
                .and_then(|value| value.strip_prefix("Bearer "))
                .is_some_and(|token| key.claims(token).is_some()),
            Self::Any(doors) => doors.iter().any(|door| door.pass(request, oauth).is_ok()),
            Self::All(doors) => doors.iter().all(|door| door.pass(request, oauth).is_ok()),
        };
        if passes {
            return Ok(());
        }
        let body = json!({ "error": { "message": "the token is not accepted" } });
        Err(SaasAnswer::error(401, &body).with("www-authenticate", "Bearer"))
    }
}
