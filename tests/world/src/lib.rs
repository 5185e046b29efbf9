//! The world around Sando, simulated: Lever and SaaS applications as real HTTP servers.
//!
//! Each server listens on loopback (a free port unless told otherwise), is written from the
//! reference of what it plays, and stops when it is dropped:
//!
//! * [`LeverSim`]: Lever's Data API and webhooks;
//! * [`ScimApp`]: an application with SCIM 2.0;
//! * [`HttpApp`]: an application with an API of its own, and a place for other services' calls;
//! * [`SaasApp`]: an application that lists its users, paged and guarded in every way.
//!
//! All of them share [`Faults`]: answers that fail, come late, or never come although the request
//! took effect. [`Company`] invents the people. Nothing here depends on Sando itself.

mod chance;
mod clock;
mod company;
pub mod faults;
mod http_app;
pub mod lever;
mod poll;
mod query;
pub mod saas;
pub mod scim;
mod server;
mod visibility;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use clock::SimClock;
pub use company::{Company, Employee};
pub use faults::{Fault, FaultKind, Faults, RandomFaults};
pub use http_app::{HttpApp, HttpAppOptions, Member, Received};
pub use lever::{
    ApiKey, CandidateIds, LeverOptions, LeverSim, NewCandidate, NewOffer, WebhookSwitches,
};
pub use poll::{NotInTime, wait_until};
pub use saas::SaasApp;
pub use scim::{ScimApp, ScimGroup, ScimOptions};
pub use server::{Exchange, Traffic};

/// The guarded value; a panic in another test thread does not spread.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
