//! Settings, as they are. Secrets are told only as set or not, and since when.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::{self, ApiKey, Scope};
use sando_core::admin::settings::{self, Set, Shown};

use crate::Api;

use super::format::when;
use super::layout::{Nav, Page};
use super::parts::{empty, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::Sees;
use super::words;

/// Shows the settings.
pub(super) async fn show(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let shown = settings::shown(&api.ports, api.secrets.as_ref()).await?;
    let keys = if visitor.may(Scope::Admin) {
        Some(api_key::all(&api.ports).await?)
    } else {
        None
    };
    let body = html! {
        p.measure.muted { (words::SETTINGS_BY_API) }
        div.columns {
            (lever(&shown, now))
            (guards(&shown))
            (roles(&shown))
            (provider(&shown))
        }
        @if let Some(keys) = &keys { (keys_of(keys, now)) }
    };
    let page = Page {
        nav: Nav::Settings,
        title: "Settings".to_owned(),
        above: None,
        verdict: words::settings(shown.api_key.count > 0),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn set(set: &Set, now: Timestamp) -> Markup {
    html! {
        @if set.count > 0 { (tag(Shape::Done, "set")) @if let Some(at) = set.at { " " span.muted { (when(at, now)) } } }
        @else { (tag(Shape::Ready, "not set")) }
    }
}

fn lever(shown: &Shown, now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="lever" {
            h2 #lever { "Lever" }
            dl.facts {
                dt { "API key" } dd { (set(&shown.api_key, now)) }
                @for (name, tokens) in &shown.registrations { dt { "Webhooks " (name) } dd { (set(tokens, now)) } }
                dt { "Live from" }
                dd { @match shown.settings.live_from { Some(at) => { (when(at, now)) } None => { span.muted { "not set: nothing starts by itself" } } } }
            }
        }
    }
}

fn guards(shown: &Shown) -> Markup {
    html! {
        section aria-labelledby="guards" {
            h2 #guards { "Guards" }
            dl.facts {
                dt { "Removals an hour" } dd { "paused beyond " (shown.settings.removals_per_hour) }
                dt { "Users who lose something in a sync" }
                dd { "held beyond " (shown.settings.guard.users) " users and " (shown.settings.guard.percent) " %" }
                dt { "Movers an hour" } dd { "held beyond " (shown.settings.movers_per_hour) }
            }
        }
    }
}

fn roles(shown: &Shown) -> Markup {
    html! {
        section aria-labelledby="roles" {
            h2 #roles { "Roles for approvals" }
            @if shown.settings.roles.is_empty() { p.muted { "None yet: approvals go to whom a policy names." } }
            dl.facts { @for (role, members) in &shown.settings.roles { dt { (role) } dd { (members.join(", ")) } } }
        }
    }
}

fn provider(shown: &Shown) -> Markup {
    html! {
        section aria-labelledby="provider" {
            h2 #provider { "OpenID Connect" }
            @match &shown.settings.oidc {
                None => { p.muted { "No provider: people use API keys." } }
                Some(oidc) => {
                    dl.facts {
                        dt { "Issuer" } dd { (oidc.issuer) }
                        dt { "Audience" } dd { (oidc.audience) }
                        dt { "Groups in" } dd { code { (oidc.groups_claim) } }
                        @for (group, roles) in &oidc.groups { dt { (group) } dd { (roles.iter().cloned().collect::<Vec<_>>().join(", ")) } }
                    }
                }
            }
        }
    }
}

fn keys_of(keys: &[ApiKey], now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="keys-list" {
            h2 #keys-list { "API keys " (keys.len()) }
            @if keys.is_empty() { (empty("There is no API key yet: POST /v1/keys makes one.")) } @else {
                table {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "May" } th scope="col" { "Decides as" } th scope="col" { "Made" } } }
                    tbody {
                        @for key in keys {
                            tr {
                                td { strong { (key.name) } }
                                td data-label="May" { (key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")) }
                                td data-label="Decides as" { (key.roles.iter().cloned().collect::<Vec<_>>().join(", ")) }
                                td data-label="Made" { (when(key.created_at, now)) " by " (key.created_by) }
                            }
                        }
                    }
                }
            }
        }
    }
}
