//! Keeps the checkpoints of the audit where nobody can change them: an object each, in their order, none left out.

use futures::future::join_all;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::{Cause, Record, StreamId};
use crate::changes::{Changes, Origin};
use crate::ports::{Anchors, Ports, RemoteError};
use crate::store::{Entity, Key, StoreError, as_json};

use super::{HandleError, ledger};

/// Checkpoints that are kept at once.
const AT_ONCE: usize = 10;
/// How long it is gone on with what has piled up; the next minute goes on from there.
const TURN: SignedDuration = SignedDuration::from_secs(20);

/// Why checkpoints are not kept. What was kept before is noted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The store did not do it.
    #[error("checkpoints cannot be read, or it cannot be noted which are kept")]
    Handle(#[from] HandleError),
    /// The place where they are to be kept did not take one.
    #[error("a checkpoint was not taken")]
    Refused(#[from] RemoteError),
}

impl From<StoreError> for AnchorError {
    fn from(error: StoreError) -> Self {
        Self::Handle(error.into())
    }
}

/// Up to which checkpoint all are kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Anchored {
    /// Its place among the checkpoints.
    pub seq: u64,
    /// When it was kept.
    pub at: Timestamp,
}

impl Entity for Anchored {
    const KIND: &'static str = "anchored";

    fn key(&self) -> Key {
        Key::Counter("anchored".to_owned())
    }
}

/// Keeps every checkpoint that is not kept yet, oldest first. To be called every minute, after a checkpoint was taken.
///
/// # Errors
/// If the store or the place where they are kept did not do it. What was kept is noted, and the next call goes on there.
pub async fn keep(ports: &Ports, anchors: &dyn Anchors) -> Result<(), AnchorError> {
    let until = ports.clock.now().saturating_add(TURN);
    let until = until.unwrap_or(Timestamp::MAX);
    while ports.clock.now() < until && keep_some(ports, anchors).await? {}
    Ok(())
}

/// Keeps the next ones; false if there are none left.
async fn keep_some(ports: &Ports, anchors: &dyn Anchors) -> Result<bool, AnchorError> {
    let key = Key::Counter("anchored".to_owned());
    let known = ports.store.find::<Anchored>(&key).await?;
    let kept = known.as_ref().map_or(0, |known| known.entity.seq);
    let records = ports
        .store
        .records(&StreamId::Checkpoints, kept.saturating_add(1), AT_ONCE)
        .await?;
    let keeping = records.iter().map(|record| keep_one(anchors, record));
    let mut done = kept;
    let mut failed = None;
    for (record, outcome) in records.iter().zip(join_all(keeping).await) {
        match outcome {
            // One that came after one that failed is kept again: the same object once more.
            Ok(()) if failed.is_none() => done = record.seq,
            Ok(()) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if done > kept {
        let now = ports.clock.now();
        let mut changes = Changes::new(Origin::sando(
            Cause::of("schedule", "anchor"),
            "anchor",
            now,
        ));
        let anchored = Anchored { seq: done, at: now };
        match known {
            Some(mut known) => {
                known.entity = anchored;
                changes.update(&known);
            }
            None => changes.insert(&anchored),
        }
        match ledger::commit(ports, changes).await {
            // Another one keeps the same at the same moment.
            Ok(()) | Err(HandleError::Store(StoreError::Conflict { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(records.len() == AT_ONCE),
    }
}

async fn keep_one(anchors: &dyn Anchors, record: &Record) -> Result<(), RemoteError> {
    let mut line = as_json(record);
    line.push('\n');
    anchors.keep(&name(record), line).await
}

/// The same for the same checkpoint, in the order of time: `20270104T093000Z-00000000000000000007.jsonl`.
fn name(record: &Record) -> String {
    let at = record.at.to_zoned(TimeZone::UTC);
    format!("{}-{:020}.jsonl", at.strftime("%Y%m%dT%H%M%SZ"), record.seq)
}
