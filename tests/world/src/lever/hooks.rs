//! The webhook registration API: `/v1/webhooks`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::admit::text;
use super::api::{Answer, Sim};
use super::refusal::Refusal;
use super::registration::{Wanted, origins};
use super::writes::body_of;
use crate::locked;

/// `GET /webhooks`: no `hasNext`, no signing tokens, and only what was made over the API.
pub(super) async fn list(Shared(account): Sim) -> Json<Value> {
    let state = locked(&account.state);
    let listed = state.registrations.iter().filter(|known| known.from_api);
    Json(json!({ "data": listed.map(|known| known.json(false)).collect::<Vec<_>>() }))
}

/// `POST /webhooks`: the only answer that carries the signing token.
pub(super) async fn create(
    Shared(account): Sim,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let wanted = Wanted::parse(&body_of(&body)?)
        .ok_or_else(|| Refusal::BadRequest("A webhook needs a known event and a url".to_owned()))?;
    let now = account.clock.now_ms();
    let token = Some(account.chance.hex(24));
    let registration = wanted.into_registration(account.chance.uuid(), token, true, now);
    let answer = json!({ "data": registration.json(true) });
    locked(&account.state).registrations.push(registration);
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `PUT /webhooks` with `{"data": [{id, url?, event?, configuration?}]}`.
pub(super) async fn update(Shared(account): Sim, body: Bytes) -> Answer {
    let body = body_of(&body)?;
    let changes = body
        .get("data")
        .and_then(Value::as_array)
        .ok_or_else(|| Refusal::BadRequest("Missing required parameter: data".to_owned()))?;
    let mut state = locked(&account.state);
    let mut answers = Vec::new();
    for change in changes {
        let id = text(change, "id").unwrap_or_default();
        let known = state
            .registrations
            .iter_mut()
            .find(|known| known.id == id && known.from_api)
            .ok_or_else(|| Refusal::missing("webhooks", &id))?;
        if let Some(url) = text(change, "url") {
            known.url = url;
        }
        if let Some(event) = text(change, "event") {
            known.event = event;
        }
        if let Some(origins) = origins(change) {
            known.origins = origins;
        }
        known.updated_at = account.clock.now_ms();
        answers.push(known.json(false));
    }
    Ok(Json(json!({ "data": answers })))
}

/// `DELETE /webhooks/:id`.
pub(super) async fn remove(
    Shared(account): Sim,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let mut state = locked(&account.state);
    let before = state.registrations.len();
    state
        .registrations
        .retain(|known| known.id != id || !known.from_api);
    if state.registrations.len() == before {
        return Err(Refusal::missing("webhooks", &id));
    }
    Ok(StatusCode::NO_CONTENT)
}
