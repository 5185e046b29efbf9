//! Who is who, by hand (L3): two persons who are one human are merged, and what was merged is taken apart again.
//!
//! Whoever is merged away leaves: what they hold is taken away like a leaver's, so that nobody has two accounts, and what
//! people are matched by goes to the one who stays. They keep the address at work under which their accounts are found,
//! and everything that is needed to have them back.

mod merge;
mod split;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::claim::{Claim, Held, Holder};
use crate::event::KnownCandidacy;
use crate::handle::{answered, load, tasks};
use crate::ids::{LeverId, PersonId};
use crate::intake::{Match, next_look};
use crate::person::{CanonicalEmail, Identifiers, Person};
use crate::ports::Ports;
use crate::store::{Entity, Key, Loaded, PageRequest, Query};
use crate::task::{Task, TaskState};

use super::AdminError;
use super::people::person;

pub use merge::{Merging, merge, plan as plan_merge};
pub use split::{Splitting, plan as plan_split, split};

/// How many identifiers change hands at most: it is one commit.
const MOST: usize = 30;
/// How large that commit may be before questions are ended with it.
const ROOM: usize = 60;

/// A person by id, or by an address that they are known by.
///
/// # Errors
/// `NotFound`; `Invalid` at `path` for what is neither, or an address that is nobody's or several people's.
pub async fn find(ports: &Ports, text: &str, path: &str) -> Result<Loaded<Person>, AdminError> {
    if let Ok(id) = PersonId::parse(text) {
        return person(ports, &id).await;
    }
    let email = CanonicalEmail::parse(text)
        .map_err(|_| AdminError::mistake(path, "the id of a person, or an address"))?;
    let claims = [Claim::email(&email), Claim::address(&email)];
    match load::matched(ports, &claims).await? {
        Match::One(found) => Ok(*found),
        Match::Nobody => Err(AdminError::mistake(path, "nobody is known by this address")),
        Match::Several(_) => {
            let message = "several people are known by this address: give an id";
            Err(AdminError::mistake(path, message))
        }
    }
}

/// Was not merged away.
///
/// # Errors
/// `Refused` if it was.
pub(super) fn is_whole(person: &Person) -> Result<(), AdminError> {
    match &person.merged {
        None => Ok(()),
        Some(merged) => Err(AdminError::refused(
            "merged",
            format!("the person was merged into {}", merged.into),
        )),
    }
}

/// Gives on those of the claims that the one has; answers which.
async fn pass_on(
    ports: &Ports,
    claims: BTreeSet<Claim>,
    from: &PersonId,
    to: &PersonId,
    changes: &mut Changes,
) -> Result<BTreeSet<Claim>, AdminError> {
    let had = Holder::Person(from.clone());
    let mut passed = BTreeSet::new();
    for claim in claims {
        let key = Key::Claim(claim.clone());
        let held = ports.store.find::<Held>(&key).await?;
        if let Some(mut held) = held.filter(|held| held.entity.holder == had) {
            held.entity.holder = Holder::Person(to.clone());
            changes.update(&held);
            passed.insert(claim);
        }
    }
    Ok(passed)
}

/// What Lever tells of these candidacies is about that person from now on.
async fn hand_over(
    ports: &Ports,
    opportunities: &BTreeSet<LeverId>,
    to: &Person,
    now: Timestamp,
    changes: &mut Changes,
) -> Result<(), AdminError> {
    for opportunity in opportunities {
        let key = Key::Candidacy(opportunity.clone());
        if let Some(mut known) = ports.store.find::<KnownCandidacy>(&key).await? {
            known.entity.person = Some(to.id.clone());
            known.entity.look_at = next_look(Some(to), &known.entity, now);
            changes.update(&known);
        }
    }
    Ok(())
}

/// Whether the two are one human is asked no more; what waited for that goes on.
async fn end_question(
    ports: &Ports,
    one: &PersonId,
    other: &PersonId,
    changes: &mut Changes,
) -> Result<(), AdminError> {
    let key = Key::Task(Task::one_or_two(one, other));
    let asked = ports.store.find::<Task>(&key).await?;
    if let Some(mut asked) = asked.filter(|asked| asked.entity.state == TaskState::Open) {
        asked.entity.end(TaskState::Done, changes.origin.at);
        changes.update(&asked);
        changes.say(tasks::ended(&asked.entity));
        answered::go_on(&asked.entity, changes);
    }
    Ok(())
}

/// Who could be either of the two is asked for no more, if nobody else is left to choose from; what waited for that goes on.
async fn end_choices(
    ports: &Ports,
    from: &PersonId,
    into: &PersonId,
    changes: &mut Changes,
) -> Result<(), AdminError> {
    let query = Query::States {
        kind: Task::KIND,
        states: vec![TaskState::Open.as_str()],
    };
    let mut page = PageRequest {
        limit: 100,
        cursor: None,
    };
    loop {
        let answer = ports.store.list(&query, &page).await?;
        for stored in &answer.items {
            let mut task: Loaded<Task> = stored.read()?;
            // One commit has room for so many; a human has the rest.
            if changes.size() > ROOM || !task.entity.among.remove(from) {
                continue;
            }
            task.entity.among.insert(into.clone());
            if task.entity.among.len() == 1 {
                task.entity.end(TaskState::Done, changes.origin.at);
                changes.say(tasks::ended(&task.entity));
                answered::go_on(&task.entity, changes);
            }
            changes.update(&task);
        }
        page.cursor = answer.next;
        if page.cursor.is_none() {
            return Ok(());
        }
    }
}

/// Records what became of somebody, with what changed hands.
fn record(line: Line, other: &PersonId, part: &Identifiers, reason: &str, changes: &mut Changes) {
    let after = json!({ "person": other, "identifiers": part, "reason": reason });
    changes.say(line.personal(None, Some(after)));
}

fn stream(id: &PersonId) -> StreamId {
    StreamId::Person(id.clone())
}
