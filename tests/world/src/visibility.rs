//! Things a service has made or changed but does not show yet.

use std::time::{Duration, Instant};

/// From when something can be seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    /// `None` if that is further away than clocks reach.
    visible_from: Option<Instant>,
}

impl Made {
    /// Made now, hidden for this long; `Duration::MAX` hides until somebody reveals it.
    pub(crate) fn now(hidden_for: Duration) -> Self {
        Self {
            visible_from: Instant::now().checked_add(hidden_for),
        }
    }

    /// Visible from now on.
    pub(crate) fn visible() -> Self {
        Self::now(Duration::ZERO)
    }

    /// Whether it can be seen now.
    pub(crate) fn is_visible(self) -> bool {
        self.visible_from.is_some_and(|from| Instant::now() >= from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait_until;

    #[tokio::test]
    async fn what_is_hidden_appears_by_itself_in_time() {
        let (soon, never) = (
            Made::now(Duration::from_millis(30)),
            Made::now(Duration::MAX),
        );

        wait_until(Duration::from_secs(5), async || soon.is_visible())
            .await
            .unwrap();

        assert!(!never.is_visible());
        assert!(Made::visible().is_visible());
    }
}
