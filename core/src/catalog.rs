//! Definitions as they are kept: the file as it is now, and its versions, none of which ever changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::definition::Definition;
use crate::ids::{AppSlug, Slug};
use crate::mistake::Mistake;
use crate::store::{Entity, Key};

/// How many versions of a definition are kept.
pub const VERSIONS_KEPT: u32 = 50;
/// The largest file, in bytes as JSON.
pub const LARGEST_FILE: usize = 256 * 1024;

/// A definition as it is now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DefinitionItem {
    /// Its name.
    pub id: Slug,
    /// The application that it reads.
    pub app: AppSlug,
    /// Its name for people.
    pub name: String,
    /// The number of this version; it only rises, also after the definition was deleted.
    pub number: u32,
    /// The file as JSON.
    pub file: Value,
    /// When it was put.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: String,
}

impl DefinitionItem {
    /// Compiles the file.
    ///
    /// # Errors
    /// All mistakes; the file was checked when it was put, so these are a newer release's.
    pub fn compile(&self) -> Result<Definition, Vec<Mistake>> {
        Definition::compile(&self.file)
    }
}

impl Entity for DefinitionItem {
    const KIND: &'static str = "definition";

    fn key(&self) -> Key {
        Key::Definition(self.id.clone())
    }
}

/// A definition that is not finished: any JSON object, not checked, never with credentials.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Draft {
    /// Its name.
    pub id: Slug,
    /// The file as far as it is written.
    pub file: Value,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// By whom.
    pub saved_by: String,
}

impl Entity for Draft {
    const KIND: &'static str = "draft";

    fn key(&self) -> Key {
        Key::Draft(self.id.clone())
    }
}

/// One version of a definition.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DefinitionVersion {
    /// Whose.
    pub id: Slug,
    /// Its number.
    pub number: u32,
    /// The file as JSON.
    pub file: Value,
    /// When it was put.
    pub put_at: Timestamp,
    /// By whom.
    pub put_by: String,
    /// The version that it brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<u32>,
}

impl Entity for DefinitionVersion {
    const KIND: &'static str = "definition_version";

    fn key(&self) -> Key {
        Key::DefinitionVersion(self.id.clone(), self.number)
    }
}
