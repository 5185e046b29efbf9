//! Connected accounts. Credentials go in and never come out: which are set and since when is shown.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use sando_core::account::{Account, AccountState, name_of};
use sando_core::admin::AdminError;
use sando_core::admin::accounts::{self, Given};
use sando_core::definition::LeftOut;
use sando_core::handle::sync::sample::{Exchange, Sample};
use sando_core::ids::Slug;
use sando_core::store::Loaded;
use sando_core::sync::shape::Emptied;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayAdmin, MayOperate, MayRead};
use crate::body::{AccountName, Body, InPath, InQuery};
use crate::condition::{IfMatch, etag, put_status};
use crate::definitions::{RowView, rows};
use crate::files::Paging;
use crate::list::{Listed, cut};
use crate::problem::Problem;
use crate::syncs::{FailureView, sync_id};

/// How many rows a test shows.
const MOST_ROWS: usize = 50;

/// One connection of a definition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    definition: String,
    account: String,
    /// The account's name as it was written when it was connected.
    label: String,
    app: String,
    /// `connecting`, `connected` or `disabled`.
    state: &'static str,
    /// Why it is disabled.
    failure: Option<FailureView>,
    variables: BTreeMap<String, String>,
    #[schema(value_type = String, format = DateTime)]
    connected_at: Timestamp,
    /// When it is synced next; null while it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_sync_at: Option<Timestamp>,
    /// The sync that is under way.
    syncing: Option<String>,
    /// The sync that is held until somebody decides.
    held: Option<String>,
    /// The last sync whose users count.
    applied: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    applied_at: Option<Timestamp>,
    users: u64,
    active: u64,
    /// How the last sync ended.
    last_sync: Option<LastView>,
    /// The fields that had values before and have none any more.
    #[schema(value_type = Vec<Object>)]
    emptied: Vec<Emptied>,
    /// Which credentials are set, where one account is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<CredentialsSet>,
}

/// How the last sync ended.
#[derive(Debug, Serialize, ToSchema)]
struct LastView {
    id: String,
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    failure: Option<FailureView>,
}

/// Which credentials are set.
#[derive(Debug, Default, Serialize, ToSchema)]
struct CredentialsSet {
    set: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    set_at: Option<Timestamp>,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        let failure = match &account.state {
            AccountState::Disabled { failure, .. } => Some(FailureView::from(failure)),
            AccountState::Connecting | AccountState::Connected => None,
        };
        let waits = account.state == AccountState::Connected && account.syncing.is_none();
        Self {
            definition: account.definition.to_string(),
            account: account.name.to_string(),
            label: account.shown_name().to_owned(),
            app: account.app.to_string(),
            state: account.state.as_str(),
            failure,
            variables: account.variables.clone(),
            connected_at: account.connected_at,
            next_sync_at: waits.then_some(account.next_sync_at),
            syncing: account.syncing.map(sync_id),
            held: account.held.map(sync_id),
            applied: (account.applied > 0).then(|| sync_id(account.applied)),
            applied_at: account.applied_at,
            users: account.users,
            active: account.active,
            last_sync: account.last.as_ref().map(|last| LastView {
                id: sync_id(last.number),
                state: last.state.as_str(),
                at: last.at,
                failure: last.failure.as_ref().map(FailureView::from),
            }),
            emptied: account.emptied().to_vec(),
            credentials: None,
        }
    }
}

/// Lists accounts, by definition and name.
#[utoipa::path(get, path = "/v1/accounts", tag = "builder", operation_id = "list_accounts",
    params(("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<AccountView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<AccountView>>, Problem> {
    let items = accounts::all(&api.ports).await?;
    let items = items
        .iter()
        .map(|item| (item.entity.label(), AccountView::from(&item.entity)));
    let mut items: Vec<(String, AccountView)> = items.collect();
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Json(cut(items, paging.limit, paging.cursor.as_deref())?))
}

/// What an account is connected with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectBody {
    /// Asked when connecting, shown again.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Never shown again; secret variables too.
    #[serde(default)]
    credentials: BTreeMap<String, String>,
    /// What is there under this name is replaced: its credentials, and its users.
    #[serde(default)]
    replace: bool,
}

/// Connects an account; names are lower case, and how it was written is kept as `label`. An existing name is 409 without `replace: true`.
#[utoipa::path(put, path = "/v1/accounts/{definition}/{account}", tag = "builder",
    operation_id = "connect_account",
    params(("definition" = String, Path), ("account" = String, Path)),
    request_body = ConnectBody,
    responses((status = 200, body = AccountView), (status = 201, body = AccountView)))]
pub(crate) async fn put(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath((definition, written)): InPath<(Slug, String)>,
    IfMatch(expect): IfMatch,
    Body(body): Body<ConnectBody>,
) -> Result<Response, Problem> {
    let name = name_of(&written).map_err(|e| Problem::mistake("account", e.to_string()))?;
    let given = Given {
        label: Some(written),
        variables: body.variables,
        credentials: body.credentials,
        replace: body.replace,
    };
    let (who, of) = (caller.who(&api), (&definition, &name));
    let secrets = api.secrets.as_ref();
    let is_new = accounts::connect(&api.ports, secrets, &who, of, &given, &expect).await?;
    let account = accounts::must_be(&api.ports, &definition, &name).await?;
    Ok((put_status(is_new), shown(&api, &account).await?).into_response())
}

/// New credentials of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCredentials {
    /// All of them; never shown again.
    credentials: BTreeMap<String, String>,
}

/// Puts new credentials in place of those of an account; its users, its variables and its login stay.
#[utoipa::path(put, path = "/v1/accounts/{definition}/{account}/credentials", tag = "builder",
    operation_id = "put_account_credentials",
    params(("definition" = String, Path), ("account" = String, Path)),
    request_body = NewCredentials,
    responses((status = 200, body = AccountView)))]
pub(crate) async fn put_credentials(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
    IfMatch(expect): IfMatch,
    Body(body): Body<NewCredentials>,
) -> Result<Response, Problem> {
    let AccountName(name) = name;
    let (who, of) = (caller.who(&api), (&definition, &name));
    let secrets = api.secrets.as_ref();
    let new = &body.credentials;
    accounts::set_credentials(&api.ports, secrets, &who, of, new, &expect).await?;
    let account = accounts::must_be(&api.ports, &definition, &name).await?;
    shown(&api, &account).await
}

async fn shown(api: &Api, account: &Loaded<Account>) -> Result<Response, Problem> {
    let values = api.secrets.read(&account.entity.owner(), true).await;
    let values = values.map_err(AdminError::from)?.unwrap_or_default();
    let mut view = AccountView::from(&account.entity);
    view.credentials = Some(CredentialsSet {
        set: values.credentials.keys().cloned().collect(),
        set_at: values.set_at,
    });
    Ok((etag(account.version), Json(view)).into_response())
}

/// Shows an account.
#[utoipa::path(get, path = "/v1/accounts/{definition}/{account}", tag = "builder",
    operation_id = "get_account",
    params(("definition" = String, Path), ("account" = String, Path)),
    responses((status = 200, body = AccountView)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
) -> Result<Response, Problem> {
    let AccountName(name) = name;
    let account = accounts::must_be(&api.ports, &definition, &name).await?;
    shown(&api, &account).await
}

/// Disconnects an account: its credentials and users are deleted.
#[utoipa::path(delete, path = "/v1/accounts/{definition}/{account}", tag = "builder",
    operation_id = "disconnect_account",
    params(("definition" = String, Path), ("account" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
    IfMatch(expect): IfMatch,
) -> Result<StatusCode, Problem> {
    let AccountName(name) = name;
    let (who, of) = (caller.who(&api), (&definition, &name));
    accounts::disconnect(&api.ports, api.secrets.as_ref(), &who, of, &expect).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestView {
    ok: bool,
    /// Why it does not work.
    failure: Option<FailureView>,
    /// The first records, and what became of them.
    rows: Vec<RowView>,
    /// The first records of each reason for which there is no user of them: `{reason: [{external_id, why}]}`.
    #[schema(value_type = Object)]
    left_out: BTreeMap<String, Vec<LeftOut>>,
    /// What looks odd.
    warnings: Vec<String>,
    /// The requests that were made, without any secret, and what was answered.
    #[schema(value_type = Vec<Object>)]
    exchanges: Vec<Exchange>,
}

impl From<Sample> for TestView {
    fn from(sample: Sample) -> Self {
        let mut rows = rows(sample.batch.explained);
        rows.truncate(MOST_ROWS);
        Self {
            ok: sample.failure.is_none(),
            failure: sample.failure.as_ref().map(FailureView::from),
            rows,
            left_out: sample.certificate.left_out,
            warnings: sample.certificate.warnings,
            exchanges: sample.exchanges,
        }
    }
}

/// Reads the first page with the stored credentials; nothing else is stored, but an account that was disabled is enabled.
#[utoipa::path(post, path = "/v1/accounts/{definition}/{account}/@test", tag = "builder",
    operation_id = "test_account",
    params(("definition" = String, Path), ("account" = String, Path)),
    responses((status = 200, body = TestView)))]
pub(crate) async fn test(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
) -> Result<Json<TestView>, Problem> {
    let AccountName(name) = name;
    let who = caller.who(&api);
    let sample = accounts::test(&api.ports, &who, &definition, &name).await?;
    Ok(Json(sample.into()))
}

/// Enables an account that was disabled; it is synced at once.
#[utoipa::path(post, path = "/v1/accounts/{definition}/{account}/@enable", tag = "builder",
    operation_id = "enable_account",
    params(("definition" = String, Path), ("account" = String, Path)),
    responses((status = 200, body = AccountView)))]
pub(crate) async fn enable(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
) -> Result<Response, Problem> {
    let AccountName(name) = name;
    let who = caller.who(&api);
    let account = accounts::enable(&api.ports, &who, &definition, &name).await?;
    shown(&api, &account).await
}

/// Syncs an account now; the answer names the sync, or the one that is under way already.
#[utoipa::path(post, path = "/v1/accounts/{definition}/{account}/@sync", tag = "builder",
    operation_id = "sync_account",
    params(("definition" = String, Path), ("account" = String, Path)),
    responses((status = 202, body = Object)))]
pub(crate) async fn sync(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
) -> Result<Response, Problem> {
    let AccountName(name) = name;
    let who = caller.who(&api);
    let number = accounts::sync(&api.ports, &who, &definition, &name).await?;
    Ok(accepted(&definition, &name, number))
}

/// 202, and where to look.
pub(crate) fn accepted(definition: &Slug, name: &Slug, number: u64) -> Response {
    let id = sync_id(number);
    let place = format!("/v1/accounts/{definition}/{name}/syncs/{id}");
    let mut response = (StatusCode::ACCEPTED, Json(json!({ "sync": id }))).into_response();
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}
