//! Credentials that were given when connecting and are sent as they are.

use sando_core::auth::{Auth, AuthError, AuthValue, Given, SendAs};
use url::{Url, form_urlencoded};

use crate::http::{Credentials, basic_pair};

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
            let (username, password) = named(username, password, given)?;
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

/// What stands in `Authorization: Basic` of requests of users, or of a token.
pub(super) fn pairs(auth: &Auth, given: &Given<'_>) -> Vec<String> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    match auth {
        Auth::Basic { username, password } => {
            let named = named(username, password, given).ok();
            let pair = named.map(|(username, password)| basic_pair(&username, &password));
            pair.into_iter().collect()
        }
        Auth::ClientCredentials(_) | Auth::AuthorizationCode(_) => {
            let client = given
                .perhaps("client_id")
                .zip(given.perhaps("client_secret"));
            let pair = client.map(|(id, secret)| basic_pair(&encoded(id), &encoded(secret)));
            pair.into_iter().collect()
        }
        Auth::None {}
        | Auth::Bearer { .. }
        | Auth::Headers { .. }
        | Auth::Query { .. }
        | Auth::Login(_)
        | Auth::Jwt(_) => Vec::new(),
    }
}

/// User name and password.
fn named(
    username: &AuthValue,
    password: &AuthValue,
    given: &Given<'_>,
) -> Result<(String, String), AuthError> {
    let username = given.value("username", username)?;
    // Many services take a key as the user name and nothing as the password.
    let password = match password {
        AuthValue::Later => given.perhaps("password").unwrap_or_default().to_owned(),
        AuthValue::Now(_) => given.value("password", password)?,
    };
    Ok((username, password))
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
