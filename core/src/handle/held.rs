//! What somebody who was here already has: from the moment they are applied or hired it is a grant that is held (L30).

use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::company::Company;
use crate::drift::{Drift, take_held};
use crate::grant::Grant;
use crate::intake::Changed;
use crate::person::Person;
use crate::ports::Ports;

use super::{HandleError, drift, load, residue};

/// How much counts as held from one commit on; what is left shows as drift.
const MOST: usize = 20;

/// What the rosters show of a person who was left alone, and is not any more by what changed.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn already(
    ports: &Ports,
    changed: &Changed,
    company: &Company,
) -> Result<Vec<Drift>, HandleError> {
    let after = match changed {
        Changed::Updated(after) if !after.entity.baselined => &after.entity,
        Changed::Updated(_) | Changed::New(_) => return Ok(Vec::new()),
    };
    let stored = load::person(ports, &after.id).await?;
    let Some(stored) = stored.filter(|stored| stored.entity.baselined) else {
        return Ok(Vec::new());
    };
    let grants = load::grants(ports, &stored.entity.id).await?.into_iter();
    let grants: Vec<Grant> = grants.map(|grant| grant.entity).collect();
    let mut found = drift::of(ports, &stored.entity, &grants, company).await?;
    let mut held = take_held(&mut found, &stored.entity);
    held.truncate(MOST);
    Ok(held)
}

/// Writes it down: found, and not given here.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn write(
    ports: &Ports,
    person: &Person,
    held: &[Drift],
    changes: &mut Changes,
) -> Result<(), HandleError> {
    if held.is_empty() {
        return Ok(());
    }
    let grants = load::grants(ports, &person.id).await?;
    for drift in held {
        let known = grants.iter().find(|grant| grant.entity.app == drift.app);
        residue::keep(drift, known, &person.id, changes);
        let stream = StreamId::Person(person.id.clone());
        let line = Line::new(stream, "account held already", format!("app/{}", drift.app));
        let after = json!({ "account": drift.account, "roster_at": drift.seen_at });
        changes.say(line.after(after));
    }
    Ok(())
}
