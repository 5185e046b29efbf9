//! The adapters behind core's ports: store, queue, secrets, guarded HTTP, Lever, SCIM.

pub mod dynamo;
pub mod memory;
mod private;
mod rules;
