//! The attributes file: which Lever field feeds which attribute, and how values are normalised.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sando_core::admin::files::find;
use sando_core::attributes::AttributesFile;
use sando_core::config::ConfigKind;
use sando_core::ids::Slug;
use sando_core::store::Version;
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::{MayAdmin, MayRead};
use crate::body::Body;
use crate::condition::{IfMatch, etag};
use crate::files::put_file;
use crate::problem::Problem;

/// The one name of the one file.
pub(crate) fn id() -> Slug {
    Slug::parse("attributes").expect("the word is a slug")
}

/// The file as it counts: the stored one, or the built-in one (version 0).
pub(crate) async fn current(api: &Api) -> Result<(Value, Version), Problem> {
    let stored = find(&api.ports, ConfigKind::Attributes, &id()).await?;
    Ok(stored.map_or_else(
        || (json!(AttributesFile::default()), Version::ABSENT),
        |item| (item.entity.file, item.version),
    ))
}

/// Puts the attributes file.
#[utoipa::path(put, path = "/v1/attributes", tag = "configuration", operation_id = "put_attributes",
    request_body = Object, responses((status = 200, body = Object), (status = 201, body = Object)))]
pub(crate) async fn put(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    IfMatch(expect): IfMatch,
    Body(file): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let kind = ConfigKind::Attributes;
    put_file(&api, &caller, kind, &id(), file, &expect).await
}

/// Reads the attributes file; the built-in one if none was put.
#[utoipa::path(get, path = "/v1/attributes", tag = "configuration", operation_id = "get_attributes",
    responses((status = 200, body = Object)))]
pub(crate) async fn read(_: MayRead, State(api): State<Api>) -> Result<Response, Problem> {
    let (file, version) = current(&api).await?;
    Ok((etag(version), Json(file)).into_response())
}
