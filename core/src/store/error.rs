//! Why the store did not do it, by what its caller does about that.

use super::Key;

/// Why the store did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A version moved since it was read (also: a claim is taken): read and decide again.
    #[error("{key:?} has changed in between")]
    Conflict {
        /// The first item that moved.
        key: Key,
    },
    /// Another transaction is on the same items, or the table throttles: repeat the same commit.
    #[error("the store is busy")]
    Contended,
    /// Not reachable, or it did not answer. The commit may have happened: read before deciding again.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// An item that cannot be read: a defect or a newer release's.
    #[error("{key:?} cannot be read: {why}")]
    Unreadable {
        /// Which item.
        key: Key,
        /// Where in it.
        why: String,
    },
    /// More items than a transaction may have: a defect of the caller.
    #[error("{0} items are more than one commit may have")]
    TooLarge(usize),
    /// A cursor that this store did not give.
    #[error("the cursor is not one of this list")]
    BadCursor,
}
