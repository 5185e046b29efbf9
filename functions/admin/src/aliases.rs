//! Aliases of one attribute: a part of the attributes file, with an address of its own.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sando_core::admin::files::change;
use sando_core::admin::{AdminError, Expect};
use sando_core::attributes::{Aliases, AttributesFile};
use sando_core::config::ConfigKind;
use serde_json::{Value, json};

use crate::Api;
use crate::attributes::{current, id};
use crate::auth::{Caller, MayAdmin, MayRead};
use crate::body::{Body, InPath};
use crate::condition::{IfMatch, etag, put_status};
use crate::problem::Problem;

fn part<'a>(file: &'a Value, attribute: &str) -> Option<&'a Value> {
    file.get("aliases")?.get(attribute)
}

/// Changes the aliases of one attribute in the file; answers its new version.
async fn edit(
    api: &Api,
    caller: &Caller,
    attribute: &str,
    aliases: Option<&Aliases>,
    expect: &Expect,
) -> Result<sando_core::store::Version, Problem> {
    let edit = |file: Option<&Value>| {
        let built_in = || json!(AttributesFile::default());
        let mut file = file.cloned().unwrap_or_else(built_in);
        let fields = file.as_object_mut();
        let parts = fields.map(|fields| fields.entry("aliases").or_insert_with(|| json!({})));
        if let Some(parts) = parts.and_then(Value::as_object_mut) {
            match aliases {
                Some(aliases) => parts.insert(attribute.to_owned(), json!(aliases)),
                None => parts.remove(attribute),
            };
        }
        Ok::<Value, AdminError>(file)
    };
    let (kind, who) = (ConfigKind::Attributes, caller.who(api));
    let stored = change(&api.ports, &who, kind, &id(), expect, edit).await?;
    Ok(stored.item.version)
}

/// Puts the aliases of an attribute: the value that counts → what it is also called.
#[utoipa::path(put, path = "/v1/aliases/{attribute}", tag = "configuration", operation_id = "put_aliases",
    params(("attribute" = String, Path)), request_body = Object,
    responses((status = 200, body = Object), (status = 201, body = Object)))]
pub(crate) async fn put(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(attribute): InPath<String>,
    IfMatch(expect): IfMatch,
    Body(aliases): Body<Aliases>,
) -> Result<Response, Problem> {
    let (before, _) = current(&api).await?;
    let version = edit(&api, &caller, &attribute, Some(&aliases), &expect).await?;
    let status = put_status(part(&before, &attribute).is_none());
    Ok((status, etag(version), Json(aliases)).into_response())
}

/// Reads the aliases of an attribute.
#[utoipa::path(get, path = "/v1/aliases/{attribute}", tag = "configuration", operation_id = "get_aliases",
    params(("attribute" = String, Path)), responses((status = 200, body = Object)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(attribute): InPath<String>,
) -> Result<Response, Problem> {
    let (file, version) = current(&api).await?;
    let aliases = part(&file, &attribute).cloned();
    let aliases =
        aliases.ok_or_else(|| Problem::not_found("there are no aliases of this attribute"))?;
    Ok((etag(version), Json(aliases)).into_response())
}

/// Deletes the aliases of an attribute: its values count as they are.
#[utoipa::path(delete, path = "/v1/aliases/{attribute}", tag = "configuration",
    operation_id = "delete_aliases", params(("attribute" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(attribute): InPath<String>,
    IfMatch(expect): IfMatch,
) -> Result<StatusCode, Problem> {
    let (file, _) = current(&api).await?;
    if part(&file, &attribute).is_none() {
        return Err(Problem::not_found("there are no aliases of this attribute"));
    }
    edit(&api, &caller, &attribute, None, &expect).await?;
    Ok(StatusCode::NO_CONTENT)
}
