//! What one test wants of a value that is there.

use std::{borrow::Cow, cmp::Ordering};

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::Value;

use super::{
    Conditions,
    evaluate::{Missing, Truth},
};
use crate::{
    moment::Moment,
    path::{Scope, has_value, of_scalar},
};

/// An operator with what it wants, compiled. Negative operators are their positive one with `Truth` turned around.
#[derive(Debug, Clone)]
pub(super) enum Check {
    Is {
        text: String,
        negated: Negated,
    },
    AnyOf {
        texts: Vec<String>,
        negated: Negated,
    },
    Contains {
        text: String,
        negated: Negated,
    },
    Compare {
        number: Number,
        holds: fn(Ordering) -> bool,
    },
    HasValue {
        negated: Negated,
    },
    Some {
        items: Conditions,
    },
    Matches {
        regex: Regex,
    },
    OlderThan {
        age: SignedDuration,
    },
}

/// Whether the operator is the negative one of its pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Negated {
    No,
    Yes,
}

impl Negated {
    fn turn(self, truth: Truth) -> Truth {
        match self {
            Self::No => truth,
            Self::Yes => truth.not(),
        }
    }
}

/// The surroundings of a check.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) missing: Missing,
    pub(super) now: Timestamp,
    pub(super) ignore_case: bool,
}

impl Surroundings<'_> {
    /// What holds of a value that cannot be read as what the operator needs.
    fn unreadable(self) -> Truth {
        match self.missing {
            Missing::AsDocumented => Truth::False,
            Missing::IsUnknown => Truth::Unknown,
        }
    }

    fn fold(self, text: Cow<'_, str>) -> Cow<'_, str> {
        fold(text, self.ignore_case)
    }
}

/// A text as it is compared.
pub(super) fn fold(text: Cow<'_, str>, ignore_case: bool) -> Cow<'_, str> {
    if ignore_case {
        Cow::Owned(text.to_lowercase())
    } else {
        text
    }
}

impl Check {
    /// What holds of the value that was found; missing and null are the same.
    pub(super) fn holds(&self, found: Option<&Value>, around: Surroundings<'_>) -> Truth {
        let found = found.filter(|value| !value.is_null());
        if let Self::HasValue { negated } = self {
            return negated.turn(Truth::from(found.is_some_and(has_value)));
        }
        match found {
            Some(found) => self.holds_of(found, around),
            None => match around.missing {
                Missing::IsUnknown => Truth::Unknown,
                Missing::AsDocumented => self.negated().turn(Truth::False),
            },
        }
    }

    fn negated(&self) -> Negated {
        match self {
            Self::Is { negated, .. }
            | Self::AnyOf { negated, .. }
            | Self::Contains { negated, .. }
            | Self::HasValue { negated } => *negated,
            Self::Compare { .. }
            | Self::Some { .. }
            | Self::Matches { .. }
            | Self::OlderThan { .. } => Negated::No,
        }
    }

    fn holds_of(&self, found: &Value, around: Surroundings<'_>) -> Truth {
        let truth = match self {
            Self::Is { text, .. } => match of_scalar(found) {
                Some(scalar) => Truth::from(around.fold(scalar) == *text),
                None => around.unreadable(),
            },
            Self::AnyOf { texts, .. } => is_any_of(found, texts, around),
            Self::Contains { text, .. } => contains(found, text, around),
            Self::Compare { number, holds } => match Number::read(found) {
                Some(other) => Truth::from(other.compare(*number).is_some_and(holds)),
                None => around.unreadable(),
            },
            Self::HasValue { .. } => Truth::from(has_value(found)),
            Self::Some { items } => some(found, items, around),
            Self::Matches { regex } => match of_scalar(found) {
                Some(scalar) => Truth::from(regex.is_match(&scalar)),
                None => around.unreadable(),
            },
            Self::OlderThan { age } => older_than(found, *age, around),
        };
        self.negated().turn(truth)
    }
}

/// A scalar that is one of the texts, or an array of scalars with one that is.
fn is_any_of(found: &Value, texts: &[String], around: Surroundings<'_>) -> Truth {
    let is_one = |value: &Value| {
        of_scalar(value).map(|scalar| {
            let text = around.fold(scalar);
            texts.iter().any(|one| *one == text)
        })
    };
    match found {
        Value::Array(items) => Truth::from(items.iter().any(|item| is_one(item) == Some(true))),
        other => is_one(other).map_or_else(|| around.unreadable(), Truth::from),
    }
}

fn contains(found: &Value, text: &str, around: Surroundings<'_>) -> Truth {
    match found {
        Value::Array(items) => {
            let mut scalars = items.iter().filter_map(of_scalar);
            Truth::from(scalars.any(|scalar| around.fold(scalar) == text))
        }
        other => match of_scalar(other) {
            Some(scalar) => Truth::from(around.fold(scalar).contains(text)),
            None => around.unreadable(),
        },
    }
}

fn some(found: &Value, wanted: &Conditions, around: Surroundings<'_>) -> Truth {
    let Value::Array(items) = found else {
        return around.unreadable();
    };
    let mut truth = Truth::False;
    for item in items {
        truth = truth.or(wanted.truth(around.scope.at(item), around.missing, around.now));
        if truth == Truth::True {
            break;
        }
    }
    truth
}

fn older_than(found: &Value, age: SignedDuration, around: Surroundings<'_>) -> Truth {
    match Moment::read(found) {
        Ok(Moment::Never) => Truth::False,
        Ok(moment) => {
            let limit = around.now.checked_sub(age);
            Truth::from(limit.is_ok_and(|limit| moment.timestamp().is_some_and(|at| at < limit)))
        }
        Err(_) => around.unreadable(),
    }
}

/// A number as it is compared: whole ones with all their digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    /// Reads a number or a numeric text.
    pub(super) fn read(value: &Value) -> Option<Self> {
        if value.is_boolean() {
            return None;
        }
        let text = of_scalar(value)?;
        let text = text.trim();
        if let Ok(whole) = text.parse() {
            return Some(Self::Whole(whole));
        }
        let numeric =
            |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
        if !text.bytes().all(numeric) {
            return None;
        }
        text.parse()
            .ok()
            .filter(|float: &f64| float.is_finite())
            .map(Self::Float)
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => Some(left.cmp(&right)),
            (left, right) => left.float()?.partial_cmp(&right.float()?),
        }
    }

    fn float(self) -> Option<f64> {
        match self {
            Self::Whole(whole) => whole.to_string().parse().ok(),
            Self::Float(float) => Some(float),
        }
    }
}
