//! Runs and their steps: seen, ended, and moved on by hand.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use sando_core::admin::runs;
use sando_core::admin::steps::{Hand, by_hand};
use sando_core::audit::Cause;
use sando_core::effect::Call;
use sando_core::ids::{PersonId, RunId, Slug, StepId};
use sando_core::run::{Run, RunState, Step, StepWork};
use sando_core::store::Loaded;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{Caller, MayAdmin, MayOperate, MayRead};
use crate::body::{Body, InPath, InQuery, word};
use crate::condition::etag;
use crate::list::{Listed, gather, wanted};
use crate::problem::Problem;
use crate::views::ReasonBody;

/// One execution of a workflow.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunView {
    id: String,
    workflow: String,
    person: String,
    #[schema(value_type = Object)]
    cause: Cause,
    state: String,
    dry_run: bool,
    /// It was ended by hand, and what was on its way is being taken back.
    cancelling: bool,
    /// Required attributes that it waits for.
    missing: Vec<String>,
    steps: Vec<StepView>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

/// One step of a run.
#[derive(Debug, Serialize, ToSchema)]
struct StepView {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    app: Option<String>,
    state: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    due: Option<Timestamp>,
    needs: Vec<String>,
    approval: Option<String>,
    attempts: Vec<AttemptView>,
    /// What was called for it, the last ten; none in a list of runs.
    calls: Vec<CallView>,
    reason: Option<String>,
    task: Option<String>,
}

/// One attempt at an effect.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    request: String,
    /// In one word.
    status: String,
    /// In words.
    outcome: String,
}

/// One call of an application, of Lever, or of whoever is told.
#[derive(Debug, Serialize, ToSchema)]
struct CallView {
    /// When the look or attempt began that it belongs to.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// For what: `look`, `verify`, or what was made, such as `create`.
    request: String,
    /// The HTTP status. None where nothing was answered, and where a note or message was written without an error.
    status: Option<u16>,
    /// `answered`, `busy`, `not_sent`, `no_answer`, `unreadable` or `forbidden`.
    result: String,
    /// From sending it to the last byte, in milliseconds.
    took_ms: u32,
}

impl From<&Call> for CallView {
    fn from(call: &Call) -> Self {
        Self {
            at: call.at,
            request: call.request.clone(),
            status: call.came.status(),
            result: call.came.word().to_owned(),
            took_ms: call.took_ms,
        }
    }
}

impl From<&Step> for StepView {
    fn from(step: &Step) -> Self {
        let approval = match &step.work {
            StepWork::Grant { approval, .. } => approval.as_ref().map(ToString::to_string),
            StepWork::Workflow { .. } => None,
        };
        let attempts = step.attempts.iter().map(|attempt| AttemptView {
            at: attempt.at,
            request: attempt.request.clone(),
            status: status(&attempt.outcome).to_owned(),
            outcome: attempt.outcome.clone(),
        });
        Self {
            id: step.id.to_string(),
            kind: step.kind().to_owned(),
            app: step.app().map(ToString::to_string),
            state: step.state.as_str().to_owned(),
            due: step.due,
            needs: step.needs.iter().map(ToString::to_string).collect(),
            approval,
            attempts: attempts.collect(),
            calls: step.calls.iter().map(CallView::from).collect(),
            reason: step.reason.clone(),
            task: step.task.as_ref().map(ToString::to_string),
        }
    }
}

impl RunView {
    /// As a list shows it: what was called is in the run itself.
    fn without_calls(mut self) -> Self {
        for step in &mut self.steps {
            step.calls.clear();
        }
        self
    }
}

/// The first words of how an attempt ended.
fn status(outcome: &str) -> &'static str {
    match outcome.split(':').next() {
        Some("ok") => "ok",
        Some("was so already") => "was_so",
        Some("not done") => "not_done",
        Some("refused") => "refused",
        _ => "unknown",
    }
}

impl From<&Run> for RunView {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id.to_string(),
            workflow: run.workflow.to_string(),
            person: run.person.to_string(),
            cause: run.cause.clone(),
            state: run.state.as_str().to_owned(),
            dry_run: run.dry_run,
            cancelling: run.cancelling,
            missing: run.missing.clone(),
            steps: run.steps.iter().map(StepView::from).collect(),
            started_at: run.started_at,
            finished_at: run.finished_at,
        }
    }
}

/// Which part of the list of runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunsQuery {
    person: Option<PersonId>,
    state: Option<String>,
    workflow: Option<Slug>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Lists runs, newest first.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", operation_id = "list_runs",
    params(("person" = Option<String>, Query), ("state" = Option<String>, Query), ("workflow" = Option<String>, Query),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<RunView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<RunsQuery>,
) -> Result<Json<Listed<RunView>>, Problem> {
    let states: Vec<RunState> = match &query.state {
        Some(state) => vec![word("state", state)?],
        None => RunState::ALL.to_vec(),
    };
    let in_states = states.iter().map(|state| state.as_str()).collect();
    let wanted = wanted::<Run>(query.person, in_states);
    let keep = |run: &Run| {
        let fits = query
            .workflow
            .as_ref()
            .is_none_or(|slug| run.workflow == *slug);
        fits && states.contains(&run.state)
    };
    let listed = gather(&api, &wanted, query.limit, query.cursor, keep).await?;
    Ok(Json(listed.map(|run: Loaded<Run>| {
        RunView::from(&run.entity).without_calls()
    })))
}

fn shown(run: &Loaded<Run>) -> Response {
    (etag(run.version), Json(RunView::from(&run.entity))).into_response()
}

/// Reads a run with its steps.
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs", operation_id = "get_run",
    params(("id" = String, Path)), responses((status = 200, body = RunView)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<RunId>,
) -> Result<Response, Problem> {
    Ok(shown(&runs::run(&api.ports, &id).await?))
}

/// Ends a run: nothing new starts, and what is on its way is looked up and taken back.
#[utoipa::path(post, path = "/v1/runs/{id}/@cancel", tag = "runs", operation_id = "cancel_run",
    params(("id" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = RunView)))]
pub(crate) async fn cancel(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<RunId>,
    Body(body): Body<ReasonBody>,
) -> Result<Response, Problem> {
    let who = caller.who(&api);
    let run = runs::cancel(&api.ports, &who, &id, &body.reason).await?;
    Ok(shown(&run))
}

/// A step of a run.
type AtStep = (RunId, String);

async fn moved(
    api: &Api,
    caller: &Caller,
    (run, step): AtStep,
    hand: Hand,
    reason: &str,
) -> Result<Response, Problem> {
    let (who, step) = (caller.who(api), StepId::from(step.as_str()));
    let run = by_hand(&api.ports, &who, &run, &step, hand, reason).await?;
    Ok(shown(&run))
}

/// Tries a failed step again.
#[utoipa::path(post, path = "/v1/runs/{id}/steps/{step}/@retry", tag = "runs", operation_id = "retry_step",
    params(("id" = String, Path), ("step" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = RunView)))]
pub(crate) async fn retry(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(at): InPath<AtStep>,
    Body(body): Body<ReasonBody>,
) -> Result<Response, Problem> {
    moved(&api, &caller, at, Hand::Retry, &body.reason).await
}

/// Leaves a step out; what needs it goes on.
#[utoipa::path(post, path = "/v1/runs/{id}/steps/{step}/@skip", tag = "runs", operation_id = "skip_step",
    params(("id" = String, Path), ("step" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = RunView)))]
pub(crate) async fn skip(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(at): InPath<AtStep>,
    Body(body): Body<ReasonBody>,
) -> Result<Response, Problem> {
    moved(&api, &caller, at, Hand::Skip, &body.reason).await
}

/// Says that a human has done what the step is for.
#[utoipa::path(post, path = "/v1/runs/{id}/steps/{step}/@complete", tag = "runs", operation_id = "complete_step",
    params(("id" = String, Path), ("step" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = RunView)))]
pub(crate) async fn complete(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(at): InPath<AtStep>,
    Body(body): Body<ReasonBody>,
) -> Result<Response, Problem> {
    moved(&api, &caller, at, Hand::Complete, &body.reason).await
}
