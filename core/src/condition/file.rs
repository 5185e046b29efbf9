//! Compiles conditions as they are written, and prints them again.

use jiff::SignedDuration;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::{
    Condition, Conditions, Kind, Operator, Test,
    check::{Check, Negated, Number, fold},
};
use crate::{
    mistake::{self, Mistake},
    path::{Path, of_scalar},
};

/// How deep `any` may stand in `any`.
const DEEPEST: usize = 16;
/// The longest regular expression, in bytes of text.
const LONGEST_REGEX: usize = 1_000;
/// The largest compiled regular expression, in bytes.
const LARGEST_REGEX: usize = 1 << 20;

const TEST_KEYS: [&str; 5] = ["path", "op", "value", "where", "ignore_case"];
const KEYS: [&str; 6] = ["path", "op", "value", "where", "ignore_case", "any"];

/// Where in the nesting a condition stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Depth {
    any: usize,
    in_where: bool,
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
            let wanted = map.get("value").or_else(|| map.get("where"));
            let wanted = wanted.filter(|value| !value.is_null()).cloned();
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

/// The file form of a test.
pub(super) fn print(test: &Test) -> Value {
    let mut map = Map::new();
    map.insert("path".to_owned(), Value::from(test.path.as_str()));
    map.insert("op".to_owned(), Value::from(test.op.name()));
    if let Some(wanted) = &test.wanted {
        let key = if test.op == Operator::Some {
            "where"
        } else {
            "value"
        };
        map.insert(key.to_owned(), wanted.clone());
    }
    if test.ignore_case {
        map.insert("ignore_case".to_owned(), Value::Bool(true));
    }
    Value::Object(map)
}

fn one(path: String, message: impl Into<String>) -> Vec<Mistake> {
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

/// What a test wants, before it is compiled.
struct Wanted<'a> {
    map: &'a Map<String, Value>,
    at: &'a str,
    op: Operator,
    ignore_case: bool,
    depth: Depth,
}

impl Wanted<'_> {
    fn compile(&self) -> Result<Check, Vec<Mistake>> {
        if self.ignore_case && !self.op.compares_text() {
            let message = format!("`{}` compares no text", self.op);
            return Err(one(mistake::join(self.at, "ignore_case"), message));
        }
        self.refuse_where()?;
        match self.op {
            Operator::Is => Ok(Check::Is {
                text: self.text()?,
                negated: Negated::No,
            }),
            Operator::IsNot => Ok(Check::Is {
                text: self.text()?,
                negated: Negated::Yes,
            }),
            Operator::AnyOf => Ok(Check::AnyOf {
                texts: self.texts()?,
                negated: Negated::No,
            }),
            Operator::NotAnyOf => Ok(Check::AnyOf {
                texts: self.texts()?,
                negated: Negated::Yes,
            }),
            Operator::Contains => Ok(Check::Contains {
                text: self.part()?,
                negated: Negated::No,
            }),
            Operator::NotContains => Ok(Check::Contains {
                text: self.part()?,
                negated: Negated::Yes,
            }),
            Operator::Gte => Ok(Check::Compare {
                number: self.number()?,
                holds: std::cmp::Ordering::is_ge,
            }),
            Operator::Lte => Ok(Check::Compare {
                number: self.number()?,
                holds: std::cmp::Ordering::is_le,
            }),
            Operator::Gt => Ok(Check::Compare {
                number: self.number()?,
                holds: std::cmp::Ordering::is_gt,
            }),
            Operator::Lt => Ok(Check::Compare {
                number: self.number()?,
                holds: std::cmp::Ordering::is_lt,
            }),
            Operator::HasValue => self.nothing().map(|()| Check::HasValue {
                negated: Negated::No,
            }),
            Operator::IsEmpty => self.nothing().map(|()| Check::HasValue {
                negated: Negated::Yes,
            }),
            Operator::Some => self.some(),
            Operator::Matches => self.regex(),
            Operator::OlderThan => self.older_than(),
        }
    }

    fn mistake(&self, message: impl Into<String>) -> Vec<Mistake> {
        one(mistake::join(self.at, "value"), message)
    }

    fn value(&self) -> Result<&Value, Vec<Mistake>> {
        let value = self.map.get("value").filter(|value| !value.is_null());
        value.ok_or_else(|| self.mistake(format!("`{}` needs a `value`", self.op)))
    }

    fn refuse_where(&self) -> Result<(), Vec<Mistake>> {
        if self.op == Operator::Some || !self.map.contains_key("where") {
            return Ok(());
        }
        Err(one(
            mistake::join(self.at, "where"),
            "`where` belongs to `some` only",
        ))
    }

    fn nothing(&self) -> Result<(), Vec<Mistake>> {
        match self.map.get("value") {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(self.mistake(format!("`{}` takes no `value`", self.op))),
        }
    }

    fn text(&self) -> Result<String, Vec<Mistake>> {
        let value = self.value()?;
        match of_scalar(value) {
            Some(text) => Ok(fold(&text, self.ignore_case)),
            None if value.is_array() => {
                Err(self.mistake("must be one value; for a list there is `any_of`"))
            }
            None => Err(self.mistake("must be a text, a number or true or false")),
        }
    }

    fn part(&self) -> Result<String, Vec<Mistake>> {
        let text = self.text()?;
        if text.is_empty() {
            return Err(self.mistake("every text contains the empty text"));
        }
        Ok(text)
    }

    fn texts(&self) -> Result<Vec<String>, Vec<Mistake>> {
        let value = self.value()?;
        let texts: Option<Vec<String>> = match value {
            Value::Array(items) => items
                .iter()
                .map(|item| of_scalar(item).map(|text| text.into_owned()))
                .collect(),
            Value::String(text) => Some(comma_separated(text)),
            other => of_scalar(other).map(|text| vec![text.into_owned()]),
        };
        match texts {
            Some(texts) if !texts.is_empty() => Ok(texts
                .iter()
                .map(|text| fold(text, self.ignore_case))
                .collect()),
            _ => Err(self
                .mistake("must be a list of texts or numbers, or text with commas, and not empty")),
        }
    }

    fn number(&self) -> Result<Number, Vec<Mistake>> {
        Number::read(self.value()?).ok_or_else(|| self.mistake("must be a number"))
    }

    fn some(&self) -> Result<Check, Vec<Mistake>> {
        self.nothing()?;
        let here = mistake::join(self.at, "where");
        if self.depth.in_where {
            return Err(one(
                mistake::join(self.at, "op"),
                "`some` cannot stand in the `where` of another",
            ));
        }
        let inner = Depth {
            in_where: true,
            ..self.depth
        };
        match self.map.get("where") {
            Some(items) => match conditions(items, &here, inner)? {
                items if items.is_empty() => Err(one(here, "must not be empty")),
                items => Ok(Check::Some { items }),
            },
            None => Err(one(
                here,
                "`some` needs a `where`: conditions that one item must all fit",
            )),
        }
    }

    fn regex(&self) -> Result<Check, Vec<Mistake>> {
        let Value::String(pattern) = self.value()? else {
            return Err(self.mistake("must be a regular expression, as text"));
        };
        if pattern.len() > LONGEST_REGEX {
            return Err(self.mistake(format!(
                "a regular expression has at most {LONGEST_REGEX} bytes"
            )));
        }
        let regex =
            compile_regex(pattern, self.ignore_case).map_err(|message| self.mistake(message))?;
        Ok(Check::Matches { regex })
    }

    fn older_than(&self) -> Result<Check, Vec<Mistake>> {
        let text = of_scalar(self.value()?);
        let age = text.as_deref().and_then(duration);
        let age = age
            .ok_or_else(|| self.mistake("must be a duration such as `90d`, in s, m, h, d or w"))?;
        Ok(Check::OlderThan { age })
    }
}

fn comma_separated(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn compile_regex(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(LARGEST_REGEX)
        .dfa_size_limit(LARGEST_REGEX)
        .nest_limit(64)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
            other => format!("not a regular expression: {other}"),
        })
}

/// Reads `90d`: a whole number of at most 6 digits and a unit. Days have 24 hours.
fn duration(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(SignedDuration::from_secs(
        digits.parse::<i64>().ok()?.checked_mul(seconds)?,
    ))
}
