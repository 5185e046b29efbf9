//! The trail: one record per decision and effect, each chained to the one before it in its stream.
//!
//! A record is sealed when it is committed: it gets its place and the hash over everything in it and the hash before
//! it. The stream's head moves in the same transaction. Whoever alters, removes, reorders or cuts off records is
//! found by [`verify`]; a cut tail by the head; a past that was rewritten with its heads by a [`checkpoint`] that was
//! kept elsewhere.

pub mod checkpoint;
mod verifier;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::{IdError, PersonId, Slug};
use crate::store::{Entity, Key, Listing, as_json};

pub use verifier::{Broken, Verification, Verifier, verify};

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
    /// The ends of the other chains, minute by minute.
    Checkpoints,
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person/{id}"),
            Self::Account(definition, name) => write!(f, "account/{definition}/{name}"),
            Self::Config => f.write_str("config"),
            Self::Events => f.write_str("events"),
            Self::Checkpoints => f.write_str("checkpoints"),
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
            (Some("checkpoints"), None, None) => Ok(Self::Checkpoints),
            (Some("person"), Some(id), None) => Ok(Self::Person(PersonId::parse(id)?)),
            (Some("account"), Some(definition), Some(name)) => {
                Ok(Self::Account(Slug::parse(definition)?, Slug::parse(name)?))
            }
            _ => Err(IdError::Prefix(
                "person/, account/, config, events or checkpoints",
            )),
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
    /// When it last moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<Timestamp>,
}

impl Head {
    /// The state of the list of all heads by the minute in which they moved.
    pub const MOVED: &'static str = "moved";
}

impl Entity for Head {
    const KIND: &'static str = "head";

    fn key(&self) -> Key {
        Key::Head(self.stream.clone())
    }

    /// By the minute: a head that moves often costs the index one write a minute.
    fn listing(&self) -> Option<Listing> {
        self.moved_at.map(|at| Listing {
            kind: Self::KIND,
            state: Self::MOVED,
            at: minute_of(at),
        })
    }
}

/// The minute a moment lies in.
fn minute_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}

impl Head {
    /// The head of a stream without records.
    #[must_use]
    pub fn empty(stream: StreamId) -> Self {
        Self {
            stream,
            seq: 0,
            hash: "0".repeat(64),
            moved_at: None,
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
        self.moved_at = self.moved_at.max(Some(record.at));
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
        let text = as_json(&unsigned);
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}
