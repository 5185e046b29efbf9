//! Who starts soon, and how much of what they are due they have.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::access::{Due, desired};
use crate::approval::Approval;
use crate::company::Company;
use crate::grant::{Grant, GrantState};
use crate::handle::load;
use crate::ids::ApprovalId;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::store::{Entity, Key, Loaded, PageRequest, Query};

use super::AdminError;

/// How one thing stands that somebody is due on their first day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// It was seen.
    Verified,
    /// Somebody has to decide.
    Asked,
    /// It is being given, or waits for its time.
    Coming,
    /// It was given up: a human has it as a task.
    Failed,
    /// Nobody can tell whether it is due.
    Unknown,
}

/// Somebody who starts.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Who.
    pub person: Person,
    /// What they are due, by application.
    pub due: Vec<Readiness>,
}

/// Those who start next, the first ones first; computing it changes nothing.
///
/// # Errors
/// If the store cannot be read.
pub async fn next(
    ports: &Ports,
    company: &Company,
    most: usize,
) -> Result<Vec<Arrival>, AdminError> {
    let now = ports.clock.now();
    let mut arrivals = Vec::new();
    for person in nearest(ports, most).await? {
        let grants = load::grants(ports, &person.id).await?;
        let grants: Vec<Grant> = grants.into_iter().map(|grant| grant.entity).collect();
        let asked = asked(ports, &grants, now).await?;
        let due = readiness(&person, company, &grants, &asked, now);
        arrivals.push(Arrival { person, due });
    }
    Ok(arrivals)
}

/// Of all who have not started those with the nearest first days.
async fn nearest(ports: &Ports, most: usize) -> Result<Vec<Person>, AdminError> {
    let query = Query::States {
        kind: Person::KIND,
        states: vec![Lifecycle::Preboarding.as_str()],
    };
    let mut page = PageRequest {
        limit: 200,
        cursor: None,
    };
    let mut nearest: Vec<Person> = Vec::new();
    loop {
        let answer = ports.store.list(&query, &page).await?;
        for stored in answer.items {
            let person: Loaded<Person> = stored.read()?;
            nearest.push(person.entity);
        }
        nearest.sort_by_key(|person| (person.starts_on.is_none(), person.starts_on));
        nearest.truncate(most);
        page.cursor = answer.next;
        if page.cursor.is_none() {
            return Ok(nearest);
        }
    }
}

/// The approvals that still wait for a decision; one that was given stays named by its grant.
async fn asked(
    ports: &Ports,
    grants: &[Grant],
    now: Timestamp,
) -> Result<BTreeSet<ApprovalId>, AdminError> {
    let open = grants
        .iter()
        .filter(|grant| grant.state != GrantState::Active);
    let ids = open.filter_map(|grant| grant.approval.clone());
    let keys: Vec<Key> = ids.map(Key::Approval).collect();
    let mut waiting = BTreeSet::new();
    for keys in keys.chunks(50) {
        for stored in ports.store.get_all(keys).await?.into_iter().flatten() {
            let approval: Loaded<Approval> = stored.read()?;
            if approval.entity.waits(now) {
                waiting.insert(approval.entity.id.clone());
            }
        }
    }
    Ok(waiting)
}

fn readiness(
    person: &Person,
    company: &Company,
    grants: &[Grant],
    asked: &BTreeSet<ApprovalId>,
    now: Timestamp,
) -> Vec<Readiness> {
    let desired = desired(person, company, now);
    let is_asked = |grant: &Grant| grant.approval.as_ref().is_some_and(|id| asked.contains(id));
    let of = |due: &Due| {
        let grant = grants.iter().find(|grant| grant.app == due.app);
        match grant.map(|grant| (grant.state, grant)) {
            Some((GrantState::Active, _)) => Readiness::Verified,
            Some((GrantState::Failed, _)) => Readiness::Failed,
            Some((_, grant)) if is_asked(grant) => Readiness::Asked,
            _ => Readiness::Coming,
        }
    };
    let certain = desired.due.values().map(of);
    let unknown = desired.unknown.iter().map(|_| Readiness::Unknown);
    certain.chain(unknown).collect()
}
