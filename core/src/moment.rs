//! Times as applications write them: RFC 3339 and its usual deviations, days, epoch numbers, own formats.
//!
//! What is read and how it is printed: `definition.md`, "Paths", last paragraph.

use std::borrow::Cow;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::strtime,
    tz::TimeZone,
};
use serde_json::Value;

use crate::path::of_scalar;

/// Epoch numbers from here on are milliseconds (as seconds this would be in the year 5138).
const FIRST_MILLISECONDS: i128 = 100_000_000_000;
/// Texts longer than this are no times.
const LONGEST: usize = 100;

/// A time as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Empty text, or null: it has not happened.
    Never,
    /// A date alone.
    Day(Date),
    /// An instant.
    At(Timestamp),
}

/// Why a value is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// Neither a date, nor a time, nor a number.
    #[error("not a time")]
    NotATime,
    /// A number or date outside of the years -9999 to 9999.
    #[error("the time is out of range")]
    OutOfRange,
    /// The text does not have the format.
    #[error("the time does not have the format `{format}`")]
    OtherFormat {
        /// The format it should have.
        format: String,
    },
}

impl Moment {
    /// Reads a text or number.
    ///
    /// # Errors
    /// [`MomentError::NotATime`] and [`MomentError::OutOfRange`].
    pub fn read(value: &Value) -> Result<Self, MomentError> {
        if value.is_null() {
            return Ok(Self::Never);
        }
        if value.is_boolean() {
            return Err(MomentError::NotATime);
        }
        Self::read_text(&of_scalar(value).ok_or(MomentError::NotATime)?)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// As [`Moment::read`].
    fn read_text(text: &str) -> Result<Self, MomentError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Never);
        }
        if text.len() > LONGEST || !text.is_ascii() {
            return Err(MomentError::NotATime);
        }
        if is_compact_day(text) {
            return Err(MomentError::NotATime);
        }
        if let Some(epoch) = Epoch::parse(text) {
            return epoch
                .timestamp()
                .map(Self::At)
                .ok_or(MomentError::OutOfRange);
        }
        if is_day(text) {
            return text
                .parse()
                .map(Self::Day)
                .map_err(|_| MomentError::NotATime);
        }
        read_instant(&without_deviations(text)).map(Self::At)
    }

    /// Reads a text that has a format of the application's own (`%d/%m/%Y`); without a zone in it the time is UTC.
    ///
    /// # Errors
    /// [`MomentError::OtherFormat`], [`MomentError::NotATime`] for anything but text and numbers.
    pub fn read_as(format: &str, value: &Value) -> Result<Self, MomentError> {
        if value.is_null() {
            return Ok(Self::Never);
        }
        let text = of_scalar(value).ok_or(MomentError::NotATime)?;
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Never);
        }
        let other = |_| MomentError::OtherFormat {
            format: format.to_owned(),
        };
        let broken_down = strtime::parse(format, text).map_err(other)?;
        if let Ok(timestamp) = broken_down.to_timestamp() {
            return Ok(Self::At(timestamp));
        }
        if broken_down.hour().is_none() {
            return broken_down.to_date().map(Self::Day).map_err(other);
        }
        let time = broken_down.to_datetime().map_err(other)?;
        in_utc(time).map(Self::At)
    }

    /// The instant; midnight UTC for a day alone.
    pub fn timestamp(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Day(date) => in_utc(date.to_datetime(jiff::civil::Time::midnight())).ok(),
            Self::At(timestamp) => Some(timestamp),
        }
    }

    /// The calendar day, in UTC.
    pub fn date(self) -> Option<Date> {
        match self {
            Self::Never => None,
            Self::Day(date) => Some(date),
            Self::At(timestamp) => Some(timestamp.to_zoned(TimeZone::UTC).date()),
        }
    }

    /// The moment as it is printed: a day as `YYYY-MM-DD`, an instant as UTC with `Z`, its fraction kept.
    pub fn print(self) -> Option<String> {
        match self {
            Self::Never => None,
            Self::Day(date) => Some(date.to_string()),
            Self::At(timestamp) => Some(timestamp.to_string()),
        }
    }
}

/// The instant a value tells of; `None` if it tells of none (never, or not a time).
pub fn to_timestamp(value: &Value) -> Option<Timestamp> {
    Moment::read(value).ok()?.timestamp()
}

/// The calendar day, in UTC, of an epoch value, a time or a date.
pub fn to_date(value: &Value) -> Option<Date> {
    Moment::read(value).ok()?.date()
}

/// Whether `format` is one that [`Moment::read_as`] can read.
pub fn is_format(format: &str) -> bool {
    !format.is_empty()
        && format.len() <= LONGEST
        && format.contains('%')
        && strtime::format(format, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)).is_ok()
}

/// A number of seconds or milliseconds since 1970.
struct Epoch {
    nanoseconds: i128,
}

impl Epoch {
    /// Reads digits with an optional sign and fraction; `None` if the text is anything else.
    fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let whole: i128 = whole.parse().unwrap_or(i128::MAX);
        let (unit, places) = if whole >= FIRST_MILLISECONDS {
            (1_000_000, 6)
        } else {
            (1_000_000_000, 9)
        };
        let fraction: String = fraction
            .chars()
            .chain("000000000".chars())
            .take(places)
            .collect();
        let nanoseconds = whole
            .saturating_mul(unit)
            .saturating_add(fraction.parse().ok()?);
        Some(Self {
            nanoseconds: if negative { -nanoseconds } else { nanoseconds },
        })
    }

    fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(self.nanoseconds).ok()
    }
}

/// Whether the text has the shape `2026-01-05`.
fn is_day(text: &str) -> bool {
    text.len() == "2026-01-05".len() && !text.contains([':', ' ', 'T', 't'])
}

/// `20260105` is a day without its dashes, which only a format can say; as seconds it would be in August 1970.
fn is_compact_day(text: &str) -> bool {
    let day = || {
        let number: i32 = text.parse().ok()?;
        let year = i16::try_from(number / 10_000).ok()?;
        let month = i8::try_from(number / 100 % 100).ok()?;
        Date::new(year, month, i8::try_from(number % 100).ok()?).ok()
    };
    let is_year = text.starts_with("19") || text.starts_with("20");
    text.len() == "20260105".len() && is_year && day().is_some()
}

fn read_instant(text: &str) -> Result<Timestamp, MomentError> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    // What has a zone and is no timestamp has a zone that cannot be read.
    let (_, time_of_day) = text.split_once(['T', 't']).ok_or(MomentError::NotATime)?;
    if !time_of_day
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b','))
    {
        return Err(MomentError::NotATime);
    }
    let time: DateTime = text.parse().map_err(|_| MomentError::NotATime)?;
    in_utc(time)
}

/// `2026-01-05 09:00:00 +0000` and `… UTC` become RFC 3339.
fn without_deviations(text: &str) -> Cow<'_, str> {
    let mut parts = text.split_ascii_whitespace();
    let (Some(day), Some(time)) = (parts.next(), parts.next()) else {
        return Cow::Borrowed(text);
    };
    Cow::Owned(if is_day(day) {
        let rest: String = parts.map(zone).collect();
        format!("{day}T{time}{rest}")
    } else {
        format!("{day}{}", zone(time))
    })
}

fn zone(text: &str) -> &str {
    match text {
        "UTC" | "GMT" | "utc" | "gmt" => "Z",
        other => other,
    }
}

fn in_utc(time: DateTime) -> Result<Timestamp, MomentError> {
    TimeZone::UTC
        .to_timestamp(time)
        .map_err(|_| MomentError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shown(moment: Result<Moment, MomentError>) -> String {
        match moment {
            Ok(moment) => moment.print().unwrap_or_else(|| "never".to_owned()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn times_are_read_with_their_usual_deviations() {
        let check =
            |value: Value, expect: &str| assert_eq!(shown(Moment::read(&value)), expect, "{value}");

        check(json!("2026-01-05T09:00:00Z"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05t09:00:00z"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05T10:00:00+01:00"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05T09:00:00+0000"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05T09:00:00-0530"), "2026-01-05T14:30:00Z");
        check(json!("2026-01-05 09:00:00"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05 09:00:00 +0000"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05 09:00:00 UTC"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05T09:00:00"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05T09:00"), "2026-01-05T09:00:00Z");
        check(json!("2026-01-05T09:00:00.1Z"), "2026-01-05T09:00:00.1Z");
        check(
            json!("2026-01-05T09:00:00.123456789Z"),
            "2026-01-05T09:00:00.123456789Z",
        );
        check(json!(" 2026-01-05 "), "2026-01-05");
        check(json!(""), "never");
        check(json!(null), "never");
    }

    #[test]
    fn epoch_numbers_are_seconds_until_they_must_be_milliseconds() {
        let check =
            |value: Value, expect: &str| assert_eq!(shown(Moment::read(&value)), expect, "{value}");

        check(json!(0), "1970-01-01T00:00:00Z");
        check(json!(-1), "1969-12-31T23:59:59Z");
        check(json!(1_767_603_600), "2026-01-05T09:00:00Z");
        check(json!("1767603600"), "2026-01-05T09:00:00Z");
        check(json!(1_767_603_600.5), "2026-01-05T09:00:00.5Z");
        check(json!("1767603600.123456"), "2026-01-05T09:00:00.123456Z");
        check(json!(1_767_603_600_123_i64), "2026-01-05T09:00:00.123Z");
        check(json!("1767603600123"), "2026-01-05T09:00:00.123Z");
        check(json!(99_999_999_999_i64), "5138-11-16T09:46:39Z");
        check(json!(100_000_000_000_i64), "1973-03-03T09:46:40Z");
        check(json!(u64::MAX), "the time is out of range");
        check(json!(1e300), "not a time");
    }

    #[test]
    fn a_day_without_dashes_is_no_second_of_1970() {
        let check =
            |value: Value, expect: &str| assert_eq!(shown(Moment::read(&value)), expect, "{value}");

        check(json!("20260105"), "not a time");
        check(json!(20_260_105), "not a time");
        check(json!("20261305"), "1970-08-23T12:08:25Z");
    }

    #[test]
    fn what_is_no_time_is_not_taken_for_one() {
        let check = |value: Value| assert_eq!(shown(Moment::read(&value)), "not a time", "{value}");

        check(json!("yesterday"));
        check(json!("05/01/2026"));
        check(json!("2026-13-05"));
        check(json!("2026-01-05T25:00:00Z"));
        check(json!("2026-01-05T09:00:00 CET"));
        check(json!("2026-01-05T09:00[Europe/Berlin]"));
        check(json!(true));
        check(json!([1]));
        check(json!({}));
    }

    #[test]
    fn a_format_of_ones_own_tells_a_day_or_a_time() {
        let check = |format: &str, value: Value, expect: &str| {
            assert!(is_format(format));
            assert_eq!(
                shown(Moment::read_as(format, &value)),
                expect,
                "{format} {value}"
            );
        };

        check("%d/%m/%Y", json!("05/01/2026"), "2026-01-05");
        check(
            "%d/%m/%Y %H:%M",
            json!("05/01/2026 09:30"),
            "2026-01-05T09:30:00Z",
        );
        check(
            "%d %b %Y %H:%M %z",
            json!("05 Jan 2026 09:30 +0100"),
            "2026-01-05T08:30:00Z",
        );
        check("%Y%m%d", json!(20_260_105), "2026-01-05");
        check(
            "%d/%m/%Y",
            json!("2026-01-05"),
            "the time does not have the format `%d/%m/%Y`",
        );
        check("%d/%m/%Y", json!(""), "never");
    }

    #[test]
    fn a_format_without_directives_or_with_unknown_ones_is_none() {
        assert!(!is_format(""));
        assert!(!is_format("DD/MM/YYYY"));
        assert!(!is_format("%d/%!"));
    }

    #[test]
    fn a_day_is_the_calendar_day_in_utc() {
        let check = |value: Value, expect: Option<&str>| {
            assert_eq!(
                to_date(&value).map(|date| date.to_string()).as_deref(),
                expect,
                "{value}"
            );
        };

        check(json!(1_767_571_200_000_i64), Some("2026-01-05"));
        check(json!("2026-01-05"), Some("2026-01-05"));
        check(json!("2026-01-05T23:30:00-01:00"), Some("2026-01-06"));
        check(json!(""), None);
        check(json!("soon"), None);
    }

    proptest! {
        #[test]
        fn a_printed_time_is_read_as_the_same_time(nanoseconds in -377_705_023_201_000_000_000_i128..=253_402_207_200_000_000_000) {
            let timestamp = Timestamp::from_nanosecond(nanoseconds).unwrap();

            let read = to_timestamp(&Value::from(timestamp.to_string()));

            prop_assert_eq!(read, Some(timestamp));
        }

        #[test]
        fn no_value_makes_reading_a_time_fail(value in crate::path::tests::any_json(), format in "%?[a-zA-Z%/ ]{0,6}") {
            let _ = Moment::read(&value).map(Moment::print);
            if is_format(&format) {
                let _ = Moment::read_as(&format, &value).map(Moment::print);
            }
        }
    }
}
