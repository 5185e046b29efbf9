//! Times, days, money and numbers as people read them.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use sando_core::app::price::{Period, Price, parts};
use sando_core::report::Money;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// A moment: relative within a week, with the exact one beside it.
pub(super) fn when(at: Timestamp, now: Timestamp) -> Markup {
    let exact = exact(at);
    html! { time datetime=(at.to_string()) title=(exact) { (relative(at, now)) } }
}

/// The exact moment, in words.
pub(super) fn exact(at: Timestamp) -> String {
    at.strftime("%a %-d %b %Y, %H:%M:%S UTC").to_string()
}

/// A day.
pub(super) fn day(day: Date) -> String {
    day.strftime("%a %-d %b %Y").to_string()
}

/// The day of a moment, with the exact one beside it.
pub(super) fn day_of(at: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) title=(exact(at)) { (date_of(at)) } }
}

/// The day of a moment, in a sentence.
pub(super) fn date_of(at: Timestamp) -> String {
    at.strftime("%a %-d %b %Y").to_string()
}

/// A moment where there is little room.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%-d %b, %H:%M UTC").to_string()
}

/// The time of the day of a moment.
pub(super) fn clock(at: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) title=(exact(at)) { (at.strftime("%H:%M:%S").to_string()) } }
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let secs = now.as_second().saturating_sub(at.as_second());
    let (is_past, secs) = (secs >= 0, secs.abs());
    if secs >= WEEK {
        return at.strftime("%a %-d %b %Y, %H:%M UTC").to_string();
    }
    let span = match secs {
        0..10 if is_past => return "now".to_owned(),
        0..MINUTE => format!("{secs} s"),
        MINUTE..HOUR => format!("{} min", secs / MINUTE),
        HOUR..DAY => format!("{} h", secs / HOUR),
        _ => many(u64::try_from(secs / DAY).unwrap_or(0), "day", "days"),
    };
    if is_past {
        format!("{span} ago")
    } else {
        format!("in {span}")
    }
}

/// How long something took.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    let millis = to.as_millisecond().saturating_sub(from.as_millisecond());
    match millis / 1000 {
        ..1 => format!("{} ms", millis.max(0)),
        secs => lasting(secs),
    }
}

/// So many seconds, in words.
pub(super) fn lasting(secs: i64) -> String {
    match secs {
        ..1 => "under 1 s".to_owned(),
        1..MINUTE => format!("{secs} s"),
        MINUTE..HOUR => format!("{} min", secs / MINUTE),
        HOUR..DAY => format!("{} h", secs / HOUR),
        _ => many(u64::try_from(secs / DAY).unwrap_or(0), "day", "days"),
    }
}

/// A count with its noun.
pub(super) fn many(count: u64, one: &str, more: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{} {more}", number(count))
    }
}

/// How many were found, and whether there are more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Count {
    /// So many.
    pub(super) found: usize,
    /// Perhaps not all of them.
    pub(super) is_more: bool,
}

impl Count {
    /// As it is read: all, or so many at least, with its noun.
    pub(super) fn many(self, one: &str, more: &str) -> String {
        if self.is_more {
            format!("{} or more {more}", number(size(self.found)))
        } else {
            many(size(self.found), one, more)
        }
    }
}

/// A count as a number.
pub(super) fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A number with its thousands apart.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Money with its currency.
pub(super) fn money(amount_minor: i64, currency: &str) -> String {
    let sign = if amount_minor < 0 { "−" } else { "" };
    let (whole, rest) = parts(amount_minor, currency);
    let amount = format!("{}{rest}", number(whole));
    match currency {
        "USD" => format!("{sign}${amount}"),
        "EUR" => format!("{sign}€{amount}"),
        "GBP" => format!("{sign}£{amount}"),
        _ => format!("{sign}{amount} {currency}"),
    }
}

/// A price with its period.
pub(super) fn price(price: &Price) -> String {
    let per = match price.per {
        Period::Month => "month",
        Period::Year => "year",
    };
    format!("{} a {per}", money(price.amount_minor, &price.currency))
}

/// Sums by currency; what costs nothing that is known says so.
pub(super) fn total(all: &Money) -> String {
    if all.0.is_empty() {
        return "no price known".to_owned();
    }
    let one = |(currency, amount): (&String, &i64)| money(*amount, currency);
    all.0.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Sums by currency, with their signs.
pub(super) fn sums(sums: &Money) -> String {
    let one = |(currency, amount): (&String, &i64)| {
        let sign = if *amount > 0 { "+" } else { "" };
        format!("{sign}{}", money(*amount, currency))
    };
    sums.0.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_within_a_week() {
        let now: Timestamp = "2027-01-04T09:00:00Z".parse().unwrap();
        let check = |at: &str, expect: &str| {
            assert_eq!(relative(at.parse().unwrap(), now), expect, "{at}");
        };
        check("2027-01-04T08:59:55Z", "now");
        check("2027-01-04T08:59:20Z", "40 s ago");
        check("2027-01-04T09:05:00Z", "in 5 min");
        check("2027-01-04T06:00:00Z", "3 h ago");
        check("2027-01-03T08:00:00Z", "1 day ago");
        check("2026-12-20T08:00:00Z", "Sun 20 Dec 2026, 08:00 UTC");
    }

    #[test]
    fn money_has_its_currency_and_its_places() {
        assert_eq!(money(123_456, "USD"), "$1,234.56");
        assert_eq!(money(-1500, "EUR"), "−€15.00");
        assert_eq!(money(1500, "JPY"), "1,500 JPY");
        assert_eq!(money(5, "CHF"), "0.05 CHF");
    }
}
