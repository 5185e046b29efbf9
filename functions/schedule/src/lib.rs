//! Every minute: hands on what is due and has lost its message, keeps checkpoints, and tells how things stand.

mod standing;

use std::sync::Arc;

use jiff::SignedDuration;
use sando_core::admin::AdminError;
use sando_core::handle::tick::tick;
use sando_core::handle::{anchor, checkpoint, retention};
use sando_core::ports::{Anchors, Ports};

pub use standing::Standing;

/// What has been due for this long has lost its message: with a tick a minute it is found within 90 s.
const GRACE: SignedDuration = SignedDuration::from_secs(20);

/// The schedule function.
pub struct Schedule {
    ports: Ports,
    anchors: Option<Arc<dyn Anchors>>,
}

impl Schedule {
    /// A schedule over these ports, of which only store, queue and clock are used. Checkpoints of the audit are kept with
    /// `anchors`, if they are to be kept outside of the tables and the log.
    #[must_use]
    pub fn new(ports: Ports, anchors: Option<Arc<dyn Anchors>>) -> Self {
        Self { ports, anchors }
    }

    /// What is done every minute: first what is due, then the checkpoint of the audit, which may wait.
    ///
    /// # Errors
    /// If the store cannot be read; the next minute finds what this one missed.
    pub async fn every_minute(&self) -> Result<Standing, AdminError> {
        let oldest_due = standing::oldest_due(&self.ports).await?;
        let handed_on = tick(&self.ports, GRACE).await?;
        retention::begin(&self.ports).await?;
        let checkpoints_fail = !self.checkpoints().await;
        Standing::look(&self.ports, oldest_due, handed_on, checkpoints_fail).await
    }

    /// Takes a checkpoint and keeps what is not kept yet; false if something was not done.
    async fn checkpoints(&self) -> bool {
        let taken = checkpoint::take(&self.ports).await;
        if let Err(error) = &taken {
            tracing::error!(%error, "no checkpoint of the audit could be taken: the next one covers it");
        }
        let Some(anchors) = &self.anchors else {
            return taken.is_ok();
        };
        match anchor::keep(&self.ports, &**anchors).await {
            Ok(()) => taken.is_ok(),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "checkpoints of the audit are not kept: the next minute tries again");
                false
            }
        }
    }
}
