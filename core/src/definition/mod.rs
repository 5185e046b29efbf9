//! Definitions: how the users of an application are read, and the pure engine that reads them.
//!
//! A [`Definition`] is a file, compiled. A [`Pull`] is one reading of one account. It does no I/O: it says which request comes
//! next, is handed the answer, and yields users page by page:
//!
//! ```
//! use std::sync::Arc;
//! use sando_core::definition::{Answer, Definition, Inputs, Outcome, Pull, Step};
//!
//! let definition = Definition::parse("
//! definition: acme
//! app: acme
//! base_url: https://api.acme.example
//! users: { path: /users, response_path: users, pagination: { type: cursor, path: next } }
//! map: { external_id: id, email: mail }
//! ").unwrap();
//!
//! let mut pull = Pull::start(Arc::new(definition), Inputs::default()).unwrap();
//! let now = jiff::Timestamp::UNIX_EPOCH; // whoever drives it has a clock
//! let mut waiting = Vec::new();
//! let mut users = Vec::new();
//! let certificate = loop {
//!     match pull.step(now) {
//!         // Send it after a wait between `wait.least` and `wait.most`; several may be under way.
//!         Step::Send(request) => waiting.push(request),
//!         Step::Users(batch) => users.extend(batch.users),
//!         Step::Await => {
//!             let request = waiting.remove(0);
//!             let body = match request.url.as_str() {
//!                 "https://api.acme.example/users" => r#"{"users": [{"id": 1, "mail": "a@b.example"}], "next": "x"}"#,
//!                 _ => r#"{"users": [{"id": 2, "mail": "c@b.example"}]}"#,
//!             };
//!             let answer = Answer::new(200, Vec::new(), body.into());
//!             pull.receive(request.id, Outcome::Answered(answer), now);
//!         }
//!         Step::Done(certificate) => break certificate,
//!     }
//! };
//!
//! assert!(certificate.complete);
//! assert_eq!(users.len(), 2);
//! ```
//!
//! Between two steps [`Pull::checkpoint`] gives what is needed to continue elsewhere. What the file form means:
//! `definition.md`; what it looks like to a machine: [`schema`].

pub(crate) mod file;
pub(crate) mod map;
mod openapi;
mod pull;
pub(crate) mod schema;
mod source;
mod suggest;

pub use file::{
    Definition,
    limits::{DEEPEST_ANSWER, LARGEST_ANSWER, Limits},
    pagination::styles as pagination_styles,
    request::Method,
    variable::{Variable, Variables},
};
pub use map::{
    CustomFields, Dropped, Explain, Explanation, FieldWhy, IdHash, Kind, MappedUser, NamedWhy,
    Reason, User,
};
pub use openapi::suggest_from_openapi;
pub(crate) use pull::Seen;
pub use pull::{
    Answer, At, Batch, Body, CacheKey, Carried, Certificate, Checkpoint, Class, Credentials,
    EndedBy, Failure, Fault, FaultKind, Inputs, LeftOut, ListingEnd, MOST_RETRIES, Outcome, Pages,
    Paging, PlannedRequest, Pull, Purpose, RequestId, ResumeError, Step, Wait,
};
pub use schema::schema;
pub use source::{FileMistake, Place, Source};
pub(crate) use suggest::tells_of_pages;
pub use suggest::{Head, Suggestion, suggest};
