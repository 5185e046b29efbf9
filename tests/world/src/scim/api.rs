//! The SCIM endpoints over HTTP (RFC 7644, section 3).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State as Shared};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::app::App;
use super::discovery;
use super::filter::Filter;
use super::patch;
use super::path::Attributes;
use super::problem::{Problem, scim_json};
use super::store::{Kind, Resource, Store};
use crate::locked;
use crate::query::Params;

type Sim = Shared<Arc<App>>;
type Answer = Result<Response, Problem>;

/// What every cursor begins with; the empty one is the first.
const CURSOR: &str = "after-";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// The router of the whole application.
pub(super) fn router(app: Arc<App>) -> Router {
    let scim = Router::new()
        .route("/ServiceProviderConfig", get(provider_config))
        .route("/ResourceTypes", get(resource_types))
        .route("/Schemas", get(schemas))
        .route("/Bulk", any(unsupported))
        .route("/Me", any(unsupported))
        .route("/{endpoint}", get(list).post(create))
        .route(
            "/{endpoint}/{id}",
            get(read).put(replace).patch(modify).delete(remove),
        )
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard));
    Router::new()
        .nest(&app.options.path, scim)
        .route("/control/users", get(control_users))
        .with_state(app)
}

/// Latency and the bearer token.
async fn guard(Shared(app): Sim, request: Request, next: Next) -> Response {
    tokio::time::sleep(app.options.latency).await;
    let expected = format!("Bearer {}", app.options.token);
    let given = request.headers().get(header::AUTHORIZATION);
    if given.is_none_or(|given| given.as_bytes() != expected.as_bytes()) {
        let mut refused =
            Problem::plain(StatusCode::UNAUTHORIZED, "a bearer token is needed").into_response();
        let scheme = HeaderValue::from_static("Bearer");
        refused
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
        return refused;
    }
    next.run(request).await
}

async fn provider_config(Shared(app): Sim) -> Response {
    scim_json(StatusCode::OK, &discovery::provider_config(&app.options))
}

async fn resource_types() -> Response {
    everything(discovery::resource_types())
}

async fn schemas() -> Response {
    everything(discovery::schemas())
}

async fn unsupported() -> Problem {
    Problem::plain(StatusCode::NOT_IMPLEMENTED, "not supported")
}

async fn unknown(request: Request) -> Problem {
    Problem::plain(
        StatusCode::NOT_FOUND,
        format!("{} does not exist", request.uri().path()),
    )
}

async fn control_users(Shared(app): Sim) -> Json<Value> {
    Json(json!(app.users()))
}

async fn list(Shared(app): Sim, Path(endpoint): Path<String>, params: Params) -> Answer {
    let kind = kind_of(&endpoint)?;
    let filter = match params.one("filter") {
        None => None,
        Some(_) if !app.options.filter => {
            return Err(Problem::bad("invalidFilter", "filters are not supported"));
        }
        Some(text) => Some(
            Filter::parse(text)
                .ok_or_else(|| Problem::bad("invalidFilter", format!("{text} is not supported")))?,
        ),
    };
    let before = match app.options.cursors {
        true => cursor(&params)?,
        false => number(&params, "startIndex")?.unwrap_or(1).max(1) - 1,
    };
    let count = number(&params, "count")?.unwrap_or(app.options.max_page);
    let store = locked(&app.store);
    let fitting: Vec<&Resource> = store
        .resources
        .iter()
        .filter(|one| one.kind == kind && one.made.is_visible())
        .filter(|one| {
            filter
                .as_ref()
                .is_none_or(|filter| filter.accepts(&one.attributes))
        })
        .collect();
    let total = fitting.len();
    let page: Vec<Attributes> = fitting
        .into_iter()
        .skip(before)
        .take(count.min(app.options.max_page))
        .map(|resource| narrowed(app.shown(&store, resource), &params))
        .collect();
    let after = before + page.len();
    let mut body = json!({
        "schemas": [LIST], "totalResults": total, "itemsPerPage": page.len(), "Resources": page,
    });
    let place = match app.options.cursors {
        false => Some(("startIndex", json!(before + 1))),
        true => (after < total).then(|| ("nextCursor", json!(format!("{CURSOR}{after}")))),
    };
    if let (Some(fields), Some((name, value))) = (body.as_object_mut(), place) {
        fields.insert(name.to_owned(), value);
    }
    Ok(scim_json(StatusCode::OK, &body))
}

async fn create(Shared(app): Sim, Path(endpoint): Path<String>, body: Bytes) -> Answer {
    let kind = kind_of(&endpoint)?;
    let body = resource_body(kind, &body)?;
    let mut store = locked(&app.store);
    let now = app.clock.now_ms();
    let made = store.create(&app.options, &app.chance, now, kind, body)?;
    Ok(app.answer(StatusCode::CREATED, &store, &made, &Params::default()))
}

async fn read(
    Shared(app): Sim,
    Path((endpoint, id)): Path<(String, String)>,
    params: Params,
    headers: HeaderMap,
) -> Answer {
    let kind = kind_of(&endpoint)?;
    let store = locked(&app.store);
    let found = store
        .find(kind, &id)
        .filter(|found| found.made.is_visible());
    let found = found.ok_or_else(|| Problem::missing(&id))?;
    if app.options.etags && names_version(&headers, header::IF_NONE_MATCH, found) == Some(true) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(app.answer(StatusCode::OK, &store, found, &params))
}

async fn replace(
    Shared(app): Sim,
    Path((endpoint, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let kind = kind_of(&endpoint)?;
    let body = resource_body(kind, &body)?;
    let mut store = locked(&app.store);
    app.check_version(&mut store, kind, &id, &headers)?;
    let changed = store.replace(&app.options, app.clock.now_ms(), kind, &id, body)?;
    Ok(app.answer(StatusCode::OK, &store, &changed, &Params::default()))
}

async fn modify(
    Shared(app): Sim,
    Path((endpoint, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let kind = kind_of(&endpoint)?;
    if !app.options.patch {
        return Err(unsupported().await);
    }
    let operations = patch::parse(&json_of(&body)?)?;
    let mut store = locked(&app.store);
    app.check_version(&mut store, kind, &id, &headers)?;
    let changed = store.patch(&app.options, app.clock.now_ms(), kind, &id, operations)?;
    Ok(app.answer(StatusCode::OK, &store, &changed, &Params::default()))
}

async fn remove(
    Shared(app): Sim,
    Path((endpoint, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let kind = kind_of(&endpoint)?;
    let mut store = locked(&app.store);
    app.check_version(&mut store, kind, &id, &headers)?;
    store.delete(kind, &id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl App {
    fn answer(
        &self,
        status: StatusCode,
        store: &Store,
        resource: &Resource,
        params: &Params,
    ) -> Response {
        let shown = narrowed(self.shown(store, resource), params);
        let location = shown
            .get("meta")
            .and_then(|meta| meta.get("location"))
            .and_then(Value::as_str);
        let location = location.and_then(|location| HeaderValue::from_str(location).ok());
        let mut response = scim_json(status, &Value::Object(shown));
        if let Some(location) = location {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let (true, Ok(tag)) = (self.options.etags, HeaderValue::from_str(&etag(resource))) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }

    /// 404 if there is no such resource, 412 if the client saw another version.
    fn check_version(
        &self,
        store: &mut Store,
        kind: Kind,
        id: &str,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        store.meddle_with(kind, id);
        let found = store.find(kind, id).ok_or_else(|| Problem::missing(id))?;
        if self.options.etags && names_version(headers, header::IF_MATCH, found) == Some(false) {
            return Err(Problem::plain(
                StatusCode::PRECONDITION_FAILED,
                "the version has changed",
            ));
        }
        Ok(())
    }
}

/// The weak ETag of a resource's version.
pub(super) fn etag(resource: &Resource) -> String {
    format!("W/\"{}\"", resource.version)
}

/// Whether the header names the resource's version; `None` without the header.
fn names_version(
    headers: &HeaderMap,
    name: header::HeaderName,
    resource: &Resource,
) -> Option<bool> {
    let given = headers.get(name)?.to_str().ok()?;
    let own = etag(resource);
    Some(
        given
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag == own),
    )
}

fn kind_of(endpoint: &str) -> Result<Kind, Problem> {
    match endpoint {
        "Users" => Ok(Kind::User),
        "Groups" => Ok(Kind::Group),
        other => Err(Problem::plain(
            StatusCode::NOT_FOUND,
            format!("{other} does not exist"),
        )),
    }
}

fn everything(resources: Vec<Value>) -> Response {
    let body = json!({
        "schemas": [LIST], "totalResults": resources.len(), "startIndex": 1,
        "itemsPerPage": resources.len(), "Resources": resources,
    });
    scim_json(StatusCode::OK, &body)
}

/// A whole number; negative ones count as zero.
fn number(params: &Params, name: &str) -> Result<Option<usize>, Problem> {
    let Some(text) = params.one(name) else {
        return Ok(None);
    };
    let value: i64 = text
        .parse()
        .map_err(|_| Problem::bad("invalidValue", format!("{name} is not a number")))?;
    Ok(Some(usize::try_from(value.max(0)).unwrap_or(usize::MAX)))
}

/// How many come before the page that a cursor names (RFC 9865, section 2).
fn cursor(params: &Params) -> Result<usize, Problem> {
    let refused = |why: &str| Err(Problem::bad("invalidCursor", why));
    match (params.one("cursor"), params.one("startIndex")) {
        (_, Some(_)) => refused("lists come by cursor, not by index"),
        (None | Some(""), None) => Ok(0),
        (Some(text), None) => match text.strip_prefix(CURSOR).map(str::parse) {
            Some(Ok(before)) => Ok(before),
            _ => refused("no such cursor"),
        },
    }
}

fn json_of(bytes: &Bytes) -> Result<Value, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|_| Problem::bad("invalidSyntax", "the body is not valid JSON"))
}

fn resource_body(kind: Kind, bytes: &Bytes) -> Result<Attributes, Problem> {
    let Value::Object(body) = json_of(bytes)? else {
        return Err(Problem::bad("invalidSyntax", "the body is not an object"));
    };
    let schemas = body.get("schemas").and_then(Value::as_array);
    let named = schemas.is_some_and(|schemas| schemas.iter().any(|one| one == kind.schema()));
    if !named {
        return Err(Problem::bad(
            "invalidSyntax",
            format!("schemas lacks {}", kind.schema()),
        ));
    }
    Ok(body)
}

/// Applies `attributes` and `excludedAttributes` to the top level.
fn narrowed(mut shown: Attributes, params: &Params) -> Attributes {
    let names = |list: Option<&str>| -> Vec<String> {
        let names = list.unwrap_or_default().split(',');
        names
            .map(|name| name.trim().to_lowercase())
            .filter(|name| !name.is_empty())
            .collect()
    };
    let (wanted, excluded) = (
        names(params.one("attributes")),
        names(params.one("excludedAttributes")),
    );
    shown.retain(|name, _| {
        let name = name.to_lowercase();
        let top = |other: &String| other.split('.').next() == Some(name.as_str());
        let always = name == "id" || name == "schemas";
        always || ((wanted.is_empty() || wanted.iter().any(top)) && !excluded.contains(&name))
    });
    shown
}
