//! People changed by hand: leaving, coming back, corrections of attributes and of access, who is who, erasing.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use sando_core::admin::people::{self, At, Done, check_attributes};
use sando_core::admin::{correct, drift, erasure, identity, kept, leaving};
use sando_core::ids::{AppSlug, PersonId};
use sando_core::person::Lifecycle;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayAdmin, MayOperate};
use crate::body::{Body, InPath};
use crate::people::{DriftView, PersonView};
use crate::problem::Problem;
use crate::views::EffectView;

/// When somebody leaves, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TerminateBody {
    /// `now` or a time.
    at: String,
    #[serde(default)]
    reason: String,
    /// Only shows what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DoneView {
    #[serde(flatten)]
    person: PersonView,
    /// The event that was made of it.
    event: Option<String>,
    /// The runs that it started.
    runs: Vec<String>,
}

impl From<&Done> for DoneView {
    fn from(done: &Done) -> Self {
        Self {
            person: PersonView::from(&done.person),
            event: done.event.as_ref().map(ToString::to_string),
            runs: done.runs.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What comes of a leaving.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TerminatedView {
    #[serde(flatten)]
    done: DoneView,
    /// What is taken away.
    plan: Vec<EffectView>,
    dry_run: bool,
}

/// Lets a person leave, now or at a time.
#[utoipa::path(post, path = "/v1/people/{id}/@terminate", tag = "people", operation_id = "terminate_person",
    params(("id" = String, Path)), request_body = TerminateBody,
    responses((status = 200, body = TerminatedView)))]
pub(crate) async fn terminate(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    Body(body): Body<TerminateBody>,
) -> Result<Json<TerminatedView>, Problem> {
    let at =
        match body.at.as_str() {
            "now" => At::Now,
            time => At::Time(time.parse().map_err(|_| {
                Problem::mistake("at", "`now` or a time such as 2027-03-31T16:00:00Z")
            })?),
        };
    let found = people::person(&api.ports, &id).await?;
    let plan = match found.entity.state {
        Lifecycle::Left => Vec::new(),
        _ => leaving::of(&api.ports, &id).await?.effects,
    };
    let done = if body.dry_run {
        Done {
            person: found,
            event: None,
            runs: Vec::new(),
        }
    } else {
        let who = caller.who(&api);
        people::terminate(&api.ports, &who, &id, at, &body.reason).await?
    };
    Ok(Json(TerminatedView {
        done: DoneView::from(&done),
        plan: plan.iter().map(EffectView::from).collect(),
        dry_run: body.dry_run,
    }))
}

/// Why somebody is back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReinstateBody {
    #[serde(default)]
    reason: String,
    /// Only shows what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What comes of a leaving undone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReinstatedView {
    #[serde(flatten)]
    done: DoneView,
    /// What is given again.
    plan: Vec<EffectView>,
    dry_run: bool,
}

/// Undoes a leaving: what is due now is given again.
#[utoipa::path(post, path = "/v1/people/{id}/@reinstate", tag = "people", operation_id = "reinstate_person",
    params(("id" = String, Path)), request_body = ReinstateBody,
    responses((status = 200, body = ReinstatedView)))]
pub(crate) async fn reinstate(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    Body(body): Body<ReinstateBody>,
) -> Result<Json<ReinstatedView>, Problem> {
    let who = caller.who(&api);
    let back = people::reinstate(&api.ports, &who, &id, &body.reason, body.dry_run).await?;
    Ok(Json(ReinstatedView {
        done: DoneView::from(&back.done),
        plan: back.plan.iter().map(EffectView::from).collect(),
        dry_run: back.dry_run,
    }))
}

/// Attributes as they should be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorrectBody {
    /// By name; null takes a correction back.
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    #[serde(default)]
    reason: String,
}

/// Corrects attributes by hand; these win over the source.
#[utoipa::path(post, path = "/v1/people/{id}/@correct", tag = "people", operation_id = "correct_person",
    params(("id" = String, Path)), request_body = CorrectBody,
    responses((status = 200, body = DoneView)))]
pub(crate) async fn correct(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    Body(body): Body<CorrectBody>,
) -> Result<Json<DoneView>, Problem> {
    let given = check_attributes(&body.attributes)?;
    let who = caller.who(&api);
    let done = correct::correct(&api.ports, &who, &id, &given, &body.reason).await?;
    Ok(Json(DoneView::from(&done)))
}

/// Which drift is corrected.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DriftBody {
    /// In these applications; in all if none are named.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    apps: BTreeSet<AppSlug>,
    #[serde(default)]
    reason: String,
    /// Only shows what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What comes of drift that is corrected.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CorrectedView {
    #[serde(flatten)]
    done: DoneView,
    /// What was taken for what is there.
    drift: Vec<DriftView>,
    /// What is then given and taken away.
    plan: Vec<EffectView>,
    dry_run: bool,
}

/// Corrects drift: access that nobody here gave is taken away unless it is due, what vanished is given again if it is.
#[utoipa::path(post, path = "/v1/people/{id}/access/@correct", tag = "people", operation_id = "correct_access",
    params(("id" = String, Path)), request_body = DriftBody,
    responses((status = 200, body = CorrectedView)))]
pub(crate) async fn correct_access(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    Body(body): Body<DriftBody>,
) -> Result<Json<CorrectedView>, Problem> {
    let who = caller.who(&api);
    let DriftBody {
        apps,
        reason,
        dry_run,
    } = body;
    let corrected = drift::correct(&api.ports, &who, &id, &apps, &reason, dry_run).await?;
    Ok(Json(CorrectedView {
        done: DoneView::from(&corrected.done),
        drift: corrected.drift.iter().map(DriftView::from).collect(),
        plan: corrected.plan.iter().map(EffectView::from).collect(),
        dry_run: corrected.dry_run,
    }))
}

/// What is let go, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetGoBody {
    /// In these applications.
    #[schema(value_type = Vec<String>)]
    apps: BTreeSet<AppSlug>,
    #[serde(default)]
    reason: String,
}

/// Lets go of access that somebody keeps though no policy gives it: what was refused to be taken, or what an undone leaving
/// gave back. It is taken away.
#[utoipa::path(post, path = "/v1/people/{id}/access/@let_go", tag = "people", operation_id = "let_go_of_access",
    params(("id" = String, Path)), request_body = LetGoBody,
    responses((status = 200, body = DoneView)))]
pub(crate) async fn let_go(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    Body(body): Body<LetGoBody>,
) -> Result<Json<DoneView>, Problem> {
    let who = caller.who(&api);
    let done = kept::let_go(&api.ports, &who, &id, &body.apps, &body.reason).await?;
    Ok(Json(DoneView::from(&done)))
}

/// Into whom, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeBody {
    /// The person who stays.
    #[schema(value_type = String)]
    into: PersonId,
    #[serde(default)]
    reason: String,
}

/// Merges a person into another one, who is known by everything from then on. Whoever is merged away leaves; answers the
/// one who stays.
#[utoipa::path(post, path = "/v1/people/{id}/@merge", tag = "people", operation_id = "merge_person",
    params(("id" = String, Path)), request_body = MergeBody,
    responses((status = 200, body = DoneView)))]
pub(crate) async fn merge(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    Body(body): Body<MergeBody>,
) -> Result<Json<DoneView>, Problem> {
    let who = caller.who(&api);
    let done = Box::pin(identity::merge(
        &api.ports,
        &who,
        &id,
        &body.into,
        &body.reason,
    ))
    .await?;
    Ok(Json(DoneView::from(&done)))
}

/// What is split off, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitBody {
    /// The id of somebody who was merged in, which stands for all that came with them; or contacts, opportunities,
    /// addresses and key of the person, and users linked to them (`acme/prod/7`).
    identifiers: Vec<String>,
    #[serde(default)]
    reason: String,
}

/// Splits identifiers off: whoever was merged in is there again as they were, or there is somebody new. Answers that
/// person.
#[utoipa::path(post, path = "/v1/people/{id}/@split", tag = "people", operation_id = "split_person",
    params(("id" = String, Path)), request_body = SplitBody,
    responses((status = 200, body = DoneView)))]
pub(crate) async fn split(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    Body(body): Body<SplitBody>,
) -> Result<Json<DoneView>, Problem> {
    let who = caller.who(&api);
    let done = identity::split(&api.ports, &who, &id, &body.identifiers, &body.reason).await?;
    Ok(Json(DoneView::from(&done)))
}

/// Why somebody is erased.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EraseBody {
    /// It stays in the audit, so it must not name the person.
    reason: String,
}

/// Who was erased.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErasedView {
    /// The pseudonym that the audit keeps.
    id: String,
    erased: bool,
}

/// Erases everything about a person who is not here any more and holds nothing; the audit keeps the id alone.
#[utoipa::path(post, path = "/v1/people/{id}/@erase", tag = "people", operation_id = "erase_person",
    params(("id" = String, Path)), request_body = EraseBody,
    responses((status = 200, body = ErasedView)))]
pub(crate) async fn erase(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    Body(body): Body<EraseBody>,
) -> Result<Json<ErasedView>, Problem> {
    let who = caller.who(&api);
    erasure::erase(&api.ports, &who, &id, &body.reason).await?;
    Ok(Json(ErasedView {
        id: id.to_string(),
        erased: true,
    }))
}
