//! What is kept, and the port that keeps it: versioned items, committed together with their audit records.
//!
//! The store knows items, not entities: a key, a version, a body, and where the item is found (due, listing, lookup).
//! How keys look in a table is the adapter's business alone.

mod error;
mod list;
mod part;

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::audit::{Record, StreamId};
use crate::claim::Claim;
use crate::config::ConfigKind;
use crate::definition::IdHash;
use crate::ids::{
    ApprovalId, DeliveryId, EffectKey, EventId, GrantId, JobId, KeyId, LeverId, PersonId, RosterId,
    RunId, Slug, TaskId, derive,
};
use crate::words::Mark;

pub use error::StoreError;
pub use list::{Page, PageRequest, Query};
pub use part::PartKind;

/// Names one item. Two entities never share a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// A person.
    Person(PersonId),
    /// A grant; lies with its person.
    Grant(PersonId, GrantId),
    /// A run with all its steps.
    Run(RunId),
    /// An event.
    Event(EventId),
    /// A stored webhook call.
    Delivery(DeliveryId),
    /// What was last read of one opportunity.
    Candidacy(LeverId),
    /// Uniqueness: an item of its own.
    Claim(Claim),
    /// A task.
    Task(TaskId),
    /// An approval.
    Approval(ApprovalId),
    /// One file of configuration.
    Config(ConfigKind, Slug),
    /// The end of an audit stream.
    Head(StreamId),
    /// The wrapped key that a person's audit values are encrypted with.
    PersonKey(PersonId),
    /// What a remote's budget has left, by credential.
    Budget(Slug),
    /// A number that is kept, such as the removals of an hour.
    Counter(String),
    /// A part of what a day came to.
    Tally(Date, u8),
    /// What was counted last over all rosters; one item.
    Counted,
    /// When an event matched each rule last; one item.
    LastMatches,
    /// A piece of what a count has come to after so many turns.
    CountPiece(JobId, u32, u32),
    /// An API key.
    ApiKey(KeyId),
    /// The answer given to an idempotency key.
    Answer(String),
    /// A login at a provider that is on its way, by the hash of what comes back.
    Login(String),
    /// What words are made unreadable with in keys; one item.
    Finder,
    /// A word of a person's, by its mark.
    Word(Mark, PersonId),
    /// Which process makes something that may be there once only.
    Turn(String),
    /// A session of the console, or a link that opens one.
    Session(String),
    /// Long work.
    Job(JobId),
    /// The tokens of an account, encrypted.
    Tokens(String),
    /// How far Lever was polled; one item.
    CatchUp,
    /// A definition as it is now.
    Definition(Slug),
    /// One version of a definition; it never changes.
    DefinitionVersion(Slug, u32),
    /// An unfinished definition.
    Draft(Slug),
    /// A connected account: definition and name.
    Account(Slug, Slug),
    /// One user of a roster, by the hash of the application's id.
    Entry(RosterId, IdHash),
    /// A sync, by its number.
    Sync(RosterId, u64),
    /// A part of what a sync has to remember.
    SyncPart(RosterId, u64, PartKind, u32),
    /// Details of one user of a roster, by the hash of the application's id.
    Details(RosterId, IdHash),
    /// What was decided about a user of a roster in an access review.
    Reviewed(RosterId, IdHash),
    /// When the last access review was, and when the next one is due; one item.
    Reviews,
    /// Something that somebody has to be told.
    Letter(EffectKey),
    /// Who was told when; one item.
    Post,
    /// How far what was kept for long enough is deleted; one item.
    Purge,
    /// What the connection to Lever showed of itself; one item.
    Handshake,
}

/// Anything that is kept, sealed or hashed, as JSON.
#[must_use]
pub fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what is kept is plain data with text keys")
}

impl Key {
    /// The shard of this key in an index of `shards` shards; always the same one.
    #[must_use]
    pub fn shard(&self, shards: u8) -> u8 {
        let hash = derive(&[&as_json(self)]);
        let number = u32::from_str_radix(hash.get(..8).unwrap_or("0"), 16).unwrap_or(0);
        u8::try_from(number % u32::from(shards.max(1))).unwrap_or(0)
    }
}

/// How often an item has been written. 0 is an item that is not there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version of what does not exist yet.
    pub const ABSENT: Self = Self(0);

    /// The version after the next write.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A list by state, newest first: `kind` and `state` together are the list, `at` the place in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// The entity's kind.
    pub kind: &'static str,
    /// The state that the list shows.
    pub state: &'static str,
    /// The place in the list.
    pub at: Timestamp,
}

/// A list of one person's items of one kind, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lookup {
    /// Whose.
    pub person: PersonId,
    /// The entity's kind.
    pub kind: &'static str,
    /// The place in the list.
    pub at: Timestamp,
}

/// What the store keeps, and says of itself where it is found.
pub trait Entity: Serialize + DeserializeOwned {
    /// The kind, as the item carries it.
    const KIND: &'static str;
    /// The schema that this release writes.
    const SCHEMA: u16 = 1;

    /// The key of this entity.
    fn key(&self) -> Key;

    /// When work is left to be done, and none has claimed it.
    fn due(&self) -> Option<Timestamp> {
        None
    }

    /// The list by state that it stands in.
    fn listing(&self) -> Option<Listing> {
        None
    }

    /// The person it is looked up by.
    fn lookup(&self) -> Option<Lookup> {
        None
    }

    /// When it may be forgotten (the table's time to live).
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// An item as it is read.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its key.
    pub key: Key,
    /// Its kind.
    pub kind: String,
    /// The schema of its body.
    pub schema: u16,
    /// Its version.
    pub version: Version,
    /// When work on it is due; moved by a claim.
    pub due: Option<Timestamp>,
    /// The entity as JSON.
    pub body: String,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Stored({:?} v{} due {:?})",
            self.key, self.version, self.due
        )
    }
}

impl Stored {
    /// Reads the entity.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if the item is of another kind or its body cannot be read.
    pub fn read<E: Entity>(&self) -> Result<Loaded<E>, StoreError> {
        let unreadable = |why: String| StoreError::Unreadable {
            key: self.key.clone(),
            why,
        };
        if self.kind != E::KIND {
            let why = format!("it is a {}, not a {}", self.kind, E::KIND);
            return Err(unreadable(why));
        }
        if self.schema > E::SCHEMA {
            return Err(unreadable(format!(
                "schema {} is newer than this release",
                self.schema
            )));
        }
        // The position only: serde's message may quote the value.
        let entity = serde_json::from_str(&self.body)
            .map_err(|e| unreadable(format!("line {} column {}", e.line(), e.column())))?;
        Ok(Loaded {
            entity,
            version: self.version,
            due: self.due,
        })
    }
}

/// An entity with the version that a change of it must name.
#[derive(Clone, Debug)]
pub struct Loaded<E> {
    /// The entity.
    pub entity: E,
    /// The version that was read.
    pub version: Version,
    /// When work on it is due.
    pub due: Option<Timestamp>,
}

/// One write of an item.
#[derive(Clone)]
pub struct Put {
    /// Which item.
    pub key: Key,
    /// Its kind.
    pub kind: &'static str,
    /// The schema of its body.
    pub schema: u16,
    /// The version that must still be there; [`Version::ABSENT`] if none may be.
    pub expect: Version,
    /// The entity as JSON.
    pub body: String,
    /// When work on it is due.
    pub due: Option<Timestamp>,
    /// Its list by state.
    pub listing: Option<Listing>,
    /// Its list by person.
    pub lookup: Option<Lookup>,
    /// When it may be forgotten.
    pub expires_at: Option<Timestamp>,
}

impl Put {
    /// The write of an entity over the version that must still be there, due when the entity says.
    #[must_use]
    pub fn of<E: Entity>(entity: &E, expect: Version) -> Self {
        Self {
            key: entity.key(),
            kind: E::KIND,
            schema: E::SCHEMA,
            expect,
            body: as_json(entity),
            due: entity.due(),
            listing: entity.listing(),
            lookup: entity.lookup(),
            expires_at: entity.expires_at(),
        }
    }
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Put({:?} over v{} due {:?})",
            self.key, self.expect, self.due
        )
    }
}

/// A precondition: the item must still have this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which item.
    pub key: Key,
    /// The version that must still be there.
    pub expect: Version,
}

/// Everything that one transaction writes: all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Items to write.
    pub puts: Vec<Put>,
    /// Items to delete, each with the version that must still be there.
    pub deletes: Vec<Check>,
    /// Items that must not have moved.
    pub checks: Vec<Check>,
    /// Audit records to append, sealed, each at a place where none is yet.
    pub records: Vec<Record>,
}

impl Commit {
    /// The most items one commit may have; DynamoDB allows 100.
    pub const MAX_ITEMS: usize = 80;

    /// How many items the transaction has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.puts.len() + self.deletes.len() + self.checks.len() + self.records.len()
    }
}

/// A work entry that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueEntry {
    /// What has work left.
    pub key: Key,
    /// The version as the index has it; perhaps stale.
    pub version: Version,
    /// Since when.
    pub due: Timestamp,
}

/// Items that lie together and are read strongly consistent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Group {
    /// The grants of a person.
    Grants(PersonId),
    /// All configuration.
    Config,
    /// All API keys.
    ApiKeys,
    /// The heads of all audit streams (for checkpoint and verification).
    Heads,
    /// All definitions.
    Definitions,
    /// The versions of a definition that are kept, oldest first.
    DefinitionVersions(Slug),
    /// The parts of what a day came to.
    Tallies(Date),
    /// All unfinished definitions.
    Drafts,
    /// All connected accounts.
    Accounts,
}

/// How many shards the due index has.
pub const DUE_SHARDS: u8 = 8;

/// Keeps items and audit records. Reads by key and by group are strongly consistent, lists and `due` may lag.
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads one item.
    ///
    /// # Errors
    /// `Unavailable` may be retried as it is.
    async fn get(&self, key: &Key) -> Result<Option<Stored>, StoreError>;

    /// Reads several items, in the order of their keys; an adapter that can do so reads them together.
    ///
    /// # Errors
    /// `Unavailable` and `Contended` may be retried as they are.
    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Stored>>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.get(key).await?);
        }
        Ok(found)
    }

    /// Reads all items that lie together, in the order of their keys.
    ///
    /// # Errors
    /// `Unavailable` may be retried as it is.
    async fn group(&self, group: &Group) -> Result<Vec<Stored>, StoreError>;

    /// Reads one page of a list.
    ///
    /// # Errors
    /// `BadCursor` for a cursor of another list; `Unavailable` may be retried as it is.
    async fn list(&self, query: &Query, page: &PageRequest) -> Result<Page, StoreError>;

    /// Work that is due until `until` in one of [`DUE_SHARDS`] shards, oldest first.
    ///
    /// # Errors
    /// `Unavailable` may be retried as it is.
    async fn due(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueEntry>, StoreError>;

    /// Takes a due entry for work: moves its due time to `until` and its version on, if the version is still `seen`.
    /// Answers the item as it is then. Nobody who read it before can commit over it afterwards.
    ///
    /// # Errors
    /// `Conflict` if somebody else was first, or it is gone.
    async fn claim(&self, key: &Key, seen: Version, until: Timestamp)
    -> Result<Stored, StoreError>;

    /// Commits all of it, audit records included, or nothing.
    ///
    /// # Errors
    /// `Conflict` if a version moved since it was read: read and decide again. `Contended`: repeat as it is.
    /// `Unavailable`: it may have happened.
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError>;

    /// Audit records of a stream from `from` on, in order.
    ///
    /// # Errors
    /// `Unavailable` may be retried as it is.
    async fn records(
        &self,
        stream: &StreamId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError>;
}

impl dyn Store + '_ {
    /// Reads one entity that may be missing.
    ///
    /// # Errors
    /// As [`Store::get`], and `Unreadable`.
    pub async fn find<E: Entity>(&self, key: &Key) -> Result<Option<Loaded<E>>, StoreError> {
        self.get(key).await?.map(|stored| stored.read()).transpose()
    }

    /// Reads the grants of a person, strongly consistent.
    ///
    /// # Errors
    /// As [`Store::group`], and `Unreadable`.
    pub async fn all<E: Entity>(&self, group: &Group) -> Result<Vec<Loaded<E>>, StoreError> {
        self.group(group).await?.iter().map(Stored::read).collect()
    }
}
