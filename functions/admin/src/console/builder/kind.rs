//! Fields of the wizard: where each stands in a definition, and how it is filled in. What a value may look like is taken
//! from the definition's own schema, so that form and file cannot disagree.

use std::sync::LazyLock;

use sando_core::definition::schema;
use serde_json::Value;

use crate::console::words;

/// How a value is filled in.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    /// A line of text.
    Text,
    /// Text of several lines.
    Prose,
    /// A path into a user; an object in YAML on one line makes it an expression.
    Expression,
    /// A number.
    Number,
    /// Yes or no, and what it is if nothing is said.
    Flag(bool),
    /// One of some words; empty where nothing is said.
    Choice(Vec<String>),
    /// Texts, one a line.
    Lines,
    /// Anything, as YAML.
    Yaml,
    /// Conditions, one a row.
    Conditions,
    /// Named groups of conditions; the key of the name.
    Groups(&'static str),
    /// Set now, or asked when connecting.
    Later,
    /// Headers or parameters, each set now or asked when connecting.
    Pairs,
    /// When something is, relative to the first day; what it is if nothing is said.
    Delivery(&'static str),
    /// May a request be repeated?
    Repeat,
    /// Values with what each is also called.
    Aliases,
}

/// One field of the wizard.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Where it stands, as a JSON pointer.
    pub(super) at: String,
    /// What to call it.
    pub(super) label: String,
    /// What to know about it.
    pub(super) hint: String,
    /// How it is filled in.
    pub(super) kind: Kind,
}

impl Field {
    /// A field with the words for its place.
    pub(super) fn new(at: impl Into<String>, kind: Kind) -> Self {
        let at = at.into();
        let (label, hint) = words::builder_field(&at);
        Self {
            label: label.map_or_else(|| named(&at), str::to_owned),
            hint: hint.to_owned(),
            at,
            kind,
        }
    }

    /// A field whose words come from elsewhere.
    pub(super) fn called(at: String, kind: Kind, label: String, hint: String) -> Self {
        Self {
            at,
            label,
            hint,
            kind,
        }
    }

    /// The place as mistakes name it.
    pub(super) fn dotted(&self) -> String {
        super::place::dotted(&self.at)
    }
}

fn named(at: &str) -> String {
    let key = at.rsplit('/').next().unwrap_or(at).replace('_', " ");
    let mut chars = key.chars();
    let first = chars
        .next()
        .map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}", first.unwrap_or_default(), chars.as_str())
}

/// The schema of definitions.
static SCHEMA: LazyLock<Value> = LazyLock::new(schema);

/// What the schema says about a place; `auth` is told apart by its type.
pub(super) fn described(at: &str, auth: &str) -> Option<&'static Value> {
    let mut here: &'static Value = &SCHEMA;
    for key in at.split('/').skip(1) {
        here = resolved(here);
        if let Some(kinds) = here.get("oneOf").and_then(Value::as_array) {
            let is_ours = |kind: &&Value| {
                kind.pointer("/properties/type/const")
                    .is_some_and(|c| c == auth)
            };
            here = kinds.iter().find(is_ours)?;
        }
        let inner = here.get("properties").and_then(|all| all.get(key));
        let other = || {
            here.get("additionalProperties")
                .filter(|all| all.is_object())
        };
        here = inner.or_else(other)?;
    }
    Some(resolved(here))
}

fn resolved(node: &'static Value) -> &'static Value {
    let reference = node.get("$ref").and_then(Value::as_str);
    let found = reference.and_then(|to| SCHEMA.pointer(to.trim_start_matches('#')));
    found.unwrap_or(node)
}

/// The keys of a type of `auth`, in the order of the schema.
pub(super) fn keys_of_auth(auth: &str) -> Vec<&'static str> {
    let kinds = SCHEMA
        .pointer("/$defs/auth/oneOf")
        .and_then(Value::as_array);
    let ours = kinds.into_iter().flatten().find(|kind| {
        kind.pointer("/properties/type/const")
            .is_some_and(|c| c == auth)
    });
    let all = ours.and_then(|kind| kind.get("properties")?.as_object());
    let keys = all.into_iter().flat_map(|all| all.keys());
    keys.map(String::as_str)
        .filter(|key| *key != "type")
        .collect()
}

/// The keys of `auth` that most applications need, in the order of their documentation.
const AUTH_FIRST: &[&str] = &[
    "authorization_url",
    "token_url",
    "scopes",
    "refresh_token",
    "authorize_params",
    "token_params",
    "refresh_params",
    "pkce",
];

/// The keys of `auth` that few applications need.
const AUTH_RARE: &[&str] = &[
    "scope_separator",
    "refresh_url",
    "client_auth",
    "token_body",
    "grant_type",
    "keep",
    "expires_in_secs",
    "send",
];

/// The keys of pagination that few lists need.
const PAGING_RARE: &[&str] = &[
    "step",
    "end_values",
    "has_more_path",
    "total_path",
    "total_pages_path",
    "when",
    "stop",
    "send",
    "continue",
];

/// The keys of a type of `auth`: those that are usual, and those that are rare.
pub(super) fn parted_auth(auth: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let mut keys = keys_of_auth(auth);
    let place = |key: &&str| AUTH_FIRST.iter().position(|first| first == key);
    keys.sort_by_key(|key| place(key).unwrap_or(AUTH_FIRST.len()));
    parted(keys, AUTH_RARE)
}

/// The keys of a style of pagination: those that are usual, and those that are rare.
pub(super) fn parted_paging(keys: Vec<&'static str>) -> (Vec<&'static str>, Vec<&'static str>) {
    parted(keys, PAGING_RARE)
}

fn parted(keys: Vec<&'static str>, rare: &[&str]) -> (Vec<&'static str>, Vec<&'static str>) {
    keys.into_iter().partition(|key| !rare.contains(key))
}

/// The types of `auth`.
pub(super) fn types_of_auth() -> Vec<String> {
    let kinds = SCHEMA
        .pointer("/$defs/auth/oneOf")
        .and_then(Value::as_array);
    let kinds = kinds.into_iter().flatten();
    kinds
        .filter_map(|kind| {
            kind.pointer("/properties/type/const")?
                .as_str()
                .map(str::to_owned)
        })
        .collect()
}

/// How a value that the schema describes is filled in.
pub(super) fn kind_of(node: &Value) -> Kind {
    let words = |node: &Value| -> Option<Vec<String>> {
        let all = node.get("enum")?.as_array()?;
        Some(
            all.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        )
    };
    if let Some(words) = words(node) {
        return Kind::Choice(words);
    }
    match node.get("type").and_then(Value::as_str) {
        Some("string") => return Kind::Text,
        Some("boolean") => return Kind::Flag(node.get("default") == Some(&Value::Bool(true))),
        Some("integer" | "number") => return Kind::Number,
        Some("array") => {
            let item = node.get("items");
            let is_text = item
                .and_then(|item| item.get("type"))
                .is_some_and(|kind| kind == "string");
            let is_named = item
                .and_then(|item| item.pointer("/properties/prefix"))
                .is_some();
            return match (is_text, is_named) {
                (true, _) => Kind::Lines,
                (_, true) => Kind::Pairs,
                _ => Kind::Yaml,
            };
        }
        _ => {}
    }
    let any = node.get("anyOf").and_then(Value::as_array);
    let any = any.map(Vec::as_slice).unwrap_or_default();
    let is_later = any
        .iter()
        .any(|one| one.get("const").is_some_and(|c| c == "later"));
    let has_texts = any.iter().any(|one| matches!(kind_of(one), Kind::Lines));
    match (is_later, has_texts) {
        (true, _) => Kind::Later,
        (_, true) => Kind::Lines,
        _ => Kind::Yaml,
    }
}

#[cfg(test)]
mod tests {
    use sando_core::definition::pagination_styles;

    use super::*;

    #[test]
    fn a_login_page_is_asked_for_in_the_order_of_its_documentation() {
        let (usual, rare) = parted_auth("oauth2_authorization_code");

        assert_eq!(usual, AUTH_FIRST);
        assert!(
            rare.contains(&"send") && !rare.contains(&"pkce"),
            "{rare:?}"
        );
    }

    #[test]
    fn every_field_of_sign_in_and_pagination_says_what_it_is() {
        let auth = types_of_auth();
        let auth = auth.iter().flat_map(|kind| keys_of_auth(kind));
        let auth = auth.map(|key| format!("/auth/{key}"));
        let paging = pagination_styles().flat_map(|(_, keys)| keys);
        let paging = paging.filter(|key| !key.is_empty());
        let paging = paging.map(|key| format!("/users/pagination/{key}"));

        for at in auth.chain(paging) {
            let (label, hint) = words::builder_field(&at);
            assert!(label.is_some() && !hint.is_empty(), "{at}");
        }
    }
}
