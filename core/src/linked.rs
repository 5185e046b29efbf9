//! What somebody said by hand: this user of a roster is that person (B17). It counts while nobody has the user's address.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::definition::IdHash;
use crate::ids::{ExternalId, RosterId};

/// A user of a roster who is a person because somebody said so. It ends with the connection that the roster belongs to: the
/// next one may be another company's. `Debug` shows neither the user's id nor the reason.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Linked {
    /// Of which roster.
    pub roster: RosterId,
    /// The hash of the application's id of the user.
    pub user: IdHash,
    /// The account of the roster, for people.
    pub account: String,
    /// The application's id of the user.
    pub external_id: ExternalId,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl Linked {
    /// What it is called among what a person is known by: `acme/prod/7`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.account, self.external_id)
    }
}

impl fmt::Debug for Linked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linked")
            .field("roster", &self.roster)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
