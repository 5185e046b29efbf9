//! Runs: the list, newest first.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::ids::PersonId;
use sando_core::run::{Run, RunState};
use sando_core::store::Loaded;
use serde::Deserialize;

use crate::Api;
use crate::body::word;
use crate::list::{gather, wanted};

use super::format::{span, when};
use super::input::Asks;
use super::layout::{Nav, Page};
use super::lookup::Names;
use super::parts::{dot, empty, older, segment, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::Sees;
use super::{events, words};

/// Which runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunsQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    person: String,
    cursor: Option<String>,
}

/// Lists runs.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<RunsQuery>,
) -> Result<Response, Refusal> {
    let states: Vec<RunState> = match query.state.as_str() {
        "" => RunState::ALL.to_vec(),
        state => vec![word("state", state)?],
    };
    let person: Option<PersonId> = match query.person.as_str() {
        "" => None,
        person => Some(word("person", person)?),
    };
    let in_states = states.iter().map(|state| state.as_str()).collect();
    let wanted = wanted::<Run>(person, in_states);
    let keep = |run: &Run| states.contains(&run.state);
    let found = gather::<Run>(&api, &wanted, None, query.cursor.clone(), keep).await?;
    let names = Names::of(&api, found.items.iter().map(|item| &item.entity.person)).await?;
    let count = |state: RunState| {
        found
            .items
            .iter()
            .filter(|run| run.entity.state == state)
            .count()
    };
    let address = format!(
        "/console/runs?state={}&person={}",
        segment(&query.state),
        segment(&query.person)
    );
    let is_filtered = !query.state.is_empty() || !query.person.is_empty();
    let body = html! {
        (events::tabs_of("runs"))
        (filter(&query))
        @if found.items.is_empty() {
            @if is_filtered { p.empty { (words::NO_MATCH) " " a href="/console/runs" { (words::CLEAR) } } }
            @else { (empty(words::NO_RUNS)) }
        } @else { (table(&found.items, &names, api.ports.clock.now())) }
        (older(&address, found.next_cursor.as_deref()))
    };
    let page = Page {
        nav: Nav::Runs,
        title: "Runs".to_owned(),
        above: None,
        verdict: if found.items.is_empty() && is_filtered {
            words::NO_MATCH.to_owned()
        } else {
            words::runs(
                found.items.len(),
                count(RunState::Failed),
                count(RunState::Running),
            )
        },
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn filter(query: &RunsQuery) -> Markup {
    html! {
        form.filter method="get" action="/console/runs" role="search" {
            label {
                "State"
                select name="state" {
                    option value="" { "any" }
                    @for state in RunState::ALL {
                        option value=(state.as_str()) selected[query.state == state.as_str()] { (states::run(state).1) }
                    }
                }
            }
            @if !query.person.is_empty() { input type="hidden" name="person" value=(query.person); }
            button type="submit" { (words::FILTER) }
        }
    }
}

fn table(runs: &[Loaded<Run>], names: &Names, now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Run" } th scope="col" { "For" } th scope="col" { "State" } th scope="col" { "Steps" }
                th scope="col" { "Began" } th.num scope="col" { "Took" }
            } }
            tbody {
                @for item in runs {
                    @let run = &item.entity;
                    @let (shape, state) = states::run(run.state);
                    tr {
                        td { a href={ "/console/runs/" (run.id) } { (run.workflow) } @if run.dry_run { " " span.small.muted { "dry run" } } }
                        td data-label="For" { a href={ "/console/people/" (run.person) } { (names.get(&run.person)) } }
                        td data-label="State" { (tag(shape, state)) }
                        td data-label="Steps" {
                            span.dots { @for step in words::leaves(run).iter().take(24) {
                                @let (shape, word) = states::step(step);
                                (dot(shape, &format!("{} {word}", words::label(step))))
                            } }
                        }
                        td data-label="Began" { (when(run.started_at, now)) }
                        td.num data-label="Took" { @if let Some(end) = run.finished_at { (span(run.started_at, end)) } }
                    }
                }
            }
        }
    }
}
