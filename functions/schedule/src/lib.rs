//! Every minute: hands on what is due and has lost its message, and tells how things stand.

mod metrics;

use jiff::{SignedDuration, Timestamp};
use sando_core::admin::{AdminError, pause};
use sando_core::handle::checkpoint;
use sando_core::handle::tick::tick;
use sando_core::ports::Ports;
use sando_core::store::{DUE_SHARDS, StoreError};

pub use metrics::Standing;

/// What has been due for this long has lost its message: with a tick a minute it is found within 90 s.
const GRACE: SignedDuration = SignedDuration::from_secs(20);

/// The schedule function.
pub struct Schedule {
    ports: Ports,
}

impl Schedule {
    /// A schedule over these ports. Of them only store, queue and clock are used.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// What is done every minute: first what is due, then the checkpoint of the audit, which may wait.
    ///
    /// # Errors
    /// If the store cannot be read; the next minute finds what this one missed.
    pub async fn every_minute(&self) -> Result<Standing, AdminError> {
        let oldest_due = self.oldest_due().await?;
        let handed_on = tick(&self.ports, GRACE).await?;
        let removals_paused = pause::now(&self.ports).await?.removals.is_some();
        if let Err(error) = checkpoint::take(&self.ports).await {
            tracing::error!(%error, "no checkpoint of the audit could be taken: the next one covers it");
        }
        Ok(Standing {
            oldest_due,
            handed_on,
            removals_paused,
        })
    }

    /// For how long the oldest entry that is due has been so. What somebody works on is not due until their lease ends.
    async fn oldest_due(&self) -> Result<SignedDuration, StoreError> {
        let now = self.ports.clock.now();
        let mut oldest: Timestamp = now;
        for shard in 0..DUE_SHARDS {
            let first = self.ports.store.due(shard, now, 1).await?;
            oldest = first
                .iter()
                .map(|entry| entry.due)
                .fold(oldest, Timestamp::min);
        }
        Ok(now.duration_since(oldest))
    }
}
