//! Forms: what was filled in, and the check that a form is ours. Every POST passes here before its handler.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sando_core::admin::answer::{Given, Reserved, reserve, settle};
use sando_core::admin::api_key::is_same;
use url::form_urlencoded;

use crate::Api;
use crate::api::MAX_BODY;
use crate::body::unread;

use super::layout::done;
use super::refusal::Refusal;
use super::visitor::Visitor;
use super::words::Said;

/// The most fields of a form.
const MOST: usize = 6_000;

/// What was filled in. Never printed: there may be credentials in it.
#[derive(Clone, Default)]
pub(super) struct Form(Arc<Vec<(String, String)>>);

impl Form {
    fn parse(bytes: &[u8]) -> Self {
        let fields = form_urlencoded::parse(bytes).take(MOST);
        let fields = fields.map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(Arc::new(fields.collect()))
    }

    /// Is everything there that was sent?
    pub(super) fn is_whole(&self) -> bool {
        self.0.len() < MOST
    }

    /// The value of a field without blanks around it; empty if it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// The value of a field as it was typed; none if the form does not have it.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The names of all fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Every value of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.iter().filter(move |(known, _)| known == name);
        fields.map(|(_, value)| value.as_str())
    }

    /// The fields whose names begin so, by the rest of their names, without those left empty.
    pub(super) fn under(&self, prefix: &str) -> BTreeMap<String, String> {
        let filled = self.0.iter().filter(|(_, value)| !value.is_empty());
        filled
            .filter_map(|(name, value)| {
                let rest = name.strip_prefix(prefix)?;
                Some((rest.to_owned(), value.clone()))
            })
            .collect()
    }
}

impl FromRequestParts<Api> for Form {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Refusal> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// What whoever sends a form again gets, where the first answer is for once only.
#[derive(Clone, Copy)]
pub(super) struct Again {
    /// Where they go.
    pub(super) to: &'static str,
    /// What is said there.
    pub(super) said: Said,
}

/// Lets a form through only if it is ours: sent from our own page, with the token of whoever is signed in. The same
/// form sent twice gets the first answer again.
pub(super) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    guarded(&api, request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn guarded(api: &Api, request: Request, next: Next) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    if !is_ours(&parts.headers) {
        return Err(Refusal::Foreign("the form was sent from another site"));
    }
    let bytes = to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| unread(StatusCode::PAYLOAD_TOO_LARGE))?;
    let form = Form::parse(&bytes);
    let visitor = parts.extensions.get::<Visitor>().cloned();
    if let Some(visitor) = &visitor
        && !is_same(form.get("csrf"), &visitor.csrf)
    {
        return Err(Refusal::Foreign("the form is not of this session"));
    }
    let key = form.get("once").to_owned();
    parts.extensions.insert(form);
    let route = parts.uri.path().to_owned();
    let request = Request::from_parts(parts, Body::empty());
    let (Some(visitor), false) = (visitor, key.is_empty() || key.len() > 64) else {
        return Ok(next.run(request).await);
    };
    let content = String::from_utf8_lossy(&bytes);
    let actor = &visitor.caller.actor;
    let reserved = match reserve(&api.ports, actor, &key, &[&route, &content]).await? {
        Reserved::Answered(given) => return Ok(again(&given)),
        Reserved::Mine(reserved) => reserved,
    };
    let mut response = next.run(request).await;
    let given = match response.extensions_mut().remove::<Again>() {
        Some(again) => Some(kept(done(again.to, again.said).headers())),
        None => (response.status() == StatusCode::SEE_OTHER).then(|| kept(response.headers())),
    };
    if let Err(error) = settle(&api.ports, reserved, given).await {
        tracing::warn!(%error, "an answer of the console could not be kept");
    }
    Ok(response)
}

/// A form of a browser names its origin; it must be the host that it is sent to.
fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    match (origin, text(header::HOST)) {
        (Some((_, from)), Some(host)) => from.eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn kept(headers: &HeaderMap) -> Given {
    let kept = [header::LOCATION, header::SET_COOKIE].into_iter();
    let kept = kept.filter_map(|name| {
        let value = headers.get(&name)?.to_str().ok()?.to_owned();
        Some((name.to_string(), value))
    });
    Given {
        status: StatusCode::SEE_OTHER.as_u16(),
        headers: kept.collect(),
        body: String::new(),
    }
}

fn again(given: &Given) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    for (name, value) in &given.headers {
        if let (Ok(name), Ok(value)) = (
            http::HeaderName::try_from(name),
            HeaderValue::try_from(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
