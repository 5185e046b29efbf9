//! Notes of an opportunity: listed like everything else, added without any idempotency.

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::{Extension, Json};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::api::{Answer, Caller, Sim, newest_first, readable};
use super::refusal::Refusal;
use super::writes::body_of;
use crate::locked;
use crate::query::Params;

/// `GET /opportunities/:id/notes`.
pub(super) async fn list(
    sim: Sim,
    caller: Extension<Caller>,
    id: Path<String>,
    params: Params,
) -> Answer {
    newest_first(sim, caller, id, params, "notes", |opportunity| {
        &opportunity.notes
    })
}

/// `POST /opportunities/:id/notes`: answers 201 with the whole note and `noteId` beside its id.
pub(super) async fn add(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    params: Params,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let body = body_of(&body)?;
    let mut state = locked(&account.state);
    readable(&state, &id, caller)?;
    let now = account.clock.now_ms();
    let user = params.one("perform_as").map(str::to_owned);
    if let Some(user) = &user
        && !state.users.contains_key(user)
    {
        return Err(Refusal::BadRequest("perform_as is not a user".to_owned()));
    }
    let Some(opportunity) = state.living(&id) else {
        return Err(Refusal::missing("opportunities", &id));
    };
    let note_id = account.chance.uuid();
    let mut note = note_json(&note_id, &body, user.as_deref(), &opportunity.stage, now)?;
    opportunity.notes.push(note.clone());
    opportunity.touch(now);
    if let Some(fields) = note.as_object_mut() {
        fields.insert("noteId".to_owned(), json!(note_id));
    }
    Ok((StatusCode::CREATED, Json(json!({ "data": note }))))
}

fn note_json(
    id: &str,
    body: &Value,
    user: Option<&str>,
    stage: &str,
    now: i64,
) -> Result<Value, Refusal> {
    let value = body
        .get("value")
        .and_then(Value::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::BadRequest("Missing required parameter: value".to_owned()))?;
    let secret = body.get("secret").and_then(Value::as_bool).unwrap_or(false);
    let created_at = body.get("createdAt").and_then(Value::as_i64).unwrap_or(now);
    Ok(json!({
        "id": id, "text": "Note",
        "fields": [{
            "type": "note", "text": "Comment", "value": value, "score": body.get("score"),
            "stage": stage, "user": user, "createdAt": created_at,
        }],
        "user": user, "secret": secret, "completedAt": created_at,
        "createdAt": created_at, "deletedAt": null,
    }))
}
