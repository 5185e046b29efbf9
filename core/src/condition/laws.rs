//! What holds of all conditions.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{tests::now, *};
use crate::path::tests::any_json;

/// A test of one of the keys `a`, `b` and `c`, of operators that ask about a value (not whether there is one).
fn any_test() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec!["a", "b", "c", "c.*", "b[0]"]);
    let text = prop::sample::select(vec!["x", "1", "true", "2026-01-01"]);
    let op = prop::sample::select(vec![
        "is",
        "is_not",
        "any_of",
        "not_any_of",
        "contains",
        "not_contains",
        "matches",
        "gte",
        "lte",
        "gt",
        "lt",
        "older_than",
        "some",
    ]);
    (path, op, text).prop_map(|(path, op, text)| match op {
        "gte" | "lte" | "gt" | "lt" => json!({ "path": path, "op": op, "value": 1 }),
        "older_than" => json!({ "path": path, "op": op, "value": "1d" }),
        "some" => json!({ "path": path, "op": op, "where": [{ "path": "k", "op": "is_not", "value": text }] }),
        _ => json!({ "path": path, "op": op, "value": text }),
    })
}

fn any_conditions() -> impl Strategy<Value = Value> {
    let any = prop::collection::vec(prop::collection::vec(any_test(), 1..3), 1..3);
    let any = any.prop_map(|groups| json!({ "any": groups }));
    prop::collection::vec(prop_oneof![any_test(), any], 0..4).prop_map(Value::from)
}

/// A value that tests are likely to tell apart.
fn likely_value() -> impl Strategy<Value = Value> {
    let likely = vec![
        json!("x"),
        json!(1),
        json!("1"),
        json!(true),
        json!(["x", 1]),
        json!([{ "k": "x" }]),
        json!([]),
        json!("2026-01-01"),
        json!(0),
        json!({ "k": "y" }),
    ];
    prop::sample::select(likely)
}

proptest! {
    #[test]
    fn what_is_certain_stays_so_when_an_unknown_value_is_filled_in(
        conditions in any_conditions(),
        known in prop::collection::btree_map("[abc]", likely_value(), 0..3),
        filled in prop::collection::btree_map("[abc]", likely_value(), 0..4),
    ) {
        let conditions = Conditions::compile(&conditions, "").unwrap();
        let before: Value = Value::Object(known.clone().into_iter().collect());
        let after: Value = Value::Object(filled.into_iter().chain(known).collect());

        let before = conditions.truth(&before, Missing::IsUnknown, now());
        let after = conditions.truth(&after, Missing::IsUnknown, now());

        prop_assert!(before == Truth::Unknown || before == after, "{before:?} became {after:?}");
    }

    #[test]
    fn a_definition_never_meets_an_unknown(conditions in any_conditions(), input in any_json()) {
        let conditions = Conditions::compile(&conditions, "").unwrap();

        prop_assert_ne!(conditions.truth(&input, Missing::AsDocumented, now()), Truth::Unknown);
    }

    #[test]
    fn the_explained_result_is_the_result(conditions in any_conditions(), input in any_json()) {
        let conditions = Conditions::compile(&conditions, "").unwrap();
        for missing in [Missing::AsDocumented, Missing::IsUnknown] {
            let explained = conditions.evaluate(&input, missing, now());

            prop_assert_eq!(explained.truth, conditions.truth(&input, missing, now()));
        }
    }

    #[test]
    fn stored_conditions_are_read_as_the_same_conditions(conditions in any_conditions()) {
        let conditions = Conditions::compile(&conditions, "").unwrap();

        prop_assert_eq!(Conditions::compile(&conditions.to_value(), ""), Ok(conditions));
    }

    #[test]
    fn no_file_makes_compiling_fail(
        op in prop::sample::select(Operator::ALL.map(Operator::name).to_vec()),
        path in any::<String>(), value in any_json(), filter in any_json(), noise in any_json(), input in any_json(),
    ) {
        let _ = Conditions::compile(&noise, "");
        let file = json!([{ "path": path, "op": op, "value": value }, { "path": "a", "op": op, "where": filter }, { "any": noise }]);
        let _ = Conditions::compile(&file, "");
        if let Ok(condition) = Condition::compile(&json!({ "path": "a", "op": op, "value": value }), "") {
            let _ = condition.evaluate(&input, Missing::IsUnknown, now());
        }
    }

    #[test]
    fn negation_and_order_change_nothing_else(left in 0..3_usize, right in 0..3_usize) {
        let all = [Truth::True, Truth::False, Truth::Unknown];
        let (left, right) = (all[left], all[right]);

        prop_assert_eq!(left.and(right), right.and(left));
        prop_assert_eq!(left.or(right), right.or(left));
        prop_assert_eq!(left.and(right).not(), left.not().or(right.not()));
        prop_assert_eq!(left.not().not(), left);
    }
}
