//! Whose a candidacy is: by the candidacy if it is known, by contact, then by address; never by name (L3).

use std::collections::{BTreeMap, BTreeSet};

use crate::address::ignores_tags;
use crate::claim::{Claim, Held, Holder};
use crate::company::Company;
use crate::event::KnownCandidacy;
use crate::ids::PersonId;
use crate::intake::{Match, told_address};
use crate::lever::Candidacy;
use crate::person::{CanonicalEmail, Person};
use crate::ports::Ports;
use crate::store::Key;

use super::{HandleError, load};

/// Whose it is.
pub(super) async fn matched(
    ports: &Ports,
    known: &KnownCandidacy,
    candidacy: Option<&Candidacy>,
) -> Result<Match, HandleError> {
    if let Some(id) = &known.person
        && let Some(person) = load::surviving(ports, id).await?
    {
        return Ok(Match::One(Box::new(person)));
    }
    let Some(candidacy) = candidacy else {
        return Ok(Match::Nobody);
    };
    let mut claims: Vec<Claim> = contact_of(candidacy).collect();
    for (typed, email) in addresses(candidacy) {
        if perhaps(ports, candidacy, typed, &email).await?.is_none() {
            claims.push(Claim::email(&email));
        }
    }
    load::matched(ports, &claims).await
}

/// Its addresses, as they are typed and as people are matched by them.
fn addresses(candidacy: &Candidacy) -> Vec<(&str, CanonicalEmail)> {
    let emails = candidacy.emails.iter();
    let both =
        emails.filter_map(|typed| Some((typed.as_str(), CanonicalEmail::parse(typed).ok()?)));
    both.collect()
}

/// Whose an address of it perhaps is, without anybody being known by it: whoever has it at work, whoever told that to us,
/// since anybody can type it; or whoever gave it with another tag, since not every provider ignores tags.
async fn perhaps(
    ports: &Ports,
    candidacy: &Candidacy,
    typed: &str,
    email: &CanonicalEmail,
) -> Result<Option<PersonId>, HandleError> {
    if let Match::One(at_work) = load::matched(ports, &[Claim::address(email)]).await? {
        return Ok(Some(at_work.entity.id));
    }
    if ignores_tags(email) {
        return Ok(None);
    }
    let Match::One(known) = load::matched(ports, &[Claim::email(email)]).await? else {
        return Ok(None);
    };
    let contacts = &known.entity.identifiers.lever_contact;
    let contact = candidacy.contact.as_ref();
    let is_theirs = contact.is_some_and(|contact| contacts.contains(contact))
        || gave(&known.entity, typed, email);
    Ok((!is_theirs).then_some(known.entity.id))
}

/// Did they give the address just as it is typed here? Where nothing shows how they gave it, they gave it without a tag.
fn gave(person: &Person, typed: &str, email: &CanonicalEmail) -> bool {
    let typed = typed.trim().to_lowercase();
    let values = person.attributes.iter().chain(person.corrected.iter());
    let given: BTreeSet<String> = values
        .filter_map(|(_, value)| value.as_str())
        .filter(|text| CanonicalEmail::parse(text).is_ok_and(|given| given == *email))
        .map(|text| text.trim().to_lowercase())
        .collect();
    if given.is_empty() {
        return !typed.contains('+');
    }
    given.contains(&typed)
}

fn contact_of(candidacy: &Candidacy) -> impl Iterator<Item = Claim> {
    candidacy.contact.iter().cloned().map(Claim::Contact)
}

/// What its contact and addresses claim.
fn claims_of(candidacy: &Candidacy) -> Vec<Claim> {
    let emails = candidacy.addresses().map(|email| Claim::email(&email));
    contact_of(candidacy).chain(emails).collect()
}

fn person_of(matched: &Match) -> Option<&Person> {
    match matched {
        Match::One(person) => Some(&person.entity),
        Match::Nobody | Match::Several(_) => None,
    }
}

/// The work address that it tells of, if anybody else has that than this person.
pub(super) async fn taken_address(
    ports: &Ports,
    company: &Company,
    candidacy: &Candidacy,
    person: Option<&Person>,
) -> Result<Option<CanonicalEmail>, HandleError> {
    let Some(told) = told_address(company, candidacy) else {
        return Ok(None);
    };
    let key = Key::Claim(Claim::address(&told));
    let held = ports.store.find::<Held>(&key).await?;
    let mine = person.map(|person| Holder::Person(person.id.clone()));
    let is_taken = held.is_some_and(|held| Some(held.entity.holder) != mine);
    Ok(is_taken.then_some(told))
}

/// Which of these claims, and of that on the work address it tells of, somebody else has than the person it belongs to.
pub(super) async fn taken(
    ports: &Ports,
    company: &Company,
    candidacy: Option<&Candidacy>,
    matched: &Match,
) -> Result<BTreeSet<Claim>, HandleError> {
    let mut taken = BTreeSet::new();
    let Some(candidacy) = candidacy else {
        return Ok(taken);
    };
    let person = person_of(matched);
    let address = taken_address(ports, company, candidacy, person).await?;
    taken.extend(address.as_ref().map(Claim::address));
    let Some(person) = person else {
        return Ok(taken);
    };
    for claim in claims_of(candidacy) {
        let held = ports.store.find::<Held>(&Key::Claim(claim.clone())).await?;
        let Some(Holder::Person(holder)) = held.map(|held| held.entity.holder) else {
            continue;
        };
        // Most are their own: only for others is anybody read.
        if holder != person.id
            && let Some(other) = load::surviving(ports, &holder).await?
            && other.entity.id != person.id
        {
            taken.insert(claim);
        }
    }
    Ok(taken)
}

/// Which of its addresses are perhaps those of somebody else than it belongs to, and whose.
pub(super) async fn others(
    ports: &Ports,
    candidacy: Option<&Candidacy>,
    matched: &Match,
) -> Result<BTreeMap<CanonicalEmail, PersonId>, HandleError> {
    let mut others = BTreeMap::new();
    let Some(candidacy) = candidacy else {
        return Ok(others);
    };
    let person = person_of(matched);
    for (typed, email) in addresses(candidacy) {
        if person.is_some_and(|person| person.identifiers.emails.contains(&email)) {
            continue;
        }
        if let Some(other) = perhaps(ports, candidacy, typed, &email).await?
            && person.is_none_or(|person| person.id != other)
        {
            others.insert(email, other);
        }
    }
    Ok(others)
}
