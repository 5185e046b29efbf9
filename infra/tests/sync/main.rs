//! Syncs over the store in memory: core's handlers, an application at the port.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and so may what it is built of"
)]

mod anew;
mod appeared;
mod details;
mod directory;
mod doubt;
mod emptied;
mod ends;
mod joined;
mod large;
mod laws;
mod rosters;
mod world;
