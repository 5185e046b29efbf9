//! `sando plan --events-since`: what recorded events would do differently on the files of a folder (X2).

use anyhow::bail;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sando_core::ports::Clock;
use sando_infra::http::Method;
use sando_infra::system::SystemClock;
use serde_json::{Value, json};

use super::Desk;
use super::apply::{entitlement, number, result, text};
use crate::print;

/// Since when: a time, a day, or so many days ago.
pub(super) fn since(given: &str) -> Result<Timestamp, String> {
    read(given, SystemClock.now())
        .ok_or_else(|| "write 2027-01-31, 2027-01-31T09:00:00Z or 30d".to_owned())
}

fn read(given: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(days) = given.strip_suffix('d') {
        let days: u16 = days.parse().ok()?;
        let ago = SignedDuration::from_hours(i64::from(days).saturating_mul(24));
        return now.checked_sub(ago).ok();
    }
    let day = || {
        let day: Date = given.parse().ok()?;
        let begins = day.to_zoned(TimeZone::UTC).ok()?;
        Some(begins.timestamp())
    };
    given.parse().ok().or_else(day)
}

/// Runs recorded events on the files as they are and as they would be.
///
/// # Errors
/// If Sando cannot be asked.
pub(super) async fn of(desk: &Desk, changes: &[Value], since: Timestamp) -> anyhow::Result<Value> {
    let body = json!({ "changes": changes, "over": { "events_since": since } });
    let answered = desk.client.send(Method::POST, "/v1/plan", &body).await?;
    if !answered.is_success() {
        bail!("{}", answered.problem().join("; "));
    }
    if answered.status != 202 {
        return Ok(answered.body);
    }
    if desk.is_asleep {
        bail!("the events take longer than one call may: run `sando serve` and plan against it");
    }
    result(desk, answered).await
}

/// One line an event that would do something else, then the sums.
pub(super) fn show(events: &Value) {
    print("");
    lines(events).iter().for_each(|line| print(line));
}

fn lines(events: &Value) -> Vec<String> {
    let items = |value: &Value, name: &str| {
        let items = value.get(name).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    let mut lines = Vec::new();
    for event in items(events, "listed") {
        lines.push(format!(
            "{} {} {}",
            text(&event, "event"),
            text(&event, "kind"),
            text(&event, "person")
        ));
        let (before, after) = (names(&event, "before"), names(&event, "after"));
        if before != after {
            lines.push(format!("  starts {after}, not {before}"));
        }
        for (sign, side) in [("+", "more"), ("-", "less")] {
            let effects = items(&event, side);
            lines.extend(effects.iter().map(|effect| line(sign, effect)));
        }
    }
    lines.push(format!(
        "{} events looked at: {} would do something else, with {} more effects and {} less; {} could not be run",
        number(events, "events"),
        number(events, "differing"),
        number(events, "more"),
        number(events, "less"),
        number(events, "left_out"),
    ));
    lines
}

fn line(sign: &str, effect: &Value) -> String {
    let parts = [text(effect, "action"), text(effect, "app")];
    let line = format!("  {sign} {} {}", parts.join(" "), entitlement(effect));
    line.trim_end().to_owned()
}

/// The names of a list; `nothing` if it is empty.
fn names(value: &Value, name: &str) -> String {
    let names = value.get(name).and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_a_day_and_days_ago_are_read() {
        let now: Timestamp = "2027-03-01T09:00:00Z".parse().unwrap();
        let check = |given: &str, expect: Option<&str>| {
            let expect: Option<Timestamp> = expect.map(|text| text.parse().unwrap());
            assert_eq!(read(given, now), expect, "{given}");
        };
        check("30d", Some("2027-01-30T09:00:00Z"));
        check("2027-01-31", Some("2027-01-31T00:00:00Z"));
        check("2027-01-31T09:00:00Z", Some("2027-01-31T09:00:00Z"));
        check("soon", None);
        check("-3d", None);
    }

    #[test]
    fn events_read_as_lines() {
        let gives =
            json!({ "action": "give", "app": "figma", "plan": "pro", "role": null, "groups": [] });
        let one = json!({ "event": "evt_1", "kind": "candidate.hired", "person": "per_1",
            "before": [], "after": ["onboard"], "more": [gives], "less": [] });
        let events = json!({ "events": 3, "differing": 1, "more": 1, "less": 0, "left_out": 0, "listed": [one] });
        assert_eq!(
            lines(&events),
            [
                "evt_1 candidate.hired per_1",
                "  starts onboard, not nothing",
                "  + give figma pro",
                "3 events looked at: 1 would do something else, with 1 more effects and 0 less; 0 could not be run",
            ]
        );
    }
}
