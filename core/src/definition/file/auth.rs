//! Reads `auth`, with mistakes in the manner of all others.

use serde_json::{Map, Value};

use super::fields::{Fields, Mistakes};
use crate::{
    app::Auth,
    mistake::{self, Mistake},
};

/// The types of authentication.
pub(crate) const TYPES: [&str; 9] = [
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

/// Reads `auth`; absent is `none`.
pub(crate) fn read(fields: Fields<'_>, out: &mut Mistakes) -> Option<Auth> {
    let at = fields.place("auth");
    let none = serde_json::json!({ "type": "none" });
    let value = fields.get("auth").unwrap_or(&none);
    let Value::Object(map) = value else {
        out.push(Mistake::new(at, "must be an object with a `type`"));
        return None;
    };
    match map.get("type") {
        Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => {}
        Some(Value::String(kind)) => {
            let place = mistake::join(&at, "type");
            out.push(mistake::unknown_word("type", &place, kind, TYPES));
            return None;
        }
        _ => {
            out.push(Mistake::new(mistake::join(&at, "type"), "is missing"));
            return None;
        }
    }
    match serde_json::from_value(value.clone()) {
        Ok(auth) => Some(auth),
        Err(error) => {
            out.push(of_error(&at, &error.to_string()));
            None
        }
    }
}

/// The names that the answer of a token request gives to what follows.
pub(crate) fn kept(fields: Fields<'_>) -> Vec<String> {
    let keep = fields.get("auth").and_then(|auth| auth.get("keep"));
    let keep = keep.and_then(Value::as_object);
    keep.map(Map::keys).into_iter().flatten().cloned().collect()
}

/// "unknown field `x`, expected one of `a`, `b`" in the words of all mistakes.
fn of_error(at: &str, message: &str) -> Mistake {
    let mut words = message.split('`').skip(1).step_by(2);
    match words.next() {
        Some(key) if message.starts_with("unknown field") => mistake::unknown_key(at, key, words),
        Some(key) if message.starts_with("missing field") => {
            Mistake::new(mistake::join(at, key), "is missing")
        }
        _ => Mistake::new(at, message),
    }
}
