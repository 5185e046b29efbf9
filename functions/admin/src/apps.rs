//! Applications, and the credentials of their provisioners, which go in and never come out.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use sando_core::admin::AdminError;
use sando_core::admin::provisioner::{self, Trouble};
use sando_core::admin::settings::{app_owner, forget_credentials, set_credentials};
use sando_core::config::ConfigKind;
use sando_core::ids::Slug;
use sando_core::ports::SecretValues;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayAdmin, MayOperate, MayRead};
use crate::body::{Body, InPath, InQuery};
use crate::condition::{IfMatch, etag};
use crate::files::{Paging, delete_file, listed, must_be, put_file};
use crate::list::Listed;
use crate::problem::Problem;

const KIND: ConfigKind = ConfigKind::App;

/// Lists applications, by name.
#[utoipa::path(get, path = "/v1/apps", tag = "configuration", operation_id = "list_apps",
    params(("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<Value>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<Value>>, Problem> {
    listed(&api, KIND, &paging).await
}

/// Puts an app file. What it names and is not there yet is answered as `warnings`.
#[utoipa::path(put, path = "/v1/apps/{app}", tag = "configuration", operation_id = "put_app",
    params(("app" = String, Path)), request_body = Object,
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

/// Reads an app file.
#[utoipa::path(get, path = "/v1/apps/{app}", tag = "configuration", operation_id = "get_app",
    params(("app" = String, Path)), responses((status = 200, body = Object)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
) -> Result<Response, Problem> {
    let item = must_be(&api, KIND, &id).await?;
    let mut file = item.entity.file;
    let values = api
        .secrets
        .read(&app_owner(&id), true)
        .await
        .map_err(AdminError::from)?
        .unwrap_or_default();
    if let Value::Object(fields) = &mut file {
        fields.insert(
            "credentials".to_owned(),
            json!(CredentialsView::from(&values)),
        );
    }
    Ok((etag(item.version), Json(file)).into_response())
}

/// Deletes an app file.
#[utoipa::path(delete, path = "/v1/apps/{app}", tag = "configuration", operation_id = "delete_app",
    params(("app" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    IfMatch(expect): IfMatch,
) -> Result<StatusCode, Problem> {
    let done = delete_file(&api, &caller, KIND, &id, &expect).await?;
    // Whoever makes it again must not inherit them.
    let owner = app_owner(&id);
    let forgotten = api.secrets.remove(&owner).await;
    forgotten.map_err(AdminError::from)?;
    let forgotten = api.ports.readers.forget(&owner).await;
    forgotten.map_err(AdminError::from)?;
    Ok(done)
}

/// Credentials as they go in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialsBody {
    /// Asked when connecting, shown again.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Never shown again.
    #[serde(default)]
    credentials: BTreeMap<String, String>,
}

/// Which credentials are set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CredentialsView {
    /// The variables with their values.
    variables: BTreeMap<String, String>,
    /// The names of the credentials that are set.
    set: Vec<String>,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    set_at: Option<Timestamp>,
}

impl From<&SecretValues> for CredentialsView {
    fn from(values: &SecretValues) -> Self {
        Self {
            variables: values.variables.clone(),
            set: values.credentials.keys().cloned().collect(),
            set_at: values.set_at,
        }
    }
}

/// Sets variables and credentials of a provisioner with its own `auth`, in place of those before.
#[utoipa::path(put, path = "/v1/apps/{app}/credentials", tag = "configuration",
    operation_id = "put_app_credentials", params(("app" = String, Path)),
    request_body = CredentialsBody, responses((status = 200, body = CredentialsView)))]
pub(crate) async fn put_credentials(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
    Body(body): Body<CredentialsBody>,
) -> Result<Json<CredentialsView>, Problem> {
    let values = SecretValues {
        variables: body.variables,
        credentials: body.credentials,
        set_at: None,
    };
    let who = caller.who(&api);
    let values = set_credentials(&api.ports, api.secrets.as_ref(), &who, &id, values).await?;
    Ok(Json(CredentialsView::from(&values)))
}

/// Forgets variables and credentials.
#[utoipa::path(delete, path = "/v1/apps/{app}/credentials", tag = "configuration",
    operation_id = "delete_app_credentials", params(("app" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete_credentials(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
) -> Result<StatusCode, Problem> {
    let who = caller.who(&api);
    forget_credentials(&api.ports, api.secrets.as_ref(), &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether an application lets its provisioner in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestedAppView {
    ok: bool,
    /// `credentials`, `setup`, `busy`, `unreachable`, `refused` or `unreadable`; null if it lets us in.
    #[schema(value_type = Option<String>)]
    class: Option<Trouble>,
    /// What is wrong, in its words or ours; secrets masked.
    detail: Option<String>,
}

/// Looks for a user whom nobody is, with the provisioner's credentials: nothing is changed there.
#[utoipa::path(post, path = "/v1/apps/{app}/@test", tag = "configuration", operation_id = "test_app",
    params(("app" = String, Path)), responses((status = 200, body = TestedAppView)))]
pub(crate) async fn test(
    _: MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<Slug>,
) -> Result<Json<TestedAppView>, Problem> {
    let tested = provisioner::test(&api.ports, &id).await?;
    let (class, detail) = tested.err().unzip();
    Ok(Json(TestedAppView {
        ok: class.is_none(),
        class,
        detail,
    }))
}
