//! The adapters behind core's ports: store, queue, secrets, guarded HTTP, Lever, SCIM.

pub mod actions;
pub mod applications;
pub mod auth;
#[cfg(feature = "aws")]
pub mod aws;
pub mod budget;
mod connection;
pub mod dynamo;
#[cfg(feature = "embedded")]
pub mod folder;
pub mod http;
mod lent;
pub mod lever;
pub mod memory;
pub mod notify;
pub mod oidc;
mod outcome;
#[cfg(feature = "embedded")]
mod private;
#[cfg(feature = "embedded")]
pub mod queue;
pub mod reading;
mod rules;
pub mod scim;
#[cfg(feature = "embedded")]
pub mod secrets;
mod subject;
pub mod system;
mod turn;
