//! People by hand: leaving and coming back.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::access::{PlannedEffect, Way, desired, plan};
use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::company::Company;
use crate::event::Event;
use crate::grant::Grant;
use crate::handle::lifecycle::{Leaving, leave_with, person_event, start_with};
use crate::handle::{ledger, load, wake};
use crate::ids::{EventId, PersonId, RunId};
use crate::person::{Attributes, Lifecycle, Person};
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::store::{Key, Loaded};
use crate::workflow::Direction;

use super::identity::is_whole;
use super::{AdminError, Who, deciding, runs, undo};

/// A person who must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn person(ports: &Ports, id: &PersonId) -> Result<Loaded<Person>, AdminError> {
    load::person(ports, id)
        .await?
        .ok_or(AdminError::NotFound("person"))
}

/// What came of an operation on a person.
#[derive(Clone, Debug)]
pub struct Done {
    /// The person as it is now.
    pub person: Loaded<Person>,
    /// The event that was made of it.
    pub event: Option<EventId>,
    /// The runs that it started.
    pub runs: Vec<RunId>,
}

/// When somebody is to leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// Now.
    Now,
    /// At that time; a past one is now.
    Time(Timestamp),
}

/// Lets a person leave, now or at a time. Who has left already has left.
///
/// # Errors
/// `NotFound`; otherwise if the store did not do it.
pub async fn terminate(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    at: At,
    reason: &str,
) -> Result<Done, AdminError> {
    deciding!(terminate_once(ports, who, id, at, reason).await)
}

async fn terminate_once(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    at: At,
    reason: &str,
) -> Result<Done, AdminError> {
    let mut found = person(ports, id).await?;
    is_whole(&found.entity)?;
    if found.entity.state == Lifecycle::Left {
        return done(ports, found, None).await;
    }
    let later = match at {
        At::Time(time) if time > who.at => Some(time),
        _ => None,
    };
    if let Some(time) = later {
        let before = found.entity.leaves_at;
        let before = before.map(|at| json!({ "leaves_at": at }));
        found.entity.leaves_at = Some(time);
        if found.entity.state == Lifecycle::Active {
            found.entity.enter(Lifecycle::Leaving);
        }
        let line = Line::new(
            StreamId::Person(id.clone()),
            "termination set",
            format!("person/{id}"),
        );
        let line = line.personal(before, Some(json!({ "leaves_at": time, "reason": reason })));
        return store(ports, who, found, line).await;
    }
    let leaving = Leaving {
        at: who.at,
        by_hand: true,
        source: "api",
    };
    let mut changes = Changes::new(who.clone());
    let line = Line::new(
        StreamId::Person(id.clone()),
        "termination asked for",
        format!("person/{id}"),
    );
    changes.say(with_reason(line, reason));
    Box::pin(leave_with(ports, found, leaving, changes)).await?;
    let left = person(ports, id).await?;
    let epoch = left.entity.access_epoch.to_string();
    let event = EventId::derived(&["terminated", id.as_str(), &epoch]);
    done(ports, left, Some(event)).await
}

/// A reason is free text: it may name somebody, so it is recorded like everything personal.
pub(super) fn with_reason(line: Line, reason: &str) -> Line {
    line.personal(None, Some(json!({ "reason": reason })))
}

pub(super) async fn say_why(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    action: &str,
    reason: &str,
) -> Result<(), AdminError> {
    let line = Line::new(StreamId::Person(id.clone()), action, format!("person/{id}"));
    let mut changes = Changes::new(who.clone());
    changes.say(with_reason(line, reason));
    Ok(ledger::commit(ports, changes).await?)
}

async fn store(
    ports: &Ports,
    who: &Who,
    found: Loaded<Person>,
    line: Line,
) -> Result<Done, AdminError> {
    let id = found.entity.id.clone();
    let mut changes = Changes::new(who.clone());
    changes.update(&found);
    changes.say(line);
    ledger::commit(ports, changes).await?;
    done(ports, person(ports, &id).await?, None).await
}

pub(super) async fn done(
    ports: &Ports,
    person: Loaded<Person>,
    event: Option<EventId>,
) -> Result<Done, AdminError> {
    let stored = match &event {
        Some(id) => ports.store.find::<Event>(&Key::Event(id.clone())).await?,
        None => None,
    };
    let runs = stored.map(|event| event.entity.runs).unwrap_or_default();
    Ok(Done {
        person,
        event,
        runs,
    })
}

/// What a termination undone would give, or did start.
#[derive(Clone, Debug)]
pub struct Reinstated {
    /// What came of it; with a dry run the person as it stays.
    pub done: Done,
    /// The effects that give everything back that is due now.
    pub plan: Vec<PlannedEffect>,
    /// Nothing was done.
    pub dry_run: bool,
}

/// Undoes a leaving: the person is back, and what is due now is given again.
///
/// # Errors
/// `Refused` if the person has not left and is not leaving.
pub async fn reinstate(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    reason: &str,
    dry_run: bool,
) -> Result<Reinstated, AdminError> {
    let reinstated = deciding!(Box::pin(reinstate_once(ports, who, id, reason, dry_run)).await)?;
    if !dry_run {
        stop_taking(ports, who, &reinstated.done.person.entity).await?;
    }
    Ok(reinstated)
}

async fn reinstate_once(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    reason: &str,
    dry_run: bool,
) -> Result<Reinstated, AdminError> {
    let found = person(ports, id).await?;
    is_whole(&found.entity)?;
    let company = load::company(ports).await?;
    let is_away = matches!(found.entity.state, Lifecycle::Left | Lifecycle::Withdrawn);
    if !is_away && found.entity.leaves_at.is_none() {
        return Err(AdminError::refused(
            "not_left",
            format!(
                "the person is {} and not about to leave",
                found.entity.state.as_str()
            ),
        ));
    }
    let mut back = found.clone();
    back.entity.leaves_at = None;
    let preboarding = found.entity.state == Lifecycle::Preboarding
        || back.entity.starts_at.is_some_and(|starts| starts > who.at);
    back.entity.enter(if preboarding {
        Lifecycle::Preboarding
    } else {
        Lifecycle::Active
    });
    if let (Lifecycle::Left, Some(left)) = (found.entity.state, found.entity.leaves_at) {
        let left_with = found.entity.left_with.clone().unwrap_or_default();
        let kept = undo::kept(ports, &back.entity, left_with, &company, left, who.at).await?;
        (back.entity.kept, back.entity.by_hand) = (kept.kept, kept.by_hand);
    }
    let plan = to_give(ports, &back.entity, &company, who.at).await?;
    if dry_run {
        let done = done(ports, found, None).await?;
        return Ok(Reinstated {
            done,
            plan,
            dry_run,
        });
    }
    let done = if is_away {
        come_back(ports, who, back, &company, reason).await?
    } else {
        let line = Line::new(
            StreamId::Person(id.clone()),
            "termination undone",
            format!("person/{id}"),
        );
        store(ports, who, back, with_reason(line, reason)).await?
    };
    Ok(Reinstated {
        done,
        plan,
        dry_run,
    })
}

async fn come_back(
    ports: &Ports,
    who: &Who,
    back: Loaded<Person>,
    company: &Company,
    reason: &str,
) -> Result<Done, AdminError> {
    let id = back.entity.id.clone();
    let epoch = back.entity.access_epoch.to_string();
    let event = EventId::derived(&["reinstated", id.as_str(), &epoch]);
    let made = person_event(
        event.clone(),
        EventKind::Reinstated,
        "api",
        &back.entity,
        who.at,
    );
    let mut changes = Changes::new(who.clone());
    let line = Line::new(
        StreamId::Person(id.clone()),
        "reinstatement asked for",
        format!("person/{id}"),
    );
    changes.say(with_reason(line, reason));
    start_with(ports, back, made, company, true, changes).await?;
    done(ports, person(ports, &id).await?, Some(event)).await
}

/// Runs that still take away from somebody who is back are ended.
pub(super) async fn stop_taking(
    ports: &Ports,
    who: &Who,
    person: &Person,
) -> Result<(), AdminError> {
    for run in wake::running(ports, &person.id).await? {
        if run.entity.direction == Some(Direction::Revoke) {
            runs::cancel(ports, who, &run.entity.id, "the person was reinstated").await?;
        }
    }
    Ok(())
}

/// The effects that would give a person what is due.
///
/// # Errors
/// If the store cannot be read.
pub async fn to_give(
    ports: &Ports,
    person: &Person,
    company: &Company,
    now: Timestamp,
) -> Result<Vec<PlannedEffect>, AdminError> {
    let grants: Vec<Grant> = load::grants(ports, &person.id)
        .await?
        .into_iter()
        .map(|grant| grant.entity)
        .collect();
    let due = desired(person, company, now);
    Ok(plan(&person.id, &due, &grants, company, Way::Give))
}

/// The first day follows from `start_date`, in the person's zone.
///
/// # Errors
/// `Invalid` if it is no day.
pub fn retime(person: &mut Person, company: &Company, now: Timestamp) -> Result<(), AdminError> {
    let day = match person.text("start_date") {
        Some(text) => Some(text.parse().map_err(|_| {
            AdminError::mistake("attributes.start_date", "a day such as 2027-01-04")
        })?),
        None => None,
    };
    let place = company.mapping.place(person);
    person.starts_on = day;
    person.starts_at = day.and_then(|day| place.moment(day, None));
    let started = person.starts_at.is_some_and(|at| at <= now);
    match person.state {
        Lifecycle::Preboarding if started => person.enter(Lifecycle::Active),
        _ => {}
    }
    Ok(())
}

/// An attribute must be a value that conditions and templates can read.
///
/// # Errors
/// `Invalid` with every one that is not.
pub fn check_attributes(given: &serde_json::Map<String, Value>) -> Result<Attributes, AdminError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let mut mistakes = Vec::new();
    for (name, value) in given {
        let path = format!("attributes.{name}");
        if name.is_empty() || name.len() > 63 || !name.chars().all(fits) {
            let message = "an attribute is named with a-z, 0-9 and `_`";
            mistakes.push(crate::mistake::Mistake::new(path.clone(), message));
        }
        if value.to_string().len() > 4096 {
            let message = "a value has at most 4096 characters";
            mistakes.push(crate::mistake::Mistake::new(path, message));
        }
    }
    if mistakes.is_empty() {
        Ok(given
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect())
    } else {
        Err(AdminError::Invalid(mistakes))
    }
}
