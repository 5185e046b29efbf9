//! A simulated application without SCIM: the API of the `http` provisioner's example.
//!
//! `GET /members?email=`, `POST /members`, `PATCH` and `DELETE /members/{id}`,
//! `POST /members/{id}/suspend|restore|logout`, `PUT` and `DELETE /members/{id}/seat`, all with
//! the header `X-Api-Key`. Beside it a place for other services' calls: `POST /enrol` and
//! `POST /hook/{name}`, which record their bodies.

mod api;
mod app;

#[cfg(test)]
mod tests;

pub use app::{HttpApp, HttpAppOptions, Member, Received};
