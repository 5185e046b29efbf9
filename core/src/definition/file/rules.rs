//! What answers mean where the application's own way is not the usual one (`errors`).

use serde_json::Value;

use super::fields::{Fields, Mistakes};
use crate::{
    condition::Conditions,
    mistake::{self, Mistake},
    path::{Path, of_scalar},
};

/// The keys of a rule.
pub(crate) const KEYS: [&str; 6] = ["status", "header", "when", "do", "message", "wait"];
/// The keys of `wait`.
pub(crate) const WAIT_KEYS: [&str; 2] = ["header", "unit"];

/// One rule; the first that fits an answer counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// Any of them; none: every status.
    pub(crate) status: Vec<u16>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) when: Conditions,
    pub(crate) action: Action,
    /// Where the answer says what is wrong.
    pub(crate) message: Option<Path>,
    pub(crate) wait: Option<(String, WaitUnit)>,
}

/// What to do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Ok,
    Retry,
    RateLimited,
    RefreshToken,
    Ignore,
    EndOfList,
    Disable,
    Fail,
}

/// What the number in a header counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitUnit {
    Auto,
    Seconds,
    Milliseconds,
    EpochSeconds,
    EpochMilliseconds,
    Date,
}

pub(crate) const ACTIONS: [(&str, Action); 8] = [
    ("ok", Action::Ok),
    ("retry", Action::Retry),
    ("rate_limited", Action::RateLimited),
    ("refresh_token", Action::RefreshToken),
    ("ignore", Action::Ignore),
    ("end_of_list", Action::EndOfList),
    ("disable", Action::Disable),
    ("fail", Action::Fail),
];

pub(crate) const UNITS: [(&str, WaitUnit); 10] = [
    ("auto", WaitUnit::Auto),
    ("secs", WaitUnit::Seconds),
    ("ms", WaitUnit::Milliseconds),
    ("epoch_secs", WaitUnit::EpochSeconds),
    ("epoch_ms", WaitUnit::EpochMilliseconds),
    ("date", WaitUnit::Date),
    ("seconds", WaitUnit::Seconds),
    ("milliseconds", WaitUnit::Milliseconds),
    ("epoch_seconds", WaitUnit::EpochSeconds),
    ("epoch_milliseconds", WaitUnit::EpochMilliseconds),
];

/// Reads `errors`.
pub(crate) fn read(fields: Fields<'_>, out: &mut Mistakes) -> Vec<Rule> {
    let at = fields.place("errors");
    let items = fields.list("errors", out).unwrap_or_default();
    let rules = items.iter().enumerate();
    rules
        .filter_map(|(index, item)| rule(item, &mistake::item(&at, index), out))
        .collect()
}

fn rule(value: &Value, at: &str, out: &mut Mistakes) -> Option<Rule> {
    let fields = Fields::of(value, at, &KEYS, out)?;
    if !["status", "header", "when"]
        .iter()
        .any(|key| fields.has(key))
    {
        out.push(Mistake::new(
            at,
            "fits every answer: it needs a `status`, a `header` or a `when`",
        ));
    }
    if !fields.has("do") {
        fields.missing("do", out);
    }
    let action = fields.word("do", &ACTIONS, out);
    let wait = wait(fields, out);
    if wait.is_some() && !matches!(action, Some(Action::Retry | Action::RateLimited) | None) {
        fields.wrong("wait", "belongs to `retry` and `rate_limited`", out);
    }
    let message = fields.path("message", out);
    Some(Rule {
        status: status(fields, out),
        headers: headers(fields, out),
        when: fields.conditions("when", out).unwrap_or_default(),
        action: action?,
        message,
        wait,
    })
}

fn status(fields: Fields<'_>, out: &mut Mistakes) -> Vec<u16> {
    let values = match fields.get("status") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let codes: Option<Vec<u16>> = values
        .iter()
        .map(|value| {
            let code = u16::try_from(value.as_u64()?).ok()?;
            (200..600).contains(&code).then_some(code)
        })
        .collect();
    match codes {
        Some(codes) if !codes.is_empty() => codes,
        _ => {
            fields.wrong(
                "status",
                "must be a list of statuses, each from 200 to 599",
                out,
            );
            Vec::new()
        }
    }
}

fn headers(fields: Fields<'_>, out: &mut Mistakes) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, value) in fields.object("header", out).into_iter().flatten() {
        match of_scalar(value) {
            Some(text) => headers.push((name.clone(), text.into_owned())),
            None => {
                let at = mistake::join(&fields.place("header"), name);
                out.push(Mistake::new(at, "must be the text that the header has"));
            }
        }
    }
    headers
}

fn wait(fields: Fields<'_>, out: &mut Mistakes) -> Option<(String, WaitUnit)> {
    let at = fields.place("wait");
    let inner = Fields::of(fields.get("wait")?, &at, &WAIT_KEYS, out)?;
    let header = inner.required_text("header", out)?.to_owned();
    let unit = inner.word("unit", &UNITS, out).unwrap_or(WaitUnit::Auto);
    Some((header, unit))
}
