//! Paths into JSON, as definitions and lifecycle files write them: `emails[primary=true].value`.
//!
//! A path is compiled once and walked often. Following one never fails: what is not there is "no value".
//! Syntax and meaning: `definition.md`, "Paths".

mod columns;
mod follow;
mod keep;
mod needs;
mod parse;
mod rows;
#[cfg(test)]
pub(crate) mod tests;
mod text;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use columns::Columns;
pub use follow::Scope;
pub use keep::keep;
pub use needs::Needs;
pub use parse::PathError;
pub use rows::{MissingRows, Row, RowsError};
pub use text::{has_value, of_scalar};

pub(crate) use parse::is_name;

/// A compiled path. It keeps the text it was written as, and prints it back; two paths are equal if their texts are.
///
/// The empty text is the path of the whole value (`response_path: ""`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Path {
    text: String,
    segments: Vec<Segment>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    /// `name` or `["odd.name"]`: the value under a key of an object.
    Key(String),
    /// `[0]`, `[-1]`: an item of an array, from its end if negative.
    Index(i64),
    /// `[primary=true]`: the first item whose field has this text.
    First { field: Vec<String>, text: String },
    /// `*`: all items of an array, all values of an object.
    Each,
    /// `@key`: the key under which the row stood.
    RowKey,
    /// `@value`: the row itself, if it is a scalar.
    RowValue,
    /// `$name`: a kept value; the first segment only.
    Kept(String),
}

impl Path {
    /// Compiles the text of a path.
    ///
    /// # Errors
    /// [`PathError`], with the character at which it went wrong.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        Ok(Self {
            segments: parse::segments(text)?,
            text: text.to_owned(),
        })
    }

    /// The path of the whole value.
    pub fn root() -> Self {
        Self {
            text: String::new(),
            segments: Vec::new(),
        }
    }

    /// Whether this is the path of the whole value.
    pub fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the path may lead to many values (`*`), which [`Path::find`] then gives as an array.
    pub fn is_many(&self) -> bool {
        self.segments.contains(&Segment::Each)
    }

    /// The keys that the path begins with, before anything that is not a plain key: `offer.fields` of `offer.fields[0].value`.
    ///
    /// For parsers that drop whatever no path reads. Empty for the whole value and for kept values.
    pub fn leading_keys(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map_while(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_)
            | Segment::First { .. }
            | Segment::Each
            | Segment::RowKey
            | Segment::RowValue
            | Segment::Kept(_) => None,
        })
    }

    /// The name of the kept value (`$name`) that the path begins with.
    pub fn kept_name(&self) -> Option<&str> {
        match self.segments.first() {
            Some(Segment::Kept(name)) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Path {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::parse(&text)
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.text
    }
}
