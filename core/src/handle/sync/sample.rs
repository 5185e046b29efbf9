//! Tries a connection: the first page, and nothing stored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::inputs;
use super::read::failure_of;
use crate::definition::{
    Batch, Certificate, Class, Explain, Failure, Outcome, PlannedRequest, Pull, RequestId, Step,
    tells_of_pages,
};
use crate::handle::HandleError;
use crate::mistake::in_lines;
pub use crate::ports::Exchange;
use crate::ports::{Clock, Connection, Ports, Reader, Watch, Watched};

/// How long a test may take; API Gateway waits 30 s.
const PATIENCE: Duration = Duration::from_secs(25);
/// A longer wait is no test.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The most requests of a test.
const MOST_REQUESTS: u64 = 50;

/// The longest part of a body that is shown, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// What came of a test.
#[derive(Debug)]
pub struct Sample {
    /// The users of the first page that has any.
    pub batch: Batch,
    /// What was read so far.
    pub certificate: Certificate,
    /// Why it does not work.
    pub failure: Option<Failure>,
    /// The requests that were made, in the order of their answers, without any secret.
    pub exchanges: Vec<Exchange>,
}

/// Reads the first page of users.
///
/// # Errors
/// If the store cannot be read. What the application says is in the sample.
pub async fn sample(ports: &Ports, connection: &Connection) -> Result<Sample, HandleError> {
    let watch = Arc::new(Watch::default());
    let connection = Connection {
        watch: Some(watch.clone()),
        ..connection.clone()
    };
    let opened = match ports.readers.open(&connection).await {
        Ok(opened) => opened,
        Err(failure) => {
            return Ok(Sample {
                exchanges: watch.take().tokens,
                ..Sample::failed(failure)
            });
        }
    };
    let definition = connection.definition.clone();
    let mut inputs = inputs(ports, definition.app(), opened.variables).await?;
    inputs.explain = Explain::Whole;
    let pull = match Pull::start(definition.clone(), inputs) {
        Ok(pull) => pull,
        Err(mistakes) => {
            let failure = failure_of(Class::Shape, in_lines(&mistakes));
            return Ok(Sample::failed(definition.placed(failure)));
        }
    };
    let (mut sample, landed) = Box::pin(first_page(ports, pull, &opened.reader)).await;
    sample.exchanges = exchanges(landed, watch.take(), &*opened.reader);
    let mask = |text: &str| opened.reader.mask(text);
    if let Some(failure) = &mut sample.failure {
        failure.mask(&mask);
    }
    sample.certificate.mask(&mask);
    Ok(sample)
}

/// Token requests first, then the others as they went out, everything masked.
fn exchanges(
    landed: Vec<(RequestId, Exchange)>,
    mut watched: Watched,
    reader: &dyn Reader,
) -> Vec<Exchange> {
    let mut all = std::mem::take(&mut watched.tokens);
    all.extend(landed.into_iter().map(|(id, mut exchange)| {
        if let Some(sent) = watched.sent.remove(&id) {
            exchange.url = sent.url;
            exchange.headers = sent.headers;
        }
        exchange
    }));
    let mask = |text: &mut String| *text = reader.mask(text);
    for exchange in &mut all {
        mask(&mut exchange.url);
        mask(&mut exchange.body);
        exchange.headers.values_mut().for_each(mask);
        exchange.answered.values_mut().for_each(mask);
        exchange.sent.iter_mut().for_each(mask);
        exchange.fault.iter_mut().for_each(mask);
    }
    all
}

/// A request that was answered, or not.
type Landed = (RequestId, Outcome, Exchange);

async fn fly(
    clock: Arc<dyn Clock>,
    reader: Arc<dyn Reader>,
    request: Box<PlannedRequest>,
) -> Landed {
    let sent = clock.now();
    let outcome = reader.send(&request).await;
    let took = clock.now().duration_since(sent).as_millis();
    let (status, body, fault) = match &outcome {
        Outcome::Answered(answer) => (Some(answer.status), answer.text(), None),
        Outcome::Failed(fault) => (None, String::new(), Some(fault.message.clone())),
    };
    let answered = match &outcome {
        Outcome::Answered(answer) => shown(&answer.headers),
        Outcome::Failed(_) => BTreeMap::new(),
    };
    let planned = request.body.as_deref();
    let planned = planned.map(|body| String::from_utf8_lossy(body).into_owned());
    let exchange = Exchange {
        purpose: request.purpose.kind(),
        method: request.method,
        url: request.url.to_string(),
        headers: request.headers.iter().cloned().collect(),
        sent: planned.map(|body| beginning(reader.mask(&body))),
        status,
        fault,
        answered,
        took_ms: u64::try_from(took).unwrap_or(0),
        bytes: body.len(),
        body: beginning(reader.mask(&body)),
    };
    (request.id, outcome, exchange)
}

/// The headers of an answer that tell of pages, limits and what it is; several of one name with a comma between. In any other a
/// secret may stand that no mask knows.
fn shown(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if !is_shown(&name, value) {
            continue;
        }
        let all = shown.entry(name).or_default();
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(value);
    }
    shown
}

fn is_shown(name: &str, value: &str) -> bool {
    const PLAIN: [&str; 3] = ["content-type", "retry-after", "date"];
    let tells_limits = name.contains("ratelimit") || name.contains("rate-limit");
    PLAIN.contains(&name) || tells_limits || tells_of_pages(name, value)
}

/// At most [`LONGEST_BODY`] of a text, which is masked already: half a secret is none that a mask knows.
fn beginning(mut text: String) -> String {
    let end = text.floor_char_boundary(LONGEST_BODY);
    text.truncate(end);
    text
}

/// Reads until there are users, with the requests that were made for them.
async fn first_page(
    ports: &Ports,
    pull: Pull,
    reader: &Arc<dyn Reader>,
) -> (Sample, Vec<(RequestId, Exchange)>) {
    let mut exchanges = Vec::new();
    let sample = until_users(ports, pull, reader, &mut exchanges).await;
    (sample, exchanges)
}

async fn until_users(
    ports: &Ports,
    mut pull: Pull,
    reader: &Arc<dyn Reader>,
    exchanges: &mut Vec<(RequestId, Exchange)>,
) -> Sample {
    let until = ports.clock.now();
    let until = until.saturating_add(SignedDuration::try_from(PATIENCE).unwrap_or_default());
    let until = until.unwrap_or(Timestamp::MAX);
    let mut flights = FuturesUnordered::new();
    loop {
        match pull.step(ports.clock.now()) {
            Step::Send(request) if request.wait.least > LONGEST_WAIT => {
                pull.abandon(failure_of(Class::Quota, "the application asks to wait"));
            }
            Step::Send(_) if pull.certificate().requests >= MOST_REQUESTS => {
                let why = format!("there are no users after {MOST_REQUESTS} requests");
                pull.abandon(failure_of(Class::Shape, why));
            }
            Step::Send(request) => {
                flights.push(Box::pin(fly(ports.clock.clone(), reader.clone(), request)));
            }
            Step::Users(batch) if batch.users.is_empty() && batch.dropped.is_empty() => {}
            Step::Users(batch) => {
                return Sample {
                    batch: *batch,
                    certificate: pull.certificate().clone(),
                    failure: None,
                    exchanges: Vec::new(),
                };
            }
            Step::Done(certificate) => {
                return Sample {
                    batch: Batch::default(),
                    failure: certificate.failure.clone(),
                    certificate: *certificate,
                    exchanges: Vec::new(),
                };
            }
            Step::Await => {
                let left = until.duration_since(ports.clock.now());
                let left = Duration::try_from(left).unwrap_or_default();
                let time = ports.clock.sleep(left);
                match select(flights.next(), time).await {
                    Either::Left((Some((id, outcome, exchange)), _)) => {
                        exchanges.push((id, exchange));
                        pull.receive(id, outcome, ports.clock.now());
                    }
                    Either::Left((None, _)) => {
                        let why = "a request was lost within Sando";
                        pull.abandon(failure_of(Class::RemoteDown, why));
                    }
                    Either::Right(_) => {
                        let why = "the application takes too long for a test";
                        pull.abandon(failure_of(Class::RemoteDown, why));
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
            exchanges: Vec::new(),
        }
    }
}
