//! Checkpoints: the ends of all chains that moved, minute by minute, in a chain of their own.
//!
//! Whoever can write the tables can rewrite a chain and its head. A checkpoint that was kept elsewhere (a log, a locked
//! bucket) contradicts them: its hash covers the ends of the chains at that minute, and every checkpoint before it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{AuditValue, Broken, Head, Record, StreamId};

/// How many ends one checkpoint names; more are in several.
const MOST_ENDS: usize = 1_000;

/// What the record of a checkpoint is called.
pub const ACTION: &str = "checkpoint";

/// The end of a chain, as a checkpoint names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct End {
    /// Which stream.
    pub stream: StreamId,
    /// How many records it had.
    pub seq: u64,
    /// The hash of the last one.
    pub hash: String,
}

impl From<Head> for End {
    fn from(head: Head) -> Self {
        Self {
            stream: head.stream,
            seq: head.seq,
            hash: head.hash,
        }
    }
}

/// What a checkpoint says, in the open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Said {
    root: String,
    ends: Vec<End>,
}

/// What the records of a checkpoint of these ends say, in the order of the streams.
#[must_use]
pub fn said(mut ends: Vec<End>) -> Vec<Value> {
    ends.sort();
    ends.chunks(MOST_ENDS)
        .map(|ends| json!({ "root": root(ends), "ends": ends }))
        .collect()
}

/// The ends that a checkpoint names.
///
/// # Errors
/// If it is no checkpoint, or its root is not that of its ends.
pub fn ends(record: &Record) -> Result<Vec<End>, Broken> {
    let broken = |why: &str| Broken {
        stream: record.stream.clone(),
        seq: record.seq,
        why: why.to_owned(),
    };
    let said = match &record.after {
        Some(AuditValue::Open(said)) if record.action == ACTION => Said::deserialize(said).ok(),
        _ => None,
    };
    let said = said.ok_or_else(|| broken("it is no checkpoint"))?;
    if root(&said.ends) != said.root {
        return Err(broken("its root is not that of its ends"));
    }
    Ok(said.ends)
}

/// The root of a Merkle tree over the ends (SHA-256; leaves and nodes begin with another byte, as in RFC 6962).
#[must_use]
pub fn root(ends: &[End]) -> String {
    let mut level: Vec<[u8; 32]> = ends
        .iter()
        .map(|end| {
            let leaf = format!("{}\n{}\n{}", end.stream, end.seq, end.hash);
            Sha256::new()
                .chain_update([0])
                .chain_update(leaf.as_bytes())
                .finalize()
                .into()
        })
        .collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => Sha256::new()
                    .chain_update([1])
                    .chain_update(left)
                    .chain_update(right)
                    .finalize()
                    .into(),
                [alone] => *alone,
                _ => [0; 32],
            })
            .collect();
    }
    hex::encode(level.first().copied().unwrap_or_default())
}

/// A checkpoint as it was kept outside: its place and its hash say everything. Read from the record, or from a log line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Its place among the checkpoints.
    #[serde(alias = "audit.seq")]
    pub seq: u64,
    /// Its hash.
    #[serde(alias = "audit.hash")]
    pub hash: String,
}

/// What kept checkpoints demand of the trail: collects the checkpoints that are there, then judges chain by chain.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    kept: BTreeMap<u64, String>,
    ends: BTreeMap<StreamId, (u64, String)>,
}

impl Demands {
    /// Of these checkpoints.
    pub fn of(kept: impl IntoIterator<Item = Kept>) -> Self {
        Self {
            kept: kept.into_iter().map(|one| (one.seq, one.hash)).collect(),
            ends: BTreeMap::new(),
        }
    }

    /// Takes the next checkpoint of the trail, in order. What came after the last kept one demands nothing.
    ///
    /// # Errors
    /// If it is another than was kept.
    pub fn take(&mut self, record: &Record) -> Result<(), Broken> {
        let Some((last, _)) = self.kept.last_key_value() else {
            return Ok(());
        };
        if record.seq > *last {
            return Ok(());
        }
        if self
            .kept
            .get(&record.seq)
            .is_some_and(|hash| *hash != record.hash)
        {
            return Err(Broken {
                stream: record.stream.clone(),
                seq: record.seq,
                why: "it is not the checkpoint that was kept".to_owned(),
            });
        }
        for end in ends(record)? {
            self.ends.insert(end.stream, (end.seq, end.hash));
        }
        let (seq, hash) = (record.seq, record.hash.clone());
        self.ends.insert(StreamId::Checkpoints, (seq, hash));
        Ok(())
    }

    /// The kept checkpoints that the trail lacks.
    ///
    /// # Errors
    /// The first of them.
    pub fn all_there(&self) -> Result<(), Broken> {
        let walked = self.ends.get(&StreamId::Checkpoints);
        let walked = walked.map_or(0, |(seq, _)| *seq);
        match self.kept.keys().find(|seq| **seq > walked) {
            None => Ok(()),
            Some(seq) => Err(Broken {
                stream: StreamId::Checkpoints,
                seq: *seq,
                why: "the checkpoint that was kept is not there".to_owned(),
            }),
        }
    }

    /// The places that must be there, each in its stream, with the hash that must stand there.
    pub fn places(&self) -> impl Iterator<Item = (&StreamId, u64, &str)> {
        self.ends
            .iter()
            .map(|(stream, (seq, hash))| (stream, *seq, hash.as_str()))
    }

    /// Judges one place.
    ///
    /// # Errors
    /// If another record stands there, or none.
    pub fn judge(
        stream: &StreamId,
        seq: u64,
        hash: &str,
        found: Option<&Record>,
    ) -> Result<(), Broken> {
        let why = match found {
            Some(record) if record.hash == hash => return Ok(()),
            Some(_) => "a checkpoint knows another record here",
            None => "a checkpoint knows a record here",
        };
        Err(Broken {
            stream: stream.clone(),
            seq,
            why: why.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::{Cause, Draft};
    use super::*;

    fn end(stream: StreamId, seq: u64) -> End {
        let hash = format!("{seq:064}");
        End { stream, seq, hash }
    }

    fn checkpoint(head: &mut Head, ends: Vec<End>) -> Record {
        let after = said(ends).remove(0);
        head.seal(Draft {
            at: Timestamp::UNIX_EPOCH,
            actor: "sando".into(),
            cause: Cause::of("schedule", "checkpoint"),
            action: ACTION.into(),
            target: "audit".into(),
            before: None,
            after: Some(AuditValue::Open(after)),
            result: "ok".into(),
            correlation_id: "checkpoint".into(),
        })
    }

    fn kept(record: &Record) -> Kept {
        let hash = record.hash.clone();
        Kept {
            seq: record.seq,
            hash,
        }
    }

    #[test]
    fn a_root_follows_from_every_end_and_their_order() {
        let ends = vec![end(StreamId::Config, 1), end(StreamId::Events, 2)];
        let mut reordered = ends.clone();
        reordered.reverse();
        let mut other = ends.clone();
        other[1].seq = 3;

        assert_ne!(root(&ends), root(&reordered));
        assert_ne!(root(&ends), root(&other));
        assert_ne!(root(&ends), root(&ends[..1]));
    }

    #[test]
    fn a_checkpoint_whose_ends_were_altered_is_none() {
        let mut head = Head::empty(StreamId::Checkpoints);
        let mut record = checkpoint(&mut head, vec![end(StreamId::Config, 1)]);
        assert_eq!(ends(&record).unwrap().len(), 1);

        record.after = record.after.map(|after| match after {
            AuditValue::Open(mut said) => {
                said["ends"][0]["seq"] = 7.into();
                AuditValue::Open(said)
            }
            sealed => sealed,
        });

        assert_eq!(
            ends(&record).unwrap_err().why,
            "its root is not that of its ends"
        );
    }

    #[test]
    fn a_kept_checkpoint_finds_a_rewritten_past_and_a_cut_tail() {
        let mut head = Head::empty(StreamId::Checkpoints);
        let first = checkpoint(&mut head, vec![end(StreamId::Config, 1)]);
        let second = checkpoint(&mut head, vec![end(StreamId::Config, 2)]);
        let mut forged_head = Head::empty(StreamId::Checkpoints);
        let forged = checkpoint(&mut forged_head, vec![end(StreamId::Events, 1)]);

        let mut demands = Demands::of([kept(&second)]);
        demands.take(&first).unwrap();
        assert!(demands.all_there().is_err(), "the second is cut off");
        demands.take(&second).unwrap();
        demands.all_there().unwrap();
        let places: Vec<_> = demands.places().map(|(_, seq, _)| seq).collect();
        assert_eq!(places, [2, 2], "the last end of each stream");

        assert!(Demands::of([kept(&first)]).take(&forged).is_err());
    }

    #[test]
    fn what_came_after_the_last_kept_one_demands_nothing() {
        let mut head = Head::empty(StreamId::Checkpoints);
        let first = checkpoint(&mut head, vec![end(StreamId::Config, 1)]);
        let second = checkpoint(&mut head, vec![end(StreamId::Config, 2)]);
        let mut demands = Demands::of([kept(&first)]);

        demands.take(&first).unwrap();
        demands.take(&second).unwrap();

        assert_eq!(demands.ends[&StreamId::Config].0, 1);
    }
}
