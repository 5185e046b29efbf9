//! Drafts of definitions.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use sando_core::admin::drafts;
use sando_core::catalog::Draft;
use sando_core::ids::Slug;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayOperate, MayRead};
use crate::body::{Body, InPath, InQuery};
use crate::condition::{IfMatch, etag, put_status};
use crate::files::Paging;
use crate::list::{Listed, cut};
use crate::problem::Problem;

/// A draft in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftView {
    draft: String,
    #[schema(value_type = String, format = DateTime)]
    saved_at: Timestamp,
    saved_by: String,
}

impl From<&Draft> for DraftView {
    fn from(draft: &Draft) -> Self {
        Self {
            draft: draft.id.to_string(),
            saved_at: draft.saved_at,
            saved_by: draft.saved_by.clone(),
        }
    }
}

/// Lists drafts, by name.
#[utoipa::path(get, path = "/v1/drafts", tag = "builder", operation_id = "list_drafts",
    params(("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<DraftView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<DraftView>>, Problem> {
    let drafts = drafts::all(&api.ports).await?;
    let drafts = drafts.iter().map(|draft| {
        let view = DraftView::from(&draft.entity);
        (view.draft.clone(), view)
    });
    let listed = cut(drafts.collect(), paging.limit, paging.cursor.as_deref())?;
    Ok(Json(listed))
}

/// Saves a draft: any JSON object, as far as it is written; it is not checked, and keeps no credentials.
#[utoipa::path(put, path = "/v1/drafts/{id}", tag = "builder", operation_id = "put_draft",
    params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = Object), (status = 201, body = Object)))]
pub(crate) async fn put(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
    Body(file): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let who = caller.who(&api);
    let (draft, is_new) = drafts::put(&api.ports, &who, &id, file, &expect).await?;
    let file = Json(draft.entity.file);
    Ok((put_status(is_new), etag(draft.version), file).into_response())
}

/// Reads a draft.
#[utoipa::path(get, path = "/v1/drafts/{id}", tag = "builder", operation_id = "get_draft",
    params(("id" = String, Path)), responses((status = 200, body = Object)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
) -> Result<Response, Problem> {
    let draft = drafts::must_be(&api.ports, &id).await?;
    Ok((etag(draft.version), Json(draft.entity.file)).into_response())
}

/// Deletes a draft.
#[utoipa::path(delete, path = "/v1/drafts/{id}", tag = "builder", operation_id = "delete_draft",
    params(("id" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
) -> Result<StatusCode, Problem> {
    let who = caller.who(&api);
    drafts::delete(&api.ports, &who, &id, &expect).await?;
    Ok(StatusCode::NO_CONTENT)
}
