//! Lever's webhook: is this call authentic, fresh, and about something that we look at? Pure; touches no store.
//!
//! The signature covers token and time, not `data`: a webhook is a hint where to look in Lever, never a fact.
//! Source: Lever API reference, "Webhooks"; HMAC-SHA256 over `token || triggeredAt`, keyed with the text of the
//! registration's signing token, lower-case hexadecimal.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::event::{Hint, Ping, ToldArchive};
use crate::ids::{LeverId, Slug};

/// The largest body that is read; Lever's are below 1 KiB.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// How far Lever's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// A signing token. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningToken(String);

impl SigningToken {
    /// Takes the text that Lever shows.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn signs(&self, call: &Call) -> bool {
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(self.0.as_bytes()) else {
            return false;
        };
        mac.update(call.token.as_bytes());
        mac.update(call.triggered_at.to_string().as_bytes());
        let expected = hex::encode(mac.finalize().into_bytes());
        let given = call
            .signature
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        expected.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

impl fmt::Debug for SigningToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningToken(***)")
    }
}

/// Why a call is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Larger than [`MAX_BODY_BYTES`].
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    /// No JSON, or not the shape of a webhook.
    #[error("the body is not a webhook of Lever")]
    Shape,
    /// Unsigned, wrongly signed, or for a registration that does not exist.
    #[error("the signature is missing or wrong")]
    Signature,
    /// Too old, or from the future.
    #[error("the call is not fresh")]
    Stale,
}

/// What to do with an authentic and fresh call.
#[derive(Clone, PartialEq, Debug)]
pub enum Accepted {
    /// Look at this opportunity.
    Look(Box<Hint>),
    /// Lever's "Verify connection".
    Ping(Ping),
    /// An event that nothing depends on: answered and counted.
    Counted(String),
}

/// The body of a webhook call; fields may be added at any time.
#[derive(Deserialize)]
struct Call {
    event: String,
    #[serde(rename = "triggeredAt")]
    triggered_at: i64,
    token: String,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    data: Value,
}

/// The events that are looked at; all of them are about an opportunity.
const LOOKED_AT: [&str; 5] = [
    "applicationCreated",
    "candidateHired",
    "candidateStageChange",
    "candidateArchiveChange",
    "candidateDeleted",
];

/// Judges one call.
///
/// # Errors
/// [`Refused`], by what is answered.
pub fn judge(
    registration: &Slug,
    body: &[u8],
    tokens: &[SigningToken],
    max_age: SignedDuration,
    now: Timestamp,
) -> Result<Accepted, Refused> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Refused::TooLarge);
    }
    let call: Call = serde_json::from_slice(body).map_err(|_| Refused::Shape)?;
    if call.token.is_empty() || call.token.len() > 256 || call.event.len() > 64 {
        return Err(Refused::Shape);
    }
    // Every token is tried, whichever fits: the time taken says nothing.
    let signed = tokens
        .iter()
        .fold(false, |signed, token| token.signs(&call) | signed);
    if !signed {
        return Err(Refused::Signature);
    }
    let triggered_at =
        Timestamp::from_millisecond(call.triggered_at).map_err(|_| Refused::Stale)?;
    let age = now.duration_since(triggered_at);
    if age > max_age || age < -AHEAD {
        return Err(Refused::Stale);
    }
    accept(registration, call, triggered_at, now)
}

fn accept(
    registration: &Slug,
    call: Call,
    triggered_at: Timestamp,
    now: Timestamp,
) -> Result<Accepted, Refused> {
    if !LOOKED_AT.contains(&call.event.as_str()) {
        return Ok(Accepted::Counted(call.event));
    }
    if call.data.as_object().is_none_or(serde_json::Map::is_empty) {
        return if call.data.is_object() || call.data.is_null() {
            Ok(Accepted::Ping(Ping {
                registration: registration.clone(),
                received_at: now,
            }))
        } else {
            Err(Refused::Shape)
        };
    }
    let opportunity = call
        .data
        .get("opportunityId")
        .and_then(Value::as_str)
        .ok_or(Refused::Shape)?;
    let opportunity = LeverId::parse(opportunity).map_err(|_| Refused::Shape)?;
    Ok(Accepted::Look(Box::new(Hint {
        registration: registration.clone(),
        token_hash: hex::encode(Sha256::digest(call.token.as_bytes())),
        content_hash: Hint::content_hash_of(&call.event, &call.data),
        archive: ToldArchive::of(&call.data),
        event: call.event,
        triggered_at,
        received_at: now,
        opportunity,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ca554e43cf5e1986336385c3e29d08576c837f6c78cfce56";
    const HIRED: &str = r#"{"id":"3bfbac5d-14e9-48cb-b7b0-6962ea6b0dae","event":"candidateHired","triggeredAt":1767607215123,"token":"3f8ffa74f6aefb602c7b7bdc93acf85519fd48e3dea10588","signature":"30f97cf378f784d4244e45413fe42783ee9af5d0f1893d40f742c185199aa2f7","data":{"opportunityId":"ab0469a5-c2ba-4ff7-b9d4-9080df2db07e","candidateId":"ab0469a5-c2ba-4ff7-b9d4-9080df2db07e","contactId":"771c41ae-3218-4492-a2a3-f5b7aae8ec3d"}}"#;

    fn judged(body: &str, keys: &[&str]) -> Result<Accepted, Refused> {
        let tokens: Vec<SigningToken> = keys.iter().map(|key| SigningToken::new(*key)).collect();
        let now = Timestamp::from_millisecond(1_767_607_300_000).unwrap();
        judge(
            &Slug::parse("default").unwrap(),
            body.as_bytes(),
            &tokens,
            SignedDuration::from_hours(120),
            now,
        )
    }

    #[track_caller]
    fn check(body: &str, expect: Refused) {
        assert_eq!(judged(body, &[KEY]), Err(expect), "{body}");
    }

    #[test]
    fn the_reference_vectors_verify() {
        let Ok(Accepted::Look(hint)) = judged(HIRED, &["an older token", KEY]) else {
            panic!("refused")
        };
        assert_eq!(
            hint.opportunity.as_str(),
            "ab0469a5-c2ba-4ff7-b9d4-9080df2db07e"
        );

        let archived = r#"{"event":"candidateArchiveChange","triggeredAt":1767607215160,"token":"7da1ddd83d9acce0ebf0290e6bfd5c02fa1e5bcb323d5dd8","signature":"EAF3EFC81E64C6DE4A8F3FE712621454EC3E234EA2FB9DB75DF8F40108CFD427","data":{"opportunityId":"ab"}}"#;
        assert!(matches!(judged(archived, &[KEY]), Ok(Accepted::Look(_))));

        let ping = r#"{"event":"candidateHired","triggeredAt":1767600000000,"token":"b45f9b3382d6fa0ec396aa50e8400706ce5c2990ae6701c0","signature":"242eca0a3c2d558bd4ef9649f463a92cffdb4abb0bc8130d320e700e5122d037","data":{}}"#;
        let Ok(Accepted::Ping(ping)) = judged(ping, &[KEY]) else {
            panic!("refused")
        };
        assert_eq!(ping.registration.as_str(), "default");
    }

    #[test]
    fn a_signature_under_the_decoded_key_is_refused() {
        let negative = HIRED.replace(
            "30f97cf378f784d4244e45413fe42783ee9af5d0f1893d40f742c185199aa2f7",
            "32e50a3eb8471e6134201410e4a163295ed35e68b6790152106db05d6b15e61d",
        );
        check(&negative, Refused::Signature);
    }

    #[test]
    fn what_is_not_authentic_is_refused() {
        check(
            &HIRED.replace("1767607215123", "1767607215124"),
            Refused::Signature,
        );
        check(
            &HIRED.replace(r#""signature":"30f9"#, r#""signature":"30f8"#),
            Refused::Signature,
        );
        check(
            &HIRED.replace(r#""signature""#, r#""unsigned""#),
            Refused::Signature,
        );
        assert_eq!(judged(HIRED, &[]), Err(Refused::Signature));
        assert_eq!(judged(HIRED, &["another"]), Err(Refused::Signature));
    }

    #[test]
    fn what_is_no_webhook_is_refused() {
        check("", Refused::Shape);
        check("[]", Refused::Shape);
        check(
            r#"{"event":"candidateHired","triggeredAt":1767607215123.5,"token":"a"}"#,
            Refused::Shape,
        );
        check(
            &HIRED.replace("opportunityId", "somethingElse"),
            Refused::Shape,
        );
        check(&" ".repeat(MAX_BODY_BYTES + 1), Refused::TooLarge);
    }

    #[test]
    fn a_call_that_is_too_old_or_from_the_future_is_refused() {
        let late = |millis| {
            let now = Timestamp::from_millisecond(millis).unwrap();
            let tokens = [SigningToken::new(KEY)];
            judge(
                &Slug::parse("default").unwrap(),
                HIRED.as_bytes(),
                &tokens,
                SignedDuration::from_hours(120),
                now,
            )
        };
        assert!(late(1_767_607_215_123 + 120 * 3_600_000).is_ok());
        assert_eq!(
            late(1_767_607_215_123 + 120 * 3_600_000 + 1),
            Err(Refused::Stale)
        );
        assert_eq!(late(1_767_607_215_123 - 601_000), Err(Refused::Stale));
    }

    #[test]
    fn signing_tokens_print_redacted() {
        assert!(!format!("{:?}", SigningToken::new(KEY)).contains("ca55"));
    }
}
