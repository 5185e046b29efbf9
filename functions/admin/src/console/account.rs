//! One account: state, certificate, users with why, syncs.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::{Account, AccountState};
use sando_core::admin::accounts;
use sando_core::admin::api_key::Scope;
use sando_core::definition::Failure;
use sando_core::ids::Slug;
use sando_core::store::{Loaded, Query};
use sando_core::sync::{Sync, SyncState};

use crate::Api;
use crate::list::gather;

use super::certificate;
use super::format::{many, when};
use super::input::At;
use super::layout::{Nav, Page, done};
use super::login;
use super::parts::{button, empty, tabs, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::{Operates, Sees, Visitor};
use super::words::{self, Said};

/// An account's definition and name.
pub(super) type Of = (Slug, Slug);

/// The address of an account.
pub(super) fn place(account: &Account) -> String {
    format!("/console/accounts/{}/{}", account.definition, account.name)
}

/// The page of an account around one of its tabs.
pub(super) fn page(
    visitor: &Visitor,
    account: &Account,
    here: &str,
    now: Timestamp,
    body: Markup,
) -> Page {
    let place = place(account);
    let mut all = vec![
        ("Syncs".to_owned(), place.clone(), here == "syncs"),
        (
            format!("Users {}", account.users),
            format!("{place}/users"),
            here == "users",
        ),
    ];
    if account.held.is_some() {
        all.push(("Held".to_owned(), format!("{place}/held"), here == "held"));
    }
    Page {
        nav: Nav::Integrations,
        title: format!("{}/{}", account.definition, account.shown_name()),
        above: Some(html! { a href="/console/integrations" { "Integrations" } }),
        verdict: words::account(account),
        lead: Some(lead(visitor, account, here, now)),
        body: html! { (tabs("Account", &all)) (body) },
    }
}

fn lead(visitor: &Visitor, account: &Account, here: &str, now: Timestamp) -> Markup {
    let place = place(account);
    let (shape, state) = states::account(account);
    let is_disabled = matches!(account.state, AccountState::Disabled { .. });
    html! {
        p.facts {
            (tag(shape, state))
            span { "reads " (account.app) }
            @match account.applied_at { Some(at) => { span { "last complete " (when(at, now)) } } None => { span { "never complete" } } }
            @if !is_disabled { span { "next " (when(account.next_sync_at, now)) } }
            @for (name, value) in &account.variables { span { (name) " " code { (value) } } }
        }
        @if let AccountState::Disabled { failure, .. } = &account.state { (advised(failure)) }
        @if here != "login" && visitor.may(Scope::Admin) {
            p.facts { a href={ (place) "/credentials" } { (words::NEW_CREDENTIALS) } a href={ (place) "/disconnect" } { (words::DISCONNECT) } }
        }
        @if here == "login" {
            // What is to be done stands on the page itself.
        } @else if visitor.may(Scope::Operate) {
            div.bar {
                @if is_disabled {
                    (button(visitor, &format!("{place}/test"), "primary", words::TEST))
                    (button(visitor, &format!("{place}/enable"), "", words::ENABLE))
                } @else {
                    (button(visitor, &format!("{place}/sync"), "primary", words::SYNC_NOW))
                    (button(visitor, &format!("{place}/test"), "", words::TEST))
                }
            }
        } @else { p.small.muted { (words::LOOKS_ONLY) } }
    }
}

/// Why something could not be read.
pub(super) fn failed(failure: &Failure) -> Markup {
    html! {
        div.said.is-bad {
            p {
                strong { (failure.class.name()) } ": " (failure.message)
                @if let Some(status) = failure.status { " (" (status) ")" }
                @if let Some(remote) = &failure.remote { br; span.muted { "It says: " (remote) } }
            }
        }
    }
}

/// Why something could not be read, and what to do.
pub(super) fn advised(failure: &Failure) -> Markup {
    html! { (failed(failure)) p.measure { (words::advice(failure.class)) } }
}

/// Shows an account with its syncs.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    let query = Query::Syncs(account.roster.clone());
    let found = gather::<Sync>(&api, &query, Some(20), None, |_| true).await?;
    let latest = found
        .items
        .iter()
        .find_map(|sync| sync.entity.certificate.as_ref());
    // What is due begins within the second.
    let is_due = account.state == AccountState::Connected && account.next_sync_at <= now;
    let is_running =
        account.syncing.is_some() || account.state == AccountState::Connecting || is_due;
    let place = place(&account);
    let body = html! {
        (login::section(&api, &visitor, &account).await?)
        div #live data-asks=[is_running.then_some("1")] hx-get=[is_running.then_some(&place)]
            hx-trigger=[is_running.then_some("every 2s")] hx-select="#live" hx-select-oob="#verdict" hx-target="this" hx-swap="outerMorph" {
            (emptied(&account))
            @if let Some(certificate) = latest { (certificate::shown(certificate, words::LAST_CERTIFICATE)) }
            section aria-labelledby="syncs" {
                h2 #syncs { "Syncs" }
                @if found.items.is_empty() { (empty(words::NO_SYNCS)) } @else { (history(&account, &found.items, now)) }
            }
        }
    };
    Ok(page(&visitor, &account, "syncs", now, body).respond(Some(&visitor)))
}

/// What is suddenly missing from its answers.
fn emptied(account: &Account) -> Markup {
    html! {
        @if !account.emptied().is_empty() {
            section aria-labelledby="emptied" {
                h2 #emptied { (words::EMPTIED) }
                ul { @for one in account.emptied() { li.warn { (words::emptied(one)) " " span.small.muted { "syn_" (one.sync) } } } }
                p.measure.small.muted { (words::EMPTIED_MEANS) " " a href={ "/console/integrations/" (account.definition) } { "Definition" } }
            }
        }
    }
}

fn history(account: &Account, all: &[Loaded<Sync>], now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Sync" } th scope="col" { "State" } th.num scope="col" { "Users" } th scope="col" { "What changed" }
                th scope="col" { "By" } th scope="col" { "Began" }
            } }
            tbody {
                @for item in all {
                    @let sync = &item.entity;
                    @let (shape, state) = states::sync(sync.shown_state(account));
                    @let counts = sync.counts;
                    tr {
                        td { a href={ (place(account)) "/syncs/syn_" (sync.number) } { strong { "syn_" (sync.number) } } " " span.small.muted { "v" (sync.version) } }
                        td data-label="State" {
                            (tag(shape, state))
                            @if let Some(far) = words::so_far(sync, now) { div.small.muted { (far) } }
                            @if let Some(held) = &sync.held { div.small { (held) } }
                            @if let Some(failure) = &sync.failure { div.small { (failure.class.name()) ": " (failure.message) } }
                            @for one in &sync.emptied { div.small.warn { (words::emptied(one)) } }
                        }
                        td.num data-label="Users" { @if sync.state == SyncState::Done || sync.state == SyncState::Held { (counts.users) } }
                        td data-label="What changed" { (counts.new) " new, " (counts.changed) " changed, " (counts.vanished) " vanished" }
                        td data-label="By" { (sync.actor) }
                        td data-label="Began" { (when(sync.started_at, now)) }
                    }
                }
            }
        }
    }
}

/// Syncs it now.
pub(super) async fn sync(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
) -> Result<Response, Refusal> {
    accounts::sync(&api.ports, &visitor.who(&api), &definition, &name).await?;
    Ok(done(
        &format!("/console/accounts/{definition}/{name}"),
        Said::Syncing,
    ))
}

/// Enables it.
pub(super) async fn enable(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
) -> Result<Response, Refusal> {
    accounts::enable(&api.ports, &visitor.who(&api), &definition, &name).await?;
    Ok(done(
        &format!("/console/accounts/{definition}/{name}"),
        Said::Enabled,
    ))
}

/// Reads the first page with what is stored, and shows what came of it.
pub(super) async fn test(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let who = visitor.who(&api);
    let sample = accounts::test(&api.ports, &who, &definition, &name).await?;
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    let users = sample.batch.users.len();
    let body = html! {
        section aria-labelledby="test" {
            h2 #test { "Test" }
            @match &sample.failure {
                Some(failure) => { (advised(failure)) }
                None => { div.said { p { "It works: the first page has " (many(u64::try_from(users).unwrap_or(0), "user", "users")) "." } } }
            }
            @for warning in &sample.certificate.warnings { p.warn { (warning) } }
            (certificate::sample(&sample.batch))
        }
    };
    Ok(page(&visitor, &account, "test", now, body).respond(Some(&visitor)))
}
