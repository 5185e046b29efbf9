//! One id type per entity, prefixed in text, parsed once.
//!
//! An id never contains `#`, a blank or a control character, so that it can stand in a key, a log line and a URL.
//! Ids that name a fact are derived from it ([`derive()`]): who meets the fact again makes the same id.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a text is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The prefix that tells the entity is missing.
    #[error("an id of this kind starts with `{0}`")]
    Prefix(&'static str),
    /// Empty, too long, or with a character that ids do not have.
    #[error("an id has 1 to {0} characters out of letters, digits, `_`, `-`, `.` and `:`")]
    Text(usize),
    /// A slug has its own, smaller alphabet.
    #[error(
        "a slug has 1 to 63 characters out of a-z, 0-9, `_` and `-`, and starts with a letter or digit"
    )]
    Slug,
}

const MAX_ID: usize = 128;

fn checked(text: &str) -> Result<(), IdError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if text.is_empty() || text.len() > MAX_ID || !text.chars().all(fits) {
        return Err(IdError::Text(MAX_ID));
    }
    Ok(())
}

fn checked_slug(text: &str) -> Result<(), IdError> {
    let starts = text
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if !starts || text.len() > 63 || !text.chars().all(fits) {
        return Err(IdError::Slug);
    }
    Ok(())
}

/// 128 bits of SHA-256 over the parts, each with its length, as 32 hexadecimal characters.
#[must_use]
pub fn derive(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_string().as_bytes());
        hash.update(b":");
        hash.update(part.as_bytes());
    }
    let mut text = hex::encode(hash.finalize());
    text.truncate(32);
    text
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses and checks the text.
            ///
            /// # Errors
            /// [`IdError`] if the text is not of this kind.
            pub fn parse(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let check: fn(&str) -> Result<(), IdError> = $check;
                check(&text)?;
                Ok(Self(text))
            }

            /// The text of the id.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        text_type!($(#[$doc])* $name, |text| {
            if !text.starts_with($prefix) {
                return Err(IdError::Prefix($prefix));
            }
            checked(text)
        });

        impl $name {
            /// The prefix of every id of this kind.
            pub const PREFIX: &'static str = $prefix;

            /// The id that follows from the given parts, always the same.
            #[must_use]
            pub fn derived(parts: &[&str]) -> Self {
                Self(format!("{}{}", $prefix, derive(parts)))
            }
        }
    };
}

/// 16 bytes; as text 32 hexadecimal characters.
macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; 16]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl From<$name> for String {
            fn from(hash: $name) -> Self {
                hex::encode(hash.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = hex::FromHexError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let mut hash = [0; 16];
                hex::decode_to_slice(text, &mut hash)?;
                Ok(Self(hash))
            }
        }
    };
}
pub(crate) use hash_type;

id_type!(
    /// A human.
    PersonId, "per_"
);
id_type!(
    /// What one person has in one account of one application; derived from the three.
    GrantId, "gra_"
);
id_type!(
    /// One execution of a workflow.
    RunId, "run_"
);
id_type!(
    /// A fact, as read from its source; derived from it.
    EventId, "evt_"
);
id_type!(
    /// One webhook call; derived from registration and token.
    DeliveryId, "dlv_"
);
id_type!(
    /// Work that only a human can do.
    TaskId, "tsk_"
);
id_type!(
    /// A gate that needs a decision by a human.
    ApprovalId, "apr_"
);
id_type!(
    /// Long work, started over the API.
    JobId, "job_"
);
id_type!(
    /// An API key; the secret is never its part.
    KeyId, "key_"
);
id_type!(
    /// The roster of one connection; another one after it was replaced or connected anew.
    RosterId, "ros_"
);
id_type!(
    /// One effect: the same for every attempt at it.
    EffectKey, "eff_"
);

text_type!(
    /// An id that Lever gave: opportunity, contact, offer, archive reason, user or stage. Never parsed further.
    LeverId, checked
);
text_type!(
    /// The name of an application, policy, rule, workflow, definition or webhook registration.
    Slug, checked_slug
);

/// The name of an application.
pub type AppSlug = Slug;

/// The id of a step in its run: the id from the workflow file, and for one grant inside it `access/figma`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// A step as the workflow names it.
    #[must_use]
    pub fn of(slug: &Slug) -> Self {
        Self(slug.as_str().to_owned())
    }

    /// A step inside a step: one grant of `access`.
    #[must_use]
    pub fn inside(&self, app: &AppSlug) -> Self {
        Self(format!("{}/{app}", self.0))
    }

    /// The step this one stands in, if any.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0
            .split_once('/')
            .map(|(parent, _)| Self(parent.to_owned()))
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StepId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The application's own id of a user (SCIM's `id`). Any text of at most 512 characters without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(try_from = "String", into = "String")]
pub struct ExternalId(String);

impl ExternalId {
    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ExternalId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > 512 || text.chars().any(char::is_control) {
            return Err(IdError::Text(512));
        }
        Ok(Self(text))
    }
}

impl From<ExternalId> for String {
    fn from(id: ExternalId) -> String {
        id.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert_eq!(PersonId::parse("run_1"), Err(IdError::Prefix("per_")));
    }

    #[test]
    fn an_id_cannot_carry_a_key_separator() {
        assert!(LeverId::parse("a#b").is_err());
        assert!(Slug::parse("A").is_err());
        assert!(PersonId::parse("per_a b").is_err());
    }

    #[test]
    fn derived_ids_keep_the_borders_between_parts() {
        assert_ne!(derive(&["ab", "c"]), derive(&["a", "bc"]));
    }
}
