//! Attribute paths: `userName`, `name.givenName`, `urn:…:User:department`, case-insensitive.

use serde_json::{Map, Value};

/// Users' core schema.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// Groups' core schema.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of users.
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A JSON object.
pub(super) type Attributes = Map<String, Value>;

/// The names that lead to an attribute, extension first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AttributePath(Vec<String>);

impl AttributePath {
    /// Splits at dots, after taking off a schema's URN.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mut names, rest) = split_urn(text);
        if !rest.is_empty() {
            names.extend(rest.split('.').map(str::to_owned));
        }
        let fine = !names.is_empty() && names.iter().all(|name| is_name(name));
        fine.then_some(Self(names))
    }

    /// The names from the outside in.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }

    /// The first name, and a path of the others.
    pub(super) fn split_first(&self) -> Option<(&str, Option<Self>)> {
        let (first, rest) = self.0.split_first()?;
        Some((first, (!rest.is_empty()).then(|| Self(rest.to_vec()))))
    }

    /// Every value the path leads to; arrays are looked through, complex ones end at `value`.
    pub(super) fn values<'a>(&self, root: &'a Attributes) -> Vec<&'a Value> {
        let Some((first, rest)) = self.0.split_first() else {
            return Vec::new();
        };
        let mut found: Vec<&Value> = field(root, first).into_iter().collect();
        for name in rest {
            found = found
                .into_iter()
                .flat_map(elements)
                .filter_map(|value| field(value.as_object()?, name))
                .collect();
        }
        let ends = found.into_iter().flat_map(elements);
        ends.map(|value| {
            value
                .as_object()
                .and_then(|object| field(object, "value"))
                .unwrap_or(value)
        })
        .collect()
    }
}

/// The value itself, or an array's elements.
fn elements(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |list| list.iter().collect())
}

/// An attribute whatever its case.
pub(super) fn field<'a>(object: &'a Attributes, name: &str) -> Option<&'a Value> {
    object.get(&key_of(object, name))
}

/// The key under which an attribute is, or would be, stored.
pub(super) fn key_of(object: &Attributes, name: &str) -> String {
    let known = object.keys().find(|key| key.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_owned(), Clone::clone)
}

fn split_urn(text: &str) -> (Vec<String>, &str) {
    for (urn, kept) in [(USER, false), (GROUP, false), (ENTERPRISE, true)] {
        let Some(head) = text.get(..urn.len()) else {
            continue;
        };
        if head.eq_ignore_ascii_case(urn) {
            let rest = text.get(urn.len()..).unwrap_or_default();
            let rest = rest.strip_prefix(':').unwrap_or(rest);
            let names = if kept {
                vec![urn.to_owned()]
            } else {
                Vec::new()
            };
            return (names, rest);
        }
    }
    (Vec::new(), text)
}

fn is_name(name: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "-_$".contains(letter);
    name == ENTERPRISE || (!name.is_empty() && name.chars().all(letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(AttributePath::parse(text).unwrap().names(), expected);
    }

    #[test]
    fn schema_names_are_taken_off_paths() {
        check("name.givenName", &["name", "givenName"]);
        check(&format!("{USER}:userName"), &["userName"]);
        check(
            &format!("{ENTERPRISE}:manager.value"),
            &[ENTERPRISE, "manager", "value"],
        );
        check(ENTERPRISE, &[ENTERPRISE]);
    }

    #[test]
    fn nonsense_is_no_path() {
        for text in ["", "a..b", "a b", "name]"] {
            assert_eq!(AttributePath::parse(text), None, "{text}");
        }
    }
}
