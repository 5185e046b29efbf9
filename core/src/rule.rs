//! Rules: which event starts which workflow.

use serde::{Deserialize, Serialize};

use crate::condition::Conditions;
use crate::ids::Slug;

/// What can happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum EventKind {
    /// Archived with a reason of type `hired`.
    #[serde(rename = "candidate.hired")]
    Hired,
    /// No longer hired.
    #[serde(rename = "candidate.unhired")]
    Unhired,
    /// Archived with another reason.
    #[serde(rename = "candidate.archived")]
    Archived,
    /// Taken out of the archive without having been hired.
    #[serde(rename = "candidate.unarchived")]
    Unarchived,
    /// Moved to another stage.
    #[serde(rename = "candidate.stage_changed")]
    StageChanged,
    /// Deleted in Lever.
    #[serde(rename = "candidate.deleted")]
    Deleted,
    /// Applied.
    #[serde(rename = "candidate.applied")]
    Applied,
    /// A mapped field of the offer changed.
    #[serde(rename = "offer.changed")]
    OfferChanged,
    /// An attribute changed.
    #[serde(rename = "person.changed")]
    PersonChanged,
    /// Left.
    #[serde(rename = "person.terminated")]
    Terminated,
    /// Came back: a termination undone.
    #[serde(rename = "person.reinstated")]
    Reinstated,
    /// A user appeared in a roster.
    #[serde(rename = "user.appeared")]
    UserAppeared,
    /// A user vanished from a roster.
    #[serde(rename = "user.vanished")]
    UserVanished,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Hired,
        Self::Unhired,
        Self::Archived,
        Self::Unarchived,
        Self::StageChanged,
        Self::Deleted,
        Self::Applied,
        Self::OfferChanged,
        Self::PersonChanged,
        Self::Terminated,
        Self::Reinstated,
        Self::UserAppeared,
        Self::UserVanished,
    ];

    /// The name in files and API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hired => "candidate.hired",
            Self::Unhired => "candidate.unhired",
            Self::Archived => "candidate.archived",
            Self::Unarchived => "candidate.unarchived",
            Self::StageChanged => "candidate.stage_changed",
            Self::Deleted => "candidate.deleted",
            Self::Applied => "candidate.applied",
            Self::OfferChanged => "offer.changed",
            Self::PersonChanged => "person.changed",
            Self::Terminated => "person.terminated",
            Self::Reinstated => "person.reinstated",
            Self::UserAppeared => "user.appeared",
            Self::UserVanished => "user.vanished",
        }
    }

    /// The built-in workflow for events that no rule names.
    #[must_use]
    pub fn default_workflow(self) -> Option<&'static str> {
        match self {
            Self::Hired => Some("onboard"),
            Self::Unhired | Self::Deleted => Some("withdraw"),
            Self::PersonChanged => Some("change"),
            Self::Terminated => Some("offboard"),
            Self::Reinstated => Some("onboard"),
            _ => None,
        }
    }
}

/// One rule file (`lifecycle.md`, "Rule").
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its slug.
    pub rule: Slug,
    /// What it reacts to.
    pub event: EventKind,
    /// Over the event and the person; empty means always.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub when: Conditions,
    /// What it starts.
    pub workflow: Slug,
    /// Outside of it everything is computed and shown, nothing done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<Pilot>,
    /// Everything is computed and shown, nothing done.
    #[serde(default)]
    pub dry_run: bool,
}

/// For whom a rule is meant seriously.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pilot {
    /// Over the person's attributes.
    pub when: Conditions,
}
