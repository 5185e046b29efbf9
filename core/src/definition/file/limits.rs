//! How hard an application is asked, and how much it may answer.

use std::time::Duration;

use super::fields::{Fields, Mistakes};

/// The keys of `limits`.
pub(crate) const KEYS: [&str; 6] = [
    "requests_per_second",
    "concurrency",
    "timeout_secs",
    "max_pages",
    "max_bytes",
    "max_depth",
];

/// The largest answer, in bytes after decompression.
pub const LARGEST_ANSWER: u64 = 64 << 20;
/// The deepest nesting of an answer.
pub const DEEPEST_ANSWER: u64 = 128;
/// The most pages of one list.
const MOST_PAGES: u64 = 100_000;

/// Limits of a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// How many requests may begin in a second; may be a fraction. `None`: no limit of its own.
    pub requests_per_second: Option<f64>,
    /// How many requests may be under way.
    pub concurrency: usize,
    /// For one whole request, its body included.
    pub timeout: Duration,
    /// The most pages of one list.
    pub max_pages: u64,
    /// The largest answer, in bytes after decompression.
    pub max_bytes: u64,
    /// The deepest nesting of an answer.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: None,
            concurrency: 1,
            timeout: Duration::from_secs(30),
            max_pages: MOST_PAGES,
            max_bytes: LARGEST_ANSWER,
            max_depth: 128,
        }
    }
}

impl Limits {
    /// Reads `limits`.
    pub(crate) fn read(fields: Fields<'_>, out: &mut Mistakes) -> Self {
        let usual = Self::default();
        let at = fields.place("limits");
        let Some(inner) = fields
            .get("limits")
            .and_then(|value| Fields::of(value, &at, &KEYS, out))
        else {
            return usual;
        };
        let rate = inner
            .get("requests_per_second")
            .map(serde_json::Value::as_f64);
        let rate = rate.map(|rate| rate.filter(|rate| *rate >= 0.001 && *rate <= 1_000.0));
        if rate == Some(None) {
            inner.wrong(
                "requests_per_second",
                "must be a number from 0.001 to 1000",
                out,
            );
        }
        let concurrency = inner.whole("concurrency", 1, 64, out);
        let timeout = inner.whole("timeout_secs", 1, 600, out);
        let depth = inner.whole("max_depth", 1, DEEPEST_ANSWER, out);
        Self {
            requests_per_second: rate.flatten(),
            concurrency: concurrency
                .and_then(|most| usize::try_from(most).ok())
                .unwrap_or(usual.concurrency),
            timeout: timeout.map_or(usual.timeout, Duration::from_secs),
            max_pages: inner
                .whole("max_pages", 1, 10_000_000, out)
                .unwrap_or(usual.max_pages),
            max_bytes: inner
                .whole("max_bytes", 1, LARGEST_ANSWER, out)
                .unwrap_or(usual.max_bytes),
            max_depth: depth
                .and_then(|depth| usize::try_from(depth).ok())
                .unwrap_or(usual.max_depth),
        }
    }
}
