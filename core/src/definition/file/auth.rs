//! Reads `auth`, with mistakes in the manner of all others.

use serde_json::Value;

use super::{
    fields::{Fields, Mistakes},
    names::Names,
};
use crate::{
    auth::{Auth, AuthText},
    mistake::{self, Mistake},
};

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
        Some(Value::String(kind)) if Auth::TYPES.contains(&kind.as_str()) => {}
        Some(Value::String(kind)) => {
            let place = mistake::join(&at, "type");
            out.push(mistake::unknown_word("type", &place, kind, Auth::TYPES));
            return None;
        }
        _ => {
            out.push(Mistake::new(mistake::join(&at, "type"), "is missing"));
            return None;
        }
    }
    match serde_json::from_value::<Auth>(value.clone()) {
        Ok(auth) => {
            out.extend(auth.mistakes(&at));
            Some(auth)
        }
        Err(error) => {
            out.push(of_error(&at, &error.to_string()));
            None
        }
    }
}

/// Checks that what stands between braces is a variable or a credential.
pub(crate) fn check_names(auth: &Auth, at: &str, variables: &Names, out: &mut Mistakes) {
    let asked = auth.asked().into_iter().map(|asked| asked.name);
    let names = variables.with(asked);
    for (place, text) in auth.texts() {
        let at = mistake::join(at, place);
        match text {
            AuthText::Text(text) => {
                names.template(text, &at, out);
            }
            AuthText::Json(value) => {
                names.body(value, &at, out);
            }
        }
    }
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
