//! The operators by their names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a condition asks of the value at its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Is this scalar.
    Is,
    /// Is not this scalar; matches a missing value.
    IsNot,
    /// Is one of a list.
    AnyOf,
    /// Is none of a list; matches a missing value.
    NotAnyOf,
    /// A text has this part, an array of scalars this member.
    Contains,
    /// The opposite; matches a missing value.
    NotContains,
    /// A number not below.
    Gte,
    /// A number not above.
    Lte,
    /// A number above.
    Gt,
    /// A number below.
    Lt,
    /// Not missing, null, empty text or an empty array.
    HasValue,
    /// The opposite of `has_value`.
    IsEmpty,
    /// One item of an array fits all of `where`.
    Some,
    /// A text fits a regular expression.
    Matches,
    /// A time is longer ago.
    OlderThan,
}

impl Operator {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 15] = [
        Self::Is,
        Self::IsNot,
        Self::AnyOf,
        Self::Contains,
        Self::NotContains,
        Self::Gte,
        Self::HasValue,
        Self::Some,
        Self::NotAnyOf,
        Self::Lte,
        Self::Gt,
        Self::Lt,
        Self::Matches,
        Self::IsEmpty,
        Self::OlderThan,
    ];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is_not",
            Self::AnyOf => "any_of",
            Self::NotAnyOf => "not_any_of",
            Self::Contains => "contains",
            Self::NotContains => "not_contains",
            Self::Gte => "gte",
            Self::Lte => "lte",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::HasValue => "has_value",
            Self::IsEmpty => "is_empty",
            Self::Some => "some",
            Self::Matches => "matches",
            Self::OlderThan => "older_than",
        }
    }

    /// The operator of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operator| operator.name() == name)
    }

    /// Whether upper and lower case can make a difference.
    pub(super) fn compares_text(self) -> bool {
        match self {
            Self::Is
            | Self::IsNot
            | Self::AnyOf
            | Self::NotAnyOf
            | Self::Contains
            | Self::NotContains
            | Self::Matches => true,
            Self::Gte
            | Self::Lte
            | Self::Gt
            | Self::Lt
            | Self::HasValue
            | Self::IsEmpty
            | Self::Some
            | Self::OlderThan => false,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
