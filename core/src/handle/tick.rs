//! The schedule: finds what is due and was not claimed, claims it, and hands it on.

use jiff::SignedDuration;

use crate::ports::{Ports, WorkMessage};
use crate::store::{DUE_SHARDS, StoreError};

use super::lease_from;

/// How many entries of a shard are handed on at once.
const AT_ONCE: usize = 100;

/// Hands on everything that has been due for `grace` or longer; answers how much that was.
///
/// # Errors
/// If the store cannot be read; the next tick finds what this one missed.
pub async fn tick(ports: &Ports, grace: SignedDuration) -> Result<usize, StoreError> {
    let now = ports.clock.now();
    let until = now.saturating_sub(grace).unwrap_or(now);
    let mut handed_on = 0;
    for shard in 0..DUE_SHARDS {
        for entry in ports.store.due(shard, until, AT_ONCE).await? {
            // Claimed, so that the next tick does not find it again before a worker had its time.
            match ports
                .store
                .claim(&entry.key, entry.version, lease_from(now))
                .await
            {
                Ok(stored) => {
                    let message = WorkMessage {
                        key: entry.key,
                        version: stored.version,
                    };
                    ports.work.send(message, std::time::Duration::ZERO).await;
                    handed_on += 1;
                }
                // Somebody else was first, or the index is behind.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(handed_on)
}
