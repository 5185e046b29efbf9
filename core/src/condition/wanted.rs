//! Compiles what a test wants: the `value` or `where` of its operator.

use std::cmp::Ordering;

use jiff::SignedDuration;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::{
    Operator,
    check::{Check, Negated, Number, fold},
    file::{Depth, conditions, one},
};
use crate::{
    mistake::{self, Mistake},
    path::of_scalar,
};

/// The longest regular expression, in bytes of text.
const LONGEST_REGEX: usize = 1_000;
/// The largest compiled regular expression, in bytes.
const LARGEST_REGEX: usize = 1 << 20;

/// What a test wants, before it is compiled.
pub(super) struct Wanted<'a> {
    pub(super) map: &'a Map<String, Value>,
    pub(super) at: &'a str,
    pub(super) op: Operator,
    pub(super) ignore_case: bool,
    pub(super) depth: Depth,
}

impl Wanted<'_> {
    /// Compiles it.
    pub(super) fn compile(&self) -> Result<Check, Vec<Mistake>> {
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
                holds: Ordering::is_ge,
            }),
            Operator::Lte => Ok(Check::Compare {
                number: self.number()?,
                holds: Ordering::is_le,
            }),
            Operator::Gt => Ok(Check::Compare {
                number: self.number()?,
                holds: Ordering::is_gt,
            }),
            Operator::Lt => Ok(Check::Compare {
                number: self.number()?,
                holds: Ordering::is_lt,
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
            Some(text) => Ok(fold(text, self.ignore_case).into_owned()),
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
                .map(|text| fold(text.into(), self.ignore_case).into_owned())
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
        if self.depth.is_in_where() {
            return Err(one(
                mistake::join(self.at, "op"),
                "`some` cannot stand in the `where` of another",
            ));
        }
        let inner = self.depth.into_where();
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
            other => {
                // The last line says what is wrong, those before it draw where.
                let message = other.to_string();
                let reason = message.lines().last().unwrap_or_default();
                let reason = reason.trim_start_matches("error: ");
                format!("not a regular expression: {reason}")
            }
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
