//! One run: the picture of its steps, and each step with what was tried; moved on by hand.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::steps::{Hand, by_hand};
use sando_core::admin::{LONGEST_REASON, runs};
use sando_core::effect::Call;
use sando_core::ids::{RunId, StepId};
use sando_core::run::{Run, RunState, Step, StepState};

use crate::Api;

use super::form::Form;
use super::format::{clock, span, when};
use super::graph;
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::{Names, once};
use super::parts::{anchor, hidden, id as copied, no_default, segment, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::{Administers, Operates, Sees, Visitor};
use super::words::{self, Said};

/// Shows a run.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(id): At<RunId>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let run = runs::run(&api.ports, &id).await?.entity;
    let names = Names::of(&api, std::iter::once(&run.person)).await?;
    let name = names.get(&run.person);
    let place = format!("/console/runs/{id}");
    let is_running = run.state == RunState::Running;
    let body = html! {
        // While it runs this part asks for itself again; the answer of a run that is over asks no more.
        div #live data-asks=[is_running.then_some("1")] hx-get=[is_running.then_some(&place)]
            hx-trigger=[is_running.then_some("every 2s")] hx-select="#live" hx-select-oob="#verdict" hx-target="this" hx-swap="outerMorph" {
            p.facts.bar { (facts(&run, now)) }
            figure.graph aria-label="Steps in the order of their needs" { (graph::draw(&run)) }
            section aria-labelledby="steps" {
                h2 #steps { (words::STEPS) }
                ol.steps { @for step in in_order(&run) { (step_of(&visitor, &run, step, now)) } }
            }
        }
        @if is_running && !run.cancelling && visitor.may(Scope::Admin) { (cancelling(&api, &visitor, &place)) }
        @if !visitor.may(Scope::Operate) { p.small.muted { (words::LOOKS_ONLY) } }
    };
    let page = Page {
        nav: Nav::Runs,
        title: format!("{} for {name}", run.workflow),
        above: Some(
            html! { a href="/console/runs" { "Runs" } " › " a href={ "/console/people/" (run.person) } { (name) } },
        ),
        verdict: words::run(&run, &name),
        lead: Some(html! { p.facts { (copied(id.as_str())) } }),
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn facts(run: &Run, now: Timestamp) -> Markup {
    let (shape, state) = states::run(run.state);
    html! {
        (tag(shape, state))
        span.muted { "began " (when(run.started_at, now)) }
        @if let Some(end) = run.finished_at { span.muted { "took " (span(run.started_at, end)) } }
        @if run.cause.kind == "event" { span.muted { "because of an " a href={ "/console/events/" (run.cause.id) } { "event" } } }
        @else { span.muted { "because of " (run.cause.kind) " " code { (run.cause.id) } } }
        @if !run.missing.is_empty() { span.warn { "missing: " (run.missing.join(", ")) } }
    }
}

/// What failed first, then the order of the workflow.
fn in_order(run: &Run) -> Vec<&Step> {
    let (failed, other): (Vec<&Step>, Vec<&Step>) = run
        .steps
        .iter()
        .partition(|step| step.state == StepState::Failed);
    failed.into_iter().chain(other).collect()
}

fn step_of(visitor: &Visitor, run: &Run, step: &Step, now: Timestamp) -> Markup {
    let (shape, state) = states::step(step);
    html! {
        li id={ "step-" (anchor(step.id.as_str())) } {
            div.bar {
                h3 { (words::label(step)) }
                (tag(shape, state))
                span.small.muted { (step.kind()) @if !step.needs.is_empty() { ", after " (needs(step)) } }
                @if let Some(due) = step.due { span.small.muted { "next " (when(due, now)) } }
                @if let Some(approval) = step.approval() { a.small href={ "/approvals/" (approval) } { "decision" } }
                @if let Some(task) = &step.task { a.small href={ "/console/tasks/" (task) } { "task" } }
            }
            @if let Some(reason) = &step.reason { p.measure { (reason) } }
            @if !step.attempts.is_empty() {
                details open[step.state == StepState::Failed] {
                    summary { (step.attempts.len()) " " @if step.attempts.len() == 1 { "attempt" } @else { "attempts" } }
                    ul.plan { @for attempt in &step.attempts {
                        li { span.muted { "·" } span { (clock(attempt.at)) " " code { (attempt.request) } " " (attempt.outcome) } }
                    } }
                }
            }
            @if !step.calls.is_empty() {
                details {
                    summary { (step.calls.len()) " " @if step.calls.len() == 1 { "call" } @else { "calls" } }
                    ul.plan { @for call in &step.calls { (call_of(call)) } }
                }
            }
            (by_hand_of(visitor, run, step))
        }
    }
}

fn call_of(call: &Call) -> Markup {
    html! {
        li {
            span.muted { "·" }
            span { (clock(call.at)) " " code { (call.request) } " " (words::came(call.came)) }
            span.small.muted { (call.took_ms) " ms" }
        }
    }
}

fn needs(step: &Step) -> String {
    let needs = step.needs.iter().map(StepId::to_string);
    needs.collect::<Vec<_>>().join(", ")
}

fn by_hand_of(visitor: &Visitor, run: &Run, step: &Step) -> Markup {
    if run.cancelling || run.dry_run || run.state == RunState::Cancelled {
        return html! {};
    }
    let has_failed = step.state == StepState::Failed;
    let retry = has_failed && visitor.may(Scope::Operate);
    let skip = (has_failed || !step.has_ended()) && visitor.may(Scope::Admin);
    let complete = step.task.is_some() && !step.lets_on() && visitor.may(Scope::Operate);
    let to = format!(
        "/console/runs/{}/steps/{}",
        run.id,
        segment(step.id.as_str())
    );
    html! {
        @if retry || skip || complete {
            details {
                summary { "By hand…" }
                form.stack method="post" action={ (to) "/retry" } {
                    (no_default())
                    (hidden(visitor, ""))
                    div.field {
                        label for={ "reason-" (anchor(step.id.as_str())) } { (words::REASON) }
                        input id={ "reason-" (anchor(step.id.as_str())) } type="text" name="reason" maxlength=(LONGEST_REASON);
                    }
                    p.bar {
                        @if retry { button.primary type="submit" { (words::RETRY) } }
                        @if complete { button type="submit" formaction={ (to) "/complete" } { (words::COMPLETE_STEP) } }
                        @if skip { button type="submit" formaction={ (to) "/skip" } { (words::SKIP_STEP) } }
                    }
                }
            }
        }
    }
}

fn cancelling(api: &Api, visitor: &Visitor, place: &str) -> Markup {
    html! {
        details {
            summary { (words::CANCEL_RUN) "…" }
            form.stack method="post" action={ (place) "/cancel" } {
                (hidden(visitor, &once(api)))
                p { "Nothing new starts; what was on its way is looked up and taken back." }
                div.field {
                    label for="reason" { (words::REASON) }
                    input #reason type="text" name="reason" maxlength=(LONGEST_REASON) required;
                }
                p.bar { button.danger type="submit" { (words::CANCEL_RUN) } }
            }
        }
    }
}

/// A step of a run.
type AtStep = (RunId, String);

async fn moved(
    api: &Api,
    visitor: &Visitor,
    (run, step): &AtStep,
    hand: Hand,
    form: &Form,
) -> Result<Response, Refusal> {
    let step = StepId::from(step.as_str());
    let who = visitor.who(api);
    by_hand(&api.ports, &who, run, &step, hand, form.get("reason")).await?;
    let said = match hand {
        Hand::Retry => Said::Retried,
        Hand::Skip => Said::Skipped,
        Hand::Complete => Said::Completed,
    };
    let to = format!("/console/runs/{run}#step-{}", anchor(step.as_str()));
    Ok(done(&to, said))
}

/// Tries a failed step again.
pub(super) async fn retry(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(at): At<AtStep>,
    form: Form,
) -> Result<Response, Refusal> {
    moved(&api, &visitor, &at, Hand::Retry, &form).await
}

/// Leaves a step out.
pub(super) async fn skip(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(at): At<AtStep>,
    form: Form,
) -> Result<Response, Refusal> {
    moved(&api, &visitor, &at, Hand::Skip, &form).await
}

/// Says that a human has done what a step is for.
pub(super) async fn complete(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(at): At<AtStep>,
    form: Form,
) -> Result<Response, Refusal> {
    moved(&api, &visitor, &at, Hand::Complete, &form).await
}

/// Ends a run.
pub(super) async fn cancel(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<RunId>,
    form: Form,
) -> Result<Response, Refusal> {
    let who = visitor.who(&api);
    runs::cancel(&api.ports, &who, &id, form.get("reason")).await?;
    Ok(done(&format!("/console/runs/{id}"), Said::Cancelled))
}
