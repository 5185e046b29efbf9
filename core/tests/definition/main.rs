//! The definition engine, driven without a socket: every paging, error and mapping behaviour that `definition.md` has a rule for.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod cache;
mod checks;
mod drive;
mod errors;
mod fuzzed;
mod laws;
mod lists;
mod mapping;
mod nothing;
mod oddities;
mod origins;
mod paging;
mod refused;
mod texts;
mod unions;
mod unknown;
mod why;
