//! What a pull yields: users, and records that are none.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::ids::hash_type;

/// One user of an application, in the form in which it is printed (`definition.md`, "What a pull yields").
///
/// `Debug` shows the external id alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The application's id.
    pub external_id: String,
    /// Trimmed, in the application's case; null only where users without an address are kept.
    pub email: Option<String>,
    /// The name to log in with.
    pub username: Option<String>,
    /// The name for people.
    pub full_name: Option<String>,
    /// The role; several with commas.
    pub role: Option<String>,
    /// UTC.
    pub created_at: Option<String>,
    /// UTC.
    pub last_visit_at: Option<String>,
    /// Has access.
    pub active: bool,
    /// The status for people.
    pub status: Option<String>,
    /// The licences held.
    pub licenses: Vec<String>,
    /// Fields of the organisation's own.
    pub custom_fields: Map<String, Value>,
    /// Person, bot, service or guest; where mapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
}

impl User {
    /// Was the holder of a licence there since? None without a licence, and where the application does not tell.
    #[must_use]
    pub fn uses_license(&self, since: Timestamp) -> Option<bool> {
        let last: Timestamp = self.last_visit_at.as_deref()?.parse().ok()?;
        (!self.licenses.is_empty()).then_some(last >= since)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("external_id", &self.external_id)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// What kind of user it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A human of the company.
    Person,
    /// A program.
    Bot,
    /// An account of a service.
    Service,
    /// A human from outside.
    Guest,
}

/// A user, and what of it is not known for sure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MappedUser {
    /// The user.
    pub user: User,
    /// Fields that are not known because a request for details or a joined list failed (`role`, `custom_fields.team`): they are
    /// empty, but for the address and whether they are active, which are guessed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

impl MappedUser {
    /// A user of whom these fields are not known.
    pub(crate) fn of(mut user: User, unknown: Vec<String>) -> Self {
        for field in &unknown {
            match field.as_str() {
                "username" => user.username = None,
                "full_name" => user.full_name = None,
                "role" => user.role = None,
                "created_at" => user.created_at = None,
                "last_visit_at" => user.last_visit_at = None,
                "status" => user.status = None,
                "licenses" => user.licenses.clear(),
                "kind" => user.kind = None,
                other => {
                    let name = other.strip_prefix("custom_fields.");
                    if let Some(value) = name.and_then(|name| user.custom_fields.get_mut(name)) {
                        *value = Value::Null;
                    }
                }
            }
        }
        Self { user, unknown }
    }

    /// Is this field known, though a request may have failed?
    #[must_use]
    pub fn knows(&self, field: &str) -> bool {
        !self.unknown.iter().any(|unknown| unknown == field)
    }
}

hash_type!(
    /// 16 bytes of SHA-256 of an external id: what is remembered of every user that was seen.
    IdHash
);

impl IdHash {
    /// The hash of an id.
    #[must_use]
    pub fn of(id: &str) -> Self {
        Self::of_bytes(id.as_bytes())
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self::finish(Sha256::new().chain_update(bytes))
    }

    pub(crate) fn finish(digest: Sha256) -> Self {
        let digest = digest.finalize();
        let mut hash = [0; 16];
        hash.iter_mut()
            .zip(digest.iter())
            .for_each(|(to, from)| *to = *from);
        Self(hash)
    }
}

/// A record that is no user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// Its id, if it has one: such a record was seen and has not vanished.
    pub external_id: Option<String>,
    /// Why.
    pub reason: Reason,
    /// What was found where the id or address should be.
    pub found: Option<Value>,
}

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dropped")
            .field("external_id", &self.external_id)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Why a record is no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No id.
    NoExternalId,
    /// The id is a list or an object, or a number too long to be exact.
    InvalidExternalId,
    /// No address.
    NoEmail,
    /// Something that is no address.
    InvalidEmail,
    /// The filter reads details or a joined list that could not be read.
    FilterUnknown,
}

impl Reason {
    /// For people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NoExternalId => "it has no external id",
            Self::InvalidExternalId => "its external id is neither a text nor an exact number",
            Self::NoEmail => "it has no email address",
            Self::InvalidEmail => "its email address is not valid",
            Self::FilterUnknown => {
                "nobody knows whether `where` removes it: its details or a joined list could not be read"
            }
        }
    }

    /// As it is counted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoExternalId => "no_external_id",
            Self::InvalidExternalId => "invalid_external_id",
            Self::NoEmail => "no_email",
            Self::InvalidEmail => "invalid_email",
            Self::FilterUnknown => "filter_unknown",
        }
    }
}
