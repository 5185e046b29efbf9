//! What happens in a person's life besides Lever: the first day, the last day, a termination by hand.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line, Origin};
use crate::company::Company;
use crate::event::{Event, EventState, Why};
use crate::ids::{EventId, RosterId, TaskId};
use crate::intake::{Changed, Started, changed, matching, new_run, rule_input};
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::store::Loaded;
use crate::task::{Task, TaskKind, TaskState};
use crate::workflow::Direction;

use super::delivery::write_person;
use super::events::say_event;
use super::{HandleError, erasure, later, ledger, load, residue, tasks, wake};

/// A moment of a person's life has come: the first day, the time to leave, or to be erased.
///
/// # Errors
/// If the store did not do it; the person stays due.
pub async fn moment(ports: &Ports, mut person: Loaded<Person>) -> Result<(), HandleError> {
    let now = ports.clock.now();
    let erasure = person.entity.erasure.as_ref();
    if erasure.is_some_and(|erasure| erasure.is_due(now)) {
        return erasure::erase(ports, person).await.map(drop);
    }
    let leaves = person.entity.leaves_at.filter(|at| *at <= now);
    if let Some(at) = leaves {
        let origin = Origin::sando(
            Cause::of("schedule", "leaving date"),
            &person.entity.id,
            now,
        );
        let leaving = Leaving {
            at,
            // Whom no other system knows somebody here has given the date: a single termination by hand (L31).
            by_hand: person.entity.identifiers.key.is_none(),
            source: "date",
        };
        return leave(ports, person, leaving, origin).await;
    }
    let starts = person.entity.state == Lifecycle::Preboarding
        && person.entity.starts_at.is_some_and(|at| at <= now);
    if starts {
        person.entity.enter(Lifecycle::Active);
    }
    let origin = Origin::sando(Cause::of("schedule", "first day"), &person.entity.id, now);
    let mut changes = Changes::new(origin);
    let stream = StreamId::Person(person.entity.id.clone());
    let id = person.entity.id.clone();
    changes.update(&person);
    if starts {
        changes.say(
            Line::new(stream, "first day has come", format!("person/{id}"))
                .after(json!({ "state": "active" })),
        );
    }
    ledger::commit(ports, changes).await
}

/// How somebody leaves.
#[derive(Clone, Copy, Debug)]
pub struct Leaving {
    /// When.
    pub at: Timestamp,
    /// By hand: exempt from the cap on removals.
    pub by_hand: bool,
    /// `date`, `api`.
    pub source: &'static str,
}

/// The person leaves now: the epoch rises, and what the rules say starts.
///
/// # Errors
/// If the store did not do it.
pub async fn leave(
    ports: &Ports,
    person: Loaded<Person>,
    leaving: Leaving,
    origin: Origin,
) -> Result<(), HandleError> {
    Box::pin(leave_with(ports, person, leaving, Changes::new(origin))).await
}

/// As [`leave`], together with what is to be changed besides.
///
/// # Errors
/// If the store did not do it.
pub async fn leave_with(
    ports: &Ports,
    mut person: Loaded<Person>,
    leaving: Leaving,
    mut changes: Changes,
) -> Result<(), HandleError> {
    let company = load::company(ports).await?;
    person.entity.enter(Lifecycle::Left);
    person.entity.leaves_at = Some(leaving.at);
    let epoch = person.entity.access_epoch.to_string();
    let id = EventId::derived(&["terminated", person.entity.id.as_str(), &epoch]);
    let event = person_event(
        id,
        EventKind::Terminated,
        leaving.source,
        &person.entity,
        changes.origin.at,
    );
    residue::take_along(ports, &person.entity, &company, &mut changes).await?;
    later::ask(ports, &person.entity, &mut changes).await?;
    tasks::end_no_longer_hired(ports, &person.entity.id, &mut changes).await?;
    start_with(ports, person, event, &company, leaving.by_hand, changes).await
}

/// The directory does not show somebody as active any more (L30): where a rule starts a workflow that takes away, they have
/// left; where none does anything, a human has to say.
///
/// # Errors
/// If the store did not do it.
pub(super) async fn vanished(
    ports: &Ports,
    mut person: Loaded<Person>,
    id: EventId,
    origin: Origin,
) -> Result<(), HandleError> {
    let company = load::company(ports).await?;
    let now = origin.at;
    let mut event = person_event(
        id,
        EventKind::UserVanished,
        "directory",
        &person.entity,
        now,
    );
    let input = rule_input(&event, &person.entity, &serde_json::Value::Null);
    let (started, why) = matching(event.kind, &input, &company, now);
    event.why.extend(why);
    let mut changes = Changes::new(origin);
    let takes = |start: &Started| {
        let workflow = company.workflows.get(&start.workflow);
        let takes = workflow.and_then(|workflow| workflow.direction) == Some(Direction::Revoke);
        takes && !start.dry_run
    };
    if started.iter().any(takes) {
        person.entity.enter(Lifecycle::Left);
        person.entity.leaves_at = Some(now);
        residue::take_along(ports, &person.entity, &company, &mut changes).await?;
        later::ask(ports, &person.entity, &mut changes).await?;
        tasks::end_no_longer_hired(ports, &person.entity.id, &mut changes).await?;
    } else if started.is_empty() {
        event.state = EventState::NeedsHuman;
        let why = "nothing was taken: terminate the person by hand, or let a rule for `user.vanished` start `offboard`";
        event.why.push(Why::said(now, why));
        changes.insert_task(&has_left(&event, now));
    }
    start_these(ports, person, event, &company, false, &started, changes).await
}

/// Names that the directory of this roster shows somebody: once for each human.
#[must_use]
pub fn appearance(roster: &RosterId, person: &Person) -> EventId {
    let stay = person.access_epoch.to_string();
    EventId::derived(&["appeared", roster.as_str(), person.id.as_str(), &stay])
}

/// The directory shows somebody who was not known (L30): what the rules start is committed with the person.
pub fn appears(roster: &RosterId, person: &Person, company: &Company, changes: &mut Changes) {
    let id = appearance(roster, person);
    let now = changes.origin.at;
    let mut event = person_event(id, EventKind::UserAppeared, "directory", person, now);
    let input = rule_input(&event, person, &serde_json::Value::Null);
    let (started, why) = matching(event.kind, &input, company, now);
    event.why.extend(why);
    add_runs(&mut event, person, company, false, &started, changes);
    say_event(&event, changes);
    changes.insert(&event);
}

/// The question whether somebody has left whom the directory does not show any more.
fn has_left(event: &Event, now: Timestamp) -> Task {
    Task {
        id: TaskId::derived(&[event.id.as_str(), "judge"]),
        kind: TaskKind::Judge,
        owner: Task::NOBODY.to_owned(),
        title: "The directory does not show somebody as active any more".to_owned(),
        state: TaskState::Open,
        person: event.person.clone(),
        run: None,
        step: None,
        app: None,
        detail: "have they left? Nothing was taken: terminate them by hand, or let a rule for `user.vanished` start `offboard`"
            .to_owned(),
        due: None,
        created_at: now,
        ended_at: None,
        user: None,
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    }
}

/// Does something follow from what somebody changed?
#[must_use]
pub fn is_moved(before: &Person, after: &Person) -> bool {
    !after.baselined
        && after.state.may_receive()
        && before.for_conditions() != after.for_conditions()
}

/// What follows from attributes that somebody changed: the runs that the rules name, or the built-in `change` if
/// something else is due than was. Named after the version that was changed, so that it follows once.
pub fn follow_change(
    before: &Loaded<Person>,
    after: &Person,
    company: &Company,
    changes: &mut Changes,
) {
    if !is_moved(&before.entity, after) {
        return;
    }
    let version = before.version.to_string();
    let id = EventId::derived(&["changed", after.id.as_str(), &version]);
    let now = changes.origin.at;
    let mut event = person_event(id, EventKind::PersonChanged, "api", after, now);
    let document = serde_json::Value::Null;
    let runs = changed(&before.entity, after, &mut event, &document, company, now);
    for mut run in runs {
        run.requested_by = changes.origin.by_somebody();
        changes.insert(&run);
    }
    say_event(&event, changes);
    changes.insert(&event);
}

/// An event of a person that no candidacy is behind.
#[must_use]
pub fn person_event(
    id: EventId,
    kind: EventKind,
    source: &str,
    person: &Person,
    now: Timestamp,
) -> Event {
    Event {
        id,
        kind,
        source: source.to_owned(),
        opportunity: person.opportunity.clone(),
        person: Some(person.id.clone()),
        occurred_at: now,
        received_at: now,
        state: EventState::Done,
        why: vec![Why::said(now, format!("known by {source}"))],
        runs: Vec::new(),
        replays: 0,
        replayed_by: None,
    }
}

/// Commits a person's event with the runs that the rules start because of it.
///
/// # Errors
/// If the store did not do it.
pub async fn start(
    ports: &Ports,
    person: Loaded<Person>,
    event: Event,
    company: &Company,
    by_hand: bool,
    origin: Origin,
) -> Result<(), HandleError> {
    let changes = Changes::new(origin);
    start_with(ports, person, event, company, by_hand, changes).await
}

/// As [`start`], together with what is to be changed besides.
///
/// # Errors
/// If the store did not do it.
pub async fn start_with(
    ports: &Ports,
    person: Loaded<Person>,
    mut event: Event,
    company: &Company,
    by_hand: bool,
    changes: Changes,
) -> Result<(), HandleError> {
    let now = changes.origin.at;
    let input = rule_input(&event, &person.entity, &serde_json::Value::Null);
    let (started, why) = matching(event.kind, &input, company, now);
    event.why.extend(why);
    start_these(ports, person, event, company, by_hand, &started, changes).await
}

/// As [`start_with`], with the built-in workflow whatever rules name the event; the caps on removals hold.
///
/// # Errors
/// If the store did not do it.
pub async fn start_built_in(
    ports: &Ports,
    person: Loaded<Person>,
    event: Event,
    company: &Company,
    changes: Changes,
) -> Result<(), HandleError> {
    let started: Vec<Started> = Started::built_in(event.kind).into_iter().collect();
    start_these(ports, person, event, company, false, &started, changes).await
}

/// Commits a person's event with these workflows.
async fn start_these(
    ports: &Ports,
    person: Loaded<Person>,
    mut event: Event,
    company: &Company,
    by_hand: bool,
    started: &[Started],
    mut changes: Changes,
) -> Result<(), HandleError> {
    let of = &person.entity;
    add_runs(&mut event, of, company, by_hand, started, &mut changes);
    let person_id = person.entity.id.clone();
    write_person(ports, &Changed::Updated(Box::new(person)), &mut changes).await?;
    say_event(&event, &mut changes);
    changes.insert(&event);
    let origin = changes.origin.clone();
    ledger::commit(ports, changes).await?;
    // What still waits for this person, for a human perhaps, is looked at again.
    wake::runs_of(ports, &person_id, &origin).await
}

/// Adds the runs of these workflows to a person's event.
fn add_runs(
    event: &mut Event,
    person: &Person,
    company: &Company,
    by_hand: bool,
    started: &[Started],
    changes: &mut Changes,
) {
    let now = changes.origin.at;
    for start in started {
        let Some(workflow) = company.workflows.get(&start.workflow) else {
            event.why.push(Why::said(
                now,
                format!("the workflow `{}` does not exist", start.workflow),
            ));
            event.state = EventState::NeedsHuman;
            continue;
        };
        let mut run = new_run(workflow, event, person, start.dry_run, now);
        run.by_hand = by_hand;
        run.requested_by = changes.origin.by_somebody();
        event.runs.push(run.id.clone());
        changes.insert(&run);
    }
    if started.is_empty() && event.state == EventState::Done {
        event.state = EventState::Ignored;
    }
}
