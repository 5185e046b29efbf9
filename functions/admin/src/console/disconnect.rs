//! Disconnecting an account: what follows first, then it is done.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::html;
use sando_core::account::Account;
use sando_core::admin::{Expect, accounts, files};
use sando_core::company::Company;
use sando_core::ids::derive;
use sando_core::store::Loaded;

use crate::Api;

use super::account::{Of, place};
use super::deed::{card, problem};
use super::form::Form;
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{TYPED_FROM, hidden, is_typed, type_number};
use super::refusal::Refusal;
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

/// Of what is shown: this connection, with so many users.
fn hash(account: &Account) -> String {
    let users = account.users.to_string();
    derive(&["disconnecting", account.roster.as_str(), &users])
}

/// The applications that give and take access with its credentials.
fn borrowers<'a>(company: &'a Company, account: &Account) -> Vec<&'a str> {
    let borrows = company.apps.values().filter(|app| {
        app.borrows().is_some_and(|read| {
            read.definition == account.definition
                && read.account.eq_ignore_ascii_case(account.name.as_str())
        })
    });
    borrows.map(|app| app.label()).collect()
}

/// Shows what follows, and asks.
pub(super) async fn show(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
) -> Result<Response, Refusal> {
    let account = accounts::must_be(&api.ports, &definition, &name).await?;
    page(&api, &visitor, &account.entity, None).await
}

async fn page(
    api: &Api,
    visitor: &Visitor,
    account: &Account,
    wrong: Option<&str>,
) -> Result<Response, Refusal> {
    let company = files::company(&api.ports).await?;
    let follows = html! {
        ul {
            @for what in words::DISCONNECTED { li { (what) } }
            @for app in borrowers(&company, account) { li.warn { (words::loses_credentials(app)) } }
        }
    };
    let body = html! {
        @if let Some(wrong) = wrong { (problem(wrong)) }
        div.columns {
            (card(words::WHAT_FOLLOWS, &follows))
            form.stack method="post" action={ (place(account)) "/disconnect" } {
                (hidden(visitor, &once(api)))
                input type="hidden" name="plan" value=(hash(account));
                @if account.users >= TYPED_FROM {
                    (type_number(words::TYPE_ALL_USERS, &account.users.to_string(), wrong == Some(words::OTHER_NUMBER)))
                }
                p.bar {
                    button.danger type="submit" { (words::disconnect(account)) }
                    a.button href=(place(account)) { (words::CANCEL) }
                }
            }
        }
    };
    let page = Page {
        nav: Nav::Integrations,
        title: words::disconnect(account),
        above: Some(
            html! { a href="/console/integrations" { "Integrations" } " › " a href=(place(account)) { (account.definition) "/" (account.shown_name()) } },
        ),
        verdict: words::disconnects(account),
        lead: None,
        body,
    };
    Ok(page.respond(Some(visitor)))
}

/// Does it, if it is still the connection that was shown.
pub(super) async fn submit(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
    form: Form,
) -> Result<Response, Refusal> {
    let Loaded {
        entity: account,
        version,
        ..
    } = accounts::must_be(&api.ports, &definition, &name).await?;
    let again = async |wrong: &str, status: StatusCode| -> Result<Response, Refusal> {
        let page = page(&api, &visitor, &account, Some(wrong)).await?;
        Ok((status, page).into_response())
    };
    if form.get("plan") != hash(&account) {
        return again(words::PLAN_CHANGED, StatusCode::CONFLICT).await;
    }
    if !is_typed(&form, account.users) {
        return again(words::OTHER_NUMBER, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let (secrets, who) = (api.secrets.as_ref(), visitor.who(&api));
    let (of, expect) = ((&definition, &name), Expect::OneOf(vec![version]));
    accounts::disconnect(&api.ports, secrets, &who, of, &expect).await?;
    Ok(done("/console/integrations", Said::Disconnected))
}
