//! The admin API: what the console, the command line and other programs use.
//!
//! [`router`] is the whole of it. A handler takes the request apart, calls an operation of [`sando_core::admin`], and
//! shows what came of it; one file per resource, wire types beside the handlers. The OpenAPI description is generated
//! from the handlers. Read in this order: [`Api`], `auth`, `problem`, `body`; then the resources. The console is the same
//! operations as pages for people: `console`.

mod api;
mod auth;
mod body;
mod condition;
mod console;
mod document;
mod idempotency;
mod jobs;
mod list;
mod problem;
mod public;
mod rewrite;

mod accounts;
mod aliases;
mod approvals;
mod apps;
mod attributes;
mod audit;
mod by_hand;
mod catalogue;
mod catch_up;
mod definitions;
mod deliveries;
mod drafts;
mod events;
mod explain;
mod export;
mod files;
mod forecast;
mod guide;
mod import;
mod keys;
mod lever;
mod links;
mod logins;
mod metrics;
mod notification;
mod oidc;
mod pause;
mod people;
mod plan;
mod policies;
mod rehearsal;
mod replays;
mod reports;
mod review;
mod rules;
mod runs;
mod settings;
mod syncs;
mod tasks;
mod test_logins;
mod timeline;
mod views;
mod workflows;

pub use api::{Api, openapi, router};
pub use console::{pages as console_pages, posts as console_posts};
pub use export::InParts;
