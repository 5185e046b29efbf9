//! Seats that could go back (L20): each with what was decided about it, and with the policies that give it.

use jiff::Timestamp;

use crate::access::desired;
use crate::account::Account;
use crate::company::Company;
use crate::grant::Grant;
use crate::ids::{PersonId, Slug};
use crate::person::Person;
use crate::ports::Ports;
use crate::report::{Flag, Seat};
use crate::review::Reviewed;
use crate::store::{Key, Loaded};

use super::{AdminError, accounts, files, review};

/// A seat, and what is to be known before it is taken away.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// The seat.
    pub seat: Seat,
    /// What was decided about it last.
    pub reviewed: Option<Reviewed>,
    /// The policies that give it: while they do, taking it away helps nothing.
    pub given_by: Vec<Slug>,
}

impl Found {
    /// May it be taken away here? What people who left hold is taken away as when they left, and of a user who is not
    /// active there only licences are left, which is no matter of a review.
    #[must_use]
    pub fn is_offered(&self, now: Timestamp) -> bool {
        let is_wanted = |flag: &Flag| matches!(flag, Flag::Unused | Flag::Duplicate);
        let seat = &self.seat;
        let is_here = seat.is_active() && !seat.flags.contains(&Flag::HolderLeft);
        let is_decided = self.reviewed.as_ref().is_some_and(|one| one.counts(now));
        is_here && !is_decided && self.given_by.is_empty() && seat.flags.iter().any(is_wanted)
    }
}

/// Says of these seats what is to be known before they are taken away.
///
/// # Errors
/// If the store cannot be read.
pub async fn look(
    ports: &Ports,
    now: Timestamp,
    seats: Vec<Seat>,
) -> Result<Vec<Found>, AdminError> {
    let company = files::company(ports).await?;
    let accounts = accounts::all(ports).await?;
    let accounts: Vec<Account> = accounts.into_iter().map(|one| one.entity).collect();
    let decisions = review::decisions(ports, &accounts, &seats).await?;
    let mut all = Vec::with_capacity(seats.len());
    for (seat, reviewed) in seats.into_iter().zip(decisions) {
        let given_by = match &seat.person {
            Some(person) if !seat.flags.is_empty() => {
                given_by(ports, &company, now, &seat, person).await?
            }
            _ => Vec::new(),
        };
        all.push(Found {
            seat,
            reviewed,
            given_by,
        });
    }
    Ok(all)
}

/// The policies that give this very seat: of two that a person has, the one that a grant knows, if it knows one.
async fn given_by(
    ports: &Ports,
    company: &Company,
    now: Timestamp,
    seat: &Seat,
    person: &PersonId,
) -> Result<Vec<Slug>, AdminError> {
    let keys = [
        Key::Person(person.clone()),
        Key::Grant(person.clone(), Grant::id_for(person, &seat.app)),
    ];
    let mut stored = ports.store.get_all(&keys).await?.into_iter();
    let Some(person) = stored.next().flatten() else {
        return Ok(Vec::new());
    };
    let person: Loaded<Person> = person.read()?;
    let grant = stored.next().flatten();
    let grant = grant.map(|grant| grant.read::<Grant>()).transpose()?;
    let known = grant.and_then(|grant| grant.entity.external_id);
    let is_it = match known {
        Some(id) => id.as_str() == seat.external_id,
        None => !seat.flags.contains(&Flag::Duplicate),
    };
    let mut desired = desired(&person.entity, company, now);
    let due = desired.due.remove(&seat.app).filter(|_| is_it);
    Ok(due.map(|due| due.policies).unwrap_or_default())
}
