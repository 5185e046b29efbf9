//! The inbox: what waits for a decision, what is to be done by hand, and what was decided.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::approvals::{self, Asked};
use sando_core::admin::files;
use sando_core::approval::{Approval, ApprovalState};
use sando_core::company::Company;
use sando_core::store::{Entity, Loaded, Query};
use sando_core::task::{Task, TaskState};
use serde::Deserialize;

use crate::Api;
use crate::list::{Listed, gather};

use super::format::{Count, price, when};
use super::input::Asks;
use super::layout::{Nav, Page};
use super::lookup::Names;
use super::parts::{empty, older, segment, tabs, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::{SeesInbox, Visitor};
use super::words;

/// Which part of the inbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum View {
    /// What this visitor is asked.
    #[default]
    Mine,
    /// What anybody is asked.
    Team,
    /// What this visitor asked for by hand, decided or not.
    Asked,
    /// What was decided.
    Decided,
}

/// Which part of the inbox.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InboxQuery {
    #[serde(default)]
    view: View,
    cursor: Option<String>,
    /// Where the page of tasks begins.
    tasks: Option<String>,
}

impl InboxQuery {
    fn address(&self) -> String {
        let word = match self.view {
            View::Mine => "mine",
            View::Team => "team",
            View::Asked => "asked",
            View::Decided => "decided",
        };
        format!("/console/inbox?view={word}")
    }
}

/// Shows the inbox.
pub(super) async fn show(
    SeesInbox(visitor): SeesInbox,
    State(api): State<Api>,
    Asks(query): Asks<InboxQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let found = asked(&api, &visitor, &query, now).await?;
    let has_tasks = matches!(query.view, View::Mine | View::Team);
    let tasks = if visitor.may(Scope::Read) && has_tasks {
        open_tasks(&api, query.tasks.clone()).await?
    } else {
        Listed {
            items: Vec::new(),
            next_cursor: None,
        }
    };
    let company = files::company(&api.ports).await?;
    let people = found.items.iter().map(|item| &item.entity.person);
    let names = Names::of(&api, people).await?;
    let body = html! {
        (views(&visitor, query.view))
        @if !found.items.is_empty() { (approvals_of(&visitor, &found, &names, &company, now)) }
        @else if tasks.items.is_empty() { (empty(nothing(query.view))) }
        (older(&query.address(), found.next_cursor.as_deref()))
        @if !tasks.items.is_empty() { (tasks_of(&tasks, &query, now)) }
    };
    let verdict = match query.view {
        View::Asked => words::ASKED_BY_YOU.to_owned(),
        View::Decided => "What was decided, newest first.".to_owned(),
        View::Team => words::inbox_of_all(count(&found), count(&tasks)),
        View::Mine => words::inbox(count(&found), count(&tasks)),
    };
    let page = Page {
        nav: Nav::Inbox,
        title: "Inbox".to_owned(),
        above: None,
        verdict,
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

/// Why there is nothing to see.
fn nothing(view: View) -> &'static str {
    match view {
        View::Mine | View::Team => words::INBOX_MEANS,
        View::Asked => words::ASKED_NOTHING,
        View::Decided => words::DECIDED_NOTHING,
    }
}

async fn asked(
    api: &Api,
    visitor: &Visitor,
    query: &InboxQuery,
    now: Timestamp,
) -> Result<Listed<Loaded<Approval>>, Refusal> {
    let (ports, decider) = (&api.ports, visitor.caller.decider());
    let sees_all = visitor.may(Scope::Read) && query.view != View::Mine;
    let mut sees: Asked = approvals::asked(ports, &decider, sees_all, now).await?;
    if query.view == View::Mine && decider.is_admin {
        // An administrator may decide everything, as an override.
        sees = approvals::asked(ports, &decider, true, now).await?;
    }
    let states: Vec<ApprovalState> = match query.view {
        View::Decided => ApprovalState::ALL
            .into_iter()
            .filter(|state| *state != ApprovalState::Waiting)
            .collect(),
        View::Asked => ApprovalState::ALL.to_vec(),
        View::Mine | View::Team => vec![ApprovalState::Waiting],
    };
    let wanted = Query::States {
        kind: Approval::KIND,
        states: states.iter().map(|state| state.as_str()).collect(),
    };
    let keep = |approval: &Approval| {
        let fits = states.contains(&approval.state)
            && (approval.state != ApprovalState::Waiting || approval.waits(now));
        let is_theirs =
            query.view != View::Asked || approval.requester.as_ref() == Some(&visitor.caller.actor);
        fits && is_theirs && sees.sees(approval)
    };
    Ok(gather(api, &wanted, None, query.cursor.clone(), keep).await?)
}

/// How many a page of a list has, and whether another one follows.
fn count<T>(listed: &Listed<T>) -> Count {
    Count {
        found: listed.items.len(),
        is_more: listed.next_cursor.is_some(),
    }
}

async fn open_tasks(api: &Api, from: Option<String>) -> Result<Listed<Loaded<Task>>, Refusal> {
    let query = Query::States {
        kind: Task::KIND,
        states: vec![TaskState::Open.as_str()],
    };
    let keep = |task: &Task| task.state == TaskState::Open;
    Ok(gather(api, &query, None, from, keep).await?)
}

fn views(visitor: &Visitor, here: View) -> Markup {
    let all = [
        (View::Mine, "Mine", "/console/inbox"),
        (View::Team, "Team", "/console/inbox?view=team"),
        (View::Asked, words::ASKED_BY_ME, "/console/inbox?view=asked"),
        (View::Decided, "Decided", "/console/inbox?view=decided"),
    ];
    let shown = all
        .into_iter()
        .filter(|(view, ..)| !matches!(view, View::Team | View::Asked) || visitor.may(Scope::Read));
    let shown: Vec<(String, String, bool)> = shown
        .map(|(view, name, to)| (name.to_owned(), to.to_owned(), view == here))
        .collect();
    tabs("Inbox", &shown)
}

fn approvals_of(
    visitor: &Visitor,
    found: &Listed<Loaded<Approval>>,
    names: &Names,
    company: &Company,
    now: Timestamp,
) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Application" } th scope="col" { "For" } th scope="col" { "State" }
                th.num scope="col" { "Costs" } th scope="col" { "Asked" } th scope="col" { "Ends" }
            } }
            tbody {
                @for item in &found.items {
                    @let approval = &item.entity;
                    @let app = company.apps.get(&approval.app).map_or(approval.app.as_str(), |app| app.label());
                    @let (shape, state) = states::approval(approval.state);
                    tr {
                        td { a href={ "/approvals/" (approval.id) } { (app) } }
                        td data-label="For" {
                            @let name = names.get(&approval.person);
                            @if visitor.may(Scope::Read) { a href={ "/console/people/" (approval.person) } { (name) } } @else { (name) }
                        }
                        td data-label="State" { (tag(shape, state)) }
                        td.num data-label="Costs" { @if let Some(cost) = &approval.cost { (price(cost)) } }
                        td data-label="Asked" { (when(approval.created_at, now)) }
                        td data-label="Ends" {
                            @if approval.state == ApprovalState::Waiting { @if let Some(at) = approval.expires_at { (when(at, now)) } }
                            @else if let Some(last) = approval.decisions.last() { (when(last.at, now)) }
                        }
                    }
                }
            }
        }
    }
}

fn tasks_of(tasks: &Listed<Loaded<Task>>, query: &InboxQuery, now: Timestamp) -> Markup {
    let here = query.cursor.as_ref();
    let here = here.map_or_else(String::new, |cursor| format!("&cursor={}", segment(cursor)));
    html! {
        section aria-labelledby="tasks" {
            h2 #tasks { (words::tasks(count(tasks))) }
            table {
                thead { tr {
                    th scope="col" { "What" } th scope="col" { "Kind" } th scope="col" { "Whose" } th scope="col" { "Due" }
                } }
                tbody {
                    @for item in &tasks.items {
                        @let task = &item.entity;
                        tr {
                            td { a href={ "/console/tasks/" (task.id) } { (task.title) } }
                            td data-label="Kind" { (words::task_kind(task.kind)) }
                            td data-label="Whose" { (task.owner) }
                            td data-label="Due" { @if let Some(due) = task.due { (when(due, now)) } @else { span.muted { "since " (when(task.created_at, now)) } } }
                        }
                    }
                }
            }
            @if let Some(cursor) = &tasks.next_cursor {
                p.pager { a href={ (query.address()) (here) "&tasks=" (segment(cursor)) "#tasks" } rel="next" { (words::MORE_TASKS) } }
            }
        }
    }
}
