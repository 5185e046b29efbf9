//! What the fakes keep: credentials, and keys of persons as they are.

use async_trait::async_trait;
use sando_core::ports::{KeyWrap, RemoteError, SecretValues, Secrets};

use crate::world::Fakes;

#[async_trait]
impl KeyWrap for Fakes {
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(key.to_vec())
    }
    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(wrapped.to_vec())
    }
}

#[async_trait]
impl Secrets for Fakes {
    async fn read(&self, owner: &str, _: bool) -> Result<Option<SecretValues>, RemoteError> {
        Ok(self.secrets.lock().unwrap().get(owner).cloned())
    }
    async fn write(&self, owner: &str, values: &SecretValues) -> Result<(), RemoteError> {
        let mut secrets = self.secrets.lock().unwrap();
        secrets.insert(owner.to_owned(), values.clone());
        Ok(())
    }
    async fn remove(&self, owner: &str) -> Result<(), RemoteError> {
        self.secrets.lock().unwrap().remove(owner);
        Ok(())
    }
}
