//! A simulated application with SCIM 2.0, after RFC 7643 and RFC 7644.

mod api;
mod app;
mod discovery;
mod filter;
mod options;
mod patch;
mod path;
mod problem;
mod store;

#[cfg(test)]
mod tests;

pub use app::{ScimApp, ScimGroup, ScimUser};
pub use options::ScimOptions;
