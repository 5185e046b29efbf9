//! Follows a path to its value.

use std::{borrow::Cow, fmt};

use serde_json::{Map, Value};

use super::{Path, Segment, of_scalar};

/// What a path can see: a value, the key it stood under if it was a row of an object, and the kept values.
///
/// `Debug` shows none of it.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    value: &'a Value,
    key: Option<&'a str>,
    kept: Option<&'a Map<String, Value>>,
}

impl<'a> Scope<'a> {
    /// A value alone.
    pub fn of(value: &'a Value) -> Self {
        Self {
            value,
            key: None,
            kept: None,
        }
    }

    /// The same, with the key under which the value stood (`@key`).
    #[must_use]
    pub fn with_key(self, key: Option<&'a str>) -> Self {
        Self { key, ..self }
    }

    /// The same, with the kept values (`$name`).
    #[must_use]
    pub fn with_kept(self, kept: &'a Map<String, Value>) -> Self {
        Self {
            kept: Some(kept),
            ..self
        }
    }

    /// The value itself.
    pub(crate) fn value(self) -> &'a Value {
        self.value
    }

    /// The same surroundings around another value.
    #[must_use]
    pub(crate) fn at(self, value: &'a Value) -> Self {
        Self { value, ..self }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl<'a> From<&'a Value> for Scope<'a> {
    fn from(value: &'a Value) -> Self {
        Self::of(value)
    }
}

impl Path {
    /// The value that the path leads to; with `*` in it an array of all of them, in the order of the document.
    ///
    /// `None` if there is none. A null that is there is found, but nothing is found behind it.
    pub fn find<'a>(&self, input: impl Into<Scope<'a>>) -> Option<Cow<'a, Value>> {
        follow(&self.segments, input.into())
    }
}

fn follow<'a>(segments: &[Segment], scope: Scope<'a>) -> Option<Cow<'a, Value>> {
    let Some((segment, rest)) = segments.split_first() else {
        return Some(Cow::Borrowed(scope.value));
    };
    match segment {
        Segment::Each => {
            let mut found = Vec::new();
            for (key, value) in children(scope.value)? {
                let scope = scope.at(value).with_key(key.or(scope.key));
                let many = rest.contains(&Segment::Each);
                match follow(rest, scope).map(Cow::into_owned) {
                    Some(Value::Array(all)) if many => found.extend(all),
                    Some(one) => found.push(one),
                    None => {}
                }
            }
            Some(Cow::Owned(Value::Array(found)))
        }
        Segment::RowKey => {
            let key = Value::String(scope.key?.to_owned());
            rest.is_empty().then_some(Cow::Owned(key))
        }
        Segment::Key(_)
        | Segment::Index(_)
        | Segment::First { .. }
        | Segment::RowValue
        | Segment::Kept(_) => follow(rest, scope.at(step(segment, scope)?)),
    }
}

/// Follows a segment that leads to at most one value of the document itself.
pub(super) fn step<'a>(segment: &Segment, scope: Scope<'a>) -> Option<&'a Value> {
    match segment {
        Segment::Key(key) => scope.value.as_object()?.get(key),
        Segment::Index(index) => item(scope.value.as_array()?, *index),
        Segment::First { field, text } => {
            let items = scope.value.as_array()?;
            items.iter().find(|item| has_text(item, field, text))
        }
        Segment::RowValue => {
            Some(scope.value).filter(|value| !value.is_array() && !value.is_object())
        }
        Segment::Kept(name) => scope.kept?.get(name),
        Segment::Each | Segment::RowKey => None,
    }
}

/// What `*` leads to: the items of an array, the values of an object with their keys.
pub(super) fn children(value: &Value) -> Option<Vec<(Option<&str>, &Value)>> {
    match value {
        Value::Array(items) => Some(items.iter().map(|item| (None, item)).collect()),
        Value::Object(map) => Some(
            map.iter()
                .map(|(key, value)| (Some(key.as_str()), value))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn item(items: &[Value], index: i64) -> Option<&Value> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 {
        items.get(items.len().checked_sub(distance)?)
    } else {
        items.get(distance)
    }
}

fn has_text(item: &Value, field: &[String], text: &str) -> bool {
    let value = field
        .iter()
        .try_fold(item, |value, key| value.as_object()?.get(key));
    value.and_then(of_scalar).is_some_and(|found| found == text)
}
