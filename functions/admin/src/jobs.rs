//! Long work: answered at once if it is quick, else 202 and a job to come back for.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use sando_core::admin::jobs;
use sando_core::audit::Verification;
use sando_core::ids::JobId;
use sando_core::job::{
    Counting, Evidence, Feeding, Forgetting, Job, JobState, Looking, Planning, Work,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Api;
use crate::audit::VerifiedView;
use crate::auth::MayRead;
use crate::body::InPath;
use crate::plan::PlanView;
use crate::problem::Problem;
use crate::rehearsal::RehearsedView;
use crate::replays::ReplayedRangeView;

/// How long a caller waits for an answer before there is a job; API Gateway waits 30 s.
pub(crate) const PATIENCE: SignedDuration = SignedDuration::from_secs(9);

/// How long this caller waits: not at all with `Prefer: respond-async`.
pub(crate) struct Patience(pub(crate) SignedDuration);

impl FromRequestParts<Api> for Patience {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let values = parts.headers.get_all("prefer").into_iter();
        let not_at_all = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"));
        let patience = if not_at_all {
            SignedDuration::ZERO
        } else {
            PATIENCE
        };
        Ok(Self(patience))
    }
}

/// How far long work has come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgressView {
    /// How much is done.
    pub(crate) done: u64,
    /// Of what: `records`, `people`, `items`, `events`.
    pub(crate) unit: &'static str,
}

/// Long work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    #[schema(value_type = String)]
    id: JobId,
    /// `verify_audit`, `plan`, `apply`, `forget_roster`, `evidence`, `replay`, `feed_people`, `rehearse`, `count`,
    /// `answered`.
    kind: &'static str,
    /// `running`, `done` or `failed`.
    state: &'static str,
    pub(crate) progress: ProgressView,
    /// What the call would have answered, once it is done.
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
    /// Why it failed.
    reason: Option<String>,
    #[schema(value_type = String)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>)]
    finished_at: Option<Timestamp>,
    /// Always none: no result has more than one page yet.
    next_cursor: Option<String>,
}

impl From<&Job> for JobView {
    fn from(job: &Job) -> Self {
        let (kind, progress) = match &job.work {
            Work::VerifyAudit(verification) => ("verify_audit", records(verification)),
            Work::Plan(planning) => ("plan", people(planning)),
            Work::Apply(applying) => ("apply", people(&applying.planning)),
            Work::ForgetRoster(forgetting) => ("forget_roster", items(forgetting)),
            Work::Evidence(evidence) => ("evidence", tasks(evidence)),
            Work::FeedPeople(feeding) => ("feed_people", fed(feeding)),
            Work::Replay(replaying) => ("replay", events(replaying.came.events)),
            Work::Rehearse(rehearsing) => ("rehearse", events(rehearsing.came.events)),
            Work::Count(counting) => ("count", seats(counting)),
            Work::Answered(answered) => ("answered", events(answered.done)),
            Work::Drift(looking) => ("drift", looked_at(looking)),
        };
        Self {
            id: job.id.clone(),
            kind,
            state: job.state.as_str(),
            progress,
            result: (job.state == JobState::Done).then(|| result(job)),
            reason: job.failure.clone(),
            started_at: job.started_at,
            finished_at: job.finished_at,
            next_cursor: None,
        }
    }
}

fn records(verification: &Verification) -> ProgressView {
    ProgressView {
        done: verification.records,
        unit: "records",
    }
}

fn items(forgetting: &Forgetting) -> ProgressView {
    ProgressView {
        done: forgetting.deleted,
        unit: "items",
    }
}

fn events(done: u64) -> ProgressView {
    ProgressView {
        done,
        unit: "events",
    }
}

fn tasks(evidence: &Evidence) -> ProgressView {
    ProgressView {
        done: evidence.tasks,
        unit: "tasks",
    }
}

fn fed(feeding: &Feeding) -> ProgressView {
    let came = &feeding.came;
    let done = came.added.saturating_add(came.changed);
    ProgressView {
        done: done.saturating_add(came.gone),
        unit: "people",
    }
}

fn seats(counting: &Counting) -> ProgressView {
    ProgressView {
        done: counting.figures.total.seats,
        unit: "seats",
    }
}

fn looked_at(looking: &Looking) -> ProgressView {
    ProgressView {
        done: looking.people,
        unit: "people",
    }
}

fn people(planning: &Planning) -> ProgressView {
    ProgressView {
        done: planning.impact.people,
        unit: "people",
    }
}

/// What the call answers when its work is done.
fn result(job: &Job) -> Value {
    match &job.work {
        Work::VerifyAudit(verification) => json!(VerifiedView::from(&**verification)),
        Work::Plan(planning) => json!(PlanView::from(&**planning)),
        Work::Apply(applying) => json!({ "started": applying.started }),
        Work::ForgetRoster(forgetting) => json!({ "deleted": forgetting.deleted }),
        Work::Evidence(evidence) => json!({ "tasks": evidence.tasks }),
        Work::Replay(replaying) => json!(ReplayedRangeView::from(&**replaying)),
        Work::FeedPeople(feeding) => json!(feeding.came),
        Work::Rehearse(rehearsing) => json!(RehearsedView::from(&**rehearsing)),
        Work::Count(counting) => json!({ "seats": counting.figures.total.seats }),
        Work::Answered(answered) => json!({ "events": answered.done }),
        Work::Drift(looking) => json!({ "people": looking.people }),
    }
}

/// The result of what is done; 202 and where to come back for what is still running.
pub(crate) fn answer(job: &Job) -> Response {
    match job.state {
        JobState::Done => Json(result(job)).into_response(),
        JobState::Failed => {
            let reason = job.failure.clone().unwrap_or_default();
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "job_failed", reason).into_response()
        }
        JobState::Running => {
            let place = format!("/v1/jobs/{}", job.id);
            let mut response = (StatusCode::ACCEPTED, Json(JobView::from(job))).into_response();
            if let Ok(place) = HeaderValue::try_from(place) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            response
        }
    }
}

/// Shows how long work stands, and its result.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", operation_id = "get_job",
    params(("id" = String, Path)), responses((status = 200, body = JobView)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<JobId>,
) -> Result<Json<JobView>, Problem> {
    let job = jobs::read(&api.ports, &id).await?;
    Ok(Json(JobView::from(&job)))
}
