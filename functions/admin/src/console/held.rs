//! What of a sync that is held may count: who would lose something by it is shown, and only that sync is released.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::syncs::{self, ANOTHER_HELD, Accept, Losses};
use sando_core::admin::{AdminError, accounts};
use sando_core::sync::{Sync, guard};
use serde::Deserialize;

use crate::Api;
use crate::syncs::loss_place;

use super::account::{Of, page as around, place};
use super::certificate;
use super::deed::problem;
use super::form::Form;
use super::format::{number as counted, size};
use super::input::{Asks, At};
use super::layout::done;
use super::lookup::once;
use super::parts::{TYPED_FROM, hidden, is_typed, no_default, segment, type_number};
use super::refusal::Refusal;
use super::visitor::{Administers, Sees, Visitor};
use super::words::{self, Said};

/// How many who lose something are shown at once.
const MOST_LOSSES: usize = 1_000;

/// Which page of those who would lose something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeldQuery {
    cursor: Option<String>,
}

/// What was chosen before, and what is wrong with it.
#[derive(Default)]
struct Chosen {
    ids: BTreeSet<String>,
    wrong: Option<&'static str>,
}

/// Shows who would lose something by the sync that is held.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(of): At<Of>,
    Asks(asked): Asks<HeldQuery>,
) -> Result<Response, Refusal> {
    let cursor = asked.cursor.as_deref();
    page(&api, &visitor, &of, cursor, &Chosen::default()).await
}

async fn page(
    api: &Api,
    visitor: &Visitor,
    (definition, name): &Of,
    cursor: Option<&str>,
    chosen: &Chosen,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let from = loss_place(cursor)?;
    let account = accounts::must_be(&api.ports, definition, name)
        .await?
        .entity;
    let Some(number) = account.held else {
        return Err(Refusal::nothing());
    };
    let sync = syncs::sync(&api.ports, &account, number).await?.entity;
    let losses = syncs::losses(&api.ports, &sync, from, MOST_LOSSES).await?;
    let next = losses.next.map(|place| place.to_string());
    let place = place(&account);
    let body = html! {
        @if let Some(wrong) = chosen.wrong { (problem(wrong)) }
        form method="post" action={ (place) "/release" } {
            (hidden(visitor, &once(api)))
            (no_default())
            input type="hidden" name="sync" value=(number);
            @if let Some(cursor) = cursor { input type="hidden" name="cursor" value=(cursor); }
            section aria-labelledby="held" {
                h2 #held { (words::HELD_WHAT) " " (counted(guard::losses(&sync.counts))) }
                @if let Some(why) = &sync.held { p { (why) } }
                p.small.muted { (words::RELEASE_MEANS) }
                (table(visitor, &place, &sync, &losses, cursor.is_some(), chosen))
                @if visitor.may(Scope::Admin) { (choice(&sync, chosen)) }
                @else { p.small.muted { (words::RELEASE_NEEDS) } }
            }
        }
        @if let Some(next) = next { p.pager { a href={ (place) "/held?cursor=" (next) } rel="next" { (words::MORE_LOSSES) } } }
    };
    Ok(around(visitor, &account, "held", now, body).respond(Some(visitor)))
}

fn table(
    visitor: &Visitor,
    place: &str,
    sync: &Sync,
    losses: &Losses,
    is_later: bool,
    chosen: &Chosen,
) -> Markup {
    let may = visitor.may(Scope::Admin);
    let total = guard::losses(&sync.counts);
    html! {
        @if losses.next.is_some() || is_later { p.warn { (words::held_part(losses.some.len(), total)) } }
        table {
            thead { tr { th scope="col" { span.visually-hidden { "Select" } } th scope="col" { "User" } th scope="col" { "Their id" } th scope="col" { "Because" } } }
            tbody {
                @for loss in &losses.some {
                    @let name = loss.name.as_deref().unwrap_or(&loss.external_id);
                    tr {
                        td { input type="checkbox" name="id" value=(loss.external_id) aria-label={ "Select " (name) }
                            checked[chosen.ids.contains(&loss.external_id)] disabled[!may]; }
                        td data-label="User" { a href={ (place) "/users/" (segment(&loss.external_id)) } { (name) } }
                        td data-label="Their id" { code { (loss.external_id) } }
                        td data-label="Because" { (certificate::lost(&loss.lost)) }
                    }
                }
            }
        }
    }
}

fn choice(sync: &Sync, chosen: &Chosen) -> Markup {
    let total = guard::losses(&sync.counts);
    let is_wrong = chosen.wrong == Some(words::OTHER_NUMBER);
    html! {
        @if total >= TYPED_FROM {
            (type_number(words::TYPE_USERS, &words::type_released(total), is_wrong))
        }
        p.bar {
            button type="submit" name="accept" value="some" { (words::RELEASE_SOME) }
            button type="submit" name="accept" value="all" { (words::RELEASE_ALL) " " (counted(total)) }
            button type="submit" name="accept" value="none" { (words::DROP) }
        }
    }
}

/// Decides about the sync that was read, if that is the one that is held.
pub(super) async fn release(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(of): At<Of>,
    form: Form,
) -> Result<Response, Refusal> {
    let ids: BTreeSet<String> = form.all("id").map(str::to_owned).collect();
    let (accept, said) = match form.get("accept") {
        "all" => (Accept::All, Said::Released),
        "none" => (Accept::None, Said::Dropped),
        _ => (Accept::Some(ids.clone()), Said::Released),
    };
    let (definition, name) = &of;
    let account = accounts::must_be(&api.ports, definition, name)
        .await?
        .entity;
    // None has the number 0: a form that names no sync was made by no page.
    let seen: u64 = form.get("sync").parse().unwrap_or(0);
    if account.held == Some(seen) {
        let sync = syncs::sync(&api.ports, &account, seen).await?.entity;
        if let Some(wrong) = mistake(&form, &accept, guard::losses(&sync.counts)) {
            let wrong = Some(wrong);
            let cursor = Some(form.get("cursor")).filter(|cursor| !cursor.is_empty());
            let page = page(&api, &visitor, &of, cursor, &Chosen { ids, wrong }).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    }
    let who = visitor.who(&api);
    match syncs::release(&api.ports, &who, definition, name, Some(seen), &accept).await {
        Ok(_) => Ok(done(&place(&account), said)),
        Err(AdminError::Refused {
            code: ANOTHER_HELD, ..
        }) => {
            let chosen = Chosen {
                wrong: Some(words::HELD_ANOTHER),
                ..Chosen::default()
            };
            let page = page(&api, &visitor, &of, None, &chosen).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What is wrong with what was chosen, of so many who lose something.
fn mistake(form: &Form, accept: &Accept, total: u64) -> Option<&'static str> {
    let released = match accept {
        Accept::All => total,
        Accept::None => return None,
        Accept::Some(ids) if ids.is_empty() => return Some(words::NONE_SELECTED),
        Accept::Some(ids) => size(ids.len()),
    };
    (!is_typed(form, released)).then_some(words::OTHER_NUMBER)
}
