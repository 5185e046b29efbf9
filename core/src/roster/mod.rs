//! The roster of an account: its users as of the last complete sync, written by difference.
//!
//! A changed user is written once, as its `next` value with the number of the sync. It counts from the moment at which the
//! account's `applied` number has reached that one; what a sync wrote that failed is never seen.

pub mod details;
pub mod difference;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::definition::{IdHash, User};
use crate::ids::{PersonId, RosterId};
use crate::person::CanonicalEmail;
use crate::store::{Entity, Key, Lookup};

pub use difference::{Loss, Lost, Write, revert, seen, unseen};

/// The largest user, in bytes as JSON; no honest application has larger ones.
pub const LARGEST_ENTRY: usize = 64 * 1024;

/// A user as an application showed it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Face {
    /// The user.
    pub user: User,
    /// Fields that are not known, because details or a joined list could never be read: they are empty, or guessed
    /// ([`MappedUser`](crate::definition::MappedUser)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Why it became what it became, in sentences: what is wrong, what made it active or not, what each licence comes from,
    /// and what kept it from others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// It vanished from a list that was read to its end.
    #[serde(default)]
    pub deleted: bool,
    /// The sync that found it so.
    pub sync: u64,
    /// When that was.
    pub at: Timestamp,
}

/// What a user will be once a sync counts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Next {
    /// The sync.
    pub sync: u64,
    /// The user.
    pub face: Face,
}

/// One user of a roster, as it is kept.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Of which roster.
    pub roster: RosterId,
    /// The hash of the application's id.
    pub id: IdHash,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// What counts unless `next` does; none until a sync that saw the user counts.
    pub now: Option<Face>,
    /// What the last sync that found a difference wrote.
    pub next: Option<Next>,
}

impl Entry {
    /// What counts while the last applied sync is this one.
    #[must_use]
    pub fn visible(&self, applied: u64) -> Option<&Face> {
        match &self.next {
            Some(next) if next.sync <= applied => Some(&next.face),
            _ => self.now.as_ref(),
        }
    }

    /// What will count once this sync does.
    #[must_use]
    pub fn after(&self, sync: u64, applied: u64) -> Option<&Face> {
        match &self.next {
            Some(next) if next.sync == sync => Some(&next.face),
            _ => self.visible(applied),
        }
    }

    /// Was `next` written by a sync that does not count?
    pub(crate) fn is_stale(&self, applied: u64) -> bool {
        self.next.as_ref().is_some_and(|next| next.sync > applied)
    }
}

impl Entity for Entry {
    const KIND: &'static str = "entry";

    fn key(&self) -> Key {
        Key::Entry(self.roster.clone(), self.id)
    }

    /// Under the address it has, or will have once the sync counts: whoever leaves has their accounts found by it.
    fn lookup(&self) -> Option<Lookup> {
        let next = self.next.as_ref().map(|next| &next.face);
        let address = next.or(self.now.as_ref())?.user.email.as_deref()?;
        let address = CanonicalEmail::parse(address).ok()?;
        Some(Lookup {
            person: holder_of(&address),
            kind: Self::KIND,
            at: self.first_seen_at,
        })
    }
}

/// Under whom the entries of an address are looked up: an id that stands for the address, whoever has it.
#[must_use]
pub fn holder_of(address: &CanonicalEmail) -> PersonId {
    PersonId::derived(&["address", address.as_str()])
}
