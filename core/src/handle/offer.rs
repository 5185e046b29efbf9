//! Lever read again until the first day: what an offer says then counts, and what waits for it moves with it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line, Origin};
use crate::claim::Claim;
use crate::event::KnownCandidacy;
use crate::ids::{LeverId, PersonId, TaskId};
use crate::intake::{Changed, next_look};
use crate::lever::Candidacy;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::store::{Entity, Key, Loaded};
use crate::task::{Task, TaskKind, TaskState};

use super::candidate::taken_address;
use super::delivery::{Outcome, Scene, take_in, write_person};
use super::events::say_event;
use super::{HandleError, ledger, load, tasks, wake};

/// When Lever is asked again while it does not answer.
const DOWN: SignedDuration = SignedDuration::from_mins(15);

/// A candidacy of somebody who has not started is due to be read again.
///
/// # Errors
/// If the store did not do it; it stays due.
pub async fn look_again(ports: &Ports, claimed: Loaded<KnownCandidacy>) -> Result<(), HandleError> {
    let opportunity = claimed.entity.opportunity.clone();
    let outcome = take_in(ports, &opportunity, "", "re-reading").await?;
    let key = claimed.entity.key();
    let Some(mut known) = ports.store.find::<KnownCandidacy>(&key).await? else {
        return Ok(());
    };
    let person = match &known.entity.person {
        Some(person) => load::surviving(ports, person).await?,
        None => None,
    };
    let now = ports.clock.now();
    let person = person.as_ref().map(|person| &person.entity);
    let next = next_look(person, &known.entity, now);
    known.entity.look_at = match &outcome {
        Outcome::Down(error) => {
            tracing::warn!(%error, "an offer could not be read again");
            next.map(|next| next.min(now.saturating_add(DOWN).unwrap_or(next)))
        }
        _ => next,
    };
    let origin = Origin::sando(Cause::of("schedule", "re-reading"), &opportunity, now);
    let mut changes = Changes::new(origin);
    changes.update(&known);
    match outcome {
        Outcome::Hidden(why) => {
            ask_to_look(ports, &opportunity, why, now, &mut changes).await?;
        }
        Outcome::Facts(_) => nobody_has_to_look(ports, &opportunity, &mut changes).await?,
        _ => {}
    }
    ledger::commit(ports, changes).await
}

/// A candidacy is due to be read again at once.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn soon(
    ports: &Ports,
    opportunity: &LeverId,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let key = Key::Candidacy(opportunity.clone());
    if let Some(mut known) = ports.store.find::<KnownCandidacy>(&key).await? {
        known.entity.look_at = Some(changes.origin.at);
        changes.update(&known);
    }
    Ok(())
}

/// Takes in what the candidacy says now of somebody who has not started, besides the facts.
pub(super) async fn renew(ports: &Ports, scene: &Scene) -> Result<(), HandleError> {
    let (Some(candidacy), Some(id)) = (scene.candidacy(), &scene.known.person) else {
        return Ok(());
    };
    let Some(person) = load::surviving(ports, id).await? else {
        return Ok(());
    };
    let id = &person.entity.id.clone();
    let now = ports.clock.now();
    let taken = taken(ports, scene, candidacy, &person.entity).await?;
    let (known, company, source) = (&scene.known, &scene.company, &scene.source);
    let renewed = crate::intake::renew(&person, candidacy, known, company, &taken, source, now);
    let Some(renewed) = renewed else {
        return Ok(());
    };
    let Some(first) = renewed.events.first() else {
        return Ok(());
    };
    let origin = Origin::sando(Cause::of("event", &first.id), &first.id, now);
    let mut changes = Changes::new(origin.clone());
    match &scene.stored {
        Some(stored) => changes.update(&Loaded {
            entity: renewed.known.clone(),
            ..stored.clone()
        }),
        None => changes.insert(&renewed.known),
    }
    for event in &renewed.events {
        changes.insert(event);
        say_event(event, &mut changes);
    }
    for run in &renewed.runs {
        changes.insert(run);
    }
    let line = Line::new(
        StreamId::Person(id.clone()),
        "what the offer says changed before the first day",
        format!("person/{id}"),
    );
    let shown = |day: Option<jiff::civil::Date>| json!({ "starts_on": day });
    let (was, is) = (person.entity.starts_on, renewed.person.entity.starts_on);
    changes.say(
        line.personal(Some(shown(was)), Some(shown(is)))
            .result(renewed.changed.into_iter().collect::<Vec<_>>().join(", ")),
    );
    let changed = Changed::Updated(Box::new(renewed.person));
    write_person(ports, &changed, &mut changes).await?;
    ledger::commit(ports, changes).await?;
    // What waits for the person moves with them.
    wake::runs_of(ports, id, &origin).await
}

/// The claim on the work address that Lever tells, if somebody else has it: where it would count, a human is asked once.
async fn taken(
    ports: &Ports,
    scene: &Scene,
    candidacy: &Candidacy,
    person: &Person,
) -> Result<BTreeSet<Claim>, HandleError> {
    let company = &scene.company;
    let Some(address) = taken_address(ports, company, candidacy, Some(person)).await? else {
        return Ok(BTreeSet::new());
    };
    let waits = person.state == Lifecycle::Preboarding || person.text("work_email").is_none();
    let counts = waits && person.corrected.get("work_email").is_none();
    if scene.known.hired.is_some() && person.state.may_receive() && counts {
        let opportunity = &scene.known.opportunity;
        let id = TaskId::derived(&["address", opportunity.as_str(), address.as_str()]);
        let now = ports.clock.now();
        let origin = Origin::sando(Cause::of("schedule", "re-reading"), opportunity, now);
        let mut changes = Changes::new(origin);
        let task = another_address(id, &person.id, opportunity, now);
        if ports.store.get(&task.key()).await?.is_none() {
            let target = format!("person/{}", person.id);
            let stream = StreamId::Person(person.id.clone());
            changes.say(Line::new(stream, "a human has to look", target));
            changes.insert_task(&task);
            ledger::commit(ports, changes).await?;
        }
    }
    Ok([Claim::address(&address)].into())
}

fn another_address(id: TaskId, person: &PersonId, opportunity: &LeverId, now: Timestamp) -> Task {
    Task {
        id,
        kind: TaskKind::Judge,
        owner: Task::NOBODY.to_owned(),
        title: "A work address that Lever tells is somebody else's".to_owned(),
        state: TaskState::Open,
        person: Some(person.clone()),
        run: None,
        step: None,
        app: None,
        detail: format!(
            "it is left out: correct `work_email` on the person, or where Lever has it (opportunity {opportunity})"
        ),
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

/// A candidacy can be read: nobody has to look at it any more.
pub(super) async fn nobody_has_to_look(
    ports: &Ports,
    opportunity: &LeverId,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let id = TaskId::derived(&["hidden", opportunity.as_str()]);
    let stored = ports.store.find::<Task>(&Key::Task(id)).await?;
    if let Some(mut task) = stored.filter(|task| task.entity.state == TaskState::Open) {
        task.entity.end(TaskState::Cancelled, changes.origin.at);
        changes.update(&task);
        changes.say(tasks::ended(&task.entity));
    }
    Ok(())
}

/// Asks a human to look at a candidacy that cannot be read; once, as long as that is so.
pub(super) async fn ask_to_look(
    ports: &Ports,
    opportunity: &LeverId,
    why: &str,
    now: Timestamp,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let id = TaskId::derived(&["hidden", opportunity.as_str()]);
    let target = format!("opportunity/{opportunity}");
    let line = Line::new(StreamId::Events, "a human has to look", target);
    let key = Key::Task(id.clone());
    if let Some(mut asked) = ports.store.find::<Task>(&key).await? {
        // What a human has done is not asked for again; what could be read since is.
        if asked.entity.state == TaskState::Cancelled {
            asked.entity.open_again(why);
            changes.update(&asked);
            changes.tell_again(&asked.entity);
            changes.say(line);
        }
        return Ok(());
    }
    changes.say(line);
    changes.insert_task(&Task {
        id,
        kind: TaskKind::Judge,
        owner: Task::NOBODY.to_owned(),
        title: "A candidacy cannot be read".to_owned(),
        state: TaskState::Open,
        person: None,
        run: None,
        step: None,
        app: None,
        detail: format!("{why} (opportunity {opportunity})"),
        due: None,
        created_at: now,
        ended_at: None,
        user: None,
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    });
    Ok(())
}
