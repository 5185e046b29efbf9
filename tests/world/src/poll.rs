//! Waiting for a condition without fixed sleeps.

use std::time::{Duration, Instant};

/// How often a condition is asked.
const INTERVAL: Duration = Duration::from_millis(10);

/// Nothing came true in time.
#[derive(Debug, thiserror::Error)]
#[error("the condition did not come true within {0:?}")]
pub struct NotInTime(pub Duration);

/// Asks `condition` every few milliseconds until it is true.
///
/// # Errors
/// [`NotInTime`] if it is still false after `deadline`.
pub async fn wait_until<F>(deadline: Duration, mut condition: F) -> Result<(), NotInTime>
where
    F: AsyncFnMut() -> bool,
{
    let started = Instant::now();
    while !condition().await {
        if started.elapsed() >= deadline {
            return Err(NotInTime(deadline));
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}
