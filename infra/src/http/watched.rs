//! Token requests written down for a test: as they went out and came back, with every secret masked.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderMap, Method};
use sando_core::definition::Method as Planned;
use sando_core::ports::{Exchange, RemoteError};
use serde_json::Value;
use url::Url;

use super::{Answer, Mask};

/// What of a token answer is no secret.
const OPEN: [&str; 6] = [
    "token_type",
    "expires_in",
    "scope",
    "error",
    "error_description",
    "message",
];

/// A request that is about to go out.
pub(super) fn going_out(
    method: &Method,
    url: &Url,
    headers: &HeaderMap,
    body: Option<&[u8]>,
    mask: &Mask,
) -> Exchange {
    Exchange {
        purpose: "token",
        method: if *method == Method::GET {
            Planned::Get
        } else {
            Planned::Post
        },
        url: mask.apply(url.as_str()),
        headers: shown(headers, mask),
        sent: body.map(|body| mask.apply(&String::from_utf8_lossy(body))),
        status: None,
        fault: None,
        answered: BTreeMap::new(),
        took_ms: 0,
        bytes: 0,
        body: String::new(),
    }
}

/// Headers without secrets.
fn shown(headers: &HeaderMap, mask: &Mask) -> BTreeMap<String, String> {
    let shown = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), mask.apply(&value))
    });
    shown.collect()
}

/// The same with what came of it. Of a token answer only what is no secret is shown: a token that was just made is in no mask
/// yet.
pub(super) fn came_back(
    mut exchange: Exchange,
    result: &Result<Answer, RemoteError>,
    took: Duration,
) -> Exchange {
    exchange.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(answer) => {
            exchange.status = Some(answer.status());
            exchange.bytes = answer.body().len();
            exchange.body = match answer.json() {
                Ok(body) => answer.mask.apply(&hidden(body, 0).to_string()),
                Err(_) if answer.is_success() => "(not shown)".to_owned(),
                Err(_) => answer.message(),
            };
        }
        Err(error) => exchange.fault = Some(error.to_string()),
    }
    exchange
}

/// A body with stars for every value that may be a secret.
fn hidden(body: Value, depth: usize) -> Value {
    match body {
        Value::Object(fields) if depth < 4 => {
            let fields = fields.into_iter().map(|(name, value)| {
                let is_open = OPEN.contains(&name.as_str()) && !value.is_object();
                let value = if is_open {
                    value
                } else {
                    hidden(value, depth + 1)
                };
                (name, value)
            });
            Value::Object(fields.collect())
        }
        Value::Null | Value::Bool(_) => body,
        _ => Value::from("***"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_token_answer_only_what_is_no_secret_is_shown() {
        let body = json!({
            "access_token": "at-1", "token_type": "Bearer", "expires_in": 3600, "scope": "read",
            "data": { "session": "s-1", "ok": true }, "list": ["s-2"], "id": 7
        });

        let shown = hidden(body, 0);

        assert_eq!(
            shown,
            json!({
                "access_token": "***", "token_type": "Bearer", "expires_in": 3600, "scope": "read",
                "data": { "session": "***", "ok": true }, "list": "***", "id": "***"
            })
        );
    }
}
