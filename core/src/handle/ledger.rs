//! Commits changes together with their audit records: no change without its record, no record without its change.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audit::{AuditValue, Draft, Head, PersonKey, Record, StreamId};
use crate::changes::{Changes, Line, Origin, Shown};
use crate::ids::PersonId;
use crate::metric::Metric;
use crate::ports::{Ports, WorkMessage};
use crate::store::{Commit, Key, Loaded, Put, StoreError, Version};
use crate::tally::{SHARDS, Tally, day_of};

use super::cipher::Cipher;
use super::{HandleError, finding, matches};

/// How often a commit is repeated while the store is busy or a stream's head moves.
const TRIES: u32 = 12;

/// Messages are sent for what is due within this time; the rest is found by the schedule.
const SOON: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// Commits all changes and their records, or nothing; then sends a message for what is due soon.
///
/// # Errors
/// `Conflict` if an entity moved since it was read: read and decide again.
pub async fn commit(ports: &Ports, changes: Changes) -> Result<(), HandleError> {
    let mut tries = 0;
    let mut busy = false;
    let mut sealed = None;
    loop {
        let commit = match sealed.take().filter(|_| busy) {
            Some(same) => same,
            // Kept aside, as what everything that commits would be larger by.
            None => Box::pin(seal(ports, &changes)).await?,
        };
        match ports.store.commit(&commit).await {
            Ok(()) => {
                for (metric, value) in &changes.measured {
                    metric.record(*value);
                }
                announce(ports, &changes).await;
                matches::note(ports, &changes.matched, changes.origin.at).await;
                return Ok(());
            }
            // Somebody else wrote to the same stream, or counted at the same time: nothing that was decided changes.
            Err(StoreError::Conflict { key }) if tries < TRIES && is_shared(&key) => busy = false,
            Err(StoreError::Contended) if tries < TRIES => busy = true,
            Err(error) => return Err(error.into()),
        }
        sealed = Some(commit);
        ports.clock.sleep(pause(tries)).await;
        tries += 1;
    }
}

/// The same; without effect if an entity moved since it was read.
///
/// # Errors
/// If the store did not do it.
pub async fn commit_unless_moved(ports: &Ports, changes: Changes) -> Result<(), HandleError> {
    match commit(ports, changes).await {
        Err(HandleError::Store(StoreError::Conflict { .. })) => Ok(()),
        done => done,
    }
}

/// Is it something that everybody writes to, and that no decision rests on?
fn is_shared(key: &Key) -> bool {
    matches!(key, Key::Head(_) | Key::PersonKey(_) | Key::Finder) || Tally::has(key)
}

fn pause(tries: u32) -> Duration {
    Duration::from_millis(5_u64.saturating_mul(1 << tries.min(7)))
}

async fn seal(ports: &Ports, changes: &Changes) -> Result<Commit, HandleError> {
    let mut commit = Commit {
        puts: changes.puts.clone(),
        deletes: changes.deletes.clone(),
        checks: changes.checks.clone(),
        records: Vec::new(),
    };
    let mut heads: BTreeMap<StreamId, (Head, Version)> = BTreeMap::new();
    let mut ciphers: BTreeMap<PersonId, Cipher> = BTreeMap::new();
    for line in &changes.lines {
        let (before, after) = values(ports, line, &mut ciphers, &mut commit).await?;
        if !heads.contains_key(&line.stream) {
            heads.insert(line.stream.clone(), head(ports, &line.stream).await?);
        }
        if let Some((head, _)) = heads.get_mut(&line.stream) {
            commit
                .records
                .push(record(head, &changes.origin, line, before, after));
        }
    }
    for (head, version) in heads.into_values() {
        commit.puts.push(Put::of(&head, version));
    }
    commit.puts.extend(tally(ports, changes).await?);
    let letters = changes.letters.iter();
    commit
        .puts
        .extend(letters.map(|letter| Put::of(letter, Version::ABSENT)));
    finding::follow(ports, &mut commit).await?;
    Ok(commit)
}

/// The day with what these changes measured.
async fn tally(ports: &Ports, changes: &Changes) -> Result<Option<Put>, HandleError> {
    let kept = changes.measured.iter();
    let kept: Vec<&(Metric, i64)> = kept.filter(|(metric, _)| metric.is_kept()).collect();
    let Some(put) = changes.puts.first().filter(|_| !kept.is_empty()) else {
        return Ok(None);
    };
    let (day, shard) = (day_of(changes.origin.at), put.key.shard(SHARDS));
    let key = Tally::key_of(day, shard);
    let stored: Option<Loaded<Tally>> = ports.store.find(&key).await?;
    let (mut tally, version) = stored.map_or_else(
        || (Tally::empty(day, shard), Version::ABSENT),
        |stored| (stored.entity, stored.version),
    );
    for (metric, value) in kept {
        tally.measured.entry(*metric).or_default().add(*value);
    }
    Ok(Some(Put::of(&tally, version)))
}

async fn head(ports: &Ports, stream: &StreamId) -> Result<(Head, Version), HandleError> {
    let stored = ports.store.find::<Head>(&Key::Head(stream.clone())).await?;
    Ok(stored.map_or_else(
        || (Head::empty(stream.clone()), Version::ABSENT),
        |head| (head.entity, head.version),
    ))
}

type Values = (Option<AuditValue>, Option<AuditValue>);

async fn values(
    ports: &Ports,
    line: &Line,
    ciphers: &mut BTreeMap<PersonId, Cipher>,
    commit: &mut Commit,
) -> Result<Values, HandleError> {
    let personal = [&line.before, &line.after]
        .into_iter()
        .any(|value| matches!(value, Some(Shown::Personal(_))));
    let cipher = match &line.stream {
        StreamId::Person(person) if personal => {
            if !ciphers.contains_key(person) {
                ciphers.insert(person.clone(), cipher(ports, person, commit).await?);
            }
            ciphers.get(person)
        }
        _ => None,
    };
    let value = |shown: &Option<Shown>| match (shown, cipher) {
        (None, _) => Ok(None),
        (Some(Shown::Open(value)), _) => Ok(Some(AuditValue::Open(value.clone()))),
        (Some(Shown::Personal(value)), Some(cipher)) => cipher.seal(ports, value).map(Some),
        // Outside a person's stream there is no key: the value is not recorded.
        (Some(Shown::Personal(_)), None) => Ok(None),
    };
    Ok((value(&line.before)?, value(&line.after)?))
}

async fn cipher(
    ports: &Ports,
    person: &PersonId,
    commit: &mut Commit,
) -> Result<Cipher, HandleError> {
    if let Some(cipher) = Cipher::find(ports, person).await? {
        return Ok(cipher);
    }
    let (cipher, item): (Cipher, PersonKey) = Cipher::make(ports, person).await?;
    commit.puts.push(Put::of(&item, Version::ABSENT));
    Ok(cipher)
}

fn record(
    head: &mut Head,
    origin: &Origin,
    line: &Line,
    before: Option<AuditValue>,
    after: Option<AuditValue>,
) -> Record {
    head.seal(Draft {
        at: origin.at,
        actor: origin.actor.clone(),
        cause: origin.cause.clone(),
        action: line.action.clone(),
        target: line.target.clone(),
        before,
        after,
        result: line.result.clone(),
        correlation_id: origin.correlation_id.clone(),
    })
}

/// Sends a message for everything that is due soon, so that it happens on time. Nothing depends on it.
async fn announce(ports: &Ports, changes: &Changes) {
    let now = ports.clock.now();
    for put in changes
        .puts
        .iter()
        .filter(|put| !changes.leased.contains(&put.key))
    {
        let Some(due) = put.due else { continue };
        let wait = due.duration_since(now);
        if wait <= SOON {
            let delay = Duration::try_from(wait).unwrap_or_default();
            let message = WorkMessage {
                key: put.key.clone(),
                version: put.expect.next(),
            };
            ports.work.send(message, delay).await;
        }
    }
}
