//! Presets: what the file does not say where a standard says it.

use serde_json::{Map, Value, json};

use super::fields::Mistakes;
use crate::mistake;

/// The presets.
pub(crate) const PRESETS: [&str; 1] = ["scim"];

/// The file with everything that its preset adds to it.
pub(crate) fn apply(file: &Value, out: &mut Mistakes) -> Value {
    match file.pointer("/users/preset") {
        None | Some(Value::Null) => file.clone(),
        Some(Value::String(name)) if name == "scim" => over(&scim(), file),
        Some(other) => {
            let word = other.as_str().unwrap_or_default();
            out.push(mistake::unknown_word(
                "preset",
                "users.preset",
                word,
                PRESETS,
            ));
            file.clone()
        }
    }
}

/// SCIM 2.0 (RFC 7644): `/Users` with `startIndex` and `count`.
fn scim() -> Value {
    json!({
        "headers": { "Accept": "application/scim+json, application/json" },
        "users": {
            "path": "/Users",
            "response_path": "Resources",
            "absent_is_empty": true,
            "pagination": {
                "type": "offset", "offset": "startIndex", "limit": "count", "size": 100, "start": 1,
                "total_path": "totalResults",
            },
        },
        "map": {
            "external_id": "id",
            "email": { "first_of": ["emails[primary=true].value", "emails[0].value", "userName"] },
            "username": "userName",
            "full_name": { "first_of": [
                "displayName", "name.formatted", { "join": ["name.givenName", "name.familyName"], "with": " " },
            ] },
            "created_at": "meta.created",
        },
        "status": {
            "active_when": [{ "path": "active", "op": "is_not", "value": false, "ignore_case": true }],
        },
    })
}

/// The file over the preset: objects key by key, all else from the file.
fn over(preset: &Value, file: &Value) -> Value {
    match (preset, file) {
        (Value::Object(preset), Value::Object(file)) => {
            let mut merged = preset.clone();
            for (key, value) in file {
                let value = match (key.as_str(), preset.get(key)) {
                    ("users" | "headers" | "status", Some(inner)) => over(inner, value),
                    ("map", Some(inner)) => over(&without_names(inner, value), value),
                    ("pagination", Some(inner)) if same_type(inner, value) => over(inner, value),
                    _ => value.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        _ => file.clone(),
    }
}

fn same_type(preset: &Value, file: &Value) -> bool {
    file.get("type")
        .is_none_or(|kind| Some(kind) == preset.get("type"))
}

/// Parts of a name in the file take the place of the whole one in the preset.
fn without_names(preset: &Value, file: &Value) -> Value {
    let has_parts = ["first_name", "last_name"]
        .iter()
        .any(|key| file.get(key).is_some());
    let mut map: Map<String, Value> = preset.as_object().cloned().unwrap_or_default();
    if has_parts {
        map.remove("full_name");
    }
    Value::Object(map)
}
