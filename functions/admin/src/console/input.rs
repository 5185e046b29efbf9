//! What stands in the address: ids and queries; what cannot be read is a page that says so.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Api;
use crate::body::{InPath, InQuery};

use super::refusal::Refusal;

/// What stands in the path.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for At<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Api) -> Result<Self, Refusal> {
        let InPath(inner) = InPath::from_request_parts(parts, state).await?;
        Ok(Self(inner))
    }
}

/// The query.
pub(super) struct Asks<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Asks<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Api) -> Result<Self, Refusal> {
        let InQuery(inner) = InQuery::from_request_parts(parts, state).await?;
        Ok(Self(inner))
    }
}
