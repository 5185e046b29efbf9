//! Erases people (L23): of somebody who never started everything personal, of somebody who has started what recruiting
//! knew. First goes what belongs to the person, portion by portion, then the person with the key of their audit values,
//! in one commit with its record; whoever is killed in between is followed by another, who goes on.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::account::Account;
use crate::approval::Approval;
use crate::audit::StreamId;
use crate::changes::{Changes, Line, Origin};
use crate::claim::{Claim, Held, Holder};
use crate::erasure::{Erasure, Extent};
use crate::event::{Event, KnownCandidacy};
use crate::ids::{LeverId, PersonId};
use crate::person::{CanonicalEmail, Person};
use crate::ports::{Ports, Reading};
use crate::report::addresses_of;
use crate::roster::{Entry, Face, holder_of};
use crate::run::Run;
use crate::store::{Check, Commit, Entity, Group, Key, Loaded, PageRequest, Put, Query, Version};
use crate::task::Task;

use super::holds::{InTheWay, in_the_way};
use super::rosters::is_still_theirs;
use super::{HandleError, cipher, delivery::claims_of_person, ledger, load};

/// Items that are written or deleted together.
const PORTION: usize = 70;
/// When Lever is asked again while it does not answer.
const DOWN: SignedDuration = SignedDuration::from_hours(1);

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Erased {
    /// It is done.
    Done,
    /// Nothing is to be erased, or Lever still has the candidate.
    Kept,
    /// It waits: for Lever, or until everything is taken back.
    Waits,
}

/// Erases somebody of whom that was asked, if nothing is in the way.
///
/// # Errors
/// `Conflict` if the person moved meanwhile; otherwise if the store did not do it. It stays due.
pub async fn erase(ports: &Ports, person: Loaded<Person>) -> Result<Erased, HandleError> {
    let Some(erasure) = person.entity.erasure.clone() else {
        return Ok(Erased::Kept);
    };
    let now = ports.clock.now();
    let origin = Origin {
        actor: erasure.actor.clone(),
        cause: erasure.cause.clone(),
        correlation_id: person.entity.id.to_string(),
        at: now,
    };
    let Some(gone) = gone(ports, &person.entity, &erasure).await? else {
        let later = now.saturating_add(DOWN).unwrap_or(Timestamp::MAX);
        return put_off(ports, person, Some(later), Changes::new(origin)).await;
    };
    if gone != person.entity.identifiers.opportunities {
        return untie(ports, person, &gone, &erasure, origin).await;
    }
    if let Some((whose, what)) = in_the_way(ports, &person.entity, erasure.extent).await? {
        return wait(ports, person, &whose, what, origin).await;
    }
    if let Some(until) = undone_until(&person.entity, &erasure, now) {
        let mut changes = Changes::new(origin);
        let line = line(&person.entity.id, "erasure waits");
        changes.say(line.after(json!({ "until": until })));
        return put_off(ports, person, Some(until), changes).await;
    }
    for one in absorbed(ports, &person.entity).await? {
        Box::pin(everything(
            ports,
            one,
            &BTreeSet::new(),
            &erasure,
            origin.clone(),
        ))
        .await?;
    }
    match erasure.extent {
        Extent::Recruiting => Box::pin(recruiting(ports, person, &gone, &erasure, origin)).await,
        Extent::Everything => Box::pin(everything(ports, person, &gone, &erasure, origin)).await,
    }
}

/// Until when a leaving may be undone: what it took is kept until then, sealed with the key that goes (L10).
fn undone_until(person: &Person, erasure: &Erasure, now: Timestamp) -> Option<Timestamp> {
    let until = person.undone_until().filter(|until| *until > now);
    until.filter(|_| erasure.extent == Extent::Recruiting)
}

/// Waits for what is in the way: the end of a run of the person's own wakes them, nothing else does.
async fn wait(
    ports: &Ports,
    person: Loaded<Person>,
    whose: &PersonId,
    what: InTheWay,
    origin: Origin,
) -> Result<Erased, HandleError> {
    let id = &person.entity.id;
    let later = origin.at.saturating_add(DOWN).unwrap_or(Timestamp::MAX);
    let mut changes = Changes::new(origin);
    let held = match what {
        InTheWay::Held(held) if whose == id => held,
        InTheWay::Running if whose == id => BTreeSet::new(),
        _ => return put_off(ports, person, Some(later), changes).await,
    };
    let line = line(id, "erasure waits");
    changes.say(line.after(json!({ "held": held })));
    put_off(ports, person, None, changes).await
}

/// Everybody who was merged into a person, and into those; the innermost first, so that nobody is lost when it is cut off.
pub(crate) async fn absorbed(
    ports: &Ports,
    person: &Person,
) -> Result<Vec<Loaded<Person>>, HandleError> {
    let mut ids: Vec<PersonId> = person.absorbed.iter().cloned().collect();
    let mut found = Vec::new();
    while let Some(id) = ids.pop() {
        if let Some(one) = load::person(ports, &id).await? {
            ids.extend(one.entity.absorbed.iter().cloned());
            found.push(one);
        }
    }
    found.reverse();
    Ok(found)
}

fn line(id: &PersonId, action: &str) -> Line {
    Line::new(
        StreamId::Person(id.clone()),
        action.to_owned(),
        format!("person/{id}"),
    )
}

/// The candidacies of a person that Lever has no more; all of them if it was not Lever that had the person erased. None
/// if Lever does not say.
async fn gone(
    ports: &Ports,
    person: &Person,
    erasure: &Erasure,
) -> Result<Option<BTreeSet<LeverId>>, HandleError> {
    let all = &person.identifiers.opportunities;
    if !erasure.is_by_lever() {
        return Ok(Some(all.clone()));
    }
    let needs = load::company(ports).await?.needs();
    let mut gone = BTreeSet::new();
    for opportunity in all {
        match ports.lever.read(opportunity, &needs).await {
            Ok(Reading::Deleted(_) | Reading::Anonymised) => {
                gone.insert(opportunity.clone());
            }
            Ok(Reading::Present(_) | Reading::Hidden) => {}
            Err(error) => {
                tracing::warn!(%error, "whom Lever has deleted is not erased before it says so again");
                return Ok(None);
            }
        }
    }
    Ok(Some(gone))
}

/// It is done later, or when somebody says so.
async fn put_off(
    ports: &Ports,
    mut person: Loaded<Person>,
    look_at: Option<Timestamp>,
    mut changes: Changes,
) -> Result<Erased, HandleError> {
    if let Some(erasure) = &mut person.entity.erasure {
        erasure.look_at = look_at;
    }
    changes.update(&person);
    ledger::commit(ports, changes).await?;
    Ok(Erased::Waits)
}

/// Lever still has another candidacy of the person: only those that are gone are.
async fn untie(
    ports: &Ports,
    mut person: Loaded<Person>,
    gone: &BTreeSet<LeverId>,
    erasure: &Erasure,
    origin: Origin,
) -> Result<Erased, HandleError> {
    let tombs = tombstones(ports, gone, erasure, origin.at).await?;
    write(ports, &person, tombs, Vec::new()).await?;
    forget_candidacies(&mut person.entity, gone);
    person.entity.erasure = None;
    let mut changes = Changes::new(origin);
    changes.update(&person);
    changes.say(line(&person.entity.id, "candidacy erased"));
    ledger::commit(ports, changes).await?;
    Ok(Erased::Kept)
}

fn forget_candidacies(person: &mut Person, gone: &BTreeSet<LeverId>) {
    person
        .identifiers
        .opportunities
        .retain(|known| !gone.contains(known));
    let is_gone = |known: &LeverId| gone.contains(known);
    if person.opportunity.as_ref().is_some_and(is_gone) {
        person.opportunity = None;
    }
}

/// What recruiting knew of somebody who stays: candidacies, contacts, and the addresses that are not the one at work.
async fn recruiting(
    ports: &Ports,
    mut person: Loaded<Person>,
    gone: &BTreeSet<LeverId>,
    erasure: &Erasure,
    origin: Origin,
) -> Result<Erased, HandleError> {
    let company = load::company(ports).await?;
    let entity = &mut person.entity;
    let work = entity
        .text("work_email")
        .and_then(|address| CanonicalEmail::parse(address).ok());
    let mut leaving = entity.clone();
    leaving.identifiers.key = None;
    // Who they are in an application is nothing that recruiting knew.
    leaving.identifiers.users.clear();
    leaving
        .identifiers
        .emails
        .retain(|email| Some(email) != work.as_ref());
    let theirs = leaving.identifiers.emails.clone();
    let is_theirs = |value: &serde_json::Value| {
        let address = value
            .as_str()
            .and_then(|text| CanonicalEmail::parse(text).ok());
        address.is_some_and(|address| theirs.contains(&address))
    };
    let required = &company.mapping.file().required;
    for attributes in [&mut entity.attributes, &mut entity.corrected] {
        let go = attributes
            .iter()
            .filter(|(name, value)| is_theirs(value) && !required.contains(*name));
        let go: Vec<String> = go.map(|(name, _)| name.clone()).collect();
        go.iter().for_each(|name| attributes.remove(name));
    }
    entity
        .identifiers
        .emails
        .retain(|email| Some(email) == work.as_ref());
    entity.identifiers.lever_contact.clear();
    forget_candidacies(entity, gone);
    entity.absorbed.clear();
    entity.erasure = None;
    let claims = claims_of_person(&leaving).into_iter();
    let claims = claims.filter(|claim| !matches!(claim, Claim::Address(_)));
    let (puts, deletes) = freed(ports, &leaving.id, claims).await?;
    let tombs = tombstones(ports, gone, erasure, origin.at).await?;
    let puts = tombs.into_iter().chain(puts).collect();
    write(ports, &person, puts, deletes).await?;
    let mut changes = Changes::new(origin);
    changes.update(&person);
    cipher::renew(ports, &leaving.id, &mut changes).await?;
    changes.say(with_why(
        line(&leaving.id, "recruiting data erased"),
        erasure,
    ));
    ledger::commit(ports, changes).await?;
    Ok(Erased::Done)
}

fn with_why(line: Line, erasure: &Erasure) -> Line {
    line.after(json!({ "reason": erasure.reason, "asked_at": erasure.asked_at }))
}

/// Everything: what belongs to the person, then the person.
async fn everything(
    ports: &Ports,
    person: Loaded<Person>,
    gone: &BTreeSet<LeverId>,
    erasure: &Erasure,
    origin: Origin,
) -> Result<Erased, HandleError> {
    let id = person.entity.id.clone();
    let mut deletes = belongings(ports, &id).await?;
    deletes.extend(dropped_users(ports, &person.entity).await?);
    let mut claims = claims_of_person(&person.entity);
    if let Some(merged) = &person.entity.merged {
        claims.extend(merged.claims.iter().cloned());
    }
    let (mut puts, free) = freed(ports, &id, claims.into_iter()).await?;
    deletes.extend(free);
    puts.extend(tombstones(ports, gone, erasure, origin.at).await?);
    write(ports, &person, puts, deletes).await?;
    let mut changes = Changes::new(origin);
    changes.delete(person.entity.key(), person.version);
    cipher::destroy(ports, &id, &mut changes).await?;
    changes.say(with_why(line(&id, "person erased"), erasure));
    ledger::commit(ports, changes).await?;
    Ok(Erased::Done)
}

/// Candidacies are remembered as erased and by nothing else, so that no old webhook brings anybody back.
async fn tombstones(
    ports: &Ports,
    gone: &BTreeSet<LeverId>,
    erasure: &Erasure,
    now: Timestamp,
) -> Result<Vec<Put>, HandleError> {
    let mut puts = Vec::new();
    for opportunity in gone {
        let key = Key::Candidacy(opportunity.clone());
        let stored = ports.store.find::<KnownCandidacy>(&key).await?;
        let version = stored.map_or(Version::ABSENT, |stored| stored.version);
        let erased = KnownCandidacy {
            erased: true,
            may_return: !erasure.is_by_lever(),
            ..KnownCandidacy::unknown(opportunity.clone(), now)
        };
        puts.push(Put::of(&erased, version));
    }
    Ok(puts)
}

/// What somebody is recognised by is free for others; a work address never is, so that nobody gets another's mail.
async fn freed(
    ports: &Ports,
    id: &PersonId,
    claims: impl Iterator<Item = Claim>,
) -> Result<(Vec<Put>, Vec<Check>), HandleError> {
    let (mut puts, mut deletes) = (Vec::new(), Vec::new());
    let claims: BTreeSet<Claim> = claims.collect();
    for claim in claims {
        let key = Key::Claim(claim.clone());
        let Some(held) = ports.store.find::<Held>(&key).await? else {
            continue;
        };
        if held.entity.holder != Holder::Person(id.clone()) {
            continue;
        }
        if matches!(claim, Claim::Address(_)) {
            let holder = Holder::Stranger;
            puts.push(Put::of(&Held { claim, holder }, held.version));
        } else {
            deletes.push(Check {
                key,
                expect: held.version,
            });
        }
    }
    Ok((puts, deletes))
}

/// What belongs to a person: grants, runs, events, tasks, approvals.
async fn belongings(ports: &Ports, id: &PersonId) -> Result<Vec<Check>, HandleError> {
    let grants = ports.store.group(&Group::Grants(id.clone())).await?;
    let mut found: Vec<Check> = grants
        .into_iter()
        .map(|grant| Check {
            key: grant.key,
            expect: grant.version,
        })
        .collect();
    for kind in [Run::KIND, Event::KIND, Task::KIND, Approval::KIND] {
        let items = load::of_kind(ports, id, kind).await?.into_iter();
        found.extend(items.map(|item| Check {
            key: item.key,
            expect: item.version,
        }));
    }
    Ok(found)
}

/// Users whom rosters still show under an address of the person, or linked to them by hand, although they are gone from the
/// application.
async fn dropped_users(ports: &Ports, person: &Person) -> Result<Vec<Check>, HandleError> {
    let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
    let addresses: BTreeSet<CanonicalEmail> = addresses_of(person).collect();
    let mut found: Vec<Check> = Vec::new();
    for address in addresses {
        let query = Query::Person {
            person: holder_of(&address),
            kind: Entry::KIND,
        };
        let page = PageRequest {
            limit: 100,
            cursor: None,
        };
        for stored in ports.store.list(&query, &page).await?.items {
            let entry: Loaded<Entry> = stored.read()?;
            if gone_from(&accounts, &entry.entity).is_some() {
                found.push(Check {
                    key: stored.key,
                    expect: stored.version,
                });
            }
        }
    }
    for linked in &person.identifiers.users {
        let key = Key::Entry(linked.roster.clone(), linked.user);
        let entry = ports.store.find::<Entry>(&key).await?;
        let is_found = found.iter().any(|one| one.key == key);
        let Some(entry) = entry.filter(|_| !is_found) else {
            continue;
        };
        if let Some(face) = gone_from(&accounts, &entry.entity)
            && is_still_theirs(ports, person, &face.user).await?
        {
            found.push(Check {
                key,
                expect: entry.version,
            });
        }
    }
    Ok(found)
}

/// How a user was who is not in the roster any more.
fn gone_from<'a>(accounts: &[Loaded<Account>], entry: &'a Entry) -> Option<&'a Face> {
    let of = |account: &&Loaded<Account>| account.entity.roster == entry.roster;
    let account = accounts.iter().find(of)?;
    let face = entry.visible(account.entity.applied);
    face.filter(|face| face.deleted)
}

/// Writes in portions, while the person is as they were read; what is done when somebody is killed in between need not be
/// done again.
async fn write(
    ports: &Ports,
    person: &Loaded<Person>,
    puts: Vec<Put>,
    deletes: Vec<Check>,
) -> Result<(), HandleError> {
    let as_read = || Commit {
        checks: vec![Check {
            key: person.entity.key(),
            expect: person.version,
        }],
        ..Commit::default()
    };
    let mut commits: Vec<Commit> = Vec::new();
    commits.extend(puts.chunks(PORTION).map(|puts| Commit {
        puts: puts.to_vec(),
        ..as_read()
    }));
    commits.extend(deletes.chunks(PORTION).map(|deletes| Commit {
        deletes: deletes.to_vec(),
        ..as_read()
    }));
    for commit in commits {
        ports.store.commit(&commit).await?;
    }
    Ok(())
}
