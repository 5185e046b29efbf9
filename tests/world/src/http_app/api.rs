//! The members' API and the places that record what is posted to them.

use std::sync::Arc;

use axum::extract::{FromRequest, Path, Request, State as Shared};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::app::{App, Member, Received};
use crate::locked;
use crate::query::Params;
use crate::visibility::Made;

type Sim = Shared<Arc<App>>;
type Answer = Result<Json<Member>, StatusCode>;

/// The router of the whole application.
pub(super) fn router(app: Arc<App>) -> Router {
    let members = Router::new()
        .route("/members", get(find).post(create))
        .route("/members/{id}", patch(update).get(read).delete(remove))
        .route("/members/{id}/suspend", post(suspend))
        .route("/members/{id}/restore", post(restore))
        .route("/members/{id}/logout", post(logout))
        .route("/members/{id}/seat", put(assign).delete(release))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard));
    Router::new()
        .merge(members)
        .route("/enrol", post(enrol))
        .route("/hook/{name}", post(hook))
        .route("/control/users", get(control_users))
        .with_state(app)
}

async fn guard(Shared(app): Sim, request: Request, next: Next) -> Response {
    let given = request.headers().get("x-api-key");
    if given.is_none_or(|given| given.as_bytes() != app.options.api_key.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

impl App {
    fn change(&self, id: &str, change: impl FnOnce(&mut Member)) -> Answer {
        let mut store = locked(&self.store);
        let mut all = store.members.iter_mut().map(|(_, member)| member);
        let member = all.find(|member| member.id == id);
        let member = member.ok_or(StatusCode::NOT_FOUND)?;
        change(member);
        Ok(Json(member.clone()))
    }

    fn record(&self, name: &str, request: Posted) -> StatusCode {
        locked(&self.store).received.push(Received {
            name: name.to_owned(),
            body: request.body,
            idempotency_key: request.idempotency_key,
        });
        StatusCode::OK
    }
}

async fn find(Shared(app): Sim, params: Params) -> Json<Value> {
    let wanted = params.one("email");
    let store = locked(&app.store);
    let visible = store.members.iter().filter(|(made, _)| made.is_visible());
    let fitting = visible
        .map(|(_, member)| member)
        .filter(|member| wanted.is_none_or(|email| member.email.eq_ignore_ascii_case(email)));
    Json(json!({ "members": fitting.collect::<Vec<_>>() }))
}

async fn create(
    Shared(app): Sim,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Member>), StatusCode> {
    let email = body
        .get("email")
        .and_then(Value::as_str)
        .filter(|email| email.contains('@'));
    let email = email.ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    let member = app.new_member(email, text(&body, "role"));
    let mut store = locked(&app.store);
    let is_same = |other: &Member| other.email.eq_ignore_ascii_case(email);
    if app.options.unique && store.members.iter().any(|(_, other)| is_same(other)) {
        return Err(StatusCode::CONFLICT);
    }
    store.creates += 1;
    store
        .members
        .push((Made::now(app.options.invisible_for), member.clone()));
    Ok((StatusCode::CREATED, Json(member)))
}

async fn read(Shared(app): Sim, Path(id): Path<String>) -> Answer {
    let store = locked(&app.store);
    let mut visible = store.members.iter().filter(|(made, _)| made.is_visible());
    let found = visible.find(|(_, member)| member.id == id);
    found
        .map(|(_, member)| Json(member.clone()))
        .ok_or(StatusCode::NOT_FOUND)
}

async fn update(Shared(app): Sim, Path(id): Path<String>, Json(body): Json<Value>) -> Answer {
    app.change(&id, |member| {
        if let Some(role) = text(&body, "role") {
            member.role = Some(role);
        }
        if let Some(email) = text(&body, "email") {
            member.email = email;
        }
    })
}

async fn remove(Shared(app): Sim, Path(id): Path<String>) -> StatusCode {
    if app.remove(&id) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn suspend(Shared(app): Sim, Path(id): Path<String>) -> Answer {
    app.change(&id, |member| member.state = "suspended")
}

async fn restore(Shared(app): Sim, Path(id): Path<String>) -> Answer {
    app.change(&id, |member| member.state = "active")
}

async fn logout(Shared(app): Sim, Path(id): Path<String>) -> Answer {
    app.change(&id, |member| member.logouts += 1)
}

async fn assign(Shared(app): Sim, Path(id): Path<String>, Json(body): Json<Value>) -> Answer {
    let plan = text(&body, "plan").ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    app.change(&id, |member| member.plan = Some(plan))
}

/// 404 as well if there is no seat to release.
async fn release(Shared(app): Sim, Path(id): Path<String>) -> Result<StatusCode, StatusCode> {
    let mut released = None;
    let Json(_without) = app.change(&id, |member| released = member.plan.take())?;
    released
        .map(|_| StatusCode::NO_CONTENT)
        .ok_or(StatusCode::NOT_FOUND)
}

async fn enrol(Shared(app): Sim, request: Posted) -> StatusCode {
    app.record("enrol", request)
}

async fn hook(Shared(app): Sim, Path(name): Path<String>, request: Posted) -> StatusCode {
    app.record(&name, request)
}

async fn control_users(Shared(app): Sim) -> Json<Vec<Member>> {
    Json(app.members())
}

/// A recorded request's body and key.
struct Posted {
    body: Value,
    idempotency_key: Option<String>,
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let key = request.headers().get("idempotency-key");
        let idempotency_key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
        let text = String::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Self {
            body,
            idempotency_key,
        })
    }
}

fn text(body: &Value, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}
