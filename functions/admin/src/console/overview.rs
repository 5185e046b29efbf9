//! The overview: what needs somebody, how near the brake is, who arrives, how it went lately.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::api_key::Scope;
use sando_core::admin::arriving::{self, Arrival, Readiness};
use sando_core::admin::{accounts, files, pause, settings};
use sando_core::company::Company;
use sando_core::run::{Run, RunState};
use sando_core::store::{Entity, Query};

use crate::Api;
use crate::list::gather;

use super::format::{self, Count};
use super::layout::{Nav, Page};
use super::lever;
use super::needs::Needs;
use super::numbers;
use super::parts::{dot, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::{Sees, Visitor};
use super::words;

/// How many who arrive are shown.
const MOST: usize = 8;

/// Shows the overview.
pub(super) async fn show(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let company = files::company(&api.ports).await?;
    let accounts = accounts::all(&api.ports).await?;
    let accounts: Vec<Account> = accounts.into_iter().map(|one| one.entity).collect();
    let needs = Needs::find(&api, &visitor, &company, &accounts, now).await?;
    // One more than is shown tells that there are more.
    let mut arriving = arriving::next(&api.ports, &company, MOST + 1).await?;
    let is_more = arriving.len() > MOST;
    arriving.truncate(MOST);
    let coming = Count {
        found: arriving.len(),
        is_more,
    };
    let first = if arriving.is_empty() && !has_run(&api).await? {
        first_steps(&api, &company, accounts.len()).await?
    } else {
        Vec::new()
    };
    let numbers = numbers::section(&api, &company, &accounts, now).await?;
    let is_ready = |arrival: &&Arrival| arrival.due.iter().all(|one| *one == Readiness::Verified);
    let ready = arriving.iter().filter(is_ready).count();
    let left = first.iter().filter(|(is_done, ..)| !is_done).count();
    let lead = match first.is_empty() {
        true => Some(standing(&api, &visitor, &company, &accounts, now).await?),
        false => None,
    };
    let body = html! {
        @if !first.is_empty() { (checklist(&first)) }
        (needs.section())
        @if !arriving.is_empty() { (arrivals(&arriving)) }
        (numbers)
    };
    let page = Page {
        nav: Nav::Overview,
        title: String::new(),
        above: None,
        verdict: words::overview(needs.counted, coming, ready, left),
        lead,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

/// How near the brake is, and how many rosters are fresh.
async fn standing(
    api: &Api,
    visitor: &Visitor,
    company: &Company,
    accounts: &[Account],
    now: Timestamp,
) -> Result<Markup, Refusal> {
    let removals = pause::removals(&api.ports, now).await?;
    let fresh = accounts.iter().filter(|one| one.is_fresh(now)).count();
    Ok(html! {
        p.facts {
            span { (words::removals(removals, company.settings.removals_per_hour)) }
            @if visitor.may(Scope::Operate) { a href="/console/pause" { (words::PAUSE) "…" } }
            @if !accounts.is_empty() { a href="/console/integrations" { (words::fresh(fresh, accounts.len())) } }
        }
    })
}

/// Did a run end well already?
async fn has_run(api: &Api) -> Result<bool, Refusal> {
    let state = RunState::Finished;
    let query = Query::States {
        kind: Run::KIND,
        states: vec![state.as_str()],
    };
    let keep = |run: &Run| run.state == state && !run.dry_run;
    let found = gather(api, &query, Some(1), None, keep).await?;
    Ok(!found.items.is_empty())
}

fn arrivals(all: &[Arrival]) -> Markup {
    html! {
        section aria-labelledby="arriving" {
            h2 #arriving { (words::ARRIVING) }
            table {
                thead { tr { th scope="col" { "Person" } th scope="col" { "First day" } th scope="col" { "Ready" } } }
                tbody {
                    @for arrival in all {
                        tr {
                            td { a href={ "/console/people/" (arrival.person.id) } { (words::name(&arrival.person)) } }
                            td.nowrap data-label="First day" { @if let Some(on) = arrival.person.starts_on { (format::day(on)) } @else { "not known" } }
                            td data-label="Ready" { (readiness(&arrival.due)) }
                        }
                    }
                }
            }
        }
    }
}

fn readiness(due: &[Readiness]) -> Markup {
    let shape = |one: Readiness| match one {
        Readiness::Verified => (Shape::Verified, "verified"),
        Readiness::Asked => (Shape::Waiting, "waits for a decision"),
        Readiness::Coming => (Shape::Timed, "on its way"),
        Readiness::Failed => (Shape::Failed, "failed"),
        Readiness::Unknown => (Shape::Unknown, "nobody can tell"),
    };
    let verified = due
        .iter()
        .filter(|one| **one == Readiness::Verified)
        .count();
    html! {
        span.dots { @for one in due { @let (shape, word) = shape(*one); (dot(shape, word)) } }
        " " (verified) " of " (due.len())
    }
}

/// The first hour: what is to be done, and whether it is.
async fn first_steps(
    api: &Api,
    company: &Company,
    accounts: usize,
) -> Result<Vec<(bool, &'static str, &'static str)>, Refusal> {
    let shown = settings::shown(&api.ports, api.secrets.as_ref()).await?;
    Ok(vec![
        (
            lever::is_connected(api, &shown).await?,
            "Connect Lever: an API key and its webhooks",
            "/console/settings",
        ),
        (
            !company.apps.is_empty(),
            "Describe the first application",
            "/console/apps",
        ),
        (
            !company.policies.is_empty(),
            "Write the first policy: who is due what",
            "/console/policies",
        ),
        (
            accounts > 0,
            "Connect the first account, to see who uses what",
            "/console/integrations",
        ),
        (false, "See the first person arrive", "/console/people"),
    ])
}

fn checklist(steps: &[(bool, &str, &str)]) -> Markup {
    html! {
        section aria-labelledby="first" {
            h2 #first { (words::FIRST_STEPS) }
            ul.needs {
                @for (is_done, what, to) in steps {
                    li {
                        span { @if *is_done { (tag(Shape::Done, "done")) } @else { (tag(Shape::Ready, "to do")) } }
                        div { (what) }
                        a.button href=(to) { "Open" }
                    }
                }
            }
        }
    }
}
