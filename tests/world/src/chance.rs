//! Seeded chance: ids and tokens in the shapes the real services use.

use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use crate::locked;

/// A repeatable source of ids and decisions; clones draw from the same sequence.
#[derive(Clone)]
pub(crate) struct Chance {
    rng: Arc<Mutex<StdRng>>,
}

impl Chance {
    /// The sequence of this seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            rng: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))),
        }
    }

    /// A random UUID (version 4) in lower case.
    pub(crate) fn uuid(&self) -> String {
        let digits = self.hex(16);
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-4{}-a{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }

    /// This many random bytes as lower-case hex.
    pub(crate) fn hex(&self, bytes: usize) -> String {
        let mut buffer = vec![0; bytes];
        locked(&self.rng).fill_bytes(&mut buffer);
        hex::encode(buffer)
    }

    /// True with this probability.
    pub(crate) fn happens(&self, probability: f64) -> bool {
        probability > 0.0 && locked(&self.rng).random_bool(probability.min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_a_uuid_and_repeat_with_the_seed() {
        let id = Chance::seeded(1).uuid();

        assert_eq!(id.len(), 36);
        assert_eq!(id.split('-').count(), 5);
        assert_eq!(id, Chance::seeded(1).uuid());
    }
}
