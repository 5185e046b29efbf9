//! Ports that have no weather: notifications and the wrapping of keys.

use async_trait::async_trait;
use sando_core::ids::EffectKey;
use sando_core::ports::{KeyWrap, Notification, Notifier, RemoteError};

/// Everything is delivered.
#[derive(Debug)]
pub struct Quiet;

#[async_trait]
impl Notifier for Quiet {
    async fn was_sent(&self, _: &EffectKey) -> Result<bool, RemoteError> {
        Ok(true)
    }

    async fn send(&self, _: &Notification) -> Result<(), RemoteError> {
        Ok(())
    }
}

#[async_trait]
impl KeyWrap for Quiet {
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(key.to_vec())
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(wrapped.to_vec())
    }
}
