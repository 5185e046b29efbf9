//! Approvals: the inbox of those who decide. A GET never decides.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use sando_core::admin::approvals::{self, Answer};
use sando_core::app::Price;
use sando_core::approval::{Approval, ApprovalState, Deputy, Verdict};
use sando_core::handle::load;
use sando_core::ids::{ApprovalId, PersonId};
use sando_core::person::Person;
use sando_core::store::Loaded;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{Caller, MayApprove, MaySeeApprovals};
use crate::body::{Body, InPath, InQuery, word};
use crate::condition::etag;
use crate::list::{Listed, gather, wanted};
use crate::problem::Problem;
use crate::views::{EffectView, ReasonBody};

/// A gate that needs a decision by a human.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalView {
    id: String,
    /// `waiting`, `approved`, `rejected`, `expired`, `void` or `gone`.
    state: String,
    person: String,
    app: String,
    run: String,
    step: String,
    plan_hash: String,
    /// What would be done.
    effects: Vec<EffectView>,
    /// `{amount_minor, currency, per}`; null if the plan has no price.
    #[schema(value_type = Option<Object>)]
    cost: Option<Price>,
    /// Who may decide now, deputies included.
    approvers: Vec<String>,
    deputies: Vec<DeputyView>,
    /// Others are asked since nobody answered.
    escalated: bool,
    /// Who started the run by hand; they cannot decide.
    requester: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    decisions: Vec<DecisionView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Somebody who decides in an approver's place.
#[derive(Debug, Serialize, ToSchema)]
struct DeputyView {
    who: String,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    by: String,
}

impl From<&Deputy> for DeputyView {
    fn from(deputy: &Deputy) -> Self {
        Self {
            who: deputy.who.clone(),
            until: deputy.until,
            by: deputy.by.clone(),
        }
    }
}

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionView {
    by: String,
    /// `approved`, `rejected`, `delegated` or `expired`.
    #[schema(value_type = String)]
    decision: Verdict,
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// An administrator who was not asked decided.
    forced: bool,
}

impl ApprovalView {
    pub(crate) fn of(approval: &Approval, now: Timestamp) -> Self {
        let decisions = approval.decisions.iter().map(|one| DecisionView {
            by: one.by.clone(),
            decision: one.decision,
            reason: one.reason.clone(),
            at: one.at,
            forced: one.forced,
        });
        let approvers = approval.may_decide(now);
        Self {
            id: approval.id.to_string(),
            state: approval.state.as_str().to_owned(),
            person: approval.person.to_string(),
            app: approval.app.to_string(),
            run: approval.run.to_string(),
            step: approval.step.to_string(),
            plan_hash: approval.plan_hash.clone(),
            effects: approval.effects.iter().map(EffectView::from).collect(),
            cost: approval.cost.clone(),
            approvers: approvers.into_iter().map(str::to_owned).collect(),
            deputies: approval.deputies.iter().map(DeputyView::from).collect(),
            escalated: approval.escalated,
            requester: approval.requester.clone(),
            expires_at: approval.expires_at,
            decisions: decisions.collect(),
            created_at: approval.created_at,
        }
    }
}

/// An approval with what its decision needs of the person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AskedView {
    #[serde(flatten)]
    approval: ApprovalView,
    /// The person it is for; null if they were erased.
    about: Option<AboutView>,
}

/// What a decision needs of a person.
#[derive(Debug, Serialize, ToSchema)]
struct AboutView {
    name: Option<String>,
    title: Option<String>,
    department: Option<String>,
    location: Option<String>,
    start_date: Option<String>,
}

impl From<&Person> for AboutView {
    fn from(person: &Person) -> Self {
        let text = |name: &str| person.text(name).map(str::to_owned);
        Self {
            name: text("name"),
            title: text("title"),
            department: text("department"),
            location: text("location"),
            start_date: person.starts_on.map(|day| day.to_string()),
        }
    }
}

/// Which part of the list of approvals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalsQuery {
    person: Option<PersonId>,
    state: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Lists approvals, newest first, decided ones too. Who may only decide sees those that they are asked about.
#[utoipa::path(get, path = "/v1/approvals", tag = "approvals", operation_id = "list_approvals",
    params(("person" = Option<String>, Query), ("state" = Option<String>, Query),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<ApprovalView>)))]
pub(crate) async fn list(
    MaySeeApprovals(caller): MaySeeApprovals,
    State(api): State<Api>,
    InQuery(query): InQuery<ApprovalsQuery>,
) -> Result<Json<Listed<ApprovalView>>, Problem> {
    let states: Vec<ApprovalState> = match &query.state {
        Some(state) => vec![word("state", state)?],
        None => ApprovalState::ALL.to_vec(),
    };
    let in_states = states.iter().map(|state| state.as_str()).collect();
    let wanted = wanted::<Approval>(query.person, in_states);
    let now = api.ports.clock.now();
    let asked = approvals::asked(&api.ports, &caller.decider(), caller.may_read(), now).await?;
    let keep = |approval: &Approval| states.contains(&approval.state) && asked.sees(approval);
    let listed = gather(&api, &wanted, query.limit, query.cursor, keep).await?;
    Ok(Json(listed.map(|approval: Loaded<Approval>| {
        ApprovalView::of(&approval.entity, now)
    })))
}

async fn shown(api: &Api, approval: &Loaded<Approval>) -> Result<Response, Problem> {
    let person = load::person(&api.ports, &approval.entity.person).await?;
    let view = AskedView {
        approval: ApprovalView::of(&approval.entity, api.ports.clock.now()),
        about: person
            .as_ref()
            .map(|person| AboutView::from(&person.entity)),
    };
    Ok((etag(approval.version), Json(view)).into_response())
}

/// Reads an approval with what its decision needs. Reading decides nothing.
#[utoipa::path(get, path = "/v1/approvals/{id}", tag = "approvals", operation_id = "get_approval",
    params(("id" = String, Path)), responses((status = 200, body = AskedView)))]
pub(crate) async fn read(
    MaySeeApprovals(caller): MaySeeApprovals,
    State(api): State<Api>,
    InPath(id): InPath<ApprovalId>,
) -> Result<Response, Problem> {
    let now = api.ports.clock.now();
    let asked = approvals::asked(&api.ports, &caller.decider(), caller.may_read(), now).await?;
    let found = approvals::approval(&api.ports, &id).await?;
    if !asked.sees(&found.entity) {
        return Err(Problem::not_found("there is no such approval"));
    }
    shown(&api, &found).await
}

async fn decided(
    api: &Api,
    caller: &Caller,
    id: &ApprovalId,
    answer: &Answer,
    reason: &str,
) -> Result<Response, Problem> {
    let (who, decider) = (caller.who(api), caller.decider());
    let approval = approvals::decide(&api.ports, &who, &decider, id, answer, reason).await?;
    shown(api, &approval).await
}

/// Says yes: what was asked for is done.
#[utoipa::path(post, path = "/v1/approvals/{id}/@approve", tag = "approvals", operation_id = "approve",
    params(("id" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = AskedView)))]
pub(crate) async fn approve(
    MayApprove(caller): MayApprove,
    State(api): State<Api>,
    InPath(id): InPath<ApprovalId>,
    Body(body): Body<ReasonBody>,
) -> Result<Response, Problem> {
    decided(&api, &caller, &id, &Answer::Approve, &body.reason).await
}

/// Says no: the step ends without an effect.
#[utoipa::path(post, path = "/v1/approvals/{id}/@reject", tag = "approvals", operation_id = "reject",
    params(("id" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = AskedView)))]
pub(crate) async fn reject(
    MayApprove(caller): MayApprove,
    State(api): State<Api>,
    InPath(id): InPath<ApprovalId>,
    Body(body): Body<ReasonBody>,
) -> Result<Response, Problem> {
    decided(&api, &caller, &id, &Answer::Reject, &body.reason).await
}

/// Who decides, and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DelegateBody {
    /// An address, `role:…` or `group:…`.
    to: String,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    #[serde(default)]
    reason: String,
}

/// Lets somebody else decide for a time.
#[utoipa::path(post, path = "/v1/approvals/{id}/@delegate", tag = "approvals", operation_id = "delegate",
    params(("id" = String, Path)), request_body = DelegateBody,
    responses((status = 200, body = AskedView)))]
pub(crate) async fn delegate(
    MayApprove(caller): MayApprove,
    State(api): State<Api>,
    InPath(id): InPath<ApprovalId>,
    Body(body): Body<DelegateBody>,
) -> Result<Response, Problem> {
    let answer = Answer::Delegate {
        to: body.to,
        until: body.until,
    };
    decided(&api, &caller, &id, &answer, &body.reason).await
}
