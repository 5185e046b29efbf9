//! Logins at applications: the button of an account, and the page on which a login comes back.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{Markup, html};
use sando_core::account::{Account, AccountState};
use sando_core::admin::api_key::Scope;
use sando_core::admin::{accounts, definitions, logins};
use sando_core::ids::Slug;

use crate::Api;
use crate::logins::redirect_url;
use crate::problem::Problem;

use super::account::{Of, page, place};
use super::frame::finished;
use super::input::At;
use super::layout::{Nav, Page};
use super::parts::{button, id as copied};
use super::refusal::Refusal;
use super::visitor::{Administers, Visitor};
use super::words;

/// The type of `auth` that has a login page.
pub(super) const WITH_PAGE: &str = "oauth2_authorization_code";

/// Is the application of this definition read with what somebody allows on its login page?
async fn has_page(api: &Api, definition: &Slug) -> Result<bool, Refusal> {
    let stored = definitions::find(&api.ports, definition).await?;
    let kind = stored
        .as_ref()
        .and_then(|stored| stored.entity.file.pointer("/auth/type"));
    Ok(kind.is_some_and(|kind| kind == WITH_PAGE))
}

/// The button that leads to the login page, for an account that has one.
pub(super) async fn section(
    api: &Api,
    visitor: &Visitor,
    account: &Account,
) -> Result<Markup, Refusal> {
    if !visitor.may(Scope::Admin) || !has_page(api, &account.definition).await? {
        return Ok(html! {});
    }
    let is_new = account.applied == 0 && matches!(account.state, AccountState::Disabled { .. });
    let verb = if is_new {
        words::AUTHORISE
    } else {
        words::AUTHORISE_AGAIN
    };
    Ok(html! {
        section aria-labelledby="login" {
            h2 #login { (words::LOGIN) }
            p.measure.muted { (words::LOGIN_HINT) }
            div.bar { (button(visitor, &format!("{}/authorize", place(account)), "", verb)) }
        }
    })
}

/// A link that opens beside the page, as a small window where there is a script.
pub(super) fn opens(to: &str, words: &str) -> Markup {
    html! { a.button.primary href=(to) target="_blank" rel="noreferrer" data-popup="1" { (words) } }
}

/// Begins a login. The answer is a page with the link: a form of ours leads to nobody else.
pub(super) async fn authorize(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let redirect_url = redirect_url(&headers).ok_or_else(Problem::no_host)?;
    let (secrets, who) = (api.secrets.as_ref(), visitor.who(&api));
    let of = (&definition, &name);
    let begun = logins::begin(&api.ports, secrets, &who, of, redirect_url.as_str());
    let login_page = begun.await?;
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    let body = html! {
        section aria-labelledby="login" {
            h2 #login { (words::LOGIN) }
            p { (words::LOGIN_PAGE) }
            p.measure { (words::LOGIN_MEANS) " " (copied(redirect_url.as_str())) }
            p.bar {
                (opens(login_page.as_str(), words::LOGIN_OPEN))
                a.button href=(place(&account)) { (words::BACK) }
            }
        }
    };
    let now = api.ports.clock.now();
    Ok(page(&visitor, &account, "login", now, body).respond(Some(&visitor)))
}

/// The page on which a login comes back. The window closes itself where it may, and says so where it may not.
pub(crate) fn came_back(status: StatusCode, told: &str) -> Response {
    let is_done = status == StatusCode::OK;
    let page = Page {
        nav: Nav::None,
        title: words::LOGIN.to_owned(),
        above: None,
        verdict: told.to_owned(),
        lead: None,
        body: html! { p data-done=[is_done.then_some("1")] { (words::CLOSE_WINDOW) } },
    };
    let mut response = finished(page.respond(None));
    *response.status_mut() = status;
    // The address has the code in it.
    let headers = response.headers_mut();
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}
