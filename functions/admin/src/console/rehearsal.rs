//! What recorded events would do on a changed file: each is looked at twice, and nothing is done.

use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sando_core::access::PlannedEffect;
use sando_core::admin::api_key::Scope;
use sando_core::admin::{files, jobs};
use sando_core::company::Company;
use sando_core::ids::Slug;
use sando_core::job::{EventDifference, JobState, Rehearsed, Rehearsing, Work};

use crate::Api;
use crate::jobs::PATIENCE;
use crate::problem::Problem;

use super::changes::{checked, mistaken, page, unfinished};
use super::files::{Edited, kind};
use super::form::Form;
use super::input::At;
use super::job::waits_over;
use super::lookup::Names;
use super::parts::hidden;
use super::refusal::Refusal;
use super::visitor::{Operates, Visitor};
use super::{seen, words};

/// For how many days events can be looked at.
const DAYS: &[i64] = &[7, 30, 90, 365];

/// The form that asks for it, with the file as it was typed.
pub(super) fn ask(visitor: &Visitor, edited: &Edited<'_>) -> Markup {
    html! {
        section aria-labelledby="recorded" {
            h2 #recorded { (words::RECORDED) }
            p.small { (words::RECORDED_MEANS) }
            form.filter method="post" action={ "/console/" (edited.kind.path) "/" (edited.id) "/events" } {
                (hidden(visitor, ""))
                (edited.along())
                label {
                    (words::RECORDED_SINCE)
                    select name="days" { @for days in DAYS { option value=(days) selected[*days == 30] { (days) " days" } } }
                }
                button type="submit" { (words::RECORDED_RUN) }
            }
        }
    }
}

fn days(form: &Form) -> Result<i64, Problem> {
    let days: Option<i64> = form.get("days").parse().ok();
    days.filter(|days| DAYS.contains(days))
        .ok_or_else(|| Problem::mistake("days", "7, 30, 90 or 365"))
}

/// Shows what recorded events would do differently.
pub(super) async fn show(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((path, id)): At<(String, Slug)>,
    form: Form,
) -> Result<Response, Refusal> {
    let kind = kind(&path)?;
    let edited = Edited::of(kind, &id, &form);
    if let Some(page) = seen::overtaken(&api, &visitor, &edited).await? {
        return Ok(page);
    }
    let change = match checked(&api, kind, &id, edited.text).await? {
        Ok(checked) => checked.change,
        Err(mistakes) => return Ok(mistaken(&visitor, &edited, &mistakes)),
    };
    let days = days(&form)?;
    let who = visitor.who(&api);
    let ago = SignedDuration::from_hours(days.saturating_mul(24));
    let rehearsing = Rehearsing {
        since: who.at.saturating_sub(ago).unwrap_or(Timestamp::MIN),
        changes: vec![change],
        cursor: None,
        came: Rehearsed::default(),
    };
    let work = Work::Rehearse(Box::new(rehearsing));
    let job = jobs::run(&api.ports, &who, work, PATIENCE).await?;
    let rehearsing = match (&job.state, &job.work) {
        (JobState::Done, Work::Rehearse(rehearsing)) => rehearsing,
        (JobState::Running, _) => return Ok(waits_over(&job, edited.seen)),
        _ => return Err(unfinished(&job).into()),
    };
    let of = Some(&edited);
    let (verdict, body) = drawn(&api, &visitor, of, rehearsing, job.started_at).await?;
    Ok(page(kind, &id, verdict, body).respond(Some(&visitor)))
}

/// What recorded events would do differently; where it is about one file, with the way to what would change.
pub(super) async fn drawn(
    api: &Api,
    visitor: &Visitor,
    of: Option<&Edited<'_>>,
    rehearsing: &Rehearsing,
    until: Timestamp,
) -> Result<(String, Markup), Refusal> {
    let came = &rehearsing.came;
    let company = files::company(&api.ports).await?;
    let people = came.listed.iter().filter_map(|one| one.person.as_ref());
    let names = Names::of(api, people).await?;
    let body = html! {
        @if came.listed.is_empty() { p.empty { (words::RECORDED_SAME) } }
        @else { (differences(&came.listed, &names, &company)) }
        (left_out(came))
        @if let Some(edited) = of.filter(|_| visitor.may(Scope::Operate)) {
            form method="post" action={ "/console/" (edited.kind.path) "/" (edited.id) "/changes" } {
                (hidden(visitor, ""))
                (edited.along())
                p.bar { button.primary type="submit" { (words::SEE_CHANGES) } }
            }
        }
    };
    let days = until.duration_since(rehearsing.since).as_hours() / 24;
    Ok((words::rehearsed(days, came), body))
}

fn differences(listed: &[EventDifference], names: &Names, company: &Company) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Event" } th scope="col" { "About" } th scope="col" { "Starts now" } th scope="col" { "Would start" } th scope="col" { "Accesses" } } }
            tbody {
                @for one in listed {
                    tr {
                        td { a href={ "/console/events/" (one.event) } { (words::of_event(one.kind)) } }
                        td data-label="About" { @if let Some(person) = &one.person { a href={ "/console/people/" (person) } { (names.get(person)) } } }
                        td data-label="Starts now" { (all(&one.before)) }
                        td data-label="Would start" { (all(&one.after)) }
                        td data-label="Accesses" {
                            (effects("+", "only then", &one.more, company))
                            (effects("−", "no more", &one.less, company))
                        }
                    }
                }
            }
        }
    }
}

fn all(workflows: &[Slug]) -> String {
    let names: Vec<&str> = workflows.iter().map(Slug::as_str).collect();
    names.join(", ")
}

fn effects(sign: &str, word: &str, all: &[PlannedEffect], company: &Company) -> Markup {
    html! {
        @for effect in all {
            @let app = company.apps.get(&effect.app).map_or(effect.app.as_str(), |app| app.label());
            div {
                span.sign aria-hidden="true" { (sign) } " "
                (words::goal(effect.goal).1) " " (app)
                @if let Some(plan) = &effect.entitlement.plan { ", plan " (plan) }
                span.small.muted { ", " (word) }
            }
        }
    }
}

/// Events that could not be looked at, and why.
fn left_out(came: &Rehearsed) -> Markup {
    html! {
        @if came.left_out > 0 {
            details {
                summary { (words::left_out(came.left_out)) }
                ul { @for (event, why) in &came.why_not { li { a href={ "/console/events/" (event) } { code { (event) } } " " (why) } } }
            }
        }
    }
}
