//! Handlers: load what is needed, let core decide, commit. The only async part of core; everything outside is a port.
//!
//! Every piece of work begins with a claim ([`work`]): whoever has it, has it alone until the lease ends.

pub mod anchor;
pub(crate) mod answered;
pub mod applying;
pub mod approval;
mod candidate;
pub mod catch_up;
pub mod checkpoint;
pub mod cipher;
pub mod count;
pub mod days;
pub mod delivery;
pub mod directory;
pub mod drift;
mod drifting;
pub mod drive;
pub mod erasure;
pub(crate) mod events;
mod evidence;
pub mod files;
mod finding;
mod forget;
pub mod handshake;
mod held;
pub mod holds;
pub mod inbox;
pub mod jobs;
mod later;
mod leaving;
pub mod ledger;
pub mod lifecycle;
pub mod load;
mod matches;
pub mod offer;
pub mod planning;
pub mod post;
pub(crate) mod reminder;
pub mod replay;
pub mod residue;
pub mod retention;
pub mod rosters;
pub mod seats;
pub mod sync;
pub mod tasks;
pub mod tick;
pub mod verification;
pub mod wake;
pub mod whose;

use jiff::{SignedDuration, Timestamp};

use crate::ids::IdError;
use crate::mistake::{Mistake, in_lines};
use crate::ports::{Ports, RemoteError, WorkMessage};
use crate::store::{Key, StoreError};

/// How long whoever claims a piece of work has it alone. Longer than the hard deadline of any call inside (a look and
/// a make of at most 20 s each), and put off with every commit.
pub const LEASE: SignedDuration = SignedDuration::from_secs(90);

/// Why a handler could not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The store did not do it: the work is found again when its lease ends.
    #[error("the work could not be stored")]
    Store(#[from] StoreError),
    /// What is stored as configuration cannot be used.
    #[error("the configuration cannot be used: {}", in_lines(.0))]
    Config(Vec<Mistake>),
    /// A key that is needed for the audit cannot be had.
    #[error("a key of the audit cannot be had")]
    Keys(#[source] RemoteError),
    /// A value that became no id.
    #[error("an id cannot be made")]
    Id(#[from] IdError),
}

/// What came of a piece of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worked {
    /// It was worked on.
    Done,
    /// Somebody else has it, or it has moved on since: nothing to do.
    Stale,
}

/// When the lease of work claimed now ends.
#[must_use]
pub fn lease_from(now: Timestamp) -> Timestamp {
    now.saturating_add(LEASE).unwrap_or(Timestamp::MAX)
}

/// Works on what is due: claims it, and hands it to the handler of its kind.
///
/// # Errors
/// What went wrong; the entry stays due and is found again after the lease.
pub async fn work(ports: &Ports, message: &WorkMessage) -> Result<Worked, HandleError> {
    let until = ports.clock.now().saturating_add(sync::TURN);
    work_until(ports, message, until.unwrap_or(Timestamp::MAX)).await
}

/// As [`work`], for a process that has to be done at a certain time: long work is handed on before.
///
/// # Errors
/// As [`work`].
pub async fn work_until(
    ports: &Ports,
    message: &WorkMessage,
    until: Timestamp,
) -> Result<Worked, HandleError> {
    let now = ports.clock.now();
    let stored = match ports
        .store
        .claim(&message.key, message.version, lease_from(now))
        .await
    {
        Ok(stored) => stored,
        Err(StoreError::Conflict { .. }) => return Ok(Worked::Stale),
        Err(error) => return Err(error.into()),
    };
    // Boxed: what works on one thing does not carry the room for all the others.
    let done = match &message.key {
        Key::Delivery(_) => Box::pin(delivery::look(ports, stored.read()?)).await,
        Key::Run(_) => Box::pin(drive::run(ports, stored.read()?)).await,
        Key::Person(_) => Box::pin(lifecycle::moment(ports, stored.read()?)).await,
        Key::Job(_) => Box::pin(jobs::work(ports, stored.read()?)).await,
        Key::Candidacy(_) => Box::pin(offer::look_again(ports, stored.read()?)).await,
        Key::CatchUp => Box::pin(catch_up::poll(ports, stored.read()?)).await,
        Key::Approval(_) => Box::pin(approval::moment(ports, stored.read()?)).await,
        Key::Purge => Box::pin(retention::go_on(ports, stored.read()?)).await,
        Key::Letter(_) => Box::pin(post::deliver(ports, stored.read()?)).await,
        Key::Account(..) => Box::pin(sync::account(ports, stored.read()?)).await,
        Key::Sync(..) => Box::pin(sync::work(ports, stored.read()?, until)).await,
        other => {
            tracing::warn!("{other:?} is due, but nothing is ever due of its kind");
            Ok(())
        }
    };
    match done {
        // Somebody else decided in between: they go on with it.
        Err(HandleError::Store(StoreError::Conflict { .. })) => Ok(Worked::Stale),
        Err(error) => Err(error),
        Ok(()) => Ok(Worked::Done),
    }
}
