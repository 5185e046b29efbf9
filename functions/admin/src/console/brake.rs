//! The brake: what is paused, putting it on, and letting it go after seeing what goes on then; of removals a part can stay.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::files;
use sando_core::admin::pause::{self, Accept, Brake, Held, Plan, Resumed};
use sando_core::ids::{GrantId, Slug};
use sando_core::settings::{Pause, Paused};

use crate::Api;
use crate::problem::Problem;

use super::deed::problem;
use super::form::Form;
use super::format::{size, when};
use super::layout::{Nav, Page, done};
use super::lookup::{Names, once};
use super::parts::{hidden, reason, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::{Operates, Sees, Visitor};
use super::words::{self, Said};

/// How many effects that go on are shown.
const SHOWN: usize = 100;

fn brake_of(form: &Form) -> Result<Brake, Refusal> {
    match form.get("what") {
        "all" => Ok(Brake::All),
        "removals" => Ok(Brake::Removals),
        app => {
            let app = app.strip_prefix("app:").unwrap_or(app);
            let app =
                Slug::parse(app).map_err(|error| Problem::mistake("what", error.to_string()))?;
            Ok(Brake::App(app))
        }
    }
}

/// A brake as forms name it.
fn word(brake: &Brake) -> String {
    match brake {
        Brake::All => "all".to_owned(),
        Brake::Removals => "removals".to_owned(),
        Brake::App(app) => format!("app:{app}"),
    }
}

fn name(brake: &Brake) -> String {
    match brake {
        Brake::All => "Everything".to_owned(),
        Brake::Removals => "Removals".to_owned(),
        Brake::App(app) => app.to_string(),
    }
}

fn on(pause: &Pause) -> Vec<(Brake, &Paused)> {
    let all = pause.all.iter().map(|paused| (Brake::All, paused));
    let removals = pause
        .removals
        .iter()
        .map(|paused| (Brake::Removals, paused));
    let apps = pause
        .apps
        .iter()
        .map(|(app, paused)| (Brake::App(app.clone()), paused));
    all.chain(removals).chain(apps).collect()
}

/// Shows what is paused.
pub(super) async fn show(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let paused = pause::now(&api.ports).await?;
    let company = files::company(&api.ports).await?;
    let on = on(&paused);
    let may = visitor.may(Scope::Operate);
    let body = html! {
        @if !on.is_empty() { (table(&visitor, &on, may, now)) }
        @if may {
            section aria-labelledby="put-on" {
                h2 #put-on { (words::PAUSE) }
                p.measure.muted { (words::PAUSE_MEANS) }
                form.stack method="post" action="/console/pause" {
                    (hidden(&visitor, &once(&api)))
                    div.field {
                        label for="what" { (words::PAUSE_WHAT) }
                        select #what name="what" {
                            option value="removals" { "Removals" }
                            option value="all" { "Everything" }
                            @for app in company.apps.values() { option value={ "app:" (app.app) } { (app.label()) } }
                        }
                    }
                    (reason(true))
                    p.bar { button.danger type="submit" { (words::PAUSE) } }
                }
            }
        } @else { p.small.muted { (words::LOOKS_ONLY) } }
    };
    Ok(page(words::paused(on.len()), body).respond(Some(&visitor)))
}

fn page(verdict: String, body: Markup) -> Page {
    Page {
        nav: Nav::Settings,
        title: words::PAUSE.to_owned(),
        above: Some(html! { a href="/console/settings" { "Settings" } }),
        verdict,
        lead: None,
        body,
    }
}

fn table(visitor: &Visitor, on: &[(Brake, &Paused)], may: bool, now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "What" } th scope="col" { "Since" } th scope="col" { "By" } th scope="col" { "Because" } th scope="col" { span.visually-hidden { "Resume" } } } }
            tbody {
                @for (brake, paused) in on {
                    tr {
                        td { (tag(Shape::Held, &name(brake))) }
                        td data-label="Since" { (when(paused.since, now)) }
                        td data-label="By" { (paused.by) }
                        td data-label="Because" { (paused.reason) }
                        td.num {
                            @if may {
                                form.inline method="post" action="/console/resume" {
                                    (hidden(visitor, ""))
                                    input type="hidden" name="what" value=(word(brake));
                                    button type="submit" { (words::RESUME_SEE) span.visually-hidden { " " (name(brake)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Puts the brake on.
pub(super) async fn pause(
    Operates(visitor): Operates,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let brake = brake_of(&form)?;
    let reason = form.get("reason");
    if reason.is_empty() {
        return Err(Problem::mistake("reason", "why? whoever finds it paused reads it").into());
    }
    pause::pause(&api.ports, &visitor.who(&api), &brake, reason).await?;
    Ok(done("/console/pause", Said::Paused))
}

/// Which removals go on: all but those that are ticked, which are only those that were shown.
fn accepted(form: &Form) -> Result<Accept, Refusal> {
    if form.get("accept") == "none" {
        return Ok(Accept::None);
    }
    let kept: Result<BTreeSet<GrantId>, _> = form.all("keep").map(GrantId::parse).collect();
    let kept = kept.map_err(|error| Problem::mistake("keep", error.to_string()))?;
    Ok(if kept.is_empty() {
        Accept::All
    } else {
        Accept::AllBut(kept)
    })
}

/// Shows what goes on when the brake is let go; confirmed by its plan, it is.
pub(super) async fn resume(
    Operates(visitor): Operates,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let brake = brake_of(&form)?;
    let confirm = Some(form.get("plan")).filter(|plan| !plan.is_empty());
    let (who, accept) = (visitor.who(&api), accepted(&form)?);
    let (plan, wrong) = match pause::resume(&api.ports, &who, &brake, &accept, confirm).await? {
        Resumed::Done(plan) if plan.refused.is_empty() => {
            return Ok(done("/console/pause", Said::Resumed));
        }
        Resumed::Done(_) => return Ok(done("/console/pause", Said::Refused)),
        Resumed::Shown(plan) => (plan, false),
        Resumed::Changed(plan) => (plan, true),
    };
    let names = Names::of(
        &api,
        plan.effects.iter().take(SHOWN).map(|held| &held.person),
    )
    .await?;
    let in_part = brake == Brake::Removals && !plan.effects.is_empty();
    let body = html! {
        @if wrong { (problem(words::PLAN_CHANGED)) }
        form method="post" action="/console/resume" {
            (hidden(&visitor, &once(&api)))
            input type="hidden" name="what" value=(word(&brake));
            input type="hidden" name="plan" value=(plan.hash);
            (goes_on(&plan, &names, in_part))
            p.bar {
                button.primary type="submit" { "Resume " (name(&brake)) }
                @if in_part { button type="submit" name="accept" value="none" { (words::KEEP_ALL) } }
                a.button href="/console/pause" { (words::CANCEL) }
            }
        }
    };
    let page =
        page(words::resumes(&name(&brake), plan.effects.len()), body).respond(Some(&visitor));
    let status = if wrong {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    Ok((status, page).into_response())
}

fn goes_on(plan: &Plan, names: &Names, in_part: bool) -> Markup {
    let line = |held: &Held| {
        let (sign, verb) = if held.less {
            words::LESS
        } else {
            words::goal(held.goal)
        };
        let app = held
            .app
            .as_ref()
            .map_or_else(|| held.step.to_string(), ToString::to_string);
        let who = names.get(&held.person);
        html! {
            li {
                span.sign aria-hidden="true" { (sign) }
                span {
                    a href={ "/console/people/" (held.person) } { (who) } ": " strong { (app) } " " span.muted { (verb) }
                    @if let (true, Some(grant)) = (in_part, &held.grant) {
                        " " label.small { input type="checkbox" name="keep" value=(grant) aria-label={ (words::KEEP) ": " (who) ", " (app) }; " " (words::KEEP) }
                    }
                }
            }
        }
    };
    html! {
        section.card aria-labelledby="plan" {
            h2 #plan { (words::GOES_ON) }
            @if in_part { p.small.muted { (words::KEEP_MEANS) } }
            ul.plan { @for held in plan.effects.iter().take(SHOWN) { (line(held)) } }
            @if plan.effects.is_empty() { p.muted { (words::NOTHING_HELD) } }
            @if size(plan.effects.len()) > size(SHOWN) { p.muted { "The first " (SHOWN) " are shown." } }
        }
    }
}
