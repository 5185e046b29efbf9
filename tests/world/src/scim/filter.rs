//! The part of SCIM's filter language that this application knows: `a eq "x" and b eq true`.

use serde_json::Value;

use super::path::{AttributePath, Attributes};

/// Comparisons that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter(Vec<Comparison>);

#[derive(Clone, Debug, PartialEq)]
struct Comparison {
    path: AttributePath,
    wanted: Value,
}

impl Filter {
    /// Reads a filter; `None` if it is malformed or needs more than `eq` and `and`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut comparisons = Vec::new();
        loop {
            let (comparison, after) = comparison(rest)?;
            comparisons.push(comparison);
            if after.is_empty() {
                return Some(Self(comparisons));
            }
            let (word, after) = word(after)?;
            if !word.eq_ignore_ascii_case("and") {
                return None;
            }
            rest = after;
        }
    }

    /// Whether a resource, or an element of a multi-valued attribute, passes.
    pub(super) fn accepts(&self, attributes: &Attributes) -> bool {
        self.0.iter().all(|comparison| comparison.holds(attributes))
    }

    /// The attributes an element must have to pass.
    pub(super) fn implied(&self) -> Attributes {
        let named = self.0.iter().filter_map(|comparison| {
            let name = comparison.path.names().first()?;
            Some((name.clone(), comparison.wanted.clone()))
        });
        named.collect()
    }
}

impl Comparison {
    fn holds(&self, attributes: &Attributes) -> bool {
        let exact = self
            .path
            .names()
            .last()
            .is_some_and(|name| is_case_exact(name));
        let values = self.path.values(attributes);
        values
            .into_iter()
            .any(|value| equal(value, &self.wanted, exact))
    }
}

fn equal(value: &Value, wanted: &Value, exact: bool) -> bool {
    match (value, wanted) {
        (Value::String(value), Value::String(wanted)) if !exact => {
            value.to_lowercase() == wanted.to_lowercase()
        }
        _ => value == wanted,
    }
}

/// `id` and `externalId` are case-exact (RFC 7643, section 3.1), and so are members' values.
fn is_case_exact(name: &str) -> bool {
    ["id", "externalId"]
        .iter()
        .any(|exact| exact.eq_ignore_ascii_case(name))
}

fn comparison(text: &str) -> Option<(Comparison, &str)> {
    let (path, rest) = word(text)?;
    let (operator, rest) = word(rest)?;
    if !operator.eq_ignore_ascii_case("eq") {
        return None;
    }
    let (wanted, rest) = literal(rest)?;
    let path = AttributePath::parse(path)?;
    Some((Comparison { path, wanted }, rest.trim_start()))
}

fn word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.trim_start().split_once(' ')?;
    (!word.is_empty()).then_some((word, rest.trim_start()))
}

/// A JSON string, number, boolean or null at the start of the text.
fn literal(text: &str) -> Option<(Value, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    if value.is_object() || value.is_array() {
        return None;
    }
    text.get(values.byte_offset()..).map(|rest| (value, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(filter: &str, expected: bool) {
        let user = json!({
            "id": "7", "userName": "Ada@x.example", "externalId": "per_A", "active": true,
            "emails": [{ "value": "ada@home.example" }, { "value": "ada@x.example", "type": "work" }],
        });
        let accepted = Filter::parse(filter)
            .unwrap()
            .accepts(user.as_object().unwrap());
        assert_eq!(accepted, expected, "{filter}");
    }

    #[test]
    fn values_are_compared_as_their_schema_says() {
        check(r#"userName eq "ada@X.example""#, true);
        check(r#"USERNAME EQ "ada@x.example" AND active eq true"#, true);
        check(r#"externalId eq "per_a""#, false);
        check(r#"externalId eq "per_A" and userName eq "bo""#, false);
        check(r#"emails.value eq "ada@home.example""#, true);
        check(r#"emails eq "ada@x.example""#, true);
        check(r#"userName eq "a \"quoted\" name""#, false);
        check("active eq false", false);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for filter in [
            "userName",
            "userName co \"a\"",
            "userName eq a",
            "userName eq \"a\" or id eq \"b\"",
            "",
        ] {
            assert_eq!(Filter::parse(filter), None, "{filter}");
        }
    }
}
