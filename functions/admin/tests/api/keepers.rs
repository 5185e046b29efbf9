//! What the fakes keep: credentials.

use async_trait::async_trait;
use sando_core::ports::{RemoteError, SecretValues, Secrets};

use crate::world::Fakes;

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
