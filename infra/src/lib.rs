//! The adapters behind core's ports.

pub mod budget;
pub mod http;
pub mod lever;
