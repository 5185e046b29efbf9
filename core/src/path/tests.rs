//! What paths mean.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn find(path: &str, input: &serde_json::Value) -> Option<serde_json::Value> {
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    path.find(input).map(std::borrow::Cow::into_owned)
}

#[test]
fn a_path_leads_to_its_value_or_to_none() {
    let input = json!({
        "a": { "b": { "c": 1 } },
        "odd.key": 2,
        "with \"quotes\" ]": 3,
        "emails": [{ "value": "x@a.example", "primary": false }, { "value": "y@a.example", "primary": true }],
        "list": [10, 20, 30],
        "fields": [{ "text": "Cost centre", "value": "R7" }, { "meta": { "kind": 5 }, "a=b": "c]d", "value": 8 }],
        "null": null,
        "$schema": "s",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "R", "manager": { "value": "m" } },
    });
    let check = |path: &str, expect: serde_json::Value| {
        let expect = if expect == "none" { None } else { Some(expect) };
        assert_eq!(find(path, &input), expect, "{path}");
    };

    check("a.b.c", json!(1));
    check("a.b.c.d", json!("none"));
    check("a.x.c", json!("none"));
    check("[\"odd.key\"]", json!(2));
    check(r#"["with \"quotes\" ]"]"#, json!(3));
    check(r#"a["b"].c"#, json!(1));
    check("list[0]", json!(10));
    check("list[-1]", json!(30));
    check("list[-3]", json!(10));
    check("list[-4]", json!("none"));
    check("list[3]", json!("none"));
    check("a[0]", json!("none"));
    check("emails[primary=true].value", json!("y@a.example"));
    check("emails[primary = \"true\"].value", json!("y@a.example"));
    check("emails[primary=yes].value", json!("none"));
    check("emails[0].value", json!("x@a.example"));
    check("fields[text=Cost centre].value", json!("R7"));
    check("fields[text='Cost centre'].value", json!("R7"));
    check("fields[meta.kind=5].value", json!(8));
    check(r#"fields["a=b"="c]d"].value"#, json!(8));
    check("null", json!(null));
    check("null.x", json!("none"));
    check("[\"$schema\"]", json!("s"));
    check(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        json!("R"),
    );
    check(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        json!("m"),
    );
    check(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department",
        json!("R"),
    );
    check(
        r#"["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"].department"#,
        json!("R"),
    );
    check("", input.clone());
}

#[test]
fn a_star_gives_all_values_in_the_order_of_the_document() {
    let input = json!({
        "roles": [{ "name": "b" }, {}, { "name": "a" }],
        "teams": { "z": { "members": [1, 2] }, "a": { "members": [3] } },
        "none": [], "null": null, "text": "x",
    });
    let check = |path: &str, expect: Option<serde_json::Value>| {
        assert_eq!(find(path, &input), expect, "{path}")
    };

    check("roles.*.name", Some(json!(["b", "a"])));
    check("roles[*].name", Some(json!(["b", "a"])));
    check("teams.*.members", Some(json!([[1, 2], [3]])));
    check("teams.*.members.*", Some(json!([1, 2, 3])));
    check("teams.*.@key", Some(json!(["z", "a"])));
    check("none.*", Some(json!([])));
    check("null.*", None);
    check("text.*", None);
    check("missing.*.name", None);
}

#[test]
fn a_row_knows_its_key_its_scalar_and_the_kept_values() {
    let kept = json!({ "team": { "name": "Core" } });
    let row = json!("ada");
    let scope = Scope::of(&row).with_key(Some("u1"));
    let scope = scope.with_kept(kept.as_object().unwrap());
    let check = |path: &str, expect: Option<serde_json::Value>| {
        let found = Path::parse(path)
            .unwrap()
            .find(scope)
            .map(std::borrow::Cow::into_owned);
        assert_eq!(found, expect, "{path}");
    };

    check("@key", Some(json!("u1")));
    check("@value", Some(json!("ada")));
    check("$team.name", Some(json!("Core")));
    check("$other", None);
    check("@key.x", None);
    assert_eq!(find("@key", &json!({})), None);
    assert_eq!(find("@value", &json!({})), None);
}

#[test]
fn a_text_that_is_no_path_says_where_it_went_wrong() {
    let check = |text: &str, expect: &str| {
        let error = Path::parse(text).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), expect, "{text}");
    };

    check(".a", "a name is missing at character 1");
    check("a..b", "a name is missing at character 3");
    check("a.", "a name is missing at character 3");
    check("a]", "`]` is not expected at character 2");
    check("a[0]b", "`b` is not expected at character 5");
    check("a[0", "the bracket opened at character 2 is not closed");
    check("a[x=1", "the bracket opened at character 2 is not closed");
    check(
        "a[x]",
        "`[x]` is neither an index, nor a quoted key, nor `[field=value]`",
    );
    check(
        "a[]",
        "`[]` is neither an index, nor a quoted key, nor `[field=value]`",
    );
    check(
        "a[type eq \"work\"]",
        "`[type eq \"work\"]` is neither an index, nor a quoted key, nor `[field=value]`",
    );
    check(
        "a[=x]",
        "`[=]` is neither an index, nor a quoted key, nor `[field=value]`",
    );
    check("a[x==1]", "`=` is not expected at character 5");
    check("a[x!=1]", "`!` is not expected at character 4");
    check(
        "a[\"x]",
        "the quoted text at character 3 is not closed, or has an unknown escape",
    );
    check(
        "a[99999999999999999999]",
        "`[99999999999999999999]` is neither an index, nor a quoted key, nor `[field=value]`",
    );
    check("$", "`$` is not the name of a kept value");
    check("$a b", "`$a b` is not the name of a kept value");
    check(&"a".repeat(1_001), "a path has at most 1000 characters");
    check(&vec!["a"; 65].join("."), "a path has at most 64 segments");
}

#[test]
fn a_path_says_which_keys_a_parser_must_keep() {
    let check = |path: &str, expect: &[&str]| {
        let path = Path::parse(path).unwrap();
        assert_eq!(path.leading_keys().collect::<Vec<_>>(), expect, "{path}");
    };

    check("offer.fields[identifier=x].value", &["offer", "fields"]);
    check(
        "posting.categories.team",
        &["posting", "categories", "team"],
    );
    check("$kept.name", &[]);
    check("", &[]);
}

fn check_rows(path: &str, missing: MissingRows, answer: &serde_json::Value, expect: &str) {
    let shown = match Path::parse(path).unwrap().rows(answer, missing) {
        Ok(rows) => {
            let key = |row: &Row<'_>| row.key.map(|key| format!("{key}=")).unwrap_or_default();
            let rows = rows.iter().map(|row| format!("{}{}", key(row), row.value));
            rows.collect::<Vec<_>>().join(" ")
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(shown, expect, "{path}");
}

#[test]
fn rows_come_in_the_order_of_the_document() {
    let answer = json!({
        "data": { "users": [1, 2] },
        "map": { "z": { "n": 1 }, "a": { "n": 2 } },
        "edges": [{ "node": { "id": 1 } }, { "node": null }, { "node": { "id": 2 } }],
        "groups": { "g1": { "members": ["a"] }, "g2": { "members": null } },
        "by_role": { "admin": ["a", "b"], "guest": [] },
    });
    let check =
        |path: &str, expect: &str| check_rows(path, MissingRows::AreAnError, &answer, expect);

    check("data.users", "1 2");
    check("data.users.*", "1 2");
    check("map.*", r#"z={"n":1} a={"n":2}"#);
    check("edges.*.node", r#"{"id":1} {"id":2}"#);
    check("groups.*.members", r#"g1="a""#);
    check("by_role.*.*", r#"admin="a" admin="b""#);
}

#[test]
fn rows_that_are_absent_are_an_error_unless_the_definition_says_otherwise() {
    let answer = json!({
        "partly": [{ "members": ["a"] }, {}], "empty": [], "null": null, "text": "x", "object": { "id": 1 },
    });
    let check =
        |path: &str, missing: MissingRows, expect: &str| check_rows(path, missing, &answer, expect);

    check("empty", MissingRows::AreAnError, "");
    check("null", MissingRows::AreAnError, "");
    check("null.*", MissingRows::AreAnError, "");
    check(
        "gone",
        MissingRows::AreAnError,
        "the answer has nothing at `gone`",
    );
    check("gone", MissingRows::AreNone, "");
    check(
        "partly.*.members",
        MissingRows::AreAnError,
        "the answer has nothing at `partly.*.members`",
    );
    check("partly.*.members", MissingRows::AreNone, r#""a""#);
    check(
        "text",
        MissingRows::AreNone,
        "the answer has no list at `text` but a text",
    );
    check(
        "text.*",
        MissingRows::AreNone,
        "the answer has no list at `text.*` but a text",
    );
    check(
        "object",
        MissingRows::AreAnError,
        "the answer has no list at `object` but an object",
    );
}

#[test]
fn an_answer_that_is_the_list_itself_has_an_empty_path() {
    let answer = json!([{ "id": 1 }]);

    let rows = Path::root().rows(&answer, MissingRows::AreAnError).unwrap();

    assert_eq!(rows.len(), 1);
    assert_eq!(
        Path::parse("id").unwrap().find(rows[0]).as_deref(),
        Some(&json!(1))
    );
}

#[test]
fn a_path_is_stored_as_the_text_it_was_written_as() {
    let path: Path = serde_json::from_value(json!("emails[ primary = true ].value")).unwrap();

    assert_eq!(
        serde_json::to_value(&path).unwrap(),
        json!("emails[ primary = true ].value")
    );
    assert!(serde_json::from_value::<Path>(json!("a..b")).is_err());
}

/// Texts made of what paths are made of.
fn pathlike() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "a",
        "b c",
        ".",
        ".",
        "[",
        "]",
        "0",
        "-1",
        "=",
        "\"",
        "'",
        "\\",
        "*",
        "@key",
        "@value",
        "$",
        "urn:x:2.0:User:",
        "ü",
        "\\u0041",
        "[0]",
        "[a=b]",
        "[\"k\"]",
        ".a",
        ".*",
    ]);
    prop::collection::vec(parts, 0..12).prop_map(|parts| parts.concat())
}

/// JSON of any shape.
pub(crate) fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "[ -~]{0,8}".prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec(("[a-c]|b c|k|.{0,3}", inner), 0..4)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_printed_path_is_read_as_the_same_path(text in pathlike()) {
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
    }

    #[test]
    fn no_text_and_no_document_make_a_path_fail(text in pathlike(), noise in any::<String>(), input in any_json()) {
        let _ = Path::parse(&noise);
        if let Ok(path) = Path::parse(&text) {
            let _ = path.find(&input);
            let _ = path.rows(&input, MissingRows::AreNone);
        }
    }

    #[test]
    fn every_key_can_be_written_in_quotes(key in any::<String>()) {
        let text = format!("[{}]", serde_json::Value::from(key.as_str()));
        prop_assume!(text.chars().count() <= 1_000);

        let input = serde_json::Value::Object([(key, json!(1))].into_iter().collect());

        prop_assert_eq!(find(&text, &input), Some(json!(1)));
    }

    #[test]
    fn rows_are_never_more_than_the_document_has_values(text in pathlike(), input in any_json()) {
        fn values(value: &serde_json::Value) -> usize {
            1 + match value {
                serde_json::Value::Array(items) => items.iter().map(values).sum::<usize>(),
                serde_json::Value::Object(map) => map.values().map(values).sum(),
                _ => 0,
            }
        }
        if let Ok(path) = Path::parse(&text) {
            let rows = path.rows(&input, MissingRows::AreNone).map_or(0, |rows| rows.len());
            prop_assert!(rows <= values(&input));
        }
    }
}
