//! Reads the users of an application over HTTP: sends what the engine of `sando_core::definition` plans, and hands the
//! answers back. What an answer means, when to try again and when a list ends is decided there.
//!
//! * Credentials go to the origin of the base URL only ([`Credentials`](crate::http::Credentials)).
//! * `timeout_secs` is for one whole request, redirects and body included; waiting for its turn is not part of it.
//! * The next page is on its way while this one is mapped and written.
//! * Whatever leaves as a text is masked: a failure never shows a secret.

mod accounts;
mod counting;
mod flight;
mod pace;
mod reader;

pub use accounts::AccountReaders;
pub(crate) use accounts::pace_of;
pub use counting::Counting;
pub use pace::Pace;
pub use reader::{Read, Reader, ReaderSettings};
