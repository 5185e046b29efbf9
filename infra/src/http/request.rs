//! What is asked of a remote.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use sando_core::effect::Came;
use sando_core::ports::{Calls, RemoteError};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{Answer, Credentials, Mask, Retry};

/// Headers that belong to the connection, or to the client.
const OURS: [&str; 11] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "proxy-authorization",
    "proxy-connection",
];

/// Something that every attempt has to pass before it is sent: a budget.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Waits until one request may be sent.
    async fn pass(&self);
}

/// One request. `Debug` shows the method and the origin.
#[derive(Clone)]
pub struct Request {
    pub(super) remote: String,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) credentials: Option<Credentials>,
    pub(super) mask: Mask,
    pub(super) gate: Option<Arc<dyn Gate>>,
    calls: Option<Calls>,
    pub(super) timeout: Duration,
    pub(super) until: Option<Instant>,
    pub(super) limit: Option<usize>,
    pub(super) retry: Retry,
}

impl Request {
    /// A request of an application or host, by whose name errors call it.
    #[must_use]
    pub fn new(remote: impl Into<String>, method: Method, url: Url) -> Self {
        Self {
            remote: remote.into(),
            method,
            url,
            headers: HeaderMap::from_iter([(
                header::ACCEPT,
                HeaderValue::from_static("application/json"),
            )]),
            body: None,
            credentials: None,
            mask: Mask::default(),
            gate: None,
            calls: None,
            timeout: Duration::from_secs(10),
            until: None,
            limit: None,
            retry: Retry::default(),
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(remote: impl Into<String>, url: Url) -> Self {
        Self::new(remote, Method::GET, url)
    }

    /// With a query parameter, encoded.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// With a header, replacing what is there.
    ///
    /// # Errors
    /// `Forbidden` if the name or value cannot stand in a header, or is not the caller's to set.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, RemoteError> {
        let set = header_name(name).and_then(|name| {
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
                format!("the value of header `{name}` has characters no header has")
            })?;
            Ok((name, value))
        });
        match set {
            Ok((name, value)) => {
                self.headers.insert(name, value);
                Ok(self)
            }
            Err(why) => Err(RemoteError::Forbidden {
                remote: self.remote,
                why,
            }),
        }
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.content("application/json", body.to_string())
    }

    /// With a JSON body of another media type, such as `application/scim+json`.
    #[must_use]
    pub fn json_as(self, media_type: &'static str, body: &Value) -> Self {
        self.content(media_type, body.to_string())
    }

    /// With a form-encoded body.
    #[must_use]
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.content("application/x-www-form-urlencoded", body)
    }

    /// With a body as it is; its media type is a header.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    fn content(mut self, media_type: &'static str, body: String) -> Self {
        self.headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(media_type));
        self.body = Some(Bytes::from(body));
        self
    }

    /// With credentials; they are sent to their own origin only.
    #[must_use]
    pub fn with(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// With further values that must not be seen in errors.
    #[must_use]
    pub fn masked(mut self, mask: &Mask) -> Self {
        self.mask = self.mask.and(mask);
        self
    }

    /// With a gate that every attempt has to pass.
    #[must_use]
    pub fn through(mut self, gate: Arc<dyn Gate>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// With a note of what comes of every attempt.
    #[must_use]
    pub fn noted(mut self, calls: &Calls) -> Self {
        self.calls = Some(calls.clone());
        self
    }

    /// With another limit for one attempt, body included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With a moment at which everything has to have ended, for several requests that share one.
    #[must_use]
    pub fn until(mut self, until: Instant) -> Self {
        self.until = Some(until);
        self
    }

    /// With a lower limit for the size of the answer.
    #[must_use]
    pub fn limit(mut self, size_bytes: usize) -> Self {
        self.limit = Some(size_bytes);
        self
    }

    /// With other rules for repeating a read.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The moment at which everything has to have ended.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl Request {
    /// Notes how an attempt ended.
    pub(super) fn ended(&self, result: &Result<Answer, RemoteError>, took: Duration) {
        let came = match result {
            Ok(answer) => Came::Status(answer.status()),
            Err(error) => Came::from(error),
        };
        self.note(came, took);
    }

    /// Notes that an attempt ended before it was sent.
    pub(super) fn not_sent(&self, error: RemoteError) -> RemoteError {
        self.note(Came::from(&error), Duration::ZERO);
        error
    }

    fn note(&self, came: Came, took: Duration) {
        if let Some(calls) = &self.calls {
            calls.note(came, took);
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = super::Origin::of(&self.url);
        write!(f, "Request({} {origin} of {})", self.method, self.remote)
    }
}

/// The name of a header that a caller may set.
pub(super) fn header_name(name: &str) -> Result<HeaderName, String> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{}` is no header name", name.escape_debug()))?;
    if OURS.contains(&parsed.as_str()) {
        return Err(format!("the header `{parsed}` cannot be set"));
    }
    Ok(parsed)
}
