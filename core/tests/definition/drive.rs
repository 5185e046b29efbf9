//! Drives a pull with a function in the place of an application.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use sando_core::definition::{
    Answer, Batch, Certificate, Definition, Inputs, Outcome, PlannedRequest, Pull, Step, User,
};
use serde_json::Value;

pub(crate) const HEAD: &str =
    "definition: acme\napp: acme\nname: Acme\nbase_url: https://api.acme.example\n";
pub(crate) const MAP: &str = "map: { external_id: id, email: mail }\n";

/// What came of a pull.
#[derive(Debug)]
pub(crate) struct Pulled {
    pub(crate) users: Vec<User>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) certificate: Certificate,
    pub(crate) requests: Vec<PlannedRequest>,
    /// Whether whoever waited long begins anew.
    pub(crate) lost_its_place: bool,
}

impl Pulled {
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.users
            .iter()
            .map(|user| user.external_id.as_str())
            .collect()
    }

    /// Path and query of every request.
    pub(crate) fn urls(&self) -> Vec<String> {
        let urls = self
            .requests
            .iter()
            .map(|request| match request.url.query() {
                Some(query) => format!("{}?{query}", request.url.path()),
                None => request.url.path().to_owned(),
            });
        urls.collect()
    }

    pub(crate) fn failure(&self) -> String {
        assert!(!self.certificate.complete);
        self.certificate
            .failure
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn complete(self, ids: &[&str]) -> Self {
        assert!(self.certificate.complete, "{:?}", self.certificate.failure);
        assert_eq!(self.ids(), ids);
        self
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// The definition of a list, with `users` as one line of YAML.
pub(crate) fn list(users: &str) -> String {
    format!("{HEAD}users: {users}\n{MAP}")
}

#[track_caller]
pub(crate) fn definition(text: &str) -> Arc<Definition> {
    match Definition::parse(text) {
        Ok(definition) => Arc::new(definition),
        Err(mistakes) => panic!("{mistakes:#?}\n{text}"),
    }
}

pub(crate) fn inputs(variables: &[(&str, &str)]) -> Inputs {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    Inputs {
        variables: variables.collect(),
        ..Inputs::default()
    }
}

#[track_caller]
pub(crate) fn pull(text: &str, answer: impl FnMut(&PlannedRequest) -> Outcome) -> Pulled {
    pull_with(text, inputs(&[]), answer)
}

#[track_caller]
pub(crate) fn pull_with(
    text: &str,
    inputs: Inputs,
    answer: impl FnMut(&PlannedRequest) -> Outcome,
) -> Pulled {
    let pull = Pull::start(definition(text), inputs).unwrap();
    drive(pull, answer)
}

#[track_caller]
pub(crate) fn drive(pull: Pull, answer: impl FnMut(&PlannedRequest) -> Outcome) -> Pulled {
    let mut pulled = drive_unmasked(pull, answer);
    pulled.certificate.mask(&|text| text.to_owned());
    pulled
}

/// The same with a certificate as it is kept while the pull is under way.
#[track_caller]
pub(crate) fn drive_unmasked(
    mut pull: Pull,
    mut answer: impl FnMut(&PlannedRequest) -> Outcome,
) -> Pulled {
    let mut waiting: Vec<PlannedRequest> = Vec::new();
    let mut pulled = Pulled {
        users: Vec::new(),
        batches: Vec::new(),
        certificate: Certificate::default(),
        requests: Vec::new(),
        lost_its_place: false,
    };
    for _ in 0..1_000_000 {
        match pull.step(now()) {
            Step::Send(request) => waiting.push(*request),
            Step::Users(batch) => {
                pulled
                    .users
                    .extend(batch.users.iter().map(|mapped| mapped.user.clone()));
                pulled.batches.push(*batch);
            }
            Step::Await => {
                let request = waiting.remove(0);
                let outcome = answer(&request);
                pull.receive(request.id, outcome, now());
                pulled.requests.push(request);
            }
            Step::Done(certificate) => {
                pulled.certificate = *certificate;
                pulled.lost_its_place = pull.lost_its_place();
                return pulled;
            }
        }
    }
    panic!("the pull does not end");
}

pub(crate) fn ok(body: &str) -> Outcome {
    status(200, &[], body)
}

pub(crate) fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Outcome::Answered(Answer::new(status, headers.collect(), body.into()))
}

/// The parameters of a request.
pub(crate) fn query(request: &PlannedRequest) -> BTreeMap<String, String> {
    request.url.query_pairs().into_owned().collect()
}

/// `[{"id": "1", "mail": "1@b.example"}, …]`.
pub(crate) fn rows(ids: impl IntoIterator<Item = u64>) -> String {
    let rows = ids
        .into_iter()
        .map(|id| format!(r#"{{"id":"{id}","mail":"{id}@b.example"}}"#));
    format!("[{}]", rows.collect::<Vec<_>>().join(","))
}

/// Answers of one page each, in their order; more requests than pages are a failure of the test.
pub(crate) fn pages<'a>(pages: &'a [&'a str]) -> impl FnMut(&PlannedRequest) -> Outcome + 'a {
    let mut rest = pages.iter();
    move |request| match rest.next() {
        Some(page) => ok(page),
        None => panic!("one request too many: {}", request.url),
    }
}
