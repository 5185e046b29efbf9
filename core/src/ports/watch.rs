//! What is sent for a test, written down for people: requests as they went out, without any secret.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::definition::{Method, RequestId};

/// The most requests that are written down.
const MOST: usize = 100;

/// One request and what came of it, for people. The parts of its URL and the body are the application's own.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// What it was for: `token`, `users`, `step`, `details`.
    pub purpose: &'static str,
    /// GET or POST.
    pub method: Method,
    /// With secrets masked.
    pub url: String,
    /// The headers that were sent, those of the credentials too, with secrets masked.
    pub headers: BTreeMap<String, String>,
    /// The body that was sent, with secrets masked.
    pub sent: Option<String>,
    /// Missing where nothing was answered.
    pub status: Option<u16>,
    /// Why nothing was answered.
    pub fault: Option<String>,
    /// The headers of the answer but cookies, with secrets masked; of a token request none.
    pub answered: BTreeMap<String, String>,
    /// From sending to the last byte, waits included, in milliseconds.
    pub took_ms: u64,
    /// The length of the body in bytes.
    pub bytes: usize,
    /// The first 64 KiB of the body, with secrets masked.
    pub body: String,
}

/// How a planned request went out.
#[derive(Clone, Debug, Default)]
pub struct SentAs {
    /// The URL, with the parameters of the credentials.
    pub url: String,
    /// All headers.
    pub headers: BTreeMap<String, String>,
}

/// Writes down what is sent beside what is planned: token requests, and what credentials add to requests. Everything that
/// comes here has its secrets masked.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Mutex<Watched>,
}

/// What was written down.
#[derive(Debug, Default)]
pub struct Watched {
    /// Token requests, in the order of their answers.
    pub tokens: Vec<Exchange>,
    /// How planned requests went out last.
    pub sent: BTreeMap<RequestId, SentAs>,
}

impl Watch {
    /// A token request was answered, or not.
    pub fn token(&self, exchange: Exchange) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.tokens.len() < MOST {
            seen.tokens.push(exchange);
        }
    }

    /// A planned request went out.
    pub fn sent(&self, id: RequestId, sent: SentAs) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.sent.len() < MOST {
            seen.sent.insert(id, sent);
        }
    }

    /// What was written down so far.
    #[must_use]
    pub fn take(&self) -> Watched {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *seen)
    }
}
