//! How full the fields of a list are, compared with the last list that counted: a mapping that goes silently empty is
//! noticed (X14).
//!
//! Only what the same version of a definition read is compared: what a new version maps is looked at before it is put.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Sync;
use crate::definition::{Dropped, MappedUser, Reason};

/// How many fields are told apart; a definition that maps more is none of a human's.
const MOST_FIELDS: usize = 200;
/// A field that fewer rows had may well be empty by chance.
const LEAST_FILLED: u64 = 5;
/// As may one that a smaller share of the rows had: the share that the guard against losses starts from.
const LEAST_PERCENT: u64 = 20;
/// A field that at most this share of the rows has is empty but for leftovers.
const EMPTY_PERCENT: u64 = 1;

/// How many rows of a list have a value, by mapped field.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Shape {
    /// The rows: users, and records that became none.
    pub rows: u64,
    /// How many of them have a value, by field: `role`, `custom_fields.team`.
    pub filled: BTreeMap<String, u64>,
    /// Of how many of them nobody knows, because details or a joined list could not be read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown: BTreeMap<String, u64>,
}

impl Shape {
    /// Counts a user.
    pub fn count(&mut self, mapped: &MappedUser) {
        self.rows = self.rows.saturating_add(1);
        let user = &mapped.user;
        let fixed = [
            ("email", user.email.is_some()),
            ("username", user.username.is_some()),
            ("full_name", user.full_name.is_some()),
            ("role", user.role.is_some()),
            ("created_at", user.created_at.is_some()),
            ("last_visit_at", user.last_visit_at.is_some()),
            ("kind", user.kind.is_some()),
        ];
        add(&mut self.filled, "external_id");
        for (field, is_there) in fixed {
            if is_there {
                add(&mut self.filled, field);
            }
        }
        for (name, value) in &user.custom_fields {
            if has_value(value) {
                add(&mut self.filled, &format!("custom_fields.{name}"));
            }
        }
        for field in &mapped.unknown {
            add(&mut self.unknown, field);
        }
    }

    /// Counts a record that became no user; not one of which nobody knows whether it is to be one.
    pub fn count_dropped(&mut self, dropped: &Dropped) {
        if dropped.reason == Reason::FilterUnknown {
            return;
        }
        self.rows = self.rows.saturating_add(1);
        if dropped.external_id.is_some() {
            add(&mut self.filled, "external_id");
        }
    }

    fn of(&self, field: &str) -> u64 {
        self.filled.get(field).copied().unwrap_or(0)
    }

    /// Is the field one that people rely on?
    fn is_full_of(&self, field: &str) -> bool {
        let count = self.of(field);
        count >= LEAST_FILLED && percent(count) >= u128::from(LEAST_PERCENT) * u128::from(self.rows)
    }

    /// Has none of the rows a value in the field, or nearly none? What nobody knows may be one: doubt warns nobody.
    fn is_empty_of(&self, field: &str) -> bool {
        let few = u128::from(EMPTY_PERCENT) * u128::from(self.rows);
        let unknown = self.unknown.get(field).copied().unwrap_or(0);
        let perhaps = self.of(field).saturating_add(unknown);
        self.rows > 0 && percent(perhaps) <= few
    }
}

fn add(counts: &mut BTreeMap<String, u64>, field: &str) {
    if let Some(count) = counts.get_mut(field) {
        *count = count.saturating_add(1);
    } else if counts.len() < MOST_FIELDS {
        counts.insert(field.to_owned(), 1);
    }
}

fn percent(count: u64) -> u128 {
    u128::from(count) * 100
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

/// A field that had values, and has none or nearly none any more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Emptied {
    /// Which: `role`, `custom_fields.team`.
    pub field: String,
    /// How many rows had a value when it was well.
    pub before: u64,
    /// Of how many.
    pub before_rows: u64,
    /// How many have one now.
    pub now: u64,
    /// Of how many.
    pub now_rows: u64,
    /// The sync that found it first.
    pub sync: u64,
}

/// What an account's answers are like, as far as somebody relies on it.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Contract {
    /// The version of the definition that read them.
    pub version: u32,
    /// How full the fields of the last list that counted are.
    pub shape: Shape,
    /// The fields that went empty, until they have values again or another version of the definition reads them.
    #[serde(default)]
    pub emptied: Vec<Emptied>,
}

impl Contract {
    /// What is known once this sync counts.
    #[must_use]
    pub fn after(before: Option<&Self>, sync: &Sync) -> Self {
        let before = before.filter(|before| before.version == sync.version);
        match before {
            Some(before) if sync.shape.rows == 0 => before.clone(),
            Some(before) => Self {
                version: sync.version,
                shape: sync.shape.clone(),
                emptied: before.emptied(&sync.shape, sync.number),
            },
            None => Self {
                version: sync.version,
                shape: sync.shape.clone(),
                emptied: Vec::new(),
            },
        }
    }

    /// What this sync found to be empty first.
    pub fn found_by(&self, sync: u64) -> impl Iterator<Item = &Emptied> {
        self.emptied.iter().filter(move |one| one.sync == sync)
    }

    fn emptied(&self, now: &Shape, sync: u64) -> Vec<Emptied> {
        let known = |field: &str| self.emptied.iter().any(|one| one.field == field);
        let fields = self.shape.filled.keys();
        let fresh = fields.filter(|field| {
            !known(field) && self.shape.is_full_of(field) && now.is_empty_of(field)
        });
        let fresh = fresh.map(|field| Emptied {
            field: field.clone(),
            before: self.shape.of(field),
            before_rows: self.shape.rows,
            now: now.of(field),
            now_rows: now.rows,
            sync,
        });
        let still = self.emptied.iter();
        let still = still.filter(|one| now.is_empty_of(&one.field));
        let still = still.map(|one| Emptied {
            now: now.of(&one.field),
            now_rows: now.rows,
            ..one.clone()
        });
        still.chain(fresh).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(filled: u64, rows: u64) -> Contract {
        Contract {
            version: 1,
            shape: shape(filled, rows),
            emptied: Vec::new(),
        }
    }

    fn shape(filled: u64, rows: u64) -> Shape {
        let mut shape = Shape {
            rows,
            ..Shape::default()
        };
        if filled > 0 {
            shape.filled.insert("role".to_owned(), filled);
        }
        shape
    }

    #[track_caller]
    fn check(before: (u64, u64), now: (u64, u64), expect: bool) {
        let found = contract(before.0, before.1).emptied(&shape(now.0, now.1), 2);
        assert_eq!(!found.is_empty(), expect, "{before:?} {now:?}");
    }

    #[test]
    fn a_field_that_a_fifth_had_and_nearly_nobody_has_went_empty() {
        check((1_190, 1_204), (3, 1_204), true);
        check((20, 100), (0, 100), true);
        check((20, 100), (1, 100), true);
        check((20, 100), (2, 100), false);
        check((19, 100), (0, 100), false);
    }

    #[test]
    fn a_few_rows_are_chance() {
        check((5, 5), (0, 5), true);
        check((4, 5), (0, 5), false);
        check((5, 5), (0, 0), false);
    }

    #[test]
    fn what_could_not_be_read_is_not_empty() {
        let mut now = shape(0, 50);
        now.unknown.insert("role".to_owned(), 50);

        assert!(contract(50, 50).emptied(&now, 2).is_empty());
    }

    #[test]
    fn it_is_found_once_and_stands_until_there_are_values_again() {
        let before = contract(50, 50);
        let first = before.emptied(&shape(0, 50), 2);
        let then = Contract {
            version: 1,
            shape: shape(0, 50),
            emptied: first.clone(),
        };

        let second = then.emptied(&shape(0, 60), 3);

        assert_eq!((first.len(), second.len()), (1, 1));
        assert_eq!((second[0].sync, second[0].before), (2, 50));
        assert_eq!((second[0].now, second[0].now_rows), (0, 60));
        assert!(then.emptied(&shape(40, 60), 3).is_empty());
    }
}
