//! How the store behaves today, under a seed: the same seed and the same calls give the same day.

use sando_core::store::StoreError;

/// What goes wrong, and how often, in so many of a thousand calls. The default is fair: nothing does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weather {
    /// The seed.
    pub seed: u64,
    /// By how many writes lists and `due` lag behind at most. Each read draws its own lag.
    pub index_lag: u16,
    /// `Contended`: nothing has happened.
    pub contended_per_mille: u16,
    /// `Unavailable`: nothing has happened.
    pub unavailable_per_mille: u16,
    /// `Unavailable` for a claim or commit that *has* happened.
    pub lost_answer_per_mille: u16,
}

impl Weather {
    /// Nothing goes wrong.
    #[must_use]
    pub fn fair() -> Self {
        Self::default()
    }

    /// A bad day: indexes lag, one call in ten fails in one way or another.
    #[must_use]
    pub fn rough(seed: u64) -> Self {
        Self {
            seed,
            index_lag: 6,
            contended_per_mille: 40,
            unavailable_per_mille: 30,
            lost_answer_per_mille: 30,
        }
    }
}

/// Draws from the weather. SplitMix64, so that a seed means the same in every release.
#[derive(Debug)]
pub(super) struct Sky {
    weather: Weather,
    state: u64,
}

impl Sky {
    pub(super) fn new(weather: Weather) -> Self {
        Self {
            weather,
            state: weather.seed,
        }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below.max(1)
    }

    fn happens(&mut self, per_mille: u16) -> bool {
        per_mille > 0 && self.draw(1000) < u64::from(per_mille)
    }

    /// Fails a call before it does anything.
    pub(super) fn before(&mut self) -> Result<(), StoreError> {
        if self.happens(self.weather.unavailable_per_mille) {
            return Err(StoreError::Unavailable("the weather is rough".to_owned()));
        }
        Ok(())
    }

    /// Fails a write before it does anything.
    pub(super) fn before_write(&mut self) -> Result<(), StoreError> {
        if self.happens(self.weather.contended_per_mille) {
            return Err(StoreError::Contended);
        }
        self.before()
    }

    /// Loses the answer of a write that has happened.
    pub(super) fn after_write(&mut self) -> Result<(), StoreError> {
        if self.happens(self.weather.lost_answer_per_mille) {
            return Err(StoreError::Unavailable("the answer is lost".to_owned()));
        }
        Ok(())
    }

    /// How many writes the indexes lag behind this time.
    pub(super) fn lag(&mut self) -> usize {
        let most = u64::from(self.weather.index_lag);
        usize::try_from(self.draw(most.saturating_add(1))).unwrap_or(0)
    }
}
