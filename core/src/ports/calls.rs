//! What came of each request of one look or attempt, written down by whoever sends it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::effect::Came;

/// The most requests that are written down; the last ones count.
const MOST: usize = 10;

/// A note of what came of requests. Clones write on the same one.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    seen: Arc<Mutex<VecDeque<(Came, Duration)>>>,
}

impl Calls {
    /// A request was answered, or not.
    pub fn note(&self, came: Came, took: Duration) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == MOST {
            seen.pop_front();
        }
        seen.push_back((came, took));
    }

    /// What was written down since this was asked last, in the order of the answers.
    #[must_use]
    pub fn take(&self) -> Vec<(Came, Duration)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *seen).into()
    }
}
