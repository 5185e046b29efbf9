//! Users of rosters linked to people by hand (B17): one who has no address, or an address that nobody has. An address
//! counts before a link, so that a link takes no user from anybody.
//!
//! A link goes with the person who has it: to whoever they are merged into, and away when they are erased. It stays while
//! the user is gone from the roster, and ends with the connection.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::account::Account;
use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::claim::{Claim, Held, Holder};
use crate::definition::{IdHash, User};
use crate::handle::erasure::absorbed;
use crate::handle::{directory, ledger, load, whose};
use crate::ids::{ExternalId, PersonId};
use crate::intake::Match;
use crate::linked::Linked;
use crate::person::{Identifiers, Person};
use crate::ports::Ports;
use crate::roster::Face;
use crate::store::{Key, Loaded, Version};

use super::review::Place;
use super::{AdminError, Expect, LONGEST_REASON, Who, accounts, deciding, identity, syncs};

/// How many users a person is linked to at most.
pub(crate) const MOST: usize = 20;

/// Whose a user is.
#[derive(Clone, PartialEq, Debug)]
pub struct Owned {
    /// Who.
    pub person: Person,
    /// The link that says so, with what conditions know it by; none if the user's address does.
    pub link: Option<(Linked, Version)>,
}

/// Whose a user of an account is; none if nobody's who is known.
///
/// # Errors
/// If the store cannot be read.
pub async fn owner(
    ports: &Ports,
    account: &Account,
    user: &User,
) -> Result<Option<Owned>, AdminError> {
    let Match::One(person) = whose::of(ports, &account.roster, user).await? else {
        return Ok(None);
    };
    let id = IdHash::of(&user.external_id);
    let person = person.entity;
    let linked = person.identifiers.linked(&account.roster, id).cloned();
    let link = linked.map(|linked| {
        let mark = mark(&linked);
        (linked, mark)
    });
    Ok(Some(Owned { person, link }))
}

/// The link of a user that does not count, as somebody else than who was linked got the address.
///
/// # Errors
/// If the store cannot be read.
pub async fn overruled(
    ports: &Ports,
    account: &Account,
    user: &User,
    owner: Option<&Owned>,
) -> Result<Option<Owned>, AdminError> {
    let id = IdHash::of(&user.external_id);
    let Some((person, link)) = holder(ports, account, id).await? else {
        return Ok(None);
    };
    let counts = owner.is_some_and(|owner| owner.person.id == person.entity.id);
    Ok((!counts).then(|| Owned {
        person: person.entity,
        link: Some((link.entity, link.version)),
    }))
}

/// Who was linked to a user, and the link; nobody if no link was made, or it was taken back.
async fn holder(
    ports: &Ports,
    account: &Account,
    user: IdHash,
) -> Result<Option<(Loaded<Person>, Loaded<Linked>)>, AdminError> {
    let key = Key::Claim(Claim::user(&account.roster, user));
    let held = ports.store.find::<Held>(&key).await?;
    let Some(Holder::Person(id)) = held.map(|held| held.entity.holder) else {
        return Ok(None);
    };
    let Some(person) = load::person(ports, &id).await? else {
        return Ok(None);
    };
    let known = &person.entity.identifiers;
    let linked = known.linked(&account.roster, user).cloned();
    Ok(linked.map(|linked| {
        let link = Loaded {
            version: mark(&linked),
            entity: linked,
            due: None,
        };
        (person, link)
    }))
}

/// What conditions know a link by: claims count their versions anew with each.
fn mark(linked: &Linked) -> Version {
    Version(u64::try_from(linked.at.as_millisecond()).unwrap_or_default())
}

/// Says that a user of a roster is a person, who is named by id or by an address that they are known by; answers whether
/// that is new.
///
/// # Errors
/// `NotFound` without such a user or person, `Invalid` without a reason, `Stale` if the link is not as expected, `Refused`
/// if somebody else has the user's address or was linked to it, or if the person cannot be.
pub async fn link(
    ports: &Ports,
    who: &Who,
    place: Place<'_>,
    person: &str,
    reason: &str,
    expect: &Expect,
) -> Result<bool, AdminError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        let wanted = format!("why, in 1 to {LONGEST_REASON} characters: it is kept in the audit");
        return Err(AdminError::mistake("reason", wanted));
    }
    deciding!(link_once(ports, who, place, person, reason, expect).await)
}

async fn link_once(
    ports: &Ports,
    who: &Who,
    place: Place<'_>,
    person: &str,
    reason: &str,
    expect: &Expect,
) -> Result<bool, AdminError> {
    let account = accounts::must_be(ports, place.definition, place.name).await?;
    let account = account.entity;
    let entry = syncs::user(ports, &account, place.external_id).await?;
    let face = entry.visible(account.applied);
    let face = face.ok_or(AdminError::NotFound("user"))?;
    let held = holder(ports, &account, entry.id).await?;
    expect.check(held.as_ref().map(|(_, link)| link))?;
    let mut person = identity::find(ports, person, "person").await?;
    let id = person.entity.id.clone();
    match held {
        Some((of, _)) if of.entity.id == id => return Ok(false),
        Some(_) => {
            let why = "the user is linked to somebody else: unlink them first";
            return Err(AdminError::refused("linked", why));
        }
        None => {}
    }
    may_be(ports, &account, &person.entity, face).await?;
    let mut changes = Changes::new(who.clone());
    let ended = ended(ports, &person.entity).await?;
    take_out(ports, &mut person, ended, &mut changes).await?;
    if person.entity.identifiers.users.len() >= MOST {
        let why = format!("the person is linked to {MOST} users already: unlink one first");
        return Err(AdminError::refused("too_many", why));
    }
    let linked = Linked {
        roster: account.roster.clone(),
        user: entry.id,
        account: account.label(),
        external_id: external_id(place)?,
        by: who.actor.clone(),
        at: who.at,
        reason: reason.to_owned(),
    };
    let line = Line::new(stream(&id), "user linked by hand", target(&account));
    changes.say(line.personal(None, Some(shown(&linked))));
    person.entity.identifiers.users.insert(linked);
    changes.update(&person);
    let claim = Claim::user(&account.roster, entry.id);
    let holder = Holder::Person(id);
    changes.insert(&Held { claim, holder });
    ledger::commit(ports, changes).await?;
    Ok(true)
}

/// Takes a link back: the user is whose the address is, or nobody's again.
///
/// # Errors
/// `NotFound` without a link, `Stale` if it is not as expected.
pub async fn unlink(
    ports: &Ports,
    who: &Who,
    place: Place<'_>,
    expect: &Expect,
) -> Result<(), AdminError> {
    deciding!(unlink_once(ports, who, place, expect).await)
}

async fn unlink_once(
    ports: &Ports,
    who: &Who,
    place: Place<'_>,
    expect: &Expect,
) -> Result<(), AdminError> {
    let account = accounts::must_be(ports, place.definition, place.name).await?;
    let account = account.entity;
    let user = IdHash::of(place.external_id);
    let held = holder(ports, &account, user).await?;
    let (mut person, link) = held.ok_or(AdminError::NotFound("link"))?;
    expect.check(Some(&link))?;
    let linked = link.entity;
    let mut changes = Changes::new(who.clone());
    let line = Line::new(
        stream(&person.entity.id),
        "user unlinked by hand",
        target(&account),
    );
    changes.say(line.personal(Some(shown(&linked)), None));
    take_out(ports, &mut person, [linked].into(), &mut changes).await?;
    changes.update(&person);
    ledger::commit(ports, changes).await?;
    Ok(())
}

/// Can the person be this user?
async fn may_be(
    ports: &Ports,
    account: &Account,
    person: &Person,
    face: &Face,
) -> Result<(), AdminError> {
    identity::is_whole(person)?;
    if person.erasure.is_some() {
        let why = "the person is to be erased: nothing can be linked to them";
        return Err(AdminError::refused("erasure_asked", why));
    }
    if face.deleted {
        let why = "the user is not in the application any more: there is nothing to link";
        return Err(AdminError::refused("vanished", why));
    }
    let by_key = directory::by_key(ports, account, &face.user).await?;
    if matches!(by_key, Match::One(one) if one.entity.id != person.id) {
        let why =
            "the directory knows this user as somebody else: if they are one human, merge the two";
        return Err(AdminError::refused("key_known", why));
    }
    match whose::by_address(ports, &face.user).await? {
        Match::Nobody => Ok(()),
        Match::One(one) if one.entity.id == person.id => Ok(()),
        Match::One(_) | Match::Several(_) => {
            let why = "somebody else is known by the user's address, and an address counts before a link: if they are one \
                human, merge the two";
            Err(AdminError::refused("address_known", why))
        }
    }
}

/// Links of the person to users of connections that are no more.
async fn ended(ports: &Ports, person: &Person) -> Result<BTreeSet<Linked>, AdminError> {
    let users = &person.identifiers.users;
    if users.is_empty() {
        return Ok(BTreeSet::new());
    }
    let accounts = accounts::all(ports).await?;
    let is_there = |linked: &Linked| {
        let mut accounts = accounts.iter();
        accounts.any(|account| account.entity.roster == linked.roster)
    };
    let ended = users.iter().filter(|linked| !is_there(linked));
    Ok(ended.cloned().collect())
}

/// Takes links and their claims away, also from what those would have again who were merged into the person.
async fn take_out(
    ports: &Ports,
    person: &mut Loaded<Person>,
    users: BTreeSet<Linked>,
    changes: &mut Changes,
) -> Result<(), AdminError> {
    if users.is_empty() {
        return Ok(());
    }
    let of = |linked: &Linked| Claim::user(&linked.roster, linked.user);
    let claims: BTreeSet<Claim> = users.iter().map(of).collect();
    let part = Identifiers {
        users,
        ..Identifiers::default()
    };
    person.entity.identifiers.take_out(&part);
    for mut other in absorbed(ports, &person.entity).await? {
        let Some(merged) = &mut other.entity.merged else {
            continue;
        };
        if !merged.identifiers.users.is_disjoint(&part.users) {
            merged.identifiers.take_out(&part);
            merged.gained.take_out(&part);
            merged.claims.retain(|claim| !claims.contains(claim));
            changes.update(&other);
        }
    }
    for claim in claims {
        let key = Key::Claim(claim);
        if let Some(held) = ports.store.find::<Held>(&key).await? {
            changes.delete(key, held.version);
        }
    }
    Ok(())
}

fn external_id(place: Place<'_>) -> Result<ExternalId, AdminError> {
    ExternalId::try_from(place.external_id.to_owned()).map_err(|_| {
        let why = "the application's id of the user is too long, or has control characters: it cannot be linked";
        AdminError::refused("odd_id", why)
    })
}

/// Personal: the id may be an address, and the reason may name somebody.
fn shown(linked: &Linked) -> Value {
    json!({ "account": linked.account, "user": linked.external_id, "reason": linked.reason })
}

fn stream(person: &PersonId) -> StreamId {
    StreamId::Person(person.clone())
}

fn target(account: &Account) -> String {
    format!("app/{}", account.app)
}
