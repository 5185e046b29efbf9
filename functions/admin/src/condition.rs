//! Conditional requests: `ETag`, `If-Match`, `If-None-Match`.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sando_core::admin::Expect;
use sando_core::store::Version;

use crate::Api;
use crate::problem::Problem;

/// What the caller demands of the version that is there.
pub(crate) struct IfMatch(pub(crate) Expect);

impl FromRequestParts<Api> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        Ok(Self(expected(&parts.headers)))
    }
}

fn expected(headers: &HeaderMap) -> Expect {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (Some("*"), _) => Expect::Present,
        (Some(tags), _) => Expect::OneOf(tags.split(',').filter_map(version).collect()),
        (None, Some("*")) => Expect::Absent,
        _ => Expect::Anything,
    }
}

/// A weak tag never matches (RFC 9110, 13.1.1).
fn version(tag: &str) -> Option<Version> {
    let number = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    number.parse().ok().map(Version)
}

/// The `ETag` of a version.
pub(crate) fn etag(version: Version) -> [(HeaderName, HeaderValue); 1] {
    let value = HeaderValue::from_str(&format!("\"{version}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"0\""));
    [(header::ETAG, value)]
}

/// The status of a put: was it there before?
pub(crate) fn put_status(is_new: bool) -> StatusCode {
    if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    }
}
