//! The connection to Lever as people who set it up see it: what came of it so far, and trying the key.

use crate::handle::handshake;
use crate::handshake::{Handshake, Tested};
use crate::ports::{Ports, RemoteError};

use super::AdminError;

/// What the connection showed of itself.
///
/// # Errors
/// If the store cannot be read.
pub async fn handshake(ports: &Ports) -> Result<Handshake, AdminError> {
    Ok(handshake::known(ports).await?)
}

/// Asks Lever whether the key is accepted and may read what Sando reads; how it ended is kept for the checklist.
///
/// # Errors
/// As Lever answered.
pub async fn test(ports: &Ports) -> Result<(), RemoteError> {
    let tested = ports.lever.test().await;
    let problem = tested.as_ref().err().map(ToString::to_string);
    let result = Tested::now(ports.clock.now(), problem.as_deref());
    let kept = handshake::change(ports, |known| {
        known.tested = Some(result.clone());
        true
    });
    if let Err(error) = kept.await {
        tracing::warn!(%error, "how the test of Lever's key ended could not be kept");
    }
    tested
}
