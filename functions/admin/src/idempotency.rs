//! `Idempotency-Key`: the same key and request get the same answer for a day, another request with it is refused.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use sando_core::admin::answer::{Given, Reserved, reserve, settle};
use sando_core::ids::derive;

use crate::Api;
use crate::api::MAX_BODY;
use crate::auth::Caller;
use crate::body::unread;
use crate::problem::Problem;

/// What is kept in place of an answer that carries a secret.
#[derive(Clone)]
pub(crate) struct KeptInstead(pub(crate) String);

/// Answers a repeat from what was kept, and keeps what succeeds.
pub(crate) async fn idempotent(State(api): State<Api>, request: Request, next: Next) -> Response {
    let key = request.headers().get("idempotency-key").cloned();
    let caller = request.extensions().get::<Caller>().cloned();
    let (Some(key), Some(caller), &Method::POST) = (key, caller, request.method()) else {
        return next.run(request).await;
    };
    repeated(&api, &key, &caller, request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn repeated(
    api: &Api,
    key: &HeaderValue,
    caller: &Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| Problem::mistake("Idempotency-Key", "1 to 255 characters"))?;
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| unread(StatusCode::PAYLOAD_TOO_LARGE))?;
    let route = parts.uri.to_string();
    let content = String::from_utf8_lossy(&bytes).into_owned();
    let reserved = match reserve(&api.ports, &caller.actor, key, &[&route, &content]).await? {
        Reserved::Answered(given) => return Ok(again(given)),
        Reserved::Mine(reserved) => reserved,
    };
    let response = next
        .run(Request::from_parts(parts, Body::from(bytes)))
        .await;
    let (response, given) = taken(response).await?;
    if let Err(error) = settle(&api.ports, reserved, given).await {
        tracing::warn!(error = %error, idempotency.key = %derive(&[key]), "an answer could not be kept");
    }
    Ok(response)
}

/// The answer, and what of it is kept: only what succeeded.
async fn taken(response: Response) -> Result<(Response, Option<Given>), Problem> {
    let (parts, body) = response.into_parts();
    let streams = parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| !kind.as_bytes().starts_with(b"application/json"));
    if !parts.status.is_success() || streams && parts.status != StatusCode::NO_CONTENT {
        return Ok((Response::from_parts(parts, body), None));
    }
    let bytes = to_bytes(body, usize::MAX)
        .await
        .map_err(|_| unread(StatusCode::BAD_REQUEST))?;
    let kept = parts.extensions.get::<KeptInstead>();
    let body = kept.map_or_else(
        || String::from_utf8_lossy(&bytes).into_owned(),
        |kept| kept.0.clone(),
    );
    let headers = [header::ETAG, header::LOCATION, header::CONTENT_TYPE]
        .iter()
        .filter_map(|name| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        })
        .collect();
    // An item has room for so much; a larger answer is not kept, and its request not made again.
    let body = if body.len() > 300_000 {
        "{}".to_owned()
    } else {
        body
    };
    let given = Given {
        status: parts.status.as_u16(),
        headers,
        body,
    };
    Ok((Response::from_parts(parts, Body::from(bytes)), Some(given)))
}

fn again(given: Given) -> Response {
    let status = StatusCode::from_u16(given.status).unwrap_or(StatusCode::OK);
    let mut response = (status, given.body).into_response();
    for (name, value) in given.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
