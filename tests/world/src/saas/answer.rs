//! What was asked, and what is answered.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::StatusCode;
use hyper::body::Frame;
use serde_json::Value;
use tokio::time::{Interval, interval};

/// A request as it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct SaasRequest {
    /// The method.
    pub method: String,
    /// The path, decoded by nobody.
    pub path: String,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl SaasRequest {
    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// A field of a form-encoded body.
    pub fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// How the body of an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// All of it, with its length.
    Whole,
    /// It never ends: after its bytes nothing comes any more.
    Stalls,
    /// A byte at a time, so far apart, and then nothing for ever.
    Drips(Duration),
    /// Again and again, so many times, in chunks.
    Again(u64),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct SaasAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How the body comes.
    pub flow: Flow,
}

impl SaasAnswer {
    /// 200 with JSON.
    pub fn json(body: &Value) -> Self {
        Self::text(200, "application/json", &body.to_string())
    }

    /// A status with JSON.
    pub fn error(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", &body.to_string())
    }

    /// A status with a body of some kind.
    pub fn text(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.as_bytes().to_vec(),
            flow: Flow::Whole,
        }
    }

    /// With a body that comes like this.
    #[must_use]
    pub fn flowing(self, flow: Flow) -> Self {
        Self { flow, ..self }
    }

    /// With another header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::builder().status(status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let bytes = Bytes::from(self.body);
        let body = match self.flow {
            Flow::Whole => Body::from(bytes),
            Flow::Stalls => Body::new(Flowing::new(bytes, 1, None)),
            Flow::Drips(every) => Body::new(Flowing::new(bytes, 1, Some(interval(every)))),
            Flow::Again(times) => Body::new(Flowing {
                ends: true,
                ..Flowing::new(bytes, times, None)
            }),
        };
        response.body(body).unwrap_or_default()
    }
}

/// A body in chunks, whose length nobody tells.
struct Flowing {
    bytes: Bytes,
    times: u64,
    drip: Option<Interval>,
    ends: bool,
}

impl Flowing {
    fn new(bytes: Bytes, times: u64, drip: Option<Interval>) -> Self {
        Self {
            bytes,
            times,
            drip,
            ends: false,
        }
    }
}

impl hyper::body::Body for Flowing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.times == 0 || this.bytes.is_empty() {
            return if this.ends {
                Poll::Ready(None)
            } else {
                Poll::Pending
            };
        }
        let frame = if let Some(drip) = &mut this.drip {
            if drip.poll_tick(context).is_pending() {
                return Poll::Pending;
            }
            this.bytes.split_to(1)
        } else {
            this.times -= 1;
            this.bytes.clone()
        };
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }
}
