//! Seats that could go back: what people who left still hold, as a plan that is carried out when somebody says so, and
//! who holds one licence.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::files;
use sando_core::admin::reports;
use sando_core::ids::{AppSlug, derive};
use sando_core::report::{Residue, Seat, UNUSED_DAYS};

use crate::Api;

use super::form::Form;
use super::format::{day_of, total};
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{empty, hidden};
use super::refusal::Refusal;
use super::visitor::{Administers, Sees, Visitor};
use super::words::{self, Said};

/// From so many people on the number is typed.
const TYPED_FROM: usize = 6;
/// How many seats are shown.
const SHOWN: usize = 200;

/// What a plan that was read is recognised by.
fn hash(residue: &Residue) -> String {
    let seats = residue.seats.iter();
    let names: Vec<String> = seats
        .map(|seat| format!("{}/{}/{}", seat.app, seat.account, seat.external_id))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    derive(&names)
}

/// Shows what would be taken away from people who left.
pub(super) async fn show(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    let residue = reports::residue(&api.ports, api.ports.clock.now()).await?;
    Ok(page(&api, &visitor, &residue, None))
}

fn page(api: &Api, visitor: &Visitor, residue: &Residue, wrong: Option<&str>) -> Response {
    let body = html! {
        @if let Some(wrong) = wrong {
            div.error-summary role="alert" { h2 { (words::PROBLEM) } p { (wrong) } }
        }
        @if residue.seats.is_empty() { p.bar { a.button href="/console/spend" { "See what is spent" } } } @else {
            (table(&residue.seats, false))
            p.pager { a href="/console/spend/csv?of=residue" { (words::CSV) } }
            @if visitor.may(Scope::Admin) { (form(api, visitor, residue, wrong.is_some())) }
            @else { p.small.muted { (words::CLEARING_NEEDS) } }
        }
    };
    let page = Page {
        nav: Nav::Spend,
        title: words::RECLAIM.to_owned(),
        above: Some(html! { a href="/console/spend" { (words::SPEND) } }),
        verdict: words::residue(residue.people, &residue.total),
        lead: Some(html! { p.measure.muted { (words::IN_HAND) } }),
        body,
    };
    page.respond(Some(visitor))
}

fn form(api: &Api, visitor: &Visitor, residue: &Residue, is_wrong: bool) -> Markup {
    html! {
        form.stack method="post" action="/console/spend/residue" {
            (hidden(visitor, &once(api)))
            input type="hidden" name="plan" value=(hash(residue));
            @if residue.people >= TYPED_FROM {
                div.field {
                    label for="people" { (words::TYPE_PEOPLE) ": " (residue.people) }
                    p.hint #people-hint { (words::MOST_PEOPLE) }
                    input #people type="text" name="people" required autocomplete="off" aria-describedby="people-hint" aria-invalid=[is_wrong.then_some("true")];
                }
            }
            p.bar {
                button.danger type="submit" { (words::clear(residue)) }
                a.button href="/console/spend" { (words::CANCEL) }
            }
        }
    }
}

fn table(seats: &[Seat], with_flags: bool) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Who" } th scope="col" { "User" } th scope="col" { "Where" } th scope="col" { "Licences" }
                th scope="col" { @if with_flags { "Worth a look" } @else { "Left" } } th.num scope="col" { "A month" }
            } }
            tbody {
                @for seat in seats.iter().take(SHOWN) {
                    @let name = seat.name.as_deref().unwrap_or(words::NOBODY);
                    tr {
                        td { @if let Some(id) = &seat.person { a href={ "/console/people/" (id) } { (name) } } @else { (name) } }
                        td data-label="User" { (seat.email.as_deref().unwrap_or(&seat.external_id)) }
                        td data-label="Where" { (seat.account) }
                        td data-label="Licences" { (seat.licenses.join(", ")) }
                        td data-label=(if with_flags { "Worth a look" } else { "Left" }) {
                            @if with_flags { (flags(seat)) } @else if let Some(at) = seat.left_at { (day_of(at)) }
                        }
                        td.num data-label="A month" { (total(&seat.monthly)) }
                    }
                }
            }
        }
    }
}

/// Why a seat is worth a look.
pub(super) fn flags(seat: &Seat) -> String {
    let flags = seat.flags.iter();
    let words: Vec<&str> = flags.map(|flag| words::noticed(flag.as_str())).collect();
    words.join(" · ")
}

/// Takes it away, if the plan is still the one that was shown.
pub(super) async fn clear(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let residue = reports::residue(&api.ports, api.ports.clock.now()).await?;
    let again = |wrong: &str, status: StatusCode| {
        (status, page(&api, &visitor, &residue, Some(wrong))).into_response()
    };
    if form.get("plan") != hash(&residue) {
        let wrong = "What people who left hold changed while you were reading. Nothing was done; read the new plan.";
        return Ok(again(wrong, StatusCode::CONFLICT));
    }
    if residue.people >= TYPED_FROM && form.get("people") != residue.people.to_string() {
        let wrong = "The number that was typed is another one. Nothing was done.";
        return Ok(again(wrong, StatusCode::UNPROCESSABLE_ENTITY));
    }
    reports::clear(&api.ports, &visitor.who(&api)).await?;
    Ok(done("/console/spend/residue", Said::Clearing))
}

/// Shows who holds a licence, and whose seat is worth a look.
pub(super) async fn licence(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At((app, license)): At<(AppSlug, String)>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let found = reports::holders(&api.ports, now, UNUSED_DAYS, &app, &license).await?;
    let holders = found.ok_or_else(Refusal::nothing)?;
    let company = files::company(&api.ports).await?;
    let label = company
        .apps
        .get(&app)
        .map_or(app.as_str(), |app| app.label());
    let odd = holders.seats.iter().filter(|seat| !seat.flags.is_empty());
    let body = html! {
        @if holders.seats.is_empty() { (empty(words::NO_HOLDERS)) } @else { (table(&holders.seats, true)) }
    };
    let page = Page {
        nav: Nav::Spend,
        title: format!("{label} {license}"),
        above: Some(html! { a href="/console/spend" { (words::SPEND) } }),
        verdict: words::licence(label, &license, holders.held, odd.count()),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}
