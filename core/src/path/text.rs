//! JSON values as a human would write them.

use std::borrow::Cow;

use serde_json::{Number, Value};

/// The largest float that is certainly the whole number it looks like (2^53).
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A scalar as a human would write it (`1`, `true`, the text itself): what values are compared and filled in as.
///
/// `None` for null, arrays and objects.
pub fn of_scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Number(number) => Some(Cow::Owned(of_number(number))),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whole numbers keep all their digits; `1.0` is `1`; nothing has an exponent.
fn of_number(number: &Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(0.0) => "0".to_owned(),
        Some(float) if float.fract() == 0.0 && float.abs() <= LARGEST_EXACT => {
            format!("{float:.0}")
        }
        Some(float) => float.to_string(),
        None => number.to_string(),
    }
}

/// Whether there is something: not null, not empty text, not an empty array.
pub fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_written_as_a_human_writes_them() {
        let check = |value: Value, expect: Option<&str>| {
            assert_eq!(of_scalar(&value).as_deref(), expect, "{value}")
        };

        check(json!(true), Some("true"));
        check(json!(1), Some("1"));
        check(json!(1.0), Some("1"));
        check(json!(-0.0), Some("0"));
        check(json!(0.5), Some("0.5"));
        check(json!(1e21), Some("1000000000000000000000"));
        check(
            json!(18_446_744_073_709_551_615_u64),
            Some("18446744073709551615"),
        );
        check(
            json!(-9_223_372_036_854_775_808_i64),
            Some("-9223372036854775808"),
        );
        check(json!(" a "), Some(" a "));
        check(json!(null), None);
        check(json!([1]), None);
        check(json!({}), None);
    }
}
