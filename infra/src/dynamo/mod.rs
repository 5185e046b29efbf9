//! The store in DynamoDB: [`keys`] says how items lie, [`DynamoStore`] reads and writes them, [`Embedded`] is the engine
//! for one machine.

pub mod keys;

mod commit;
#[cfg(feature = "embedded")]
mod durable;
#[cfg(feature = "embedded")]
mod embedded;
#[cfg(feature = "embedded")]
mod engine;
mod errors;
mod item;
mod list;
mod store;
mod tables;

#[cfg(feature = "embedded")]
pub use durable::NotDurable;
#[cfg(feature = "embedded")]
pub use embedded::{Embedded, EngineError};
#[cfg(feature = "embedded")]
pub(crate) use errors::store_error;
pub use store::{DynamoStore, retries};
pub use tables::{DUE_INDEX, LIST_INDEX, READY_INDEX, Tables, WHO_INDEX};
