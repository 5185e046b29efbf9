//! What Lever answers when it refuses: `{"code", "message"}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use serde_json::json;

/// A request that Lever does not fulfil.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A missing or malformed parameter.
    BadRequest(String),
    /// No or a wrong key.
    Unauthorized,
    /// The key may not do this.
    Forbidden(String),
    /// An unknown object or path.
    NotFound(String),
    /// The bucket is empty.
    TooMany,
}

impl Refusal {
    /// "`kind` `id` was not found".
    pub(super) fn missing(kind: &str, id: &str) -> Self {
        Self::NotFound(format!("{kind} {id} was not found"))
    }

    fn parts(self) -> (StatusCode, &'static str, String) {
        match self {
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, "BadRequestError", message),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "UnauthorizedError",
                "The request requires authentication.".to_owned(),
            ),
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, "ForbiddenError", message),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, "ResourceNotFound", message),
            Self::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequests",
                "Rate limit exceeded.".to_owned(),
            ),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        (status, Json(json!({ "code": code, "message": message }))).into_response()
    }
}
