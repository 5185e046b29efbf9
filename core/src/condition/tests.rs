//! What is meant.
