//! The function `webhook` on AWS: verify, enqueue, answer. Its role may send to one queue and read signing tokens.

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Error, Request, RequestExt, run, service_fn};
use sando_infra::aws::{self, Config};
use sando_infra::system::SystemClock;
use sando_webhook::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let webhook = &webhook(&aws::start()?);
    run(service_fn(async |request: Request| {
        Ok::<_, Error>(answer(webhook, &request).await)
    }))
    .await
}

/// The registration is the last part of the path; without one it is `default`.
async fn answer(webhook: &Webhook, request: &Request) -> Response<String> {
    let parameters = request.path_parameters_ref();
    let registration = parameters.and_then(|parameters| parameters.first("registration"));
    webhook
        .receive(registration.unwrap_or("default"), request.body())
        .await
}

fn webhook(config: &Config) -> Webhook {
    let edge = aws::connect_edge(config);
    let (clock, max_age) = (Arc::new(SystemClock), config.lever_max_age);
    Webhook::new(&[], edge.secrets, edge.events, clock, max_age)
}
