//! Remotes: the guarded client against hostile servers, Lever, SCIM and HTTP applications against the simulated world.

mod applications;
mod guard;
mod http_app;
mod lever;
mod scim;
mod support;
