//! What comes in: bodies, ids in paths, queries; what cannot be read is a problem with its place.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use sando_core::account::name_of;
use sando_core::company::read;
use sando_core::definition::Source;
use sando_core::ids::{IdError, Slug};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Api;
use crate::problem::Problem;

/// A JSON body, or a YAML one where its `Content-Type` says so. No body is an empty object.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Api) -> Result<Self, Problem> {
        let is_yaml = is_yaml(request.headers());
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unread(rejection.status()))?;
        let value = if is_yaml {
            parse_yaml(&bytes)?
        } else {
            parse(&bytes)?
        };
        read(&value)
            .map(Self)
            .map_err(|mistakes| Problem::invalid(&mistakes))
    }
}

/// A text, such as CSV.
pub(crate) struct Text(pub(crate) String);

impl FromRequest<Api> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Api) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unread(rejection.status()))?;
        let text = String::from_utf8(bytes.to_vec());
        text.map(Self).map_err(|_| {
            let why = "the body is not UTF-8";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_text", why)
        })
    }
}

fn is_yaml(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/yaml") || kind.eq_ignore_ascii_case("text/yaml")
}

fn parse_yaml(bytes: &[u8]) -> Result<Value, Problem> {
    let invalid = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "invalid_yaml", detail);
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| invalid("the body is not UTF-8".to_owned()))?;
    let source = Source::parse(text);
    let source = source.map_err(|mistake| invalid(mistake.to_string()))?;
    Ok(source.value().clone())
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            format!(
                "the body is not JSON: line {} column {}",
                error.line(),
                error.column()
            ),
        )
    })
}

/// A body that could not be read: too large, or cut off.
pub(crate) fn unread(status: StatusCode) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(status, "too_large", "a body has at most 1 MiB");
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "unreadable_body",
        "the body could not be read to its end",
    )
}

/// What stands in the path. What is no id of its kind names nothing.
pub(crate) struct InPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Api) -> Result<Self, Problem> {
        let Path(inner) = Path::<T>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found("there is nothing of this name"))?;
        Ok(Self(inner))
    }
}

/// The name of an account in the path; its case does not matter.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AccountName(pub(crate) Slug);

impl TryFrom<String> for AccountName {
    type Error = IdError;

    fn try_from(written: String) -> Result<Self, IdError> {
        name_of(&written).map(Self)
    }
}

/// The query.
pub(crate) struct InQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Api) -> Result<Self, Problem> {
        let Query(inner) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::mistake("query", rejection.body_text()))?;
        Ok(Self(inner))
    }
}

/// A person's or object's name in a problem is never repeated: only that it is not of its kind.
pub(crate) fn word<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_value(Value::from(text))
        .map_err(|error| Problem::mistake(name, error.to_string()))
}
