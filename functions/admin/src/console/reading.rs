//! One sync of an account: how it ended, its certificate, and what to do if it failed.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::{accounts, syncs};
use sando_core::ids::Slug;
use sando_core::sync::{Sync, SyncState};

use crate::Api;
use crate::syncs::number;

use super::account::{advised, page, place};
use super::certificate;
use super::format::{exact, number as counted};
use super::input::At;
use super::layout::Page;
use super::parts::{empty, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::Sees;
use super::words;

/// Shows a sync.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At((definition, name, id)): At<(Slug, Slug, String)>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    let sync = syncs::sync(&api.ports, &account, number(&id)?)
        .await?
        .entity;
    let is_running = sync.state == SyncState::Running;
    let place = format!("{}/syncs/syn_{}", place(&account), sync.number);
    let body = html! {
        div #live data-asks=[is_running.then_some("1")] hx-get=[is_running.then_some(&place)]
            hx-trigger=[is_running.then_some("every 2s")] hx-select="#live" hx-select-oob="#verdict" hx-target="this" hx-swap="outerMorph" {
            (shown(&sync, &account, now))
        }
    };
    let page = Page {
        title: format!(
            "syn_{} of {}/{}",
            sync.number,
            account.definition,
            account.shown_name()
        ),
        verdict: words::reading(&sync, &account),
        ..page(&visitor, &account, "sync", now, body)
    };
    Ok(page.respond(Some(&visitor)))
}

/// How it stands, with what came of it so far.
fn shown(sync: &Sync, account: &Account, now: Timestamp) -> Markup {
    let (shape, state) = states::sync(sync.shown_state(account));
    let counts = sync.counts;
    html! {
        @if let Some(failure) = &sync.failure { (advised(failure)) }
        @if let Some(held) = &sync.held { p { (held) } }
        @for one in &sync.emptied { p.warn { (words::emptied(one)) } }
        dl.facts {
            dt { "State" } dd { (tag(shape, state)) }
            @if let Some(far) = words::so_far(sync, now) { dt { (words::SO_FAR) } dd { (far) } }
            dt { "Definition" } dd { a href={ "/console/integrations/" (sync.definition) } { (sync.definition) } " v" (sync.version) }
            dt { "By" } dd { (sync.actor) }
            dt { "Began" } dd { (exact(sync.started_at)) }
            @if let Some(at) = sync.finished_at { dt { "Ended" } dd { (exact(at)) } }
            dt { "What changed" } dd {
                (counted(counts.new)) " new, " (counted(counts.changed)) " changed, " (counted(counts.vanished)) " vanished, "
                (counted(counts.inactive)) " not active any more, " (counted(counts.lost_license)) " lost a licence"
            }
        }
        @match &sync.certificate {
            Some(one) => { (certificate::shown(one, words::CERTIFICATE)) (certificate::lists(one)) }
            None => { (empty(words::NO_CERTIFICATE)) }
        }
    }
}
