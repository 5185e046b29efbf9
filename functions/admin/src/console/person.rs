//! One person: where they stand, what happened to them as a story, what they are due and have, and why.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::access::{self, Access};
use sando_core::admin::api_key::Scope;
use sando_core::admin::people;
use sando_core::ids::{AppSlug, PersonId};
use sando_core::person::{Lifecycle, Person};
use serde::Deserialize;
use serde_json::Value;

use crate::Api;
use crate::problem::Problem;

use super::format::{day, when};
use super::input::{Asks, At};
use super::layout::{Nav, Page};
use super::parts::{id, segment, tabs, tag};
use super::refusal::Refusal;
use super::states;
use super::story;
use super::visitor::{Sees, Visitor};
use super::words;
use super::{explain, holdings, task};

/// How many lines of the timeline are shown.
const LINES: u64 = 40;
/// How many are looked through for those of one kind.
const LOOKED_THROUGH: u64 = 400;
/// What a timeline can be narrowed to: in addresses, for people, and what its lines are about.
const ONLY: &[(&str, &str, &[&str])] = &[
    ("access", "access", &["app"]),
    ("runs", "runs", &["run"]),
    ("events", "events", &["event"]),
    ("asked", "decisions and tasks", &["approval", "task"]),
    ("person", "the person", &["person"]),
];

/// Which part of the timeline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonQuery {
    /// Lines before this place.
    before: Option<u64>,
    /// Only lines about this; about everything if it is empty.
    #[serde(default)]
    only: String,
}

/// Shows a person.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(id): At<PersonId>,
    Asks(query): Asks<PersonQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let access = access::of(&api.ports, &id, now).await?;
    let asked = holdings::asked(&api, &access).await?;
    let only = only(&query.only)?;
    let most = if only.is_some() {
        LOOKED_THROUGH
    } else {
        LINES
    };
    let (mut lines, earlier) = story::lines(&api, &id, query.before, most).await?;
    if let Some(kinds) = only {
        lines.retain(|line| kinds.contains(&line.kind()));
    }
    let tasks = task::of_person(&api, &id).await?;
    let body = html! {
        (tabs_of(&access.person, "timeline"))
        div.columns.wide-left {
            section aria-labelledby="timeline" {
                h2 #timeline { (words::TIMELINE) }
                (narrow(&id, &query.only))
                @if lines.is_empty() && only.is_some() { p.empty { (words::NO_MATCH) } } @else { (story::shown(&lines)) }
                @if let Some(earlier) = earlier {
                    p.pager { a href={ "?before=" (earlier) "&only=" (query.only) } { (words::OLDER) } }
                }
                @if query.before.is_some() {
                    p.pager { a href={ "/console/people/" (id) "?only=" (query.only) } { (words::NEWEST) } }
                }
            }
            section aria-labelledby="access" {
                h2 #access { (words::ACCESS) }
                (holdings::list(&visitor, &access, &asked, now))
                @if !tasks.is_empty() { h2 #tasks { (words::TASKS) } (task::list(&tasks, now)) }
            }
        }
    };
    Ok(page(&visitor, &access, &asked, now, body).respond(Some(&visitor)))
}

/// What the lines of a narrowed timeline are about.
fn only(word: &str) -> Result<Option<&'static [&'static str]>, Problem> {
    if word.is_empty() {
        return Ok(None);
    }
    let found = ONLY.iter().find(|(known, ..)| *known == word);
    let (.., kinds) = found.ok_or_else(|| Problem::mistake("only", "no part of a timeline"))?;
    Ok(Some(*kinds))
}

fn narrow(id: &PersonId, here: &str) -> Markup {
    html! {
        form.filter method="get" action={ "/console/people/" (id) } {
            label {
                "Show"
                select name="only" {
                    option value="" { "everything" }
                    @for (word, name, _) in ONLY { option value=(word) selected[here == *word] { (name) } }
                }
            }
            button type="submit" { (words::FILTER) }
        }
    }
}

/// Shows what a person is due and has, with the conditions that say so.
pub(super) async fn access(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(id): At<PersonId>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let access = access::of(&api.ports, &id, now).await?;
    let asked = holdings::asked(&api, &access).await?;
    let body = html! {
        (tabs_of(&access.person, "access"))
        section aria-labelledby="access" {
            h2 #access { (words::ACCESS) }
            (holdings::table(&visitor, &access, &asked, now))
        }
        section aria-labelledby="why" {
            h2 #why { (words::EXPLAIN) }
            (explain::policies(&access, now))
        }
    };
    Ok(page(&visitor, &access, &asked, now, body).respond(Some(&visitor)))
}

/// Shows who a person is: attributes and what they are known by.
pub(super) async fn identity(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(id): At<PersonId>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let person = people::person(&api.ports, &id).await?.entity;
    let body = html! {
        (tabs_of(&person, "identity"))
        div.columns {
            section aria-labelledby="attributes" {
                h2 #attributes { (words::ATTRIBUTES) }
                (attributes(&person))
            }
            section aria-labelledby="known" {
                h2 #known { (words::IDENTIFIERS) }
                (known_by(&person, now))
            }
        }
    };
    let page = Page {
        nav: Nav::People,
        title: words::name(&person),
        above: None,
        verdict: words::person(&person, None, now),
        lead: Some(lead(&visitor, &person)),
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn page(
    visitor: &Visitor,
    access: &Access,
    asked: &BTreeSet<AppSlug>,
    now: Timestamp,
    body: Markup,
) -> Page {
    Page {
        nav: Nav::People,
        title: words::name(&access.person),
        above: None,
        verdict: words::person(&access.person, Some((access, asked)), now),
        lead: Some(lead(visitor, &access.person)),
        body,
    }
}

fn lead(visitor: &Visitor, person: &Person) -> Markup {
    let (shape, state) = states::person(person.state);
    html! {
        p.facts {
            (tag(shape, state))
            @if person.baselined { span { "baselined: nothing is given or taken before it is applied" } }
            @if let Some(erasure) = &person.erasure { span { (words::to_be_erased(erasure)) } }
            @let work = words::work(person);
            @if !work.is_empty() { span { (work) } }
            @if let Some(email) = person.text("work_email") { span { (email) } }
            @if let Some(on) = person.starts_on { span { "first day " (day(on)) } }
            (id(person.id.as_str()))
        }
        @if let Some(merged) = &person.merged {
            p { (words::MERGED_INTO) " " a href={ "/console/people/" (merged.into) } { code { (merged.into) } } }
        } @else if visitor.may(Scope::Operate) {
            @let place = format!("/console/people/{}", person.id);
            p.bar {
                a.button href={ (place) "/correct" } { (words::CORRECT) }
                a.button href={ (place) "/merge" } { (words::MERGE) }
                @if person.identifiers.count() > 0 { a.button href={ (place) "/split" } { (words::SPLIT) } }
                @if person.leaves_at.is_some() || matches!(person.state, Lifecycle::Left | Lifecycle::Withdrawn) {
                    a.button href={ (place) "/reinstate" } { (words::REINSTATE) }
                }
                @if person.state.may_receive() { a.button href={ (place) "/terminate" } { (words::TERMINATE) } }
                @else if visitor.may(Scope::Admin) { a.button href={ (place) "/erase" } { (words::ERASE) } }
            }
        } @else {
            p.small.muted { (words::LOOKS_ONLY) }
        }
    }
}

fn tabs_of(person: &Person, here: &str) -> Markup {
    let place = format!("/console/people/{}", person.id);
    let all = [
        (words::TIMELINE, place.clone(), "timeline"),
        (words::ACCESS, format!("{place}/access"), "access"),
        (words::IDENTITY, format!("{place}/identity"), "identity"),
    ];
    let all = all.map(|(name, to, tab)| (name.to_owned(), to, tab == here));
    tabs("Person", &all)
}

/// A value of an attribute as people read it.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn attributes(person: &Person) -> Markup {
    let all = person.effective();
    html! {
        table {
            thead { tr { th scope="col" { "Attribute" } th scope="col" { "Value" } th scope="col" { "Note" } } }
            tbody {
                @for (name, value) in all.iter() {
                    tr {
                        td { code { (name) } }
                        td data-label="Value" { (text(value)) }
                        td data-label="Note" {
                            @if person.corrected.get(name).is_some() { span.muted { (words::CORRECTED) } }
                            @else if person.unmapped.contains(name) { span.warn { (words::UNMAPPED) } }
                        }
                    }
                }
            }
        }
    }
}

fn known_by(person: &Person, now: Timestamp) -> Markup {
    let known = &person.identifiers;
    html! {
        dl.facts {
            @if !known.emails.is_empty() {
                dt { "Addresses" } dd { @for email in &known.emails { div { (email.as_str()) } } }
            }
            @if !known.lever_contact.is_empty() {
                dt { "Lever contacts" } dd { @for one in &known.lever_contact { div { code { (one) } } } }
            }
            @if !known.opportunities.is_empty() {
                dt { "Lever opportunities" } dd { @for one in &known.opportunities { div { code { (one) } } } }
            }
            @if let Some(key) = &known.key { dt { "Key in the HR system" } dd { code { (key) } } }
            @if !known.users.is_empty() {
                dt { (words::LINKED_BY_HAND) } dd { @for one in &known.users { div { a href={ "/console/accounts/" (one.account) "/users/" (segment(one.external_id.as_str())) } { code { (one.name()) } } } } }
            }
            @if !person.absorbed.is_empty() {
                dt { (words::MERGED_IN) } dd { @for one in &person.absorbed { div { a href={ "/console/people/" (one) } { code { (one) } } } } }
            }
            dt { "Known since" } dd { (when(person.created_at, now)) }
            dt { "Audit" } dd { a href={ "/console/audit?to=" (person.id) } { (words::ALL_RECORDS) } }
        }
    }
}
