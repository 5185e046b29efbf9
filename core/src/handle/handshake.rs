//! Keeps what the connection to Lever showed of itself. No decision, so no record; nothing follows from it.

use crate::handshake::Handshake;
use crate::ports::Ports;
use crate::store::{Commit, Key, Loaded, Put, StoreError, Version};

use super::HandleError;

/// How often it is read again because somebody else wrote to it in between.
const TRIES: u32 = 5;

/// What is known of the connection.
///
/// # Errors
/// If the store cannot be read.
pub async fn known(ports: &Ports) -> Result<Handshake, HandleError> {
    Ok(stored(ports).await?.0)
}

async fn stored(ports: &Ports) -> Result<(Handshake, Version), HandleError> {
    let stored: Option<Loaded<Handshake>> = ports.store.find(&Key::Handshake).await?;
    Ok(stored.map_or_else(
        || (Handshake::default(), Version::ABSENT),
        |stored| (stored.entity, stored.version),
    ))
}

/// Changes what is known; what is no news (`news` answers false) is not written.
///
/// # Errors
/// If the store did not do it.
pub async fn change(
    ports: &Ports,
    news: impl Fn(&mut Handshake) -> bool + Send + Sync,
) -> Result<(), HandleError> {
    let mut tries = 0;
    loop {
        let (mut handshake, version) = stored(ports).await?;
        if !news(&mut handshake) {
            return Ok(());
        }
        let commit = Commit {
            puts: vec![Put::of(&handshake, version)],
            ..Commit::default()
        };
        match ports.store.commit(&commit).await {
            Err(StoreError::Conflict { .. }) if tries < TRIES => tries += 1,
            done => return Ok(done?),
        }
    }
}
