//! Receives Lever's webhooks: verify, enqueue, answer. Everything else happens behind the queue; no database here.

#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use http::{Response, StatusCode, header};
use jiff::SignedDuration;
use sando_core::event::EventMessage;
use sando_core::ids::Slug;
use sando_core::metric::Metric;
use sando_core::ports::{Clock, EventsQueue, Secrets};
use sando_core::webhook::{Accepted, Refused, judge};
use serde_json::json;

pub use tokens::Tokens;

/// How old a delivery may be unless configured otherwise: Lever retries slowly, and re-reading makes age harmless.
pub const MAX_AGE: SignedDuration = SignedDuration::from_hours(5 * 24);

/// The webhook function.
pub struct Webhook {
    tokens: Tokens,
    queue: Arc<dyn EventsQueue>,
    clock: Arc<dyn Clock>,
    max_age: SignedDuration,
}

impl Webhook {
    /// A webhook function with the signing tokens of the environment, and those of the settings by registration.
    #[must_use]
    pub fn new(
        fixed: &[String],
        secrets: Arc<dyn Secrets>,
        queue: Arc<dyn EventsQueue>,
        clock: Arc<dyn Clock>,
        max_age: SignedDuration,
    ) -> Self {
        Self {
            tokens: Tokens::new(fixed, secrets),
            queue,
            clock,
            max_age,
        }
    }

    /// Answers one call to `/webhooks/lever/{registration}`.
    pub async fn receive(&self, registration: &str, body: &[u8]) -> Response<String> {
        let Ok(registration) = Slug::parse(registration) else {
            return refused(Refused::Signature);
        };
        match self.judged(&registration, body).await {
            Ok(Accepted::Look(hint)) => self.enqueue(EventMessage::Look(hint)).await,
            Ok(Accepted::Ping(ping)) => {
                tracing::info!(%registration, "Lever verified the connection");
                self.enqueue(EventMessage::Ping { ping }).await
            }
            Ok(Accepted::Counted(event)) => {
                tracing::info!(%registration, event, "an event that nothing depends on");
                Metric::WebhooksIgnored.record(1);
                accepted()
            }
            Err(why) => {
                tracing::warn!(%registration, %why, "a webhook was refused");
                refused(why)
            }
        }
    }

    async fn enqueue(&self, message: EventMessage) -> Response<String> {
        match self.queue.send(&message).await {
            Ok(()) => accepted(),
            Err(error) => {
                tracing::error!(%error, "a verified webhook could not be enqueued: Lever will send it again");
                problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
        }
    }

    /// A signature that fails may be one under a token that was just rotated in: the keeper is asked once more.
    async fn judged(&self, registration: &Slug, body: &[u8]) -> Result<Accepted, Refused> {
        let now = self.clock.now();
        let tokens = self.tokens.of(registration, now).await;
        match judge(registration, body, &tokens, self.max_age, now) {
            Err(Refused::Signature) if self.tokens.refresh(registration, now).await => {
                let tokens = self.tokens.of(registration, now).await;
                judge(registration, body, &tokens, self.max_age, now)
            }
            judged => judged,
        }
    }
}

fn accepted() -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::OK;
    response
}

fn refused(why: Refused) -> Response<String> {
    Metric::WebhooksRefused.record(1);
    match why {
        Refused::TooLarge => problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Refused::Shape => problem(StatusCode::BAD_REQUEST, "bad_request"),
        Refused::Signature | Refused::Stale => problem(StatusCode::UNAUTHORIZED, "unauthorized"),
    }
}

/// A problem without detail: whoever calls learns nothing, and Lever's delivery history shows nothing.
fn problem(status: StatusCode, code: &str) -> Response<String> {
    let title = status.canonical_reason().unwrap_or_default();
    let body =
        json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "code": code });
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    let value = header::HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
