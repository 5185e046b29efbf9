//! The clock of a simulated service: real, shifted, or standing still.

use std::sync::{Arc, Mutex};

use crate::locked;

/// Milliseconds since 1970, as the simulated service sees them; clones share the setting.
#[derive(Clone, Default)]
pub struct SimClock {
    state: Arc<Mutex<Setting>>,
}

#[derive(Clone, Copy)]
enum Setting {
    Shifted(i64),
    Frozen(i64),
}

impl Default for Setting {
    fn default() -> Self {
        Self::Shifted(0)
    }
}

impl SimClock {
    /// The time now.
    pub fn now_ms(&self) -> i64 {
        match *locked(&self.state) {
            Setting::Shifted(offset) => real_now_ms().saturating_add(offset),
            Setting::Frozen(at) => at,
        }
    }

    /// Runs this many milliseconds ahead of real time (behind it, if negative).
    pub fn shift(&self, offset_ms: i64) {
        *locked(&self.state) = Setting::Shifted(offset_ms);
    }

    /// Stands still at this time.
    pub fn freeze(&self, at_ms: i64) {
        *locked(&self.state) = Setting::Frozen(at_ms);
    }

    /// Moves ahead by this many milliseconds, running or standing.
    pub fn advance(&self, by_ms: i64) {
        let mut setting = locked(&self.state);
        *setting = match *setting {
            Setting::Shifted(offset) => Setting::Shifted(offset.saturating_add(by_ms)),
            Setting::Frozen(at) => Setting::Frozen(at.saturating_add(by_ms)),
        };
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a simulated service has a clock of its own, as the real one does"
)]
fn real_now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = SimClock::default();
        clock.freeze(1_000);

        clock.advance(500);

        assert_eq!(clock.now_ms(), 1_500);
    }
}
