//! What somebody is due and has, side by side: `+` due, `=` as it should be, `~` being changed, `−` to be taken away,
//! `?` nobody can tell.

use std::collections::BTreeSet;

use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::access::Due;
use sando_core::admin::access::Access;
use sando_core::admin::api_key::Scope;
use sando_core::approval::Approval;
use sando_core::grant::{Entitlement, Grant, GrantState};
use sando_core::ids::{AppSlug, Slug};
use sando_core::store::Key;

use crate::Api;

use super::format::when;
use super::parts::{empty, tag};
use super::refusal::Refusal;
use super::states::{self, Shape};
use super::visitor::Visitor;
use super::words;

/// One application as it concerns a person.
struct Holding<'a> {
    app: &'a AppSlug,
    sign: &'static str,
    tone: &'static str,
    entitlement: Option<&'a Entitlement>,
    shape: Shape,
    state: &'static str,
    due: Option<Timestamp>,
    policies: &'a [Slug],
    grant: Option<&'a Grant>,
}

/// The applications for which somebody still has to decide.
pub(super) async fn asked(api: &Api, access: &Access) -> Result<BTreeSet<AppSlug>, Refusal> {
    let mut asked = BTreeSet::new();
    let now = api.ports.clock.now();
    for grant in &access.actual {
        let open = grant.approval.as_ref();
        let Some(id) = open.filter(|_| grant.state != GrantState::Active) else {
            continue;
        };
        let found = api
            .ports
            .store
            .find::<Approval>(&Key::Approval(id.clone()))
            .await?;
        if found.is_some_and(|found| found.entity.waits(now)) {
            asked.insert(grant.app.clone());
        }
    }
    Ok(asked)
}

fn all<'a>(
    access: &'a Access,
    asked: &BTreeSet<AppSlug>,
    now: Timestamp,
) -> impl Iterator<Item = Holding<'a>> {
    let due = access.desired.due.values();
    let due: Vec<Holding<'_>> = due.map(|due| of_due(access, due, asked, now)).collect();
    let other = access
        .actual
        .iter()
        .filter(|grant| grant.state != GrantState::Revoked && !access.desired.may_have(&grant.app));
    let unknown = access.desired.unknown.iter();
    let unknown = unknown.filter(|app| !access.desired.due.contains_key(*app));
    due.into_iter()
        .chain(other.map(of_other))
        .chain(unknown.map(|app| of_unknown(access, app)))
}

fn grant_of<'a>(access: &'a Access, app: &AppSlug) -> Option<&'a Grant> {
    access.actual.iter().find(|grant| grant.app == *app)
}

fn of_due<'a>(
    access: &'a Access,
    due: &'a Due,
    asked: &BTreeSet<AppSlug>,
    now: Timestamp,
) -> Holding<'a> {
    let grant = grant_of(access, &due.app);
    let moment = access.due_at(&due.app, now).filter(|at| *at > now);
    let is_as_wanted = grant.is_some_and(|grant| grant.held.as_ref() == Some(&due.entitlement));
    let is_found = grant.is_some_and(Grant::is_found);
    let (sign, tone, (shape, state)) = match grant.map(|grant| (grant.state, grant)) {
        Some((GrantState::Active, grant)) if is_as_wanted && due.policies.is_empty() => {
            let (shape, _) = stands(grant);
            ("=", "ok", (shape, "kept by hand"))
        }
        Some((GrantState::Active, grant)) if is_as_wanted => ("=", "ok", stands(grant)),
        Some((GrantState::Active, grant)) if is_found => ("~", "warn", stands(grant)),
        Some((GrantState::Failed, grant)) => ("+", "bad", stands(grant)),
        Some((GrantState::Active, _)) => ("~", "warn", (Shape::Running, "being changed")),
        _ if asked.contains(&due.app) => ("+", "warn", (Shape::Waiting, "waits for a decision")),
        _ if moment.is_some() => ("+", "idle", (Shape::Timed, "waits for its time")),
        Some((_, grant)) => ("+", "info", stands(grant)),
        None => ("+", "idle", (Shape::Ready, "not given yet")),
    };
    Holding {
        app: &due.app,
        sign,
        tone,
        entitlement: Some(&due.entitlement),
        shape,
        state,
        due: moment,
        policies: &due.policies,
        grant,
    }
}

/// How it stands; what a roster shows and nobody here gave is said to be found.
fn stands(grant: &Grant) -> (Shape, &'static str) {
    match states::grant(grant.state) {
        (shape, _) if grant.state == GrantState::Active && grant.is_found() => {
            (shape, words::HELD_FOUND)
        }
        known => known,
    }
}

fn of_other(grant: &Grant) -> Holding<'_> {
    let (shape, state) = stands(grant);
    Holding {
        app: &grant.app,
        sign: "−",
        tone: "bad",
        entitlement: grant.held.as_ref(),
        shape,
        state,
        due: None,
        policies: &[],
        grant: Some(grant),
    }
}

fn of_unknown<'a>(access: &'a Access, app: &'a AppSlug) -> Holding<'a> {
    Holding {
        app,
        sign: "?",
        tone: "held",
        entitlement: None,
        shape: Shape::Unknown,
        state: "nobody can tell",
        due: None,
        policies: &[],
        grant: grant_of(access, app),
    }
}

fn label<'a>(access: &'a Access, app: &'a AppSlug) -> &'a str {
    access
        .company
        .apps
        .get(app)
        .map_or(app.as_str(), |app| app.label())
}

fn what(entitlement: Option<&Entitlement>) -> String {
    let Some(entitlement) = entitlement else {
        return String::new();
    };
    let mut parts = Vec::new();
    parts.extend(entitlement.plan.clone());
    parts.extend(entitlement.role.clone());
    parts.extend(entitlement.groups.iter().map(|group| format!("in {group}")));
    parts.join(", ")
}

/// Where a roster contradicts what was given here.
fn drift(visitor: &Visitor, access: &Access, now: Timestamp) -> Markup {
    let place = format!("/console/people/{}/drift", access.person.id);
    html! {
        @for one in &access.drift {
            li {
                span class="sign d-warn" aria-hidden="true" { "≠" }
                div {
                    strong { (label(access, &one.app)) } " "
                    span.muted { "drift: " (one.why) }
                    p.small.muted { (one.account) ", read " (when(one.seen_at, now)) }
                    @if visitor.may(Scope::Operate) {
                        p.small { a href={ (place) "?app=" (one.app) } { (words::CORRECT_DRIFT) } }
                    }
                }
            }
        }
    }
}

/// The short list beside the timeline.
pub(super) fn list(
    visitor: &Visitor,
    access: &Access,
    asked: &BTreeSet<AppSlug>,
    now: Timestamp,
) -> Markup {
    let all: Vec<Holding<'_>> = all(access, asked, now).collect();
    html! {
        @if all.is_empty() && access.drift.is_empty() { (empty(words::NO_ACCESS)) }
        ul.plan {
            (drift(visitor, access, now))
            @for one in &all {
                li {
                    span class={ "sign d-" (one.tone) } aria-hidden="true" { (one.sign) }
                    div {
                        strong { (label(access, one.app)) } " " span.muted { (what(one.entitlement)) }
                        div.bar {
                            (tag(one.shape, one.state))
                            @if let Some(due) = one.due { span.small.muted { (when(due, now)) } }
                            @for policy in one.policies {
                                a.small href={ "/console/policies/" (policy) } { (policy) }
                            }
                            @if let Some(approval) = one.grant.and_then(|grant| grant.approval.as_ref()) {
                                a.small href={ "/approvals/" (approval) } { "decision" }
                            }
                        }
                        @if let Some(reason) = one.grant.and_then(|grant| grant.reason.as_deref()) {
                            p.small.muted { (reason) }
                        }
                    }
                }
            }
        }
    }
}

/// The whole table.
pub(super) fn table(
    visitor: &Visitor,
    access: &Access,
    asked: &BTreeSet<AppSlug>,
    now: Timestamp,
) -> Markup {
    let all: Vec<Holding<'_>> = all(access, asked, now).collect();
    html! {
        @if !access.drift.is_empty() { ul.plan { (drift(visitor, access, now)) } }
        @if all.is_empty() { (empty(words::NO_ACCESS)) } @else {
            table {
                thead { tr {
                    th scope="col" { "Application" } th scope="col" { "State" } th scope="col" { "What" }
                    th scope="col" { "Their id" } th scope="col" { "Policies" } th scope="col" { "Last moved" }
                } }
                tbody {
                    @for one in &all {
                        tr {
                            td { span class={ "sign d-" (one.tone) } aria-hidden="true" { (one.sign) } " " strong { (label(access, one.app)) } }
                            td data-label="State" { (tag(one.shape, one.state)) @if let Some(due) = one.due { " " (when(due, now)) } }
                            td data-label="What" { (what(one.entitlement)) }
                            td data-label="Their id" {
                                @if let Some(external) = one.grant.and_then(|grant| grant.external_id.as_ref()) { code { (external) } }
                            }
                            td data-label="Policies" { @for policy in one.policies { a href={ "/console/policies/" (policy) } { (policy) } " " } }
                            td data-label="Last moved" { @if let Some(grant) = one.grant { (when(grant.changed_at, now)) } }
                        }
                    }
                }
            }
        }
    }
}
