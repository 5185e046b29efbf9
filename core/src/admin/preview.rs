//! What a definition makes of an answer that is at hand, without any request, and of the application itself: nothing is
//! stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::definition::{
    Answer, Batch, Certificate, Definition, Explain, Outcome, Pull, Purpose, Step,
};
use crate::handle::sync::inputs;
use crate::handle::sync::sample::{Sample, sample};
use crate::mistake::in_lines;
use crate::ports::{Connection, CredentialSource, Ports, SecretValues};

use super::AdminError;
use super::accounts::{Given, check};

/// What became of an answer.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Users, records that are none, and why.
    pub batch: Batch,
    /// The counts.
    pub certificate: Certificate,
}

/// Maps the records of a sample as if it were the first page of users.
///
/// # Errors
/// If the store cannot be read. What is wrong with the sample is in the certificate.
pub async fn preview(
    ports: &Ports,
    definition: Definition,
    sample: &Value,
    given: &BTreeMap<String, String>,
) -> Result<Preview, AdminError> {
    let variables = stand_ins(&definition, given);
    let mut inputs = inputs(ports, definition.app(), variables).await?;
    inputs.explain = Explain::Whole;
    let pull = Pull::start(Arc::new(definition), inputs);
    let pull = pull.map_err(|mistakes| AdminError::mistake("variables", in_lines(&mistakes)))?;
    Ok(drive(pull, sample, ports.clock.now()))
}

/// Reads the first page of an application with credentials that are given for this once; neither they nor what is read is
/// stored.
///
/// # Errors
/// `Invalid` with what is missing or not asked for. What the application says is in the sample.
pub async fn test(
    ports: &Ports,
    definition: Definition,
    given: Given,
) -> Result<Sample, AdminError> {
    check(&definition, &given)?;
    let connection = Connection {
        definition: Arc::new(definition),
        credentials: CredentialSource::Given(SecretValues {
            credentials: given.credentials,
            ..SecretValues::default()
        }),
        variables: given.variables,
        watch: None,
    };
    Ok(sample(ports, &connection).await?)
}

/// No request is made, so that any value will do where none is given.
fn stand_ins(definition: &Definition, given: &BTreeMap<String, String>) -> Map<String, Value> {
    let variables = definition.variables().iter().map(|(name, variable)| {
        let given = given.get(name);
        let value = given
            .or(variable.default.as_ref())
            .or(variable.example.as_ref())
            .or(variable.choices.first());
        let value = value.map_or("example", String::as_str);
        (name.to_owned(), Value::from(value))
    });
    variables.collect()
}

fn drive(mut pull: Pull, sample: &Value, now: Timestamp) -> Preview {
    let mut is_given = false;
    let mut batch = Batch::default();
    let mut waiting = Vec::new();
    loop {
        match pull.step(now) {
            Step::Send(request) => waiting.push(request),
            Step::Users(found) => {
                batch.users.extend(found.users);
                batch.dropped.extend(found.dropped);
                batch.seen.extend(found.seen);
                batch.explained.extend(found.explained);
            }
            Step::Done(mut certificate) => {
                // There is no secret in a preview, but perhaps many words.
                certificate.mask(&|text| text.to_owned());
                return Preview {
                    batch,
                    certificate: *certificate,
                };
            }
            Step::Await => {
                let Some(request) = waiting.pop() else {
                    return so_far(batch, &pull);
                };
                let status = match request.purpose {
                    Purpose::Users { .. } if is_given => return so_far(batch, &pull),
                    Purpose::Users { .. } => 200,
                    // Nothing is at hand: details and joined lists leave their fields unknown, steps end the preview.
                    Purpose::Details
                    | Purpose::Join { .. }
                    | Purpose::Step { .. }
                    | Purpose::Parents => 410,
                };
                let body = if status == 200 {
                    is_given = true;
                    sample.to_string().into_bytes()
                } else {
                    Vec::new()
                };
                let answer = Answer::new(status, Vec::new(), body);
                pull.receive(request.id, Outcome::Answered(answer), now);
            }
        }
    }
}

fn so_far(batch: Batch, pull: &Pull) -> Preview {
    Preview {
        batch,
        certificate: pull.certificate().clone(),
    }
}
