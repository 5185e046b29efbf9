//! The access review: who can use what and is odd, unused or unknown; each is confirmed, or its owner is to take it away.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::reports;
use sando_core::admin::review::{self, Row};
use sando_core::admin::unmatched::{self, Unmatched};
use sando_core::report::UNUSED_DAYS;
use sando_core::review::{Reviewed, Verdict};
use serde::Deserialize;

use crate::Api;
use crate::problem::Problem;
use crate::review::{account, cursor, file, place};

use super::deed::problem;
use super::form::Form;
use super::format::{size, when};
use super::input::Asks;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{
    TYPED_FROM, empty, hidden, is_typed, no_default, older, reason_again, segment, tabs, tag,
    type_number,
};
use super::reclaim::flags;
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::{Operates, Sees, Visitor};
use super::words::{self, Said};

/// How many users are read for a page.
const AT_ONCE: usize = 50;

/// What is shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Only {
    /// What is odd and undecided.
    #[default]
    Odd,
    /// What is undecided.
    Open,
    /// Everything.
    All,
}

impl Only {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Odd, "odd", "Odd"),
        (Self::Open, "open", "Undecided"),
        (Self::All, "all", "Everything"),
    ];

    fn wants(self, (seat, reviewed): &Row, now: Timestamp) -> bool {
        let is_open = !reviewed.as_ref().is_some_and(|one| one.counts(now));
        match self {
            Self::Odd => is_open && !seat.flags.is_empty(),
            Self::Open => is_open,
            Self::All => true,
        }
    }

    /// What a form calls it.
    fn of(word: &str) -> Self {
        let known = Self::ALL.iter().find(|(_, known, _)| *known == word);
        known.map_or(Self::default(), |(only, ..)| *only)
    }

    fn word(self) -> &'static str {
        let known = Self::ALL.iter().find(|(only, ..)| *only == self);
        known.map_or("", |(_, word, _)| *word)
    }

    fn address(self) -> String {
        format!("/console/reports/review?only={}", self.word())
    }
}

/// What somebody selected and wrote before, and what is wrong with it.
#[derive(Default)]
struct Chosen<'a> {
    users: Vec<&'a str>,
    reason: &'a str,
    wrong: Option<&'static str>,
}

/// Which part of the review.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewQuery {
    #[serde(default)]
    only: Only,
    cursor: Option<String>,
}

/// Shows what is to be decided.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<ReviewQuery>,
) -> Result<Response, Refusal> {
    page(&api, &visitor, &query, &Chosen::default()).await
}

async fn page(
    api: &Api,
    visitor: &Visitor,
    query: &ReviewQuery,
    chosen: &Chosen<'_>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let from = query.cursor.as_deref().map(place).transpose()?;
    let desk = reports::desk_for_pages(&api.ports, now, UNUSED_DAYS).await?;
    let wanted = |row: &Row| query.only.wants(row, now);
    let found = review::read(&api.ports, &desk, from, AT_ONCE, wanted).await?;
    let next = found.next.as_ref().map(cursor);
    let unmatched = match query.cursor {
        None => unmatched::all(&api.ports, &desk).await?,
        Some(_) => None,
    };
    let all = Only::ALL.map(|(only, _, name)| {
        let is_here = only == query.only;
        (name.to_owned(), only.address(), is_here)
    });
    let body = html! {
        @if let Some(wrong) = chosen.wrong { (problem(wrong)) }
        (tabs(words::REVIEW, &all))
        @if found.rows.is_empty() { (empty(words::NOTHING_ODD)) } @else { (decisions((api, visitor), query, &found.rows, chosen, now)) }
        (older(&query.only.address(), next.as_deref()))
        (never_matched(&unmatched.unwrap_or_default(), now))
        p.pager { a href="/console/reports/review/csv" { (words::CSV) span.visually-hidden { " of the whole review" } } }
    };
    let page = Page {
        nav: Nav::Audit,
        title: words::REVIEW.to_owned(),
        above: Some(html! { a href="/console/audit" { "Audit" } }),
        verdict: words::review(found.rows.len(), query.only == Only::Odd, next.is_some()),
        lead: Some(html! { p.measure.muted { (words::REVIEW_MEANS) } }),
        body,
    };
    Ok(page.respond(Some(visitor)))
}

fn never_matched(all: &[Unmatched], now: Timestamp) -> Markup {
    html! {
        @if !all.is_empty() {
            section aria-labelledby="unmatched" {
                h2 #unmatched { (words::NEVER_MATCHED) }
                ul { @for one in all { li { (idle(one, now)) } } }
            }
        }
    }
}

/// What matches nobody, and where it can be changed.
fn idle(one: &Unmatched, now: Timestamp) -> Markup {
    html! {
        @match one {
            Unmatched::License { account, definition, license } => {
                a href={ "/console/integrations/" (definition) } { (license) } " " span.small.muted { (words::LICENSE_OF_NOBODY) " in " (account) }
            }
            Unmatched::Policy(policy) => {
                a href={ "/console/policies/" (policy) } { (policy) } " " span.small.muted { (words::POLICY_FOR_NOBODY) }
            }
            Unmatched::Rule { rule, since } => {
                a href={ "/console/rules/" (rule) } { (rule) } " " span.small.muted { (words::RULE_FOR_NOBODY) " " (when(*since, now)) }
            }
            Unmatched::Aliases(attribute) => {
                a href="/console/attributes" { (attribute) } " " span.small.muted { (words::ALIASES_OF_NOBODY) }
            }
        }
    }
}

fn decisions(
    (api, visitor): (&Api, &Visitor),
    query: &ReviewQuery,
    rows: &[Row],
    chosen: &Chosen<'_>,
    now: Timestamp,
) -> Markup {
    if !visitor.may(Scope::Operate) {
        return html! { (table(rows, None, now)) p.small.muted { (words::REVIEW_NEEDS) } };
    }
    let is_wrong = chosen.wrong == Some(words::OTHER_NUMBER);
    html! {
        form.stack.wide method="post" action="/console/reports/review" {
            (hidden(visitor, &once(api)))
            (no_default())
            input type="hidden" name="only" value=(query.only.word());
            @if let Some(cursor) = &query.cursor { input type="hidden" name="cursor" value=(cursor); }
            (table(rows, Some(chosen), now))
            (reason_again(true, chosen.reason))
            @if size(rows.len()) >= TYPED_FROM { (type_number(words::TYPE_ACCESSES, words::TYPE_ACCESSES_HINT, is_wrong)) }
            p.bar {
                button type="submit" name="decision" value="confirm" { (words::CONFIRM_ACCESS) }
                button.danger type="submit" name="decision" value="revoke" { (words::REVOKE_ACCESS) }
            }
        }
    }
}

/// The rows; whoever may select has what was chosen before.
fn table(rows: &[Row], chosen: Option<&Chosen<'_>>, now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                @if chosen.is_some() { th scope="col" { span.visually-hidden { "Select" } } }
                th scope="col" { "Who" } th scope="col" { "User" } th scope="col" { "Where" }
                th scope="col" { "Licences" } th scope="col" { "Worth a look" } th scope="col" { "Decided" }
            } }
            tbody {
                @for (seat, reviewed) in rows {
                    @let user = seat.email.as_deref().unwrap_or(&seat.external_id);
                    tr {
                        @if let Some(chosen) = chosen {
                            @let place = format!("{}/{}", seat.account, seat.external_id);
                            td { input type="checkbox" name="user" value=(place) aria-label={ "Select " (user) " in " (seat.account) } checked[chosen.users.contains(&place.as_str())]; }
                        }
                        td data-label="Who" {
                            @if let Some(id) = &seat.person { a href={ "/console/people/" (id) } { (seat.name.as_deref().unwrap_or(id.as_str())) } }
                            @else { a href={ "/console/accounts/" (seat.account) "/users/" (segment(&seat.external_id)) } { (words::NOBODY) } }
                        }
                        td data-label="User" { (user) }
                        td data-label="Where" { (seat.account) }
                        td data-label="Licences" { (seat.licenses.join(", ")) }
                        td data-label="Worth a look" { (flags(seat)) }
                        td data-label="Decided" { @if let Some(reviewed) = reviewed { (decided(reviewed, now)) } }
                    }
                }
            }
        }
    }
}

/// What was decided, when, by whom, and the task that it became.
pub(super) fn decided(reviewed: &Reviewed, now: Timestamp) -> Markup {
    let (shape, word) = match reviewed.verdict {
        Verdict::Confirmed => (Shape::Done, "confirmed"),
        Verdict::Revoked => (Shape::Waiting, "to be taken away"),
    };
    html! {
        (tag(shape, word)) " " span.small.muted { (when(reviewed.at, now)) " by " (reviewed.by) }
        @if let Some(task) = &reviewed.task { " " a.small href={ "/console/tasks/" (task) } { "task" } }
    }
}

/// Decides about the selected ones, one after the other.
pub(super) async fn decide(
    Operates(visitor): Operates,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let verdict = match form.get("decision") {
        "confirm" => Verdict::Confirmed,
        "revoke" => Verdict::Revoked,
        _ => return Err(Problem::mistake("decision", "confirm, or revoke").into()),
    };
    let users: Vec<&str> = form.all("user").take(AT_ONCE).collect();
    let wrong = match users.len() {
        0 => Some(words::NONE_SELECTED),
        count if verdict == Verdict::Revoked && !is_typed(&form, size(count)) => {
            Some(words::OTHER_NUMBER)
        }
        _ => None,
    };
    if wrong.is_some() {
        let cursor = Some(form.get("cursor")).filter(|cursor| !cursor.is_empty());
        let query = ReviewQuery {
            only: Only::of(form.get("only")),
            cursor: cursor.map(str::to_owned),
        };
        let chosen = Chosen {
            users,
            reason: form.get("reason"),
            wrong,
        };
        let page = Box::pin(page(&api, &visitor, &query, &chosen)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    decide_each(&api, &visitor, &users, verdict, form.get("reason")).await?;
    Ok(done(&Only::Odd.address(), Said::Reviewed))
}

/// Decides the same about each of these users.
pub(super) async fn decide_each(
    api: &Api,
    visitor: &Visitor,
    users: &[&str],
    verdict: Verdict,
    reason: &str,
) -> Result<(), Refusal> {
    let (who, decider) = (visitor.who(api), visitor.caller.decider());
    for user in users {
        let (label, external_id) = parts(user)?;
        let (definition, name) = account(label)?;
        let place = review::Place {
            definition: &definition,
            name: &name,
            external_id,
        };
        review::decide(&api.ports, &who, &decider, place, verdict, reason).await?;
    }
    Ok(())
}

/// The account and the user in it: `acme/prod/a/1`.
fn parts(user: &str) -> Result<(&str, &str), Refusal> {
    let mut slashes = user.match_indices('/').map(|(place, _)| place);
    let second = slashes.nth(1);
    let both = second.and_then(|place| Some((user.get(..place)?, user.get(place + 1..)?)));
    both.ok_or_else(|| Problem::mistake("user", "account and id of a user").into())
}

/// The whole review as CSV.
pub(super) async fn csv(_: Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    Ok(file(&api, UNUSED_DAYS).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_have_slashes_of_its_own() {
        assert_eq!(parts("acme/prod/a/1").unwrap(), ("acme/prod", "a/1"));
        assert!(parts("acme/prod").is_err());
    }
}
