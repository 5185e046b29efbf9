//! Attribute paths of a new user: `name.givenName`, `emails[type=work].value`, `urn:…:User:department`.

use serde_json::{Map, Value};

/// One step of an attribute path.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    /// The item whose field has this text; made if there is none.
    Item {
        field: String,
        text: String,
    },
}

/// Why a text is no attribute path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no attribute of a user")]
pub(super) struct NoAttribute(String);

/// Sets the attribute at a path; an array or object on the way is made.
pub(super) fn set(
    user: &mut Map<String, Value>,
    path: &str,
    value: Value,
) -> Result<(), NoAttribute> {
    let wrong = || NoAttribute(path.to_owned());
    let steps = parse(path).ok_or_else(wrong)?;
    let Some((Step::Key(first), rest)) = steps.split_first() else {
        return Err(wrong());
    };
    let value = typed(&steps, value);
    put(
        user.entry(first.clone()).or_insert(Value::Null),
        rest,
        value,
    )
    .ok_or_else(wrong)
}

/// The extension schema that a path belongs to.
pub(super) fn schema(path: &str) -> Option<&str> {
    split_urn(path).map(|(schema, _)| schema)
}

/// Flags may be written as text in a template.
fn typed(steps: &[Step], value: Value) -> Value {
    let is_flag =
        matches!(steps.last(), Some(Step::Key(key)) if key == "primary" || key == "active");
    match value.as_str() {
        Some("true") if is_flag => Value::Bool(true),
        Some("false") if is_flag => Value::Bool(false),
        _ => value,
    }
}

fn put(place: &mut Value, steps: &[Step], value: Value) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        *place = value;
        return Some(());
    };
    match step {
        Step::Key(key) => {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            let next = place
                .as_object_mut()?
                .entry(key.clone())
                .or_insert(Value::Null);
            put(next, rest, value)
        }
        Step::Item { field, text } => {
            if place.is_null() {
                *place = Value::Array(Vec::new());
            }
            let items = place.as_array_mut()?;
            let has = |item: &Value| item.get(field).and_then(Value::as_str) == Some(text);
            if !items.iter().any(has) {
                let item = Map::from_iter([(field.clone(), Value::from(text.as_str()))]);
                items.push(Value::Object(item));
            }
            put(items.iter_mut().find(|item| has(item))?, rest, value)
        }
    }
}

fn parse(path: &str) -> Option<Vec<Step>> {
    let (mut steps, rest) = match split_urn(path) {
        Some((schema, rest)) => (vec![Step::Key(schema.to_owned())], rest),
        None => (Vec::new(), path),
    };
    for part in rest.split('.') {
        let (name, filter) = match part.split_once('[') {
            Some((name, filter)) => (name, Some(filter.strip_suffix(']')?)),
            None => (part, None),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
        if name.is_empty() || !name.chars().all(fits) {
            return None;
        }
        steps.push(Step::Key(name.to_owned()));
        if let Some(filter) = filter {
            let (field, text) = filter
                .split_once(" eq ")
                .or_else(|| filter.split_once('='))?;
            steps.push(Step::Item {
                field: field.trim().to_owned(),
                text: text.trim().trim_matches('"').to_owned(),
            });
        }
    }
    Some(steps)
}

/// `urn:…:2.0:User:department` is the attribute `department` of the schema before it.
fn split_urn(path: &str) -> Option<(&str, &str)> {
    let is_urn = path.get(..4)?.eq_ignore_ascii_case("urn:");
    path.rsplit_once(':').filter(|_| is_urn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_put_where_their_paths_say() {
        let mut user = Map::new();
        for (path, value) in [
            ("userName", "ada"),
            ("name.givenName", "Ada"),
            ("name.familyName", "Park"),
            ("emails[type=work].value", "ada@contoso.example"),
            ("emails[type=work].primary", "true"),
            ("emails[type eq \"home\"].value", "ada@mail.example"),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                "R&D",
            ),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
                "7",
            ),
        ] {
            set(&mut user, path, json!(value)).unwrap();
        }

        assert_eq!(
            Value::Object(user),
            json!({
                "userName": "ada",
                "name": {"givenName": "Ada", "familyName": "Park"},
                "emails": [
                    {"type": "work", "value": "ada@contoso.example", "primary": true},
                    {"type": "home", "value": "ada@mail.example"},
                ],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "department": "R&D", "manager": {"value": "7"},
                },
            })
        );
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        for path in [
            "",
            "a..b",
            "a[b",
            "a[b]",
            "[a=b]",
            "a b",
            "urn:x:",
            "a.b.[c=d]",
        ] {
            assert!(set(&mut Map::new(), path, json!(1)).is_err(), "{path}");
        }
        let mut user = Map::from_iter([("a".to_owned(), json!("text"))]);
        assert!(set(&mut user, "a.b", json!(1)).is_err());
    }
}
