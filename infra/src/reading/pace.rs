//! So many requests a second, within this process.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::http::Gate;

/// Lets requests begin at even distances. What processes share is [`Paced`](crate::budget::Paced).
#[derive(Debug)]
pub struct Pace {
    distance: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many requests a second, perhaps a fraction of one.
    #[must_use]
    pub fn per_second(rate: f64) -> Self {
        let distance = Duration::try_from_secs_f64(1.0 / rate);
        Self {
            distance: distance.unwrap_or_default(),
            next: Mutex::default(),
        }
    }
}

#[async_trait]
impl Gate for Pace {
    async fn pass(&self) {
        let at = {
            let mut next = self.next.lock().await;
            let at = next.unwrap_or_else(Instant::now).max(Instant::now());
            *next = Some(at + self.distance);
            at
        };
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_begin_at_even_distances() {
        let pace = Pace::per_second(4.0);
        let began = Instant::now();

        futures::future::join_all((0..9).map(|_| pace.pass())).await;

        assert_eq!(began.elapsed(), Duration::from_secs(2));
    }
}
