//! Credentials that were given when connecting and are sent as they are.

use sando_core::auth::{Auth, AuthError, AuthValue, Given, SendAs};
use url::Url;

use crate::http::Credentials;

/// The credentials of a type that obtains nothing; none for `none`.
pub(super) fn fixed(
    auth: &Auth,
    given: &Given<'_>,
    base: &Url,
) -> Result<Option<Credentials>, AuthError> {
    let none = Credentials::of(base);
    let made = match auth {
        Auth::Bearer { prefix } => {
            let prefix = if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix} ")
            };
            none.header("authorization", &prefix, given.credential("token")?)
        }
        Auth::Basic { username, password } => {
            let username = given.value("username", username)?;
            // Many services take a key as the user name and nothing as the password.
            let password = match password {
                AuthValue::Later => given.perhaps("password").unwrap_or_default().to_owned(),
                AuthValue::Now(_) => given.value("password", password)?,
            };
            none.basic(&username, &password)
        }
        Auth::Headers { headers } => {
            let mut with = Ok(none);
            for field in headers {
                let value = given.field(field)?;
                with = with.and_then(|with| with.header(&field.name, &field.prefix, &value));
            }
            with
        }
        Auth::Query { params } => {
            let mut with = none;
            for field in params {
                with = with.query(&field.name, &field.prefix, &given.field(field)?);
            }
            Ok(with)
        }
        Auth::None {}
        | Auth::ClientCredentials(_)
        | Auth::AuthorizationCode(_)
        | Auth::Login(_)
        | Auth::Jwt(_) => return Ok(None),
    };
    made.map(Some).map_err(wrong)
}

/// A token that was obtained, sent as the file says.
pub(super) fn obtained(
    send: Option<&SendAs>,
    token: &str,
    base: &Url,
) -> Result<Credentials, AuthError> {
    let none = Credentials::of(base);
    match send {
        None => none
            .header("authorization", "Bearer ", token)
            .map_err(wrong),
        Some(SendAs {
            query: Some(name),
            prefix,
            ..
        }) => Ok(none.query(name, prefix, token)),
        Some(SendAs { header, prefix, .. }) => none
            .header(header.as_deref().unwrap_or("authorization"), prefix, token)
            .map_err(wrong),
    }
}

fn wrong(why: String) -> AuthError {
    AuthError::Wrong {
        place: "auth".to_owned(),
        why,
    }
}
