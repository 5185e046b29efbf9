//! Things an application has made but does not show yet.

use std::time::{Duration, Instant};

/// Since when something exists, and from when it can be found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    visible_from: Instant,
}

impl Made {
    /// Made now, hidden for this long.
    pub(crate) fn now(hidden_for: Duration) -> Self {
        Self {
            visible_from: Instant::now() + hidden_for,
        }
    }

    /// Whether it can be found now.
    pub(crate) fn is_visible(self) -> bool {
        Instant::now() >= self.visible_from
    }
}
