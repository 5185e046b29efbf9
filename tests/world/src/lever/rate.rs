//! Lever's token bucket, one for each API key.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use super::options::RateLimit;
use crate::locked;

/// The buckets of all keys.
#[derive(Default)]
pub(super) struct Buckets {
    by_key: Mutex<HashMap<String, Bucket>>,
}

struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Buckets {
    /// Takes one token of this key's bucket; false if it is empty.
    pub(super) fn take(&self, key: &str, limit: RateLimit, now: Instant) -> bool {
        let burst = f64::from(limit.burst);
        let mut buckets = locked(&self.by_key);
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket {
            tokens: burst,
            filled_at: now,
        });
        let elapsed = now
            .saturating_duration_since(bucket.filled_at)
            .as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed * f64::from(limit.per_second)).min(burst);
        bucket.filled_at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_followed_by_the_steady_rate() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        let limit = RateLimit {
            per_second: 10,
            burst: 20,
        };
        let take = |at| (0..100).filter(|_| buckets.take("key", limit, at)).count();

        assert_eq!(take(start), 20);
        assert_eq!(take(start + Duration::from_secs(1)), 10);
        assert!(buckets.take("another key", limit, start));
    }
}
