//! What conditions mean, and which mistakes they can have.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

pub(super) fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn person() -> Value {
    json!({
        "state": "Active", "n": 5, "float": 2.5, "text_number": "10", "yes": true, "null": null, "blank": "",
        "list": [], "tags": ["eng", "Contractor", 7], "object": { "a": 1 },
        "licenses": [{ "plan": "pro", "active": false }, { "plan": "free", "active": true }, { "plan": "team", "active": true }],
        "seen": "2026-01-01T00:00:00Z", "seen_ms": 1_780_000_000_000_i64, "big": 9_007_199_254_740_993_i64,
    })
}

fn truth(condition: &Value, missing: Missing) -> Truth {
    let condition = Condition::compile(condition, "")
        .unwrap_or_else(|mistakes| panic!("{condition}: {mistakes:?}"));
    condition.truth(&person(), missing, now())
}

fn check(condition: Value, expect: bool) {
    assert_eq!(
        truth(&condition, Missing::AsDocumented),
        Truth::from(expect),
        "{condition}"
    );
}

#[test]
fn scalars_compare_as_a_human_writes_them() {
    check(
        json!({ "path": "state", "op": "is", "value": "Active" }),
        true,
    );
    check(
        json!({ "path": "state", "op": "is", "value": "active" }),
        false,
    );
    check(
        json!({ "path": "state", "op": "is", "value": "aCTIVE", "ignore_case": true }),
        true,
    );
    check(json!({ "path": "n", "op": "is", "value": "5" }), true);
    check(json!({ "path": "n", "op": "is", "value": 5.0 }), true);
    check(json!({ "path": "yes", "op": "is", "value": "true" }), true);
    check(
        json!({ "path": "yes", "op": "is_not", "value": true }),
        false,
    );
    check(
        json!({ "path": "big", "op": "is", "value": "9007199254740993" }),
        true,
    );
    check(json!({ "path": "blank", "op": "is", "value": "" }), true);
    check(json!({ "path": "tags", "op": "is", "value": "eng" }), false);
    check(
        json!({ "path": "tags", "op": "is_not", "value": "eng" }),
        true,
    );
}

#[test]
fn lists_of_wanted_values_are_lists_or_text_with_commas() {
    check(
        json!({ "path": "state", "op": "any_of", "value": ["x", "Active"] }),
        true,
    );
    check(
        json!({ "path": "state", "op": "any_of", "value": "x, Active" }),
        true,
    );
    check(
        json!({ "path": "state", "op": "any_of", "value": "x,active", "ignore_case": true }),
        true,
    );
    check(
        json!({ "path": "n", "op": "any_of", "value": [4, 5] }),
        true,
    );
    check(json!({ "path": "n", "op": "any_of", "value": 5 }), true);
    check(
        json!({ "path": "state", "op": "not_any_of", "value": ["x", "Active"] }),
        false,
    );
    check(
        json!({ "path": "tags", "op": "any_of", "value": ["eng"] }),
        true,
    );
    check(
        json!({ "path": "tags", "op": "not_any_of", "value": ["eng"] }),
        false,
    );
}

#[test]
fn text_contains_parts_and_arrays_contain_members() {
    check(
        json!({ "path": "state", "op": "contains", "value": "ctiv" }),
        true,
    );
    check(
        json!({ "path": "state", "op": "contains", "value": "CTIV" }),
        false,
    );
    check(
        json!({ "path": "state", "op": "contains", "value": "CTIV", "ignore_case": true }),
        true,
    );
    check(
        json!({ "path": "tags", "op": "contains", "value": "contractor" }),
        false,
    );
    check(
        json!({ "path": "tags", "op": "contains", "value": "contractor", "ignore_case": true }),
        true,
    );
    check(
        json!({ "path": "tags", "op": "contains", "value": "Contract" }),
        false,
    );
    check(
        json!({ "path": "tags", "op": "contains", "value": "7" }),
        true,
    );
    check(
        json!({ "path": "licenses.*.plan", "op": "contains", "value": "pro" }),
        true,
    );
    check(
        json!({ "path": "tags", "op": "not_contains", "value": "eng" }),
        false,
    );
    check(
        json!({ "path": "object", "op": "contains", "value": "a" }),
        false,
    );
}

#[test]
fn numbers_compare_with_numeric_text_and_with_nothing_else() {
    check(json!({ "path": "n", "op": "gte", "value": 5 }), true);
    check(json!({ "path": "n", "op": "gt", "value": 5 }), false);
    check(json!({ "path": "n", "op": "lte", "value": "5.0" }), true);
    check(json!({ "path": "n", "op": "lt", "value": 5.5 }), true);
    check(
        json!({ "path": "text_number", "op": "gte", "value": 9 }),
        true,
    );
    check(json!({ "path": "float", "op": "gt", "value": 2 }), true);
    check(
        json!({ "path": "big", "op": "gt", "value": 9_007_199_254_740_992_i64 }),
        true,
    );
    check(json!({ "path": "state", "op": "gte", "value": 0 }), false);
    check(json!({ "path": "state", "op": "lt", "value": 0 }), false);
    check(json!({ "path": "yes", "op": "gte", "value": 0 }), false);
    check(json!({ "path": "blank", "op": "gte", "value": 0 }), false);
}

#[test]
fn an_item_must_fit_all_of_where_by_itself() {
    let some = |plan: &str| {
        json!({ "path": "licenses", "op": "some", "where": [
            { "path": "plan", "op": "is", "value": plan },
            { "path": "active", "op": "is", "value": true },
        ] })
    };
    check(some("team"), true);
    check(some("pro"), false);
    check(
        json!({ "path": "object", "op": "some", "where": [{ "path": "a", "op": "is", "value": 1 }] }),
        false,
    );
    check(
        json!({ "path": "tags", "op": "some", "where": [{ "path": "@value", "op": "is", "value": "eng" }] }),
        true,
    );
}

#[test]
fn expressions_and_ages_are_about_text_and_times() {
    check(
        json!({ "path": "state", "op": "matches", "value": "^Act" }),
        true,
    );
    check(
        json!({ "path": "state", "op": "matches", "value": "^act" }),
        false,
    );
    check(
        json!({ "path": "state", "op": "matches", "value": "^act", "ignore_case": true }),
        true,
    );
    check(
        json!({ "path": "n", "op": "matches", "value": r"^\d$" }),
        true,
    );
    check(
        json!({ "path": "seen", "op": "older_than", "value": "90d" }),
        true,
    );
    check(
        json!({ "path": "seen", "op": "older_than", "value": "52w" }),
        false,
    );
    check(
        json!({ "path": "seen_ms", "op": "older_than", "value": "24h" }),
        true,
    );
    check(
        json!({ "path": "blank", "op": "older_than", "value": "1s" }),
        false,
    );
    check(
        json!({ "path": "state", "op": "older_than", "value": "1s" }),
        false,
    );
}

#[test]
fn only_negative_operators_match_a_missing_value_in_a_definition() {
    for path in ["gone", "null", "state.deeper"] {
        let check = |op: &str, value: Value, expect: bool| {
            check(json!({ "path": path, "op": op, "value": value }), expect)
        };

        check("is", json!("x"), false);
        check("is_not", json!("x"), true);
        check("any_of", json!(["x"]), false);
        check("not_any_of", json!(["x"]), true);
        check("contains", json!("x"), false);
        check("not_contains", json!("x"), true);
        check("gte", json!(0), false);
        check("lte", json!(0), false);
        check("gt", json!(0), false);
        check("lt", json!(0), false);
        check("matches", json!(".*"), false);
        check("older_than", json!("1s"), false);
        check("has_value", json!(null), false);
        check("is_empty", json!(null), true);
    }
    check(
        json!({ "path": "gone", "op": "some", "where": [{ "path": "a", "op": "is_not", "value": 1 }] }),
        false,
    );
}

#[test]
fn empty_text_and_empty_lists_are_no_value() {
    check(json!({ "path": "blank", "op": "has_value" }), false);
    check(json!({ "path": "list", "op": "has_value" }), false);
    check(json!({ "path": "list", "op": "is_empty" }), true);
    check(json!({ "path": "yes", "op": "has_value" }), true);
    check(json!({ "path": "object", "op": "has_value" }), true);
}

#[test]
fn in_the_lifecycle_what_is_missing_is_unknown() {
    let check = |condition: Value, expect: Truth| {
        assert_eq!(truth(&condition, Missing::IsUnknown), expect, "{condition}")
    };
    for path in ["gone", "null"] {
        for op in [
            "is",
            "is_not",
            "any_of",
            "not_any_of",
            "contains",
            "not_contains",
            "matches",
        ] {
            check(
                json!({ "path": path, "op": op, "value": "x" }),
                Truth::Unknown,
            );
        }
        check(
            json!({ "path": path, "op": "gte", "value": 1 }),
            Truth::Unknown,
        );
        check(
            json!({ "path": path, "op": "older_than", "value": "1d" }),
            Truth::Unknown,
        );
        check(
            json!({ "path": path, "op": "some", "where": [{ "path": "a", "op": "is", "value": 1 }] }),
            Truth::Unknown,
        );
        check(json!({ "path": path, "op": "has_value" }), Truth::False);
        check(json!({ "path": path, "op": "is_empty" }), Truth::True);
    }
    check(
        json!({ "path": "state", "op": "is", "value": "x" }),
        Truth::False,
    );
    check(
        json!({ "path": "state", "op": "is_not", "value": "x" }),
        Truth::True,
    );
    check(
        json!({ "path": "tags", "op": "is_not", "value": "eng" }),
        Truth::Unknown,
    );
    check(
        json!({ "path": "state", "op": "gte", "value": 1 }),
        Truth::Unknown,
    );
    check(
        json!({ "path": "licenses", "op": "some", "where": [{ "path": "seats", "op": "is", "value": 1 }] }),
        Truth::Unknown,
    );
}

#[test]
fn and_and_or_follow_kleene() {
    let yes = json!({ "path": "yes", "op": "is", "value": true });
    let no = json!({ "path": "yes", "op": "is", "value": false });
    let unknown = json!({ "path": "gone", "op": "is", "value": 1 });
    let check = |conditions: Value, expect: Truth| {
        let conditions = Conditions::compile(&conditions, "").unwrap();
        let explained = conditions.evaluate(&person(), Missing::IsUnknown, now());
        assert_eq!(explained.truth, expect);
        assert_eq!(
            conditions.truth(&person(), Missing::IsUnknown, now()),
            expect
        );
    };

    check(json!([]), Truth::True);
    check(json!([yes, unknown]), Truth::Unknown);
    check(json!([unknown, no]), Truth::False);
    check(json!([{ "any": [[no], [unknown]] }]), Truth::Unknown);
    check(json!([{ "any": [[unknown], [yes]] }]), Truth::True);
    check(json!([{ "any": [[no], [no, unknown]] }]), Truth::False);
    check(
        json!([yes, { "any": [[yes, unknown], [no]] }]),
        Truth::Unknown,
    );
}

#[test]
fn the_reason_of_a_result_is_every_test_with_what_it_found() {
    let conditions = json!([
        { "path": "state", "op": "is", "value": "LOCKED" },
        { "any": [[{ "path": "n", "op": "gte", "value": 5 }], [{ "path": "gone", "op": "has_value" }]] },
    ]);
    let conditions = Conditions::compile(&conditions, "").unwrap();

    let explained = conditions.evaluate(&person(), Missing::AsDocumented, now());

    let expect = json!({ "truth": "false", "why": [
        { "at": "[0]", "path": "state", "op": "is", "wanted": "LOCKED", "found": "Active", "truth": "false" },
        { "at": "[1].any[0][0]", "path": "n", "op": "gte", "wanted": 5, "found": 5, "truth": "true" },
        { "at": "[1].any[1][0]", "path": "gone", "op": "has_value", "wanted": null, "found": null, "truth": "false" },
    ] });
    assert_eq!(serde_json::to_value(&explained).unwrap(), expect);
    let masked = explained.without_values();
    assert!(masked.why.iter().all(|why| why.found.is_none()));
}

#[test]
fn a_where_can_use_kept_values() {
    let kept = json!({ "site": "s1" });
    let input = json!({ "a": 1 });
    let condition =
        Condition::compile(&json!({ "path": "$site", "op": "is", "value": "s1" }), "").unwrap();

    let scope = crate::path::Scope::of(&input).with_kept(kept.as_object().unwrap());

    assert!(
        condition
            .truth(scope, Missing::AsDocumented, now())
            .is_true()
    );
}

#[test]
fn conditions_are_stored_as_they_were_written() {
    let file = json!([
        { "path": "a", "op": "any_of", "value": ["x", 1], "ignore_case": true },
        { "path": "b", "op": "has_value" },
        { "path": "c", "op": "some", "where": [{ "path": "d", "op": "is", "value": true }] },
        { "any": [[{ "path": "e", "op": "older_than", "value": "90d" }], [{ "path": "f", "op": "matches", "value": "x+" }]] },
    ]);
    let conditions: Conditions = serde_json::from_value(file.clone()).unwrap();

    let stored = serde_json::to_value(&conditions).unwrap();

    assert_eq!(stored, file);
    assert_eq!(
        serde_json::from_value::<Conditions>(stored).unwrap(),
        conditions
    );
    let paths: Vec<String> = conditions.paths().map(Path::to_string).collect();
    assert_eq!(paths, ["a", "b", "c", "e", "f"]);
}

fn mistakes_of(file: &Value) -> String {
    let mistakes = Conditions::compile(file, "when").unwrap_err();
    mistake::in_lines(&mistakes)
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let check =
        |condition: Value, expect: &str| assert_eq!(mistakes_of(&json!([condition])), expect);

    check(
        json!("x"),
        "when[0]: must be a condition: `path`, `op` and `value`, or `any`",
    );
    check(
        json!({ "path": "a", "op": "is", "vlaue": 1, "value": 1 }),
        "when[0].vlaue: unknown key `vlaue`, did you mean `value`?",
    );
    check(
        json!({ "path": "a", "op": "contain", "value": 1 }),
        "when[0].op: unknown operator `contain`, did you mean `contains`?",
    );
}

#[test]
fn a_value_that_does_not_suit_its_operator_is_a_mistake() {
    let check =
        |condition: Value, expect: &str| assert_eq!(mistakes_of(&json!([condition])), expect);

    check(
        json!({ "path": "a", "op": "is" }),
        "when[0].value: `is` needs a `value`",
    );
    check(
        json!({ "path": "a", "op": "is", "value": [1] }),
        "when[0].value: must be one value; for a list there is `any_of`",
    );
    check(
        json!({ "path": "a", "op": "is", "value": {} }),
        "when[0].value: must be a text, a number or true or false",
    );
    check(
        json!({ "path": "a", "op": "gte", "value": "x" }),
        "when[0].value: must be a number",
    );
    check(
        json!({ "path": "a", "op": "has_value", "value": 1 }),
        "when[0].value: `has_value` takes no `value`",
    );
    check(
        json!({ "path": "a", "op": "contains", "value": "" }),
        "when[0].value: every text contains the empty text",
    );
    check(
        json!({ "path": "a", "op": "any_of", "value": [] }),
        "when[0].value: must be a list of texts or numbers, or text with commas, and not empty",
    );
    check(
        json!({ "path": "a", "op": "older_than", "value": "3wd" }),
        "when[0].value: must be a duration such as `90d`, in s, m, h, d or w",
    );
    check(
        json!({ "path": "a", "op": "gte", "value": 1, "ignore_case": true }),
        "when[0].ignore_case: `gte` compares no text",
    );
    check(
        json!({ "path": "a", "op": "is", "value": 1, "where": [] }),
        "when[0].where: `where` belongs to `some` only",
    );
    check(
        json!({ "path": "a..b", "op": "is" }),
        "when[0].path: a name is missing at character 3\nwhen[0].value: `is` needs a `value`",
    );
    check(
        json!({}),
        "when[0].path: a condition needs a `path`, as text\nwhen[0].op: a condition needs an `op`, as text",
    );
}

#[test]
fn nesting_is_as_deep_as_documented() {
    let leaf = json!({ "path": "a", "op": "is", "value": 1 });
    let some = |inner: &Value| json!({ "path": "a", "op": "some", "where": [inner] });
    let any = |inner: &Value| json!({ "any": [[inner]] });

    assert_eq!(
        mistakes_of(&json!([some(&some(&leaf))])),
        "when[0].where[0].op: `some` cannot stand in the `where` of another",
    );
    assert_eq!(
        mistakes_of(&json!([some(&any(&leaf))])),
        "when[0].where[0].any: `any` cannot stand in `where`"
    );
    assert_eq!(
        mistakes_of(&json!([{ "any": [[]] }])),
        "when[0].any[0]: an empty list would always hold"
    );
    assert_eq!(
        mistakes_of(&json!([{ "any": [[leaf]], "op": "is" }])),
        "when[0].op: cannot stand beside `any`"
    );
    assert_eq!(
        mistakes_of(&json!({})),
        "when: must be a list of conditions"
    );
    let deep = (0..200).fold(leaf.clone(), |inner, _| any(&inner));
    assert!(mistakes_of(&json!([deep])).ends_with("`any` is nested too deeply"));
    assert!(Conditions::compile(&json!([any(&any(&some(&leaf)))]), "").is_ok());
}

#[test]
fn a_regular_expression_is_bounded() {
    let check = |pattern: String, expect: &str| {
        let mistakes = mistakes_of(&json!([{ "path": "a", "op": "matches", "value": pattern }]));
        assert!(mistakes.contains(expect), "{mistakes}");
    };

    check("(".to_owned(), "not a regular expression");
    check("a".repeat(1_001), "at most 1000 bytes");
    check(
        "((a{100}){100}){100}".to_owned(),
        "the regular expression is too large",
    );
    check(
        format!("{}a{}", "(".repeat(200), ")".repeat(200)),
        "not a regular expression",
    );
}

#[test]
fn what_was_found_does_not_get_into_logs() {
    let condition = json!({ "path": "state", "op": "is", "value": "x" });
    let explained = Condition::compile(&condition, "").unwrap().evaluate(
        &person(),
        Missing::AsDocumented,
        now(),
    );

    assert!(!format!("{explained:?}").contains("Active"));
    assert!(explained.why[0].found.is_some());
}
