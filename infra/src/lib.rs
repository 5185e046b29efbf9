//! The adapters behind core's ports: store, queue, secrets, guarded HTTP, Lever, SCIM.

pub mod dynamo;
pub mod memory;
mod private;
pub mod queue;
mod rules;
pub mod secrets;
