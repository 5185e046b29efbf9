//! A simulated Lever: the Data API under `/v1`, outbound webhooks, and control over both.
//!
//! Written from the Lever API reference page; its section 9 lists what is simulated. The Rust
//! methods of [`LeverSim`] and `POST /control/…` do the same things: what recruiters do in the UI.

mod account;
mod actions;
mod admit;
mod api;
mod candidate;
mod changes;
mod control;
mod courier;
mod delivery;
mod filters;
mod hooks;
mod notes;
mod opportunity;
mod options;
mod paging;
mod rate;
mod refusal;
mod registration;
mod signature;
mod sim;
mod state;
mod writes;

#[cfg(test)]
mod tests;

pub use candidate::{CandidateIds, NewCandidate, NewOffer};
pub use changes::Unknown;
pub use courier::Attempt;
pub use delivery::SignedDelivery;
pub use options::{ApiKey, HireOrder, LeverOptions, RateLimit, WebhookSwitches};
pub use registration::Registration;
pub use signature::sign;
pub use sim::{Group, LeverSim};
