//! Conditions, times, money and events in plain words.

use jiff::civil::Time;
use serde_json::Value;

use crate::app::{Period, Plan, Price, price};
use crate::condition::Conditions;
use crate::policy::{ApprovalRule, PolicyGrant};
use crate::rule::EventKind;
use crate::schedule::{Delivery, Span};

/// What happens, as in "When …".
pub(super) fn event(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Applied => "somebody applies",
        EventKind::StageChanged => "a candidate moves to another stage",
        EventKind::Hired => "somebody is hired in Lever",
        EventKind::OfferChanged => "an offer changes before the first day",
        EventKind::Unhired => "a hire is taken back in Lever",
        EventKind::Archived => "a candidate is archived without being hired",
        EventKind::Unarchived => "a candidate is taken out of the archive",
        EventKind::Deleted => "a candidate is deleted in Lever",
        EventKind::PersonChanged => "somebody's attributes change",
        EventKind::Terminated => "somebody leaves",
        EventKind::Reinstated => "somebody who left is back",
        EventKind::UserAppeared => "somebody appears in the directory",
        EventKind::UserVanished => "somebody is not active in the directory any more",
    }
}

/// `department is "Design" and title contains "Lead"`; none where there is no condition.
pub(super) fn conditions(conditions: &Conditions) -> Option<String> {
    (!conditions.is_empty()).then(|| all(&conditions.to_value()))
}

/// Every condition of a list as it stands in a file.
pub(super) fn all(list: &Value) -> String {
    let items = list.as_array().into_iter().flatten();
    items.map(condition).collect::<Vec<String>>().join(" and ")
}

fn condition(one: &Value) -> String {
    let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
    if let Some(groups) = one.get("any").and_then(Value::as_array) {
        let groups: Vec<String> = groups.iter().map(all).collect();
        return format!("(either {})", groups.join(", or "));
    }
    let (path, op) = (text("path"), operator(text("op")));
    let wanted = one.get("value").map(value).unwrap_or_default();
    let inside = one.get("where").map(all);
    let inside = inside.map(|inside| format!("where {inside}"));
    let parts = [path.to_owned(), op.to_owned(), wanted];
    let parts = parts.into_iter().chain(inside);
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

fn operator(op: &str) -> &str {
    match op {
        "is" => "is",
        "is_not" => "is not",
        "any_of" => "is one of",
        "not_any_of" => "is none of",
        "contains" => "contains",
        "not_contains" => "does not contain",
        "gte" => "is at least",
        "lte" => "is at most",
        "gt" => "is more than",
        "lt" => "is less than",
        "has_value" => "is there",
        "is_empty" => "is empty",
        "some" => "has one",
        "matches" => "fits the pattern",
        "older_than" => "is longer ago than",
        other => other,
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(self::value).collect();
            items.join(", ")
        }
        other => other.to_string(),
    }
}

/// `3 working days`.
pub(super) fn span(span: Span) -> String {
    let (number, unit) = match span {
        Span::Minutes(number) => (number, "minute"),
        Span::Hours(number) => (number, "hour"),
        Span::Days(number) => (number, "day"),
        Span::WorkingDays(number) => (number, "working day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// `3 days before the first day, at 09:00 there`.
pub(super) fn delivery(delivery: &Delivery) -> String {
    let (when, at) = match delivery {
        Delivery::Now => return "at once".to_owned(),
        Delivery::BeforeStart(time, at) => (format!("{} before the first day", span(*time)), at),
        Delivery::OnStart(at) => ("on the first day".to_owned(), at),
        Delivery::AfterStart(time, at) => (format!("{} after the first day", span(*time)), at),
    };
    let at = at.map(|at: Time| at.strftime(", at %H:%M where they work").to_string());
    format!("{when}{}", at.unwrap_or_default())
}

/// `15.00 USD a month`.
pub(super) fn price(price: &Price) -> String {
    let per = match price.per {
        Period::Month => "month",
        Period::Year => "year",
    };
    let amount = price::amount(price.amount_minor, &price.currency);
    format!("{amount} a {per}")
}

/// `Professional (professional): 15.00 USD a month, 120 seats`.
pub(super) fn plan(plan: &Plan) -> String {
    let name = plan.name.as_ref().filter(|name| **name != plan.id);
    let name = name.map_or_else(|| plan.id.clone(), |name| format!("{name} ({})", plan.id));
    let price = plan.price.as_ref().map(price);
    let seats = plan.seats.map(|seats| format!("{seats} seats"));
    let more: Vec<String> = price.into_iter().chain(seats).collect();
    if more.is_empty() {
        return name;
    }
    format!("{name}: {}", more.join(", "))
}

/// `plan team, role member, groups eng, ops`; empty where only the account itself is given.
pub(super) fn entitlement(grant: &PolicyGrant) -> String {
    let groups: Vec<&str> = grant.groups.iter().map(String::as_str).collect();
    let parts = [
        grant.plan.as_ref().map(|plan| format!("plan {plan}")),
        grant.role.as_ref().map(|role| format!("role {role}")),
        (!groups.is_empty()).then(|| format!("groups {}", groups.join(" and "))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// Who has to say yes, and what happens when nobody does.
pub(super) fn approval(rule: &ApprovalRule) -> String {
    if let Some(given) = &rule.given_by {
        return format!("nobody is asked: the yes was given by {given}");
    }
    let mut words = format!("only after a yes of {}", rule.by.join(" or "));
    if !rule.escalate_to.is_empty() {
        let after = rule.expires.map_or("72 hours", |_| "half the time");
        let to = rule.escalate_to.join(" and ");
        words += &format!("; without an answer {to} is asked as well after {after}");
    }
    if let Some(expires) = rule.expires {
        words += &format!("; after {} it is denied", span(expires));
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(list: Value, expect: &str) {
        let compiled = Conditions::compile(&list, "").unwrap();
        assert_eq!(conditions(&compiled).as_deref(), Some(expect), "{list}");
    }

    #[test]
    fn conditions_read_as_a_sentence() {
        check(
            json!([
                { "path": "department", "op": "any_of", "value": ["Sales", "Design"] },
                { "path": "title", "op": "contains", "value": "Lead" },
            ]),
            "department is one of \"Sales\", \"Design\" and title contains \"Lead\"",
        );
        check(
            json!([{ "any": [
                [{ "path": "location", "op": "is_empty" }],
                [{ "path": "level", "op": "gte", "value": 3 }],
            ] }]),
            "(either location is empty, or level is at least 3)",
        );
        assert_eq!(conditions(&Conditions::default()), None);
    }

    #[test]
    fn times_read_as_words() {
        let read = |file: Value| delivery(&serde_json::from_value(file).unwrap());
        assert_eq!(read(json!("now")), "at once");
        assert_eq!(
            read(json!({ "before_start": "1wd", "at": "09:00" })),
            "1 working day before the first day, at 09:00 where they work"
        );
        assert_eq!(
            read(json!({ "after_start": "2w" })),
            "14 days after the first day"
        );
    }
}
