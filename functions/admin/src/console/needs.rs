//! What needs somebody, sorted by what happens if nobody acts: first what stands still, then what happens soonest.

use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::{Account, AccountState};
use sando_core::admin::api_key::Scope;
use sando_core::admin::{approvals, pause};
use sando_core::approval::{Approval, ApprovalState};
use sando_core::company::Company;
use sando_core::settings::{Pause, Paused};
use sando_core::store::{Entity, Loaded, Query};
use sando_core::task::{Task, TaskState};

use crate::Api;
use crate::list::{Listed, gather};

use super::account::place;
use super::format::{Count, when};
use super::lookup::Names;
use super::parts::tag;
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::Visitor;
use super::words;

/// How many decisions and how many tasks are looked at.
const LOOKED_AT: usize = 200;
/// How many of each are shown.
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

/// How soon something happens by itself: moments first, then those who wait longest.
type Soon = (bool, Timestamp);

fn soon(by: Option<Timestamp>, since: Timestamp) -> Soon {
    (by.is_none(), by.unwrap_or(since))
}

/// What of one kind happens soonest, and how much there is.
struct First {
    needs: Vec<(Soon, Need)>,
    counted: Count,
}

/// Those of one kind that happen soonest.
fn first<T>(found: Listed<Loaded<T>>, soon: impl Fn(&T) -> Soon) -> (Vec<T>, Count) {
    let counted = Count {
        found: found.items.len(),
        is_more: found.next_cursor.is_some(),
    };
    let mut all: Vec<T> = found.items.into_iter().map(|item| item.entity).collect();
    all.sort_by_key(soon);
    all.truncate(MOST);
    (all, counted)
}

/// Everything that needs somebody.
pub(super) struct Needs {
    all: Vec<Need>,
    /// How much that is.
    pub(super) counted: Count,
}

impl Needs {
    /// Reads what needs somebody now.
    pub(super) async fn find(
        api: &Api,
        visitor: &Visitor,
        company: &Company,
        accounts: &[Account],
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let paused = pause::now(&api.ports).await?;
        let mut all = braked(&paused, now);
        all.extend(accounts.iter().filter_map(|one| of_account(one, now)));
        let decisions = decisions(api, visitor, company, now).await?;
        let tasks = tasks(api, now).await?;
        let counted = Count {
            found: all.len() + decisions.counted.found + tasks.counted.found,
            is_more: decisions.counted.is_more || tasks.counted.is_more,
        };
        let mut timed = decisions.needs;
        timed.extend(tasks.needs);
        timed.sort_by_key(|(soon, _)| *soon);
        all.extend(timed.into_iter().map(|(_, need)| need));
        Ok(Self { all, counted })
    }

    /// The list; nothing where nothing needs anybody.
    pub(super) fn section(&self) -> Markup {
        let Count { found, is_more } = self.counted;
        html! {
            @if !self.all.is_empty() {
                section aria-labelledby="needs" {
                    h2 #needs { (words::NEEDS_YOU) " " (found) @if is_more { "+" } }
                    ul.needs { @for need in &self.all { (line(need)) } }
                    @if is_more || found > self.all.len() { p.pager { a href="/console/inbox?view=team" { (words::MORE_NEED_YOU) } } }
                }
            }
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
    let one = |what: String, paused: &Paused| Need {
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
    let to = place(account);
    match &account.state {
        AccountState::Disabled { since, failure } => Some(Need {
            shape: Shape::Disabled,
            word: "Disabled",
            what: format!("{what}: {}", failure.class.name()),
            why: html! { (words::NO_NEW_DATA) " " (when(*since, now)) },
            to,
            verb: words::LOOK_AT_IT,
        }),
        _ if account.held.is_some() => Some(Need {
            shape: Shape::Held,
            word: "Held",
            what: format!("{what}: too many users would lose something"),
            why: html! { "the old roster is in use" },
            to: format!("{to}/held"),
            verb: "See names",
        }),
        // Connected, and yet nothing new comes.
        _ if account.fails(now) => Some(Need {
            shape: Shape::Failed,
            word: words::FAILING,
            what: match account.failing() {
                Some(failure) => format!("{what}: {}", failure.class.name()),
                None => words::old_roster(&what),
            },
            why: unread(account, now),
            to,
            verb: words::LOOK_AT_IT,
        }),
        _ => None,
    }
}

/// Since when it was not read, and when it is tried again.
fn unread(account: &Account, now: Timestamp) -> Markup {
    html! {
        @match account.applied_at {
            Some(at) => { (words::NO_NEW_DATA) " " (when(at, now)) }
            None => { (words::NEVER_READ) }
        }
        @if account.syncing.is_none() { "; " (words::TRIED_AGAIN) " " (when(account.next_sync_at, now)) }
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
    let found = gather::<Approval>(api, &query, Some(LOOKED_AT), None, keep).await?;
    let by = |approval: &Approval| soon(approval.expires_at, approval.created_at);
    let (found, counted) = first(found, by);
    let verb = match visitor.may(Scope::Approve) {
        true => "Decide",
        false => words::LOOK_AT_IT,
    };
    let names = Names::of(api, found.iter().map(|approval| &approval.person)).await?;
    let needs = found.into_iter().map(|approval| {
        let app = company.apps.get(&approval.app);
        let app = app.map_or(approval.app.as_str(), |app| app.label());
        let need = Need {
            shape: Shape::Waiting,
            word: "Decide",
            what: format!("{app} for {}", names.get(&approval.person)),
            why: match approval.expires_at {
                Some(at) => html! { "denied by itself " (when(at, now)) },
                None => html! { "asked " (when(approval.created_at, now)) },
            },
            to: format!("/approvals/{}", approval.id),
            verb,
        };
        (by(&approval), need)
    });
    Ok(First {
        needs: needs.collect(),
        counted,
    })
}

async fn tasks(api: &Api, now: Timestamp) -> Result<First, Refusal> {
    let query = Query::States {
        kind: Task::KIND,
        states: vec![TaskState::Open.as_str()],
    };
    let keep = |task: &Task| task.state == TaskState::Open;
    let found = gather::<Task>(api, &query, Some(LOOKED_AT), None, keep).await?;
    let by = |task: &Task| soon(task.due, task.created_at);
    let (found, counted) = first(found, by);
    let needs = found.into_iter().map(|task| {
        let need = Need {
            shape: Shape::Waiting,
            word: "Task",
            what: task.title.clone(),
            why: match task.due {
                Some(due) => html! { "for " (task.owner) ", due " (when(due, now)) },
                None => html! { "for " (task.owner) ", since " (when(task.created_at, now)) },
            },
            to: format!("/console/tasks/{}", task.id),
            verb: "Open",
        };
        (by(&task), need)
    });
    Ok(First {
        needs: needs.collect(),
        counted,
    })
}
