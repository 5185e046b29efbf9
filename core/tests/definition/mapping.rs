//! From records to users. Numbers are those of `behaviours.md`.

use std::collections::BTreeMap;

use sando_core::{
    app::CustomField,
    definition::{Explain, Inputs, Kind, Reason},
};
use serde_json::{Value, json};

use crate::drive::{HEAD, Pulled, inputs, pages, pull, pull_with};

fn map(rest: &str, body: &Value) -> Pulled {
    let text = format!("{HEAD}users: {{ path: /u }}\n{rest}\n");
    pull(&text, pages(&[&body.to_string()]))
}

const ACME: &str = "
map:
  external_id: id
  email: profile.email
  username: login
  full_name: name
  role: role.name
  created_at: created
  last_visit_at: last_seen
status:
  active_when: [{ path: state, op: is, value: active }]
licenses:
  conditions:
    - { name: Enterprise, when: [{ path: plan, op: is, value: enterprise }] }
    - { name: Seat, when: [{ path: seats, op: some, where: [{ path: plan, op: is, value: pro }, { path: active, op: is, value: true }] }] }
custom_fields: { cost_center: attributes.cost_center }
";

#[test]
fn a_user_is_printed_exactly_as_the_contract_says() {
    let pulled = map(
        ACME,
        &json!([{
            "id": 42, "login": "ada", "name": "Ada Park", "role": { "name": "admin" }, "state": "active", "plan": "enterprise",
            "profile": { "email": " ada@contoso.example " }, "created": "2026-01-05T09:00:00+0000", "last_seen": null,
            "attributes": { "cost_center": "R7" }, "seats": [{ "plan": "pro", "active": false }, { "plan": "free", "active": true }],
        }]),
    );

    let expected = r#"{"external_id":"42","email":"ada@contoso.example","username":"ada","full_name":"Ada Park","role":"admin","created_at":"2026-01-05T09:00:00Z","last_visit_at":null,"active":true,"status":"Active","licenses":["Enterprise"],"custom_fields":{"cost_center":"R7"}}"#;
    assert_eq!(serde_json::to_string(&pulled.users[0]).unwrap(), expected);
}

#[test]
fn every_form_of_a_value_can_be_mapped() {
    let text = format!(
        "{HEAD}users: {{ path: /u, response_path: '*' }}
map:
  external_id: '@key'
  email: {{ first_of: ['emails[primary=true].value', userName] }}
  username: {{ template: '{{login}}@acme.example' }}
  role: {{ path: role_id, map: {{ '1': Admin, 2: Member }}, default: Other }}
  full_name: {{ join: [given, family], with: ' ' }}
  last_visit_at: {{ path: seen, format: '%d/%m/%Y', never: ['01/01/1970'] }}
  kind: {{ path: type, map: {{ bot: bot }}, default: person }}
"
    );
    let body = json!({
        "a": { "emails": [{ "value": "x@h.example" }, { "value": "A@b.example", "primary": true }], "login": "al", "role_id": 2, "given": "Al", "family": "B", "seen": "05/02/2026" },
        "b": { "emails": [], "userName": "b@b.example", "role_id": 9, "family": "B", "seen": "01/01/1970", "type": "bot" },
    });
    let pulled = pull(&text, pages(&[&body.to_string()])).complete(&["a", "b"]);

    let [a, b] = pulled.users.as_slice() else {
        panic!()
    };
    assert_eq!(
        (a.email.as_deref(), b.email.as_deref()),
        (Some("A@b.example"), Some("b@b.example"))
    );
    assert_eq!(
        (a.username.as_deref(), b.username.as_deref()),
        (Some("al@acme.example"), None)
    );
    assert_eq!(
        (a.role.as_deref(), b.role.as_deref()),
        (Some("Member"), Some("Other"))
    );
    assert_eq!(
        (a.full_name.as_deref(), b.full_name.as_deref()),
        (Some("Al B"), Some("B"))
    );
    assert_eq!(
        (a.last_visit_at.as_deref(), b.last_visit_at.as_deref()),
        (Some("2026-02-05T00:00:00Z"), None)
    );
    assert_eq!((a.kind, b.kind), (Some(Kind::Person), Some(Kind::Bot)));
}

#[test]
fn first_and_last_name_make_a_full_name() {
    let pulled = map(
        "map: { external_id: id, email: mail, first_name: f, last_name: l }",
        &json!([
            { "id": 1, "mail": "a@b.example", "f": "Ada", "l": "Park" },
            { "id": 2, "mail": "a@b.example", "f": "", "l": "Park" },
            { "id": 3, "mail": "a@b.example" },
        ]),
    );

    let names: Vec<Option<&str>> = pulled
        .users
        .iter()
        .map(|user| user.full_name.as_deref())
        .collect();
    assert_eq!(names, [Some("Ada Park"), Some("Park"), None]);
}

#[test]
fn records_without_id_or_address_are_dropped_with_the_reason() {
    // 30, 31, 35
    let body = json!([
        { "id": 9_007_199_254_740_993_u64, "mail": "a@b.example" },
        { "id": 18_446_744_073_709_551_615_u64, "mail": "A@B.example" },
        { "id": "", "mail": "a@b.example" },
        { "mail": "a@b.example" },
        { "id": null, "mail": "a@b.example" },
        { "id": { "x": 1 }, "mail": "a@b.example" },
        { "id": 1e300, "mail": "a@b.example" },
        { "id": 2 },
        { "id": 3, "mail": null },
        { "id": 4, "mail": "  " },
        { "id": 5, "mail": "nobody" },
        { "id": 6, "mail": "a@b.example, c@b.example" },
        { "id": 7, "mail": ["a@b.example"] },
        { "id": "2", "mail": "late@b.example" },
        "text",
        null,
    ]);

    let pulled = map("map: { external_id: id, email: mail }", &body)
        .complete(&["9007199254740993", "18446744073709551615"]);

    let dropped: BTreeMap<&str, u64> = pulled
        .certificate
        .dropped
        .iter()
        .map(|(reason, count)| (reason.as_str(), *count))
        .collect();
    assert_eq!(
        dropped,
        [
            ("invalid_email", 3),
            ("invalid_external_id", 2),
            ("no_email", 3),
            ("no_external_id", 5)
        ]
        .into()
    );
    assert_eq!(pulled.certificate.duplicates, 1);
    let batch = &pulled.batches[0];
    assert_eq!(batch.seen.len(), 8, "who has an id has not vanished");
    assert_eq!(
        (
            batch.dropped[5].external_id.as_deref(),
            batch.dropped[5].reason
        ),
        (Some("2"), Reason::NoEmail)
    );
}

#[test]
fn users_without_address_are_kept_where_told() {
    let pulled = map(
        "map: { external_id: id, email: mail }\nusers_without_email: keep",
        &json!([{ "id": 1 }, { "id": 2, "mail": "nobody" }, { "id": 3, "mail": "C@b.example" }]),
    )
    .complete(&["1", "2", "3"]);

    let emails: Vec<Option<&str>> = pulled
        .users
        .iter()
        .map(|user| user.email.as_deref())
        .collect();
    assert_eq!(emails, [None, None, Some("C@b.example")]);
}

#[test]
fn the_status_in_the_app_is_automatic_a_field_or_conditions() {
    let body = json!([
        { "id": 1, "mail": "a@b.example", "state": "active" },
        { "id": 2, "mail": "a@b.example", "state": "locked" },
        { "id": 3, "mail": "a@b.example" },
    ]);
    let check = |in_app: &str, expect: [Option<&str>; 3]| {
        let rest = format!(
            "map: {{ external_id: id, email: mail }}
status: {{ active_when: [{{ path: state, op: is, value: active }}], in_app: {in_app} }}"
        );
        let pulled = map(&rest, &body);
        let found: Vec<Option<&str>> = pulled
            .users
            .iter()
            .map(|user| user.status.as_deref())
            .collect();
        assert_eq!(found, expect, "{in_app}");
        assert_eq!(pulled.certificate.active, 1);
    };

    check("auto", [Some("Active"), Some("Deleted"), Some("Deleted")]);
    check("{ field: state }", [Some("active"), Some("locked"), None]);
    check(
        "{ conditions: [{ when: [{ path: state, op: is, value: locked }], label: Suspended }, { label: Other }] }",
        [Some("Other"), Some("Suspended"), Some("Other")],
    );
}

#[test]
fn a_status_that_contradicts_the_calculated_one_is_counted() {
    let pulled = map(
        "map: { external_id: id, email: mail }\nstatus: { in_app: { field: s } }",
        &json!([{ "id": 1, "mail": "a@b.example", "s": "Deleted" }, { "id": 2, "mail": "a@b.example", "s": "Active" }]),
    );

    assert_eq!(pulled.certificate.contradictions, 1);
}

#[test]
fn a_contradiction_is_pointed_out_where_it_is() {
    let text = format!(
        "{HEAD}users: {{ path: /u }}\nmap: {{ external_id: id, email: mail }}\nstatus: {{ in_app: {{ field: s }} }}\n"
    );
    let body = json!([{ "id": 1, "mail": "a@b.example", "s": "Suspended" }]);
    let explain = Inputs {
        explain: Explain::Whole,
        ..inputs(&[])
    };

    let pulled = pull_with(&text, explain, pages(&[&body.to_string()]));

    assert_eq!(
        pulled.batches[0].explained[0].sentences(),
        ["status `Suspended` says the opposite of `active_when`"]
    );
}

#[test]
fn licences_follow_the_status_or_their_own_conditions() {
    let body = json!([{ "id": 1, "mail": "a@b.example", "on": true, "plan": "a,b" }, { "id": 2, "mail": "a@b.example", "plan": "b" }]);
    let check = |licenses: &str, expect: Value| {
        let rest = format!(
            "map: {{ external_id: id, email: mail }}\nstatus: {{ active_when: [{{ path: on, op: is, value: true }}] }}\n{licenses}"
        );
        let pulled = map(&rest, &body);
        let found: Vec<_> = pulled
            .users
            .iter()
            .map(|user| json!(user.licenses))
            .collect();
        assert_eq!(Value::from(found), expect, "{licenses}");
    };

    check("", json!([["Acme"], []]));
    check("licenses: auto", json!([["Acme"], []]));
    check(
        "licenses: { auto: { name: Acme Pro } }",
        json!([["Acme Pro"], []]),
    );
    check(
        "licenses: { conditions: [{ name: A, when: [{ path: plan, op: contains, value: a }] }, { name: B, when: [{ path: plan, op: contains, value: b }] }] }",
        json!([["A", "B"], ["B"]]),
    );
}

#[test]
fn custom_fields_of_the_wrong_type_are_dropped_alone() {
    let text = format!(
        "{HEAD}users: {{ path: /u }}\nmap: {{ external_id: id, email: mail }}\ncustom_fields: {{ age: age, day: day, tags: tags }}\n"
    );
    let body = json!([
        { "id": 1, "mail": "a@b.example", "age": "41", "day": "2026-01-05", "tags": ["x", 2] },
        { "id": 2, "mail": "a@b.example", "age": "old", "day": 1_767_604_000, "tags": { "x": 1 } },
        { "id": 3, "mail": "a@b.example" },
    ]);
    let types = [
        ("age", CustomField::Number),
        ("day", CustomField::Date),
        ("tags", CustomField::MultiValue),
    ];
    let custom_fields = types.map(|(name, kind)| (name.to_owned(), kind)).into();

    let pulled = pull_with(
        &text,
        Inputs {
            custom_fields,
            ..inputs(&[])
        },
        pages(&[&body.to_string()]),
    )
    .complete(&["1", "2", "3"]);

    let found: Vec<Value> = pulled
        .users
        .iter()
        .map(|user| Value::from(user.custom_fields.clone()))
        .collect();
    assert_eq!(
        found[0],
        json!({ "age": 41, "day": "2026-01-05", "tags": ["x", "2"] })
    );
    assert_eq!(found[1], json!({ "day": "2026-01-05T09:06:40Z" }));
    assert_eq!(found[2], json!({ "age": null, "day": null, "tags": null }));
    assert_eq!(pulled.certificate.invalid_custom_fields, 2);
}

#[test]
fn dates_come_in_many_spellings_and_odd_ones_are_counted() {
    // 34
    let times = [
        "2026-01-05T09:00:00Z",
        "2026-01-05 09:00:00",
        "2026-01-05T09:00:00.0000000+00:00",
        "1767603600",
        "1767603600000",
    ];
    let rows: Vec<Value> = times
        .iter()
        .enumerate()
        .map(|(id, time)| json!({ "id": id, "mail": "a@b.example", "at": time }))
        .collect();
    let odd = json!([{ "id": 1, "mail": "a@b.example", "at": "soon" }, { "id": 2, "mail": "a@b.example", "at": "" }]);
    let rest = "map: { external_id: id, email: mail, created_at: at }";

    let pulled = map(rest, &Value::from(rows));
    let odd = map(rest, &odd);

    assert!(
        pulled
            .users
            .iter()
            .all(|user| user.created_at.as_deref() == Some("2026-01-05T09:00:00Z"))
    );
    assert_eq!(odd.certificate.invalid_times, 1);
    assert!(odd.users.iter().all(|user| user.created_at.is_none()));
}

#[test]
fn booleans_are_compared_as_written_whatever_their_type() {
    // 33, 29, 36
    let body = json!([
        { "id": 1, "mail": "a@b.example", "a.b": true }, { "id": 2, "mail": "a@b.example", "a.b": "True" },
        { "id": 3, "mail": "a@b.example", "a.b": 1 }, { "id": 4, "mail": "a@b.example", "a.b": "false" }, { "id": 5, "mail": "a@b.example", "a.b": {} },
    ]);
    let rest = r#"map: { external_id: id, email: mail }
status: { active_when: [{ path: '["a.b"]', op: any_of, value: "true, 1", ignore_case: true }] }"#;

    let pulled = map(rest, &body);

    let active: Vec<bool> = pulled.users.iter().map(|user| user.active).collect();
    assert_eq!(active, [true, true, true, false, false]);
}

#[test]
fn scim_needs_nothing_but_where_it_is() {
    let text = format!("{HEAD}users: {{ preset: scim, pagination: {{ size: 2 }} }}\n");
    let page = |start: u64, users: Value| {
        json!({ "totalResults": 3, "startIndex": start, "itemsPerPage": 2, "Resources": users })
            .to_string()
    };
    let first = page(
        1,
        json!([
            { "id": "a", "userName": "ada", "name": { "givenName": "Ada", "familyName": "Park" }, "active": true,
              "emails": [{ "value": "home@b.example" }, { "value": "ada@b.example", "primary": true }], "meta": { "created": "2026-01-05T09:00:00Z" } },
            { "id": "b", "userName": "bo@b.example", "displayName": "Bo", "active": "False" },
        ]),
    );
    let second = page(3, json!([{ "id": "c", "userName": "cy@b.example" }]));

    let pulled = pull(&text, pages(&[&first, &second])).complete(&["a", "b", "c"]);

    assert_eq!(
        pulled.urls(),
        ["/Users?count=2&startIndex=1", "/Users?count=2&startIndex=3"]
    );
    let emails: Vec<Option<&str>> = pulled
        .users
        .iter()
        .map(|user| user.email.as_deref())
        .collect();
    assert_eq!(
        emails,
        [
            Some("ada@b.example"),
            Some("bo@b.example"),
            Some("cy@b.example")
        ]
    );
    assert_eq!(pulled.users[0].full_name.as_deref(), Some("Ada Park"));
    assert_eq!(
        pulled
            .users
            .iter()
            .map(|user| user.active)
            .collect::<Vec<_>>(),
        [true, false, true]
    );
    let accept = pulled.requests[0]
        .headers
        .iter()
        .find(|(name, _)| name == "Accept");
    assert_eq!(
        accept.map(|(_, value)| value.as_str()),
        Some("application/scim+json, application/json")
    );
}

#[test]
fn everything_of_a_preset_can_be_overridden() {
    let text = format!(
        "{HEAD}users: {{ preset: scim, path: /scim/People, pagination: {{ type: none }} }}
map: {{ email: work, first_name: name.givenName }}
status: {{ active_when: [] }}
"
    );

    let pulled = pull(
        &text,
        pages(&[
            r#"{"Resources":[{"id":"a","work":"a@b.example","active":false,"name":{"givenName":"A"},"displayName":"no"}]}"#,
        ]),
    );

    assert_eq!(pulled.urls(), ["/scim/People"]);
    assert_eq!(pulled.users[0].full_name.as_deref(), Some("A"));
    assert!(pulled.users[0].active);
}

#[test]
fn why_a_record_became_what_it_became_is_told() {
    let text = format!(
        "{HEAD}users: {{ path: /u, where: [{{ path: bot, op: is_not, value: true }}] }}
map: {{ external_id: id, email: mail, created_at: at }}
status: {{ active_when: [{{ path: state, op: is, value: ACTIVE }}] }}
"
    );
    let body = json!([
        { "id": 1, "mail": "a@b.example", "state": "ACTIVE" },
        { "id": 2, "mail": "a@b.example", "state": "LOCKED", "at": "soon" },
        { "id": 3, "mail": "nobody" },
        { "id": 4, "bot": true },
        { "id": 1 },
    ]);

    let pulled = pull_with(
        &text,
        Inputs {
            explain: Explain::Whole,
            ..inputs(&[])
        },
        pages(&[&body.to_string()]),
    )
    .complete(&["1", "2"]);

    let sentences: Vec<Vec<String>> = pulled.batches[0]
        .explained
        .iter()
        .map(|explained| explained.sentences())
        .collect();
    let expected: [&[&str]; 5] = [
        &[],
        &[
            "deleted: `state` is `LOCKED`, rule 1 wants `ACTIVE`",
            "created_at: `soon` is not a time",
        ],
        &[
            "dropped: its email address is not valid",
            "email: `nobody` is not an email address",
        ],
        &["removed by `where`: `bot` is `true`, rule 1 wants is_not `true`"],
        &["repeated: the same id was there before, the first counts"],
    ];
    assert_eq!(sentences, expected);
}
