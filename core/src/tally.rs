//! What a day came to: the numbers of [`Metric`] that are kept, counted in the commit that they tell of (L19).
//!
//! A day is in many parts, so that those who commit at the same time seldom meet. Pure.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::metric::Metric;
use crate::store::{Entity, Key};

/// How many items a day may have: only those in which something is counted are there.
pub const SHARDS: u8 = 128;
/// The part that all parts of a day are in, once nothing is counted in it any more.
pub const WHOLE: u8 = u8::MAX;
/// For how long a day is kept: a year, and a month to compare with.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Values that were measured: how many, how much together, and how they are spread, each within an eighth of its size.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How many.
    pub count: u64,
    /// Together.
    pub sum: i64,
    spread: BTreeMap<i32, u64>,
}

impl Measured {
    /// Adds a value.
    pub fn add(&mut self, value: i64) {
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(value);
        let many = self.spread.entry(class(value)).or_default();
        *many = many.saturating_add(1);
    }

    /// Adds what was measured elsewhere.
    pub fn join(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        for (class, more) in &other.spread {
            let many = self.spread.entry(*class).or_default();
            *many = many.saturating_add(*more);
        }
    }

    /// The mean; none of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<i64> {
        let count = i64::try_from(self.count).ok()?;
        self.sum.checked_div(count)
    }

    /// The value that so many percent do not exceed; none of nothing.
    #[must_use]
    pub fn at(&self, percent: u64) -> Option<i64> {
        let wanted = self.count.saturating_mul(percent).div_ceil(100).max(1);
        let mut seen = 0_u64;
        for (class, many) in &self.spread {
            seen = seen.saturating_add(*many);
            if seen >= wanted {
                return Some(middle(*class));
            }
        }
        None
    }
}

/// Which class a value falls into: small ones have one each, larger ones four between two powers of two.
fn class(value: i64) -> i32 {
    let size = value.unsigned_abs();
    let class = if size < 8 {
        u32::try_from(size).unwrap_or(0)
    } else {
        let power = size.ilog2();
        let quarter = u32::try_from((size >> (power - 2)) & 3).unwrap_or(0);
        8 + (power - 3) * 4 + quarter
    };
    let class = i32::try_from(class).unwrap_or(i32::MAX);
    if value < 0 { -class } else { class }
}

/// The middle of a class.
fn middle(class: i32) -> i64 {
    let number = class.unsigned_abs();
    let size = if number < 8 {
        i64::from(number)
    } else {
        let power = (number - 8) / 4 + 3;
        let quarter = i64::from((number - 8) % 4);
        let least = (4 + quarter).checked_shl(power - 2).unwrap_or(i64::MAX);
        let half = 1_i64.checked_shl(power.saturating_sub(3)).unwrap_or(0);
        least.saturating_add(half)
    };
    if class < 0 { -size } else { size }
}

/// Licences whose use is known, and how many of them are used.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Used {
    /// Held by somebody of whom the application tells when they were there.
    pub licensed: u64,
    /// Those of them who were there lately.
    pub using: u64,
}

/// A part of what a day came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tally {
    /// The day, UTC.
    pub day: Date,
    /// Which part.
    pub shard: u8,
    /// What was measured.
    pub measured: BTreeMap<Metric, Measured>,
    /// How many licences were used, once it was looked at; in the first part.
    #[serde(default)]
    pub licenses: Option<Used>,
}

impl Tally {
    /// A part in which nothing is counted yet.
    #[must_use]
    pub fn empty(day: Date, shard: u8) -> Self {
        Self {
            day,
            shard,
            measured: BTreeMap::new(),
            licenses: None,
        }
    }

    /// Where a part lies.
    #[must_use]
    pub fn key_of(day: Date, shard: u8) -> Key {
        Key::Tally(day, shard)
    }

    /// Is it the key of such a part?
    #[must_use]
    pub fn has(key: &Key) -> bool {
        matches!(key, Key::Tally(..))
    }

    /// Adds a part of the same day.
    pub fn join(&mut self, other: &Self) {
        for (metric, measured) in &other.measured {
            self.measured.entry(*metric).or_default().join(measured);
        }
        self.licenses = self.licenses.or(other.licenses);
    }
}

/// The day of a moment, UTC.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

impl Entity for Tally {
    const KIND: &'static str = "tally";

    fn key(&self) -> Key {
        Self::key_of(self.day, self.shard)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        let begins = self.day.to_zoned(TimeZone::UTC).ok()?.timestamp();
        begins.checked_add(KEPT).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_again_within_an_eighth_of_its_size() {
        for value in (0..2_000_i64).chain([86_400, 604_800, 31_536_000, i64::MAX / 2]) {
            for value in [value, -value] {
                let found = middle(class(value));
                let off = found.abs_diff(value);
                assert!(off <= value.unsigned_abs() / 8 + 1, "{value}: {found}");
            }
        }
    }

    #[test]
    fn classes_are_in_the_order_of_values() {
        let values = [-4000, -100, -9, -1, 0, 1, 7, 8, 9, 100, 4000];
        assert!(values.map(class).is_sorted());
    }

    #[test]
    fn a_day_in_parts_is_the_day_as_a_whole() {
        let values = [3, 40, 40, 600, 86_400];
        let mut whole = Measured::default();
        let mut parts = [Measured::default(), Measured::default()];
        for (place, value) in values.into_iter().enumerate() {
            whole.add(value);
            parts[place % 2].add(value);
        }
        let mut joined = Measured::default();
        parts.iter().for_each(|part| joined.join(part));

        assert_eq!(joined, whole);
        assert_eq!(whole.at(50), Some(middle(class(40))));
        assert_eq!(whole.at(90), Some(middle(class(86_400))));
        assert_eq!(whole.mean(), Some(17_416));
        assert_eq!(Measured::default().at(50), None);
        assert_eq!(Measured::default().mean(), None);
    }

    #[test]
    fn a_day_is_read_as_it_was_written() {
        let day = day_of("2027-01-04T23:59:59Z".parse().unwrap());
        let mut tally = Tally::empty(day, 2);
        let measured = tally.measured.entry(Metric::TimeToProvision).or_default();
        measured.add(42);
        measured.add(-42);

        let text = serde_json::to_string(&tally).unwrap();

        assert_eq!(
            text,
            r#"{"day":"2027-01-04","shard":2,"measured":{"time_to_provision":{"count":2,"sum":0,"spread":{"-17":1,"17":1}}},"licenses":null}"#
        );
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
        assert!(Tally::has(&tally.key()));
        assert!(!Tally::has(&Key::Counter("removals-1".to_owned())));
    }
}
