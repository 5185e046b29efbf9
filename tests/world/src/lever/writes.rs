//! Writes to an opportunity: tags, stage, archive. Their answers blank the contact's data.

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::account::Account;
use super::api::{Answer, Caller, Sim, readable};
use super::changes::{Event, Unknown};
use super::refusal::Refusal;
use super::state::State;
use crate::locked;

/// `POST /opportunities/:id/addTags`.
pub(super) async fn add_tags(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let wanted = tags_of(&body)?;
    edit_tags(&account, caller, &id, |tags| {
        for tag in wanted {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    })
}

/// `POST /opportunities/:id/removeTags`.
pub(super) async fn remove_tags(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let unwanted = tags_of(&body)?;
    edit_tags(&account, caller, &id, |tags| {
        tags.retain(|tag| !unwanted.contains(tag));
    })
}

/// `PUT /opportunities/:id/stage` with `{"stage": id}`.
pub(super) async fn move_stage(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let body = body_of(&body)?;
    let stage = super::admit::text(&body, "stage")
        .ok_or_else(|| Refusal::BadRequest("Missing required parameter: stage".to_owned()))?;
    change(&account, caller, &id, |state, now| {
        state.move_stage(&id, &stage, now)
    })
}

/// `PUT /opportunities/:id/archived` with `{"reason": id|null}`.
pub(super) async fn archive(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let body = body_of(&body)?;
    let reason = match body.get("reason") {
        Some(Value::Null) => None,
        Some(Value::String(reason)) => Some(reason.as_str()),
        _ => {
            return Err(Refusal::BadRequest(
                "Missing required parameter: reason".to_owned(),
            ));
        }
    };
    let order = account.courier.switches().order;
    change(&account, caller, &id, |state, now| {
        state.archive(&id, reason, now, order)
    })
}

/// The JSON of a request's body.
pub(super) fn body_of(bytes: &Bytes) -> Result<Value, Refusal> {
    serde_json::from_slice(bytes)
        .map_err(|_| Refusal::BadRequest("The body is not valid JSON".to_owned()))
}

fn change(
    account: &Account,
    caller: Caller,
    id: &str,
    make: impl FnOnce(&mut State, i64) -> Result<Vec<Event>, Unknown>,
) -> Answer {
    readable(&locked(&account.state), id, caller)?;
    let fires = account.options.api_changes_fire;
    account
        .change(|state, now| {
            let events = make(state, now)?;
            Ok(if fires { events } else { Vec::new() })
        })
        .map_err(|unknown| Refusal::BadRequest(unknown.to_string()))?;
    blanked(&locked(&account.state), id)
}

fn edit_tags(
    account: &Account,
    caller: Caller,
    id: &str,
    edit: impl FnOnce(&mut Vec<String>),
) -> Answer {
    let mut state = locked(&account.state);
    readable(&state, id, caller)?;
    if let Some(opportunity) = state.living(id) {
        edit(&mut opportunity.tags);
        opportunity.touch(account.clock.now_ms());
    }
    blanked(&state, id)
}

fn blanked(state: &State, id: &str) -> Answer {
    let opportunity = state
        .opportunity(id)
        .ok_or_else(|| Refusal::missing("opportunities", id))?;
    Ok(Json(
        json!({ "data": state.blanked_opportunity(opportunity) }),
    ))
}

fn tags_of(bytes: &Bytes) -> Result<Vec<String>, Refusal> {
    let body = body_of(bytes)?;
    let tags = body
        .get("tags")
        .and_then(Value::as_array)
        .ok_or_else(|| Refusal::BadRequest("Missing required parameter: tags".to_owned()))?;
    Ok(tags
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}
