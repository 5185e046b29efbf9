//! `sando serve` and what works beside it, as processes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod accounts;
mod audit;
mod daily;
mod demo;
mod desk;
mod examples;
mod lies;
mod process;
mod sign_in;
mod support;
