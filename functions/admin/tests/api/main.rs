//! The admin API from outside: its router over a store in memory.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and so may what it is built of"
)]

mod access;
mod approvals;
mod audit;
mod builder;
mod catch_up;
mod config;
mod console;
mod day_one;
mod events;
mod keys;
mod lists;
mod movers;
mod pause;
mod people;
mod plan;
mod provider;
mod reports;
mod runs;
mod settings;
mod test_login;
mod wizard;
mod world;
