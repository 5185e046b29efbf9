//! What came of syncs: their history, what one of them holds, the roster; and letting a held one count.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use serde_json::json;

use crate::account::Account;
use crate::changes::{Changes, Line};
use crate::definition::IdHash;
use crate::handle::ledger;
use crate::ids::Slug;
use crate::ports::Ports;
use crate::roster::{Entry, Face, Loss};
use crate::store::{Key, Loaded, PartKind};
use crate::sync::{Content, Phase, Sync, SyncPart, SyncState};

use super::accounts::must_be;
use super::{AdminError, Who, deciding};

/// The most users that can be accepted one by one.
const MOST_ACCEPTED: usize = 5_000;

/// The code of the refusal to release another sync than the one that was read.
pub const ANOTHER_HELD: &str = "another_held";

/// Whose losses are accepted of a sync that is held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Accept {
    /// Everybody's.
    All,
    /// Nobody's: what the sync found is dropped.
    None,
    /// Those of the users with these ids of the application.
    Some(BTreeSet<String>),
}

/// A sync that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn sync(
    ports: &Ports,
    account: &Account,
    number: u64,
) -> Result<Loaded<Sync>, AdminError> {
    let key = Key::Sync(account.roster.clone(), number);
    let found = ports.store.find::<Sync>(&key).await?;
    found.ok_or(AdminError::NotFound("sync"))
}

/// Where a page of losses begins: in which part, and where in it. As text `2.40`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LossPlace {
    part: u32,
    place: usize,
}

impl Display for LossPlace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.part, self.place)
    }
}

impl LossPlace {
    /// Reads it as it is printed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (part, place) = text.split_once('.')?;
        Some(Self {
            part: part.parse().ok()?,
            place: place.parse().ok()?,
        })
    }
}

/// One page of those who lose something by a sync.
#[derive(Clone, PartialEq, Debug)]
pub struct Losses {
    /// The users of this page.
    pub some: Vec<Loss>,
    /// Where the next page begins; absent at the end.
    pub next: Option<LossPlace>,
}

/// Who loses something by a sync, from here on, at most so many.
///
/// # Errors
/// If the store cannot be read.
pub async fn losses(
    ports: &Ports,
    sync: &Sync,
    from: LossPlace,
    limit: usize,
) -> Result<Losses, AdminError> {
    let (mut some, mut at) = (Vec::new(), from);
    while at.part < sync.lost_parts && some.len() < limit {
        let key = sync.part(PartKind::Lost, at.part);
        let part = ports.store.find::<SyncPart>(&key).await?;
        let all = match part.map(|part| part.entity.content) {
            Some(Content::Lost(all)) => all,
            _ => Vec::new(),
        };
        let end = at.place.saturating_add(limit.saturating_sub(some.len()));
        let is_whole = end >= all.len();
        some.extend(all.into_iter().take(end).skip(at.place));
        at = if is_whole {
            LossPlace {
                part: at.part.saturating_add(1),
                place: 0,
            }
        } else {
            LossPlace { place: end, ..at }
        };
    }
    let next = (at.part < sync.lost_parts).then_some(at);
    Ok(Losses { some, next })
}

/// A user of the roster that counts.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn user(
    ports: &Ports,
    account: &Account,
    external_id: &str,
) -> Result<Entry, AdminError> {
    let key = Key::Entry(account.roster.clone(), IdHash::of(external_id));
    let found = ports.store.find::<Entry>(&key).await?;
    let found = found.filter(|entry| entry.entity.visible(account.applied).is_some());
    Ok(found.ok_or(AdminError::NotFound("user"))?.entity)
}

/// The version of the definition that made a user what they are, for as long as the sync that changed them last is kept.
///
/// # Errors
/// If the store cannot be read.
pub async fn version_of(
    ports: &Ports,
    account: &Account,
    face: &Face,
) -> Result<Option<u32>, AdminError> {
    let key = Key::Sync(account.roster.clone(), face.sync);
    let sync = ports.store.find::<Sync>(&key).await?;
    Ok(sync.map(|sync| sync.entity.version))
}

/// Decides about the sync that is held: the one with the number that was `seen`, where somebody read who loses something by it.
/// What is accepted counts as soon as a worker has taken back the rest.
///
/// # Errors
/// `Refused` if none is held any more or another one than was seen, `Invalid` for ids that lose nothing by it.
pub async fn release(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
    seen: Option<u64>,
    accept: &Accept,
) -> Result<u64, AdminError> {
    deciding!(release_once(ports, who, definition, name, seen, accept).await)
}

async fn release_once(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
    seen: Option<u64>,
    accept: &Accept,
) -> Result<u64, AdminError> {
    let mut account = must_be(ports, definition, name).await?;
    let nothing = || AdminError::refused("nothing_held", "no sync of this account is held");
    let number = account.entity.held.ok_or_else(nothing)?;
    if seen.is_some_and(|seen| seen != number) {
        let why = "another sync is held now than the one that was read";
        return Err(AdminError::refused(ANOTHER_HELD, why));
    }
    let mut held = sync(ports, &account.entity, number).await?;
    let accepted = accepted(ports, &held.entity, accept).await?;
    account.entity.held = None;
    match accept {
        Accept::None => held.entity.end(SyncState::Dropped, who.at),
        Accept::All | Accept::Some(_) => {
            account.entity.syncing = Some(number);
            let first = match accept {
                // Nothing is taken back.
                Accept::All => held.entity.lost_parts,
                Accept::Some(_) | Accept::None => 0,
            };
            held.entity.state = SyncState::Running;
            held.entity.finished_at = None;
            held.entity.look_at = who.at;
            held.entity.phase = Phase::Release {
                accepted: accepted.clone(),
                part: first,
                place: 0,
            };
        }
    }
    let mut changes = Changes::new(who.clone());
    let what = match accept {
        Accept::All => json!("all"),
        Accept::None => json!("none"),
        Accept::Some(_) => json!(accepted.len()),
    };
    let target = format!("sync/{number}");
    let line = Line::new(account.entity.stream(), "sync released", target);
    changes.say(line.after(json!({ "accepted": what })));
    changes.update(&account);
    changes.update(&held);
    ledger::commit(ports, changes).await?;
    Ok(number)
}

async fn accepted(
    ports: &Ports,
    held: &Sync,
    accept: &Accept,
) -> Result<BTreeSet<IdHash>, AdminError> {
    let Accept::Some(ids) = accept else {
        return Ok(BTreeSet::new());
    };
    if ids.len() > MOST_ACCEPTED {
        let message = format!("at most {MOST_ACCEPTED}");
        return Err(AdminError::mistake("accept", message));
    }
    let all = losses(ports, held, LossPlace::default(), usize::MAX).await?;
    let all = all.some.iter();
    let known: BTreeSet<&str> = all.map(|loss| loss.external_id.as_str()).collect();
    if let Some(place) = ids.iter().position(|id| !known.contains(id.as_str())) {
        let message = "this user loses nothing by the sync that is held";
        return Err(AdminError::mistake(format!("accept[{place}]"), message));
    }
    Ok(ids.iter().map(|id| IdHash::of(id)).collect())
}
