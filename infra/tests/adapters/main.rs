//! What each adapter does that no contract says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod dynamo_answers;
mod embedded;
mod keys;
mod memory_store;
mod queue;
mod secrets;
