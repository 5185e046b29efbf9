//! The connection to Lever, tried out.

use axum::Json;
use axum::extract::State;
use sando_core::admin::lever;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayOperate;
use crate::problem::Problem;

/// Whether Lever lets us in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestedView {
    ok: bool,
    /// What is wrong, in Lever's words or ours; secrets masked.
    detail: Option<String>,
}

/// Asks Lever whether the API key is accepted.
#[utoipa::path(post, path = "/v1/settings/lever:test", tag = "settings", operation_id = "test_lever",
    responses((status = 200, body = TestedView)))]
pub(crate) async fn test(
    _: MayOperate,
    State(api): State<Api>,
) -> Result<Json<TestedView>, Problem> {
    let tested = lever::test(&api.ports).await;
    Ok(Json(TestedView {
        ok: tested.is_ok(),
        detail: tested.err().map(|error| error.to_string()),
    }))
}
