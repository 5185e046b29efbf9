//! One sync of an account: how it ended, its certificate, and what to do if it failed.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use sando_core::admin::{accounts, syncs};
use sando_core::ids::Slug;

use crate::Api;
use crate::syncs::number;

use super::account::{advised, page};
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
    let (shape, state) = states::sync(sync.shown_state(&account));
    let counts = sync.counts;
    let body = html! {
        @if let Some(failure) = &sync.failure { (advised(failure)) }
        @if let Some(held) = &sync.held { p { (held) } }
        @for one in &sync.emptied { p.warn { (words::emptied(one)) } }
        dl.facts {
            dt { "State" } dd { (tag(shape, state)) }
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
