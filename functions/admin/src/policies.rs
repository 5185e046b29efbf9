//! Policies: who is due what.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sando_core::config::ConfigKind;
use sando_core::ids::Slug;
use serde_json::{Map, Value};

use crate::Api;
use crate::auth::{MayAdmin, MayRead};
use crate::body::{Body, InPath, InQuery};
use crate::condition::IfMatch;
use crate::files::{Paging, delete_file, listed, must_be, put_file, shown};
use crate::list::Listed;
use crate::problem::Problem;

const KIND: ConfigKind = ConfigKind::Policy;

/// Lists policies, by name.
#[utoipa::path(get, path = "/v1/policies", tag = "configuration", operation_id = "list_policies",
    params(("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<Value>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<Value>>, Problem> {
    listed(&api, KIND, &paging).await
}

/// Puts a policy file. What it names and is not there yet is answered as `warnings`.
#[utoipa::path(put, path = "/v1/policies/{id}", tag = "configuration", operation_id = "put_policy",
    params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = Object), (status = 201, body = Object)))]
pub(crate) async fn put(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
    Body(file): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    put_file(&api, &caller, KIND, &id, file, &expect).await
}

/// Reads a policy file.
#[utoipa::path(get, path = "/v1/policies/{id}", tag = "configuration", operation_id = "get_policy",
    params(("id" = String, Path)), responses((status = 200, body = Object)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
) -> Result<Response, Problem> {
    Ok(shown(must_be(&api, KIND, &id).await?))
}

/// Deletes a policy file.
#[utoipa::path(delete, path = "/v1/policies/{id}", tag = "configuration", operation_id = "delete_policy",
    params(("id" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
) -> Result<StatusCode, Problem> {
    delete_file(&api, &caller, KIND, &id, &expect).await
}
