//! A simulated SaaS application that lists its users, in every way that real ones do.
//!
//! [`SaasApp`] answers what it was told to: paged lists ([`List`]), fixed answers and scripts by path. A [`Door`] decides
//! who may ask; an [`OauthServer`] issues tokens as RFC 6749 has it. Everything that was asked is kept
//! ([`SaasApp::asked`]), headers and bodies included.

mod answer;
mod app;
mod door;
mod key;
mod list;
mod oauth;
mod paging;
#[cfg(test)]
mod tests;

pub use answer::{Flow, SaasAnswer, SaasRequest};
pub use app::SaasApp;
pub use door::Door;
pub use key::SigningKey;
pub use list::{List, Quirk, Wrap};
pub use oauth::{ClientProof, OauthOptions, OauthServer, TokenCoding};
pub use paging::{End, Paging, Place};
