//! Mistakes in files: all at once, each with its place and what was perhaps meant.

use sando_core::definition::{Definition, FileMistake};

use crate::drive::{HEAD, MAP, definition, list};

#[track_caller]
fn mistakes(text: &str) -> Vec<String> {
    match Definition::parse(text) {
        Ok(_) => panic!("nothing is wrong with\n{text}"),
        Err(mistakes) => mistakes.iter().map(FileMistake::to_string).collect(),
    }
}

/// One mistake, without its place.
#[track_caller]
fn wrong(text: &str, expect: &str) {
    let all = mistakes(text);
    let found = all
        .iter()
        .any(|mistake| mistake.split_once(": ").unwrap().1 == expect);
    assert!(found, "{all:#?}\n{text}");
    assert_eq!(all.len(), 1, "{all:#?}\n{text}");
}

#[test]
fn every_mistake_of_a_file_is_reported_with_line_and_hint() {
    let text = r#"definition: Acme
app: acme
base_ulr: https://{domain}.acme.example
variables:
  domain: { pattern: "[", lable: Domain }
auth: { type: berer }
users:
  path: /users/{domian}
  method: GET
  body: { a: 1 }
  pagination: { type: offset, cursor: x, page: 1 }
map:
  external_id: "id["
  role: { path: r, map: { a: b }, defualt: c }
status:
  active_when:
    - { path: state, op: equals, value: active }
  in_app: { conditions: [{ label: A }, { label: B }] }
licenses: { conditions: [{ when: [] }] }
errors:
  - { status: [99], do: explode }
limits: { timeout: 5 }
"#;

    insta::assert_snapshot!(mistakes(text).join("\n"));
}

#[test]
fn nothing_but_the_required_keys_is_required() {
    definition(
        "definition: a\napp: a\nbase_url: https://a.example\nusers: { path: /u }\nmap: { external_id: id, email: mail }\n",
    );
    let all = mistakes("name: x\n");

    for key in ["definition", "app", "base_url", "users.path", "map"] {
        assert!(
            all.iter()
                .any(|mistake| mistake.ends_with(&format!("{key}: is missing"))),
            "{key} {all:#?}"
        );
    }
    let map =
        mistakes("definition: a\napp: a\nbase_url: https://a.example\nusers: { }\nmap: { }\n");
    for key in ["users.path", "map.external_id", "map.email"] {
        assert!(
            map.iter()
                .any(|mistake| mistake.ends_with(&format!("{key}: is missing"))),
            "{key} {map:#?}"
        );
    }
}

#[test]
fn syntax_errors_name_their_line() {
    assert!(mistakes("a: [1,\n b: {")[0].starts_with('2'));
    assert!(mistakes("a: 1\na: 2\n")[0].starts_with("2:"));
    assert!(mistakes("just text")[0].contains("must be an object"));
    assert!(mistakes("")[0].contains("must be an object"));
}

#[test]
fn undeclared_placeholders_are_mistakes_but_other_braces_are_text() {
    wrong(
        &list("{ path: '/u/{org}' }"),
        "users.path: `{org}` is not declared, declare it under `variables`, or write `{{` for a brace",
    );
    let text = list("{ path: '/u/{orgg}' }") + "variables: { org: { } }\n";
    wrong(
        &text,
        "users.path: `{orgg}` is not declared, did you mean `{org}`?",
    );
    wrong(
        &list("{ path: /u, query: { a: '{b}' } }"),
        "users.query.a: `{b}` is not declared, declare it under `variables`, or write `{{` for a brace",
    );
    wrong(
        &list("{ path: /u, method: POST, body: { a: ['{b}'] } }"),
        "users.body: `{b}` is not declared, declare it under `variables`, or write `{{` for a brace",
    );
    definition(&list(
        "{ path: /u, method: POST, body: { query: '{ users { id } } fragment a {id}' } }",
    ));
    definition(&list("{ path: '/u/{{x}' }"));
}

#[test]
fn names_are_known_only_after_they_were_kept() {
    let text = format!(
        "{HEAD}steps: [{{ name: a, path: '/a/{{late}}', keep: {{ early: id }} }}, {{ name: b, path: '/b/{{early}}', keep: {{ late: id }} }}]
users: {{ path: '/{{early}}/{{late}}' }}
{MAP}"
    );

    wrong(
        &text,
        "steps[0].path: `{late}` is not declared, declare it under `variables`, or write `{{` for a brace",
    );
}

#[test]
fn a_get_has_no_body() {
    wrong(
        &list("{ path: /u, body: { a: 1 } }"),
        "users.body: a GET has no body, `method: POST` has one",
    );
    wrong(
        &list("{ path: /u, form: { a: b } }"),
        "users.form: a GET has no body, `method: POST` has one",
    );
}

#[test]
fn paging_that_cannot_work_is_a_mistake() {
    let paging = |text: &str| list(&format!("{{ path: /u, pagination: {text} }}"));

    wrong(
        &paging("{ type: offest }"),
        "users.pagination.type: unknown word `offest`, did you mean `offset`?",
    );
    wrong(&paging("{ size: 5 }"), "users.pagination.type: is missing");
    wrong(
        &paging("{ type: cursor }"),
        "users.pagination.path: is missing, or `header`, or `last_item`",
    );
    wrong(
        &paging("{ type: cursor, path: a, header: b }"),
        "users.pagination.type: `path` and `header` exclude each other",
    );
    wrong(
        &paging("{ type: next_url }"),
        "users.pagination.path: is missing, or `link_header: next`",
    );
    wrong(
        &paging("{ type: page, path: next }"),
        "users.pagination.path: does not belong to `type: page`",
    );
    wrong(
        &paging("{ type: page, stop: [short_page] }"),
        "users.pagination.stop: `short_page` needs a `size`",
    );
    wrong(
        &paging("{ type: page, send: { body: a } }"),
        "users.pagination.send.body: a GET has no body",
    );
    wrong(
        &paging("{ type: page, send: { path: nr } }"),
        "users.pagination.send.path: `path` has no `{nr}`",
    );
    wrong(
        &paging("{ type: page, size: 0 }"),
        "users.pagination.size: must be a whole number from 1 to 1000000",
    );
}

#[test]
fn a_base_url_is_a_url_and_a_kept_host_is_bounded() {
    let base = |url: &str| list("{ path: /u }").replace("https://api.acme.example", url);

    wrong(
        &base("api.acme.example"),
        "base_url: must begin with `https://`",
    );
    wrong(
        &base("ftp://api.acme.example"),
        "base_url: must begin with `https://`",
    );
    wrong(
        &base("https://u:p@api.acme.example"),
        "base_url: the base URL carries a user name: give credentials with `auth`",
    );
    wrong(
        &base("https://api.acme.example?a=1"),
        "base_url: has no query: give it with `query`",
    );
    let kept =
        base("'{host}'") + "steps: [{ name: a, path: 'https://a.example', keep: { host: h } }]\n";
    wrong(
        &kept,
        "base_url: begins with a value kept from an answer: `hosts` must say where it may lead",
    );
}

#[test]
fn wrong_values_elsewhere_are_mistakes() {
    let more = |text: &str| format!("{}{text}\n", list("{ path: /u }"));

    wrong(
        &more("hosts: ['a/b']"),
        "hosts[0]: `a/b` is not a host, such as `files.acme.example` or `*.acme.example:8443`",
    );
    wrong(
        &more("headers: { 'a b': c }"),
        "headers.a b: is no name of a header",
    );
    wrong(
        &more("headers: { Host: c }"),
        "headers.Host: is set by the client itself",
    );
    wrong(
        &more("errors: [{ do: retry }]"),
        "errors[0]: fits every answer: it needs a `status`, a `header` or a `when`",
    );
    wrong(
        &more("errors: [{ status: [500], do: fail, wait: { header: a } }]"),
        "errors[0].wait: belongs to `retry` and `rate_limited`",
    );
    wrong(
        &more("licenses: maybe"),
        "licenses: must be `auto`, or an object with `auto` or `conditions`",
    );
    wrong(
        &more("users_without_email: kepe"),
        "users_without_email: unknown word `kepe`, did you mean `keep`?",
    );
    wrong(
        &more("limits: { concurrency: 1000 }"),
        "limits.concurrency: must be a whole number from 1 to 64",
    );
    wrong(
        &more("limits: { max_bytes: 67108865 }"),
        "limits.max_bytes: must be a whole number from 1 to 67108864",
    );
    wrong(
        &more("limits: { max_depth: 129 }"),
        "limits.max_depth: must be a whole number from 1 to 128",
    );
    wrong(
        &more("variables: { a: { choices: [x, y], default: z } }"),
        "variables.a.default: must be one of x, y",
    );
    wrong(
        &more("auth: { type: none, token: x }"),
        "auth.token: unknown key `token`: there is none",
    );
}

#[test]
fn unions_that_cannot_work_are_mistakes() {
    wrong(
        &list("{ preset: scmi, path: /u }"),
        "users.preset: unknown preset `scmi`, did you mean `scim`?",
    );
    wrong(
        &list("{ path: /u, passes: [{ a: 1 }, { b: 2 }] }"),
        "users.passes[1]: must set the same variables as the first pass",
    );
    wrong(
        &list("{ path: /u, for_each: { path: /t } }"),
        "users.for_each.keep: is missing: what of a parent the list of its users needs",
    );
    wrong(
        &list("{ path: /u, details: { path: /d, keep: { a: b } } }"),
        "users.details.keep: details are of one user: what they say stands under the name of `as`",
    );
    wrong(
        &list("{ path: /u, details: { path: /d, batch: 10 } }"),
        "users.details.item: is missing",
    );
    wrong(
        &list("{ path: /u, join: [{ path: /d, as: x }] }"),
        "users.join[0].by: is missing",
    );
    let map = |field: &str| {
        format!(
            "{HEAD}users: {{ path: /u, details: {{ path: /d }} }}\nmap: {{ email: mail, {field} }}\n"
        )
    };
    wrong(
        &map("external_id: detail.id"),
        "map.external_id: cannot come from the details, which are asked for by it",
    );
    wrong(
        &map("external_id: id, role: $tem"),
        "map.role: `$tem` is neither a variable nor kept by any request",
    );
    wrong(
        &map("external_id: id, kind: { path: t, default: robot }"),
        "map.kind.default: unknown kind `robot`, expected one of: person, bot, service, guest",
    );
}

#[test]
fn a_definition_printed_and_read_again_is_itself() {
    let text = format!(
        "{HEAD}users: {{ preset: scim, where: [{{ path: a, op: some, where: [{{ path: b, op: gte, value: 1 }}] }}] }}\n"
    );

    let first = definition(&text);
    let second = Definition::parse(&first.to_value().to_string()).unwrap();

    assert_eq!(first.to_value(), second.to_value());
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}

#[test]
fn variables_are_checked_before_anything_is_sent() {
    let text = list("{ path: /u }")
        + "variables: { domain: { pattern: '^[a-z]+$', example: contoso }, region: { choices: [us, eu], default: us }, org: { label: Organisation } }\n";
    let given = |pairs: &[(&str, &str)]| {
        let given = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let resolved = definition(&text).variables().resolve(&given);
        resolved.map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())
    };

    let values = given(&[("domain", "contoso"), ("org", "1")]).unwrap();
    assert_eq!(
        serde_json::Value::from(values),
        serde_json::json!({ "domain": "contoso", "org": "1", "region": "us" })
    );
    let wrong = given(&[("domain", "Con/toso"), ("region", "asia"), ("rgion", "eu")]).unwrap_err();
    assert_eq!(
        wrong,
        [
            "rgion: unknown variable `rgion`, did you mean `region`?",
            "domain: does not fit `^[a-z]+$`, as `contoso` does",
            "org: is missing: Organisation",
            "region: must be one of us, eu",
        ]
    );
}

#[test]
fn a_value_cannot_move_the_host() {
    let text = list("{ path: /u }")
        .replace("https://api.acme.example", "https://{domain}.acme.example")
        + "variables: { domain: { } }\n";

    for value in [
        "evil.example/",
        "a@evil.example",
        "evil.example#",
        "evil.example?",
        "evil.example\\",
        "a b",
        "%2f",
    ] {
        let pull = sando_core::definition::Pull::start(
            definition(&text),
            crate::drive::inputs(&[("domain", value)]),
        );
        assert!(pull.is_err(), "{value}");
    }
}
