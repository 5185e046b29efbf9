//! The control plane over HTTP: what [`super::LeverSim`] can be told, as `POST /control/…`.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::Account;
use super::api::Sim;
use super::candidate::{CandidateIds, NewCandidate};
use super::changes::Unknown;
use super::courier::Attempt;
use super::options::{ApiKey, WebhookSwitches};
use super::sim::Group;
use crate::locked;
use crate::query::Params;
use crate::server::fault_routes;

/// What a control request answers: 204, or 404 with a sentence.
type Done = Result<StatusCode, Unknown>;

/// The router of the control plane.
pub(super) fn router(account: Arc<Account>) -> Router {
    let faults = fault_routes(account.faults.clone());
    Router::new()
        .route("/control/candidates", post(create))
        .route("/control/users", post(add_user))
        .route("/control/stage", post(stage))
        .route("/control/hire", post(hire))
        .route("/control/unhire", post(unhire))
        .route("/control/archive", post(archive))
        .route("/control/relabel", post(archive))
        .route("/control/delete", post(delete))
        .route("/control/anonymise", post(anonymise))
        .route("/control/offer", post(edit_offer))
        .route("/control/offer-status", post(offer_status))
        .route("/control/contact", post(edit_contact))
        .route("/control/notes", get(notes))
        .route("/control/clock", post(clock))
        .route("/control/webhooks", post(register).put(switch))
        .route("/control/rotate", post(rotate))
        .route("/control/keys", put(accept))
        .route("/control/refused", get(refused))
        .route("/control/groups", post(switch_group))
        .route("/control/deliveries", get(deliveries))
        .route("/control/ping", post(ping))
        .route("/control/rerun", post(rerun))
        .with_state(account)
        .merge(faults)
}

impl IntoResponse for Unknown {
    fn into_response(self) -> Response {
        let message = json!({ "message": self.to_string() });
        (StatusCode::NOT_FOUND, Json(message)).into_response()
    }
}

#[derive(Deserialize)]
struct Target {
    opportunity: String,
    stage: Option<String>,
    reason: Option<String>,
}

async fn create(Shared(account): Sim, Json(new): Json<NewCandidate>) -> Json<CandidateIds> {
    Json(account.create_candidate(new))
}

#[derive(Deserialize)]
struct NewUser {
    name: String,
    email: String,
}

async fn add_user(Shared(account): Sim, Json(new): Json<NewUser>) -> Json<Value> {
    let mut state = locked(&account.state);
    let id = state.add_user(
        &account.chance,
        account.clock.now_ms(),
        &new.name,
        &new.email,
    );
    Json(json!({ "id": id }))
}

async fn stage(Shared(account): Sim, Json(target): Json<Target>) -> Done {
    let stage = target.stage.as_deref().unwrap_or("offer");
    account.change(|state, now| state.move_stage(&target.opportunity, stage, now))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn hire(Shared(account): Sim, Json(target): Json<Target>) -> Done {
    let reason = target.reason.unwrap_or_else(|| account.reason(true));
    account.archive(&target.opportunity, Some(&reason))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn unhire(Shared(account): Sim, Json(target): Json<Target>) -> Done {
    account.archive(&target.opportunity, None)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Without a reason: the first one that is not of type `hired`.
async fn archive(Shared(account): Sim, Json(target): Json<Target>) -> Done {
    let reason = target.reason.unwrap_or_else(|| account.reason(false));
    account.archive(&target.opportunity, Some(&reason))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(Shared(account): Sim, Json(target): Json<Target>) -> Done {
    account.change(|state, now| state.delete(&target.opportunity, now))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn anonymise(Shared(account): Sim, Json(target): Json<Target>) -> Done {
    account.change(|state, now| state.anonymise(&target.opportunity, now))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct OfferEdit {
    opportunity: String,
    identifier: String,
    value: Value,
}

async fn edit_offer(Shared(account): Sim, Json(edit): Json<OfferEdit>) -> Done {
    let now = account.clock.now_ms();
    locked(&account.state).edit_offer(&edit.opportunity, &edit.identifier, edit.value, now)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct OfferStatus {
    opportunity: String,
    status: String,
}

async fn offer_status(Shared(account): Sim, Json(edit): Json<OfferStatus>) -> Done {
    locked(&account.state).set_offer_status(&edit.opportunity, &edit.status)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct ContactEdit {
    contact: String,
    name: Option<String>,
    emails: Option<Vec<String>>,
}

async fn edit_contact(Shared(account): Sim, Json(edit): Json<ContactEdit>) -> Done {
    account.change(|state, now| state.edit_contact(&edit.contact, edit.name, edit.emails, now))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn notes(Shared(account): Sim, params: Params) -> Json<Vec<String>> {
    Json(account.notes(params.one("opportunity").unwrap_or_default()))
}

#[derive(Deserialize)]
enum ClockSetting {
    #[serde(rename = "offset_ms")]
    Offset(i64),
    #[serde(rename = "frozen_at_ms")]
    FrozenAt(i64),
    #[serde(rename = "advance_ms")]
    Advance(i64),
}

async fn clock(Shared(account): Sim, Json(setting): Json<ClockSetting>) -> Json<Value> {
    match setting {
        ClockSetting::Offset(offset) => account.clock.shift(offset),
        ClockSetting::FrozenAt(at) => account.clock.freeze(at),
        ClockSetting::Advance(by) => account.clock.advance(by),
    }
    Json(json!({ "now_ms": account.clock.now_ms() }))
}

#[derive(Deserialize)]
struct NewRegistration {
    event: String,
    url: String,
    signing_token: Option<String>,
}

/// Registers as in the settings page; the answer tells the signing token.
async fn register(Shared(account): Sim, Json(new): Json<NewRegistration>) -> Json<Value> {
    let token = new.signing_token.unwrap_or_else(|| account.chance.hex(24));
    let made = account.register(&new.event, &new.url, Some(token));
    Json(json!({ "id": made.id, "signing_token": made.signing_token }))
}

#[derive(Deserialize)]
struct Rotation {
    registration: String,
    signing_token: String,
}

/// Signs with another token from now on.
async fn rotate(Shared(account): Sim, Json(new): Json<Rotation>) -> Done {
    let mut state = locked(&account.state);
    let mut all = state.registrations.iter_mut();
    let found = all.find(|known| known.id == new.registration);
    let found = found.ok_or_else(|| Unknown::new("registration", &new.registration))?;
    found.signing_token = Some(new.signing_token);
    Ok(StatusCode::NO_CONTENT)
}

/// Accepts these API keys from now on, and no others.
async fn accept(Shared(account): Sim, Json(keys): Json<Vec<String>>) -> StatusCode {
    account.accept(keys.iter().map(|key| ApiKey::new(key)).collect());
    StatusCode::NO_CONTENT
}

/// How many calls came without an accepted key.
async fn refused(Shared(account): Sim) -> Json<u64> {
    Json(account.refused())
}

async fn switch(Shared(account): Sim, Json(switches): Json<WebhookSwitches>) -> StatusCode {
    account.courier.switch(switches);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct GroupSetting {
    event: String,
    group: Group,
}

async fn switch_group(Shared(account): Sim, Json(setting): Json<GroupSetting>) -> StatusCode {
    account.switch_group(&setting.event, setting.group);
    StatusCode::NO_CONTENT
}

async fn deliveries(Shared(account): Sim) -> Json<Vec<Attempt>> {
    Json(account.courier.history())
}

#[derive(Deserialize)]
struct Ping {
    registration: String,
}

async fn ping(Shared(account): Sim, Json(ping): Json<Ping>) -> Result<Json<Attempt>, Unknown> {
    account.test_ping(&ping.registration).await.map(Json)
}

#[derive(Deserialize)]
struct Rerun {
    delivery: u64,
}

async fn rerun(Shared(account): Sim, Json(rerun): Json<Rerun>) -> Done {
    account.rerun(rerun.delivery)?;
    Ok(StatusCode::NO_CONTENT)
}
