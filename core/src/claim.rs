//! Uniqueness as items of their own: whoever puts the claim first has the address, contact or key.

use serde::{Deserialize, Serialize};

use crate::definition::IdHash;
use crate::ids::{LeverId, PersonId, RosterId, derive};
use crate::person::{CanonicalEmail, Identifiers};
use crate::store::{Entity, Key};

/// What only one person can have. Addresses are kept hashed in the key, so that no key carries personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// A Lever contact.
    Contact(LeverId),
    /// An address that people are matched by (hash of its canonical form).
    Email(String),
    /// A work address, given or avoided (hash of its canonical form).
    Address(String),
    /// A person's key in another system (hash).
    Outside(String),
    /// A user of a roster, linked by hand (hash of both).
    User(String),
}

impl Claim {
    /// The claim on an address that people are matched by.
    #[must_use]
    pub fn email(email: &CanonicalEmail) -> Self {
        Self::Email(derive(&["email", email.as_str()]))
    }

    /// The claim on a work address.
    #[must_use]
    pub fn address(email: &CanonicalEmail) -> Self {
        Self::Address(derive(&["address", email.as_str()]))
    }

    /// The claim on a key of an HR system.
    #[must_use]
    pub fn outside(key: &str) -> Self {
        Self::Outside(derive(&["outside", key]))
    }

    /// The claim on a user of a roster.
    #[must_use]
    pub fn user(roster: &RosterId, user: IdHash) -> Self {
        Self::User(derive(&["user", roster.as_str(), &String::from(user)]))
    }

    /// The claims on everything that somebody with these identifiers is matched by.
    #[must_use]
    pub fn all_of(identifiers: &Identifiers) -> Vec<Self> {
        let contacts = identifiers.lever_contact.iter().cloned();
        let emails = identifiers.emails.iter().map(Self::email);
        let key = identifiers.key.as_deref().map(Self::outside);
        let users = identifiers.users.iter();
        let users = users.map(|linked| Self::user(&linked.roster, linked.user));
        contacts
            .map(Self::Contact)
            .chain(emails)
            .chain(key)
            .chain(users)
            .collect()
    }
}

/// Who has the claim.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// This person.
    Person(PersonId),
    /// Somebody in an application whom we do not know: the address is avoided.
    Stranger,
}

/// A claim that is held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Held {
    /// What is claimed.
    pub claim: Claim,
    /// By whom.
    pub holder: Holder,
}

impl Entity for Held {
    const KIND: &'static str = "claim";

    fn key(&self) -> Key {
        Key::Claim(self.claim.clone())
    }
}
