//! The brake: what is paused, and resuming after seeing what goes on; removals also in part.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sando_core::admin::pause::{self, Accept, Brake, Held, Plan, Resumed};
use sando_core::ids::{AppSlug, GrantId};
use sando_core::settings::{Pause, Paused};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayOperate, MayRead};
use crate::body::Body;
use crate::problem::Problem;
use crate::syncs::{AcceptBody, AcceptWord};

/// What is meant: everything, what takes away, or one application.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BrakeScope {
    All,
    Removals,
    App,
}

fn brake(scope: BrakeScope, app: Option<AppSlug>) -> Result<Brake, Problem> {
    match (scope, app) {
        (BrakeScope::App, Some(app)) => Ok(Brake::App(app)),
        (BrakeScope::App, None) => Err(Problem::mistake("app", "which application?")),
        (_, Some(_)) => Err(Problem::mistake("app", "only with the scope `app`")),
        (BrakeScope::All, None) => Ok(Brake::All),
        (BrakeScope::Removals, None) => Ok(Brake::Removals),
    }
}

/// What to pause.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseBody {
    scope: BrakeScope,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    app: Option<AppSlug>,
    #[serde(default)]
    reason: String,
}

/// What is paused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PauseView {
    /// Is anything paused?
    paused: bool,
    /// `{since, by, reason}`.
    #[schema(value_type = Option<Object>)]
    all: Option<Paused>,
    #[schema(value_type = Option<Object>)]
    removals: Option<Paused>,
    /// By application.
    #[schema(value_type = Object)]
    apps: BTreeMap<AppSlug, Paused>,
}

impl From<Pause> for PauseView {
    fn from(pause: Pause) -> Self {
        Self {
            paused: pause.is_on(),
            all: pause.all,
            removals: pause.removals,
            apps: pause.apps,
        }
    }
}

/// Shows what is paused.
#[utoipa::path(get, path = "/v1/pause", tag = "pause", operation_id = "get_pause",
    responses((status = 200, body = PauseView)))]
pub(crate) async fn read(_: MayRead, State(api): State<Api>) -> Result<Json<PauseView>, Problem> {
    Ok(Json(pause::now(&api.ports).await?.into()))
}

/// Pauses: events are still received and planned, no effect starts.
#[utoipa::path(post, path = "/v1/pause", tag = "pause", operation_id = "pause",
    request_body = PauseBody, responses((status = 200, body = PauseView)))]
pub(crate) async fn pause(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    Body(body): Body<PauseBody>,
) -> Result<Json<PauseView>, Problem> {
    let brake = brake(body.scope, body.app)?;
    let who = caller.who(&api);
    let paused = pause::pause(&api.ports, &who, &brake, &body.reason).await?;
    Ok(Json(paused.into()))
}

/// What to resume.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeBody {
    #[serde(default = "everything")]
    scope: BrakeScope,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    app: Option<AppSlug>,
    /// The hash of the plan that was shown: now it goes on.
    #[serde(default)]
    confirm: Option<String>,
    /// Which removals go on: `all`, `none`, or a list of the ids of their grants; with the scope `removals`. Of those that do
    /// not, whoever has the access keeps it until they leave or it is let go (`POST /v1/people/{id}/access:let_go`).
    #[serde(default)]
    accept: Option<AcceptBody>,
}

fn accept(body: Option<AcceptBody>) -> Result<Accept, Problem> {
    let ids = match body {
        None | Some(AcceptBody::Word(AcceptWord::All)) => return Ok(Accept::All),
        Some(AcceptBody::Word(AcceptWord::None)) => return Ok(Accept::None),
        Some(AcceptBody::Ids(ids)) => ids,
    };
    let read = ids.into_iter().enumerate().map(|(place, id)| {
        GrantId::parse(id)
            .map_err(|error| Problem::mistake(&format!("accept[{place}]"), error.to_string()))
    });
    Ok(Accept::Some(read.collect::<Result<BTreeSet<_>, _>>()?))
}

fn everything() -> BrakeScope {
    BrakeScope::All
}

/// What goes on, or would.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResumeView {
    resumed: bool,
    /// The effects that are held back: `{run, step, person, app, grant, goal}`, with `less` where a part is taken away.
    #[schema(value_type = Vec<Object>)]
    plan: Vec<Held>,
    /// The removals that were not accepted: they are called off.
    #[schema(value_type = Vec<Object>)]
    refused: Vec<Held>,
    /// To be confirmed.
    hash: String,
}

fn view(plan: Plan, resumed: bool) -> Response {
    Json(ResumeView {
        resumed,
        plan: plan.effects,
        refused: plan.refused,
        hash: plan.hash,
    })
    .into_response()
}

/// Shows what would go on; confirmed by its hash, it does, or that part of the removals that is accepted.
#[utoipa::path(post, path = "/v1/resume", tag = "pause", operation_id = "resume",
    request_body = ResumeBody, responses((status = 200, body = ResumeView)))]
pub(crate) async fn resume(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    Body(body): Body<ResumeBody>,
) -> Result<Response, Problem> {
    let brake = brake(body.scope, body.app)?;
    let accept = accept(body.accept)?;
    let who = caller.who(&api);
    match pause::resume(&api.ports, &who, &brake, &accept, body.confirm.as_deref()).await? {
        Resumed::Shown(plan) => Ok(view(plan, false)),
        Resumed::Done(plan) => Ok(view(plan, true)),
        Resumed::Changed(plan) => {
            let detail = "what would go on is not what was confirmed any more";
            Err(Problem::new(StatusCode::CONFLICT, "plan_changed", detail)
                .with("plan", json!(plan.effects))
                .with("hash", plan.hash))
        }
    }
}
