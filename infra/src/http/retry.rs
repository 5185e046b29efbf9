//! How often and how long a read is tried.

use std::time::Duration;

use rand::RngExt;

/// When a read is given up. Effects have no such thing: they are never repeated by the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// How often the request is sent at most.
    pub attempts: u32,
    /// Everything together ends within this: attempts, waits and bodies.
    pub total: Duration,
    /// The first wait; each further one is twice as long.
    pub first_wait: Duration,
    /// The longest wait that the client chooses by itself.
    pub longest_wait: Duration,
}

impl Retry {
    /// For reads within the effect protocol: the lease (90 s) must outlive them.
    const IN_EFFECTS: Self = Self {
        attempts: 5,
        total: Duration::from_secs(20),
        first_wait: Duration::from_millis(500),
        longest_wait: Duration::from_secs(8),
    };

    /// One attempt.
    pub const ONCE: Self = Self {
        attempts: 1,
        ..Self::IN_EFFECTS
    };

    /// The wait after so many failed attempts: half of it fixed, half of it chance; a wait that the server names is a
    /// lower bound.
    #[must_use]
    pub fn wait(&self, failed: u32, named: Option<Duration>) -> Duration {
        let doubled = 2_u32.saturating_pow(failed.saturating_sub(1).min(16));
        let most = self
            .first_wait
            .saturating_mul(doubled)
            .min(self.longest_wait);
        let chance = rand::rng().random_range(0.5..=1.0);
        most.mul_f64(chance).max(named.unwrap_or_default())
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::IN_EFFECTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_keep_to_what_the_server_names() {
        let retry = Retry::IN_EFFECTS;
        for _ in 0..100 {
            let first = retry.wait(1, None);
            assert!(first >= Duration::from_millis(250) && first <= Duration::from_millis(500));
            let tenth = retry.wait(10, None);
            assert!(tenth >= Duration::from_secs(4) && tenth <= Duration::from_secs(8));
            assert!(retry.wait(1, Some(Duration::from_secs(60))) >= Duration::from_secs(60));
        }
        assert!(retry.wait(u32::MAX, None) <= Duration::from_secs(8));
    }
}
