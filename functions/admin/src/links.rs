//! Users of rosters linked to people by hand, and whose a user is.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use sando_core::admin::accounts::must_be;
use sando_core::admin::links::{self, Owned};
use sando_core::admin::review::Place;
use sando_core::admin::syncs;
use sando_core::ids::Slug;
use sando_core::linked::Linked;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayAdmin;
use crate::body::{AccountName, Body, InPath};
use crate::condition::{IfMatch, etag};
use crate::problem::Problem;

/// How a user was linked to a person by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    /// Definition and name of the account.
    account: String,
    /// The application's id of the user.
    external_id: String,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    reason: String,
}

impl From<&Linked> for LinkView {
    fn from(linked: &Linked) -> Self {
        Self {
            account: linked.account.clone(),
            external_id: linked.external_id.to_string(),
            by: linked.by.clone(),
            at: linked.at,
            reason: linked.reason.clone(),
        }
    }
}

/// Whose a user is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnerView {
    /// The id of the person.
    person: String,
    name: Option<String>,
    /// The link that says so; null if the user's address does.
    link: Option<LinkView>,
}

impl From<&Owned> for OwnerView {
    fn from(owned: &Owned) -> Self {
        Self {
            person: owned.person.id.to_string(),
            name: owned.person.text("name").map(str::to_owned),
            link: owned.link.as_ref().map(|(linked, _)| linked.into()),
        }
    }
}

/// Who a user is, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkBody {
    /// The id of the person, or an address that they are known by.
    person: String,
    /// Why; it is kept with the link, and in the audit.
    #[serde(default)]
    reason: String,
}

/// Links a user whose address nobody has to a person: it counts as theirs in reports, reviews and access, and when they
/// leave its owner is asked to take it away. Refused while somebody else has the address, or is linked to the user.
#[utoipa::path(put, path = "/v1/accounts/{definition}/{account}/users/{external_id}/person", tag = "builder",
    operation_id = "link_user",
    params(("definition" = String, Path), ("account" = String, Path),
        ("external_id" = String, Path)),
    request_body = LinkBody,
    responses((status = 200, body = OwnerView), (status = 201, body = OwnerView)))]
pub(crate) async fn put(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath((definition, name, external_id)): InPath<(Slug, AccountName, String)>,
    IfMatch(expect): IfMatch,
    Body(body): Body<LinkBody>,
) -> Result<Response, Problem> {
    let AccountName(name) = name;
    let place = Place {
        definition: &definition,
        name: &name,
        external_id: &external_id,
    };
    let who = caller.who(&api);
    let (person, why) = (&body.person, &body.reason);
    let is_new = links::link(&api.ports, &who, place, person, why, &expect).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let account = must_be(&api.ports, &definition, &name).await?.entity;
    let entry = syncs::user(&api.ports, &account, &external_id).await?;
    let face = entry.visible(account.applied);
    let face = face.ok_or_else(|| Problem::not_found("there is no such user"))?;
    let owned = links::owner(&api.ports, &account, &face.user).await?;
    let owned = owned.ok_or_else(|| Problem::not_found("there is no such link any more"))?;
    let view = Json(OwnerView::from(&owned));
    Ok(match owned.link {
        Some((_, version)) => (status, etag(version), view).into_response(),
        None => (status, view).into_response(),
    })
}

/// Takes a link back: the user is whose the address is, or nobody's again.
#[utoipa::path(delete, path = "/v1/accounts/{definition}/{account}/users/{external_id}/person", tag = "builder",
    operation_id = "unlink_user",
    params(("definition" = String, Path), ("account" = String, Path),
        ("external_id" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath((definition, name, external_id)): InPath<(Slug, AccountName, String)>,
    IfMatch(expect): IfMatch,
) -> Result<StatusCode, Problem> {
    let AccountName(name) = name;
    let place = Place {
        definition: &definition,
        name: &name,
        external_id: &external_id,
    };
    links::unlink(&api.ports, &caller.who(&api), place, &expect).await?;
    Ok(StatusCode::NO_CONTENT)
}
