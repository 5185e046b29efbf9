//! Conditions over JSON: `{ path: department, op: is, value: Engineering }`.
//!
//! Used by definitions (two-valued: a missing value behaves as documented) and by the lifecycle (three-valued: what is not known
//! neither grants nor revokes). Operators and their meaning: `definition.md`, "Operators".

mod check;
mod evaluate;
mod file;
#[cfg(test)]
mod laws;
mod operator;
#[cfg(test)]
mod tests;
mod wanted;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use check::Check;
pub use evaluate::{Explained, Missing, Truth, Why};
pub use operator::Operator;

use crate::{
    mistake::{self, Mistake},
    path::Path,
};

/// A list of conditions that must all hold; the empty list always does.
///
/// Serialises as the list that was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conditions {
    all: Vec<Condition>,
}

/// One entry of a list of conditions: a test of one path, or `any` of several lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Test(Box<Test>),
    Any(Vec<Conditions>),
}

/// A test of the value at one path.
#[derive(Debug, Clone)]
struct Test {
    path: Path,
    op: Operator,
    ignore_case: bool,
    /// What is wanted, as it was written.
    wanted: Option<Value>,
    check: Check,
}

/// A check is made from the other fields.
impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
            && self.op == other.op
            && self.ignore_case == other.ignore_case
            && self.wanted == other.wanted
    }
}

impl Conditions {
    /// Compiles the list at the place `at` of a file.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn compile(file: &Value, at: &str) -> Result<Self, Vec<Mistake>> {
        file::conditions(file, at, file::Depth::default())
    }

    /// Whether there are none, so that they always hold.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All paths that are read; those of a `where` are meant from the items and not among them.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let mut paths = Vec::new();
        self.collect_paths(&mut paths);
        paths.into_iter()
    }

    fn collect_paths<'a>(&'a self, paths: &mut Vec<&'a Path>) {
        for condition in &self.all {
            condition.collect_paths(paths);
        }
    }

    /// All paths that are read, to be exchanged for others.
    pub(crate) fn paths_mut(&mut self) -> Vec<&mut Path> {
        let kinds = self.all.iter_mut().map(|condition| &mut condition.kind);
        let paths = kinds.flat_map(|kind| match kind {
            Kind::Test(test) => vec![&mut test.path],
            Kind::Any(groups) => groups.iter_mut().flat_map(Self::paths_mut).collect(),
        });
        paths.collect()
    }

    /// The file form.
    pub fn to_value(&self) -> Value {
        Value::Array(self.all.iter().map(Condition::to_value).collect())
    }
}

impl From<Condition> for Conditions {
    fn from(condition: Condition) -> Self {
        Self {
            all: vec![condition],
        }
    }
}

impl Condition {
    /// Compiles the condition at the place `at` of a file.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn compile(file: &Value, at: &str) -> Result<Self, Vec<Mistake>> {
        file::condition(file, at, file::Depth::default())
    }

    /// All paths that are read, as [`Conditions::paths`] has them.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let mut paths = Vec::new();
        self.collect_paths(&mut paths);
        paths.into_iter()
    }

    fn collect_paths<'a>(&'a self, paths: &mut Vec<&'a Path>) {
        match &self.kind {
            Kind::Test(test) => paths.push(&test.path),
            Kind::Any(groups) => groups.iter().for_each(|group| group.collect_paths(paths)),
        }
    }

    /// The file form.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Test(test) => file::print(test),
            Kind::Any(groups) => {
                serde_json::json!({ "any": groups.iter().map(Conditions::to_value).collect::<Vec<_>>() })
            }
        }
    }
}

impl Serialize for Conditions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = Value::deserialize(deserializer)?;
        Self::compile(&file, "").map_err(|mistakes| D::Error::custom(mistake::in_lines(&mistakes)))
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = Value::deserialize(deserializer)?;
        Self::compile(&file, "").map_err(|mistakes| D::Error::custom(mistake::in_lines(&mistakes)))
    }
}
