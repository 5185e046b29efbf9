//! People from elsewhere (L30): an HR system's key, first and last day. They are *baselined*: what they have is held,
//! nothing is given before an administrator applies it.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::claim::Claim;
use crate::company::Company;
use crate::event::{Event, EventState, Why};
use crate::handle::delivery::{address_from, fresh_person, say_last_day, write_person};
use crate::handle::events::say_event;
use crate::handle::lifecycle::{Leaving, appears, follow_change, is_moved, leave, person_event};
use crate::handle::{ledger, load, wake};
use crate::ids::{EventId, PersonId, RosterId};
use crate::intake::{Changed, Match, new_person};
use crate::person::{Attributes, CanonicalEmail, Lifecycle, Person};
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::store::{Loaded, Version};

use super::correct::is_free;
use super::people::{check_attributes, person, retime};
use super::{AdminError, Expect, Who, deciding};

/// The source of what a sync of the directory tells.
const DIRECTORY: &str = "directory";

/// What an HR system says of a person.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Attributes; those not named stay, null takes one away.
    pub attributes: Map<String, Value>,
    /// The first day.
    pub start_date: Option<Date>,
    /// The last day: left out it stays, null takes it away.
    pub end_date: Option<Option<Date>>,
    /// The roster of the directory, if it did not show them before: they appeared.
    pub appeared: Option<RosterId>,
}

/// Puts a person under a key of another system; answers the person, and whether they are new.
///
/// # Errors
/// `Invalid`; `Refused` if key and addresses belong to several persons.
pub async fn put(
    ports: &Ports,
    who: &Who,
    key: &str,
    given: &Given,
    expect: &Expect,
) -> Result<(Loaded<Person>, bool), AdminError> {
    let attributes = checked(key, given)?;
    let put = deciding!(put_once(ports, who, key, given, &attributes, expect).await)?;
    let (id, is_new) = (put.0.entity.id.clone(), put.1);
    leave_if_over(ports, who, put.0).await?;
    wake::runs_of(ports, &id, who).await?;
    Ok((person(ports, &id).await?, is_new))
}

/// What would come of a put.
pub(super) struct Looked {
    /// Whom it would be about, if they are known.
    pub(super) known: Option<PersonId>,
    /// What changes moves them.
    pub(super) moves: bool,
    /// Their last day is over.
    pub(super) leaves: bool,
}

/// What would come of it; nothing is put.
///
/// # Errors
/// As [`put`].
pub(super) async fn look(
    ports: &Ports,
    company: &Company,
    who: &Who,
    key: &str,
    given: &Given,
) -> Result<Looked, AdminError> {
    let attributes = checked(key, given)?;
    let any = Expect::Anything;
    let Decided {
        known,
        entity,
        begins,
    } = decide(ports, company, who, key, given, &attributes, &any).await?;
    let before = known.as_ref().filter(|_| !begins);
    Ok(Looked {
        moves: before.is_some_and(|before| is_moved(&before.entity, &entity)),
        leaves: entity.state.may_receive() && entity.leaves_at.is_some_and(|at| at <= who.at),
        known: known.map(|known| known.entity.id),
    })
}

/// The attributes, if they and the key can be such.
///
/// # Errors
/// `Invalid` with every mistake.
pub(super) fn checked(key: &str, given: &Given) -> Result<Attributes, AdminError> {
    if key.is_empty() || key.len() > 128 || key.chars().any(char::is_control) {
        return Err(AdminError::mistake("key", "1 to 128 characters"));
    }
    check_attributes(&given.attributes)
}

/// What a put comes to.
struct Decided {
    known: Option<Loaded<Person>>,
    entity: Person,
    /// They begin: new, or back.
    begins: bool,
}

async fn decide(
    ports: &Ports,
    company: &Company,
    who: &Who,
    key: &str,
    given: &Given,
    attributes: &Attributes,
    expect: &Expect,
) -> Result<Decided, AdminError> {
    let known = known(ports, key, attributes).await?;
    expect.check(known.as_ref())?;
    let mut entity = match &known {
        Some(known) => known.entity.clone(),
        None => new_person(fresh_person(ports), who.at),
    };
    identify(&mut entity, key, attributes)?;
    take(&mut entity, attributes, given, company);
    let begins = begin(&mut entity, company, who, known.is_none())?;
    dates(&mut entity, given, company);
    address(ports, &mut entity, company, who).await?;
    is_free(ports, &entity).await?;
    Ok(Decided {
        known,
        entity,
        begins,
    })
}

async fn put_once(
    ports: &Ports,
    who: &Who,
    key: &str,
    given: &Given,
    attributes: &Attributes,
    expect: &Expect,
) -> Result<(Loaded<Person>, bool), AdminError> {
    let company = load::company(ports).await?;
    let Decided {
        known,
        entity,
        begins,
    } = decide(ports, &company, who, key, given, attributes, expect).await?;
    let mut changes = Changes::new(who.clone());
    let changed = match &known {
        Some(known) => Changed::Updated(Box::new(Loaded {
            entity: entity.clone(),
            ..known.clone()
        })),
        None => Changed::New(Box::new(entity.clone())),
    };
    write_person(ports, &changed, &mut changes).await?;
    if let Some(known) = &known {
        say_key(&known.entity, &entity, &mut changes);
    }
    let before = known.as_ref().filter(|_| !begins);
    say_last_day(before.map(|known| &known.entity), &entity, &mut changes);
    if let Some(known) = before {
        follow_change(known, &entity, &company, &mut changes);
    }
    if begins {
        baseline(&entity, given, &company, &mut changes);
    }
    ledger::commit(ports, changes).await?;
    let is_new = known.is_none();
    let version = known.map_or(Version::ABSENT, |known| known.version).next();
    Ok((
        Loaded {
            entity,
            version,
            due: None,
        },
        is_new,
    ))
}

/// Says that somebody who is known is known under a key from now on.
fn say_key(before: &Person, after: &Person, changes: &mut Changes) {
    if before.identifiers.key == after.identifiers.key {
        return;
    }
    let shown = |person: &Person| {
        let key = person.identifiers.key.as_ref();
        key.map(|key| json!({ "key": key }))
    };
    let line = line("tied to another system", after);
    changes.say(line.personal(shown(before), shown(after)));
}

fn line(action: &str, person: &Person) -> Line {
    let stream = StreamId::Person(person.id.clone());
    Line::new(stream, action, format!("person/{}", person.id))
}

/// By key, then by address; never by name.
async fn known(
    ports: &Ports,
    key: &str,
    attributes: &Attributes,
) -> Result<Option<Loaded<Person>>, AdminError> {
    if let Match::One(known) = load::matched(ports, &[Claim::outside(key)]).await? {
        return Ok(Some(*known));
    }
    let claims: Vec<Claim> = emails(attributes)
        .flat_map(|email| [Claim::email(&email), Claim::address(&email)])
        .collect();
    match load::matched(ports, &claims).await? {
        Match::Nobody => Ok(None),
        Match::One(known) => Ok(Some(*known)),
        Match::Several(ids) => {
            let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
            Err(AdminError::refused(
                "ambiguous",
                format!("the addresses belong to {}", ids.join(" and ")),
            ))
        }
    }
}

fn emails(attributes: &Attributes) -> impl Iterator<Item = CanonicalEmail> {
    ["work_email", "personal_email", "email"]
        .into_iter()
        .filter_map(|name| CanonicalEmail::parse(attributes.text(name)?).ok())
}

fn identify(entity: &mut Person, key: &str, attributes: &Attributes) -> Result<(), AdminError> {
    if entity
        .identifiers
        .key
        .as_deref()
        .is_some_and(|known| known != key)
    {
        return Err(AdminError::refused(
            "another_key",
            format!("the addresses belong to {}, who has another key", entity.id),
        ));
    }
    entity.identifiers.key = Some(key.to_owned());
    entity.identifiers.emails.extend(emails(attributes));
    Ok(())
}

fn take(entity: &mut Person, attributes: &Attributes, given: &Given, company: &Company) {
    for (name, value) in &given.attributes {
        if value.is_null() {
            entity.attributes.remove(name);
            entity.unmapped.remove(name);
        }
    }
    let present: Attributes = attributes
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    company.mapping.normalised(&present).put_into(entity);
    if let Some(day) = given.start_date {
        entity.attributes.set("start_date", day.to_string());
    }
}

/// Somebody new, or somebody who comes back, begins; answers whether that is so.
fn begin(
    entity: &mut Person,
    company: &Company,
    who: &Who,
    is_new: bool,
) -> Result<bool, AdminError> {
    retime(entity, company, who.at)?;
    let away = matches!(entity.state, Lifecycle::Left | Lifecycle::Withdrawn);
    let comes_back = away
        && matches!((entity.starts_at, entity.leaves_at), (Some(starts), Some(left)) if starts > left);
    if !is_new && !comes_back && entity.state != Lifecycle::Candidate {
        return Ok(false);
    }
    if comes_back {
        entity.remember_leaving();
        entity.leaves_at = None;
        entity.kept.clear();
        entity.by_hand.clear();
    }
    entity.baselined = true;
    let ahead = entity.starts_at.is_some_and(|starts| starts > who.at);
    entity.enter(if ahead {
        Lifecycle::Preboarding
    } else {
        Lifecycle::Active
    });
    Ok(true)
}

/// The person leaves at the end of the last day, in their zone.
fn dates(entity: &mut Person, given: &Given, company: &Company) {
    let Some(end) = given.end_date else { return };
    if matches!(entity.state, Lifecycle::Left | Lifecycle::Withdrawn) {
        return;
    }
    let place = company.mapping.place(entity);
    entity.leaves_at = end
        .and_then(|day| day.tomorrow().ok())
        .and_then(|next| place.moment(next, None));
    match (entity.state, entity.leaves_at) {
        (Lifecycle::Active, Some(_)) => entity.enter(Lifecycle::Leaving),
        (Lifecycle::Leaving, None) => entity.enter(Lifecycle::Active),
        _ => {}
    }
}

/// A work address is made for who has not started; who is here already has one, and it has to be told.
async fn address(
    ports: &Ports,
    entity: &mut Person,
    company: &Company,
    who: &Who,
) -> Result<(), AdminError> {
    let ahead = entity.starts_at.is_some_and(|starts| starts > who.at);
    if !ahead || entity.text("work_email").is_some() {
        return Ok(());
    }
    if let Some(address) = address_from(ports, company, &entity.effective(), 1).await? {
        entity.attributes.set("work_email", address);
    }
    Ok(())
}

/// Says that somebody was here already, and that they appeared where they did.
fn baseline(entity: &Person, given: &Given, company: &Company, changes: &mut Changes) {
    let mut event = baselined(entity, &changes.origin);
    if event.source == DIRECTORY && given.appeared.is_none() {
        let why = "the directory showed them already: no `user.appeared` is made of it";
        event.why.push(Why::said(changes.origin.at, why));
    }
    say_event(&event, changes);
    changes.insert(&event);
    if let Some(roster) = &given.appeared {
        appears(roster, entity, company, changes);
    }
}

fn baselined(entity: &Person, who: &Who) -> Event {
    let epoch = entity.access_epoch.to_string();
    let id = EventId::derived(&["baselined", entity.id.as_str(), &epoch]);
    // Nobody but a sync of the directory puts people without being asked.
    let source = if who.by_somebody().is_some() {
        "api"
    } else {
        DIRECTORY
    };
    let mut event = person_event(id, EventKind::PersonChanged, source, entity, who.at);
    event.state = EventState::Baselined;
    event.why.push(Why::said(
        who.at,
        "the person was here already: nothing is given before somebody applies it by a replay",
    ));
    event
}

async fn leave_if_over(ports: &Ports, who: &Who, found: Loaded<Person>) -> Result<(), AdminError> {
    let Some(at) = found.entity.leaves_at.filter(|at| *at <= who.at) else {
        return Ok(());
    };
    if !found.entity.state.may_receive() {
        return Ok(());
    }
    let leaving = Leaving {
        at,
        by_hand: false,
        source: "api",
    };
    deciding!(leave_once(ports, who, &found, leaving).await)
}

async fn leave_once(
    ports: &Ports,
    who: &Who,
    found: &Loaded<Person>,
    leaving: Leaving,
) -> Result<(), AdminError> {
    let found = person(ports, &found.entity.id).await?;
    if found.entity.state.may_receive() {
        leave(ports, found, leaving, who.clone()).await?;
    }
    Ok(())
}
