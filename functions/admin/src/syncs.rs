//! Syncs and rosters: what came of reading an account, and who is in it.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use sando_core::account::Account;
use sando_core::admin::accounts::must_be;
use sando_core::admin::links;
use sando_core::admin::syncs::{self, Accept, LossPlace};
use sando_core::definition::{Certificate, Failure, User};
use sando_core::ids::Slug;
use sando_core::roster::{Entry, Face, Loss, Lost};
use sando_core::store::Query;
use sando_core::sync::shape::Emptied;
use sando_core::sync::{Counts, Sync, SyncState, guard};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::accounts::accepted;
use crate::auth::{MayAdmin, MayRead};
use crate::body::{AccountName, Body, InPath, InQuery};
use crate::files::Paging;
use crate::links::OwnerView;
use crate::list::{Listed, gather};
use crate::problem::Problem;

/// How many users who lose something are shown with a sync at once.
const MOST_LOSSES: usize = 1_000;

/// The id of a sync, as the API has it.
pub(crate) fn sync_id(number: u64) -> String {
    format!("syn_{number}")
}

pub(crate) fn number(id: &str) -> Result<u64, Problem> {
    let number = id.strip_prefix("syn_").and_then(|text| text.parse().ok());
    number.ok_or_else(|| Problem::not_found("there is no such sync"))
}

/// Why a sync or test failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    /// `credentials`, `permission`, `missing`, `quota`, `shape` or `remote_down`.
    class: String,
    /// Which request failed.
    request: String,
    /// The HTTP status, if there was an answer.
    status: Option<u16>,
    /// What is wrong, in our words.
    message: String,
    /// What the application says.
    remote: Option<String>,
}

impl From<&Failure> for FailureView {
    fn from(failure: &Failure) -> Self {
        Self {
            class: failure.class.name().replace(' ', "_"),
            request: failure.request(),
            status: failure.status,
            message: failure.message.clone(),
            remote: failure.remote.clone(),
        }
    }
}

/// One reading of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SyncView {
    id: String,
    /// `running`, `done`, `held`, `dropped` or `failed`.
    state: &'static str,
    /// The version of the definition that it used.
    definition_version: u32,
    /// Who or what began it.
    actor: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// New, changed, unchanged and vanished users, and who else loses something.
    #[schema(value_type = Object)]
    counts: Counts,
    failure: Option<FailureView>,
    /// Why it is or was held.
    held: Option<String>,
    /// The fields that it found to be empty, and that had values before.
    #[schema(value_type = Vec<Object>)]
    emptied: Vec<Emptied>,
    /// How every list ended, what was received and what it cost: the completeness certificate.
    #[schema(value_type = Option<Object>)]
    certificate: Option<Certificate>,
    /// Who loses something, where one sync is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    losses: Option<Vec<LossView>>,
    /// How many those are on all pages, as `counts` has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    losses_total: Option<u64>,
    /// There are more of them than are on this page and those before.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    /// Where the next page of them begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A user who loses something.
#[derive(Debug, Serialize, ToSchema)]
struct LossView {
    external_id: String,
    name: Option<String>,
    /// `vanished`, `inactive` or `license`.
    what: &'static str,
    licenses: Vec<String>,
}

impl From<Loss> for LossView {
    fn from(loss: Loss) -> Self {
        let (what, licenses) = match loss.lost {
            Lost::Vanished => ("vanished", Vec::new()),
            Lost::Inactive => ("inactive", Vec::new()),
            Lost::Licenses(licenses) => ("license", licenses),
        };
        Self {
            external_id: loss.external_id,
            name: loss.name,
            what,
            licenses,
        }
    }
}

fn view(sync: Sync, account: &Account) -> SyncView {
    SyncView {
        id: sync_id(sync.number),
        state: sync.shown_state(account).as_str(),
        definition_version: sync.version,
        actor: sync.actor,
        started_at: sync.started_at,
        finished_at: sync.finished_at,
        counts: sync.counts,
        failure: sync.failure.as_ref().map(FailureView::from),
        held: sync.held,
        emptied: sync.emptied,
        certificate: sync.certificate,
        losses: None,
        losses_total: None,
        truncated: None,
        next_cursor: None,
    }
}

/// Lists the syncs of an account, newest first.
#[utoipa::path(get, path = "/v1/accounts/{definition}/{account}/syncs", tag = "builder",
    operation_id = "list_syncs",
    params(("definition" = String, Path), ("account" = String, Path),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<SyncView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
    InQuery(paging): InQuery<Paging>,
) -> Result<Json<Listed<SyncView>>, Problem> {
    let AccountName(name) = name;
    let account = must_be(&api.ports, &definition, &name).await?.entity;
    let query = Query::Syncs(account.roster.clone());
    let listed = gather::<Sync>(&api, &query, paging.limit, paging.cursor, |_| true).await?;
    Ok(Json(listed.map(|sync| view(sync.entity, &account))))
}

/// Which of those who lose something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LossesQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Shows a sync, with who loses something by it: 1,000 a page unless `limit` says fewer.
#[utoipa::path(get, path = "/v1/accounts/{definition}/{account}/syncs/{id}", tag = "builder",
    operation_id = "get_sync",
    params(("definition" = String, Path), ("account" = String, Path), ("id" = String, Path),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = SyncView)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath((definition, name, id)): InPath<(Slug, AccountName, String)>,
    InQuery(query): InQuery<LossesQuery>,
) -> Result<Json<SyncView>, Problem> {
    let AccountName(name) = name;
    let limit = query.limit.unwrap_or(MOST_LOSSES);
    if !(1..=MOST_LOSSES).contains(&limit) {
        return Err(Problem::mistake("limit", format!("1 to {MOST_LOSSES}")));
    }
    let from = loss_place(query.cursor.as_deref())?;
    let account = must_be(&api.ports, &definition, &name).await?.entity;
    let sync = syncs::sync(&api.ports, &account, number(&id)?)
        .await?
        .entity;
    let (some, next) = if sync.state == SyncState::Running {
        (Vec::new(), None)
    } else {
        let losses = syncs::losses(&api.ports, &sync, from, limit).await?;
        (losses.some, losses.next)
    };
    let mut view = view(sync, &account);
    view.losses = Some(some.into_iter().map(LossView::from).collect());
    view.losses_total = Some(guard::losses(&view.counts));
    view.truncated = Some(next.is_some());
    view.next_cursor = next.map(|place| place.to_string());
    Ok(Json(view))
}

/// Where a page of losses begins.
pub(crate) fn loss_place(cursor: Option<&str>) -> Result<LossPlace, Problem> {
    let place = cursor.map_or(Some(LossPlace::default()), LossPlace::parse);
    place.ok_or_else(|| Problem::mistake("cursor", "is no cursor of this list"))
}

/// What is accepted of what is held: `all`, `none`, or a list of ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AcceptBody {
    Word(AcceptWord),
    Ids(BTreeSet<String>),
}

/// All of it, or nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AcceptWord {
    All,
    None,
}

/// What is accepted of a sync that is held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseBody {
    /// `all`, `none`, or a list of the application's ids.
    accept: AcceptBody,
    /// The sync that was read; another one that is held by now is not released.
    sync: Option<String>,
}

/// Decides about the sync that is held: lets all of it count, nothing, or all but the losses of users who are not named.
#[utoipa::path(post, path = "/v1/accounts/{definition}/{account}/@release", tag = "builder",
    operation_id = "release_sync",
    params(("definition" = String, Path), ("account" = String, Path)),
    request_body = ReleaseBody, responses((status = 202, body = Object)))]
pub(crate) async fn release(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
    Body(body): Body<ReleaseBody>,
) -> Result<Response, Problem> {
    let AccountName(name) = name;
    let accept = match body.accept {
        AcceptBody::Word(AcceptWord::All) => Accept::All,
        AcceptBody::Word(AcceptWord::None) => Accept::None,
        AcceptBody::Ids(ids) => Accept::Some(ids),
    };
    let seen = body.sync.as_deref().map(number).transpose();
    let seen = seen.map_err(|_| Problem::mistake("sync", "is no id of a sync"))?;
    let who = caller.who(&api);
    let number = syncs::release(&api.ports, &who, &definition, &name, seen, &accept).await?;
    Ok(accepted(&definition, &name, number))
}

/// A user of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// As the definition maps it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    user: User,
    /// It vanished from a list that was read to its end.
    deleted: bool,
    /// Fields that could never be read.
    unknown: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
    /// The sync that changed it last.
    changed_by: String,
    /// Why it became what it became, where one user is asked for: what is wrong, what made it active or not, what each
    /// licence comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Vec<String>>,
    /// The version of the definition that said so; a later one changed nothing about the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    why_version: Option<u32>,
}

/// A user of an account, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnedUserView {
    #[serde(flatten)]
    user: UserView,
    /// Whose it is; null if nobody's who is known.
    owner: Option<OwnerView>,
}

fn user_view(entry: &Entry, face: &Face) -> UserView {
    UserView {
        user: face.user.clone(),
        deleted: face.deleted,
        unknown: face.unknown.clone(),
        first_seen_at: entry.first_seen_at,
        changed_at: face.at,
        changed_by: sync_id(face.sync),
        why: None,
        why_version: None,
    }
}

/// Which users.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsersQuery {
    limit: Option<usize>,
    cursor: Option<String>,
    /// Those who vanished, instead of those who are there.
    #[serde(default)]
    deleted: bool,
}

/// Lists the users of an account as of its last complete sync.
#[utoipa::path(get, path = "/v1/accounts/{definition}/{account}/users", tag = "builder",
    operation_id = "list_users",
    params(("definition" = String, Path), ("account" = String, Path),
        ("deleted" = Option<bool>, Query), ("limit" = Option<usize>, Query),
        ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<UserView>)))]
pub(crate) async fn users(
    _: MayRead,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
    InQuery(wanted): InQuery<UsersQuery>,
) -> Result<Json<Listed<UserView>>, Problem> {
    let AccountName(name) = name;
    let account = must_be(&api.ports, &definition, &name).await?.entity;
    let query = Query::Roster(account.roster.clone());
    let keep = |entry: &Entry| {
        let face = entry.visible(account.applied);
        face.is_some_and(|face| face.deleted == wanted.deleted)
    };
    let listed = gather::<Entry>(&api, &query, wanted.limit, wanted.cursor.clone(), keep).await?;
    let items = listed.items.iter().filter_map(|entry| {
        let face = entry.entity.visible(account.applied)?;
        Some(user_view(&entry.entity, face))
    });
    Ok(Json(Listed {
        items: items.collect(),
        next_cursor: listed.next_cursor,
    }))
}

/// Shows a user of an account, and why they are what they are.
#[utoipa::path(get, path = "/v1/accounts/{definition}/{account}/users/{external_id}", tag = "builder",
    operation_id = "get_user",
    params(("definition" = String, Path), ("account" = String, Path),
        ("external_id" = String, Path)),
    responses((status = 200, body = OwnedUserView)))]
pub(crate) async fn user(
    _: MayRead,
    State(api): State<Api>,
    InPath((definition, name, external_id)): InPath<(Slug, AccountName, String)>,
) -> Result<Json<OwnedUserView>, Problem> {
    let AccountName(name) = name;
    let account = must_be(&api.ports, &definition, &name).await?.entity;
    let entry = syncs::user(&api.ports, &account, &external_id).await?;
    let face = entry.visible(account.applied);
    let face = face.ok_or_else(|| Problem::not_found("there is no such user"))?;
    let mut view = user_view(&entry, face);
    view.why = Some(face.why.clone());
    view.why_version = syncs::version_of(&api.ports, &account, face).await?;
    let owner = links::owner(&api.ports, &account, &face.user).await?;
    Ok(Json(OwnedUserView {
        user: view,
        owner: owner.as_ref().map(OwnerView::from),
    }))
}
