//! Requests as they are handed out, and what each is for.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Answer, listing::Listing, render::Rendered, wait::Wait};
use crate::{
    definition::{file::request::Method, map::IdHash},
    path::Needs,
};

/// The number of a request within its pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Purpose {
    /// A step before the list.
    Step {
        /// Its name.
        name: String,
    },
    /// A list that users are joined with.
    Join {
        /// The name of what is joined.
        name: String,
    },
    /// The list of parents (`for_each`).
    Parents,
    /// The list of users.
    Users {
        /// Which parent and pass; empty if there is only one.
        of: String,
    },
    /// Details of users.
    Details,
}

impl Purpose {
    /// The kind alone.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Step { .. } => "step",
            Self::Join { .. } => "join",
            Self::Parents => "parents",
            Self::Users { .. } => "users",
            Self::Details => "details",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { name } => write!(f, "step `{name}`"),
            Self::Join { name } => write!(f, "the joined list `{name}`"),
            Self::Parents => f.write_str("the list of `for_each`"),
            Self::Users { of } if of.is_empty() => f.write_str("the list of users"),
            Self::Users { of } => write!(f, "the list of users ({of})"),
            Self::Details => f.write_str("the details of a user"),
        }
    }
}

/// A request to be sent. `Debug` shows its purpose and path, no query, header or body.
#[derive(Clone, PartialEq)]
pub struct PlannedRequest {
    /// To hand the answer back with.
    pub id: RequestId,
    /// What it is for.
    pub purpose: Purpose,
    /// GET or POST.
    pub method: Method,
    /// The whole URL, parameters of the definition included; those of its `auth` are the sender's.
    pub url: Url,
    /// All headers but those of `auth`.
    pub headers: Vec<(String, String)>,
    /// JSON or a form, as its `Content-Type` says.
    pub body: Option<Vec<u8>>,
    /// Whether it goes to the origin that the credentials are for; to any other they must not be sent.
    pub credentials: Credentials,
    /// How often it was sent before.
    pub attempt: u32,
    /// How long to wait before it is sent; longer than a run has left: a checkpoint, and continue later.
    pub wait: Wait,
    /// For the whole of it, the body included.
    pub timeout: Duration,
    /// The largest body to accept, after decompression.
    pub max_bytes: u64,
    /// Details may be remembered under this key, and handed back as [`Answer::cached`](super::Answer).
    pub cache: Option<CacheKey>,
    /// What is read of the answer, if that is known before and not all of it.
    pub(super) needs: Option<Arc<Needs>>,
}

impl PlannedRequest {
    /// The answer with its body parsed, as far as that can be done beforehand: by whoever has a processor to spare while the page
    /// before it is mapped.
    #[must_use]
    pub fn parsed(&self, answer: Answer) -> Answer {
        match &self.needs {
            Some(needs) if answer.bytes <= self.max_bytes => answer.parsed(Some(needs)),
            _ => answer,
        }
    }
}

/// Whether credentials go with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// Those that are at hand.
    Send,
    /// New ones: the last were not accepted. Secrets are read again, tokens renewed.
    Renew,
    /// None.
    Withhold,
}

/// What details are remembered under: they are the same while the record in the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CacheKey {
    /// The user.
    pub user: IdHash,
    /// The record in the list.
    pub record: IdHash,
}

impl fmt::Debug for PlannedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlannedRequest")
            .field("purpose", &self.purpose)
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// A request that was handed out.
pub(super) struct Open {
    pub(super) what: What,
    pub(super) request: PlannedRequest,
    pub(super) renewed: bool,
    pub(super) is_graphql: bool,
    /// The query parameters in which credentials go out with it.
    pub(super) secret: Vec<String>,
}

/// Where its answer belongs.
#[derive(Clone)]
pub(super) enum What {
    Step,
    Join,
    Parents,
    Users,
    Details {
        rows: Vec<usize>,
        listing: Box<Listing>,
        gathered: Vec<serde_json::Value>,
    },
}

/// What does not depend on the request itself.
pub(super) struct Terms {
    pub(super) timeout: Duration,
    pub(super) max_bytes: u64,
}

impl Open {
    pub(super) fn new(
        id: u64,
        what: What,
        purpose: Purpose,
        rendered: Rendered,
        terms: Terms,
    ) -> Self {
        let request = PlannedRequest {
            id: RequestId(id),
            purpose,
            method: rendered.method,
            url: rendered.url,
            headers: rendered.headers,
            body: rendered.body,
            credentials: if rendered.with_credentials {
                Credentials::Send
            } else {
                Credentials::Withhold
            },
            attempt: 0,
            wait: Wait::NONE,
            timeout: terms.timeout,
            max_bytes: terms.max_bytes,
            cache: None,
            needs: None,
        };
        Self {
            what,
            request,
            renewed: false,
            is_graphql: rendered.is_graphql,
            secret: rendered.secret,
        }
    }

    /// The same once more.
    pub(super) fn again(mut self, wait: Wait, credentials: Credentials) -> Self {
        self.request.attempt += 1;
        self.request.wait = wait;
        if self.request.credentials != Credentials::Withhold {
            self.request.credentials = credentials;
        }
        self
    }
}
