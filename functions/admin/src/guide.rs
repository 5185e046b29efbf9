//! The document of what is configured (L29): Markdown, made from the configuration as it is.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use sando_core::admin::{AdminError, definitions, files};
use sando_core::catalog::DefinitionItem;
use sando_core::company::Company;
use sando_core::guide::markdown;

use crate::Api;
use crate::auth::MayRead;
use crate::problem::Problem;

/// What the document is made from.
pub(crate) async fn configured(api: &Api) -> Result<(Company, Vec<DefinitionItem>), AdminError> {
    let company = files::company(&api.ports).await?;
    let all = definitions::all(&api.ports).await?.into_iter();
    Ok((company, all.map(|item| item.entity).collect()))
}

/// Says in plain words what is configured: who gets what and why, what starts what, where approvals wait, which fields are
/// mapped how, who owns what.
#[utoipa::path(get, path = "/v1/document", tag = "configuration", operation_id = "get_document",
    responses((status = 200, content((String = "text/markdown")))))]
pub(crate) async fn read(_: MayRead, State(api): State<Api>) -> Result<Response, Problem> {
    let (company, definitions) = configured(&api).await?;
    let text = markdown(&company, &definitions);
    let kind = [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")];
    Ok((kind, text).into_response())
}
