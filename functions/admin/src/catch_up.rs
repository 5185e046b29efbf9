//! Catch-up: what Lever's webhooks did not deliver.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use sando_core::admin::catch_up;
use sando_core::catch_up::CatchUp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayOperate, MayRead};
use crate::body::Body;
use crate::problem::Problem;

/// How far Lever was polled.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct CatchUpView {
    /// Everything that moved in Lever until then was looked at; null before Lever was connected.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    lag_secs: Option<i64>,
    /// It is at it, or about to be.
    running: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_success: Option<Timestamp>,
    last_error: Option<String>,
    /// How much webhooks had not told, ever.
    found: u64,
}

impl CatchUpView {
    fn of(state: &CatchUp, now: Timestamp) -> Self {
        Self {
            until: Some(state.until),
            lag_secs: Some(state.lag_secs(now)),
            running: state.window.is_some() || state.rereading.is_some() || state.next_at <= now,
            next_at: Some(state.next_at),
            last_success: state.last_success,
            last_error: state.last_error.clone(),
            found: state.found,
        }
    }
}

/// Reads how far catch-up is.
#[utoipa::path(get, path = "/v1/catch-up", tag = "events", operation_id = "get_catch_up",
    responses((status = 200, body = CatchUpView)))]
pub(crate) async fn read(_: MayRead, State(api): State<Api>) -> Result<Json<CatchUpView>, Problem> {
    let state = catch_up::state(&api.ports).await?;
    let now = api.ports.clock.now();
    let view = state.map(|state| CatchUpView::of(&state, now));
    Ok(Json(view.unwrap_or_default()))
}

/// Where to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatchUpBody {
    /// Left out, it goes on where it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

/// Runs catch-up now, and reads the offers of everybody again who has not started.
#[utoipa::path(post, path = "/v1/catch-up", tag = "events", operation_id = "catch_up",
    request_body = CatchUpBody, responses((status = 202, body = CatchUpView)))]
pub(crate) async fn ask(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    Body(body): Body<CatchUpBody>,
) -> Result<(StatusCode, Json<CatchUpView>), Problem> {
    let who = caller.who(&api);
    let state = catch_up::ask(&api.ports, &who, body.since).await?;
    let view = CatchUpView::of(&state, who.at);
    Ok((StatusCode::ACCEPTED, Json(view)))
}
