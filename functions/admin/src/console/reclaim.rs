//! Seats that could go back: what people who left still hold, as a plan that is carried out when somebody says so, and
//! who holds one licence, with what could go back of it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::api_key::Scope;
use sando_core::admin::reclaim::{Found, look};
use sando_core::admin::{accounts, files, metrics, reports};
use sando_core::ids::{AppSlug, derive};
use sando_core::report::{Flag, Residue, Seat, UNUSED_DAYS};
use sando_core::review::Verdict;
use sando_core::store::Loaded;
use serde::Deserialize;

use crate::Api;
use crate::reports::{csv as file, seat_rows};

use super::deed::problem;
use super::form::Form;
use super::format::{day_of, size, total};
use super::input::{Asks, At};
use super::kept::{count_now, is_quick, kept};
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{
    TYPED_FROM, empty, hidden, is_typed, no_default, reason_again, segment, type_number,
};
use super::refusal::Refusal;
use super::review::{decide_each, decided};
use super::visitor::{Administers, Operates, Sees, Visitor};
use super::words::{self, Said};

/// How many seats are shown.
const SHOWN: usize = 200;
/// How many are looked at for that, and how many a file has.
const LOOKED_AT: usize = 500;
const IN_FILE: usize = 100_000;

/// What a plan that was read is recognised by.
fn hash(residue: &Residue) -> String {
    let seats = residue.seats.iter();
    let names: Vec<String> = seats
        .map(|seat| format!("{}/{}/{}", seat.app, seat.account, seat.external_id))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    derive(&names)
}

/// How much is looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NowQuery {
    /// Everything, also where it takes long.
    #[serde(default)]
    now: bool,
}

/// Shows what would be taken away from people who left.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<NowQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let accounts = accounts::all(&api.ports).await?;
    if !query.now
        && let Some(kept) = kept(&api, &accounts).await?
    {
        let page = around(words::residue(
            kept.figures.leavers(),
            &kept.figures.residue,
        ));
        let page = Page {
            lead: Some(count_now(
                &visitor,
                kept.at,
                "/console/spend/residue?now=true",
                now,
            )),
            ..page
        };
        return Ok(page.respond(Some(&visitor)));
    }
    let residue = reports::residue(&api.ports, now).await?;
    Ok(page(&api, &visitor, &residue, None))
}

/// The page before anything stands on it.
fn around(verdict: String) -> Page {
    Page {
        nav: Nav::Spend,
        title: words::RECLAIM.to_owned(),
        above: Some(html! { a href="/console/spend" { (words::SPEND) } }),
        verdict,
        lead: Some(html! { p.measure.muted { (words::IN_HAND) } }),
        body: html! {},
    }
}

fn page(api: &Api, visitor: &Visitor, residue: &Residue, wrong: Option<&str>) -> Response {
    let body = html! {
        @if let Some(wrong) = wrong {
            (problem(wrong))
        }
        @if residue.seats.is_empty() { p.bar { a.button href="/console/spend" { "See what is spent" } } } @else {
            (cut(residue.seats.len().min(SHOWN), size(residue.seats.len())))
            (table(&residue.seats))
            p.pager { a href="/console/spend/csv?of=residue" { (words::CSV) } }
            @if visitor.may(Scope::Admin) { (form(api, visitor, residue, wrong == Some(words::OTHER_NUMBER))) }
            @else { p.small.muted { (words::CLEARING_NEEDS) } }
        }
    };
    let page = around(words::residue(residue.people, &residue.total));
    Page { body, ..page }.respond(Some(visitor))
}

fn form(api: &Api, visitor: &Visitor, residue: &Residue, is_wrong: bool) -> Markup {
    html! {
        form.stack method="post" action="/console/spend/residue" {
            (hidden(visitor, &once(api)))
            input type="hidden" name="plan" value=(hash(residue));
            @if size(residue.people) >= TYPED_FROM {
                (type_number(&format!("{}: {}", words::TYPE_PEOPLE, residue.people), words::MOST_PEOPLE, is_wrong))
            }
            p.bar {
                button.danger type="submit" { (words::clear(residue)) }
                a.button href="/console/spend" { (words::CANCEL) }
            }
        }
    }
}

/// Says so where not all of them are shown.
fn cut(shown: usize, all: u64) -> Markup {
    html! { @if size(shown) < all { p.warn { (words::first_shown(size(shown), all)) } } }
}

fn table(seats: &[Seat]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Who" } th scope="col" { "User" } th scope="col" { "Where" } th scope="col" { "Licences" }
                th scope="col" { "Left" } th.num scope="col" { "A month" }
            } }
            tbody {
                @for seat in seats.iter().take(SHOWN) {
                    @let name = seat.name.as_deref().unwrap_or(words::NOBODY);
                    tr {
                        td { @if let Some(id) = &seat.person { a href={ "/console/people/" (id) } { (name) } } @else { (name) } }
                        td data-label="User" { (seat.email.as_deref().unwrap_or(&seat.external_id)) }
                        td data-label="Where" { (seat.account) }
                        td data-label="Licences" { (seat.licenses.join(", ")) }
                        td data-label="Left" { @if let Some(at) = seat.left_at { (day_of(at)) } }
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
    if !is_typed(&form, size(residue.people)) {
        return Ok(again(words::OTHER_NUMBER, StatusCode::UNPROCESSABLE_ENTITY));
    }
    reports::clear(&api.ports, &visitor.who(&api)).await?;
    Ok(done("/console/spend/residue", Said::Clearing))
}

/// What was chosen before, and what is wrong with it.
#[derive(Default)]
struct Chosen<'a> {
    users: Vec<&'a str>,
    reason: &'a str,
    wrong: Option<&'static str>,
}

/// Shows who holds a licence, whose seat is worth a look, and what would be taken away.
pub(super) async fn licence(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At((app, license)): At<(AppSlug, String)>,
    Asks(query): Asks<NowQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let accounts = accounts::all(&api.ports).await?;
    let of_app = accounts.iter().filter(|account| account.entity.app == app);
    let of_app: Vec<Loaded<Account>> = of_app.cloned().collect();
    if !query.now && !is_quick(&of_app) {
        return Ok(before(&api, &visitor, (&app, &license), now)
            .await?
            .respond(Some(&visitor)));
    }
    Box::pin(seats(&api, &visitor, (&app, &license), &Chosen::default())).await
}

async fn seats(
    api: &Api,
    visitor: &Visitor,
    (app, license): (&AppSlug, &str),
    chosen: &Chosen<'_>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let found = reports::holders(&api.ports, now, UNUSED_DAYS, app, license, LOOKED_AT).await?;
    let holders = found.ok_or_else(Refusal::nothing)?;
    let company = files::company(&api.ports).await?;
    let label = company.apps.get(app);
    let label = label.map_or(app.as_str(), |app| app.label());
    let odd = holders.seats.iter().filter(|seat| !seat.flags.is_empty());
    let odd = odd.count();
    let seats = holders.seats.into_iter().take(SHOWN).collect();
    let found = look(&api.ports, now, seats).await?;
    let to = format!("/console/licences/{app}/{}", segment(license));
    let body = html! {
        @if let Some(wrong) = chosen.wrong { (problem(wrong)) }
        @if found.is_empty() { (empty(words::NO_HOLDERS)) } @else {
            (cut(found.len(), holders.held))
            (plan((api, visitor), &to, &found, chosen, now))
            p.pager { a href={ (to) "/csv" } { (words::CSV) span.visually-hidden { " of everybody who holds it" } } }
        }
    };
    let page = Page {
        nav: Nav::Spend,
        title: words::license_name(label, license),
        above: Some(html! { a href="/console/spend" { (words::SPEND) } }),
        verdict: words::licence(label, license, holders.held, odd),
        lead: None,
        body,
    };
    Ok(page.respond(Some(visitor)))
}

/// Everybody who holds a licence, as CSV: whoever could give it back before the others.
pub(super) async fn csv(
    _: Sees,
    State(api): State<Api>,
    At((app, license)): At<(AppSlug, String)>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let found = reports::holders(&api.ports, now, UNUSED_DAYS, &app, &license, IN_FILE).await?;
    let holders = found.ok_or_else(Refusal::nothing)?;
    Ok(file("holders", seat_rows(&holders.seats)))
}

/// The page of a licence of an application that has many users, before they are looked at: what was counted last.
async fn before(
    api: &Api,
    visitor: &Visitor,
    (app, license): (&AppSlug, &str),
    now: Timestamp,
) -> Result<Page, Refusal> {
    let company = files::company(&api.ports).await?;
    let label = company.apps.get(app);
    let label = label.map_or(app.as_str(), |app| app.label());
    let to = format!("/console/licences/{app}/{}?now=true", segment(license));
    let counted = metrics::counted(&api.ports).await?;
    let of_app = counted.as_ref();
    let of_app = of_app.and_then(|counted| counted.costs.licences.by_license.get(app));
    let known = counted.as_ref().zip(of_app.and_then(|of| of.get(license)));
    let verdict = known.map(|(_, sum)| {
        let odd = usize::try_from(sum.held.saturating_sub(sum.used)).unwrap_or(usize::MAX);
        words::licence(label, license, sum.held, odd)
    });
    Ok(Page {
        nav: Nav::Spend,
        title: words::license_name(label, license),
        above: Some(html! { a href="/console/spend" { (words::SPEND) } }),
        verdict: verdict.unwrap_or_else(|| words::many_users(label)),
        lead: known.map(|(counted, _)| count_now(visitor, counted.at, &to, now)),
        body: html! {
            @if known.is_some() { p.measure.muted { (words::many_users(label)) } }
            @else { p.bar { a.button.primary href=(to) { (words::LOOK_NOW) } } }
        },
    })
}

/// Who holds it; what could go back can be selected, and becomes a task of the application's owner.
fn plan(
    (api, visitor): (&Api, &Visitor),
    to: &str,
    all: &[Found],
    chosen: &Chosen<'_>,
    now: Timestamp,
) -> Markup {
    let may = visitor.may(Scope::Operate);
    let is_wrong = chosen.wrong == Some(words::OTHER_NUMBER);
    let offered = all.iter().filter(|one| one.is_offered(now)).count();
    html! {
        @if offered == 0 { (holders(all, None, now)) } @else {
            form.stack.wide method="post" action=(to) {
                (hidden(visitor, &once(api)))
                (no_default())
                p.measure.muted { (words::GIVE_BACK_MEANS) }
                (holders(all, may.then_some(chosen), now))
                @if may {
                    (reason_again(true, chosen.reason))
                    @if size(offered) >= TYPED_FROM { (type_number(words::TYPE_SEATS, words::TYPE_SEATS_HINT, is_wrong)) }
                    p.bar { button.danger type="submit" name="decision" value="revoke" { (words::REVOKE_ACCESS) } }
                } @else { p.small.muted { (words::REVIEW_NEEDS) } }
            }
        }
    }
}

/// Who holds it; whoever may select has what was chosen before.
fn holders(all: &[Found], chosen: Option<&Chosen<'_>>, now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                @if chosen.is_some() { th scope="col" { span.visually-hidden { "Select" } } }
                th scope="col" { "Who" } th scope="col" { "User" } th scope="col" { "Where" } th scope="col" { "Licences" }
                th scope="col" { "Worth a look" } th scope="col" { "What to do" } th.num scope="col" { "A month" }
            } }
            tbody {
                @for one in all {
                    @let seat = &one.seat;
                    @let name = seat.name.as_deref().unwrap_or(words::NOBODY);
                    @let user = seat.email.as_deref().unwrap_or(&seat.external_id);
                    tr {
                        @if let Some(chosen) = chosen { td { @if one.is_offered(now) {
                            @let value = format!("{}/{}", seat.account, seat.external_id);
                            input type="checkbox" name="user" value=(value) aria-label={ "Select " (user) " in " (seat.account) } checked[chosen.users.contains(&value.as_str())];
                        } } }
                        td data-label="Who" { @if let Some(id) = &seat.person { a href={ "/console/people/" (id) } { (name) } } @else { (name) } }
                        td data-label="User" { (user) }
                        td data-label="Where" { (seat.account) }
                        td data-label="Licences" { (seat.licenses.join(", ")) }
                        td data-label="Worth a look" { (flags(seat)) }
                        td data-label="What to do" { (to_do(one, now)) }
                        td.num data-label="A month" { (total(&seat.monthly)) }
                    }
                }
            }
        }
    }
}

/// What is decided already, or in whose hands it is.
fn to_do(one: &Found, now: Timestamp) -> Markup {
    let flags = &one.seat.flags;
    html! {
        @if let Some(reviewed) = one.reviewed.as_ref().filter(|reviewed| reviewed.counts(now)) { (decided(reviewed, now)) }
        @else if flags.contains(&Flag::HolderLeft) { a href="/console/spend/residue" { (words::SEE_PLAN) } }
        @else if flags.contains(&Flag::Orphaned) { a href="/console/reports/review" { (words::REVIEW) } }
        @else if !flags.is_empty() && !one.given_by.is_empty() {
            (words::GIVEN_BY) " "
            @for (place, policy) in one.given_by.iter().enumerate() {
                @if place > 0 { ", " }
                a href={ "/console/policies/" (policy) } { (policy) }
            }
        }
    }
}

/// Makes what is selected tasks of the application's owner, one for each seat, as a review does.
pub(super) async fn give_back(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((app, license)): At<(AppSlug, String)>,
    form: Form,
) -> Result<Response, Refusal> {
    let users: Vec<&str> = form.all("user").take(SHOWN).collect();
    let why = form.get("reason");
    let wrong = match users.len() {
        0 => Some(words::NONE_SELECTED),
        count if !is_typed(&form, size(count)) => Some(words::OTHER_NUMBER),
        _ => None,
    };
    if wrong.is_some() {
        let chosen = Chosen {
            users,
            reason: why,
            wrong,
        };
        let page = Box::pin(seats(&api, &visitor, (&app, &license), &chosen)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    decide_each(&api, &visitor, &users, Verdict::Revoked, why).await?;
    let to = format!("/console/licences/{app}/{}", segment(&license));
    Ok(done(&to, Said::Reviewed))
}
