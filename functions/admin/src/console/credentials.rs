//! New credentials for an account that is connected: its users stay, and the next request goes out with them.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::{AdminError, Expect, accounts};

use crate::Api;

use super::account::{Of, place};
use super::connect::{Asked, Filled, asked, compiled, input, summary};
use super::deed::problem;
use super::form::Form;
use super::format::when;
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{empty, hidden, segment};
use super::refusal::Refusal;
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

/// The field that says when those were set that the new ones are to replace.
const SINCE: &str = "since";

/// When the credentials that an account has were set.
fn set_at(account: &Account) -> Timestamp {
    account.credentials_at.unwrap_or(account.connected_at)
}

/// What of a definition is a secret.
async fn secrets(api: &Api, account: &Account) -> Result<Vec<Asked>, Refusal> {
    let definition = compiled(api, &account.definition).await?;
    let all = asked(&definition).into_iter();
    Ok(all
        .filter(|one| one.field().starts_with("credentials."))
        .collect())
}

/// Asks for them.
pub(super) async fn show(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
) -> Result<Response, Refusal> {
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    let asked = secrets(&api, &account).await?;
    let filled = Filled::default();
    let page = page(&api, &visitor, &account, &asked, &filled, &html! {});
    Ok(page)
}

fn page(
    api: &Api,
    visitor: &Visitor,
    account: &Account,
    asked: &[Asked],
    filled: &Filled,
    wrong: &Markup,
) -> Response {
    let body = html! {
        (wrong)
        @if asked.is_empty() { (empty(words::NO_CREDENTIALS_ASKED)) } @else {
            form.stack method="post" action={ (place(account)) "/credentials" } {
                (hidden(visitor, &once(api)))
                input type="hidden" name=(SINCE) value=(set_at(account));
                @for one in asked { (input(one, filled)) }
                p.bar {
                    button.primary type="submit" { (words::SET_NEW) }
                    a.button href=(place(account)) { (words::CANCEL) }
                }
            }
        }
    };
    let page = Page {
        nav: Nav::Integrations,
        title: words::NEW_CREDENTIALS.to_owned(),
        above: Some(
            html! { a href="/console/integrations" { "Integrations" } " › " a href=(place(account)) { (account.definition) "/" (account.shown_name()) } },
        ),
        verdict: words::renew(account),
        lead: Some(html! { p.measure { (words::NEW_CREDENTIALS_MEAN) } }),
        body,
    };
    page.respond(Some(visitor))
}

/// Others were set since the page was opened.
fn overtaken(account: &Account, now: Timestamp) -> Markup {
    let stream = account.stream().to_string();
    html! {
        (problem(words::CREDENTIALS_OVERTAKEN))
        p.facts { span { (words::SET) " " (when(set_at(account), now)) } a href={ "/console/audit?stream=" (segment(&stream)) } { (words::WHO_CHANGED) } }
    }
}

/// Puts them in place of those that were there when the page was opened.
pub(super) async fn submit(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
    form: Form,
) -> Result<Response, Refusal> {
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    let since = form.find(SINCE);
    if since.is_some_and(|since| since != set_at(&account).to_string()) {
        let asked = secrets(&api, &account).await?;
        let wrong = overtaken(&account, api.ports.clock.now());
        let filled = Filled::default();
        let page = page(&api, &visitor, &account, &asked, &filled, &wrong);
        return Ok((StatusCode::PRECONDITION_FAILED, page).into_response());
    }
    let (kept, who) = (api.secrets.as_ref(), visitor.who(&api));
    let given = form.under("credentials.");
    let of = (&definition, &name);
    let set = accounts::set_credentials(&api.ports, kept, &who, of, &given, &Expect::Anything);
    match set.await {
        Ok(()) => Ok(done(&place(&account), Said::CredentialsSet)),
        Err(AdminError::Invalid(mistakes)) => {
            let filled = Filled {
                mistakes,
                ..Filled::default()
            };
            let asked = secrets(&api, &account).await?;
            let wrong = summary(&filled);
            let page = page(&api, &visitor, &account, &asked, &filled, &wrong);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
