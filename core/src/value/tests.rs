//! What value expressions make, and which mistakes they can have.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::path::tests::any_json;

fn user() -> Value {
    json!({
        "login": "ada", "given": "Ada", "family": "Park", "blank": "", "null": null, "role_id": 1, "type": "human",
        "emails": [{ "value": "a@x.example", "primary": true }], "tags": ["a", "b"], "object": { "a": 1 },
        "seen": "05/01/2026", "never": "01/01/1970", "zero": 0, "iso": "2026-01-05T10:00:00+01:00", "big": 18_446_744_073_709_551_615_u64,
    })
}

fn check(file: Value, expect: Value) {
    let expression = ValueExpression::compile(&file, "")
        .unwrap_or_else(|mistakes| panic!("{file}: {mistakes:?}"));
    let expect = if expect.is_null() { None } else { Some(expect) };
    assert_eq!(expression.evaluate(&user()), expect, "{file}");
    assert_eq!(serde_json::to_value(&expression).unwrap(), file);
}

#[test]
fn a_path_gives_its_value_or_none() {
    check(json!("login"), json!("ada"));
    check(json!("big"), json!(18_446_744_073_709_551_615_u64));
    check(json!("gone"), json!(null));
    check(json!("null"), json!(null));
    check(json!({ "path": "login" }), json!("ada"));
    check(json!({ "path": "blank", "default": "x" }), json!("x"));
}

#[test]
fn the_first_that_has_a_value_is_taken() {
    check(
        json!({ "first_of": ["emails[primary=true].value", "login"] }),
        json!("a@x.example"),
    );
    check(
        json!({ "first_of": ["gone", "null", "blank", "login"] }),
        json!("ada"),
    );
    check(
        json!({ "first_of": ["gone", { "template": "{login}@x" }] }),
        json!("ada@x"),
    );
    check(json!({ "first_of": ["gone", "null"] }), json!(null));
}

#[test]
fn a_template_needs_all_its_values() {
    check(
        json!({ "template": "{login}@acme.example" }),
        json!("ada@acme.example"),
    );
    check(
        json!({ "template": "{emails[0].value} {role_id}" }),
        json!("a@x.example 1"),
    );
    check(json!({ "template": "{gone}@acme.example" }), json!(null));
    check(json!({ "template": "{blank}@acme.example" }), json!(null));
    check(json!({ "template": "{{login}" }), json!("{login}"));
}

#[test]
fn a_join_leaves_out_what_has_no_value() {
    check(
        json!({ "join": ["given", "family"], "with": " " }),
        json!("Ada Park"),
    );
    check(
        json!({ "join": ["given", "gone", "blank", "family"] }),
        json!("Ada Park"),
    );
    check(
        json!({ "join": ["tags", "role_id", "object"], "with": ", " }),
        json!("a, b, 1"),
    );
    check(json!({ "join": ["gone"] }), json!(null));
}

#[test]
fn a_map_exchanges_values_by_their_text() {
    check(
        json!({ "path": "role_id", "map": { "1": "Admin", "2": "Member" }, "default": "Other" }),
        json!("Admin"),
    );
    check(
        json!({ "path": "type", "map": { "bot": "bot" }, "default": "person" }),
        json!("person"),
    );
    check(
        json!({ "path": "gone", "map": { "bot": "bot" }, "default": "person" }),
        json!("person"),
    );
    check(
        json!({ "path": "type", "map": { "bot": "bot" } }),
        json!(null),
    );
    check(
        json!({ "path": "blank", "map": { "": "none" }, "default": "person" }),
        json!("none"),
    );
}

#[test]
fn a_time_is_printed_in_utc_unless_it_means_never() {
    let never = json!(["1970-01-01T00:00:00Z", 0]);
    check(
        json!({ "path": "seen", "format": "%d/%m/%Y", "never": never }),
        json!("2026-01-05"),
    );
    check(
        json!({ "path": "never", "format": "%d/%m/%Y", "never": never }),
        json!(null),
    );
    check(json!({ "path": "zero", "never": never }), json!(null));
    check(
        json!({ "path": "iso", "never": never }),
        json!("2026-01-05T09:00:00Z"),
    );
    check(
        json!({ "path": "login", "format": "%d/%m/%Y" }),
        json!(null),
    );
    check(
        json!({ "path": "blank", "format": "%d/%m/%Y" }),
        json!(null),
    );
}

#[test]
fn an_expression_tells_all_paths_it_reads() {
    let file = json!({ "first_of": [
        "a.b", { "template": "{c} {d.e}" }, { "join": ["f", { "path": "g", "map": {} }] }, { "path": "h", "never": [0] },
    ] });
    let expression = ValueExpression::compile(&file, "").unwrap();

    let paths: Vec<&str> = expression.paths().map(Path::as_str).collect();

    assert_eq!(paths, ["a.b", "c", "d.e", "f", "g", "h"]);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let check = |file: Value, expect: &str| {
        let mistakes = ValueExpression::compile(&file, "map.email").unwrap_err();
        assert_eq!(mistake::in_lines(&mistakes), expect, "{file}");
    };

    check(
        json!(1),
        "map.email: must be a path, or an object with `path`, `first_of`, `template` or `join`",
    );
    check(
        json!({}),
        "map.email: must be a path, or an object with `path`, `first_of`, `template` or `join`",
    );
    check(json!(""), "map.email: the path is missing");
    check(json!("a..b"), "map.email: a name is missing at character 3");
    check(
        json!({ "frist_of": ["a"] }),
        "map.email.frist_of: unknown key `frist_of`, did you mean `first_of`?",
    );
    check(
        json!({ "path": "a", "defualt": 1 }),
        "map.email.defualt: unknown key `defualt`, did you mean `default`?",
    );
    check(
        json!({ "path": "a", "join": ["b"] }),
        "map.email: `path` and `join` exclude each other",
    );
    check(
        json!({ "template": "a", "with": "b" }),
        "map.email.with: cannot stand beside `template`",
    );
    check(
        json!({ "path": "a", "map": {}, "format": "%d" }),
        "map.email.map: cannot stand beside `format` or `never`",
    );
    check(
        json!({ "first_of": ["a", "b.", { "join": [] }] }),
        "map.email.first_of[1]: a name is missing at character 3\n\
         map.email.first_of[2].join: must be a list of paths or expressions, and not empty",
    );
    check(
        json!({ "path": "a", "format": "DD.MM" }),
        "map.email.format: is no format of a time, such as `%d/%m/%Y`",
    );
    check(
        json!({ "path": "a", "never": 0 }),
        "map.email.never: must be a list of values that mean never",
    );
    check(
        json!({ "path": "a", "map": [] }),
        "map.email.map: must be an object, from text to value",
    );
    check(
        json!({ "join": ["a"], "with": 1 }),
        "map.email.with: must be text",
    );
}

#[test]
fn an_expression_is_bounded() {
    let deep = (0..200).fold(json!("a"), |inner, _| json!({ "first_of": [inner] }));

    let mistakes = ValueExpression::compile(&deep, "").unwrap_err();

    assert!(mistake::in_lines(&mistakes).ends_with("is nested too deeply"));
}

proptest! {
    #[test]
    fn no_file_and_no_document_make_an_expression_fail(
        noise in any_json(), text in any::<String>(), map in any_json(), input in any_json(),
    ) {
        let files = [
            noise.clone(),
            json!({ "template": text }),
            json!({ "path": "*", "map": map, "default": noise }),
            json!({ "path": "a", "never": [noise], "format": "%Y-%m-%d" }),
            json!({ "join": ["a", "*", "@key", "@value"], "with": text }),
        ];
        for file in files {
            if let Ok(expression) = ValueExpression::compile(&file, "") {
                prop_assert_ne!(expression.evaluate(&input), Some(Value::Null));
            }
        }
    }
}
