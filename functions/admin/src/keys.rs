//! API keys: made, listed, forgotten. The secret is shown once.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use jiff::Timestamp;
use sando_core::admin::api_key::{
    ApiKey, Scope, Wanted, all, forget as forget_key, make as make_key,
};
use sando_core::ids::KeyId;
use sando_core::store::as_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayAdmin, MayRead};
use crate::body::{Body, InPath, InQuery};
use crate::files::Paging;
use crate::idempotency::KeptInstead;
use crate::list::{Listed, cut};
use crate::problem::Problem;

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    id: String,
    name: String,
    #[schema(value_type = Vec<String>)]
    scopes: BTreeSet<Scope>,
    roles: BTreeSet<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    created_by: String,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            roles: key.roles.clone(),
            created_at: key.created_at,
            created_by: key.created_by.clone(),
        }
    }
}

/// Lists API keys.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", operation_id = "list_keys",
    params(("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<KeyView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<KeyView>>, Problem> {
    let keys = all(&api.ports).await?;
    let keys = keys
        .iter()
        .map(|key| (key.id.to_string(), KeyView::from(key)))
        .collect();
    Ok(Json(cut(keys, paging.limit, paging.cursor.as_deref())?))
}

/// What a key shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyBody {
    name: String,
    /// Out of `read`, `operate`, `approve`, `admin`.
    #[schema(value_type = Vec<String>)]
    scopes: BTreeSet<Scope>,
    /// Who the key is for approvals.
    #[serde(default)]
    roles: BTreeSet<String>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeView {
    #[serde(flatten)]
    key: KeyView,
    /// The bearer token; it is shown this once.
    secret: String,
}

/// Makes an API key. A repeat with the same `Idempotency-Key` answers without the secret.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", operation_id = "make_key",
    request_body = KeyBody, responses((status = 201, body = MadeView)))]
pub(crate) async fn make(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    Body(body): Body<KeyBody>,
) -> Result<Response, Problem> {
    let wanted = Wanted {
        name: body.name,
        scopes: body.scopes,
        roles: body.roles,
    };
    let (key, secret) = make_key(&api.ports, &caller.who(&api), wanted).await?;
    let view = KeyView::from(&key.entity);
    let kept = KeptInstead(as_json(&view));
    let location = [(header::LOCATION, format!("/v1/keys/{}", view.id))];
    let made = MadeView { key: view, secret };
    let mut response = (StatusCode::CREATED, location, Json(made)).into_response();
    response.extensions_mut().insert(kept);
    Ok(response)
}

/// Forgets an API key: its token is refused from now on.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys", operation_id = "forget_key",
    params(("id" = String, Path)), responses((status = 204)))]
pub(crate) async fn forget(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<KeyId>,
) -> Result<StatusCode, Problem> {
    forget_key(&api.ports, &caller.who(&api), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
