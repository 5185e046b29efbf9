//! Integrations: what can be connected, and what is.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::api_key::Scope;
use sando_core::admin::{Expect, accounts, definitions};
use sando_core::catalog::DefinitionItem;
use sando_core::ids::Slug;
use sando_core::store::{Loaded, Version};

use crate::Api;
use crate::problem::Problem;

use super::builder::print_yaml;
use super::form::Form;
use super::format::{many, number, when};
use super::input::At;
use super::layout::{Nav, Page, done};
use super::parts::{empty, hidden, id as copied, tabs, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::{Administers, Sees, Visitor};
use super::words::{self, Said};

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
            input type="hidden" name="seen" value=(seen.0);
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
    let seen: u64 = form.get("seen").parse().map_err(|_| wrong("seen"))?;
    let expect = Expect::OneOf(vec![Version(seen)]);
    definitions::roll_back(&api.ports, &visitor.who(&api), &id, number, &expect).await?;
    Ok(done(
        &format!("/console/integrations/{id}"),
        Said::RolledBack,
    ))
}

/// The way to delete it, or what is in the way.
fn away(visitor: &Visitor, id: &Slug, seen: Version, accounts: usize) -> Markup {
    html! {
        @if visitor.may(Scope::Admin) {
            section aria-labelledby="away" {
                h2 #away { (words::DELETE_FILE) }
                @if accounts > 0 { p.small.muted { (words::in_use(accounts)) } } @else {
                    p.small.muted { (words::DELETE_DEFINITION_MEANS) }
                    form.inline method="post" action={ "/console/integrations/" (id) "/delete" } {
                        (hidden(visitor, ""))
                        input type="hidden" name="seen" value=(seen.0);
                        button.danger type="submit" { (words::DELETE) " " (id) }
                    }
                }
            }
        }
    }
}

/// Deletes a definition, if it is still the one that was shown and nothing is connected with it.
pub(super) async fn delete(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<Slug>,
    form: Form,
) -> Result<Response, Refusal> {
    let wrong = || Problem::mistake("seen", "a whole number");
    let seen: u64 = form.get("seen").parse().map_err(|_| wrong())?;
    let expect = Expect::OneOf(vec![Version(seen)]);
    definitions::delete(&api.ports, &visitor.who(&api), &id, &expect).await?;
    Ok(done("/console/integrations", Said::DefinitionDeleted))
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
    let accounts = accounts::all(&api.ports).await?;
    let connected = accounts
        .iter()
        .filter(|account| account.entity.definition == id);
    let connected = connected.count();
    let body = html! {
        div.bar {
            @if visitor.may(Scope::Admin) { a.button.primary href={ "/console/connect/" (id) } { (words::CONNECT) } }
            @if visitor.may(Scope::Operate) { (edit(&visitor, &id)) }
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
        (away(&visitor, &id, seen, connected))
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
