//! Keeps the words and departments that people are found by: in the commit that makes, changes or deletes a person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::audit::Cause;
use crate::changes::{Changes, Origin};
use crate::ids::PersonId;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::store::{
    Check, Commit, Entity, Key, Loaded, PageRequest, Put, Query, StoreError, Stored, Version,
};
use crate::words::{self, Finder, Word};

use super::{HandleError, ledger};

/// How many people are looked at at once.
const AT_ONCE: usize = 500;

/// Adds to a commit what its people are found by from now on, and takes away what they are found by no more. Where a
/// commit has no room for it, they are found as before until [`catch_up`] comes by; who is deleted is not.
pub(super) async fn follow(ports: &Ports, commit: &mut Commit) -> Result<(), HandleError> {
    let mut changed: Vec<(usize, Person)> = Vec::new();
    for (place, put) in commit.puts.iter().enumerate() {
        if put.kind == Person::KIND {
            let person = person_of(put)?;
            if person.words != words::of(&person) {
                changed.push((place, person));
            }
        }
    }
    let gone = deleted(ports, commit).await?;
    let has_room = commit.size() < Commit::MAX_ITEMS;
    if gone.is_empty() && (changed.is_empty() || !has_room) {
        return Ok(());
    }
    let finder = finder(ports, commit).await?;
    for person in &gone {
        let all = person.words.with(words::of(person));
        let known = known(ports, &finder.keys(&all, person)).await?;
        commit.deletes.extend(known.into_values());
    }
    for (place, mut person) in changed {
        let words = words::of(&person);
        let before = finder.keys(&person.words, &person);
        let after = finder.keys(&words, &person);
        let known = known(ports, &before.union(&after).cloned().collect()).await?;
        let puts = missing(&after, &known, &person.id);
        let deletes = known.into_iter().filter(|(key, _)| !after.contains(key));
        let deletes: Vec<Check> = deletes.map(|(_, check)| check).collect();
        if commit.size() + puts.len() + deletes.len() > Commit::MAX_ITEMS {
            continue;
        }
        person.words = words;
        if let Some(put) = commit.puts.get_mut(place) {
            put.body = Put::of(&person, put.expect).body;
        }
        commit.puts.extend(puts);
        commit.deletes.extend(deletes);
    }
    Ok(())
}

fn person_of(put: &Put) -> Result<Person, StoreError> {
    serde_json::from_str(&put.body).map_err(|e| StoreError::Unreadable {
        key: put.key.clone(),
        why: format!("line {} column {}", e.line(), e.column()),
    })
}

/// The people that a commit deletes.
async fn deleted(ports: &Ports, commit: &Commit) -> Result<Vec<Person>, HandleError> {
    let mut gone = Vec::new();
    for check in &commit.deletes {
        if matches!(check.key, Key::Person(_)) {
            let person = ports.store.find::<Person>(&check.key).await?;
            gone.extend(person.map(|person| person.entity));
        }
    }
    Ok(gone)
}

/// What marks are made with: made itself by the first commit that needs it.
async fn finder(ports: &Ports, commit: &mut Commit) -> Result<Finder, HandleError> {
    if let Some(finder) = ports.store.find::<Finder>(&Key::Finder).await? {
        return Ok(finder.entity);
    }
    let mut secret = [0_u8; 32];
    ports.chance.fill(&mut secret);
    let finder = Finder::new(&secret, !is_anybody_known(ports).await?);
    commit.puts.push(Put::of(&finder, Version::ABSENT));
    Ok(finder)
}

/// The list of everybody.
pub(super) fn everybody() -> Query {
    Query::States {
        kind: Person::KIND,
        states: Lifecycle::ALL.iter().map(|state| state.as_str()).collect(),
    }
}

async fn is_anybody_known(ports: &Ports) -> Result<bool, HandleError> {
    let page = PageRequest {
        limit: 1,
        cursor: None,
    };
    let found = ports.store.list(&everybody(), &page).await?;
    Ok(!found.items.is_empty() || found.next.is_some())
}

/// Those of these keys that are there, each as it is deleted.
async fn known(ports: &Ports, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, Check>, HandleError> {
    let keys: Vec<Key> = keys.iter().cloned().collect();
    let found: Vec<Option<Stored>> = ports.store.get_all(&keys).await?;
    let checks = found.into_iter().flatten().map(|stored| {
        let check = Check {
            key: stored.key.clone(),
            expect: stored.version,
        };
        (stored.key, check)
    });
    Ok(checks.collect())
}

/// The words that are not there yet.
fn missing(wanted: &BTreeSet<Key>, known: &BTreeMap<Key, Check>, person: &PersonId) -> Vec<Put> {
    let keys = wanted.iter().filter(|key| !known.contains_key(*key));
    let words = keys.filter_map(|key| match key {
        Key::Word(mark, _) => Some(Word {
            mark: *mark,
            person: person.clone(),
        }),
        _ => None,
    });
    words.map(|word| Put::of(&word, Version::ABSENT)).collect()
}

/// How far everybody was looked at who may not be found by their words yet; answers whether that was all of them.
///
/// # Errors
/// If the store did not do it; what was done stays.
pub(super) async fn catch_up(
    ports: &Ports,
    cursor: &mut Option<String>,
    until: Timestamp,
) -> Result<bool, HandleError> {
    loop {
        let page = PageRequest {
            limit: AT_ONCE,
            cursor: cursor.take(),
        };
        let answer = ports.store.list(&everybody(), &page).await?;
        for stored in &answer.items {
            let person: Loaded<Person> = stored.read()?;
            if person.entity.words != words::of(&person.entity) {
                write(ports, |changes| changes.update(&person)).await?;
            }
        }
        *cursor = answer.next;
        if cursor.is_none() {
            complete(ports).await?;
            return Ok(true);
        }
        if ports.clock.now() >= until {
            return Ok(false);
        }
    }
}

/// Nobody is left who is not found.
async fn complete(ports: &Ports) -> Result<(), HandleError> {
    let finder = ports.store.find::<Finder>(&Key::Finder).await?;
    let is_left = |finder: &Finder| !finder.is_complete || !finder.has_departments;
    let Some(mut finder) = finder.filter(|finder| is_left(&finder.entity)) else {
        return Ok(());
    };
    finder.entity.is_complete = true;
    finder.entity.has_departments = true;
    write(ports, |changes| changes.update(&finder)).await
}

/// Writes what is only found otherwise since; without effect if somebody changed it meanwhile.
pub(super) async fn write(
    ports: &Ports,
    put: impl FnOnce(&mut Changes),
) -> Result<(), HandleError> {
    let cause = Cause::of("schedule", "words");
    let mut changes = Changes::new(Origin::sando(cause, "words", ports.clock.now()));
    put(&mut changes);
    // Whoever changed it meanwhile did it with that.
    ledger::commit_unless_moved(ports, changes).await
}
