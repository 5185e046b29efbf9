//! A store in memory, for the simulation: what [`crate::dynamo::DynamoStore`] does, and on request what it does on a bad
//! day.
//!
//! [`MemoryStore`] keeps the same contract and passes the same suite. [`Weather`] makes it show what DynamoDB can do and
//! the embedded engine never does: indexes that lag, busy and absent answers, answers lost after the deed. An optional
//! [`Hook`] is awaited at the start and at the end of every operation, so that a deterministic executor can interleave
//! tasks there, or kill them.

mod hook;
mod index;
mod state;
mod store;
mod weather;

pub use hook::{Hook, Moment, Operation, Point, yield_once};
pub use store::MemoryStore;
pub use weather::Weather;
