//! Support for the tests of a whole Sando: the harness over real adapters, and the deterministic simulation.

pub mod harness;
pub mod sim;
