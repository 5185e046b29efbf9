//! Tokens that live as long as the process: for the command line, and for what can be obtained again at any time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::auth::{Held, TokenState, Tokens};
use sando_core::ports::RemoteError;
use sando_core::store::Version;

/// Tokens in memory.
#[derive(Debug)]
pub struct MemoryTokens {
    held: Mutex<Held>,
}

impl Default for MemoryTokens {
    fn default() -> Self {
        Self {
            held: Mutex::new(Held {
                state: None,
                leased_until: None,
                version: Version::ABSENT,
            }),
        }
    }
}

impl MemoryTokens {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Tokens for MemoryTokens {
    async fn read(&self) -> Result<Held, RemoteError> {
        Ok(self.held().clone())
    }

    async fn lease(&self, seen: &Held, until: Timestamp) -> Result<Option<Version>, RemoteError> {
        let mut held = self.held();
        if held.version != seen.version {
            return Ok(None);
        }
        held.version = held.version.next();
        held.leased_until = Some(until);
        Ok(Some(held.version))
    }

    async fn write(&self, leased: Version, state: &TokenState) -> Result<bool, RemoteError> {
        let mut held = self.held();
        if held.version != leased {
            return Ok(false);
        }
        *held = Held {
            state: Some(state.clone()),
            leased_until: None,
            version: leased.next(),
        };
        Ok(true)
    }

    async fn release(&self, leased: Version) {
        let mut held = self.held();
        if held.version == leased {
            held.leased_until = None;
            held.version = leased.next();
        }
    }
}
