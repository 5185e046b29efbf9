//! Who a user of a roster is: what says so, and saying it by hand where no address does.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::api_key::Scope;
use sando_core::admin::links::{self, Owned};
use sando_core::admin::review::Place;
use sando_core::admin::{AdminError, Expect, accounts};
use sando_core::ids::Slug;
use sando_core::linked::Linked;
use sando_core::roster::Face;
use sando_core::store::Version;

use crate::Api;

use super::account::place;
use super::deed::{mistakes, problem};
use super::form::Form;
use super::format::when;
use super::input::At;
use super::layout::done;
use super::lookup::once;
use super::parts::{hidden, reason, segment};
use super::refusal::Refusal;
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};
use super::{seen, users};

/// Definition and name of an account, and the application's id of a user.
pub(super) type OfUser = (Slug, Slug, String);

/// The address of a user.
fn of_user(account: &Account, external_id: &str) -> String {
    format!("{}/users/{}", place(account), segment(external_id))
}

/// Who the user is, and what was typed of who it may be.
pub(super) async fn section(
    api: &Api,
    visitor: &Visitor,
    account: &Account,
    face: &Face,
    typed: &str,
    now: Timestamp,
) -> Result<Markup, Refusal> {
    let owned = links::owner(&api.ports, account, &face.user).await?;
    let overruled = links::overruled(&api.ports, account, &face.user, owned.as_ref()).await?;
    let to = of_user(account, &face.user.external_id);
    Ok(html! {
        section aria-labelledby="who" {
            h2 #who { (words::WHO_IT_IS) }
            @match &owned {
                Some(owned) => { (known(visitor, owned, &to, now)) }
                None => {
                    p { (words::NOBODY) }
                    @if overruled.is_none() && visitor.may(Scope::Admin) && !face.deleted { (form(api, visitor, &to, typed)) }
                }
            }
            @if let Some(other) = &overruled {
                p { a href={ "/console/people/" (other.person.id) } { (words::name(&other.person)) } " " (words::DOES_NOT_COUNT) }
                @if let Some(link) = &other.link { (by_hand(visitor, link, &to, now)) }
            }
        }
    })
}

fn known(visitor: &Visitor, owned: &Owned, to: &str, now: Timestamp) -> Markup {
    let person = &owned.person;
    html! {
        p { a href={ "/console/people/" (person.id) } { (words::name(person)) } }
        @match &owned.link {
            Some(link) => { (by_hand(visitor, link, to, now)) }
            None => { p.small.muted { (words::BY_ADDRESS) } }
        }
    }
}

/// A link, and its end.
fn by_hand(visitor: &Visitor, link: &(Linked, Version), to: &str, now: Timestamp) -> Markup {
    let (linked, mark) = link;
    html! {
        p.small.muted { (words::LINKED_BY_HAND) " " (when(linked.at, now)) " by " (linked.by) ": " (linked.reason) }
        @if visitor.may(Scope::Admin) {
            form.inline method="post" action={ (to) "/unlink" } {
                (hidden(visitor, ""))
                (seen::field(Some(*mark)))
                button type="submit" { (words::UNLINK) }
            }
        }
    }
}

fn form(api: &Api, visitor: &Visitor, to: &str, typed: &str) -> Markup {
    html! {
        form.stack method="post" action={ (to) "/person" } {
            (hidden(visitor, &once(api)))
            div.field {
                label for="person" { (words::THIS_IS) }
                p.hint #person-hint { (words::THIS_IS_HINT) }
                input #person type="text" name="person" value=(typed) required maxlength="254" autocomplete="off" aria-describedby="person-hint";
            }
            (reason(true))
            p.bar { button type="submit" { (words::LINK) } }
        }
    }
}

/// The account that an address names, and its user.
async fn found<'a>(
    api: &Api,
    (definition, name, external_id): &'a OfUser,
) -> Result<(Account, Place<'a>), Refusal> {
    let account = accounts::must_be(&api.ports, definition, name).await?;
    let user = Place {
        definition,
        name,
        external_id,
    };
    Ok((account.entity, user))
}

/// Says who the user is.
pub(super) async fn link(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(at): At<OfUser>,
    form: Form,
) -> Result<Response, Refusal> {
    let (account, user) = found(&api, &at).await?;
    let (who, typed, why) = (visitor.who(&api), form.get("person"), form.get("reason"));
    let linked = links::link(&api.ports, &who, user, typed, why, &Expect::Anything).await;
    let (status, wrong) = match linked {
        Ok(_) => return Ok(done(&of_user(&account, user.external_id), Said::Linked)),
        Err(AdminError::Invalid(all)) => (StatusCode::UNPROCESSABLE_ENTITY, mistakes(&all)),
        Err(AdminError::Refused { detail, .. }) => (StatusCode::CONFLICT, problem(&detail)),
        Err(error) => return Err(error.into()),
    };
    let page = users::shown(&api, &visitor, &account, user.external_id, typed, wrong).await?;
    Ok((status, page).into_response())
}

/// Takes it back.
pub(super) async fn unlink(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(at): At<OfUser>,
    form: Form,
) -> Result<Response, Refusal> {
    let (account, user) = found(&api, &at).await?;
    let expect = seen::expected(seen::of(&form));
    links::unlink(&api.ports, &visitor.who(&api), user, &expect).await?;
    Ok(done(&of_user(&account, user.external_id), Said::Unlinked))
}
