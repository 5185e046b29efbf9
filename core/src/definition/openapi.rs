//! Proposals from an OpenAPI document: which operation lists the users, and what a sample made of its schema suggests.

use serde_json::{Map, Value, json};

use super::suggest::{Suggestion, suggest};

/// How many operations are looked at.
const MOST_OPERATIONS: usize = 2_000;
/// How deep a schema is followed; recursive ones end there.
const DEEPEST: usize = 8;
/// How many values a sample has at most.
const MOST_VALUES: usize = 2_000;
/// Last parts of the paths of lists of users, the likeliest first.
const LISTS: [&str; 8] = [
    "users",
    "members",
    "people",
    "employees",
    "accounts",
    "seats",
    "user",
    "contacts",
];

/// Proposals from an OpenAPI document, 3.x or Swagger 2.0; none if no operation lists anything like users.
#[must_use]
pub fn suggest_from_openapi(document: &Value) -> Vec<Suggestion> {
    let best = operations(document)
        .filter_map(|operation| {
            let sample = operation.sample(document)?;
            let found = suggest(&sample, &[]);
            let has = |key: &str| found.iter().any(|suggestion| suggestion.key == key);
            if !has("users.response_path") {
                return None;
            }
            let rank = (
                !has("map.email"),
                operation.rank()?,
                operation.path.matches('{').count(),
                operation.path.len(),
            );
            Some((rank, operation.path.to_owned(), found))
        })
        .min_by(|one, other| one.0.cmp(&other.0));
    let Some((_, path, found)) = best else {
        return Vec::new();
    };
    let place = Suggestion {
        key: "users.path".to_owned(),
        reason: format!("`GET {path}` answers a list of what looks like users"),
        value: json!(path),
    };
    base_url(document)
        .into_iter()
        .chain([place])
        .chain(found)
        .collect()
}

/// One GET operation.
struct Operation<'a> {
    path: &'a str,
    item: &'a Value,
}

fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object);
    let all = paths.into_iter().flatten().filter_map(|(path, item)| {
        let item = item.get("get")?;
        Some(Operation { path, item })
    });
    all.take(MOST_OPERATIONS)
}

impl Operation<'_> {
    /// How much its path is named like a list of users; nothing if it is not.
    fn rank(&self) -> Option<usize> {
        let last = self.path.trim_end_matches('/').rsplit('/').next()?;
        let last = last.split('.').next()?.to_lowercase();
        LISTS.iter().position(|name| last.contains(name))
    }

    /// A sample of what it answers, made of its schema.
    fn sample(&self, document: &Value) -> Option<Value> {
        self.rank()?;
        let answers = self.item.get("responses")?;
        let answer = ["200", "default"]
            .iter()
            .find_map(|code| answers.get(code))?;
        let answer = resolved(document, answer)?;
        let content = answer.get("content").and_then(Value::as_object);
        let json = content.and_then(|content| {
            let json = content.iter().find(|(kind, _)| kind.contains("json"));
            json.map(|(_, content)| content)
        });
        let given = json.and_then(|json| json.get("example"));
        if let Some(example) = given {
            return Some(example.clone());
        }
        let schema = json.unwrap_or(answer).get("schema")?;
        let mut left = MOST_VALUES;
        Some(sample_of(document, schema, "", 0, &mut left))
    }
}

fn base_url(document: &Value) -> Option<Suggestion> {
    let url = document.pointer("/servers/0/url").and_then(Value::as_str);
    let url = url.map(str::to_owned).or_else(|| {
        let host = document.get("host")?.as_str()?;
        let base = document.get("basePath").and_then(Value::as_str);
        Some(format!("https://{host}{}", base.unwrap_or_default()))
    })?;
    url.starts_with("https://").then(|| Suggestion {
        key: "base_url".to_owned(),
        value: json!(url.trim_end_matches('/')),
        reason: "the document names this server".to_owned(),
    })
}

/// What a `$ref` within the document points to; the value itself if it is none.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> Option<&'a Value> {
    let mut value = value;
    for _ in 0..DEEPEST {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Some(value);
        };
        value = document.pointer(reference.strip_prefix('#')?)?;
    }
    None
}

/// A value that fits a schema: its example where it has one.
fn sample_of(
    document: &Value,
    schema: &Value,
    name: &str,
    depth: usize,
    left: &mut usize,
) -> Value {
    let Some(schema) = resolved(document, schema).filter(|_| depth < DEEPEST && *left > 0) else {
        return Value::Null;
    };
    *left -= 1;
    let first = |key: &str| schema.get(key)?.as_array()?.first();
    let given = schema.get("example").or_else(|| schema.get("default"));
    if let Some(given) = given
        .or_else(|| first("examples"))
        .or_else(|| first("enum"))
    {
        return given.clone();
    }
    if let Some(one) = first("oneOf").or_else(|| first("anyOf")) {
        return sample_of(document, one, name, depth + 1, left);
    }
    let mut fields = Map::new();
    let parts = schema.get("allOf").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        if let Value::Object(more) = sample_of(document, part, name, depth + 1, left) {
            fields.extend(more);
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, property) in properties.into_iter().flatten() {
        let value = sample_of(document, property, key, depth + 1, left);
        fields.insert(key.clone(), value);
    }
    if !fields.is_empty() {
        return Value::Object(fields);
    }
    match schema.get("items") {
        Some(items) => json!([sample_of(document, items, name, depth + 1, left)]),
        None => scalar(schema, name),
    }
}

fn scalar(schema: &Value, name: &str) -> Value {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    let is_address = name.to_lowercase().contains("mail");
    let kind = schema.get("type").map(|kind| match kind {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").unwrap_or(kind),
        kind => kind,
    });
    match (kind.and_then(Value::as_str), text("format")) {
        (Some("boolean"), _) => json!(true),
        (Some("integer" | "number"), _) => json!(1),
        (Some("object"), _) => json!({}),
        (Some("array"), _) => json!([]),
        (_, Some("email")) => json!("ada@contoso.example"),
        (_, Some("date-time")) => json!("2026-01-05T09:00:00Z"),
        (_, Some("date")) => json!("2026-01-05"),
        (_, Some("uri" | "url")) => json!("https://contoso.example/"),
        _ if is_address => json!("ada@contoso.example"),
        _ => json!("text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({
            "openapi": "3.1.0",
            "servers": [{ "url": "https://api.acme.example/v2/" }],
            "paths": {
                "/teams/{id}/members": { "get": { "responses": { "200": { "content": {
                    "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/User" } } } } } } } },
                "/users": { "get": { "responses": { "200": { "$ref": "#/components/responses/Users" } } } },
                "/invoices": { "get": { "responses": { "200": { "content": {
                    "application/json": { "schema": { "type": "array", "items": { "type": "object" } } } } } } } },
            },
            "components": {
                "responses": { "Users": { "content": { "application/json": { "schema": {
                    "type": "object",
                    "properties": {
                        "data": { "type": "array", "items": { "$ref": "#/components/schemas/User" } },
                        "meta": { "type": "object", "properties": { "next_cursor": { "type": ["string", "null"] } } },
                    },
                } } } } },
                "schemas": {
                    "User": { "allOf": [
                        { "type": "object", "properties": { "id": { "type": "integer" } } },
                        { "type": "object", "properties": {
                            "email": { "type": "string", "format": "email" },
                            "active": { "type": "boolean" },
                            "manager": { "$ref": "#/components/schemas/User" },
                        } },
                    ] },
                },
            },
        })
    }

    fn value<'a>(found: &'a [Suggestion], key: &str) -> Option<&'a Value> {
        let suggestion = found.iter().find(|suggestion| suggestion.key == key)?;
        Some(&suggestion.value)
    }

    #[test]
    fn the_list_of_users_is_found_with_its_rows_and_fields() {
        let found = suggest_from_openapi(&document());

        let base = json!("https://api.acme.example/v2");
        assert_eq!(value(&found, "base_url"), Some(&base));
        assert_eq!(value(&found, "users.path"), Some(&json!("/users")));
        assert_eq!(value(&found, "users.response_path"), Some(&json!("data")));
        assert_eq!(value(&found, "map.external_id"), Some(&json!("id")));
        assert_eq!(value(&found, "map.email"), Some(&json!("email")));
        let paging = value(&found, "users.pagination").unwrap();
        assert_eq!(paging["path"], "meta.next_cursor");
    }

    #[test]
    fn swagger_2_is_read_too() {
        let found = suggest_from_openapi(&json!({
            "swagger": "2.0", "host": "acme.example", "basePath": "/api",
            "paths": { "/people": { "get": { "responses": { "200": { "schema": {
                "type": "array", "items": { "$ref": "#/definitions/Person" } } } } } } },
            "definitions": { "Person": { "type": "object", "properties": {
                "id": { "type": "string" }, "work_email": { "type": "string" } } } },
        }));

        assert_eq!(
            value(&found, "base_url"),
            Some(&json!("https://acme.example/api"))
        );
        assert_eq!(value(&found, "users.path"), Some(&json!("/people")));
        assert_eq!(value(&found, "map.email"), Some(&json!("work_email")));
    }

    #[test]
    fn a_document_without_users_or_of_another_kind_suggests_nothing() {
        assert_eq!(suggest_from_openapi(&json!({ "paths": {} })), []);
        assert_eq!(suggest_from_openapi(&json!([1, 2])), []);
        let looped = json!({ "paths": { "/users": { "get": { "responses": { "200": { "$ref": "#/a" } } } } },
            "a": { "$ref": "#/a" } });
        assert_eq!(suggest_from_openapi(&looped), []);
    }
}
