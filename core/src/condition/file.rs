//! Compiles conditions as they are written, and prints them again.

use serde_json::{Map, Value};

use super::{Condition, Conditions, Kind, Operator, Test, wanted::Wanted};
use crate::{
    mistake::{self, Mistake},
    path::Path,
};

/// How deep `any` may stand in `any`.
const DEEPEST: usize = 16;

const TEST_KEYS: [&str; 5] = ["path", "op", "value", "where", "ignore_case"];
const KEYS: [&str; 6] = ["path", "op", "value", "where", "ignore_case", "any"];

/// Where in the nesting a condition stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Depth {
    any: usize,
    in_where: bool,
}

impl Depth {
    pub(super) fn is_in_where(self) -> bool {
        self.in_where
    }

    /// The nesting within a `where`.
    pub(super) fn into_where(self) -> Self {
        Self {
            in_where: true,
            ..self
        }
    }
}

pub(super) fn conditions(file: &Value, at: &str, depth: Depth) -> Result<Conditions, Vec<Mistake>> {
    let Value::Array(items) = file else {
        return Err(vec![Mistake::new(at, "must be a list of conditions")]);
    };
    let mut all = Vec::with_capacity(items.len());
    let mut mistakes = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match condition(item, &mistake::item(at, index), depth) {
            Ok(condition) => all.push(condition),
            Err(more) => mistakes.extend(more),
        }
    }
    if mistakes.is_empty() {
        Ok(Conditions { all })
    } else {
        Err(mistakes)
    }
}

pub(super) fn condition(file: &Value, at: &str, depth: Depth) -> Result<Condition, Vec<Mistake>> {
    let Value::Object(map) = file else {
        return Err(vec![Mistake::new(
            at,
            "must be a condition: `path`, `op` and `value`, or `any`",
        )]);
    };
    match map.get("any") {
        Some(groups) => any(map, groups, at, depth),
        None => test(map, at, depth),
    }
}

fn any(
    map: &Map<String, Value>,
    groups: &Value,
    at: &str,
    depth: Depth,
) -> Result<Condition, Vec<Mistake>> {
    let here = mistake::join(at, "any");
    let mut mistakes: Vec<Mistake> = map
        .keys()
        .filter(|key| *key != "any")
        .map(|key| Mistake::new(mistake::join(at, key), "cannot stand beside `any`"))
        .collect();
    if depth.in_where {
        mistakes.push(Mistake::new(here, "`any` cannot stand in `where`"));
        return Err(mistakes);
    }
    if depth.any >= DEEPEST {
        mistakes.push(Mistake::new(here, "`any` is nested too deeply"));
        return Err(mistakes);
    }
    let items = groups.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        mistakes.push(Mistake::new(
            here,
            "must be a list of lists of conditions, and not empty",
        ));
        return Err(mistakes);
    }
    let inner = Depth {
        any: depth.any + 1,
        ..depth
    };
    let mut compiled = Vec::with_capacity(items.len());
    for (index, group) in items.iter().enumerate() {
        let here = mistake::item(&here, index);
        match conditions(group, &here, inner) {
            Ok(group) if group.is_empty() => {
                mistakes.push(Mistake::new(here, "an empty list would always hold"))
            }
            Ok(group) => compiled.push(group),
            Err(more) => mistakes.extend(more),
        }
    }
    if mistakes.is_empty() {
        Ok(Condition {
            kind: Kind::Any(compiled),
        })
    } else {
        Err(mistakes)
    }
}

fn test(map: &Map<String, Value>, at: &str, depth: Depth) -> Result<Condition, Vec<Mistake>> {
    let mut mistakes: Vec<Mistake> = map
        .keys()
        .filter(|key| !TEST_KEYS.contains(&key.as_str()))
        .map(|key| mistake::unknown_key(at, key, KEYS))
        .collect();
    let mut keep =
        |result: Result<(), Vec<Mistake>>| mistakes.extend(result.err().unwrap_or_default());
    let mut path = None;
    keep(read_path(map, at).map(|read| path = Some(read)));
    let mut ignore_case = false;
    keep(read_ignore_case(map, at).map(|read| ignore_case = read));
    let mut check = None;
    keep(read_operator(map, at).and_then(|op| {
        let wanted = Wanted {
            map,
            at,
            op,
            ignore_case,
            depth,
        };
        check = Some((op, wanted.compile()?));
        Ok(())
    }));
    match (path, check) {
        (Some(path), Some((op, check))) if mistakes.is_empty() => {
            let wanted = map
                .get(wanted_key(op))
                .filter(|value| !value.is_null())
                .cloned();
            Ok(Condition {
                kind: Kind::Test(Box::new(Test {
                    path,
                    op,
                    ignore_case,
                    wanted,
                    check,
                })),
            })
        }
        _ => Err(mistakes),
    }
}

/// The key under which an operator has what it wants.
fn wanted_key(op: Operator) -> &'static str {
    if op == Operator::Some {
        "where"
    } else {
        "value"
    }
}

/// The file form of a test.
pub(super) fn print(test: &Test) -> Value {
    let mut map = Map::new();
    map.insert("path".to_owned(), Value::from(test.path.as_str()));
    map.insert("op".to_owned(), Value::from(test.op.name()));
    if let Some(wanted) = &test.wanted {
        map.insert(wanted_key(test.op).to_owned(), wanted.clone());
    }
    if test.ignore_case {
        map.insert("ignore_case".to_owned(), Value::Bool(true));
    }
    Value::Object(map)
}

pub(super) fn one(path: String, message: impl Into<String>) -> Vec<Mistake> {
    vec![Mistake::new(path, message)]
}

fn read_path(map: &Map<String, Value>, at: &str) -> Result<Path, Vec<Mistake>> {
    let here = mistake::join(at, "path");
    let text = map.get("path").and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() {
        return Err(one(here, "a condition needs a `path`, as text"));
    }
    Path::parse(text).map_err(|error| one(here, error.to_string()))
}

fn read_ignore_case(map: &Map<String, Value>, at: &str) -> Result<bool, Vec<Mistake>> {
    match map.get("ignore_case") {
        None => Ok(false),
        Some(Value::Bool(ignore_case)) => Ok(*ignore_case),
        Some(_) => Err(one(
            mistake::join(at, "ignore_case"),
            "must be true or false",
        )),
    }
}

fn read_operator(map: &Map<String, Value>, at: &str) -> Result<Operator, Vec<Mistake>> {
    let here = mistake::join(at, "op");
    let Some(name) = map.get("op").and_then(Value::as_str) else {
        return Err(one(here, "a condition needs an `op`, as text"));
    };
    Operator::find(name).ok_or_else(|| {
        let known = Operator::ALL.map(Operator::name);
        vec![mistake::unknown_word("operator", &here, name, known)]
    })
}
