//! What a user is told to have and not to have, and why.

use sando_core::definition::{Explain, Explanation, Inputs};
use serde_json::{Value, json};

use crate::drive::{HEAD, inputs, pages, pull_with};

/// The reasons of each user of `body`.
fn reasons(rest: &str, body: &Value) -> Vec<Vec<String>> {
    let text =
        format!("{HEAD}users: {{ path: /u }}\nmap: {{ external_id: id, email: mail }}\n{rest}\n");
    let explain = Inputs {
        explain: Explain::Whole,
        ..inputs(&[])
    };
    let pulled = pull_with(&text, explain, pages(&[&body.to_string()]));
    let explained = pulled.batches[0].explained.iter();
    explained.map(|explained| explained.reasons()).collect()
}

#[test]
fn what_kept_a_user_from_a_licence_or_a_status_is_told() {
    let reasons = reasons(
        "status:
  in_app:
    conditions:
      - { label: Suspended, when: [{ path: state, op: is, value: locked }] }
      - { label: Usual }
licenses:
  conditions:
    - { name: Team, when: [{ path: plan, op: is, value: team }, { path: on, op: has_value }] }
    - { name: Pro, when: [{ path: plan, op: is, value: pro }] }
    - { name: Pro, when: [{ path: plan, op: is, value: plus }] }",
        &json!([{ "id": 1, "mail": "a@b.example", "state": "on", "plan": "pro" }]),
    );

    assert_eq!(
        reasons[0],
        [
            "active: there is no condition",
            "status `Usual`: there is no condition",
            "licence `Pro`: `plan` is `pro`, as rule 1 wants",
            "not status `Suspended`: `state` is `on`, rule 1 wants `locked`",
            "no licence `Team`: `plan` is `pro`, rule 1 wants `team`",
        ]
    );
}

#[test]
fn of_many_licences_that_a_user_does_not_hold_only_some_are_told() {
    let mut rest = "licenses:\n  conditions:\n".to_owned();
    for number in 0..50 {
        rest.push_str(&format!(
            "    - {{ name: L{number}, when: [{{ path: plan, op: is, value: l{number} }}] }}\n"
        ));
    }
    let body = json!([{ "id": 1, "mail": "a@b.example", "plan": "l49" }]);

    let reasons = reasons(&rest, &body);

    assert_eq!(reasons[0].len(), 12);
    assert_eq!(
        reasons[0][1],
        "licence `L49`: `plan` is `l49`, as rule 1 wants"
    );
}

#[test]
fn reasons_alone_are_the_same_and_hold_no_record() {
    let text = format!(
        "{HEAD}users: {{ path: /u }}
map: {{ external_id: id, email: mail, role: role, created_at: at }}
status: {{ active_when: [{{ path: state, op: is, value: on }}] }}
"
    );
    let body = json!([
        { "id": 1, "mail": "a@b.example", "state": "on", "role": "admin", "at": "soon" },
        { "id": 2, "mail": "b@b.example", "state": null },
        { "id": 3, "mail": "c@b.example" },
    ]);
    let told = |explain| {
        let explain = Inputs {
            explain,
            ..inputs(&[])
        };
        let mut pulled = pull_with(&text, explain, pages(&[&body.to_string()]));
        pulled.batches.remove(0).explained
    };
    let why = |all: &[Explanation]| -> Vec<Vec<String>> {
        let all = all.iter().map(|one| one.why(&|text: &str| text.to_owned()));
        all.collect()
    };

    let (whole, reasons) = (told(Explain::Whole), told(Explain::Reasons));

    assert_eq!(why(&reasons), why(&whole));
    assert!(why(&reasons).iter().all(|why| !why.is_empty()));
    assert!(reasons.iter().all(|one| one.record.is_null()));
    let fields = reasons.iter().flat_map(|one| &one.fields);
    let fields: Vec<&str> = fields.map(|field| field.field.as_str()).collect();
    assert_eq!(fields, ["created_at"]);
}
