//! All chance of a simulation, from one seed. SplitMix64, so that a seed means the same in every release.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Draws numbers from a seed.
#[derive(Debug)]
pub struct Chance(Mutex<u64>);

impl Chance {
    /// The chance of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// The next 64 bits.
    pub fn draw(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `below`; 0 for 0.
    pub fn below(&self, below: u64) -> u64 {
        self.draw() % below.max(1)
    }

    /// A place in a list of this length.
    pub fn place(&self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(length)).unwrap_or(0)
    }

    /// Does it happen, so many times in a thousand?
    pub fn happens(&self, per_mille: u64) -> bool {
        per_mille > 0 && self.below(1000) < per_mille
    }

    /// One of these.
    ///
    /// # Panics
    /// If there is none.
    pub fn one_of<'a, T>(&self, things: &'a [T]) -> &'a T {
        things
            .get(self.place(things.len()))
            .expect("there is something to choose from")
    }

    /// A length of time up to `most`, to the millisecond.
    pub fn up_to(&self, most: Duration) -> Duration {
        let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.below(millis.saturating_add(1)))
    }

    /// A length of time between the two.
    pub fn between(&self, least: Duration, most: Duration) -> Duration {
        least.saturating_add(self.up_to(most.saturating_sub(least)))
    }
}

impl sando_core::ports::Chance for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            for (byte, drawn) in chunk.iter_mut().zip(self.draw().to_le_bytes()) {
                *byte = drawn;
            }
        }
    }
}
