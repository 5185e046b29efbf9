//! Support for the tests of a whole Sando.

pub mod harness;
