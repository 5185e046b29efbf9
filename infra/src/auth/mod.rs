//! Credentials for requests: fixed ones, and tokens that are obtained, kept and renewed.
//!
//! What is asked of a token endpoint and what its answers mean is decided in `sando_core::auth`; here it is sent.
//! Credentials go to the origin of the base URL only, those of a token request only to its own URL.

mod authenticator;
mod failure;
mod fixed;
mod granted;
mod memory;
mod obtain;
mod sign;
mod stored;

pub use authenticator::{AuthSettings, Authenticator, Resolve};
pub use failure::AuthFailure;
pub use granted::Granted;
pub use memory::MemoryTokens;
pub use sign::{SignError, sign};
pub use stored::StoredTokens;
