//! Counts requests that only served to authenticate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use crate::http::Gate;

/// Counts what passes, and lets it pass as another gate does, if there is one.
#[derive(Default)]
pub struct Counting {
    sent: AtomicU64,
    then: Option<Arc<dyn Gate>>,
}

impl Counting {
    /// Counts what then has to pass this one.
    #[must_use]
    pub fn before(then: Option<Arc<dyn Gate>>) -> Self {
        Self {
            sent: AtomicU64::new(0),
            then,
        }
    }

    /// How many passed since this was asked last.
    pub fn take(&self) -> u64 {
        self.sent.swap(0, Ordering::Relaxed)
    }

    /// How many passed.
    pub fn count(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Gate for Counting {
    async fn pass(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        if let Some(then) = &self.then {
            then.pass().await;
        }
    }
}
