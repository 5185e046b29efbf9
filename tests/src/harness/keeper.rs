//! Where credentials are kept, with a count of how often a keeper that takes money for it would be asked.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::ports::{RemoteError, SecretValues, Secrets};

/// Passes everything on. A function on AWS keeps what it has read for five minutes: what was asked since [`Self::begin`] is
/// not counted again.
pub struct SecretMeter {
    keeper: Arc<dyn Secrets>,
    known: Mutex<BTreeSet<String>>,
    calls: AtomicU32,
}

impl SecretMeter {
    /// Counts what goes to this keeper.
    #[must_use]
    pub fn over(keeper: Arc<dyn Secrets>) -> Self {
        Self {
            keeper,
            known: Mutex::default(),
            calls: AtomicU32::new(0),
        }
    }

    /// Another invocation begins, which knows nothing yet.
    pub fn begin(&self) {
        self.known.lock().expect("no test panicked here").clear();
    }

    /// How often the keeper would have been asked so far.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    fn count(&self, owner: &str, always: bool) {
        let mut known = self.known.lock().expect("no test panicked here");
        if known.insert(owner.to_owned()) || always {
            self.calls.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl Secrets for SecretMeter {
    async fn read(&self, owner: &str, fresh: bool) -> Result<Option<SecretValues>, RemoteError> {
        self.count(owner, fresh);
        self.keeper.read(owner, fresh).await
    }

    async fn read_since(
        &self,
        owner: &str,
        since: Timestamp,
    ) -> Result<Option<SecretValues>, RemoteError> {
        self.count(owner, false);
        self.keeper.read_since(owner, since).await
    }

    async fn write(&self, owner: &str, values: &SecretValues) -> Result<(), RemoteError> {
        self.count(owner, true);
        self.keeper.write(owner, values).await
    }

    async fn remove(&self, owner: &str) -> Result<(), RemoteError> {
        self.count(owner, true);
        self.keeper.remove(owner).await
    }
}
