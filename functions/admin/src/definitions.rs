//! Definitions: files with versions; checked and tried without being stored.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use sando_core::admin::accounts::Given;
use sando_core::admin::definitions::{self, Stored, dangling, lacking};
use sando_core::admin::files::company;
use sando_core::admin::{preview, test_logins};
use sando_core::catalog::{DefinitionItem, DefinitionVersion};
use sando_core::definition::{
    Certificate, Definition, Explanation, FileMistake, MappedUser, Suggestion, suggest,
    suggest_from_openapi,
};
use sando_core::ids::Slug;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::Api;
use crate::accounts::TestView;
use crate::auth::{MayAdmin, MayOperate, MayRead};
use crate::body::{Body, InPath, InQuery};
use crate::condition::{IfMatch, etag, put_status};
use crate::files::{Paging, warned};
use crate::list::{Listed, cut};
use crate::problem::{MistakeView, Problem};

/// A definition in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DefinitionView {
    definition: String,
    app: String,
    name: String,
    /// The number of the version that counts.
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
    changed_by: String,
}

impl From<&DefinitionItem> for DefinitionView {
    fn from(item: &DefinitionItem) -> Self {
        Self {
            definition: item.id.to_string(),
            app: item.app.to_string(),
            name: item.name.clone(),
            version: item.number,
            changed_at: item.changed_at,
            changed_by: item.changed_by.clone(),
        }
    }
}

/// One version of a definition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionView {
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    put_at: Timestamp,
    put_by: String,
    /// The version that it brought back.
    rolled_back_to: Option<u32>,
    /// The file.
    #[schema(value_type = Object)]
    file: Value,
}

impl From<DefinitionVersion> for VersionView {
    fn from(version: DefinitionVersion) -> Self {
        Self {
            version: version.number,
            put_at: version.put_at,
            put_by: version.put_by,
            rolled_back_to: version.rolled_back_to,
            file: version.file,
        }
    }
}

/// Lists definitions, by name.
#[utoipa::path(get, path = "/v1/definitions", tag = "builder", operation_id = "list_definitions",
    params(("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<DefinitionView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<DefinitionView>>, Problem> {
    let items = definitions::all(&api.ports).await?;
    let items = items.iter().map(|item| {
        let view = DefinitionView::from(&item.entity);
        (view.definition.clone(), view)
    });
    let listed = cut(items.collect(), paging.limit, paging.cursor.as_deref())?;
    Ok(Json(listed))
}

/// Puts a definition; a change is a new version. What is not there yet, or its accounts lack, is answered as `warnings`.
#[utoipa::path(put, path = "/v1/definitions/{id}", tag = "builder", operation_id = "put_definition",
    params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = Object), (status = 201, body = Object)))]
pub(crate) async fn put(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
    Body(mut file): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    file.remove("warnings");
    if !file.contains_key("definition") {
        file.insert("definition".to_owned(), json!(id));
    }
    let who = caller.who(&api);
    let file = Value::Object(file);
    let stored = definitions::put(&api.ports, &who, &id, file, &expect).await?;
    Ok(answer(stored))
}

fn answer(stored: Stored) -> Response {
    let status = put_status(stored.is_new);
    let file = warned(stored.item.entity.file, &stored.warnings);
    (status, etag(stored.item.version), Json(file)).into_response()
}

/// Reads a definition.
#[utoipa::path(get, path = "/v1/definitions/{id}", tag = "builder", operation_id = "get_definition",
    params(("id" = String, Path)), responses((status = 200, body = Object)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
) -> Result<Response, Problem> {
    let item = definitions::must_be(&api.ports, &id).await?;
    Ok((etag(item.version), Json(item.entity.file)).into_response())
}

/// Deletes a definition that no account is connected with.
#[utoipa::path(delete, path = "/v1/definitions/{id}", tag = "builder",
    operation_id = "delete_definition", params(("id" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
) -> Result<StatusCode, Problem> {
    let who = caller.who(&api);
    definitions::delete(&api.ports, &who, &id, &expect).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the versions of a definition that are kept, newest first.
#[utoipa::path(get, path = "/v1/definitions/{id}/versions", tag = "builder",
    operation_id = "list_definition_versions", params(("id" = String, Path)),
    responses((status = 200, body = Listed<VersionView>)))]
pub(crate) async fn versions(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
) -> Result<Json<Listed<VersionView>>, Problem> {
    let versions = definitions::versions(&api.ports, &id).await?;
    Ok(Json(Listed {
        items: versions.into_iter().map(VersionView::from).collect(),
        next_cursor: None,
    }))
}

/// Which version to bring back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackBody {
    /// Its number.
    version: u32,
}

/// Brings back an earlier version of a definition, as a new one.
#[utoipa::path(post, path = "/v1/definitions/{id}/@rollback", tag = "builder",
    operation_id = "roll_back_definition", params(("id" = String, Path)),
    request_body = RollbackBody, responses((status = 200, body = Object)))]
pub(crate) async fn rollback(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
    Body(body): Body<RollbackBody>,
) -> Result<Response, Problem> {
    let who = caller.who(&api);
    let stored = definitions::roll_back(&api.ports, &who, &id, body.version, &expect).await?;
    Ok(answer(stored))
}

/// What is wrong with a definition, and where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedView {
    path: String,
    message: String,
    /// Of a text; the first is 1.
    line: Option<u64>,
    /// Of a text; the first is 1.
    column: Option<u64>,
}

/// What came of checking a definition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedView {
    ok: bool,
    errors: Vec<PlacedView>,
    /// What it names and is not there yet, and what its accounts lack.
    warnings: Vec<MistakeView>,
}

/// Reads the definition in a body: the file itself, `{definition: {…}}`, or `{text}` with YAML or JSON.
fn compiled(mut body: Map<String, Value>) -> Result<Definition, Vec<PlacedView>> {
    if let Some(Value::String(text)) = body.get("text") {
        let placed = |mistakes: Vec<FileMistake>| mistakes.iter().map(of_text).collect();
        return Definition::parse(text).map_err(placed);
    }
    let file = match body.get("definition") {
        Some(Value::Object(_)) => body.remove("definition").unwrap_or_default(),
        _ => Value::Object(body),
    };
    Definition::compile(&file).map_err(|mistakes| {
        let views = mistakes.into_iter().map(|mistake| PlacedView {
            path: mistake.path,
            message: mistake.message,
            line: None,
            column: None,
        });
        views.collect()
    })
}

fn of_text(mistake: &FileMistake) -> PlacedView {
    PlacedView {
        path: mistake.mistake.path.clone(),
        message: mistake.mistake.message.clone(),
        line: Some(mistake.place.line),
        column: Some(mistake.place.column),
    }
}

/// Checks a definition: the file, or `{text}` with YAML; nothing is stored.
#[utoipa::path(post, path = "/v1/definitions:check", tag = "builder",
    operation_id = "check_definition", request_body = Object,
    responses((status = 200, body = CheckedView)))]
pub(crate) async fn check(
    _: MayOperate,
    State(api): State<Api>,
    Body(body): Body<Map<String, Value>>,
) -> Result<Json<CheckedView>, Problem> {
    let (errors, warnings) = match compiled(body) {
        Err(errors) => (errors, Vec::new()),
        Ok(definition) => {
            let company = company(&api.ports).await?;
            let mut warnings = dangling(&definition, &company);
            warnings.extend(lacking(&api.ports, &definition).await?);
            (Vec::new(), warnings.iter().map(MistakeView::from).collect())
        }
    };
    Ok(Json(CheckedView {
        ok: errors.is_empty(),
        errors,
        warnings,
    }))
}

/// A definition, and an answer that is at hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewBody {
    /// The file.
    #[schema(value_type = Object)]
    definition: Map<String, Value>,
    /// What the application answers to the request for users.
    #[schema(value_type = Object)]
    sample: Value,
    /// Values of variables, where they matter.
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

/// What a definition makes of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewView {
    /// Every record: as it was received, what became of it, and why.
    rows: Vec<RowView>,
    /// The counts.
    #[schema(value_type = Object)]
    summary: Certificate,
    /// Why not all of it could be read.
    failure: Option<String>,
}

/// One record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowView {
    /// As it was received.
    #[schema(value_type = Object)]
    record: Value,
    /// The user, if it became one.
    #[schema(value_type = Option<Object>)]
    user: Option<MappedUser>,
    /// Everything that was looked at: fields with what was found, rules with what decided.
    #[schema(value_type = Object)]
    explanation: Value,
    /// The same in sentences; empty for an active user without problems.
    why: Vec<String>,
}

/// Shows what a definition makes of an answer; no request is made, nothing is stored.
#[utoipa::path(post, path = "/v1/definitions:preview", tag = "builder",
    operation_id = "preview_definition", request_body = PreviewBody,
    responses((status = 200, body = PreviewView)))]
pub(crate) async fn preview_sample(
    _: MayOperate,
    State(api): State<Api>,
    Body(body): Body<PreviewBody>,
) -> Result<Json<PreviewView>, Problem> {
    let definition = compile_file(body.definition)?;
    let found = preview::preview(&api.ports, definition, &body.sample, &body.variables).await?;
    Ok(Json(PreviewView {
        rows: rows(found.batch.explained),
        failure: found.certificate.failure.as_ref().map(ToString::to_string),
        summary: found.certificate,
    }))
}

/// A definition, and what its application is asked with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestBody {
    /// The file.
    #[schema(value_type = Object)]
    definition: Map<String, Value>,
    /// The values of its variables.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// The values of its credentials and secret variables.
    #[serde(default)]
    credentials: BTreeMap<String, String>,
    /// A login for a test, whose client and tokens take the place of credentials.
    #[serde(default)]
    session: Option<String>,
}

/// Reads the first page of users from the application; nothing is stored, no credential and no token either.
#[utoipa::path(post, path = "/v1/definitions:test", tag = "builder",
    operation_id = "test_definition", request_body = TestBody,
    responses((status = 200, body = TestView)))]
pub(crate) async fn test(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    Body(body): Body<TestBody>,
) -> Result<Json<TestView>, Problem> {
    if let Some(session) = &body.session {
        let file = Value::Object(body.definition.clone());
        let (of, who) = ((&file, compile_file(body.definition)?), caller.who(&api));
        let tested = test_logins::test(&api.ports, &who, of, &body.variables, session);
        return Ok(Json(tested.await?.into()));
    }
    let definition = compile_file(body.definition)?;
    let given = Given {
        variables: body.variables,
        credentials: body.credentials,
        ..Given::default()
    };
    let sample = preview::test(&api.ports, definition, given).await?;
    Ok(Json(sample.into()))
}

/// What proposals are made from: `sample` or `openapi`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestBody {
    /// What the application answers to the request for users.
    #[schema(value_type = Option<Object>)]
    sample: Option<Value>,
    /// The headers of that answer: of several with one name, the values with a comma between.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The OpenAPI document of the application.
    #[schema(value_type = Option<Object>)]
    openapi: Option<Value>,
}

/// What a definition could say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestedView {
    /// Each with the key of the definition, the value, and the reason.
    #[schema(value_type = Vec<Object>)]
    suggestions: Vec<Suggestion>,
}

/// Proposes rows, pagination and mapping from an answer or an OpenAPI document, each with its reason; nothing is applied.
#[utoipa::path(post, path = "/v1/definitions:suggest", tag = "builder",
    operation_id = "suggest_definition", request_body = SuggestBody,
    responses((status = 200, body = SuggestedView)))]
pub(crate) async fn suggested(
    _: MayOperate,
    Body(body): Body<SuggestBody>,
) -> Result<Json<SuggestedView>, Problem> {
    let headers: Vec<(String, String)> = body.headers.into_iter().collect();
    let suggestions = match (body.sample, body.openapi) {
        (Some(sample), None) => suggest(&sample, &headers),
        (None, Some(document)) if headers.is_empty() => suggest_from_openapi(&document),
        _ => {
            let message = "give a `sample`, with its `headers` if they are known, or `openapi`";
            return Err(Problem::mistake("", message));
        }
    };
    Ok(Json(SuggestedView { suggestions }))
}

fn compile_file(file: Map<String, Value>) -> Result<Definition, Problem> {
    Definition::compile(&Value::Object(file)).map_err(|mistakes| {
        let placed = mistakes.into_iter().map(|m| m.under("definition"));
        Problem::invalid(&placed.collect::<Vec<_>>())
    })
}

/// Records with what became of them.
pub(crate) fn rows(explained: Vec<Explanation>) -> Vec<RowView> {
    let rows = explained.into_iter().map(|explanation| {
        let why = explanation.sentences();
        let mut parts = json!(explanation);
        if let Value::Object(parts) = &mut parts {
            parts.remove("record");
            parts.remove("user");
        }
        RowView {
            why,
            explanation: parts,
            user: explanation.user,
            record: explanation.record,
        }
    });
    rows.collect()
}
