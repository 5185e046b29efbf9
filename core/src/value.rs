//! Value expressions: how one value is made from a document (`map` of a definition, `attributes` of the lifecycle).
//!
//! The lifecycle's own forms (`address`, `user_email`) are its own type around this one.

mod evaluate;
mod file;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

use crate::{
    mistake::{self, Mistake},
    path::Path,
    template::Template,
};

/// How one value is made. Serialises as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueExpression {
    file: Value,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// The value at a path.
    Path(Path),
    /// The first that has a value.
    FirstOf(Vec<ValueExpression>),
    /// A text with paths as placeholders; no value unless all have one.
    Template(Template),
    /// All that have a value, as text.
    Join {
        parts: Vec<ValueExpression>,
        with: String,
    },
    /// The value at a path, exchanged by its text.
    Lookup {
        path: Path,
        map: Option<Map<String, Value>>,
        default: Option<Value>,
    },
    /// The time at a path.
    Time {
        path: Path,
        format: Option<String>,
        never: Vec<Value>,
    },
}

impl ValueExpression {
    /// The keys that an expression may begin with; for the "did you mean" of types around this one.
    pub const KEYS: [&'static str; 9] = file::KEYS;

    /// Compiles the expression at the place `at` of a file.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn compile(file: &Value, at: &str) -> Result<Self, Vec<Mistake>> {
        file::expression(file, at, 0)
    }

    /// All paths that it reads: whatever none of them leads to can be dropped before.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let mut paths = Vec::new();
        self.collect_paths(&mut paths);
        paths.into_iter()
    }

    fn collect_paths<'a>(&'a self, paths: &mut Vec<&'a Path>) {
        match &self.kind {
            Kind::Path(path) | Kind::Lookup { path, .. } | Kind::Time { path, .. } => {
                paths.push(path)
            }
            Kind::FirstOf(parts) | Kind::Join { parts, .. } => {
                parts.iter().for_each(|part| part.collect_paths(paths))
            }
            Kind::Template(template) => paths.extend(template.paths()),
        }
    }

    /// All paths that it reads, to be exchanged for others.
    pub(crate) fn paths_mut(&mut self) -> Vec<&mut Path> {
        match &mut self.kind {
            Kind::Path(path) | Kind::Lookup { path, .. } | Kind::Time { path, .. } => vec![path],
            Kind::FirstOf(parts) | Kind::Join { parts, .. } => {
                parts.iter_mut().flat_map(Self::paths_mut).collect()
            }
            Kind::Template(template) => template.paths_mut().collect(),
        }
    }

    /// The file form.
    pub fn to_value(&self) -> Value {
        self.file.clone()
    }
}

impl Serialize for ValueExpression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.file.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ValueExpression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = Value::deserialize(deserializer)?;
        Self::compile(&file, "").map_err(|mistakes| D::Error::custom(mistake::in_lines(&mistakes)))
    }
}
