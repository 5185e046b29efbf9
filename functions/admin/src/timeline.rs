//! Everything that happened to one person, oldest first, from their audit stream.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use sando_core::admin::people::person;
use sando_core::admin::trail::{Place, page};
use sando_core::audit::{AuditValue, Cause, Record, StreamId};
use sando_core::handle::cipher::Cipher;
use sando_core::ids::PersonId;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayRead;
use crate::body::{InPath, InQuery};
use crate::files::Paging;
use crate::list::{Listed, size};
use crate::problem::Problem;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemView {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// What it is about: `event`, `run`, `person`, `app`, `task`, …
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) actor: String,
    #[schema(value_type = Object)]
    pub(crate) cause: Cause,
    pub(crate) run: Option<String>,
    pub(crate) step: Option<String>,
    pub(crate) app: Option<String>,
    #[schema(value_type = Object)]
    pub(crate) detail: Value,
}

pub(crate) fn shown(record: &Record, cipher: Option<&Cipher>) -> ItemView {
    let open = |value: &Option<AuditValue>| match (value, cipher) {
        (None, _) => Value::Null,
        (Some(AuditValue::Open(value)), _) => value.clone(),
        (Some(sealed), Some(cipher)) => cipher.open(sealed),
        // Erased: nobody can read it any more.
        (Some(_), None) => Value::Null,
    };
    let (before, after) = (open(&record.before), open(&record.after));
    let (kind, id) = record
        .target
        .split_once('/')
        .unwrap_or((record.target.as_str(), ""));
    let run = Some(record.correlation_id.clone()).filter(|id| id.starts_with("run_"));
    let step = after.get("step").and_then(Value::as_str).map(str::to_owned);
    let mut detail = Map::new();
    for (name, value) in [("before", before), ("after", after)] {
        if !value.is_null() {
            detail.insert(name.to_owned(), value);
        }
    }
    detail.insert("result".to_owned(), Value::from(record.result.clone()));
    ItemView {
        at: record.at,
        kind: kind.to_owned(),
        title: title(kind, id, &record.action),
        actor: record.actor.clone(),
        cause: record.cause.clone(),
        run: run.or_else(|| (kind == "run").then(|| id.to_owned())),
        app: app(kind, id, step.as_deref()),
        step,
        detail: Value::Object(detail),
    }
}

fn title(kind: &str, id: &str, action: &str) -> String {
    match kind {
        "app" => format!("{id}: {action}"),
        _ => action.to_owned(),
    }
}

/// The application: named, or that of a step `access/figma`.
fn app(kind: &str, id: &str, step: Option<&str>) -> Option<String> {
    if kind == "app" {
        return Some(id.to_owned());
    }
    let (_, app) = step?.split_once('/')?;
    Some(app.to_owned())
}

/// Lists everything that happened to a person.
#[utoipa::path(get, path = "/v1/people/{id}/timeline", tag = "people", operation_id = "get_timeline",
    params(("id" = String, Path), ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<ItemView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<ItemView>>, Problem> {
    person(&api.ports, &id).await?;
    let stream = StreamId::Person(id.clone());
    let from = place(paging.cursor.as_deref())?;
    let size = size(paging.limit)?;
    let page = page(&api.ports, Some(&stream), from.as_ref(), size).await?;
    let cipher = Cipher::find(&api.ports, &id).await?;
    Ok(Json(Listed {
        items: page
            .records
            .iter()
            .map(|record| shown(record, cipher.as_ref()))
            .collect(),
        next_cursor: page.next.as_ref().map(Place::print),
    }))
}

/// The place that a cursor names.
pub(crate) fn place(cursor: Option<&str>) -> Result<Option<Place>, Problem> {
    let read = |cursor| {
        Place::parse(cursor)
            .ok_or_else(|| Problem::mistake("cursor", "it is not a cursor of this list"))
    };
    cursor.map(read).transpose()
}
