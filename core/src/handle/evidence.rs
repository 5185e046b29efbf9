//! Evidence: what a roster says of tasks that only a human can do. One that is done there closes; one that was called done
//! and is not is open again (X9).

use serde_json::json;

use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line, Origin};
use crate::drift::Seen;
use crate::grant::Grant;
use crate::job::Evidence;
use crate::person::Person;
use crate::ports::Ports;
use crate::run::Run;
use crate::store::{Entity, Loaded, PageRequest, Query, StoreError};
use crate::task::{Task, TaskKind, TaskState};

use super::rosters::Rosters;
use super::{HandleError, ledger, load, tasks};

/// How many tasks are looked at between two looks at the clock.
const PORTION: usize = 50;

/// Holds the next tasks against the roster; answers true when all were.
///
/// # Errors
/// If the store did not do it.
pub(super) async fn portion(ports: &Ports, evidence: &mut Evidence) -> Result<bool, HandleError> {
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
    Ok(evidence.cursor.is_none())
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
    let since = task.entity.ended_at.unwrap_or(task.entity.created_at);
    let Some(person) = task.entity.person.clone().filter(|_| evidence.from > since) else {
        return Ok(());
    };
    let Some(person) = load::person(ports, &person).await? else {
        return Ok(());
    };
    let run = tasks::run_of(ports, &task.entity).await?;
    let grant = grant_of(ports, &task.entity, &person.entity).await?;
    let shown = shown(ports, evidence, &person.entity, grant.as_ref()).await?;
    let is_so = match asked(&task.entity, run.as_ref(), grant.as_ref()) {
        Some(Asked::Take) => !shown.iter().any(Seen::is_active),
        Some(Asked::Give(plan)) => gives(ports, &shown, plan.as_deref()).await?,
        None => return Ok(()),
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

/// What the task asks for; none if that does not matter any more.
fn asked(task: &Task, run: Option<&Loaded<Run>>, grant: Option<&Grant>) -> Option<Asked> {
    let Some(run) = run else {
        // A leaver's account that nobody here gave: there is no run, and nothing but taking away.
        return task.run.is_none().then_some(Asked::Take);
    };
    let (step, grant) = (run.entity.step(task.step.as_ref()?)?, grant?);
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

/// What the roster shows of the person.
async fn shown(
    ports: &Ports,
    evidence: &Evidence,
    person: &Person,
    grant: Option<&Grant>,
) -> Result<Vec<Seen>, HandleError> {
    let mut rosters = Rosters::of(ports);
    let mut shown = rosters.of_person(person).await?;
    shown.retain(|seen| seen.account == evidence.account);
    if let Some(id) = grant.and_then(|grant| grant.external_id.clone()) {
        let accounts = rosters.accounts().await?;
        let account = accounts
            .iter()
            .find(|account| account.roster == evidence.roster);
        if let Some(account) = account.cloned() {
            shown.extend(rosters.by_id(&account, id.as_str()).await?);
        }
    }
    Ok(shown)
}

/// May the person use the application, on the plan that was asked for?
async fn gives(ports: &Ports, shown: &[Seen], plan: Option<&str>) -> Result<bool, HandleError> {
    let Some(active) = shown.iter().find(|seen| seen.is_active()) else {
        return Ok(false);
    };
    let company = load::company(ports).await?;
    let there = active.plan(company.apps.get(&active.app));
    // A roster that names no known plan proves nothing about it.
    Ok(plan.is_none() || there.is_none() || there.as_deref() == plan)
}
