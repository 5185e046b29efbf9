//! The adapters behind core's ports.

pub mod actions;
pub mod applications;
pub mod budget;
mod connection;
pub mod http;
pub mod lever;
mod outcome;
pub mod scim;
mod subject;
