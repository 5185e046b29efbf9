//! The adapters behind core's ports: store, queue, secrets, guarded HTTP, Lever, SCIM.

pub mod actions;
pub mod applications;
pub mod auth;
pub mod budget;
mod connection;
pub mod dynamo;
pub mod folder;
pub mod http;
pub mod lever;
pub mod memory;
mod outcome;
mod private;
pub mod queue;
pub mod reading;
mod rules;
pub mod scim;
pub mod secrets;
mod subject;
pub mod system;
