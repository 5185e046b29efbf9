//! The routes of `/v1`, who may use them, and the lists and reads among them.

use std::sync::Arc;

use axum::extract::{Path, Request, State as Shared};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Extension, Json, Router};
use hyper::header::{self, HeaderValue};
use serde_json::{Value, json};

use super::account::Account;
use super::filters;
use super::opportunity::contact_json;
use super::options::ApiKey;
use super::paging::{ById, NewestFirst, PipelinePlace, page};
use super::refusal::Refusal;
use super::state::{Opportunity, State};
use super::{hooks, notes, writes};
use crate::locked;
use crate::query::Params;

/// What a handler answers.
pub(super) type Answer = Result<Json<Value>, Refusal>;
/// The account, as handlers get it.
pub(super) type Sim = Shared<Arc<Account>>;

/// Whether the caller's key may read confidential rows.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    pub(super) confidential: bool,
}

/// The router of the Data API.
pub(super) fn router(account: Arc<Account>) -> Router {
    let v1 = Router::new()
        .route("/opportunities", get(list_opportunities))
        .route("/opportunities/deleted", get(list_deleted))
        .route("/opportunities/{id}", get(read_opportunity))
        .route("/opportunities/{id}/offers", get(list_offers))
        .route("/opportunities/{id}/applications", get(list_applications))
        .route("/opportunities/{id}/forms", get(list_forms))
        .route("/opportunities/{id}/feedback", get(list_feedback))
        .route(
            "/opportunities/{id}/notes",
            get(notes::list).post(notes::add),
        )
        .route("/opportunities/{id}/addTags", post(writes::add_tags))
        .route("/opportunities/{id}/removeTags", post(writes::remove_tags))
        .route("/opportunities/{id}/archived", put(writes::archive))
        .route("/opportunities/{id}/stage", put(writes::move_stage))
        .route("/contacts/{id}", get(read_contact))
        .route("/postings", get(list_postings))
        .route("/postings/{id}", get(read_posting))
        .route("/requisitions", get(list_requisitions))
        .route("/requisitions/{id}", get(read_requisition))
        .route("/users", get(list_users))
        .route("/users/{id}", get(read_user))
        .route("/stages", get(list_stages))
        .route("/stages/{id}", get(read_stage))
        .route("/archive_reasons", get(list_reasons))
        .route("/archive_reasons/{id}", get(read_reason))
        .route("/tags", get(list_tags))
        .route(
            "/webhooks",
            get(hooks::list).post(hooks::create).put(hooks::update),
        )
        .route("/webhooks/{id}", delete(hooks::remove))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_path)
        .layer(middleware::from_fn_with_state(Arc::clone(&account), guard));
    Router::new().nest("/v1", v1).with_state(account)
}

/// Basic auth, forbidden parts, the token bucket, and Lever's own headers.
async fn guard(Shared(account): Sim, mut request: Request, next: Next) -> Response {
    let mut response = match admit(&account, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => {
            if matches!(refusal, Refusal::Unauthorized) {
                account.refuse();
            }
            refusal.into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("lever-data-api"));
    headers.insert("x-lever-region", HeaderValue::from_static("global"));
    if headers.contains_key(header::CONTENT_TYPE) {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, json);
    }
    response
}

fn admit(account: &Account, request: &Request) -> Result<Caller, Refusal> {
    let credentials = request.headers().get(header::AUTHORIZATION);
    let key: ApiKey = credentials
        .and_then(|value| value.to_str().ok())
        .and_then(|value| account.key(value))
        .ok_or(Refusal::Unauthorized)?;
    if !account.admits(&key) {
        return Err(Refusal::TooMany);
    }
    let path = request.uri().path();
    if key.forbidden.iter().any(|part| path.contains(part)) {
        return Err(Refusal::Forbidden(
            "This API key lacks the permission.".to_owned(),
        ));
    }
    Ok(Caller {
        confidential: key.confidential,
    })
}

async fn unknown_path(request: Request) -> Refusal {
    Refusal::NotFound(format!("{} does not exist", request.uri().path()))
}

/// The opportunity, if this caller may see it.
pub(super) fn readable<'a>(
    state: &'a State,
    id: &str,
    caller: Caller,
) -> Result<&'a Opportunity, Refusal> {
    let opportunity = state
        .opportunity(id)
        .filter(|opportunity| opportunity.deleted.is_none())
        .ok_or_else(|| Refusal::missing("opportunities", id))?;
    if opportunity.confidential && !caller.confidential {
        return Err(Refusal::Forbidden(
            "You do not have access to confidential data.".to_owned(),
        ));
    }
    Ok(opportunity)
}

impl Account {
    /// The row, with a field nobody documented if the options ask for it.
    pub(super) fn sprinkled(&self, mut row: Value) -> Value {
        if self.options.unknown_fields
            && let Some(fields) = row.as_object_mut()
        {
            let name = format!("x{}", self.chance.hex(4));
            fields.insert(name, json!({ "undocumented": [1, null, "two"] }));
        }
        row
    }

    fn single(&self, row: Option<Value>, kind: &str, id: &str) -> Answer {
        let row = row.ok_or_else(|| Refusal::missing(kind, id))?;
        Ok(Json(json!({ "data": self.sprinkled(row) })))
    }
}

async fn list_opportunities(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Answer {
    let mut state = locked(&account.state);
    let mut rows = Vec::new();
    for opportunity in state.opportunities.values() {
        let secret = opportunity.confidential && !caller.confidential;
        if opportunity.deleted.is_some()
            || secret
            || !filters::passes(&state, opportunity, &params)?
        {
            continue;
        }
        let place = PipelinePlace {
            rank: state.rank(&opportunity.stage),
            advanced: std::cmp::Reverse(opportunity.last_advanced_at),
            id: opportunity.id.clone(),
        };
        rows.push((place, opportunity.id.clone()));
    }
    let page = page(&mut state, "opportunities", rows, &params)?;
    page.envelope(|id| {
        let row = state
            .opportunity(&id)
            .ok_or_else(|| Refusal::missing("opportunities", &id))?;
        Ok(account.sprinkled(state.opportunity_json(row, &params)?))
    })
}

async fn list_deleted(Shared(account): Sim, params: Params) -> Answer {
    let mut state = locked(&account.state);
    let mut rows = Vec::new();
    for opportunity in state.opportunities.values() {
        let Some(deleted) = &opportunity.deleted else {
            continue;
        };
        if filters::within(&params, "deleted_at", Some(deleted.at))? {
            let row = state.deleted_opportunity(opportunity);
            rows.push((NewestFirst::of(&row, "deletedAt"), row));
        }
    }
    page(&mut state, "deleted", rows, &params)?.envelope(|row| Ok(account.sprinkled(row)))
}

async fn read_opportunity(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let state = locked(&account.state);
    let opportunity = readable(&state, &id, caller)?;
    let row = state.opportunity_json(opportunity, &params)?;
    account.single(Some(row), "opportunities", &id)
}

async fn list_offers(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let mut state = locked(&account.state);
    let offers = readable(&state, &id, caller)?.offers.clone();
    let expands_creator = params.all("expand").any(|name| name == "creator");
    let mut rows = Vec::new();
    for mut offer in offers {
        let creator = super::admit::text(&offer, "creator").unwrap_or_default();
        if let (true, Some(fields)) = (expands_creator, offer.as_object_mut()) {
            fields.insert("creator".to_owned(), state.user_json(&creator));
        }
        rows.push((NewestFirst::of(&offer, "createdAt"), offer));
    }
    page(&mut state, "offers", rows, &params)?.envelope(|row| Ok(account.sprinkled(row)))
}

async fn list_forms(
    sim: Sim,
    caller: Extension<Caller>,
    id: Path<String>,
    params: Params,
) -> Answer {
    newest_first(sim, caller, id, params, "forms", |opportunity| {
        &opportunity.forms
    })
}

async fn list_feedback(
    sim: Sim,
    caller: Extension<Caller>,
    id: Path<String>,
    params: Params,
) -> Answer {
    newest_first(sim, caller, id, params, "feedback", |opportunity| {
        &opportunity.feedback
    })
}

/// What an opportunity has of one kind, newest first.
pub(super) fn newest_first(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    params: Params,
    kind: &'static str,
    of: fn(&Opportunity) -> &Vec<Value>,
) -> Answer {
    let mut state = locked(&account.state);
    let rows = of(readable(&state, &id, caller)?)
        .iter()
        .map(|row| (NewestFirst::of(row, "createdAt"), row.clone()))
        .collect();
    page(&mut state, kind, rows, &params)?.envelope(|row| Ok(account.sprinkled(row)))
}

async fn list_applications(
    Shared(account): Sim,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let state = locked(&account.state);
    let applications = state.applications_json(readable(&state, &id, caller)?);
    Ok(Json(json!({ "data": applications, "hasNext": false })))
}

async fn read_contact(Shared(account): Sim, Path(id): Path<String>) -> Answer {
    let row = locked(&account.state).contacts.get(&id).map(contact_json);
    account.single(row, "contacts", &id)
}

async fn list_postings(Shared(account): Sim, params: Params) -> Answer {
    let mut state = locked(&account.state);
    let mut rows = Vec::new();
    for row in state.postings.values() {
        let updated = row.get("updatedAt").and_then(Value::as_i64);
        if filters::within(&params, "updated_at", updated)?
            && confidentiality_fits(row, &params)?
            && filters::field_fits(&params, "state", row, "state")
        {
            rows.push((NewestFirst::of(row, "createdAt"), row.clone()));
        }
    }
    page(&mut state, "postings", rows, &params)?.envelope(|row| Ok(account.sprinkled(row)))
}

async fn read_posting(Shared(account): Sim, Path(id): Path<String>, params: Params) -> Answer {
    let state = locked(&account.state);
    let mut row = state.postings.get(&id).cloned();
    if let Some(fields) = row.as_mut().and_then(Value::as_object_mut) {
        for name in params.all("expand") {
            if !["user", "owner", "hiringManager", "followers"].contains(&name) {
                return Err(Refusal::BadRequest(format!("{name} is not expandable")));
            }
            if let Some(user) = fields.get(name).and_then(Value::as_str) {
                let user = state.user_json(user);
                fields.insert(name.to_owned(), user);
            }
        }
    }
    account.single(row, "postings", &id)
}

async fn list_requisitions(Shared(account): Sim, params: Params) -> Answer {
    let mut state = locked(&account.state);
    let mut rows = Vec::new();
    for (id, row) in &state.requisitions {
        let created = row.get("createdAt").and_then(Value::as_i64);
        if filters::within(&params, "created_at", created)?
            && confidentiality_fits(row, &params)?
            && filters::field_fits(&params, "status", row, "status")
            && filters::field_fits(&params, "requisition_code", row, "requisitionCode")
        {
            rows.push((ById(id.clone()), row.clone()));
        }
    }
    page(&mut state, "requisitions", rows, &params)?.envelope(|row| Ok(account.sprinkled(row)))
}

async fn read_requisition(Shared(account): Sim, Path(id): Path<String>) -> Answer {
    let row = locked(&account.state).requisitions.get(&id).cloned();
    account.single(row, "requisitions", &id)
}

async fn list_users(Shared(account): Sim, params: Params) -> Answer {
    let mut state = locked(&account.state);
    let all = params.one("includeDeactivated") == Some("true");
    let rows = state
        .users
        .values()
        .filter(|row| all || row.get("deactivatedAt").is_none_or(Value::is_null))
        .filter(|row| filters::field_fits(&params, "email", row, "email"))
        .filter(|row| filters::field_fits(&params, "accessRole", row, "accessRole"))
        .map(|row| (NewestFirst::of(row, "createdAt"), row.clone()))
        .collect();
    page(&mut state, "users", rows, &params)?.envelope(|row| Ok(account.sprinkled(row)))
}

async fn read_user(Shared(account): Sim, Path(id): Path<String>) -> Answer {
    let row = locked(&account.state).users.get(&id).cloned();
    account.single(row, "users", &id)
}

async fn list_stages(Shared(account): Sim) -> Json<Value> {
    let state = locked(&account.state);
    let stages = state.stages.iter().map(|stage| state.stage_json(&stage.id));
    Json(json!({ "data": stages.collect::<Vec<_>>(), "hasNext": false }))
}

async fn read_stage(Shared(account): Sim, Path(id): Path<String>) -> Answer {
    let row = locked(&account.state).stage_json(&id);
    account.single(Some(row).filter(|row| !row.is_null()), "stages", &id)
}

async fn list_reasons(Shared(account): Sim, params: Params) -> Json<Value> {
    let reasons = locked(&account.state).reasons_json(params.one("type"));
    Json(json!({ "data": reasons, "hasNext": false }))
}

async fn read_reason(Shared(account): Sim, Path(id): Path<String>) -> Answer {
    let reasons = locked(&account.state).reasons_json(None);
    let is_it = |row: &Value| row.get("id").and_then(Value::as_str) == Some(&id);
    account.single(reasons.into_iter().find(is_it), "archive_reasons", &id)
}

async fn list_tags(Shared(account): Sim) -> Json<Value> {
    let state = locked(&account.state);
    let mut counts: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for tag in state.opportunities.values().flat_map(|row| &row.tags) {
        *counts.entry(tag).or_default() += 1;
    }
    let tags = counts
        .iter()
        .map(|(text, count)| json!({ "text": text, "count": count }));
    Json(json!({ "data": tags.collect::<Vec<_>>(), "hasNext": false }))
}

fn confidentiality_fits(row: &Value, params: &Params) -> Result<bool, Refusal> {
    let own = super::admit::text(row, "confidentiality").unwrap_or_default();
    filters::confidentiality_fits(params, &own)
}
