//! The deterministic simulation (X4): core's real handlers over simulated queues, clock, Lever and applications, under
//! one seed.
//!
//! Everything runs on one thread. Every port call yields at its start and its end, so that processes interleave there
//! and can be killed there. Whatever goes wrong follows from the seed: the same seed tells the same story.

pub mod applications;
pub mod chance;
pub mod clock;
pub mod company;
pub mod executor;
pub mod faults;
pub mod invariants;
pub mod lever;
pub mod others;
pub mod plan;
pub mod processes;
pub mod queue;
pub mod report;
pub mod store;
pub mod watch;
pub mod world;

pub use report::{Told, simulate};
