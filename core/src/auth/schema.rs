//! The JSON Schema of `auth`.

use serde_json::{Map, Value, json};

/// The JSON Schema of `auth`; paths are `#/$defs/path` of the schema around it.
#[must_use]
pub fn schema() -> Value {
    let path = json!({ "$ref": "#/$defs/path" });
    let text = json!({ "type": "string" });
    let scopes = json!({ "description": "In this order", "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "string" }] });
    let params = json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } });
    let keep = json!({ "description": "Values of the answer, usable as variables", "type": "object", "additionalProperties": path });
    let client_auth = json!({ "description": "How the client proves itself", "enum": ["basic", "body"], "default": "basic" });
    let token_body = json!({ "enum": ["form", "json"], "default": "form" });
    let value = json!({ "description": "Set now, or asked when connecting", "anyOf": [
        { "const": "later" },
        { "type": "object", "properties": { "now": text }, "required": ["now"], "additionalProperties": false } ] });
    let fields = json!({ "type": "array", "minItems": 1, "items": {
        "type": "object", "required": ["name", "value"], "additionalProperties": false,
        "properties": { "name": text, "value": value, "label": text,
            "prefix": { "description": "Put before the value, verbatim", "type": "string" } } } });
    let send = json!({ "description": "Where the token goes, if not as Authorization: Bearer", "type": "object",
        "minProperties": 1, "additionalProperties": false, "properties": { "header": text, "query": text, "prefix": text } });
    let token = json!({ "token_url": text, "scopes": scopes, "scope_separator": text, "token_params": params,
        "client_auth": client_auth, "token_body": token_body, "keep": keep });
    let exchange = with(
        &token,
        json!({ "grant_type": text, "assertion": { "description": "The parameter of the signed token", "type": "string" } }),
    );
    json!({
        "description": "How requests authenticate",
        "oneOf": [
            kind("none", &[], json!({})),
            kind("bearer", &[], json!({ "prefix": { "description": "The word before the token", "type": "string", "default": "Bearer" } })),
            kind("basic", &[], json!({ "username": value, "password": value })),
            kind("headers", &["headers"], json!({ "headers": fields })),
            kind("query", &["params"], json!({ "params": fields })),
            kind("oauth2_client_credentials", &["token_url"], with(&token, json!({ "grant_type": text, "send": send }))),
            kind("oauth2_authorization_code", &["authorization_url", "token_url"], with(&token, json!({
                "authorization_url": text, "refresh_token": { "type": "boolean", "default": true }, "refresh_url": text,
                "authorize_params": params, "refresh_params": params, "pkce": { "type": "boolean", "default": true }, "send": send,
            }))),
            kind("login", &["path"], json!({
                "method": { "enum": ["GET", "POST"], "default": "POST" }, "path": text, "query": params, "headers": params,
                "body": {}, "form": { "type": "object" }, "response_path": path, "token_path": path, "token_header": text,
                "token_cookie": text, "keep": keep, "expires_in_secs": { "type": "integer", "minimum": 1 }, "send": send,
            })),
            kind("jwt", &["algorithm"], json!({
                "algorithm": { "enum": ["RS256", "ES256", "HS256"] }, "claims": { "type": "object" }, "header": { "type": "object" },
                "lifetime_secs": { "type": "integer", "minimum": 1, "default": 300 },
                "exchange": { "type": "object", "required": ["token_url"], "additionalProperties": false, "properties": exchange },
                "send": send,
            })),
        ],
    })
}

fn with(properties: &Value, more: Value) -> Value {
    let both = properties.as_object().into_iter().chain(more.as_object());
    Value::Object(
        both.flat_map(|map| {
            map.iter()
                .map(|(name, value)| (name.clone(), value.clone()))
        })
        .collect::<Map<_, _>>(),
    )
}

fn kind(name: &str, required: &[&str], properties: Value) -> Value {
    let all = with(&json!({ "type": { "const": name } }), properties);
    let required: Vec<&str> = [&["type"], required].concat();
    json!({ "type": "object", "properties": all, "required": required, "additionalProperties": false })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::auth::Auth;

    /// What the parser says that it would have taken.
    fn expected(kind: &str) -> BTreeSet<String> {
        let file = json!({ "type": kind, "no_such_key": 1 });
        let error = serde_json::from_value::<Auth>(file)
            .unwrap_err()
            .to_string();
        let words = error.split('`').skip(1).step_by(2);
        words
            .filter(|word| *word != "no_such_key")
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_schema_has_the_types_and_keys_that_are_read() {
        let schema = schema();
        let kinds = schema["oneOf"].as_array().unwrap();
        let types: Vec<&str> = kinds
            .iter()
            .map(|kind| kind["properties"]["type"]["const"].as_str().unwrap())
            .collect();
        assert_eq!(types, Auth::TYPES);
        for kind in kinds {
            let mut keys: BTreeSet<String> = kind["properties"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect();
            keys.remove("type");
            let name = kind["properties"]["type"]["const"].as_str().unwrap();

            assert_eq!(keys, expected(name), "{name}");
        }
    }
}
