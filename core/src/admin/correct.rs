//! Attributes corrected by hand.

use jiff::Timestamp;
use serde_json::json;

use crate::access::{PlannedEffect, desired};
use crate::attributes::{NAME_PARTS, split_into};
use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::claim::{Claim, Held, Holder};
use crate::company::Company;
use crate::grant::Grant;
use crate::handle::delivery::{address_from, write_person};
use crate::handle::lifecycle::follow_change;
use crate::handle::{ledger, load, wake};
use crate::ids::{PersonId, derive};
use crate::intake::Changed;
use crate::person::{Attributes, CanonicalEmail, Person};
use crate::ports::Ports;
use crate::store::Key;

use super::access::both_ways;
use super::identity::is_whole;
use super::people::{Done, done, person, retime, with_reason};
use super::{AdminError, Who, deciding};

/// Corrects attributes by hand; these win over the source, and what waited for them goes on.
///
/// # Errors
/// `Invalid` for what cannot be an attribute, `Refused` if the work address is somebody else's.
pub async fn correct(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    given: &Attributes,
    reason: &str,
) -> Result<Done, AdminError> {
    let corrected = deciding!(correct_once(ports, who, id, given, reason).await)?;
    wake::runs_of(ports, id, who).await?;
    Ok(corrected)
}

async fn correct_once(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    given: &Attributes,
    reason: &str,
) -> Result<Done, AdminError> {
    let mut found = person(ports, id).await?;
    is_whole(&found.entity)?;
    let before = found.clone();
    let company = load::company(ports).await?;
    let entity = &mut found.entity;
    put(entity, given, &company, who.at)?;
    if entity.text("work_email").is_none()
        && let Some(address) = address_from(ports, &company, &entity.effective(), 1).await?
    {
        entity.attributes.set("work_email", address);
    }
    is_free(ports, entity).await?;
    let mut changes = Changes::new(who.clone());
    follow_change(&before, &found.entity, &company, &mut changes);
    write_person(ports, &Changed::Updated(Box::new(found)), &mut changes).await?;
    let line = Line::new(
        StreamId::Person(id.clone()),
        "corrected by hand",
        format!("person/{id}"),
    );
    changes.say(with_reason(line, reason));
    ledger::commit(ports, changes).await?;
    done(ports, person(ports, id).await?, None).await
}

/// Puts corrections into a person; null takes one back.
fn put(
    person: &mut Person,
    given: &Attributes,
    company: &Company,
    now: Timestamp,
) -> Result<(), AdminError> {
    for (name, value) in given.iter() {
        if value.is_null() {
            person.corrected.remove(name);
        } else {
            person.corrected.set(name.clone(), value.clone());
        }
    }
    split_again(person, given);
    let moves = |name: &String| name == "start_date" || name == "location";
    if given.iter().any(|(name, _)| moves(name)) {
        retime(person, company, now)?;
    }
    Ok(())
}

/// What a correction would change.
#[derive(Clone, Debug)]
pub struct Correction {
    /// The person as they would be.
    pub person: Person,
    /// Effects that would be wanted, and are not now.
    pub more: Vec<PlannedEffect>,
    /// Effects that are wanted now, and would not be.
    pub less: Vec<PlannedEffect>,
    /// Of exactly this correction with exactly these effects.
    pub hash: String,
}

/// Plans a correction; nothing is changed.
///
/// # Errors
/// As [`correct`].
pub async fn plan(
    ports: &Ports,
    id: &PersonId,
    given: &Attributes,
    now: Timestamp,
) -> Result<Correction, AdminError> {
    let before = person(ports, id).await?.entity;
    let company = load::company(ports).await?;
    let mut after = before.clone();
    put(&mut after, given, &company, now)?;
    is_free(ports, &after).await?;
    let grants = load::grants(ports, id).await?;
    let grants: Vec<Grant> = grants.into_iter().map(|grant| grant.entity).collect();
    let effects =
        |person: &Person| both_ways(person, &desired(person, &company, now), &grants, &company);
    let (now_wanted, then_wanted) = (effects(&before), effects(&after));
    let without = |of: &[PlannedEffect], other: &[PlannedEffect]| -> Vec<PlannedEffect> {
        of.iter()
            .filter(|effect| !other.contains(effect))
            .cloned()
            .collect()
    };
    let more = without(&then_wanted, &now_wanted);
    let less = without(&now_wanted, &then_wanted);
    let parts = json!([id, given.to_value(), more, less]);
    Ok(Correction {
        hash: derive(&["correction", &parts.to_string()]),
        person: after,
        more,
        less,
    })
}

/// A corrected name is split again, unless its parts were corrected themselves; so is the source's if that is taken back.
fn split_again(person: &mut Person, given: &Attributes) {
    if !given.iter().any(|(name, _)| name == "name") {
        return;
    }
    let mut parts = Attributes::default();
    if let Some(name) = person.attribute("name") {
        parts.set("name", name.clone());
    }
    split_into(&mut parts);
    for name in NAME_PARTS {
        if person.corrected.get(name).is_some() {
            continue;
        }
        match parts.get(name) {
            Some(value) => person.attributes.set(name, value.clone()),
            None => person.attributes.remove(name),
        }
    }
}

/// Nobody else has the person's work address.
///
/// # Errors
/// `Invalid` if it is no address, `Refused` if it is taken.
pub async fn is_free(ports: &Ports, person: &Person) -> Result<(), AdminError> {
    let Some(value) = person.attribute("work_email") else {
        return Ok(());
    };
    let address = value
        .as_str()
        .and_then(|text| CanonicalEmail::parse(text).ok())
        .ok_or_else(|| AdminError::mistake("attributes.work_email", "an e-mail address"))?;
    let claim = Key::Claim(Claim::address(&address));
    let held = ports.store.find::<Held>(&claim).await?;
    let mine = Holder::Person(person.id.clone());
    match held {
        Some(held) if held.entity.holder != mine => Err(AdminError::refused(
            "address_taken",
            "somebody else has this work address",
        )),
        _ => Ok(()),
    }
}
