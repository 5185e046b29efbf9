//! When something is to happen, relative to the first day: `{before_start: 3d, at: "09:00"}` in the person's zone.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A length of time as users write it: `72h`, `3d`, `3wd` (working days), `30m`, `2w`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Span {
    /// Minutes.
    Minutes(u32),
    /// Hours.
    Hours(u32),
    /// Calendar days.
    Days(u32),
    /// Days that are neither weekend nor holiday.
    WorkingDays(u32),
}

/// Not a length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a length of time is a number up to 3650 with `m`, `h`, `d`, `wd` or `w`, such as `72h` or `3wd`"
)]
pub struct SpanError;

impl TryFrom<String> for Span {
    type Error = SpanError;
    fn try_from(text: String) -> Result<Self, SpanError> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(SpanError)?;
        let (number, unit) = text.split_at(digits);
        let number: u32 = number
            .parse()
            .ok()
            .filter(|n| *n <= 3650)
            .ok_or(SpanError)?;
        match unit {
            "m" => Ok(Self::Minutes(number)),
            "h" => Ok(Self::Hours(number)),
            "d" => Ok(Self::Days(number)),
            "wd" => Ok(Self::WorkingDays(number)),
            "w" => Ok(Self::Days(number.saturating_mul(7))),
            _ => Err(SpanError),
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

/// By about how long they are; of two as long the finer unit is the shorter one.
impl Ord for Span {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Span {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Span {
    /// `(minutes, unit)`.
    fn rank(self) -> (u64, u8) {
        match self {
            Self::Minutes(n) => (u64::from(n), 0),
            Self::Hours(n) => (u64::from(n) * 60, 1),
            Self::Days(n) => (u64::from(n) * 24 * 60, 2),
            Self::WorkingDays(n) => (u64::from(n) * 24 * 60, 3),
        }
    }

    /// Is it no time at all?
    #[must_use]
    pub fn is_none(self) -> bool {
        let (Self::Minutes(n) | Self::Hours(n) | Self::Days(n) | Self::WorkingDays(n)) = self;
        n == 0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(n) => write!(f, "{n}m"),
            Self::Hours(n) => write!(f, "{n}h"),
            Self::Days(n) => write!(f, "{n}d"),
            Self::WorkingDays(n) => write!(f, "{n}wd"),
        }
    }
}

/// When a grant, task or wait is for.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(try_from = "DeliveryFile", into = "DeliveryFile")]
pub enum Delivery {
    /// At once.
    #[default]
    Now,
    /// So long before the first day.
    BeforeStart(Span, Option<Time>),
    /// On the first day.
    OnStart(Option<Time>),
    /// So long after the first day.
    AfterStart(Span, Option<Time>),
}

/// How users write it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum DeliveryFile {
    Word(Word),
    Relative(Relative),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Now,
    OnStart,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Relative {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before_start: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "present")]
    on_start: Option<()>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after_start: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

/// `on_start` carries nothing: `{on_start: true}`, `{on_start: {}}` and `{on_start: null}` all say so.
mod present {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        value: &Option<()>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.is_some().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<()>, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok((value != serde_json::Value::Bool(false)).then_some(()))
    }
}

impl TryFrom<DeliveryFile> for Delivery {
    type Error = String;
    fn try_from(file: DeliveryFile) -> Result<Self, String> {
        let relative = match file {
            DeliveryFile::Word(Word::Now) => return Ok(Self::Now),
            DeliveryFile::Word(Word::OnStart) => return Ok(Self::OnStart(None)),
            DeliveryFile::Relative(relative) => relative,
        };
        let at = relative
            .at
            .map(|text| {
                text.parse::<Time>()
                    .map_err(|_| format!("`{text}` is no time of day, such as \"09:00\""))
            })
            .transpose()?;
        match (
            relative.before_start,
            relative.on_start,
            relative.after_start,
        ) {
            (Some(span), None, None) => Ok(Self::BeforeStart(span, at)),
            (None, Some(()), None) => Ok(Self::OnStart(at)),
            (None, None, Some(span)) => Ok(Self::AfterStart(span, at)),
            _ => Err(
                "one of `before_start`, `on_start`, `after_start`, or the word `now`".to_owned(),
            ),
        }
    }
}

impl From<Delivery> for DeliveryFile {
    fn from(delivery: Delivery) -> Self {
        let at_text = |at: Option<Time>| at.map(|at| at.strftime("%H:%M").to_string());
        match delivery {
            Delivery::Now => Self::Word(Word::Now),
            Delivery::BeforeStart(span, at) => Self::Relative(Relative {
                before_start: Some(span),
                at: at_text(at),
                ..Relative::default()
            }),
            Delivery::OnStart(at) => Self::Relative(Relative {
                on_start: Some(()),
                at: at_text(at),
                ..Relative::default()
            }),
            Delivery::AfterStart(span, at) => Self::Relative(Relative {
                after_start: Some(span),
                at: at_text(at),
                ..Relative::default()
            }),
        }
    }
}

/// Where and when a person works.
#[derive(Clone, Debug)]
pub struct Place {
    /// The zone.
    pub zone: TimeZone,
    /// Days off besides the weekend.
    pub holidays: BTreeSet<Date>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            holidays: BTreeSet::new(),
        }
    }
}

impl Delivery {
    /// The moment; none for what is relative to a first day that nobody knows.
    #[must_use]
    pub fn moment(
        &self,
        starts_on: Option<Date>,
        place: &Place,
        now: Timestamp,
    ) -> Option<Timestamp> {
        match self {
            Self::Now => Some(now),
            Self::OnStart(at) => place.moment(starts_on?, *at),
            Self::BeforeStart(span, at) => place.shifted(starts_on?, *span, *at, -1),
            Self::AfterStart(span, at) => place.shifted(starts_on?, *span, *at, 1),
        }
    }
}

impl Place {
    /// A time of day on a day, in the zone; midnight if no time is named. A time that daylight saving skips is
    /// the moment after the gap, one that comes twice is the first.
    #[must_use]
    pub fn moment(&self, day: Date, at: Option<Time>) -> Option<Timestamp> {
        let civil = day.to_datetime(at.unwrap_or(Time::midnight()));
        self.zone
            .to_ambiguous_zoned(civil)
            .compatible()
            .ok()
            .map(|zoned| zoned.timestamp())
    }

    /// So long after a moment: days are days of the zone, at the same time of day.
    #[must_use]
    pub fn later(&self, from: Timestamp, span: Span) -> Option<Timestamp> {
        let zoned = from.to_zoned(self.zone.clone());
        let (day, at) = (zoned.date(), Some(zoned.time()));
        match span {
            Span::Minutes(_) | Span::Hours(_) => from.checked_add(exactly(span, 1)).ok(),
            Span::Days(n) => self.moment(moved(day, n, 1)?, at),
            Span::WorkingDays(n) => self.moment(self.working_day(day, n, 1)?, at),
        }
    }

    fn shifted(&self, start: Date, span: Span, at: Option<Time>, sign: i64) -> Option<Timestamp> {
        match span {
            Span::Minutes(_) | Span::Hours(_) => {
                let exactly = exactly(span, sign);
                self.moment(start, at)?.checked_add(exactly).ok()
            }
            Span::Days(n) => self.moment(moved(start, n, sign)?, at),
            Span::WorkingDays(n) => self.moment(self.working_day(start, n, sign)?, at),
        }
    }

    fn working_day(&self, start: Date, count: u32, sign: i64) -> Option<Date> {
        let step = jiff::Span::new().try_days(sign).ok()?;
        let mut day = start;
        let mut left = count;
        while left > 0 {
            day = day.checked_add(step).ok()?;
            if self.works(day) {
                left -= 1;
            }
        }
        Some(day)
    }

    fn works(&self, day: Date) -> bool {
        !matches!(
            day.weekday(),
            jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
        ) && !self.holidays.contains(&day)
    }
}

/// So many minutes or hours, backwards with a sign of -1.
fn exactly(span: Span, sign: i64) -> SignedDuration {
    let secs = match span {
        Span::Minutes(n) => 60 * i64::from(n),
        Span::Hours(n) => 3600 * i64::from(n),
        Span::Days(_) | Span::WorkingDays(_) => 0,
    };
    SignedDuration::from_secs(sign * secs)
}

fn moved(day: Date, days: u32, sign: i64) -> Option<Date> {
    let days = jiff::Span::new().try_days(sign * i64::from(days)).ok()?;
    day.checked_add(days).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn berlin() -> Place {
        Place {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            holidays: [date(2026, 12, 25)].into(),
        }
    }

    #[track_caller]
    fn check(delivery: serde_json::Value, start: Date, expect: &str) {
        let delivery: Delivery = serde_json::from_value(delivery).unwrap();
        let printed = serde_json::to_value(&delivery).unwrap();
        assert_eq!(
            serde_json::from_value::<Delivery>(printed).unwrap(),
            delivery
        );
        let moment = delivery
            .moment(Some(start), &berlin(), Timestamp::UNIX_EPOCH)
            .unwrap();
        assert_eq!(moment.to_string(), expect);
    }

    #[test]
    fn deliveries_are_moments_in_the_persons_zone() {
        check(
            serde_json::json!("now"),
            date(2027, 1, 4),
            "1970-01-01T00:00:00Z",
        );
        check(
            serde_json::json!({"on_start": true, "at": "09:00"}),
            date(2027, 1, 4),
            "2027-01-04T08:00:00Z",
        );
        check(
            serde_json::json!({"before_start": "3d", "at": "09:00"}),
            date(2027, 1, 4),
            "2027-01-01T08:00:00Z",
        );
        check(
            serde_json::json!({"before_start": "12h"}),
            date(2027, 1, 4),
            "2027-01-03T11:00:00Z",
        );
        check(
            serde_json::json!({"after_start": "1w", "at": "09:00"}),
            date(2027, 3, 22),
            "2027-03-29T07:00:00Z",
        );
    }

    #[test]
    fn working_days_skip_weekends_and_holidays() {
        check(
            serde_json::json!({"before_start": "2wd"}),
            date(2026, 12, 28),
            "2026-12-22T23:00:00Z",
        );
    }

    #[test]
    fn a_time_that_daylight_saving_skips_is_the_moment_after() {
        check(
            serde_json::json!({"on_start": {}, "at": "02:30"}),
            date(2027, 3, 28),
            "2027-03-28T01:30:00Z",
        );
    }

    #[test]
    fn what_is_no_delivery_is_refused() {
        for wrong in [
            r#"{"at":"09:00"}"#,
            r#"{"before_start":"3x"}"#,
            r#"{"on_start":true,"at":"late"}"#,
            r#""soon""#,
        ] {
            assert!(serde_json::from_str::<Delivery>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lengths_of_time_are_ordered_by_how_long_they_are() {
        let span = |text: &str| Span::try_from(text.to_owned()).unwrap();
        let mut spans = ["2w", "3wd", "3d", "72h", "90m", "1h"].map(span);
        spans.sort();
        assert_eq!(spans, ["1h", "90m", "72h", "3d", "3wd", "2w"].map(span));
    }

    #[test]
    fn a_length_of_time_is_counted_in_the_zone() {
        let from: Timestamp = "2027-03-27T09:00:00Z".parse().unwrap();
        let later = |text: &str| {
            let span = Span::try_from(text.to_owned()).unwrap();
            berlin().later(from, span).unwrap().to_string()
        };

        assert_eq!(later("90m"), "2027-03-27T10:30:00Z");
        assert_eq!(later("24h"), "2027-03-28T09:00:00Z");
        // The clocks go forward on the 28th.
        assert_eq!(later("1d"), "2027-03-28T08:00:00Z");
        assert_eq!(later("1wd"), "2027-03-29T08:00:00Z");
    }

    #[test]
    fn a_time_that_comes_twice_is_the_first() {
        check(
            serde_json::json!({"on_start": {}, "at": "02:30"}),
            date(2026, 10, 25),
            "2026-10-25T00:30:00Z",
        );
    }

    #[test]
    fn a_first_day_on_a_leap_day_has_the_days_around_it() {
        check(
            serde_json::json!({"before_start": "1d", "at": "09:00"}),
            date(2028, 3, 1),
            "2028-02-29T08:00:00Z",
        );
        check(
            serde_json::json!({"after_start": "366d", "at": "09:00"}),
            date(2028, 2, 29),
            "2029-03-01T08:00:00Z",
        );
    }

    #[test]
    fn what_is_relative_to_a_day_that_nobody_knows_has_no_moment() {
        let before: Delivery = serde_json::from_str(r#"{"before_start":"3d"}"#).unwrap();
        let now = Timestamp::UNIX_EPOCH;

        assert_eq!(before.moment(None, &berlin(), now), None);
        assert_eq!(Delivery::Now.moment(None, &berlin(), now), Some(now));
    }

    fn zones() -> impl Strategy<Value = TimeZone> {
        let names = [
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Pacific/Apia",
            "America/Sao_Paulo",
        ];
        proptest::sample::select(names.to_vec()).prop_map(|name| TimeZone::get(name).unwrap())
    }

    prop_compose! {
        fn a_place()(zone in zones(), off in proptest::collection::btree_set(0_i64..800, 0..30)) -> Place {
            let first = date(2026, 1, 1);
            let day = |days: i64| first.checked_add(jiff::Span::new().days(days)).unwrap();
            Place { zone, holidays: off.into_iter().map(day).collect() }
        }
    }

    prop_compose! {
        fn a_day()(days in 0_i64..730) -> Date {
            date(2026, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap()
        }
    }

    fn a_time() -> impl Strategy<Value = Time> {
        (0_i8..24, 0_i8..60).prop_map(|(hour, minute)| Time::constant(hour, minute, 0, 0))
    }

    proptest! {
        #[test]
        fn a_later_first_day_is_never_an_earlier_delivery(
            place in a_place(), day in a_day(), at in a_time(), n in 0_u32..40, wd in any::<bool>(), before in any::<bool>(),
        ) {
            let span = if wd { Span::WorkingDays(n) } else { Span::Days(n) };
            let delivery = if before { Delivery::BeforeStart(span, Some(at)) } else { Delivery::AfterStart(span, Some(at)) };
            let moment = |day: Date| delivery.moment(Some(day), &place, Timestamp::UNIX_EPOCH).unwrap();

            prop_assert!(moment(day) <= moment(day.tomorrow().unwrap()));
        }

        #[test]
        fn before_is_not_after_the_first_day_and_working_days_are_worked(
            place in a_place(), day in a_day(), at in a_time(), n in 1_u32..40,
        ) {
            let moment = |delivery: Delivery| delivery.moment(Some(day), &place, Timestamp::UNIX_EPOCH).unwrap();
            let start = moment(Delivery::OnStart(Some(at)));
            let before = moment(Delivery::BeforeStart(Span::WorkingDays(n), Some(at)));
            let after = moment(Delivery::AfterStart(Span::WorkingDays(n), Some(at)));

            prop_assert!(before < start && start < after);
            for moment in [before, after] {
                // Where a day is left out of the calendar the moment is the first one after it.
                let shown = moment.to_zoned(place.zone.clone()).date();
                let slept = !place.works(shown) && place.works(shown.yesterday().unwrap());
                prop_assert!(place.works(shown) || slept, "{shown}");
            }
        }

        #[test]
        fn a_time_of_day_is_that_time_unless_the_clocks_skip_it(place in a_place(), day in a_day(), at in a_time()) {
            let moment = place.moment(day, Some(at)).unwrap();
            let shown = moment.to_zoned(place.zone.clone()).datetime();
            let civil = day.to_datetime(at);

            prop_assert!(shown >= civil);
            let skipped = shown.since(civil).unwrap();
            prop_assert!(skipped.get_days() == 0 && skipped.get_hours() <= 1);
        }

        #[test]
        fn what_is_printed_is_parsed(n in 0_u32..3650, unit in 0..4_u8, at in proptest::option::of(a_time()), kind in 0..4_u8) {
            let span = match unit {
                0 => Span::Minutes(n),
                1 => Span::Hours(n),
                2 => Span::Days(n),
                _ => Span::WorkingDays(n),
            };
            let delivery = match kind {
                0 => Delivery::Now,
                1 => Delivery::BeforeStart(span, at),
                2 => Delivery::OnStart(at),
                _ => Delivery::AfterStart(span, at),
            };
            let text = serde_json::to_string(&delivery).unwrap();

            prop_assert_eq!(serde_json::from_str::<Delivery>(&text).unwrap(), delivery);
        }
    }
}
