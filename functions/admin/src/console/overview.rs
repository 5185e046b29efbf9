//! The overview: what needs somebody, sorted by what happens if nobody acts; who arrives; how it went lately.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::{Account, AccountState};
use sando_core::admin::arriving::{self, Arrival, Readiness};
use sando_core::admin::{accounts, approvals, files, pause, settings};
use sando_core::approval::{Approval, ApprovalState};
use sando_core::company::Company;
use sando_core::run::{Run, RunState};
use sando_core::settings::Pause;
use sando_core::store::{Entity, Query};
use sando_core::task::{Task, TaskState};

use crate::Api;
use crate::list::gather;

use super::format::{self, Count, when};
use super::layout::{Nav, Page};
use super::lookup::Names;
use super::numbers;
use super::parts::{dot, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::{Sees, Visitor};
use super::words;

/// How many of each kind are shown.
const MOST: usize = 8;

/// One thing that needs somebody.
struct Need {
    shape: Shape,
    word: &'static str,
    what: String,
    why: Markup,
    to: String,
    verb: &'static str,
}

/// The first things of one kind, and whether there are more.
struct First {
    needs: Vec<Need>,
    is_more: bool,
}

/// Shows the overview.
pub(super) async fn show(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let company = files::company(&api.ports).await?;
    let accounts = accounts::all(&api.ports).await?;
    let paused = pause::now(&api.ports).await?;
    let mut needs = braked(&paused, now);
    for account in &accounts {
        needs.extend(of_account(&account.entity, now));
    }
    let decisions = decisions(&api, &visitor, &company, now).await?;
    let tasks = tasks(&api, now).await?;
    needs.extend(decisions.needs);
    needs.extend(tasks.needs);
    let counted = Count {
        found: needs.len(),
        is_more: decisions.is_more || tasks.is_more,
    };
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
    let plain: Vec<Account> = accounts.iter().map(|one| one.entity.clone()).collect();
    let numbers = numbers::section(&api, &company, &plain, now).await?;
    let is_ready = |arrival: &&Arrival| arrival.due.iter().all(|one| *one == Readiness::Verified);
    let ready = arriving.iter().filter(is_ready).count();
    let left = first.iter().filter(|(is_done, ..)| !is_done).count();
    let body = html! {
        @if !first.is_empty() { (checklist(&first)) }
        @if !needs.is_empty() { (all(&needs, counted)) }
        @if !arriving.is_empty() { (arrivals(&arriving)) }
        (numbers)
    };
    let page = Page {
        nav: Nav::Overview,
        title: String::new(),
        above: None,
        verdict: words::overview(counted, coming, ready, left),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn all(needs: &[Need], counted: Count) -> Markup {
    html! {
        section aria-labelledby="needs" {
            h2 #needs { (words::NEEDS_YOU) " " (needs.len()) @if counted.is_more { "+" } }
            ul.needs { @for need in needs { (line(need)) } }
            @if counted.is_more { p.pager { a href="/console/inbox?view=team" { (words::MORE_NEED_YOU) } } }
        }
    }
}

fn line(need: &Need) -> Markup {
    html! {
        li {
            span { (tag(need.shape, need.word)) }
            div { strong { (need.what) } div.why { (need.why) } }
            a.button href=(need.to) { (need.verb) }
        }
    }
}

fn braked(pause: &Pause, now: Timestamp) -> Vec<Need> {
    let one = |what: String, paused: &sando_core::settings::Paused| Need {
        shape: Shape::Held,
        word: "Paused",
        what,
        why: html! { (paused.reason) " " (when(paused.since, now)) },
        to: "/console/pause".to_owned(),
        verb: "See what waits",
    };
    let all = pause
        .all
        .iter()
        .map(|paused| one("Everything is paused".to_owned(), paused));
    let removals = pause
        .removals
        .iter()
        .map(|paused| one("Removals are paused".to_owned(), paused));
    let apps = pause.apps.iter();
    let apps = apps.map(|(app, paused)| one(format!("{app} is paused"), paused));
    all.chain(removals).chain(apps).collect()
}

fn of_account(account: &Account, now: Timestamp) -> Option<Need> {
    let what = format!("{} / {}", account.definition, account.shown_name());
    let to = format!("/console/accounts/{}/{}", account.definition, account.name);
    match &account.state {
        AccountState::Disabled { since, failure } => Some(Need {
            shape: Shape::Disabled,
            word: "Disabled",
            what: format!("{what}: {}", failure.class.name()),
            why: html! { "no new data since " (when(*since, now)) },
            to,
            verb: "Look at it",
        }),
        _ if account.held.is_some() => Some(Need {
            shape: Shape::Held,
            word: "Held",
            what: format!("{what}: too many users would lose something"),
            why: html! { "the old roster is in use" },
            to: format!("{to}/held"),
            verb: "See names",
        }),
        _ => None,
    }
}

async fn decisions(
    api: &Api,
    visitor: &Visitor,
    company: &Company,
    now: Timestamp,
) -> Result<First, Refusal> {
    let query = Query::States {
        kind: Approval::KIND,
        states: vec![ApprovalState::Waiting.as_str()],
    };
    let asked = approvals::asked(&api.ports, &visitor.caller.decider(), true, now).await?;
    let keep = |approval: &Approval| approval.waits(now) && asked.sees(approval);
    let found = gather::<Approval>(api, &query, Some(MOST), None, keep).await?;
    let is_more = found.next_cursor.is_some();
    let names = Names::of(api, found.items.iter().map(|item| &item.entity.person)).await?;
    let needs = found.items.into_iter().map(|item| {
        let approval = item.entity;
        let app = company.apps.get(&approval.app);
        let app = app.map_or(approval.app.as_str(), |app| app.label());
        Need {
            shape: Shape::Waiting,
            word: "Decide",
            what: format!("{app} for {}", names.get(&approval.person)),
            why: match approval.expires_at {
                Some(at) => html! { "denied by itself " (when(at, now)) },
                None => html! { "asked " (when(approval.created_at, now)) },
            },
            to: format!("/approvals/{}", approval.id),
            verb: "Decide",
        }
    });
    Ok(First {
        needs: needs.collect(),
        is_more,
    })
}

async fn tasks(api: &Api, now: Timestamp) -> Result<First, Refusal> {
    let query = Query::States {
        kind: Task::KIND,
        states: vec![TaskState::Open.as_str()],
    };
    let keep = |task: &Task| task.state == TaskState::Open;
    let found = gather::<Task>(api, &query, Some(MOST), None, keep).await?;
    let is_more = found.next_cursor.is_some();
    let needs = found.items.into_iter().map(|item| {
        let task = item.entity;
        Need {
            shape: Shape::Waiting,
            word: "Task",
            what: task.title.clone(),
            why: match task.due {
                Some(due) => html! { "for " (task.owner) ", due " (when(due, now)) },
                None => html! { "for " (task.owner) ", since " (when(task.created_at, now)) },
            },
            to: format!("/console/tasks/{}", task.id),
            verb: "Open",
        }
    });
    Ok(First {
        needs: needs.collect(),
        is_more,
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
    let lever = settings::shown(&api.ports, api.secrets.as_ref()).await?;
    Ok(vec![
        (
            lever.api_key.count > 0,
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
