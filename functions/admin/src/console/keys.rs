//! API keys: made, shown once, forgotten.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::{self, Scope, Wanted};
use sando_core::ids::KeyId;

use crate::Api;

use super::form::{Again, Form};
use super::format::when;
use super::input::At;
use super::layout::{Nav, Page, done};
use super::parts::{empty, hidden, id as copied};
use super::refusal::Refusal;
use super::settings::{Keys, Wrong, again};
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

const SCOPES: [(Scope, &str); 4] = [
    (Scope::Read, "see everything (viewer)"),
    (Scope::Operate, "start work (operator)"),
    (Scope::Approve, "decide approvals (approver)"),
    (Scope::Admin, "everything (administrator)"),
];

/// The keys, and making one.
pub(super) fn section(visitor: &Visitor, keys: &Keys, once: &str, now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="keys-list" {
            h2 #keys-list { "API keys " (keys.len()) }
            @if keys.is_empty() { (empty(words::NO_KEYS)) } @else {
                table {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "May" } th scope="col" { "Decides as" } th scope="col" { "Made" } th scope="col" { span.visually-hidden { "Forget" } } } }
                    tbody {
                        @for key in keys {
                            tr {
                                td { strong { (key.name) } }
                                td.nowrap data-label="May" { (key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")) }
                                td data-label="Decides as" { (key.roles.iter().cloned().collect::<Vec<_>>().join(", ")) }
                                td data-label="Made" { (when(key.created_at, now)) " by " (key.created_by) }
                                td.num { (forget_form(visitor, &key.id, &key.name)) }
                            }
                        }
                    }
                }
            }
            details { summary { (words::MAKE_KEY) } (make_form(visitor, once)) }
        }
    }
}

/// What forgetting does stands before its button.
fn forget_form(visitor: &Visitor, id: &KeyId, name: &str) -> Markup {
    html! {
        details {
            summary { "Forget…" span.visually-hidden { " " (name) } }
            form method="post" action={ "/console/settings/keys/" (id) "/forget" } {
                (hidden(visitor, ""))
                p.small { (words::FORGET_MEANS) }
                button.danger type="submit" { "Forget " (name) }
            }
        }
    }
}

fn make_form(visitor: &Visitor, once: &str) -> Markup {
    html! {
        form.stack method="post" action="/console/settings/keys" {
            (hidden(visitor, once))
            div.field {
                label for="key-name" { "Name" }
                p.hint #key-name-hint { "What it is for, such as backup job." }
                input #key-name type="text" name="name" required maxlength="100" autocomplete="off" aria-describedby="key-name-hint";
            }
            fieldset {
                legend { "May" }
                @for (scope, words) in SCOPES {
                    div.choice {
                        input id={ "scope-" (scope.as_str()) } type="checkbox" name="scope" value=(scope.as_str());
                        label for={ "scope-" (scope.as_str()) } { (words) }
                    }
                }
            }
            div.field {
                label for="key-roles" { "Decides as" }
                p.hint #key-roles-hint { "Roles and addresses for approvals, with commas; may be left out." }
                input #key-roles type="text" name="roles" maxlength="1000" autocomplete="off" aria-describedby="key-roles-hint";
            }
            p.bar { button type="submit" { (words::MAKE_KEY) } }
        }
    }
}

/// Makes a key, and shows its secret this once.
pub(super) async fn make(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let wanted: BTreeSet<&str> = form.all("scope").collect();
    let scopes = SCOPES.into_iter().map(|(scope, _)| scope);
    let roles = form
        .get("roles")
        .split(',')
        .map(str::trim)
        .filter(|role| !role.is_empty());
    let wanted = Wanted {
        name: form.get("name").to_owned(),
        scopes: scopes
            .filter(|scope| wanted.contains(scope.as_str()))
            .collect(),
        roles: roles.map(str::to_owned).collect(),
    };
    let (key, secret) = match api_key::make(&api.ports, &visitor.who(&api), wanted).await {
        Ok(made) => made,
        Err(error) => return again(&api, &visitor, &Wrong::of(error)?).await,
    };
    let body = html! {
        div.said.is-warn { p { (words::KEY_ONCE) } }
        p { (copied(&secret)) }
        p.bar { a.button.primary href="/console/settings" { (words::KEPT) } }
    };
    let page = Page {
        nav: Nav::Settings,
        title: "API key".to_owned(),
        above: Some(html! { a href="/console/settings" { "Settings" } }),
        verdict: format!("The key {} is made.", key.entity.name),
        lead: None,
        body,
    };
    let mut response = page.respond(Some(&visitor));
    response.extensions_mut().insert(Again {
        to: "/console/settings",
        said: Said::KeyMade,
    });
    Ok(response)
}

/// Forgets a key.
pub(super) async fn forget(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<KeyId>,
) -> Result<Response, Refusal> {
    api_key::forget(&api.ports, &visitor.who(&api), &id).await?;
    Ok(done("/console/settings", Said::KeyForgotten))
}
