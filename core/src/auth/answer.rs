//! What a token endpoint answers.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::TokenState;
use crate::path::{Path, of_scalar};

/// From here on `expires_in` is no number of seconds but one of milliseconds (115 days would be a long-lived token).
const MILLISECONDS: f64 = 10_000_000.0;
/// From here on it is a moment.
const MOMENT: f64 = 1_000_000_000.0;
/// From here on a moment in milliseconds.
const MOMENT_MILLISECONDS: f64 = 100_000_000_000.0;

/// What is wrong with a token answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// The error of RFC 6749, 5.2, or one like it: trying again does not help.
    #[error("{code}{}{description}", if description.is_empty() { "" } else { ": " })]
    Refused {
        /// `invalid_grant` and the like.
        code: String,
        /// The provider's own words; not masked yet.
        description: String,
    },
    /// A success without a token.
    #[error("the answer has no `{0}`")]
    NoToken(String),
    /// A value that the definition keeps is not there.
    #[error("the answer has nothing at `{path}`, which `keep.{name}` names")]
    NotKept {
        /// The name.
        name: String,
        /// Its path.
        path: Path,
    },
}

/// The fields of a token answer: JSON, or form-encoded as some send it.
#[must_use]
pub fn fields(body: &[u8], content_type: Option<&str>) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return Some(value).filter(Value::is_object);
    }
    let is_form = content_type.is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
    is_form.then(|| {
        let pairs = url::form_urlencoded::parse(body);
        let pairs = pairs.map(|(name, text)| (name.into_owned(), Value::String(text.into_owned())));
        Value::Object(pairs.collect())
    })
}

/// The error that an answer carries, whatever its status: some send it with 200.
#[must_use]
pub fn refusal(fields: &Value) -> Option<TokenRefusal> {
    let text = |key: &str| fields.get(key).and_then(of_scalar);
    let code = match fields.get("error")? {
        Value::Null | Value::Bool(false) => return None,
        Value::Object(inner) => inner
            .get("message")
            .or_else(|| inner.get("code"))
            .and_then(of_scalar)?
            .into_owned(),
        other => of_scalar(other)?.into_owned(),
    };
    let description = text("error_description").or_else(|| text("message"));
    Some(TokenRefusal::Refused {
        code,
        description: description.unwrap_or_default().into_owned(),
    })
}

/// Reads the answer of a token endpoint.
///
/// # Errors
/// What is wrong with it.
pub fn token(
    answer: &Value,
    keep: &BTreeMap<String, Path>,
    now: Timestamp,
) -> Result<TokenState, TokenRefusal> {
    if let Some(refusal) = refusal(answer) {
        return Err(refusal);
    }
    let text = |key: &str| {
        let value = answer.get(key)?.as_str()?;
        Some(value.to_owned()).filter(|text| !text.is_empty())
    };
    let access_token =
        text("access_token").ok_or_else(|| TokenRefusal::NoToken("access_token".to_owned()))?;
    Ok(TokenState {
        access_token,
        refresh_token: text("refresh_token"),
        expires_at: answer
            .get("expires_in")
            .and_then(|value| expiry(value, now)),
        obtained_at: now,
        credentials_at: None,
        kept: kept(answer, keep)?,
    })
}

/// The values of an answer that the definition keeps.
///
/// # Errors
/// [`TokenRefusal::NotKept`] if one is missing.
pub fn kept(
    answer: &Value,
    keep: &BTreeMap<String, Path>,
) -> Result<Map<String, Value>, TokenRefusal> {
    keep.iter()
        .map(|(name, path)| {
            let value = path.find(answer).filter(|value| !value.is_null());
            let value = value.ok_or_else(|| TokenRefusal::NotKept {
                name: name.clone(),
                path: path.clone(),
            })?;
            Ok((name.clone(), value.into_owned()))
        })
        .collect()
}

/// When a token ends that is good for so long: seconds as number or text, in practice also milliseconds or a moment.
fn expiry(value: &Value, now: Timestamp) -> Option<Timestamp> {
    let number: f64 = of_scalar(value)?.trim().parse().ok()?;
    if !number.is_finite() || number <= 0.0 {
        return None;
    }
    let secs = |number: f64| SignedDuration::try_from_secs_f64(number).ok();
    if number >= MOMENT_MILLISECONDS {
        return Timestamp::UNIX_EPOCH
            .checked_add(secs(number / 1000.0)?)
            .ok();
    }
    if number >= MOMENT {
        return Timestamp::UNIX_EPOCH.checked_add(secs(number)?).ok();
    }
    let lifetime = if number >= MILLISECONDS {
        number / 1000.0
    } else {
        number
    };
    now.checked_add(secs(lifetime)?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T20:00:00Z".parse().unwrap()
    }

    fn read(answer: &Value) -> Result<TokenState, TokenRefusal> {
        token(answer, &BTreeMap::new(), now())
    }

    #[test]
    fn an_expiry_is_read_however_it_is_written() {
        let check = |expires_in: Value, expect: Option<&str>| {
            let state = read(&json!({ "access_token": "a", "expires_in": expires_in })).unwrap();
            assert_eq!(
                state.expires_at.map(|at| at.to_string()).as_deref(),
                expect,
                "{expires_in}"
            );
        };

        check(json!(60), Some("2026-11-21T20:01:00Z"));
        check(json!("3600"), Some("2026-11-21T21:00:00Z"));
        check(json!(86_400_000), Some("2026-11-22T20:00:00Z"));
        check(json!(1_795_294_800), Some("2026-11-21T21:00:00Z"));
        check(json!(1_795_294_800_000_i64), Some("2026-11-21T21:00:00Z"));
        check(json!(0), None);
        check(json!("soon"), None);
        check(json!(null), None);
        assert_eq!(
            read(&json!({ "access_token": "a" })).unwrap().expires_at,
            None
        );
    }

    #[test]
    fn an_error_is_one_whatever_the_status_was() {
        let told = |answer: Value| read(&answer).unwrap_err().to_string();

        assert_eq!(
            told(json!({ "error": "invalid_grant", "error_description": "revoked" })),
            "invalid_grant: revoked"
        );
        assert_eq!(told(json!({ "error": { "message": "no" } })), "no");
        assert_eq!(
            told(json!({ "access_token": "" })),
            "the answer has no `access_token`"
        );
        assert!(read(&json!({ "access_token": "a", "error": null })).is_ok());
    }

    #[test]
    fn a_form_encoded_answer_is_read_where_it_says_that_it_is_one() {
        let body = b"access_token=a%2Bb&token_type=BEARER";
        let form = fields(body, Some("application/x-www-form-urlencoded")).unwrap();

        assert_eq!(read(&form).unwrap().access_token, "a+b");
        assert_eq!(fields(body, Some("text/html")), None);
        assert_eq!(fields(b"[]", None), None);
    }

    #[test]
    fn values_are_kept_and_a_missing_one_is_named() {
        let keep = BTreeMap::from([("host".to_owned(), Path::parse("urls[0]").unwrap())]);
        let answer = json!({ "access_token": "a", "urls": ["https://na3.acme.example"] });

        let state = token(&answer, &keep, now()).unwrap();
        assert_eq!(state.kept["host"], "https://na3.acme.example");
        let error = token(&json!({ "access_token": "a" }), &keep, now()).unwrap_err();
        assert!(error.to_string().contains("keep.host"), "{error}");
    }
}
