//! Values as they stand in a user: texts, addresses, times, custom fields by their types.

use serde_json::{Number, Value};

use crate::{
    app::CustomField,
    moment::Moment,
    path::{has_value, of_scalar},
};

/// The text of a value: a scalar, or several with commas. `None` for nothing, for empty text and for objects.
pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Array(items) => {
            let texts: Vec<_> = items
                .iter()
                .filter_map(of_scalar)
                .filter(|text| !text.is_empty())
                .collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        other => of_scalar(&other).map(std::borrow::Cow::into_owned),
    }
}

/// What a value says about an address.
pub(super) enum Email {
    None,
    Invalid,
    Valid(String),
}

/// Reads an address: trimmed, its case kept.
pub(super) fn email(value: Option<&Value>) -> Email {
    let Some(value) = value.filter(|value| has_value(value)) else {
        return Email::None;
    };
    let Value::String(text) = value else {
        return Email::Invalid;
    };
    match text.trim() {
        "" => Email::None,
        text if is_address(text) => Email::Valid(text.to_owned()),
        _ => Email::Invalid,
    }
}

/// Whether a text is one email address and nothing else.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_local = |letter: char| {
        !letter.is_whitespace()
            && !letter.is_control()
            && !matches!(
                letter,
                '@' | ',' | ';' | ':' | '<' | '>' | '(' | ')' | '"' | '\\' | '[' | ']'
            )
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_')
    };
    text.len() <= 254
        && !local.is_empty()
        && local.len() <= 64
        && local.chars().all(is_local)
        && domain.split('.').all(is_label)
}

/// A time as it is printed: UTC. `Ok(None)` for never, `Err` for what is no time.
pub(super) fn time(value: &Value) -> Result<Option<String>, ()> {
    let moment = Moment::read(value).map_err(|_| ())?;
    Ok(moment.timestamp().map(|timestamp| timestamp.to_string()))
}

/// A value of a custom field. `Ok(None)` for no value, `Err` says what it should have been.
pub(super) fn field(
    value: &Value,
    kind: Option<CustomField>,
) -> Result<Option<Value>, &'static str> {
    if !has_value(value) {
        return Ok(None);
    }
    match kind {
        None => match value {
            Value::Array(items) => texts(items),
            other => scalar(other),
        },
        Some(CustomField::Text) => scalar(value),
        Some(CustomField::User) => user(value),
        Some(CustomField::Number) => number(value),
        Some(CustomField::Email) => match email(Some(value)) {
            Email::None => Ok(None),
            Email::Invalid => Err("an email address"),
            Email::Valid(address) => Ok(Some(Value::String(address))),
        },
        Some(CustomField::Date) => Moment::read(value)
            .map(|moment| moment.print().map(Value::String))
            .map_err(|_| "a date"),
        Some(CustomField::MultiValue) => match value {
            Value::Array(items) => texts(items),
            other => {
                let text = of_scalar(other).ok_or("several texts")?;
                Ok(Some(Value::Array(vec![Value::String(text.into_owned())])))
            }
        },
    }
}

fn scalar(value: &Value) -> Result<Option<Value>, &'static str> {
    let text = of_scalar(value).ok_or("a text")?;
    Ok((!text.is_empty()).then(|| Value::String(text.into_owned())))
}

/// A user: an address, or an id, which is a whole number or one word without `@`.
fn user(value: &Value) -> Result<Option<Value>, &'static str> {
    const WANTED: &str = "the address or id of a user";
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => return Err(WANTED),
    };
    let is_part = |letter: char| letter != '@' && !letter.is_whitespace() && !letter.is_control();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().all(is_part) || is_address(&text) {
        return Ok(Some(Value::String(text)));
    }
    Err(WANTED)
}

fn texts(items: &[Value]) -> Result<Option<Value>, &'static str> {
    let mut texts = Vec::with_capacity(items.len());
    for item in items.iter().filter(|item| has_value(item)) {
        let text = of_scalar(item).ok_or("several texts")?;
        texts.push(Value::String(text.into_owned()));
    }
    Ok((!texts.is_empty()).then_some(Value::Array(texts)))
}

fn number(value: &Value) -> Result<Option<Value>, &'static str> {
    match value {
        Value::Number(_) => Ok(Some(value.clone())),
        Value::String(text) => {
            let text = text.trim();
            if text.is_empty() {
                return Ok(None);
            }
            let number = text
                .parse::<i64>()
                .map(Number::from)
                .or_else(|_| text.parse::<u64>().map(Number::from))
                .ok()
                .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
            number
                .map(|number| Some(Value::Number(number)))
                .ok_or("a number")
        }
        _ => Err("a number"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        let check = |text: &str, expect: bool| assert_eq!(is_address(text), expect, "{text}");

        check("ada@contoso.example", true);
        check("Ada.Park+x@Contoso.Example", true);
        check("jürgen@bücher.example", true);
        check("noreply@00dxx", true);
        check("ada", false);
        check("@contoso.example", false);
        check("ada@", false);
        check("ada@contoso..example", false);
        check("ada park@contoso.example", false);
        check("a@b@c.example", false);
        check("a@x.example,b@x.example", false);
        check("Ada <ada@contoso.example>", false);
        check("ada@contoso.example\u{0}", false);
    }

    #[test]
    fn custom_fields_take_the_type_of_the_application() {
        use CustomField::{Date, MultiValue, Number, Text};
        let check = |value: Value, kind: Option<CustomField>, expect: Result<Option<Value>, ()>| {
            assert_eq!(
                field(&value, kind).map_err(|_| ()),
                expect,
                "{value} {kind:?}"
            );
        };

        check(json!("R7"), None, Ok(Some(json!("R7"))));
        check(json!(7), Some(Text), Ok(Some(json!("7"))));
        check(json!({"a": 1}), Some(Text), Err(()));
        check(json!(""), Some(Number), Ok(None));
        check(json!(" 1.50 "), Some(Number), Ok(Some(json!(1.5))));
        check(json!(7), Some(Number), Ok(Some(json!(7))));
        check(json!("seven"), Some(Number), Err(()));
        check(json!(true), Some(Number), Err(()));
        check(json!("inf"), Some(Number), Err(()));
        check(
            json!("2026-01-05"),
            Some(Date),
            Ok(Some(json!("2026-01-05"))),
        );
        check(
            json!("2026-01-05 09:00:00"),
            Some(Date),
            Ok(Some(json!("2026-01-05T09:00:00Z"))),
        );
        check(json!("soon"), Some(Date), Err(()));
        check(
            json!(["a", 1, null]),
            Some(MultiValue),
            Ok(Some(json!(["a", "1"]))),
        );
        check(json!("a"), Some(MultiValue), Ok(Some(json!(["a"]))));
        check(json!([{"a": 1}]), Some(MultiValue), Err(()));
        check(
            json!("a@b.example"),
            Some(CustomField::Email),
            Ok(Some(json!("a@b.example"))),
        );
        check(json!("nobody"), Some(CustomField::Email), Err(()));
    }

    #[test]
    fn a_user_is_an_address_or_an_id() {
        let check = |value: Value, expect: Result<Option<&str>, &str>| {
            let expect = expect.map(|text| text.map(Value::from));
            assert_eq!(field(&value, Some(CustomField::User)), expect, "{value}");
        };
        let wrong = Err("the address or id of a user");

        check(json!(" Ada@b.example "), Ok(Some("Ada@b.example")));
        check(json!("auth0|5f7c"), Ok(Some("auth0|5f7c")));
        check(json!(42), Ok(Some("42")));
        check(json!(" "), Ok(None));
        check(json!("Ada Park"), wrong);
        check(json!("ada@"), wrong);
        check(json!("a@b.example, c@b.example"), wrong);
        check(json!(1.5), wrong);
        check(json!(true), wrong);
        check(json!(["a@b.example"]), wrong);
    }
}
