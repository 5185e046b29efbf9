//! Tries a connection: the first page, and nothing stored.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::inputs;
use crate::definition::{
    Batch, Certificate, Class, Failure, Outcome, PlannedRequest, Pull, Purpose, RequestId, Step,
};
use crate::handle::HandleError;
use crate::mistake::in_lines;
use crate::ports::{Connection, Ports, Reader};

/// How long a test may take; API Gateway waits 30 s.
const PATIENCE: Duration = Duration::from_secs(25);
/// A longer wait is no test.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The most requests of a test.
const MOST_REQUESTS: u64 = 50;

/// What came of a test.
#[derive(Debug)]
pub struct Sample {
    /// The users of the first page that has any.
    pub batch: Batch,
    /// What was read so far.
    pub certificate: Certificate,
    /// Why it does not work.
    pub failure: Option<Failure>,
}

/// Reads the first page of users.
///
/// # Errors
/// If the store cannot be read. What the application says is in the sample.
pub async fn sample(ports: &Ports, connection: &Connection) -> Result<Sample, HandleError> {
    let opened = match ports.readers.open(connection).await {
        Ok(opened) => opened,
        Err(failure) => return Ok(Sample::failed(failure)),
    };
    let definition = connection.definition.clone();
    let mut inputs = inputs(ports, definition.app(), opened.variables).await?;
    inputs.explain = true;
    let pull = match Pull::start(definition, inputs) {
        Ok(pull) => pull,
        Err(mistakes) => {
            return Ok(Sample::failed(failure(Class::Shape, in_lines(&mistakes))));
        }
    };
    let mut sample = Box::pin(first_page(ports, pull, opened.reader.clone())).await;
    if let Some(failure) = &mut sample.failure {
        failure.message = opened.reader.mask(&failure.message);
        failure.remote = failure
            .remote
            .as_deref()
            .map(|text| opened.reader.mask(text));
    }
    Ok(sample)
}

async fn fly(reader: Arc<dyn Reader>, request: Box<PlannedRequest>) -> (RequestId, Outcome) {
    let outcome = reader.send(&request).await;
    (request.id, outcome)
}

async fn first_page(ports: &Ports, mut pull: Pull, reader: Arc<dyn Reader>) -> Sample {
    let until = ports.clock.now();
    let until = until.saturating_add(SignedDuration::try_from(PATIENCE).unwrap_or_default());
    let until = until.unwrap_or(Timestamp::MAX);
    let mut flights = FuturesUnordered::new();
    loop {
        match pull.step(ports.clock.now()) {
            Step::Send(request) if request.wait.least > LONGEST_WAIT => {
                pull.abandon(failure(Class::Quota, "the application asks to wait"));
            }
            Step::Send(_) if pull.certificate().requests >= MOST_REQUESTS => {
                let why = format!("there are no users after {MOST_REQUESTS} requests");
                pull.abandon(failure(Class::Shape, why));
            }
            Step::Send(request) => flights.push(Box::pin(fly(reader.clone(), request))),
            Step::Users(batch) if batch.users.is_empty() && batch.dropped.is_empty() => {}
            Step::Users(batch) => {
                return Sample {
                    batch: *batch,
                    certificate: pull.certificate().clone(),
                    failure: None,
                };
            }
            Step::Done(certificate) => {
                return Sample {
                    batch: Batch::default(),
                    failure: certificate.failure.clone(),
                    certificate: *certificate,
                };
            }
            Step::Await => {
                let left = until.duration_since(ports.clock.now());
                let left = Duration::try_from(left).unwrap_or_default();
                let time = ports.clock.sleep(left);
                match select(flights.next(), time).await {
                    Either::Left((Some((id, outcome)), _)) => {
                        pull.receive(id, outcome, ports.clock.now());
                    }
                    Either::Left((None, _)) => {
                        let why = "a request was lost within Sando";
                        pull.abandon(failure(Class::RemoteDown, why));
                    }
                    Either::Right(_) => {
                        let why = "the application takes too long for a test";
                        pull.abandon(failure(Class::RemoteDown, why));
                    }
                }
            }
        }
    }
}

impl Sample {
    fn failed(failure: Failure) -> Self {
        Self {
            batch: Batch::default(),
            certificate: Certificate::default(),
            failure: Some(failure),
        }
    }
}

fn failure(class: Class, message: impl Into<String>) -> Failure {
    Failure {
        class,
        purpose: Purpose::Users { of: String::new() },
        status: None,
        message: message.into(),
        remote: None,
        disable: false,
    }
}
