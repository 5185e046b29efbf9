//! The admin API from outside: its router over a store in memory.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and so may what it is built of"
)]

mod access;
mod audit;
mod builder;
mod config;
mod events;
mod keys;
mod lists;
mod pause;
mod people;
mod plan;
mod runs;
mod settings;
mod world;
