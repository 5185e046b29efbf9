//! Events: what was heard of, what came of each and why, and looking at one again: shown first, then done.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::{files, replay};
use sando_core::event::{Event, EventState};
use sando_core::handle::replay::Replayed;
use sando_core::ids::{EventId, PersonId, derive};
use sando_core::rule::EventKind;
use sando_core::store::Loaded;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Api;
use crate::body::word;
use crate::list::{gather, wanted};

use super::deed::{Seen, card, effects};
use super::form::Form;
use super::format::{clock, exact, when};
use super::input::{Asks, At};
use super::layout::{Nav, Page, done};
use super::lookup::{Names, once};
use super::parts::{empty, hidden, id as copied, older, segment, tabs, tag};
use super::refusal::Refusal;
use super::states;
use super::story::values;
use super::visitor::{Operates, Sees, Visitor};
use super::words::{self, Said};

/// Which events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    person: String,
    cursor: Option<String>,
}

/// The tabs above runs and events.
pub(super) fn tabs_of(here: &str) -> Markup {
    let all = [("Runs", "runs"), ("Events", "events")];
    let all = all.map(|(name, tab)| (name.to_owned(), format!("/console/{tab}"), tab == here));
    tabs("Runs", &all)
}

/// Lists events.
pub(super) async fn list(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<EventsQuery>,
) -> Result<Response, Refusal> {
    let states: Vec<EventState> = match query.state.as_str() {
        "" => EventState::ALL.to_vec(),
        state => vec![word("state", state)?],
    };
    let kind: Option<EventKind> = match query.kind.as_str() {
        "" => None,
        kind => Some(word("kind", kind)?),
    };
    let person: Option<PersonId> = match query.person.as_str() {
        "" => None,
        person => Some(word("person", person)?),
    };
    let in_states = states.iter().map(|state| state.as_str()).collect();
    let wanted = wanted::<Event>(person, in_states);
    let keep =
        |event: &Event| states.contains(&event.state) && kind.is_none_or(|kind| event.kind == kind);
    let found = gather::<Event>(&api, &wanted, None, query.cursor.clone(), keep).await?;
    let events: Vec<&Event> = found.items.iter().map(|item| &item.entity).collect();
    let people = events.iter().filter_map(|event| event.person.as_ref());
    let names = Names::of(&api, people).await?;
    let address = format!(
        "/console/events?state={}&kind={}&person={}",
        segment(&query.state),
        segment(&query.kind),
        segment(&query.person)
    );
    let is_filtered = [&query.state, &query.kind, &query.person]
        .iter()
        .any(|text| !text.is_empty());
    let body = html! {
        (tabs_of("events"))
        (filter(&query))
        @if !events.is_empty() { (table(&events, &names, api.ports.clock.now())) }
        @else if is_filtered { p.empty { (words::NO_MATCH) " " a href="/console/events" { (words::CLEAR) } } }
        @else { (empty(words::NO_EVENTS)) }
        (older(&address, found.next_cursor.as_deref()))
    };
    let page = Page {
        nav: Nav::Runs,
        title: words::EVENTS.to_owned(),
        above: None,
        verdict: words::events(&events, is_filtered),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn filter(query: &EventsQuery) -> Markup {
    html! {
        form.filter method="get" action="/console/events" role="search" {
            label {
                "State"
                select name="state" {
                    option value="" { "any" }
                    @for state in EventState::ALL {
                        option value=(state.as_str()) selected[query.state == state.as_str()] { (states::event(state).1) }
                    }
                }
            }
            label {
                "What"
                select name="kind" {
                    option value="" { "anything" }
                    @for kind in EventKind::ALL {
                        option value=(kind.as_str()) selected[query.kind == kind.as_str()] { (words::of_event(*kind)) }
                    }
                }
            }
            @if !query.person.is_empty() { input type="hidden" name="person" value=(query.person); }
            button type="submit" { (words::FILTER) }
        }
    }
}

fn table(events: &[&Event], names: &Names, now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "What" } th scope="col" { "About" } th scope="col" { "State" } th scope="col" { "From" }
                th scope="col" { "Happened" } th scope="col" { "Heard of" }
            } }
            tbody {
                @for event in events {
                    @let (shape, state) = states::event(event.state);
                    tr {
                        td { a href={ "/console/events/" (event.id) } { (words::of_event(event.kind)) } }
                        td data-label="About" { (about(event, names)) }
                        td data-label="State" { (tag(shape, state)) }
                        td data-label="From" { (event.source) }
                        td data-label="Happened" { (when(event.occurred_at, now)) }
                        td data-label="Heard of" { (when(event.received_at, now)) }
                    }
                }
            }
        }
    }
}

fn about(event: &Event, names: &Names) -> Markup {
    html! {
        @match (&event.person, &event.opportunity) {
            (Some(person), _) => { a href={ "/console/people/" (person) } { (names.get(person)) } }
            (None, Some(opportunity)) => { span.muted { "opportunity " code { (opportunity) } } }
            (None, None) => {}
        }
    }
}

/// Shows an event: what came of it, and why.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(id): At<EventId>,
) -> Result<Response, Refusal> {
    let event = replay::event(&api.ports, &id).await?.entity;
    let body = html! {
        div.columns.wide-left {
            section aria-labelledby="why" {
                h2 #why { (words::EVENT_WHY) }
                (why(&event))
            }
            @if visitor.may(Scope::Operate) {
                section.card aria-labelledby="replay" {
                    h2 #replay { (words::REPLAY) }
                    p.small { (words::REPLAY_MEANS) }
                    form method="post" action={ "/console/events/" (id) "/replay" } {
                        (hidden(&visitor, ""))
                        p.bar { button type="submit" { (words::REPLAY_SEE) } }
                    }
                }
            }
        }
    };
    let verdict = format!(
        "{}: {}.",
        words::of_event(event.kind),
        words::came_of(event.state)
    );
    Ok(page(&api, &event, verdict, body)
        .await?
        .respond(Some(&visitor)))
}

async fn page(api: &Api, event: &Event, verdict: String, body: Markup) -> Result<Page, Refusal> {
    let names = Names::of(api, event.person.iter()).await?;
    let (shape, state) = states::event(event.state);
    let lead = html! {
        p.facts {
            (tag(shape, state))
            (about(event, &names))
            span { "happened " (exact(event.occurred_at)) }
            @if event.replays > 0 { span { "replayed " (event.replays) " times" } }
            (copied(event.id.as_str()))
        }
    };
    Ok(Page {
        nav: Nav::Runs,
        title: words::of_event(event.kind).to_owned(),
        above: Some(html! { a href="/console/events" { (words::EVENTS) } }),
        verdict,
        lead: Some(lead),
        body,
    })
}

fn why(event: &Event) -> Markup {
    html! {
        ol.path {
            @for line in &event.why {
                li {
                    span.when { (clock(line.at)) } " " (line.text)
                    @if !line.detail.is_null() { details { summary { (words::MORE) } (values(&line.detail)) } }
                }
            }
        }
        @if !event.runs.is_empty() {
            dl.facts {
                dt { "Runs" }
                dd { @for run in &event.runs { div { a href={ "/console/runs/" (run) } { code { (run) } } } } }
            }
        }
    }
}

/// Of what a replay would do; ids that it would make are left out.
fn hash(replayed: &Replayed) -> String {
    let event = &replayed.event;
    let runs = replayed.runs.iter().map(|run| json!(run.workflow));
    let runs: Vec<Value> = runs.collect();
    let plan = replayed.plan.iter();
    let plan = plan.map(|effect| json!([effect.app, effect.goal, effect.entitlement]));
    let plan: Vec<Value> = plan.collect();
    let parts = json!([event.id, event.replays, runs, plan]);
    derive(&["replay", &parts.to_string()])
}

/// Shows what a replay would do; confirmed by that, it is done.
pub(super) async fn replay(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<EventId>,
    form: Form,
) -> Result<Response, Refusal> {
    let who = visitor.who(&api);
    let planned = replay::replay(&api.ports, &who, &id, true, &[]).await?;
    let seen = Seen::of(&form, &hash(&planned));
    if seen == Seen::This {
        replay::replay(&api.ports, &who, &id, false, &[]).await?;
        return Ok(done(&format!("/console/events/{id}"), Said::Replayed));
    }
    let event: Loaded<Event> = replay::event(&api.ports, &id).await?;
    let body = html! {
        (seen.wrong())
        (plan(&api, &visitor, &planned).await?)
    };
    let verdict = words::replays(planned.runs.len(), planned.plan.len());
    let page = page(&api, &event.entity, verdict, body).await?;
    Ok(seen.answer(page.respond(Some(&visitor))))
}

async fn plan(api: &Api, visitor: &Visitor, planned: &Replayed) -> Result<Markup, Refusal> {
    let company = files::company(&api.ports).await?;
    let id = &planned.event.id;
    let body = html! {
        ul { @for run in &planned.runs { li { "starts " a href={ "/console/workflows/" (run.workflow) } { (run.workflow) } @if run.dry_run { span.muted { ", as a dry run" } } } } }
        @if planned.runs.is_empty() { p.muted { (words::REPLAY_NOTHING) } }
        (effects(&planned.plan, &company))
        p.small.muted { "The event then counts as: " (words::came_of(planned.event.state)) "." }
    };
    Ok(html! {
        div.columns {
            (card(words::REPLAY_PLAN, &body))
            form.stack method="post" action={ "/console/events/" (id) "/replay" } {
                (hidden(visitor, &once(api)))
                input type="hidden" name="plan" value=(hash(planned));
                p { (words::REPLAY_MEANS) }
                p.bar {
                    button.primary type="submit" { (words::REPLAY_DO) }
                    a.button href={ "/console/events/" (id) } { (words::CANCEL) }
                }
            }
        }
    })
}
