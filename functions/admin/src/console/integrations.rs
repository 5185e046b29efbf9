//! Integrations: what can be connected, and what is.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::api_key::Scope;
use sando_core::admin::{Expect, accounts, definitions};
use sando_core::catalog::DefinitionItem;
use sando_core::ids::{Slug, derive};
use sando_core::store::{Loaded, Version};

use crate::Api;
use crate::problem::Problem;

use super::builder::print_yaml;
use super::deed::{Seen, card};
use super::form::Form;
use super::format::{many, number, when};
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{button, empty, hidden, id as copied, tabs, tag};
use super::refusal::Refusal;
use super::visitor::{Administers, Sees, Visitor};
use super::words::{self, Said};
use super::{seen, states};

/// The tabs of everything that is about reading applications.
pub(super) fn tabs_of(here: &str) -> Markup {
    let all = [
        ("All", "/console/integrations", "integrations"),
        (words::BUILDER, "/console/builder", "builder"),
        (words::CATALOGUE, "/console/catalogue", "catalogue"),
    ];
    let all = all.map(|(name, to, tab)| (name.to_owned(), to.to_owned(), tab == here));
    tabs("Integrations", &all)
}

/// A draft of a definition that is there.
fn edit(visitor: &Visitor, id: &Slug) -> Markup {
    html! {
        form.inline method="post" action="/console/builder" {
            (hidden(visitor, ""))
            input type="hidden" name="id" value=(id);
            input type="hidden" name="from" value="definition";
            button type="submit" { (words::EDIT) }
        }
    }
}

/// Shows definitions and accounts.
pub(super) async fn show(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let definitions = definitions::all(&api.ports).await?;
    let accounts = accounts::all(&api.ports).await?;
    let mut accounts: Vec<&Account> = accounts.iter().map(|account| &account.entity).collect();
    accounts.sort_by_key(|account| account.label());
    let body = html! {
        (tabs_of("integrations"))
        section aria-labelledby="available" {
            h2 #available { (words::AVAILABLE) " " (definitions.len()) }
            @if definitions.is_empty() { (empty(words::NO_DEFINITIONS)) } @else { (available(&visitor, &definitions, now)) }
        }
        section aria-labelledby="connected" {
            h2 #connected { (words::CONNECTED) " " (accounts.len()) }
            @if accounts.is_empty() { (empty(words::NO_ACCOUNTS)) } @else { (connected(&accounts, now)) }
        }
    };
    let page = Page {
        nav: Nav::Integrations,
        title: "Integrations".to_owned(),
        above: None,
        verdict: words::integrations(definitions.len(), &accounts, now),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn available(visitor: &Visitor, all: &[Loaded<DefinitionItem>], now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Definition" } th scope="col" { "Application" } th scope="col" { "Version" }
                th scope="col" { "Changed" } th scope="col" { span.visually-hidden { "Connect" } }
            } }
            tbody {
                @for item in all {
                    @let item = &item.entity;
                    tr {
                        td { a href={ "/console/integrations/" (item.id) } { (item.name) } }
                        td data-label="Application" { (item.app) }
                        td data-label="Version" { "v" (item.number) }
                        td data-label="Changed" { (when(item.changed_at, now)) }
                        td.num {
                            @if visitor.may(Scope::Admin) {
                                a.button href={ "/console/connect/" (item.id) } { (words::CONNECT) span.visually-hidden { " " (item.name) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn connected(all: &[&Account], now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Account" } th scope="col" { "State" } th.num scope="col" { "Roster" }
                th scope="col" { "Last complete" } th scope="col" { "Next" }
            } }
            tbody {
                @for account in all {
                    @let (shape, state) = states::account(account);
                    tr {
                        td { a href={ "/console/accounts/" (account.definition) "/" (account.name) } { (account.definition) " / " (account.shown_name()) } }
                        td data-label="State" { (tag(shape, state)) }
                        td.num data-label="Roster" {
                            @if account.applied == 0 { span.muted { "unknown" } } @else { (many(account.users, "user", "users")) ", " (number(account.active)) " active" }
                        }
                        td data-label="Last complete" { @match account.applied_at { Some(at) => { (when(at, now)) } None => { span.muted { "never" } } } }
                        td data-label="Next" {
                            @if states::account(account).1 == "disabled" { span.muted { "after a test" } } @else { (when(account.next_sync_at, now)) }
                        }
                    }
                }
            }
        }
    }
}

/// Brings back an earlier version, if none came in between.
fn bring_back(visitor: &Visitor, id: &Slug, number: u32, seen: Version) -> Markup {
    html! {
        form.inline method="post" action={ "/console/integrations/" (id) "/rollback" } {
            (hidden(visitor, ""))
            input type="hidden" name="version" value=(number);
            (seen::field(Some(seen)))
            button type="submit" { (words::bring_back(number)) }
        }
    }
}

/// Brings back the version that is chosen.
pub(super) async fn roll_back(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<Slug>,
    form: Form,
) -> Result<Response, Refusal> {
    let wrong = |name: &str| Problem::mistake(name, "a whole number");
    let number: u32 = form.get("version").parse().map_err(|_| wrong("version"))?;
    let seen = seen::of(&form).ok_or_else(|| wrong("seen"))?;
    let expect = Expect::OneOf(vec![seen]);
    definitions::roll_back(&api.ports, &visitor.who(&api), &id, number, &expect).await?;
    Ok(done(
        &format!("/console/integrations/{id}"),
        Said::RolledBack,
    ))
}

/// The way to delete it, or what is in the way.
fn away(visitor: &Visitor, id: &Slug, accounts: usize) -> Markup {
    html! {
        @if visitor.may(Scope::Admin) {
            section aria-labelledby="away" {
                h2 #away { (words::DELETE_FILE) }
                @if accounts > 0 { p.small.muted { (words::in_use(accounts)) } } @else {
                    p.small.muted { (words::DELETE_DEFINITION_MEANS) }
                    (button(visitor, &format!("/console/integrations/{id}/delete"), "", words::DELETE_PLAN))
                }
            }
        }
    }
}

/// How many accounts are connected with it.
async fn connected_with(api: &Api, id: &Slug) -> Result<usize, Refusal> {
    let accounts = accounts::all(&api.ports).await?;
    let connected = accounts.iter().map(|account| &account.entity.definition);
    Ok(connected.filter(|definition| *definition == id).count())
}

/// Shows what follows, and asks; confirmed by that, deletes a definition that nothing is connected with.
pub(super) async fn delete(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<Slug>,
    form: Form,
) -> Result<Response, Refusal> {
    let stored = definitions::must_be(&api.ports, &id).await?;
    let connected = connected_with(&api, &id).await?;
    if connected > 0 {
        let why = words::in_use(connected);
        return Err(Problem::new(StatusCode::CONFLICT, "in_use", why).into());
    }
    let plan = derive(&["deleting", id.as_str(), &stored.version.to_string()]);
    let seen = Seen::of(&form, &plan);
    if seen != Seen::This {
        let page = confirm(&api, &visitor, &stored.entity, &plan, &seen.wrong());
        return Ok(seen.answer(page));
    }
    let expect = Expect::OneOf(vec![stored.version]);
    definitions::delete(&api.ports, &visitor.who(&api), &id, &expect).await?;
    Ok(done("/console/integrations", Said::DefinitionDeleted))
}

fn confirm(
    api: &Api,
    visitor: &Visitor,
    item: &DefinitionItem,
    plan: &str,
    wrong: &Markup,
) -> Response {
    let place = format!("/console/integrations/{}", item.id);
    let body = html! {
        (wrong)
        div.columns {
            (card(words::WHAT_FOLLOWS, &html! { p { (words::DELETE_DEFINITION_MEANS) } }))
            form.stack method="post" action={ (place) "/delete" } {
                (hidden(visitor, &once(api)))
                input type="hidden" name="plan" value=(plan);
                p.bar {
                    button.danger type="submit" { (words::DELETE) " " (item.id) }
                    a.button href=(place) { (words::CANCEL) }
                }
            }
        }
    };
    let page = Page {
        nav: Nav::Integrations,
        title: format!("{} {}", words::DELETE, item.id),
        above: Some(
            html! { a href="/console/integrations" { "Integrations" } " › " a href=(place) { (item.name) } },
        ),
        verdict: words::deletes_definition(&item.name, item.app.as_str()),
        lead: None,
        body,
    };
    page.respond(Some(visitor))
}

/// Shows the file of a definition and its versions.
pub(super) async fn definition(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(id): At<Slug>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let stored = definitions::must_be(&api.ports, &id).await?;
    let (item, seen) = (stored.entity, stored.version);
    let versions = definitions::versions(&api.ports, &id).await?;
    let file = print_yaml(&item.file);
    let connected = connected_with(&api, &id).await?;
    let body = html! {
        div.bar {
            @if visitor.may(Scope::Admin) { a.button.primary href={ "/console/connect/" (id) } { (words::CONNECT) } }
            @if visitor.may(Scope::Operate) { (edit(&visitor, &id)) } @else { p.small.muted { (words::LOOKS_ONLY) } }
        }
        div.columns.wide-left {
            section aria-labelledby="file" { h2 #file { (words::FILE) } pre tabindex="0" { (file) } }
            section aria-labelledby="versions" {
                h2 #versions { "Versions" }
                ul.steps {
                    @for version in &versions {
                        li { div {
                            strong { "v" (version.number) } " " span.muted { (when(version.put_at, now)) " by " (version.put_by) }
                            @if let Some(back) = version.rolled_back_to { span.muted { ", brings back v" (back) } }
                            @if version.number != item.number && visitor.may(Scope::Admin) { " " (bring_back(&visitor, &id, version.number, seen)) }
                        } }
                    }
                }
            }
        }
        (away(&visitor, &id, connected))
    };
    let page = Page {
        nav: Nav::Integrations,
        title: item.name.clone(),
        above: Some(html! { a href="/console/integrations" { "Integrations" } }),
        verdict: format!(
            "{} reads the users of {}: version {}.",
            item.name, item.app, item.number
        ),
        lead: Some(html! { p.facts { (copied(id.as_str())) } }),
        body,
    };
    Ok(page.respond(Some(&visitor)))
}
