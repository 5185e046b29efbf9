//! Counts requests that only served to authenticate.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use crate::http::Gate;

/// Lets everything pass, and counts it.
#[derive(Debug, Default)]
pub struct Counting(AtomicU64);

impl Counting {
    /// How many passed since this was asked last.
    pub fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }

    /// How many passed.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Gate for Counting {
    async fn pass(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
