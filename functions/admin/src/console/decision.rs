//! One approval: what is asked, why, what it costs; and the decision, bound to the plan that was read. Looking at it
//! decides nothing.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::approvals::{self, Answer};
use sando_core::admin::peers::{self, MOST, Peers};
use sando_core::admin::{files, metrics};
use sando_core::approval::{Approval, ApprovalState, Verdict};
use sando_core::company::Company;
use sando_core::config::ConfigKind;
use sando_core::effect::Goal;
use sando_core::grant::Grant;
use sando_core::handle::load;
use sando_core::ids::{ApprovalId, Slug};
use sando_core::person::Person;
use sando_core::store::{Key, Version};

use crate::Api;
use crate::problem::Problem;

use super::explain::because;
use super::form::Form;
use super::format::{day, exact, price, when};
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{hidden, id as copied, reason, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::{Decides, SeesInbox, Visitor};
use super::words::{self, Said};

/// Shows what is asked.
pub(super) async fn show(
    SeesInbox(visitor): SeesInbox,
    State(api): State<Api>,
    At(id): At<ApprovalId>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let sees_all = visitor.may(Scope::Read);
    let decider = visitor.caller.decider();
    let asked = approvals::asked(&api.ports, &decider, sees_all, now).await?;
    let approval = approvals::approval(&api.ports, &id).await?.entity;
    if !asked.sees(&approval) {
        return Err(Problem::not_found("there is no such approval").into());
    }
    let person = load::person(&api.ports, &approval.person).await?;
    let person = person.map(|person| person.entity);
    let grounds = Box::pin(Grounds::of(&api, &approval, person.as_ref())).await?;
    let company = files::company(&api.ports).await?;
    let name = person
        .as_ref()
        .map_or_else(|| "somebody".to_owned(), words::name);
    let app = company.apps.get(&approval.app);
    let app = app.map_or(approval.app.as_str(), |app| app.label());
    let body = html! {
        div.columns {
            (facts(&visitor, &approval, &grounds, person.as_ref(), &company, now))
            @if approval.waits(now) && visitor.may(Scope::Approve) {
                div { (decide(&api, &visitor, &approval)) (delegate(&api, &visitor, &approval, now)) }
            } @else if approval.state == ApprovalState::Waiting { p.muted { (words::NOT_YOURS) } }
        }
        (decisions(&approval, now))
    };
    let (shape, state) = states::approval(approval.state);
    let page = Page {
        nav: Nav::Inbox,
        title: format!("{app} for {name}"),
        above: Some(html! { a href="/console/inbox" { "Inbox" } }),
        verdict: words::question(&approval, app, &name),
        lead: Some(html! { p.facts { (tag(shape, state)) (copied(approval.id.as_str())) } }),
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

/// What a decision goes by besides what is asked.
struct Grounds {
    /// The policies that say so, with their versions while they are there.
    policies: Vec<(Slug, Option<Version>)>,
    /// The seats of what is asked, as they were counted last.
    seats: Vec<Seats>,
    /// How many of the person's department have it, while it is asked.
    peers: Option<Peers>,
}

/// Seats of a plan.
struct Seats {
    /// How many are taken.
    held: u64,
    /// How many were bought.
    bought: u64,
    /// How many are taken once it is given; none if it is not asked any more, or takes no seat.
    after: Option<u64>,
    /// When they were counted.
    at: Timestamp,
}

impl Grounds {
    async fn of(api: &Api, approval: &Approval, person: Option<&Person>) -> Result<Self, Refusal> {
        let named = approval.effects.iter().flat_map(|effect| &effect.policies);
        let named: BTreeSet<&Slug> = named.collect();
        let mut policies = Vec::with_capacity(named.len());
        for policy in named {
            let stored = files::find(&api.ports, ConfigKind::Policy, policy).await?;
            policies.push((policy.clone(), stored.map(|stored| stored.version)));
        }
        let is_asked = approval.state == ApprovalState::Waiting;
        let peers = match person.filter(|_| is_asked) {
            Some(person) => {
                let mut effects = approval.effects.iter();
                let effect = effects.find(|effect| effect.app == approval.app);
                let plan = effect.and_then(|effect| effect.entitlement.plan.as_deref());
                peers::of(&api.ports, person, &approval.app, plan).await?
            }
            None => None,
        };
        let key = Key::Grant(approval.person.clone(), approval.grant.clone());
        let grant = api.ports.store.find::<Grant>(&key).await?;
        let has = grant.and_then(|grant| grant.entity.held?.plan);
        let counted = metrics::counted(&api.ports).await?;
        let plans = approval.effects.iter().filter_map(|effect| {
            let counted = counted.as_ref()?;
            let plan = effect.entitlement.plan.as_ref()?;
            let by_license = &counted.costs.forecast.by_license;
            let outlook = by_license.get(&effect.app)?.get(plan)?;
            let held = outlook.held?;
            let takes_one = is_asked && effect.goal == Goal::Give && has.as_ref() != Some(plan);
            Some(Seats {
                held,
                bought: outlook.bought?,
                after: takes_one.then(|| held.saturating_add(1)),
                at: counted.at,
            })
        });
        let seats = plans.collect();
        Ok(Self {
            policies,
            seats,
            peers,
        })
    }
}

fn facts(
    visitor: &Visitor,
    approval: &Approval,
    grounds: &Grounds,
    person: Option<&Person>,
    company: &Company,
    now: Timestamp,
) -> Markup {
    let sees_all = visitor.may(Scope::Read);
    // What is found now says why only as long as it is asked.
    let asked = person.filter(|_| approval.state == ApprovalState::Waiting);
    html! {
        section.card aria-labelledby="what" {
            h2 #what { "What is asked" }
            ul.plan { @for effect in &approval.effects { (effect_line(effect, company)) } }
            dl.facts {
                @if let Some(person) = person {
                    dt { "For" }
                    dd {
                        @if sees_all { a href={ "/console/people/" (person.id) } { (words::name(person)) } } @else { (words::name(person)) }
                        @let work = words::work(person);
                        @if !work.is_empty() { div.muted { (work) } }
                        @if let Some(on) = person.starts_on { div.muted { "first day " (day(on)) } }
                    }
                }
                dt { "Because" }
                dd { (because(&grounds.policies, (asked, company), &approval.app, sees_all, now)) }
                dt { "Asked by" }
                dd {
                    @match &approval.requester { Some(who) => { (who) } None => { "nobody by hand" } }
                    @if sees_all { ", " a href={ "/console/runs/" (approval.run) } { "the run" } }
                }
                dt { "Costs" }
                dd {
                    @match &approval.cost { Some(cost) => { (price(cost)) } None => { span.muted { "no price is known" } } }
                    @for seats in &grounds.seats { (seats_line(seats, now)) }
                }
                @if let Some(peers) = &grounds.peers { dt { (words::PEERS) } dd { (peers_line(peers)) } }
                dt { "May decide" }
                dd { (approval.may_decide(now).join(", ")) @if approval.escalated { span.muted { " (others are asked as well since nobody answered)" } } }
                @if approval.state == ApprovalState::Waiting {
                    @if let Some(at) = approval.expires_at { dt { "Else" } dd { "denied by itself " (when(at, now)) } }
                }
                dt { "Plan" } dd { code { (approval.plan_hash.chars().take(12).collect::<String>()) } " of " (exact(approval.created_at)) }
            }
        }
    }
}

fn seats_line(seats: &Seats, now: Timestamp) -> Markup {
    html! {
        div.muted { (words::seats(seats.held, seats.bought)) ", counted " (when(seats.at, now)) }
        @if let Some(after) = seats.after {
            div.warn[after > seats.bought] { (words::seats_after(after, seats.bought)) }
        }
    }
}

fn peers_line(peers: &Peers) -> Markup {
    html! {
        (words::peers(peers.of_department, &peers.department))
        @if let Some(title) = peers.title.as_ref().filter(|_| peers.of_title.all > 0) {
            div.muted { (words::peers_as(peers.of_title, title)) }
        }
        @if peers.left_out > 0 { div.small.muted { (words::peers_left_out(peers.left_out)) } }
        @if peers.is_cut { div.small.muted { (words::peers_cut(MOST)) } }
    }
}

fn effect_line(effect: &sando_core::access::PlannedEffect, company: &Company) -> Markup {
    let (sign, verb) = words::goal(effect.goal);
    let app = company.apps.get(&effect.app);
    let app = app.map_or(effect.app.as_str(), |app| app.label());
    let wanted = &effect.entitlement;
    html! {
        li {
            span.sign aria-hidden="true" { (sign) }
            span {
                strong { (app) } " " span.muted { (verb) }
                @if let Some(plan) = &wanted.plan { ", plan " (plan) }
                @if let Some(role) = &wanted.role { ", role " (role) }
                @for group in &wanted.groups { ", in " (group) }
            }
        }
    }
}

/// The form of the decision. No button is preselected: `Enter` in a field sends nothing.
fn decide(api: &Api, visitor: &Visitor, approval: &Approval) -> Markup {
    html! {
        form.stack method="post" action={ "/approvals/" (approval.id) } aria-labelledby="decide" {
            h2 #decide { (words::DECIDE) }
            (hidden(visitor, &once(api)))
            input type="hidden" name="plan" value=(approval.plan_hash);
            (reason(false))
            p.bar {
                button.primary type="submit" name="decision" value="approve" { (words::APPROVE) }
                button type="submit" name="decision" value="reject" { (words::REJECT) }
            }
        }
    }
}

/// The form that lets somebody else decide.
fn delegate(api: &Api, visitor: &Visitor, approval: &Approval, now: Timestamp) -> Markup {
    let tomorrow = now
        .saturating_add(SignedDuration::from_hours(24))
        .unwrap_or(now);
    html! {
        details {
            summary { (words::DELEGATE) "…" }
            form.stack method="post" action={ "/approvals/" (approval.id) } {
                (hidden(visitor, &once(api)))
                input type="hidden" name="plan" value=(approval.plan_hash);
                div.field {
                    label for="to" { "To whom" }
                    p.hint #to-hint { "An address, role:… or group:…" }
                    input #to type="text" name="to" aria-describedby="to-hint" maxlength="254";
                }
                div.field {
                    label for="until" { "Until (UTC)" }
                    input #until type="datetime-local" name="until" value=(tomorrow.strftime("%Y-%m-%dT%H:%M").to_string());
                }
                button type="submit" name="decision" value="delegate" { (words::DELEGATE) }
            }
        }
    }
}

fn decisions(approval: &Approval, now: Timestamp) -> Markup {
    let word = |verdict: Verdict| match verdict {
        Verdict::Approved => "Approved",
        Verdict::Rejected => "Rejected",
        Verdict::Delegated => "Delegated",
        Verdict::Expired => "Denied by itself",
    };
    html! {
        @if !approval.decisions.is_empty() {
            section aria-labelledby="decided" {
                h2 #decided { "Decided" }
                ul.steps {
                    @for one in &approval.decisions {
                        li {
                            div { strong { (word(one.decision)) } " by " (one.by) " " (when(one.at, now))
                                @if one.forced { " " span.warn { "by an administrator who was not asked" } } }
                            @if !one.reason.is_empty() { p { (one.reason) } }
                        }
                    }
                }
            }
        }
    }
}

/// Decides, if the plan is still the one that was read.
pub(super) async fn submit(
    Decides(visitor): Decides,
    State(api): State<Api>,
    At(id): At<ApprovalId>,
    form: Form,
) -> Result<Response, Refusal> {
    let (answer, said) = asked_for(&form)?;
    let approval = approvals::approval(&api.ports, &id).await?.entity;
    if form.get("plan") != approval.plan_hash {
        let problem = Problem::new(
            http::StatusCode::CONFLICT,
            "plan_changed",
            "it is about another plan than the one that was read",
        );
        return Err(problem.into());
    }
    let (who, decider) = (visitor.who(&api), visitor.caller.decider());
    let reason = form.get("reason");
    approvals::decide(&api.ports, &who, &decider, &id, &answer, reason).await?;
    Ok(done(&format!("/approvals/{id}"), said))
}

fn asked_for(form: &Form) -> Result<(Answer, Said), Problem> {
    match form.get("decision") {
        "approve" => Ok((Answer::Approve, Said::Approved)),
        "reject" => Ok((Answer::Reject, Said::Rejected)),
        "delegate" => {
            let until: Option<DateTime> = form.get("until").parse().ok();
            let until = until.and_then(|until| until.to_zoned(TimeZone::UTC).ok());
            let until = until.ok_or_else(|| Problem::mistake("until", "a day and a time"))?;
            let answer = Answer::Delegate {
                to: form.get("to").to_owned(),
                until: until.timestamp(),
            };
            Ok((answer, Said::Delegated))
        }
        _ => Err(Problem::mistake("decision", "approve, reject or delegate")),
    }
}
