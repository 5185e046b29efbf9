//! The rows that a path leads to in an answer (`response_path`).

use std::fmt;

use serde_json::Value;

use super::{
    Path, Scope, Segment,
    follow::{children, step},
};

/// One row, with the key it stood under if it stood in an object. `Debug` shows none of it.
#[derive(Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// The key of the innermost object around the row that `*` went through; what `@key` gives.
    pub key: Option<&'a str>,
    /// The row itself.
    pub value: &'a Value,
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").finish_non_exhaustive()
    }
}

impl<'a> From<Row<'a>> for Scope<'a> {
    fn from(row: Row<'a>) -> Self {
        Self::of(row.value).with_key(row.key)
    }
}

/// What a place that is not in the answer means (`absent_is_empty`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRows {
    /// The answer is not what was expected.
    AreAnError,
    /// There are no rows.
    AreNone,
}

/// Why there are no rows to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowsError {
    /// The answer does not have the place at all.
    #[error("the answer has nothing at `{path}`")]
    Absent {
        /// The path.
        path: Path,
    },
    /// The place has something that cannot be rows.
    #[error("the answer has no list at `{path}` but {found}")]
    NoList {
        /// The path.
        path: Path,
        /// What kind of value it has.
        found: &'static str,
    },
}

impl Path {
    /// The rows of an answer, in the order of the document.
    ///
    /// The path leads to an array of rows. Behind `*` it may also lead to the rows themselves (`edges.*.node`), and a `*` at its
    /// end makes every item or value a row. Null where an array is expected is an empty page.
    ///
    /// # Errors
    /// [`RowsError::Absent`] unless `missing` says otherwise, [`RowsError::NoList`] for anything but an array or null.
    pub fn rows<'a>(
        &self,
        answer: &'a Value,
        missing: MissingRows,
    ) -> Result<Vec<Row<'a>>, RowsError> {
        let mut rows = Vec::new();
        let mut collector = Collector {
            path: self,
            missing,
            rows: &mut rows,
        };
        collector.walk(&self.segments, Scope::of(answer), None, false)?;
        Ok(rows)
    }
}

struct Collector<'p, 'a, 'r> {
    path: &'p Path,
    missing: MissingRows,
    rows: &'r mut Vec<Row<'a>>,
}

impl<'a> Collector<'_, 'a, '_> {
    fn walk(
        &mut self,
        segments: &[Segment],
        scope: Scope<'a>,
        key: Option<&'a str>,
        behind_star: bool,
    ) -> Result<(), RowsError> {
        let value = scope.value();
        let Some((segment, rest)) = segments.split_first() else {
            return self.arrive(value, key, behind_star);
        };
        if *segment == Segment::Each {
            let Some(children) = children(value) else {
                return self.nothing_in(value);
            };
            for (own, child) in children {
                let key = own.or(key);
                if rest.is_empty() {
                    self.rows.push(Row { key, value: child });
                } else {
                    self.walk(rest, scope.at(child), key, true)?;
                }
            }
            return Ok(());
        }
        match step(segment, scope) {
            Some(value) => self.walk(rest, scope.at(value), key, behind_star),
            None => self.absent(),
        }
    }

    fn arrive(
        &mut self,
        value: &'a Value,
        key: Option<&'a str>,
        behind_star: bool,
    ) -> Result<(), RowsError> {
        match value {
            Value::Array(items) => {
                self.rows
                    .extend(items.iter().map(|value| Row { key, value }));
                Ok(())
            }
            Value::Null => Ok(()),
            _ if behind_star => {
                self.rows.push(Row { key, value });
                Ok(())
            }
            _ => self.nothing_in(value),
        }
    }

    fn absent(&self) -> Result<(), RowsError> {
        match self.missing {
            MissingRows::AreNone => Ok(()),
            MissingRows::AreAnError => Err(RowsError::Absent {
                path: self.path.clone(),
            }),
        }
    }

    fn nothing_in(&self, value: &Value) -> Result<(), RowsError> {
        let found = match value {
            Value::Null => return Ok(()),
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Err(RowsError::NoList {
            path: self.path.clone(),
            found,
        })
    }
}
