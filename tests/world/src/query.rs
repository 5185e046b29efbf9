//! Query parameters, repeated ones included.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use hyper::http::request::Parts;
use url::form_urlencoded;

/// The parameters of a request's query in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=1&b=2`, with or without percent-encoding.
    pub(crate) fn parse(query: &str) -> Self {
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The first value of `name`.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| is_named(key, name));
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of `name`; `name[]` counts as well.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fitting = self.0.iter().filter(move |(key, _)| is_named(key, name));
        fitting.map(|(_, value)| value.as_str())
    }
}

fn is_named(key: &str, name: &str) -> bool {
    key.strip_suffix("[]").unwrap_or(key) == name
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}
