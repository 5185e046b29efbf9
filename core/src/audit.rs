//! The trail: one record per decision and effect, each chained to the one before it in its stream.
//!
//! A record is sealed when it is committed: it gets its place and the hash over everything in it and the hash before
//! it. The stream's head moves in the same transaction. Whoever alters, removes, reorders or cuts off records is
//! found by [`verify`]; a cut tail by the head.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::{IdError, PersonId, Slug};
use crate::store::{Entity, Key};

/// A chain of records: one per person, one per account, one for configuration.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StreamId {
    /// Everything about a person.
    Person(PersonId),
    /// Everything about a connected account.
    Account(Slug, Slug),
    /// Configuration, keys, pauses.
    Config,
    /// Deliveries and events before they belong to a person.
    Events,
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person/{id}"),
            Self::Account(definition, name) => write!(f, "account/{definition}/{name}"),
            Self::Config => f.write_str("config"),
            Self::Events => f.write_str("events"),
        }
    }
}

impl From<StreamId> for String {
    fn from(id: StreamId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for StreamId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        let mut parts = text.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("config"), None, None) => Ok(Self::Config),
            (Some("events"), None, None) => Ok(Self::Events),
            (Some("person"), Some(id), None) => Ok(Self::Person(PersonId::parse(id)?)),
            (Some("account"), Some(definition), Some(name)) => {
                Ok(Self::Account(Slug::parse(definition)?, Slug::parse(name)?))
            }
            _ => Err(IdError::Prefix("person/, account/, config or events")),
        }
    }
}

/// Why something happened: `{kind, id}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// `event`, `api`, `run`, `schedule`, `delivery`.
    pub kind: String,
    /// Which one; never a name or an address.
    pub id: String,
}

impl Cause {
    /// A cause of this kind.
    pub fn of(kind: &str, id: impl fmt::Display) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_string(),
        }
    }
}

/// A value in a record: in the open, or personal and then encrypted with the person's key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AuditValue {
    /// Encrypted with the key of the stream's person; the hash is over the ciphertext.
    Sealed {
        /// Nonce and ciphertext, hexadecimal.
        sealed: String,
    },
    /// In the open: ids, states, plans; never a name or an address.
    Open(Value),
}

impl fmt::Debug for AuditValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sealed { .. } => f.write_str("sealed"),
            Self::Open(value) => write!(f, "{value}"),
        }
    }
}

/// The key that a person's audit values are encrypted with, wrapped. Deleting it erases them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonKey {
    /// Whose.
    pub person: PersonId,
    /// Wrapped by KMS or the key file, hexadecimal.
    pub wrapped: String,
}

impl Entity for PersonKey {
    const KIND: &'static str = "person_key";

    fn key(&self) -> Key {
        Key::PersonKey(self.person.clone())
    }
}

/// What is to be recorded; its place in the chain comes with the commit.
#[derive(Clone, Debug)]
pub struct Draft {
    /// When it was decided.
    pub at: Timestamp,
    /// `sando`, `local-admin`, `key:<id>`.
    pub actor: String,
    /// Why.
    pub cause: Cause,
    /// What, in the past tense: `granted`, `account created`.
    pub action: String,
    /// On what: an id or `app/figma`.
    pub target: String,
    /// How it was.
    pub before: Option<AuditValue>,
    /// How it is.
    pub after: Option<AuditValue>,
    /// How it ended: `ok`, `unknown`, or a reason.
    pub result: String,
    /// What belongs together: the run or the request.
    pub correlation_id: String,
}

/// One sealed record.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The chain it stands in.
    pub stream: StreamId,
    /// Its place, from 1.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Why.
    pub cause: Cause,
    /// What.
    pub action: String,
    /// On what.
    pub target: String,
    /// How it was.
    pub before: Option<AuditValue>,
    /// How it is.
    pub after: Option<AuditValue>,
    /// How it ended.
    pub result: String,
    /// What belongs together.
    pub correlation_id: String,
    /// The hash of the record before it; 64 zeros for the first.
    pub prev_hash: String,
    /// SHA-256 over all of the above, as JSON in this order.
    pub hash: String,
}

/// The end of a stream; moves in the same transaction as the record is written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Which stream.
    pub stream: StreamId,
    /// How many records it has.
    pub seq: u64,
    /// The hash of the last one.
    pub hash: String,
}

impl Entity for Head {
    const KIND: &'static str = "head";

    fn key(&self) -> Key {
        Key::Head(self.stream.clone())
    }
}

impl Head {
    /// The head of a stream without records.
    #[must_use]
    pub fn empty(stream: StreamId) -> Self {
        Self {
            stream,
            seq: 0,
            hash: "0".repeat(64),
        }
    }

    /// Gives the draft its place, and moves on.
    #[must_use]
    pub fn seal(&mut self, draft: Draft) -> Record {
        let mut record = Record {
            stream: self.stream.clone(),
            seq: self.seq.saturating_add(1),
            at: draft.at,
            actor: draft.actor,
            cause: draft.cause,
            action: draft.action,
            target: draft.target,
            before: draft.before,
            after: draft.after,
            result: draft.result,
            correlation_id: draft.correlation_id,
            prev_hash: self.hash.clone(),
            hash: String::new(),
        };
        record.hash = record.computed_hash();
        self.seq = record.seq;
        self.hash.clone_from(&record.hash);
        record
    }
}

impl Record {
    /// The hash that this record must carry.
    #[must_use]
    pub fn computed_hash(&self) -> String {
        let unsigned = Self {
            hash: String::new(),
            ..self.clone()
        };
        let text = serde_json::to_string(&unsigned).unwrap_or_default();
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}

/// Where and why a chain is broken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Broken {
    /// In which stream.
    pub stream: StreamId,
    /// At which place.
    pub seq: u64,
    /// What is wrong there.
    pub why: String,
}

/// Follows one stream from its first record; feed it every record in order, then the head.
#[derive(Clone, Debug)]
pub struct Verifier {
    walked: Head,
}

impl Verifier {
    /// Begins at the first record of a stream.
    #[must_use]
    pub fn new(stream: StreamId) -> Self {
        Self {
            walked: Head::empty(stream),
        }
    }

    /// Checks the next record.
    ///
    /// # Errors
    /// [`Broken`] if it is not the one that belongs here.
    pub fn next(&mut self, record: &Record) -> Result<(), Broken> {
        let wanted = self.walked.seq.saturating_add(1);
        let broken = |why: &str| {
            Err(Broken {
                stream: self.walked.stream.clone(),
                seq: wanted,
                why: why.to_owned(),
            })
        };
        if record.stream != self.walked.stream {
            return broken("it belongs to another stream");
        }
        if record.seq != wanted {
            return broken("the record is missing");
        }
        if record.prev_hash != self.walked.hash {
            return broken("it does not follow the record before it");
        }
        if record.hash != record.computed_hash() {
            return broken("it was altered");
        }
        self.walked.seq = record.seq;
        self.walked.hash.clone_from(&record.hash);
        Ok(())
    }

    /// Checks that the stream ends where its head says.
    ///
    /// # Errors
    /// [`Broken`] if records are missing at the end, or there are more than the head knows.
    pub fn finish(self, head: &Head) -> Result<u64, Broken> {
        let broken = |seq: u64, why: &str| {
            Err(Broken {
                stream: head.stream.clone(),
                seq,
                why: why.to_owned(),
            })
        };
        if self.walked.seq < head.seq {
            return broken(
                self.walked.seq.saturating_add(1),
                "records are cut off at the end",
            );
        }
        if self.walked.seq > head.seq {
            return broken(
                head.seq.saturating_add(1),
                "a record that the head does not know",
            );
        }
        if self.walked.hash != head.hash {
            return broken(head.seq, "the head names another record");
        }
        Ok(self.walked.seq)
    }
}

/// Verifies one whole stream against its head; answers how many records it has.
///
/// # Errors
/// The first place where the chain is broken.
pub fn verify(records: &[Record], head: &Head) -> Result<u64, Broken> {
    let mut verifier = Verifier::new(head.stream.clone());
    for record in records {
        verifier.next(record)?;
    }
    verifier.finish(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: u64) -> (Vec<Record>, Head) {
        let mut head = Head::empty(StreamId::Config);
        let records = (0..length)
            .map(|n| {
                head.seal(Draft {
                    at: Timestamp::from_second(1_800_000_000 + i64::try_from(n).unwrap()).unwrap(),
                    actor: "sando".into(),
                    cause: Cause::of("event", format!("evt_{n}")),
                    action: "granted".into(),
                    target: "app/figma".into(),
                    before: None,
                    after: Some(AuditValue::Open(serde_json::json!({"plan": n}))),
                    result: "ok".into(),
                    correlation_id: "run_1".into(),
                })
            })
            .collect();
        (records, head)
    }

    #[test]
    fn an_untouched_chain_verifies() {
        let (records, head) = chain(5);
        assert_eq!(verify(&records, &head), Ok(5));
    }

    #[test]
    fn every_altered_field_of_every_record_is_found() {
        let (records, head) = chain(4);
        for place in 0..records.len() {
            let as_json = serde_json::to_value(&records[place]).unwrap();
            for field in as_json.as_object().unwrap().keys() {
                let mut altered = as_json.clone();
                altered[field] = match field.as_str() {
                    "stream" => "events".into(),
                    "seq" => 99.into(),
                    "at" => "2001-01-01T00:00:00Z".into(),
                    "cause" => serde_json::json!({"kind": "api", "id": "x"}),
                    _ => "altered".into(),
                };
                let mut forged = records.clone();
                forged[place] = serde_json::from_value(altered).unwrap();
                assert!(verify(&forged, &head).is_err(), "{field} of record {place}");
            }
        }
    }

    #[test]
    fn every_missing_reordered_or_cut_off_record_is_found() {
        let (records, head) = chain(4);
        for place in 0..records.len() {
            let mut missing = records.clone();
            missing.remove(place);
            assert!(verify(&missing, &head).is_err());
            assert!(verify(&records[..place], &head).is_err());
        }
        for place in 1..records.len() {
            let mut reordered = records.clone();
            reordered.swap(place - 1, place);
            assert!(verify(&reordered, &head).is_err());
        }
    }

    #[test]
    fn a_record_forged_with_a_fresh_hash_is_found_by_the_next_one() {
        let (mut records, head) = chain(3);
        records[1].action = "forged".into();
        records[1].hash = records[1].computed_hash();
        assert_eq!(verify(&records, &head).unwrap_err().seq, 3);
    }
}
