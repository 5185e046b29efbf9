//! The document of what is configured (L29): Markdown, made from the configuration as it is.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use sando_core::admin::files::company;
use sando_core::guide::markdown;

use crate::Api;
use crate::auth::MayRead;
use crate::problem::Problem;

/// Says in plain words what is configured: who gets what and why, what starts what, where approvals wait, who owns what.
#[utoipa::path(get, path = "/v1/document", tag = "configuration", operation_id = "get_document",
    responses((status = 200, content((String = "text/markdown")))))]
pub(crate) async fn read(_: MayRead, State(api): State<Api>) -> Result<Response, Problem> {
    let text = markdown(&company(&api.ports).await?);
    let kind = [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")];
    Ok((kind, text).into_response())
}
