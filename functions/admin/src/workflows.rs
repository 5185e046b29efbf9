//! Workflows: in what order, with whom. The built-in ones are listed, can be replaced, and come back when that is deleted.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sando_core::admin::files;
use sando_core::config::ConfigKind;
use sando_core::ids::Slug;
use sando_core::store::Version;
use sando_core::workflow::Workflow;
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::{MayAdmin, MayRead};
use crate::body::{Body, InPath, InQuery};
use crate::condition::{IfMatch, etag};
use crate::files::{Paging, delete_file, put_file, shown};
use crate::list::{Listed, cut};
use crate::problem::Problem;

const KIND: ConfigKind = ConfigKind::Workflow;

/// Lists workflows, by name.
#[utoipa::path(get, path = "/v1/workflows", tag = "configuration", operation_id = "list_workflows",
    params(("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<Value>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<Value>>, Problem> {
    let mut items: BTreeMap<String, Value> = Workflow::built_in()
        .iter()
        .map(|workflow| (workflow.workflow.to_string(), built_in(workflow)))
        .collect();
    for item in files::all(&api.ports, KIND).await? {
        items.insert(item.entity.id.to_string(), item.entity.file);
    }
    let items = items.into_iter().collect();
    Ok(Json(cut(items, paging.limit, paging.cursor.as_deref())?))
}

/// A workflow that nobody wrote, marked as such.
fn built_in(workflow: &Workflow) -> Value {
    let mut file = json!(workflow);
    if let Value::Object(fields) = &mut file {
        fields.insert("built_in".to_owned(), Value::from(true));
    }
    file
}

fn find_built_in(id: &Slug) -> Option<Workflow> {
    let mut built_in = Workflow::built_in().into_iter();
    built_in.find(|workflow| workflow.workflow == *id)
}

/// Puts a workflow file. What it names and is not there yet is answered as `warnings`.
#[utoipa::path(put, path = "/v1/workflows/{id}", tag = "configuration", operation_id = "put_workflow",
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

/// Reads a workflow file.
#[utoipa::path(get, path = "/v1/workflows/{id}", tag = "configuration", operation_id = "get_workflow",
    params(("id" = String, Path)), responses((status = 200, body = Object)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
) -> Result<Response, Problem> {
    match (
        files::find(&api.ports, KIND, &id).await?,
        find_built_in(&id),
    ) {
        (Some(item), _) => Ok(shown(item)),
        (None, Some(workflow)) => {
            let file = Json(built_in(&workflow));
            Ok((etag(Version::ABSENT), file).into_response())
        }
        (None, None) => Err(Problem::not_found("there is no workflow of this name")),
    }
}

/// Deletes a workflow file; a built-in one that it replaced is there again.
#[utoipa::path(delete, path = "/v1/workflows/{id}", tag = "configuration", operation_id = "delete_workflow",
    params(("id" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
) -> Result<StatusCode, Problem> {
    let is_there = files::find(&api.ports, KIND, &id).await?.is_some();
    if !is_there && find_built_in(&id).is_some() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "built_in",
            "a built-in workflow cannot be deleted, only replaced",
        ));
    }
    delete_file(&api, &caller, KIND, &id, &expect).await
}
