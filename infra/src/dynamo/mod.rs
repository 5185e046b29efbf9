//! The store in DynamoDB: [`keys`] says how items lie, [`DynamoStore`] reads and writes them, [`Embedded`] is the engine
//! for one machine.

pub mod keys;

mod commit;
mod durable;
mod embedded;
mod engine;
mod errors;
mod item;
mod list;
mod store;
mod tables;

pub use durable::NotDurable;
pub use embedded::{Embedded, EngineError};
pub(crate) use errors::store_error;
pub use store::{DynamoStore, retries};
pub use tables::{DUE_INDEX, LIST_INDEX, READY_INDEX, Tables, WHO_INDEX};
