//! How many requests are allowed, and what may be sent now: a *theoretical arrival time* (GCRA), decided without a store.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The slowest that anything is paced.
const MOST_APART: Duration = Duration::from_secs(1_000);

/// How many requests are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Steadily, one in so long.
    pub every: Duration,
    /// At once, after a pause.
    pub burst: u32,
}

impl Rate {
    /// For Lever, which allows 10 a second and 20 at once.
    pub const LEVER: Self = Self::per_second(8);
    /// For an application that does not say what it allows.
    pub const USUAL: Self = Self::per_second(10);

    /// So many a second, and as many at once.
    #[must_use]
    pub const fn per_second(count: u32) -> Self {
        let every = match Duration::from_secs(1).checked_div(count) {
            Some(every) => every,
            None => Duration::from_secs(1),
        };
        Self {
            every,
            burst: count,
        }
    }

    /// So many a second, perhaps a fraction of one; at once as many as are whole.
    #[must_use]
    pub fn fraction(per_second: f64) -> Self {
        let every = Duration::try_from_secs_f64(per_second.recip()).unwrap_or(MOST_APART);
        let every = every.clamp(Duration::from_micros(1), MOST_APART);
        let burst = Duration::from_secs(1).as_nanos() / every.as_nanos().max(1);
        Self {
            every,
            burst: u32::try_from(burst).unwrap_or(u32::MAX).max(1),
        }
    }

    pub(super) fn interval(self) -> SignedDuration {
        SignedDuration::try_from(self.every).unwrap_or(SignedDuration::MAX)
    }

    pub(super) fn tolerance(self) -> SignedDuration {
        self.interval()
            .saturating_mul(i32::try_from(self.burst.max(1)).unwrap_or(i32::MAX))
    }
}

/// What came of a reservation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// How many requests may be sent.
    pub granted: u32,
    /// The new theoretical arrival time.
    pub tat: Timestamp,
    /// If none was granted: when to ask again.
    pub wait: Duration,
}

/// Reserves up to `want` requests. Pure.
///
/// A `tat` further ahead than the burst allows can only come from a clock that is ahead, and counts as a full bucket.
#[must_use]
pub fn reserve(tat: Timestamp, now: Timestamp, rate: Rate, want: u32) -> Reservation {
    let later = |at: Timestamp, by| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let full = later(now, rate.tolerance());
    let tat = tat.clamp(now, full);
    let free = full.duration_since(tat);
    let interval = rate.interval();
    let available = free.as_nanos() / interval.as_nanos().max(1);
    let granted = u32::try_from(available).unwrap_or(u32::MAX).min(want);
    let taken = interval.saturating_mul(i32::try_from(granted).unwrap_or(i32::MAX));
    let wait = if granted == 0 && want > 0 {
        Duration::try_from(interval - free).unwrap_or_default()
    } else {
        Duration::ZERO
    };
    Reservation {
        granted,
        tat: later(tat, taken),
        wait,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate::LEVER;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn after_a_pause_the_burst_is_there_and_then_the_steady_rate() {
        let first = reserve(at(-5_000), at(0), RATE, 100);
        assert_eq!(first.granted, 8);

        let second = reserve(first.tat, at(0), RATE, 1);
        assert_eq!((second.granted, second.wait.as_millis()), (0, 125));

        let third = reserve(first.tat, at(125), RATE, 5);
        assert_eq!(third.granted, 1);
    }

    #[test]
    fn a_clock_that_is_ahead_blocks_nobody_for_long() {
        let reserved = reserve(at(3_600_000), at(0), RATE, 1);

        assert_eq!((reserved.granted, reserved.wait.as_millis()), (0, 125));
    }

    #[test]
    fn a_rate_may_be_a_fraction_of_a_request_a_second() {
        let rate = Rate::fraction(0.5);
        assert_eq!((rate.every.as_secs(), rate.burst), (2, 1));
        assert_eq!(Rate::fraction(8.0), Rate::LEVER);
        assert_eq!(Rate::fraction(0.0).every, MOST_APART);
    }

    proptest! {
        #[test]
        fn in_no_second_more_than_burst_and_rate_are_granted(
            asks in prop::collection::vec((0..400_i64, 0..20_u32), 1..100),
        ) {
            let mut tat = at(0);
            let mut now = 0;
            let mut granted: Vec<(i64, u32)> = Vec::new();
            for (pause, want) in asks {
                now += pause;
                let reserved = reserve(tat, at(now), RATE, want);
                prop_assert!(reserved.granted <= want);
                tat = reserved.tat;
                granted.push((now, reserved.granted));
            }
            for (start, _) in &granted {
                let within: u32 = granted
                    .iter()
                    .filter(|(when, _)| when >= start && *when < start + 1_000)
                    .map(|(_, count)| count)
                    .sum();
                prop_assert!(within <= RATE.burst + 8);
            }
        }

        #[test]
        fn who_waits_as_told_is_granted(tat in -10_000..10_000_i64, want in 1..20_u32) {
            let refused = reserve(at(tat), at(0), RATE, want);
            if refused.granted == 0 {
                let then = at(0).saturating_add(SignedDuration::try_from(refused.wait).unwrap()).unwrap();
                prop_assert!(reserve(refused.tat, then, RATE, want).granted >= 1);
            }
        }
    }
}
