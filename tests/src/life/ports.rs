//! The ports of a story that have nothing to tell: messages, notifications, the wrapping of keys.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sando_core::ids::EffectKey;
use sando_core::ports::{KeyWrap, Notification, Notifier, RemoteError, WorkMessage, WorkQueue};

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

/// Keys are wrapped in nothing.
pub(super) struct Bare;

#[async_trait]
impl KeyWrap for Bare {
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(key.to_vec())
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(wrapped.to_vec())
    }
}
