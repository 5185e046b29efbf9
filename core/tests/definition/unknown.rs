//! Details and joined lists that cannot be read, and a filter that asks for them: nobody is taken for removed.

use sando_core::definition::{Explain, IdHash, Inputs, Outcome, PlannedRequest, Reason};

use crate::drive::{HEAD, MAP, Pulled, inputs, ok, pull, pull_with, rows, status};

const DETAILS: &str = "users:
  path: /u
  details: { path: '/u/{external_id}' }
  where: [{ path: id, op: is_not, value: '3' }, { path: detail.type, op: is, value: person }]
";

/// The details of 1, 2 and 3 are a person's, a bot's and a person's, as far as they can be read.
fn people(request: &PlannedRequest, broken: &[&str]) -> Outcome {
    match request.url.path() {
        "/u" => ok(&rows(1..=3)),
        path if broken.contains(&path) => status(404, &[], ""),
        "/u/2" => ok(r#"{"type":"bot"}"#),
        _ => ok(r#"{"type":"person"}"#),
    }
}

#[track_caller]
fn left_out(pulled: &Pulled, ids: &[&str]) {
    let dropped = &pulled.batches[0].dropped;
    let unknown: Vec<_> = dropped
        .iter()
        .map(|dropped| {
            assert_eq!(dropped.reason, Reason::FilterUnknown);
            dropped.external_id.as_deref().unwrap()
        })
        .collect();
    assert_eq!(unknown, ids);
    for id in ids {
        assert!(pulled.batches[0].seen.contains(&IdHash::of(id)));
    }
    let certificate = &pulled.certificate;
    assert_eq!(certificate.dropped["filter_unknown"], 1);
    let shown = &certificate.left_out["filter_unknown"];
    assert_eq!(shown[0].external_id.as_deref(), Some(ids[0]));
    assert!(shown[0].why.contains("could not be read"));
}

#[test]
fn a_filter_that_reads_failed_details_removes_nobody() {
    let text = format!("{HEAD}{DETAILS}{MAP}");

    let pulled = pull(&text, |request| people(request, &["/u/1"])).complete(&[]);

    left_out(&pulled, &["1"]);
    assert_eq!(pulled.certificate.removed_by_where, 2);
}

#[test]
fn what_the_rest_of_the_filter_removes_is_removed() {
    let text = format!("{HEAD}{DETAILS}{MAP}");

    let pulled = pull(&text, |request| people(request, &["/u/2", "/u/3"])).complete(&["1"]);

    left_out(&pulled, &["2"]);
    assert_eq!(pulled.certificate.removed_by_where, 1);
}

#[test]
fn one_of_several_groups_that_holds_decides() {
    let text = format!("{HEAD}{DETAILS}{MAP}").replace(
        "where: [",
        "where: [{ any: [[{ path: detail.type, op: is, value: person }], [{ path: id, op: is, value: '1' }]] }] #",
    );

    let pulled = pull(&text, |request| people(request, &["/u/1", "/u/2"])).complete(&["1", "3"]);

    left_out(&pulled, &["2"]);
}

#[test]
fn a_filter_that_reads_a_failed_join_removes_nobody() {
    let text = format!(
        "{HEAD}users:
  path: /u
  join: [{{ path: /types, by: {{ user: id, item: id }}, as: type }}]
  where: [{{ path: type.name, op: is, value: person }}]
{MAP}"
    );
    let answer = |request: &PlannedRequest| match request.url.path() {
        "/types" => status(403, &[], ""),
        _ => ok(&rows([7])),
    };

    let pulled = pull(&text, answer).complete(&[]);

    left_out(&pulled, &["7"]);
    assert_eq!(pulled.certificate.removed_by_where, 0);
}

#[test]
fn whoever_asks_is_told_that_the_filter_is_not_decided() {
    let explain = Inputs {
        explain: Explain::Whole,
        ..inputs(&[])
    };
    let text = format!("{HEAD}{DETAILS}{MAP}");

    let pulled = pull_with(&text, explain, |request| people(request, &["/u/1"]));

    let sentences = pulled.batches[0].explained[0].sentences();
    assert_eq!(
        sentences,
        [
            "dropped: nobody knows whether `where` removes it: its details or a joined list could not be read"
        ]
    );
}

#[test]
fn what_is_not_known_is_not_taken_for_a_fact() {
    let explain = Inputs {
        explain: Explain::Whole,
        ..inputs(&[])
    };
    let text = format!(
        "{HEAD}users:
  path: /u
  join: [{{ path: /owners, by: {{ user: id, item: id }}, as: owner }}]
map: {{ external_id: id, email: mail, role: {{ path: owner.role, map: {{ a: Admin }}, default: Member }} }}
status: {{ active_when: [{{ path: owner.archived, op: is_not, value: true }}] }}
custom_fields: {{ team: {{ path: owner.team, map: {{ t: Team }}, default: None }} }}
"
    );

    let pulled = pull_with(&text, explain, |request| match request.url.path() {
        "/owners" => status(403, &[], ""),
        _ => ok(&rows([7])),
    });

    let explained = &pulled.batches[0].explained[0];
    assert_eq!(
        explained.sentences(),
        [
            "not known: active, custom_fields.team, licenses, role, status, for the details or a joined list could not be read"
        ]
    );
    assert!(explained.reasons().is_empty());
    assert_eq!(
        (pulled.certificate.users, pulled.certificate.active),
        (1, 0)
    );
    let user = &pulled.users[0];
    assert_eq!((&user.role, &user.status), (&None, &None));
    assert!(user.licenses.is_empty() && user.custom_fields["team"].is_null());
    pulled.complete(&["7"]);
}
