//! How long to wait before a request is sent again: as the application names it, or longer and longer.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use crate::definition::file::rules::WaitUnit;

/// How often a request is sent again.
pub const MOST_RETRIES: u32 = 5;
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// No application can make a pull wait longer.
const LONGEST_NAMED: Duration = Duration::from_secs(86_400);
/// Numbers from here on are milliseconds since 1970.
const FIRST_MILLISECONDS: f64 = 1e11;
/// Numbers from here on are seconds since 1970; below they are durations.
const FIRST_MOMENT: f64 = 1e8;

/// How long to wait; the caller draws a duration between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wait {
    /// Not before.
    pub least: Duration,
    /// Not after.
    pub most: Duration,
}

impl Wait {
    /// At once.
    pub const NONE: Self = Self {
        least: Duration::ZERO,
        most: Duration::ZERO,
    };

    /// The wait after so many failed attempts: it doubles from half a second to half a minute, half of it chance.
    #[must_use]
    pub fn after_failures(failed: u32) -> Self {
        let doubled = 2_u32.saturating_pow(failed.saturating_sub(1).min(16));
        let most = FIRST.saturating_mul(doubled).min(LONGEST);
        Self {
            least: most / 2,
            most,
        }
    }

    /// The wait that the application names, and a little more so that not all come at once.
    #[must_use]
    pub fn named(wait: Duration) -> Self {
        let least = wait.min(LONGEST_NAMED);
        Self {
            least,
            most: least + least / 20,
        }
    }

    /// No shorter than the other.
    pub(crate) fn or_longer(self, other: Self) -> Self {
        Self {
            least: self.least.max(other.least),
            most: self.most.max(other.most),
        }
    }
}

/// The wait that the headers of an answer name, whichever of the usual ones they have.
pub(crate) fn from_headers(
    answer: &Answer,
    is_rate_limit: bool,
    now: Timestamp,
) -> Option<Duration> {
    let sent = sent(answer, now);
    let retry_after = answer
        .header("retry-after")
        .and_then(|text| seconds(text).or_else(|| until(http_date(text)?, sent)));
    if retry_after.is_some() || !is_rate_limit {
        return retry_after;
    }
    let after = answer.header("x-ratelimit-reset-after").and_then(seconds);
    let reset = || {
        ["x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"]
            .into_iter()
            .find_map(|name| by_size(answer.header(name)?, sent))
    };
    let structured = || {
        let text = answer.header("ratelimit")?;
        // `t=` since 2024, `reset=` in the drafts before.
        let seconds_left = text.split([';', ',']).map(str::trim).find_map(|part| {
            let left = part.strip_prefix("t=");
            left.or_else(|| part.strip_prefix("reset="))
        })?;
        seconds(seconds_left)
    };
    after.or_else(reset).or_else(structured)
}

/// The wait that a header names which a rule of the definition points at.
pub(crate) fn from_rule(
    answer: &Answer,
    header: &str,
    unit: WaitUnit,
    now: Timestamp,
) -> Option<Duration> {
    let text = answer.header(header)?.trim();
    let now = sent(answer, now);
    match unit {
        WaitUnit::Auto => by_size(text, now).or_else(|| until(http_date(text)?, now)),
        WaitUnit::Seconds => seconds(text),
        WaitUnit::Milliseconds => seconds(text).map(|duration| duration / 1_000),
        WaitUnit::EpochSeconds => until_epoch(text.parse().ok()?, now),
        WaitUnit::EpochMilliseconds => until_epoch(text.parse::<f64>().ok()? / 1_000.0, now),
        WaitUnit::Date => until(http_date(text).or_else(|| text.parse().ok())?, now),
    }
}

/// When an answer was sent, by the clock that the moments in its headers are of.
fn sent(answer: &Answer, now: Timestamp) -> Timestamp {
    answer.header("date").and_then(http_date).unwrap_or(now)
}

/// A moment or a duration, told apart by its size.
fn by_size(text: &str, now: Timestamp) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    if number >= FIRST_MILLISECONDS {
        until_epoch(number / 1_000.0, now)
    } else if number >= FIRST_MOMENT {
        until_epoch(number, now)
    } else {
        seconds(text)
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(number.max(0.0)).ok()
}

fn until_epoch(epoch: f64, now: Timestamp) -> Option<Duration> {
    let now = Duration::try_from(now.duration_since(Timestamp::UNIX_EPOCH)).ok()?;
    let at = Duration::try_from_secs_f64(epoch.max(0.0)).ok()?;
    Some(at.saturating_sub(now))
}

fn until(at: Timestamp, now: Timestamp) -> Option<Duration> {
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text.trim())
        .ok()
        .map(|date| date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Answer::new(429, headers.collect(), Vec::new())
    }

    #[test]
    fn every_way_of_naming_a_wait_is_read() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let check = |headers: &[(&str, &str)], expect: Option<f64>| {
            let wait = from_headers(&answer(headers), true, now);
            assert_eq!(wait.map(|wait| wait.as_secs_f64()), expect, "{headers:?}");
        };

        check(&[("Retry-After", "7")], Some(7.0));
        check(&[("retry-after", "0.5")], Some(0.5));
        check(
            &[("Retry-After", "Sat, 21 Nov 2026 12:00:09 GMT")],
            Some(9.0),
        );
        check(
            &[
                ("Retry-After", "Sat, 21 Nov 2026 12:00:09 GMT"),
                ("Date", "Sat, 21 Nov 2026 12:00:05 GMT"),
            ],
            Some(4.0),
        );
        check(&[("Retry-After", "-1")], Some(0.0));
        check(&[("X-RateLimit-Reset", "1795262410")], Some(10.0));
        check(&[("X-RateLimit-Reset", "1795262410500")], Some(10.5));
        check(&[("X-RateLimit-Reset", "1795262370")], Some(0.0));
        check(
            &[
                ("X-RateLimit-Reset", "1795262370"),
                ("Date", "Sat, 21 Nov 2026 11:59:25 GMT"),
            ],
            Some(5.0),
        );
        check(&[("X-RateLimit-Reset", "60")], Some(60.0));
        check(&[("x-rate-limit-reset", "1795262403")], Some(3.0));
        check(&[("RateLimit-Reset", "2.5")], Some(2.5));
        check(
            &[
                ("X-RateLimit-Reset-After", "1.5"),
                ("X-RateLimit-Reset", "1795262410"),
            ],
            Some(1.5),
        );
        check(&[("Ratelimit", "\"default\";r=50;t=30")], Some(30.0));
        check(
            &[("RateLimit", "limit=100, remaining=0, reset=3")],
            Some(3.0),
        );
        check(&[("X-RateLimit-Reset", "soon")], None);
        check(&[], None);
    }

    #[test]
    fn a_reset_that_is_no_rate_limit_is_no_wait() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();

        assert_eq!(
            from_headers(&answer(&[("X-RateLimit-Reset", "60")]), false, now),
            None
        );
        assert!(from_headers(&answer(&[("Retry-After", "60")]), false, now).is_some());
    }

    #[test]
    fn waits_double_from_half_a_second_to_half_a_minute() {
        assert_eq!(Wait::after_failures(1).most, Duration::from_millis(500));
        assert_eq!(Wait::after_failures(2).most, Duration::from_secs(1));
        assert_eq!(Wait::after_failures(40).most, Duration::from_secs(30));
        assert_eq!(
            Wait::named(Duration::MAX).least,
            Duration::from_secs(86_400)
        );
    }
}
