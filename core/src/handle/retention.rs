//! Deletes what was kept for long enough, once a day and in portions; candidates who never started are erased. What lies
//! in rosters and syncs goes elsewhere: dropped users when the next sync passes them, syncs by their time to live.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::approval::{Approval, ApprovalState};
use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line, Origin};
use crate::erasure::{Erasure, Extent};
use crate::event::{DeliveryState, Event, EventState, StoredDelivery};
use crate::grant::{Grant, GrantState};
use crate::job::{Job, JobState};
use crate::letter::{Letter, LetterState};
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::retention::{Purge, Retention, kept_since};
use crate::run::{Run, RunState};
use crate::store::{Check, Commit, Entity, Key, Loaded, PageRequest, Query, Stored};
use crate::task::{Task, TaskState};

use super::{HandleError, ledger, load};

/// Items that are deleted together.
const PORTION: usize = 70;
/// How long a worker stays at it before it puts down how far it came; well under the lease.
const TURN: SignedDuration = SignedDuration::from_secs(20);

/// Begins, an hour from now; without effect if it has begun.
///
/// # Errors
/// If the store did not do it.
pub async fn begin(ports: &Ports) -> Result<(), HandleError> {
    if ports.store.get(&Key::Purge).await?.is_some() {
        return Ok(());
    }
    let now = ports.clock.now();
    let mut changes = Changes::new(origin(now));
    changes.insert(&Purge::from_now(now));
    ledger::commit_unless_moved(ports, changes).await
}

fn origin(now: Timestamp) -> Origin {
    Origin::sando(Cause::of("schedule", "retention"), "retention", now)
}

/// Goes on with deleting, for one turn.
///
/// # Errors
/// If the store did not do it; it stays due.
pub async fn go_on(ports: &Ports, mut purge: Loaded<Purge>) -> Result<(), HandleError> {
    let retention = load::settings(ports).await?.retention;
    let until = ports.clock.now().saturating_add(TURN);
    let until = until.unwrap_or(Timestamp::MAX);
    let mut is_over = false;
    while !is_over && ports.clock.now() < until {
        is_over = portion(ports, &retention, &mut purge.entity).await?;
    }
    let now = ports.clock.now();
    let mut changes = Changes::new(origin(now));
    purge.entity.next_at = now;
    if is_over {
        let deleted = purge.entity.deleted;
        if deleted > 0 {
            let line = Line::new(
                StreamId::Config,
                "kept for long enough",
                "settings/retention",
            );
            changes.say(line.after(json!({ "deleted": deleted })));
        }
        purge.entity.end(now);
    }
    changes.update(&purge);
    ledger::commit(ports, changes).await
}

/// What is looked through, and for how long it is kept.
struct List {
    kind: &'static str,
    states: Vec<&'static str>,
    days: u32,
}

/// The lists, one after the other: runs come before the tasks and approvals that belong to them.
fn list(number: usize, retention: &Retention) -> Option<List> {
    let events = retention.events_days;
    let runs = retention.runs_days;
    let (kind, states, days) = match number {
        0 => (
            StoredDelivery::KIND,
            [DeliveryState::Done, DeliveryState::NothingToDo]
                .map(DeliveryState::as_str)
                .to_vec(),
            events,
        ),
        1 => (
            Event::KIND,
            EventState::ALL.map(EventState::as_str).to_vec(),
            events,
        ),
        2 => {
            let ended = [RunState::Finished, RunState::Failed, RunState::Cancelled];
            (Run::KIND, ended.map(RunState::as_str).to_vec(), runs)
        }
        3 => {
            let closed = [TaskState::Done, TaskState::Cancelled];
            (Task::KIND, closed.map(TaskState::lists).concat(), runs)
        }
        4 => {
            let ended = ApprovalState::ALL.into_iter();
            let ended = ended.filter(|state| *state != ApprovalState::Waiting);
            let ended = ended.map(ApprovalState::as_str).collect();
            (Approval::KIND, ended, runs)
        }
        5 => {
            let ended = [LetterState::Told, LetterState::Gone, LetterState::Failed];
            let states = ended.map(LetterState::as_str).to_vec();
            (Letter::KIND, states, retention.letters_days)
        }
        6 => {
            let ended = [JobState::Done, JobState::Failed];
            let states = ended.map(JobState::as_str).to_vec();
            (Job::KIND, states, retention.jobs_days)
        }
        7 => {
            let never = [Lifecycle::Candidate, Lifecycle::Withdrawn];
            let states = never.map(Lifecycle::as_str).to_vec();
            (Person::KIND, states, retention.candidates_days)
        }
        _ => return None,
    };
    Some(List { kind, states, days })
}

/// One portion; true when every list was looked through.
async fn portion(
    ports: &Ports,
    retention: &Retention,
    purge: &mut Purge,
) -> Result<bool, HandleError> {
    let Some(list) = list(purge.list, retention) else {
        return Ok(true);
    };
    let moment = kept_since(ports.clock.now(), list.days);
    let query = Query::Before {
        kind: list.kind,
        states: list.states,
        moment,
    };
    let page = PageRequest {
        limit: PORTION,
        cursor: purge.cursor.clone(),
    };
    let answer = ports.store.list(&query, &page).await?;
    let mut deletes = Vec::new();
    for item in answer.items {
        if list.kind == Person::KIND {
            ask_to_erase(ports, item.read()?, retention, moment).await?;
        } else if is_needed_no_more(ports, &item, moment).await? {
            deletes.push(Check {
                key: item.key,
                expect: item.version,
            });
        }
    }
    let count = u64::try_from(deletes.len()).unwrap_or(0);
    let commit = Commit {
        deletes,
        ..Commit::default()
    };
    if count > 0 {
        ports.store.commit(&commit).await?;
    }
    purge.deleted = purge.deleted.saturating_add(count);
    purge.list = purge
        .list
        .saturating_add(usize::from(answer.next.is_none()));
    purge.cursor = answer.next;
    Ok(false)
}

/// What stands in its list by when it began is kept for as long as it was over; tasks and approvals for as long as there
/// is their run, and an approval while a grant rests on it.
async fn is_needed_no_more(
    ports: &Ports,
    item: &Stored,
    moment: Timestamp,
) -> Result<bool, HandleError> {
    let run = match &item.key {
        Key::Run(_) => {
            let run = item.read::<Run>()?.entity;
            let is_old = run.finished_at.is_none_or(|at| at < moment);
            return Ok(is_old && !has_open_task(ports, &run).await?);
        }
        Key::Job(_) => {
            let job: Loaded<Job> = item.read()?;
            return Ok(job.entity.finished_at.is_none_or(|at| at < moment));
        }
        Key::Task(_) => {
            let task = item.read::<Task>()?.entity;
            if task.ended_at.is_some_and(|at| at >= moment) {
                return Ok(false);
            }
            task.run
        }
        Key::Approval(_) => {
            let approval = item.read::<Approval>()?.entity;
            let key = Key::Grant(approval.person, approval.grant);
            let grant = ports.store.find::<Grant>(&key).await?;
            let rests = |grant: &Loaded<Grant>| {
                let is_over = grant.entity.state == GrantState::Revoked;
                grant.entity.approval.as_ref() == Some(&approval.id) && !is_over
            };
            if grant.as_ref().is_some_and(rests) {
                return Ok(false);
            }
            Some(approval.run)
        }
        _ => None,
    };
    match run {
        Some(run) => Ok(ports.store.get(&Key::Run(run)).await?.is_none()),
        None => Ok(true),
    }
}

/// Is somebody still to do something in it? Then it goes on when they have.
async fn has_open_task(ports: &Ports, run: &Run) -> Result<bool, HandleError> {
    for id in run.steps.iter().filter_map(|step| step.task.clone()) {
        let task = ports.store.find::<Task>(&Key::Task(id)).await?;
        if task.is_some_and(|task| task.entity.state == TaskState::Open) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Asks for a candidate to be erased of whom nothing was heard for long; not for people whom another system knows.
async fn ask_to_erase(
    ports: &Ports,
    mut person: Loaded<Person>,
    retention: &Retention,
    moment: Timestamp,
) -> Result<(), HandleError> {
    let entity = &mut person.entity;
    let is_asked = entity.erasure.as_ref();
    let waits = is_asked.is_some_and(|erasure| erasure.look_at.is_some());
    if waits || entity.baselined || entity.identifiers.key.is_some() {
        return Ok(());
    }
    let query = Query::Person {
        person: entity.id.clone(),
        kind: Event::KIND,
    };
    let page = PageRequest {
        limit: 1,
        cursor: None,
    };
    let last = ports.store.list(&query, &page).await?.items;
    if let Some(last) = last.first()
        && last.read::<Event>()?.entity.received_at >= moment
    {
        return Ok(());
    }
    let now = ports.clock.now();
    let origin = origin(now);
    let asked = || Erasure {
        extent: Extent::Everything,
        actor: origin.actor.clone(),
        cause: origin.cause.clone(),
        reason: format!(
            "nothing was heard of the candidate for {} days",
            retention.candidates_days
        ),
        asked_at: now,
        look_at: None,
    };
    entity.erasure.get_or_insert_with(asked).look_at = Some(now);
    let id = entity.id.clone();
    let mut changes = Changes::new(origin);
    changes.update(&person);
    changes.say(Line::new(
        StreamId::Person(id.clone()),
        "erasure asked for",
        format!("person/{id}"),
    ));
    // If somebody is at it, tomorrow is early enough.
    ledger::commit_unless_moved(ports, changes).await
}
