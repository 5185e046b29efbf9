//! Runs a definition against answers that were recorded: no network, the same users every time.
//!
//! A file of them: `{"set": {variable: value}, "now": time, "fields": {name: {type}}, "answers": [{"request": "GET https://…",
//! "sent": body, "status": 200, "headers": {name: value or values}, "body": …}], "users": […], "summary": {…}}`. Each answer
//! serves one request; `sent` is compared where it is given; `summary` names the counts that matter.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sando_core::app::CustomField;
use sando_core::definition::{
    Answer, Batch, Certificate, Definition, Explain, Inputs, Outcome, PlannedRequest, Pull, Step,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::inputs::text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    set: BTreeMap<String, String>,
    /// What the answer that brings a token would give.
    #[serde(default)]
    kept: Map<String, Value>,
    #[serde(default)]
    now: Option<Timestamp>,
    #[serde(default)]
    fields: BTreeMap<String, CustomField>,
    answers: Vec<Recorded>,
    users: Vec<Value>,
    #[serde(default)]
    summary: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    /// `GET https://…`
    request: String,
    #[serde(default)]
    sent: Option<Value>,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    body: Value,
}

fn ok() -> u16 {
    200
}

/// Runs it; tells what came out.
///
/// # Errors
/// Everything that is not as recorded.
pub(super) fn run(definition: Definition, file: &Path) -> Result<String, Vec<String>> {
    let one = |mistake: String| vec![mistake];
    let file: File = serde_json::from_str(&text(file).map_err(one)?)
        .map_err(|error| vec![format!("is no file of recorded answers: {error}")])?;
    let in_lines = |mistakes: Vec<sando_core::mistake::Mistake>| -> Vec<String> {
        mistakes.iter().map(ToString::to_string).collect()
    };
    let mut variables = definition
        .variables()
        .resolve(&file.set)
        .map_err(in_lines)?;
    variables.extend(file.kept.clone());
    let inputs = Inputs {
        variables,
        custom_fields: file.fields.clone(),
        app_name: None,
        explain: Explain::Nothing,
    };
    let now = file.now.unwrap_or(Timestamp::UNIX_EPOCH);
    let mut left: Vec<&Recorded> = file.answers.iter().collect();
    let mut pull = Pull::start(Arc::new(definition), inputs).map_err(in_lines)?;
    let mut users = Vec::new();
    let mut waiting: Vec<Box<PlannedRequest>> = Vec::new();
    let certificate = loop {
        match pull.step(now) {
            Step::Send(request) => waiting.push(request),
            Step::Users(batch) => take(&mut users, *batch),
            Step::Await => {
                if waiting.is_empty() {
                    return Err(vec!["the definition waits for nothing".to_owned()]);
                }
                let request = waiting.remove(0);
                let answer = answer(&request, &mut left).map_err(one)?;
                pull.receive(request.id, Outcome::Answered(answer), now);
            }
            Step::Done(certificate) => break certificate,
        }
    };
    compare(&file, &users, &certificate, &left)?;
    Ok(format!(
        "{} recorded answers give {} users",
        file.answers.len(),
        users.len()
    ))
}

fn take(users: &mut Vec<Value>, batch: Batch) {
    let mapped = batch.users.into_iter();
    users.extend(mapped.filter_map(|mapped| serde_json::to_value(mapped.user).ok()));
}

/// The first recorded answer to the request; each serves once.
fn answer(request: &PlannedRequest, left: &mut Vec<&Recorded>) -> Result<Answer, String> {
    let asked = format!("{} {}", request.method.as_str(), request.url);
    let sent: Option<Value> = request.body.as_ref().map(|body| {
        serde_json::from_slice(body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(body).into_owned()))
    });
    let fits = |recorded: &&Recorded| {
        recorded.request == asked && (recorded.sent.is_none() || recorded.sent == sent)
    };
    let Some(index) = left.iter().position(fits) else {
        let recorded: Vec<&str> = left.iter().map(|left| left.request.as_str()).collect();
        return Err(format!(
            "the definition asks {asked}{}, of which nothing is recorded; left: {}",
            sent.map(|sent| format!(" with {sent}")).unwrap_or_default(),
            recorded.join(", ")
        ));
    };
    let recorded = left.remove(index);
    let mut headers = Vec::new();
    for (name, value) in &recorded.headers {
        match value {
            Value::Array(values) => headers.extend(
                values
                    .iter()
                    .filter_map(Value::as_str)
                    .map(|value| (name.clone(), value.to_owned())),
            ),
            Value::String(value) => headers.push((name.clone(), value.clone())),
            other => headers.push((name.clone(), other.to_string())),
        }
    }
    let body = recorded.body.to_string().into_bytes();
    Ok(Answer::new(recorded.status, headers, body))
}

fn compare(
    file: &File,
    users: &[Value],
    certificate: &Certificate,
    left: &[&Recorded],
) -> Result<(), Vec<String>> {
    let mut mistakes = Vec::new();
    if let Some(failure) = &certificate.failure {
        mistakes.push(failure.to_string());
    }
    for index in 0..users.len().max(file.users.len()) {
        let (is, expect) = (users.get(index), file.users.get(index));
        if is != expect {
            let shown = |user: Option<&Value>| user.map_or("nothing".to_owned(), Value::to_string);
            mistakes.push(format!(
                "users[{index}]: is {}, recorded is {}",
                shown(is),
                shown(expect)
            ));
        }
    }
    let summary = serde_json::to_value(certificate).unwrap_or_default();
    for (name, expect) in &file.summary {
        let is = summary.get(name).unwrap_or(&Value::Null);
        if is != expect {
            mistakes.push(format!("summary.{name}: is {is}, recorded is {expect}"));
        }
    }
    for recorded in left {
        mistakes.push(format!("nobody asked {}", recorded.request));
    }
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(mistakes)
    }
}
