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
pub mod oidc;
mod outcome;
mod private;
pub mod queue;
mod rules;
pub mod scim;
pub mod secrets;
mod subject;
pub mod system;
