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
mod candidacies;
mod catalogue;
mod catch_up;
mod company;
mod config;
mod console;
mod day_one;
mod deliveries;
mod drift;
mod emptied;
mod erasure;
mod events;
mod explain;
mod export;
mod filters;
mod gone;
mod held;
mod identity;
mod import;
mod keys;
mod links;
mod lists;
mod metrics;
mod movers;
mod one_or_two;
mod pause;
mod people;
mod plan;
mod provider;
mod reports;
mod review;
mod rosters;
mod runs;
mod settings;
mod test_login;
mod wizard;
mod world;
