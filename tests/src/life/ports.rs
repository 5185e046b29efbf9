//! The ports of a story that have nothing to tell: messages, notifications.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sando_core::ids::EffectKey;
use sando_core::ports::{Notification, Notifier, RemoteError, WorkMessage, WorkQueue};

/// A queue that loses every message: nothing may depend on one.
pub(super) struct Lossy;

#[async_trait]
impl WorkQueue for Lossy {
    async fn send(&self, _: WorkMessage, _: Duration) {}
}

/// Notifications that were sent.
#[derive(Default)]
pub(super) struct Letters(Mutex<Vec<Notification>>);

impl Letters {
    pub(super) fn sent(&self) -> Vec<Notification> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Notifier for Letters {
    async fn was_sent(&self, key: &EffectKey) -> Result<bool, RemoteError> {
        Ok(self.sent().iter().any(|sent| sent.key == *key))
    }

    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push(notification.clone());
        Ok(())
    }
}
