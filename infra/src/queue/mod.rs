//! The queues of one machine: `events`, which keeps what it took in, and `work`, which need not.

mod events;
mod message;
mod work;

pub use events::LocalQueue;
pub use message::{DeadLetter, Depth, Receipt, Received};
pub use work::LocalWork;
