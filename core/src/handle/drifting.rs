//! Keeps who is listed as having drift: everybody is looked at once a day, and after a sync whoever it changed something
//! about. Who holds something in an application is listed by what the grants say of themselves; those that were written
//! before they did are written again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::account::Account;
use crate::company::Company;
use crate::drift::take_held;
use crate::grant::Grant;
use crate::ids::{JobId, PersonId};
use crate::job::{Evidence, Job, Looking, Work};
use crate::person::Person;
use crate::ports::Ports;
use crate::roster::Entry;
use crate::store::{Key, Loaded, PageRequest, Query};
use crate::tally::day_of;
use crate::words::Finder;

use super::rosters::Rosters;
use super::{HandleError, count, drift, finding, ledger, load, seats};

/// How many people are looked at between two looks at the clock.
const PEOPLE: usize = 100;
/// How many users of a roster are.
const USERS: usize = 250;

/// Starts a look at everybody once a day, and when an account was read for the first time.
///
/// # Errors
/// If the store did not do it.
pub(super) async fn start(
    ports: &Ports,
    accounts: &[Account],
    now: Timestamp,
) -> Result<(), HandleError> {
    let read = accounts.iter().filter(|account| account.applied > 0);
    let (day, read) = (day_of(now).to_string(), read.count().to_string());
    let id = JobId::derived(&["drift", &day, &read]);
    if ports.store.get(&Key::Job(id.clone())).await?.is_some() {
        return Ok(());
    }
    let mut changes = count::changes(now);
    let work = Work::Drift(Looking::default());
    changes.insert(&Job::new(id, "sando", work, now));
    ledger::commit(ports, changes).await
}

/// Looks at the next people; answers whether that was all of them.
///
/// # Errors
/// If the store did not do it; what was done stays.
pub(super) async fn everybody(ports: &Ports, looking: &mut Looking) -> Result<bool, HandleError> {
    let company = load::company(ports).await?;
    let finder = ports.store.find::<Finder>(&Key::Finder).await?;
    let are_listed = finder.is_some_and(|finder| finder.entity.has_holders);
    let page = PageRequest {
        limit: PEOPLE,
        cursor: looking.cursor.take(),
    };
    let answer = ports.store.list(&finding::everybody(), &page).await?;
    let mut rosters = Rosters::of(ports);
    for stored in &answer.items {
        let person: Loaded<Person> = stored.read()?;
        let grants = load::grants(ports, &person.entity.id).await?;
        if !are_listed {
            list(ports, &grants).await?;
        }
        look(ports, &mut rosters, &company, person, &grants).await?;
        looking.people = looking.people.saturating_add(1);
    }
    looking.cursor = answer.next;
    if looking.cursor.is_none() {
        complete(ports).await?;
    }
    Ok(looking.cursor.is_none())
}

/// Writes again what counts as held, each by itself: whoever changed one meanwhile listed it with that.
async fn list(ports: &Ports, grants: &[Loaded<Grant>]) -> Result<(), HandleError> {
    let held = grants.iter().filter(|grant| grant.entity.counts_as_held());
    for grant in held {
        finding::write(ports, |changes| changes.update(grant)).await?;
    }
    Ok(())
}

/// Everybody was looked at, and everything that is held is listed.
async fn complete(ports: &Ports) -> Result<(), HandleError> {
    let Some(mut finder) = ports.store.find::<Finder>(&Key::Finder).await? else {
        return Ok(());
    };
    finder.entity.has_holders = true;
    finder.entity.drift_looked_at = Some(ports.clock.now());
    finding::write(ports, |changes| changes.update(&finder)).await
}

/// Lists somebody, or takes them off the list, if that is not as it should be.
async fn look(
    ports: &Ports,
    rosters: &mut Rosters<'_>,
    company: &Company,
    mut person: Loaded<Person>,
    grants: &[Loaded<Grant>],
) -> Result<(), HandleError> {
    if person.entity.merged.is_some() {
        return Ok(());
    }
    let grants: Vec<Grant> = grants.iter().map(|grant| grant.entity.clone()).collect();
    let mut found = drift::in_rosters(rosters, &person.entity, &grants, company).await?;
    let _held = take_held(&mut found, &person.entity);
    let has_drift = !found.is_empty();
    if person.entity.has_drift == has_drift {
        return Ok(());
    }
    person.entity.has_drift = has_drift;
    finding::write(ports, |changes| changes.update(&person)).await
}

/// Looks at those whose users the sync changed, as far as the next part of the roster goes; answers whether that was its end.
///
/// # Errors
/// If the store did not do it; what was done stays.
pub(super) async fn changed(ports: &Ports, evidence: &mut Evidence) -> Result<bool, HandleError> {
    let mut rosters = Rosters::of(ports);
    let mut accounts = rosters.accounts().await?.iter();
    let account = accounts.find(|account| account.roster == evidence.roster);
    let Some(account) = account.cloned() else {
        return Ok(true);
    };
    let page = PageRequest {
        limit: USERS,
        cursor: evidence.users.take(),
    };
    let query = Query::Roster(evidence.roster.clone());
    let answer = ports.store.list(&query, &page).await?;
    let mut entries: Vec<Entry> = Vec::new();
    for stored in &answer.items {
        let entry: Loaded<Entry> = stored.read()?;
        let face = entry.entity.visible(account.applied);
        if face.is_some_and(|face| face.sync > evidence.since) {
            entries.push(entry.entity);
        }
    }
    let people = whose(ports, &account, &entries).await?;
    if !people.is_empty() {
        let company = load::company(ports).await?;
        for id in people {
            if let Some(person) = load::person(ports, &id).await? {
                let grants = load::grants(ports, &id).await?;
                look(ports, &mut rosters, &company, person, &grants).await?;
            }
        }
    }
    evidence.users = answer.next;
    Ok(evidence.users.is_none())
}

/// Whose users these are, as far as anybody's.
async fn whose(
    ports: &Ports,
    account: &Account,
    entries: &[Entry],
) -> Result<BTreeSet<PersonId>, HandleError> {
    let all: Vec<&Entry> = entries.iter().collect();
    let people = seats::holders(ports, account, &all).await?;
    let theirs = entries.iter().filter_map(|entry| {
        let address = seats::address_of(account, entry);
        let holder = people.whose(&account.roster, entry.id, address)?;
        Some(holder.person.clone())
    });
    Ok(theirs.collect())
}
