//! Evidence: what a roster says of tasks that only a human can do. One that is done there closes; one that was called done
//! and is not is open again (X9). Then whoever the sync changed something about is looked at for drift.

use jiff::Timestamp;
use serde_json::json;

use crate::account::Account;
use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line, Origin};
use crate::company::Company;
use crate::drift::{Seen, Truth};
use crate::grant::Grant;
use crate::job::Evidence;
use crate::person::Person;
use crate::ports::Ports;
use crate::roster::Entry;
use crate::run::Run;
use crate::store::{Entity, Key, Loaded, PageRequest, Query, StoreError};
use crate::task::{Task, TaskKind, TaskState};

use super::rosters::Rosters;
use super::{HandleError, drifting, ledger, load, tasks};

/// How many tasks are looked at between two looks at the clock.
const PORTION: usize = 50;

/// Holds the next tasks against the roster, or looks at its next users; answers true when that was all.
///
/// # Errors
/// If the store did not do it.
pub(super) async fn portion(ports: &Ports, evidence: &mut Evidence) -> Result<bool, HandleError> {
    if evidence.all_tasks {
        return Box::pin(drifting::changed(ports, evidence)).await;
    }
    let query = Query::States {
        kind: Task::KIND,
        states: Task::UNPROVEN.to_vec(),
    };
    let page = PageRequest {
        limit: PORTION,
        cursor: evidence.cursor.take(),
    };
    let answer = ports.store.list(&query, &page).await?;
    for stored in &answer.items {
        let task: Loaded<Task> = stored.read()?;
        let is_manual = task.entity.kind == TaskKind::Manual;
        if is_manual && task.entity.app.as_ref() == Some(&evidence.app) {
            evidence.tasks = evidence.tasks.saturating_add(1);
            match weigh(ports, evidence, task).await {
                // Somebody has the task or its run in hand: the next roster says it again.
                Err(HandleError::Store(StoreError::Conflict { .. })) => {}
                weighed => weighed?,
            }
        }
    }
    evidence.cursor = answer.next;
    evidence.all_tasks = evidence.cursor.is_none();
    Ok(evidence.all_tasks && evidence.since == 0)
}

/// What a task asks a human for.
enum Asked {
    /// Access, on this plan if one is named.
    Give(Option<String>),
    /// That nothing is left.
    Take,
}

async fn weigh(
    ports: &Ports,
    evidence: &Evidence,
    mut task: Loaded<Task>,
) -> Result<(), HandleError> {
    let Some(person) = task.entity.person.clone() else {
        return Ok(());
    };
    let Some(person) = load::person(ports, &person).await? else {
        return Ok(());
    };
    let judged = match task.entity.run {
        Some(_) => Box::pin(of_step(ports, evidence, &task.entity, &person.entity)).await?,
        None => of_user(ports, evidence, &task.entity).await?,
    };
    let Some(is_so) = judged else {
        return Ok(());
    };
    let cause = Cause::of("sync", evidence.sync);
    let now = ports.clock.now();
    let mut changes = Changes::new(Origin::sando(cause, &task.entity.id, now));
    let account = &evidence.account;
    let action = match (task.entity.state, is_so) {
        (TaskState::Open, false) => return Ok(()),
        (TaskState::Open, true) => {
            tasks::done(ports, &mut task, &mut changes).await?;
            "task closed by a roster"
        }
        (_, true) => {
            task.entity.awaits_roster = false;
            "task confirmed by a roster"
        }
        (_, false) => {
            let why = format!("the roster of {account}, read since, does not show it");
            tasks::undone(ports, &mut task, &why, &mut changes).await?;
            "task opened again by a roster"
        }
    };
    changes.update(&task);
    let stream = StreamId::Person(person.entity.id.clone());
    let line = Line::new(stream, action, format!("task/{}", task.entity.id));
    changes.say(line.after(json!({ "account": account, "sync": evidence.sync })));
    ledger::commit(ports, changes).await
}

/// What was done before this need not show in a roster.
fn since(task: &Task) -> Timestamp {
    task.ended_at.unwrap_or(task.created_at)
}

/// Is the one user gone whom a task without a run names? Only their own roster can say.
async fn of_user(
    ports: &Ports,
    evidence: &Evidence,
    task: &Task,
) -> Result<Option<bool>, HandleError> {
    let Some((roster, id)) = task.user.clone() else {
        return Ok(None);
    };
    if roster != evidence.roster || evidence.from <= since(task) {
        return Ok(None);
    }
    let mut rosters = Rosters::of(ports);
    let mut accounts = rosters.accounts().await?.iter();
    let Some(account) = accounts.find(|account| account.roster == roster) else {
        return Ok(None);
    };
    let entry = ports.store.find::<Entry>(&Key::Entry(roster, id)).await?;
    let face = entry
        .as_ref()
        .and_then(|entry| entry.entity.visible(account.applied));
    Ok(face.map(|face| face.deleted || !face.user.active))
}

/// Is it so what the step of a run asks for, in every roster that is the truth of the application? None while one of them
/// was not read since.
async fn of_step(
    ports: &Ports,
    evidence: &Evidence,
    task: &Task,
    person: &Person,
) -> Result<Option<bool>, HandleError> {
    let run = tasks::run_of(ports, task).await?;
    let grant = grant_of(ports, task, person).await?;
    let Some(asked) = asked(task, run.as_ref(), grant.as_ref()) else {
        return Ok(None);
    };
    let company = load::company(ports).await?;
    let mut rosters = Rosters::with_deleted(ports);
    let accounts = rosters.accounts().await?.to_vec();
    let truths: Vec<(&Account, Truth)> = accounts
        .iter()
        .filter(|account| account.app == evidence.app)
        .filter_map(|account| Some((account, Truth::of(account, &company)?)))
        .collect();
    let is_one = |(account, _): &(&Account, Truth)| account.roster == evidence.roster;
    let is_old = |(_, truth): &(&Account, Truth)| truth.from <= since(task);
    if !truths.iter().any(is_one) || truths.iter().any(is_old) {
        return Ok(None);
    }
    let shown = shown(&mut rosters, &truths, person, grant.as_ref()).await?;
    Ok(match asked {
        Asked::Give(plan) => Some(gives(&shown, plan.as_deref(), &company)),
        Asked::Take if shown.iter().any(Seen::is_active) => Some(false),
        // Who was never seen may be there under an address that nobody here knows.
        Asked::Take if shown.is_empty() && task.state == TaskState::Open => None,
        Asked::Take => Some(true),
    })
}

/// The grant that a task is about, unless the person has come or gone since.
async fn grant_of(
    ports: &Ports,
    task: &Task,
    person: &Person,
) -> Result<Option<Grant>, HandleError> {
    let grants = load::grants(ports, &person.id).await?;
    let mut grants = grants.into_iter().map(|grant| grant.entity);
    Ok(grants.find(|grant| Some(&grant.app) == task.app.as_ref()))
}

/// What the step asks for; none if that does not matter any more.
fn asked(task: &Task, run: Option<&Loaded<Run>>, grant: Option<&Grant>) -> Option<Asked> {
    let (step, grant) = (run?.entity.step(task.step.as_ref()?)?, grant?);
    let is_active = grant.state == crate::grant::GrantState::Active;
    let is_over = task.state == TaskState::Done && is_active != step.is_giving();
    if is_over || step.grant() != Some(&grant.id) {
        return None;
    }
    Some(match step.is_giving() {
        true => Asked::Give(grant.wanted.plan.clone()),
        false => Asked::Take,
    })
}

/// What these rosters show, or showed, of the person; whoever was merged away keeps the addresses that they had.
async fn shown(
    rosters: &mut Rosters<'_>,
    truths: &[(&Account, Truth)],
    person: &Person,
    grant: Option<&Grant>,
) -> Result<Vec<Seen>, HandleError> {
    let mut whole = person.clone();
    if let Some(merged) = &person.merged {
        let mut had = merged.identifiers.clone();
        // Who was linked to them went along to whoever they are now.
        had.users.clear();
        whole.identifiers.add(&had);
    }
    let mut shown = rosters.of_person(&whole).await?;
    shown.retain(|seen| {
        truths
            .iter()
            .any(|(_, truth)| truth.account == seen.account)
    });
    if let Some(id) = grant.and_then(|grant| grant.external_id.as_ref()) {
        for (account, _) in truths {
            shown.extend(rosters.by_id(account, id.as_str()).await?);
        }
    }
    Ok(shown)
}

/// May the person use the application, on the plan that was asked for?
fn gives(shown: &[Seen], plan: Option<&str>, company: &Company) -> bool {
    let Some(active) = shown.iter().find(|seen| seen.is_active()) else {
        return false;
    };
    let there = active.plan(company.apps.get(&active.app));
    // A roster that names no known plan proves nothing about it.
    plan.is_none() || there.is_none() || there.as_deref() == plan
}
