//! Support for the tests of a whole Sando: the harness over real adapters, the deterministic simulation, and life stories.

pub mod harness;
pub mod life;
pub mod sim;
