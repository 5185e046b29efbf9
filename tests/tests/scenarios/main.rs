//! Whole lives against the simulated world and real servers, a file each.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod burst;
mod called_off;
mod cancel;
mod catch_up;
mod claims;
mod crash;
mod erasure;
mod identity;
mod laws;
mod leaver;
mod mail;
mod month;
mod movers;
mod oauth_provider;
mod oidc;
mod oidc_sign_in;
mod pause;
mod residue;
mod rules;
mod scim_server;
mod stories;
mod truth;
mod unknown;
mod workflow;
