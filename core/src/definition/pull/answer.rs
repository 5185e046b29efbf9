//! What came back for a request, and how its body is read.

use std::fmt;

use serde_json::Value;

use super::{bounds, letters};
use crate::path::Needs;

/// More of a remote's words than is shown, by more characters than a secret has.
const LOOSELY: usize = 8_000;
/// Less of what is kept many times in a checkpoint, and still more than is shown.
const AMONG_MANY: usize = 2_000;

/// What came of a request.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// An answer, whatever its status.
    Answered(Answer),
    /// No answer.
    Failed(Fault),
}

/// An answer. `Debug` shows its status alone.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in any case; a name may stand several times.
    pub headers: Vec<(String, String)>,
    /// The body after decompression.
    pub body: Body,
    /// How many bytes the body had.
    pub bytes: u64,
    /// It was remembered (`PlannedRequest::cache`), not asked for.
    pub cached: bool,
}

/// The body of an answer.
#[derive(Clone)]
pub enum Body {
    /// As received.
    Bytes(Vec<u8>),
    /// Parsed already, as its request says ([`PlannedRequest::parsed`](super::PlannedRequest::parsed)).
    Json(Value),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({})", self.status)
    }
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// In words, without secrets.
    pub message: String,
}

/// What happened instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// No connection, or a broken one. Tried again.
    Connection,
    /// No whole answer within the time. Tried again.
    Timeout,
    /// More bytes than allowed.
    TooLarge,
    /// A redirect to another origin.
    Redirect,
    /// The guard does not let the request out.
    Refused,
    /// There is no valid token, and none could be got: the credentials are wrong.
    Credentials,
}

impl Answer {
    /// An answer with bytes.
    #[must_use]
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
            body: Body::Bytes(body),
            cached: false,
        }
    }

    /// The values of a header, in their order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a header.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Is there nothing in its body? Nothing is not `null`.
    pub(super) fn is_empty(&self) -> bool {
        let Body::Bytes(bytes) = &self.body else {
            return false;
        };
        without_mark(bytes).trim_ascii().is_empty()
    }

    /// The body as a text.
    pub(crate) fn text(&self) -> String {
        match &self.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::Json(value) => value.to_string(),
        }
    }

    /// The same with its body parsed, if it can be.
    ///
    /// Of answers that are no errors only what is needed is made.
    pub(crate) fn parsed(mut self, needs: Option<&Needs>) -> Self {
        let needs = needs.filter(|_| (200..300).contains(&self.status));
        if let Body::Bytes(bytes) = &self.body
            && !bytes.trim_ascii().is_empty()
            && let Ok(value) = parse(bytes, false, needs)
        {
            self.body = Body::Json(value);
        }
        self
    }

    /// The body as JSON; null where a 204 says that there is none.
    pub(crate) fn json(
        self,
        max_bytes: u64,
        max_depth: usize,
        needs: Option<&Needs>,
    ) -> Result<Value, String> {
        if self.bytes > max_bytes {
            return Err(format!("the answer has more than {max_bytes} bytes"));
        }
        if self.is_empty() {
            return match self.status {
                204 => Ok(Value::Null),
                _ => Err("the answer has nothing in it".to_owned()),
            };
        }
        let is_html = self
            .header("content-type")
            .is_some_and(|media_type| media_type.to_ascii_lowercase().contains("text/html"));
        let value = match self.body {
            Body::Json(value) => value,
            Body::Bytes(bytes) => parse(&bytes, is_html, needs)?,
        };
        if max_depth < 128 && is_deeper(&value, max_depth) {
            return Err(format!(
                "the answer is nested more than {max_depth} levels deep"
            ));
        }
        Ok(value)
    }

    /// What the application says about an error, as [`loosely`] bounded.
    pub(crate) fn words(&self) -> Option<String> {
        let text = match &self.body {
            Body::Json(value) => words(value, 0)?,
            Body::Bytes(bytes) => match parse(bytes, false, None) {
                Ok(value) => words(&value, 0)?,
                Err(_) if looks_like_html(bytes) => "a web page".to_owned(),
                Err(_) => {
                    String::from_utf8_lossy(bytes.get(..4 * LOOSELY).unwrap_or(bytes)).into_owned()
                }
            },
        };
        Some(loosely(&text)).filter(|text| !text.trim().is_empty())
    }
}

/// A remote's own words, of which far more are left than are shown: half a secret is none that a mask knows, so only
/// [`Certificate::mask`](super::Certificate::mask) cuts them.
pub(crate) fn loosely(text: &str) -> String {
    text.chars().take(LOOSELY).collect()
}

/// The beginning of a sentence with a remote's words that is kept among many: no word of it is cut, for it may be a secret.
pub(crate) fn among_many(text: &str) -> &str {
    let Some((end, _)) = text.char_indices().nth(AMONG_MANY) else {
        return text;
    };
    let (start, _) = text.split_at(end);
    start
        .rsplit_once(char::is_whitespace)
        .map_or("", |(words, _)| words)
}

/// Bounded, without control characters.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(longest)
        .collect();
    line.trim().to_owned()
}

/// Without the mark of UTF-8 that may stand in front.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

fn parse(bytes: &[u8], is_html: bool, needs: Option<&Needs>) -> Result<Value, String> {
    let bytes = without_mark(bytes);
    bounds::check(bytes)?;
    let read = |bytes: &[u8]| match needs {
        Some(needs) => needs.parse(bytes),
        None => serde_json::from_slice(bytes),
    };
    let parsed = read(bytes).or_else(|error| match letters::whole(bytes) {
        Some(mended) => read(&mended),
        None => Err(error),
    });
    parsed.map_err(|error| {
        if is_html || looks_like_html(bytes) {
            "the answer is a web page, not JSON: perhaps a login page".to_owned()
        } else if bytes.trim_ascii_start().starts_with(b"<") {
            "the answer is XML, not JSON: ask for JSON with `headers`".to_owned()
        } else if std::str::from_utf8(bytes).is_err() {
            "the answer is not UTF-8".to_owned()
        } else if error.is_eof() {
            "the answer ends in the middle of its JSON".to_owned()
        } else {
            format!("the answer is not JSON: {error}")
        }
    })
}

fn looks_like_html(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let start = start
        .get(..start.len().min(14))
        .unwrap_or_default()
        .to_ascii_lowercase();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(map) => levels == 0 || map.values().any(|item| is_deeper(item, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Where an answer says at its top why it is not what it should be.
pub(super) const SAID: [&str; 6] = [
    "errors",
    "error",
    "error_description",
    "error_message",
    "message",
    "detail",
];

/// Why an answer is not what it should be, as it says itself.
pub(super) fn said(answer: &Value) -> Option<String> {
    let words = SAID.iter().find_map(|key| words(answer.get(key)?, 1))?;
    Some(loosely(&words))
}

/// The sentence in an error body.
pub(super) fn words(body: &Value, depth: usize) -> Option<String> {
    const KEYS: [&str; 10] = [
        "detail",
        "message",
        "error_description",
        "error_message",
        "error",
        "errors",
        "title",
        "reason",
        "description",
        "code",
    ];
    if depth > 4 {
        return None;
    }
    match body {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Object(map) => KEYS
            .iter()
            .find_map(|key| map.get(*key).and_then(|value| words(value, depth + 1))),
        Value::Array(items) => items.first().and_then(|item| words(item, depth + 1)),
        Value::Number(number) if depth > 0 => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
