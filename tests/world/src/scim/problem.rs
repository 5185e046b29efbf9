//! SCIM's error body (RFC 7644, section 3.12).

use axum::response::{IntoResponse, Response};
use hyper::{StatusCode, header};
use serde_json::{Value, json};

/// The media type of everything this application answers.
pub(super) const SCIM_JSON: &str = "application/scim+json";

/// A refused request: status, `scimType` and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) kind: Option<&'static str>,
    pub(super) detail: String,
}

impl Problem {
    /// 400 with this `scimType`.
    pub(super) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: Some(kind),
            detail: detail.into(),
        }
    }

    /// A status without a `scimType`.
    pub(super) fn plain(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.into(),
        }
    }

    /// 404 for this id.
    pub(super) fn missing(id: &str) -> Self {
        Self::plain(StatusCode::NOT_FOUND, format!("Resource {id} not found"))
    }

    /// 409 with `scimType` `uniqueness`.
    pub(super) fn taken(name: &str) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            kind: Some("uniqueness"),
            detail: format!("{name} is already in use"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if let (Some(kind), Some(fields)) = (self.kind, body.as_object_mut()) {
            fields.insert("scimType".to_owned(), json!(kind));
        }
        scim_json(self.status, &body)
    }
}

/// A body of SCIM's media type.
pub(super) fn scim_json(status: StatusCode, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, SCIM_JSON)];
    (status, kind, body.to_string()).into_response()
}
