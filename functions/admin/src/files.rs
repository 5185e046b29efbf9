//! What the resources of configuration share: files in, files out.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sando_core::admin::files::{all, find, put};
use sando_core::admin::{Expect, files};
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::ids::Slug;
use sando_core::mistake::Mistake;
use sando_core::store::Loaded;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::Caller;
use crate::condition::{etag, put_status};
use crate::list::{Listed, cut};
use crate::problem::{MistakeView, Problem};

/// Fields that an answer adds to a file: what was read can be put again.
const ADDED: &[&str] = &["warnings", "credentials", "built_in"];

/// Which part of a list of files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// At most so many.
    pub(crate) limit: Option<usize>,
    /// Where the last page ended.
    pub(crate) cursor: Option<String>,
}

/// The file with its name in it: the body may leave the name out, but not contradict the address.
pub(crate) fn named(kind: ConfigKind, id: &Slug, mut file: Map<String, Value>) -> Value {
    for field in ADDED {
        file.remove(*field);
    }
    let name = kind.as_str();
    if !matches!(kind, ConfigKind::Attributes) && !file.contains_key(name) {
        let mut whole = Map::new();
        whole.insert(name.to_owned(), json!(id));
        whole.append(&mut file);
        file = whole;
    }
    Value::Object(file)
}

/// Puts a file and answers it as it is stored, with what in it has no effect yet.
pub(crate) async fn put_file(
    api: &Api,
    caller: &Caller,
    kind: ConfigKind,
    id: &Slug,
    file: Map<String, Value>,
    expect: &Expect,
) -> Result<Response, Problem> {
    let file = named(kind, id, file);
    let stored = put(&api.ports, &caller.who(api), kind, id, file, expect).await?;
    let status = put_status(stored.is_new);
    let file = warned(stored.item.entity.file, &stored.warnings);
    Ok((status, etag(stored.item.version), Json(file)).into_response())
}

/// A file with what in it has no effect yet.
pub(crate) fn warned(mut file: Value, warnings: &[Mistake]) -> Value {
    if let (Value::Object(fields), false) = (&mut file, warnings.is_empty()) {
        let warnings: Vec<MistakeView> = warnings.iter().map(MistakeView::from).collect();
        fields.insert("warnings".to_owned(), json!(warnings));
    }
    file
}

/// One file that must be there.
pub(crate) async fn must_be(
    api: &Api,
    kind: ConfigKind,
    id: &Slug,
) -> Result<Loaded<ConfigItem>, Problem> {
    find(&api.ports, kind, id)
        .await?
        .ok_or_else(|| Problem::not_found(format!("there is no {} of this name", kind.as_str())))
}

/// Shows one file.
pub(crate) fn shown(item: Loaded<ConfigItem>) -> Response {
    (etag(item.version), Json(item.entity.file)).into_response()
}

/// All files of a kind, by name.
pub(crate) async fn listed(
    api: &Api,
    kind: ConfigKind,
    paging: &Paging,
) -> Result<Json<Listed<Value>>, Problem> {
    let items = all(&api.ports, kind).await?;
    let items = items
        .into_iter()
        .map(|item| (item.entity.id.to_string(), item.entity.file))
        .collect();
    Ok(Json(cut(items, paging.limit, paging.cursor.as_deref())?))
}

/// Deletes a file.
pub(crate) async fn delete_file(
    api: &Api,
    caller: &Caller,
    kind: ConfigKind,
    id: &Slug,
    expect: &Expect,
) -> Result<StatusCode, Problem> {
    files::delete(&api.ports, &caller.who(api), kind, id, expect).await?;
    Ok(StatusCode::NO_CONTENT)
}
