//! What a person would lose by leaving now: the plan that is shown before somebody is let go.

use serde_json::json;

use crate::access::{Desired, PlannedEffect, Way, plan};
use crate::company::Company;
use crate::drift::{take_held, with_seen};
use crate::grant::Grant;
use crate::handle::{drift, load};
use crate::ids::{PersonId, derive};
use crate::person::Person;
use crate::ports::Ports;

use super::AdminError;
use super::people::person;

/// What leaving would take away.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// Who.
    pub person: Person,
    /// The effects; what is there already counts, and what is on its way, and what a roster shows of who was here already.
    pub effects: Vec<PlannedEffect>,
    /// Of exactly this person with exactly these effects.
    pub hash: String,
}

/// Plans it; nothing is changed.
///
/// # Errors
/// `NotFound` without the person.
pub async fn of(ports: &Ports, id: &PersonId) -> Result<Leaving, AdminError> {
    let person = person(ports, id).await?.entity;
    let company = load::company(ports).await?;
    let grants = given(ports, id).await?;
    let mut found = drift::of(ports, &person, &grants, &company).await?;
    let held = take_held(&mut found, &person);
    let grants = with_seen(grants, &held, id, ports.clock.now());
    let effects = taken(id, &grants, &company);
    let hash = derive(&[
        "leaving",
        &json!([id, person.access_epoch, effects]).to_string(),
    ]);
    Ok(Leaving {
        person,
        effects,
        hash,
    })
}

/// What of somebody's grants would be taken away; what only a roster shows stays.
///
/// # Errors
/// If the store cannot be read.
pub async fn of_grants(ports: &Ports, id: &PersonId) -> Result<Vec<PlannedEffect>, AdminError> {
    let company = load::company(ports).await?;
    Ok(taken(id, &given(ports, id).await?, &company))
}

async fn given(ports: &Ports, id: &PersonId) -> Result<Vec<Grant>, AdminError> {
    let grants = load::grants(ports, id).await?.into_iter();
    Ok(grants.map(|grant| grant.entity).collect())
}

fn taken(id: &PersonId, grants: &[Grant], company: &Company) -> Vec<PlannedEffect> {
    plan(id, &Desired::default(), grants, company, Way::Take)
}
