//! One task: what a human has to do, and saying that it is done.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::{AdminError, tasks};
use sando_core::ids::{PersonId, TaskId};
use sando_core::store::{Entity, Loaded, Query};
use sando_core::task::{Task, TaskKind, TaskState};

use crate::Api;
use crate::list::gather;

use super::deed::mistakes;
use super::form::Form;
use super::format::when;
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::{Names, once};
use super::parts::{anchor, dot, hidden, id as copied, reason, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::{Operates, Sees, Visitor};
use super::words::{self, Said};

/// The tasks about somebody that are open, or of which a roster will show whether they are done.
pub(super) async fn of_person(api: &Api, id: &PersonId) -> Result<Vec<Loaded<Task>>, Refusal> {
    let query = Query::Person {
        person: id.clone(),
        kind: Task::KIND,
    };
    let keep = |task: &Task| task.state == TaskState::Open || task.awaits_roster;
    Ok(gather(api, &query, None, None, keep).await?.items)
}

/// These tasks, one a line.
pub(super) fn list(tasks: &[Loaded<Task>], now: Timestamp) -> Markup {
    html! {
        ul.plan {
            @for item in tasks {
                @let task = &item.entity;
                @let (shape, state) = states::task(task);
                li {
                    (dot(shape, state))
                    div {
                        a href={ "/console/tasks/" (task.id) } { (task.title) } " " span.muted { (state) }
                        p.small.muted {
                            @match task.ended_at {
                                Some(at) => { "said to be done " (when(at, now)) }
                                None => { (task.owner) ", since " (when(task.created_at, now)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Shows a task.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(id): At<TaskId>,
) -> Result<Response, Refusal> {
    page(&api, &visitor, &id, html! {}, "").await
}

async fn page(
    api: &Api,
    visitor: &Visitor,
    id: &TaskId,
    wrong: Markup,
    owner: &str,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let task = tasks::task(&api.ports, id).await?.entity;
    let names = Names::of(api, task.person.iter().chain(&task.perhaps)).await?;
    let (shape, state) = states::task(&task);
    // What is missing is given on the person.
    let waits = task.kind == TaskKind::Missing && task.state == TaskState::Open;
    let corrected = task.person.as_ref();
    let corrected = corrected.filter(|_| waits && visitor.may(Scope::Operate));
    let body = html! {
        (wrong)
        div.columns {
            section.card aria-labelledby="what" {
                h2 #what { (words::task_kind(task.kind)) }
                @if !task.detail.is_empty() { p { (task.detail) } }
                @if task.awaits_roster { p.muted { (words::AWAITS_ROSTER_MEANS) } }
                dl.facts {
                    dt { "Whose" } dd { (task.owner) }
                    @if let Some(person) = &task.person { dt { "About" } dd { a href={ "/console/people/" (person) } { (names.get(person)) } } }
                    @if let Some(other) = &task.perhaps { dt { (words::PERHAPS) } dd { a href={ "/console/people/" (other) } { (names.get(other)) } } }
                    @if let Some(app) = &task.app { dt { "In" } dd { (app) } }
                    @if let (Some(run), Some(step)) = (&task.run, &task.step) {
                        dt { "For" } dd { a href={ "/console/runs/" (run) "#step-" (anchor(step.as_str())) } { "step " (step) } }
                    }
                    @if let Some(due) = task.due { dt { "Due" } dd { (when(due, now)) } }
                    dt { "Since" } dd { (when(task.created_at, now)) }
                }
                @if let Some(person) = corrected {
                    p.bar { a.button href={ "/console/people/" (person) "/correct" } { (words::CORRECT) } }
                }
            }
            @if task.state == TaskState::Open && visitor.may(Scope::Operate) {
                div {
                    form.stack method="post" action={ "/console/tasks/" (id) "/complete" } {
                        (hidden(visitor, &once(api)))
                        (reason(false))
                        p.bar {
                            @if let (Some(person), Some(other)) = (&task.person, &task.perhaps) {
                                a.button href={ "/console/people/" (person) "/merge?into=" (other) } { (words::MERGE) }
                                button type="submit" { (words::TWO_PEOPLE) }
                            } @else { button.primary type="submit" { (words::COMPLETE_TASK) } }
                        }
                    }
                    (hand_over(api, visitor, id, owner))
                }
            } @else if task.state == TaskState::Open { p.small.muted { (words::LOOKS_ONLY) } }
        }
    };
    let page = Page {
        nav: Nav::Inbox,
        title: task.title.clone(),
        above: Some(html! { a href="/console/inbox" { "Inbox" } }),
        verdict: format!("{}.", task.title.trim_end_matches('.')),
        lead: Some(html! { p.facts { (tag(shape, state)) (copied(id.as_str())) } }),
        body,
    };
    Ok(page.respond(Some(visitor)))
}

/// The form that gives it to somebody else, with whom was typed already.
fn hand_over(api: &Api, visitor: &Visitor, id: &TaskId, owner: &str) -> Markup {
    html! {
        details open[!owner.is_empty()] {
            summary { (words::REASSIGN) "…" }
            form.stack method="post" action={ "/console/tasks/" (id) "/reassign" } {
                (hidden(visitor, &once(api)))
                div.field {
                    label for="owner" { (words::REASSIGN_TO) }
                    p.hint #owner-hint { (words::REASSIGN_HINT) }
                    input #owner type="text" name="owner" value=(owner) required maxlength="254" aria-describedby="owner-hint";
                }
                p.bar { button type="submit" { (words::REASSIGN) } }
            }
        }
    }
}

/// Gives it to somebody else.
pub(super) async fn reassign(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<TaskId>,
    form: Form,
) -> Result<Response, Refusal> {
    let (who, owner) = (visitor.who(&api), form.get("owner"));
    match tasks::reassign(&api.ports, &who, &id, owner).await {
        Ok(_) => Ok(done(&format!("/console/tasks/{id}"), Said::Reassigned)),
        Err(AdminError::Invalid(all)) => {
            let page = page(&api, &visitor, &id, mistakes(&all), owner).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Says that it is done.
pub(super) async fn complete(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<TaskId>,
    form: Form,
) -> Result<Response, Refusal> {
    let who = visitor.who(&api);
    tasks::complete(&api.ports, &who, &id, form.get("reason")).await?;
    Ok(done(&format!("/console/tasks/{id}"), Said::Completed))
}
