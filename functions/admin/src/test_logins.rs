//! Logins for a test: whoever builds a definition with a login page authorises it once; no account is touched.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use sando_core::admin::accounts::Given;
use sando_core::admin::test_logins::{self, Stage, TestLogin};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayOperate, MayRead};
use crate::body::{Body, InPath};
use crate::logins::{TEST_CALLBACK, url_here};
use crate::problem::Problem;

/// A definition with a login page, and the client that logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorizeBody {
    /// The file.
    #[schema(value_type = Object)]
    definition: Map<String, Value>,
    /// The values of its variables.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// The client's id and secret, and secret variables.
    #[serde(default)]
    credentials: BTreeMap<String, String>,
    /// A login that this one takes the place of; without credentials its client logs in again.
    #[serde(default)]
    session: Option<String>,
}

/// A login for a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestLoginView {
    /// What `definitions:test` takes instead of credentials; of use to nobody but who began the login.
    session: String,
    /// `waiting` for the login page, `authorised`, or `failed`.
    state: &'static str,
    /// Why it failed.
    detail: Option<String>,
    /// When it is over, tokens and all.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// The provider's login page; good for one login, and shown this once.
    authorize_url: Option<String>,
    /// What the application has to allow as redirect URL for tests.
    redirect_url: Option<String>,
}

impl From<&TestLogin> for TestLoginView {
    fn from(login: &TestLogin) -> Self {
        let (state, detail) = match &login.stage {
            Stage::Waiting => ("waiting", None),
            Stage::Authorised => ("authorised", None),
            Stage::Failed { why } => ("failed", Some(why.clone())),
        };
        Self {
            session: login.name().to_owned(),
            state,
            detail,
            until: login.until,
            authorize_url: None,
            redirect_url: None,
        }
    }
}

/// Begins a login for a test: open `authorize_url` in a browser, then test with `session`. Nothing is connected; client and
/// tokens are encrypted, and gone when the login is over.
#[utoipa::path(post, path = "/v1/definitions:authorize", tag = "builder",
    operation_id = "authorize_definition", request_body = AuthorizeBody,
    responses((status = 200, body = TestLoginView)))]
pub(crate) async fn authorize(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<AuthorizeBody>,
) -> Result<Json<TestLoginView>, Problem> {
    let redirect_url = url_here(&headers, TEST_CALLBACK).ok_or_else(Problem::no_host)?;
    let given = Given {
        variables: body.variables,
        credentials: body.credentials,
        replace: false,
        label: None,
    };
    let (who, file) = (caller.who(&api), Value::Object(body.definition));
    let (again, to) = (body.session.as_deref(), redirect_url.as_str());
    let begun = test_logins::begin(&api.ports, &who, file, given, again, to);
    let (page, login) = begun.await?;
    Ok(Json(TestLoginView {
        authorize_url: Some(page.to_string()),
        redirect_url: Some(redirect_url.to_string()),
        ..TestLoginView::from(&login)
    }))
}

/// Reads a login for a test, as far as the caller began it.
#[utoipa::path(get, path = "/v1/test-logins/{id}", tag = "builder", operation_id = "get_test_login",
    params(("id" = String, Path)), responses((status = 200, body = TestLoginView)))]
pub(crate) async fn read(
    MayRead(caller): MayRead,
    State(api): State<Api>,
    InPath(id): InPath<String>,
) -> Result<Json<TestLoginView>, Problem> {
    let login = test_logins::mine(&api.ports, &caller.who(&api), &id).await?;
    Ok(Json(TestLoginView::from(&login.entity)))
}

/// Forgets a login for a test and its tokens.
#[utoipa::path(post, path = "/v1/test-logins/{id}/@clear", tag = "builder",
    operation_id = "clear_test_login", params(("id" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn clear(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    test_logins::clear(&api.ports, &caller.who(&api), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
