//! Configuration as the API keeps it: one item a file, in the file's own words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::Slug;
use crate::store::{Entity, Key};

/// The kinds of files that users write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigKind {
    /// Applications.
    App,
    /// The attributes file; there is one, named `attributes`.
    Attributes,
    /// Policies.
    Policy,
    /// Rules.
    Rule,
    /// Workflows.
    Workflow,
    /// Settings; there is one item, named `settings`.
    Settings,
    /// What is paused; there is one item, named `pause`.
    Pause,
}

impl ConfigKind {
    /// The word for it in keys, audit records and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Attributes => "attributes",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::Workflow => "workflow",
            Self::Settings => "settings",
            Self::Pause => "pause",
        }
    }
}

/// One file of configuration, as it was given and checked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ConfigItem {
    /// Its kind.
    pub kind: ConfigKind,
    /// Its name.
    pub id: Slug,
    /// The file as JSON.
    pub file: Value,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

impl Entity for ConfigItem {
    const KIND: &'static str = "config";

    fn key(&self) -> Key {
        Key::Config(self.kind, self.id.clone())
    }
}
