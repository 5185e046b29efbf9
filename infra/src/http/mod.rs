//! The guarded HTTP client: the only way out.
//!
//! * https only; loopback, and plain http to it, only where [`Guard::allow_loopback`] says so;
//! * the address that was checked is the address connected to ([`address`], `resolver`); literals are checked too;
//! * no redirect leaves the origin, effects follow none; no proxy; credentials go to their own origin only;
//! * answers are bounded in size (after decompression), depth and time;
//! * [`GuardedClient::read`] may repeat a request, [`GuardedClient::send_once`] never does;
//! * what goes wrong becomes a [`RemoteError`](sando_core::ports::RemoteError) in `error`, and nowhere else.

pub mod address;
mod answer;
mod client;
mod credentials;
mod error;
mod incoming;
mod mask;
mod request;
mod resolver;
mod retry;
mod target;
mod watched;

pub use ::http::Method;
pub use answer::Answer;
pub use client::{Guard, GuardedClient};
pub use credentials::Credentials;
pub(crate) use credentials::basic_pair;
pub use error::unreadable;
pub use mask::Mask;
pub use request::{Gate, Request};
pub use retry::Retry;
pub use target::{Origin, join};
