//! What the tests of the whole share: the deterministic simulation.

pub mod sim;
