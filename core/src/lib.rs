//! What Sando decides: who a person is, what they are due, what has to be done, in which order, and what is recorded.
//!
//! No I/O, no clock, no chance: those come in through [`ports`]. What decides is pure and sync; what is async
//! ([`handle`]) loads, asks, and commits. Read in this order: [`ids`], [`store`], [`audit`]; [`person`], [`access`];
//! [`effect`], [`run`]; then [`handle`].

pub mod condition;
pub mod holidays;
pub mod ids;
pub mod metric;
pub mod mistake;
pub mod moment;
pub mod path;
pub mod schedule;
pub mod template;
pub mod value;

pub mod audit;
pub mod claim;
pub mod config;
pub mod store;

pub mod app;
pub mod auth;
pub mod entitlement;
pub mod erasure;
pub mod linked;
pub mod person;
pub mod policy;
pub mod retention;
pub mod rule;
pub mod words;
pub mod workflow;

pub mod address;
pub mod attributes;
pub mod company;
pub mod drift;
pub mod effect;
pub mod event;
pub mod grant;
pub mod handshake;
pub mod oidc;
pub mod public_url;
pub mod settings;
pub mod webhook;

pub mod account;
pub mod catalog;
pub mod definition;
pub mod job;
pub mod letter;
pub mod lever;
pub mod report;
pub mod review;
pub mod roster;
pub mod run;
pub mod schema;
pub mod sync;
pub mod tally;
pub mod task;

pub mod access;
pub mod advance;
pub mod approval;
pub mod catch_up;
pub mod changes;
pub mod guide;
pub mod impact;
pub mod intake;

pub mod admin;
pub mod handle;
pub mod ports;
#[doc(hidden)]
pub mod testing;
