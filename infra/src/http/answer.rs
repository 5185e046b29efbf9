//! What a remote answered.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use jiff::{Timestamp, fmt::rfc2822};
use sando_core::ports::RemoteError;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Mask, error::unreadable};

/// A status with headers and a body that was read to its end. `Debug` shows the status and the size.
#[derive(Clone)]
pub struct Answer {
    pub(super) remote: String,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) mask: Mask,
}

impl Answer {
    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// 2xx, but not the part of something (206).
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.is_success() && self.status != StatusCode::PARTIAL_CONTENT
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body after decompression.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body after decompression, without a copy.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body.into()
    }

    /// The body as JSON, at most 128 levels deep.
    ///
    /// # Errors
    /// `Unreadable`, with the place but without the content.
    pub fn json(&self) -> Result<Value, RemoteError> {
        self.parse()
    }

    /// The body as JSON of a known shape; what the shape does not know is dropped.
    ///
    /// # Errors
    /// As [`Answer::json`].
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, RemoteError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde's own text may quote the value.
            let what = if self.body.is_empty() {
                "it is empty".to_owned()
            } else if self.is_html() {
                "it is a web page".to_owned()
            } else if error.is_data() {
                format!(
                    "it has another shape at line {} column {}",
                    error.line(),
                    error.column()
                )
            } else {
                format!(
                    "it is no JSON, or nested too deeply, at line {} column {}",
                    error.line(),
                    error.column()
                )
            };
            unreadable(&self.remote, what)
        })
    }

    /// The answer itself if it is a success.
    ///
    /// # Errors
    /// `Busy` for 429 and for a 503 that names a time, `Refused` for any other status.
    pub fn checked(self) -> Result<Self, RemoteError> {
        if self.is_success() {
            return Ok(self);
        }
        let retry_after = self.retry_after();
        let busy = self.status == StatusCode::TOO_MANY_REQUESTS
            || self.status == StatusCode::SERVICE_UNAVAILABLE && retry_after.is_some();
        Err(if busy {
            RemoteError::Busy {
                remote: self.remote,
                retry_after,
            }
        } else {
            RemoteError::Refused {
                status: self.status(),
                message: self.message(),
                remote: self.remote,
            }
        })
    }

    /// The wait that `Retry-After` names: seconds, or a date (against the answer's own `Date`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header(header::RETRY_AFTER.as_str())?.trim();
        if let Ok(secs) = text.parse::<f64>() {
            return Duration::try_from_secs_f64(secs).ok();
        }
        let named = http_date(text)?;
        let sent = http_date(self.header(header::DATE.as_str())?)?;
        Some(Duration::try_from(named.duration_since(sent)).unwrap_or_default())
    }

    /// The remote's own words about an error: bounded, masked, without addresses and control characters.
    #[must_use]
    pub fn message(&self) -> String {
        let told = serde_json::from_slice::<Value>(&self.body)
            .ok()
            .and_then(|body| words(&body));
        let text = match told {
            Some(text) => text,
            None if self.body.is_empty() => "no further words".to_owned(),
            None if self.is_html() => "a web page".to_owned(),
            None => String::from_utf8_lossy(&self.body).into_owned(),
        };
        self.mask.clean(&text)
    }

    fn is_html(&self) -> bool {
        let declared = self
            .header(header::CONTENT_TYPE.as_str())
            .is_some_and(|media_type| media_type.contains("text/html"));
        let start = self.body.trim_ascii_start();
        declared || start.starts_with(b"<!") || start.starts_with(b"<html")
    }
}

/// The sentence in an error body: SCIM's `detail`, problem+json's `title`, and what else is usual.
fn words(body: &Value) -> Option<String> {
    const KEYS: [&str; 8] = [
        "detail",
        "message",
        "error_description",
        "error",
        "errors",
        "title",
        "reason",
        "code",
    ];
    match body {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Object(map) => KEYS.iter().find_map(|key| map.get(*key).and_then(words)),
        Value::Array(items) => items.first().and_then(words),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).ok().map(|date| date.timestamp())
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Answer({} of {}, {} bytes)",
            self.status,
            self.remote,
            self.body.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        Answer {
            remote: "acme".to_owned(),
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
            body: Bytes::from(body.to_owned()),
            mask: Mask::default().with(["s3cret"]),
        }
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        let wait = |headers: &[(&'static str, &'static str)]| {
            answer(429, headers, "")
                .retry_after()
                .map(|wait| wait.as_secs())
        };
        let date = ("date", "Sat, 21 Nov 2026 20:00:00 GMT");

        assert_eq!(wait(&[("retry-after", "7")]), Some(7));
        assert_eq!(wait(&[("retry-after", "-7")]), None);
        let later = ("retry-after", "Sat, 21 Nov 2026 20:01:30 GMT");
        assert_eq!(wait(&[later, date]), Some(90));
        let before = ("retry-after", "Sat, 21 Nov 2026 19:01:30 GMT");
        assert_eq!(wait(&[before, date]), Some(0));
        assert_eq!(wait(&[later]), None);
    }

    #[test]
    fn a_remote_s_words_are_found_and_masked() {
        let message = |body: &str| answer(400, &[], body).message();

        assert_eq!(
            message(r#"{"schemas":[],"detail":"bad s3cret"}"#),
            "bad ***"
        );
        assert_eq!(
            message(r#"{"error":{"message":"no such plan"}}"#),
            "no such plan"
        );
        assert_eq!(message(r#"{"errors":[{"title":"first"}]}"#), "first");
        assert_eq!(message("<html>x</html>"), "a web page");
        assert_eq!(message(""), "no further words");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_place_only() {
        let error = answer(200, &[], r#"{"name": Ada}"#).json().unwrap_err();
        assert!(!error.to_string().contains("Ada"), "{error}");

        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(answer(200, &[], &deep).json().is_err());
        let fine = format!("{}{}", "[".repeat(120), "]".repeat(120));
        assert!(answer(200, &[], &fine).json().is_ok());
    }

    #[test]
    fn a_part_of_an_answer_is_no_success() {
        assert!(answer(206, &[], "{}").checked().is_err());
    }
}
