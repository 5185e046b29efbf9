//! What a person would lose by leaving now: the plan that is shown before somebody is let go.

use serde_json::json;

use crate::access::{Desired, PlannedEffect, Way, plan};
use crate::handle::load;
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
    /// The effects; what is there already counts, and what is on its way.
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
    let grants = load::grants(ports, id).await?;
    let grants: Vec<_> = grants.into_iter().map(|grant| grant.entity).collect();
    let effects = plan(id, &Desired::default(), &grants, &company, Way::Take);
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
