//! tests/world
