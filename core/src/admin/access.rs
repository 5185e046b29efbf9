//! What a person is due, has, and what lies between.

use jiff::Timestamp;

use crate::access::{Desired, PlannedEffect, Way, desired, plan};
use crate::company::Company;
use crate::drift::{Drift, take_held, with_seen};
use crate::grant::Grant;
use crate::handle::{drift, load};
use crate::ids::{AppSlug, PersonId};
use crate::person::Person;
use crate::ports::Ports;

use super::AdminError;
use super::people::person;

/// Desired, actual, and the difference.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whose.
    pub person: Person,
    /// What is due by policy.
    pub desired: Desired,
    /// What there is, or was; of somebody who was here already also what the rosters show.
    pub actual: Vec<Grant>,
    /// What would be given and taken away.
    pub plan: Vec<PlannedEffect>,
    /// Where the rosters contradict what there is.
    pub drift: Vec<Drift>,
    /// The configuration it follows from.
    pub company: Company,
}

impl Access {
    /// When what is due is delivered; none if no first day is known.
    #[must_use]
    pub fn due_at(&self, app: &AppSlug, now: Timestamp) -> Option<Timestamp> {
        let place = self.company.mapping.place(&self.person);
        let due = self.desired.due.get(app)?;
        due.deliver.moment(self.person.starts_on, &place, now)
    }
}

/// A person's access; computing it changes nothing.
///
/// # Errors
/// `NotFound` without the person.
pub async fn of(ports: &Ports, id: &PersonId, now: Timestamp) -> Result<Access, AdminError> {
    let person = person(ports, id).await?.entity;
    let company = load::company(ports).await?;
    let actual: Vec<Grant> = load::grants(ports, id)
        .await?
        .into_iter()
        .map(|grant| grant.entity)
        .collect();
    let desired = desired(&person, &company, now);
    let mut drift = drift::of(ports, &person, &actual, &company).await?;
    let held = take_held(&mut drift, &person);
    let actual = with_seen(actual, &held, id, now);
    let plan = both_ways(&person, &desired, &actual, &company);
    Ok(Access {
        person,
        desired,
        actual,
        plan,
        drift,
        company,
    })
}

/// What would be given, then what would be taken away.
#[must_use]
pub fn both_ways(
    person: &Person,
    desired: &Desired,
    grants: &[Grant],
    company: &Company,
) -> Vec<PlannedEffect> {
    let mut effects = plan(&person.id, desired, grants, company, Way::Give);
    effects.extend(plan(&person.id, desired, grants, company, Way::Take));
    effects
}
