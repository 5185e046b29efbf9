//! The JSON Schema of a definition.

use serde_json::{Map, Value, json};

use super::{
    file::{pagination, preset::PRESETS, rules},
    map::KINDS,
};
use crate::condition::Operator;

/// The JSON Schema (2020-12) that `sando schema definition` prints.
///
/// It says what a file may look like; what it means is checked by [`Definition::parse`](super::Definition::parse).
#[must_use]
pub fn schema() -> Value {
    let mut schema = object(
        "How the users of an application are read",
        json!({
            "definition": text("The slug of the definition", Some("acme")),
            "app": text("The slug of the application", Some("acme")),
            "name": text("The name for people", None),
            "base_url": text("Where relative paths begin; may have placeholders", Some("https://{domain}.acme.example/api")),
            "variables": map_of("What is asked when connecting", reference("variable")),
            "auth": reference("auth"),
            "steps": list_of("Requests before the list", reference("step")),
            "users": reference("users"),
            "map": reference("map"),
            "status": reference("status"),
            "licenses": reference("licenses"),
            "custom_fields": map_of("Custom fields of the application and where they stand", reference("value")),
            "users_without_email": { "enum": ["drop", "keep"], "default": "drop" },
            "errors": list_of("What answers mean; the first that fits counts", reference("rule")),
            "limits": reference("limits"),
            "hosts": list_of("Further hosts that URLs in answers may name", text("A host", Some("*.acme.example"))),
            "headers": reference("texts"),
        }),
        &["definition", "app", "base_url", "users"],
    );
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sando definition",
        "$defs": definitions(),
    });
    // `map` and the type of the pagination are required but for presets.
    let typed = json!({ "required": ["type"] });
    let preset = json!({
        "if": { "properties": { "users": { "required": ["preset"] } } },
        "else": {
            "required": ["map"],
            "properties": { "users": { "required": ["path"], "properties": { "pagination": typed } }, "map": { "required": ["external_id", "email"] } },
        },
    });
    merge(&mut schema, head);
    merge(&mut schema, preset);
    schema
}

fn definitions() -> Value {
    let mut definitions = shared();
    let own = json!({
        "value": value(),
        "texts": map_of("Names and texts with placeholders", json!({ "type": ["string", "number", "boolean", "null"] })),
        "variable": variable(),
        "auth": crate::auth::schema(),
        "pagination": pagination(&[]),
        "rule": rule(),
        "limits": limits(),
    });
    merge(&mut definitions, own);
    merge(&mut definitions, requests());
    merge(&mut definitions, mapping());
    definitions
}

/// What every kind of file may refer to.
pub(crate) fn shared() -> Value {
    json!({
        "path": text("A path into an answer or a user", Some("emails[primary=true].value")),
        "scalar": { "type": ["string", "number", "boolean"] },
        "conditions": list_of("All must hold", reference("condition")),
        "condition": condition(),
    })
}

pub(crate) fn value() -> Value {
    let forms = [
        json!({ "path": reference("path"), "map": { "type": "object" }, "default": {} }),
        json!({
            "path": reference("path"),
            "format": text("The format of the time", Some("%d/%m/%Y")),
            "never": { "type": "array", "description": "Values that mean never" },
        }),
        json!({ "first_of": list_of("The first that has a value", reference("value")) }),
        json!({ "template": text("A text with paths between braces", Some("{login}@acme.example")) }),
        json!({ "join": list_of("All that have a value", reference("value")), "with": text("Between them", Some(" ")) }),
    ];
    let mut any = vec![reference("path")];
    any.extend(forms.into_iter().map(|form| object("", form, &[])));
    json!({ "description": "How a value is made", "anyOf": any })
}

fn condition() -> Value {
    let operators: Vec<&str> = Operator::ALL
        .iter()
        .map(|operator| operator.name())
        .collect();
    let test = object(
        "A test of one path",
        json!({
            "path": reference("path"),
            "op": { "enum": operators },
            "value": {},
            "where": reference("conditions"),
            "ignore_case": { "type": "boolean", "default": false },
        }),
        &["path", "op"],
    );
    let any = object(
        "One of several lists",
        json!({ "any": list_of("", reference("conditions")) }),
        &["any"],
    );
    json!({ "anyOf": [test, any] })
}

fn variable() -> Value {
    let variable = object(
        "A variable",
        json!({
            "label": text("What to call it when asking", None),
            "example": reference("scalar"),
            "pattern": text("A regular expression that values fit", Some("^[a-z0-9-]+$")),
            "choices": list_of("The only values", reference("scalar")),
            "default": reference("scalar"),
            "secret": { "type": "boolean", "description": "Given and kept as a credential", "default": false },
        }),
        &[],
    );
    json!({ "anyOf": [variable, { "type": "null" }] })
}

fn pagination(required: &[&str]) -> Value {
    let path = reference("path");
    let size = json!({ "type": "integer", "minimum": 1 });
    let next = request_properties(&pagination::NEXT_KEYS);
    object(
        "How the list goes on",
        json!({
            "type": { "enum": ["none", "offset", "page", "next_url", "cursor"] },
            "offset": text("The parameter of the offset", Some("offset")),
            "page": text("The parameter of the page", Some("page")),
            "limit": text("The parameter of the page size", Some("limit")),
            "size": size,
            "start": { "description": "The first value" },
            "step": { "enum": ["rows", "pages"], "default": "rows" },
            "total_path": path,
            "total_pages_path": path,
            "path": path,
            "link_header": text("The relation in the Link header", Some("next")),
            "when": object("Only if the link has this parameter", json!({ "param": text("", None), "is": reference("scalar") }), &["param", "is"]),
            "name": text("The parameter of the cursor", Some("cursor")),
            "header": text("The header with the cursor", None),
            "last_item": path,
            "end_values": list_of("Cursors that end the list", reference("scalar")),
            "has_more_path": path,
            "stop": { "type": "array", "items": { "enum": ["short_page"] } },
            "send": {
                "description": "Where the value goes",
                "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
                "properties": {
                    "query": text("", None), "body": text("", Some("variables.after")), "header": text("", None), "path": text("", None),
                },
            },
            "continue": object("The request of all pages but the first; `{cursor}`, `{offset}` and `{page}` are placeholders", next, &["path"]),
        }),
        required,
    )
}

/// The same where all pages are asked for by one request.
pub(crate) fn pages() -> Value {
    let mut pages = pagination(&["type"]);
    let keys = pages.get_mut("properties").and_then(Value::as_object_mut);
    if let Some(keys) = keys {
        keys.remove("continue");
    }
    pages
}

fn rule() -> Value {
    let actions: Vec<&str> = rules::ACTIONS.iter().map(|(word, _)| *word).collect();
    let units: Vec<&str> = rules::UNITS.iter().map(|(word, _)| *word).collect();
    object(
        "What an answer means",
        json!({
            "status": list_of("Any of them", json!({ "type": "integer", "minimum": 200, "maximum": 599 })),
            "header": map_of("Headers with these values", reference("scalar")),
            "when": reference("conditions"),
            "do": { "enum": actions },
            "message": reference("path"),
            "wait": object("How long to wait", json!({ "header": text("", None), "unit": { "enum": units } }), &["header"]),
        }),
        &["do"],
    )
}

fn limits() -> Value {
    let whole = |most: u64| json!({ "type": "integer", "minimum": 1, "maximum": most });
    object(
        "How hard the application is asked",
        json!({
            "requests_per_second": { "type": "number", "minimum": 0.001, "maximum": 1000 },
            "concurrency": whole(64),
            "timeout_secs": whole(600),
            "max_pages": whole(10_000_000),
            "max_bytes": whole(super::LARGEST_ANSWER),
            "max_depth": whole(super::DEEPEST_ANSWER),
        }),
        &[],
    )
}

/// The properties of a request that have these keys.
fn request_properties(keys: &[&str]) -> Value {
    let all = json!({
        "method": { "enum": ["GET", "POST"], "default": "GET" },
        "path": text("Behind the base URL, or a full URL", Some("/users")),
        "query": map_of("Parameters", json!({ "anyOf": [
            { "type": ["string", "number", "boolean", "null"] }, list_of("", reference("scalar")),
        ] })),
        "headers": reference("texts"),
        "body": { "description": "JSON; with POST only" },
        "form": { "type": "object", "description": "A form: text, or JSON under `json`" },
        "response_path": text("Where the rows stand; empty: the answer itself", Some("data.users")),
        "pagination": { "$ref": "#/$defs/pagination", "required": ["type"] },
        "keep": map_of("Values for what follows", reference("path")),
        "absent_is_empty": { "type": "boolean", "default": false },
    });
    let all = match all {
        Value::Object(all) => all,
        _ => Map::new(),
    };
    let some = all
        .into_iter()
        .filter(|(key, _)| keys.contains(&key.as_str()));
    Value::Object(some.collect())
}

fn requests() -> Value {
    use super::file::request::KEYS;
    let with = |description: &str, own: Value, required: &[&str]| {
        let mut properties = request_properties(&KEYS);
        merge(&mut properties, own);
        object(description, properties, required)
    };
    let whole = |most: u64| json!({ "type": "integer", "minimum": 1, "maximum": most });
    let join = with(
        "A second list, joined by key",
        json!({
            "by": object("", json!({ "user": reference("path"), "item": reference("path") }), &["user", "item"]),
            "as": text("The name under which the item stands in the user", None),
        }),
        &["path", "by", "as"],
    );
    json!({
        "step": with("A request before the list", json!({ "name": text("", None) }), &["name", "path"]),
        "users": with("The list of users", json!({
            "preset": { "enum": PRESETS },
            // Over that of a preset.
            "pagination": reference("pagination"),
            "for_each": with("The list of parents", json!({}), &["path", "keep"]),
            "passes": { "type": "array", "minItems": 1, "items": map_of("Variables of the pass", reference("scalar")) },
            "where": reference("conditions"),
            "details": with("A request for each user, or for many", json!({
                "concurrency": whole(64),
                "as": text("The name under which the details stand in the user", Some("detail")),
                "batch": whole(10_000),
                "item": reference("path"),
            }), &["path"]),
            "join": { "anyOf": [join, list_of("", join.clone())] },
        }), &[]),
    })
}

fn mapping() -> Value {
    let kinds: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
    let value = reference("value");
    let conditions = reference("conditions");
    let branch = object(
        "",
        json!({ "when": conditions, "label": text("", None) }),
        &["label"],
    );
    let in_app = object(
        "",
        json!({ "field": value, "conditions": list_of("The first that fits counts", branch) }),
        &[],
    );
    let license = object(
        "",
        json!({ "name": text("", None), "when": conditions }),
        &["name"],
    );
    let auto = object("", json!({ "name": text("", None) }), &[]);
    let licenses = object(
        "",
        json!({ "auto": { "anyOf": [{ "const": true }, auto] }, "conditions": list_of("Every one that fits", license) }),
        &[],
    );
    json!({
        "map": object("Where the fields of a user stand", json!({
            "external_id": value, "email": value, "username": value, "full_name": value, "first_name": value, "last_name": value,
            "role": value, "created_at": value, "last_visit_at": value,
            "kind": { "description": format!("One of {}", kinds.join(", ")), "$ref": "#/$defs/value" },
        }), &[]),
        "status": object("Who has access", json!({
            "active_when": conditions,
            "in_app": { "anyOf": [{ "const": "auto" }, in_app] },
        }), &[]),
        "licenses": { "anyOf": [{ "const": "auto" }, licenses] },
    })
}

pub(crate) fn object(description: &str, properties: Value, required: &[&str]) -> Value {
    let mut object =
        json!({ "type": "object", "additionalProperties": false, "properties": properties });
    describe(&mut object, description);
    if !required.is_empty() {
        merge(&mut object, json!({ "required": required }));
    }
    object
}

pub(crate) fn map_of(description: &str, values: Value) -> Value {
    let mut map = json!({ "type": "object", "additionalProperties": values });
    describe(&mut map, description);
    map
}

pub(crate) fn list_of(description: &str, items: Value) -> Value {
    let mut list = json!({ "type": "array", "items": items });
    describe(&mut list, description);
    list
}

pub(crate) fn text(description: &str, example: Option<&str>) -> Value {
    let mut text = json!({ "type": "string" });
    describe(&mut text, description);
    if let Some(example) = example {
        merge(&mut text, json!({ "examples": [example] }));
    }
    text
}

pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn describe(schema: &mut Value, description: &str) {
    if !description.is_empty() {
        merge(schema, json!({ "description": description }));
    }
}

pub(crate) fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{file, map};
    use super::*;
    use crate::testing::references;

    /// The schema and the reader know the same keys: neither can forget one.
    fn check(pointer: &str, keys: Vec<&str>) {
        let schema = schema();
        let properties = schema.pointer(pointer).and_then(Value::as_object);
        let found: BTreeSet<&str> = properties.unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, keys.into_iter().collect(), "{pointer}");
    }

    #[test]
    fn the_schema_has_the_keys_of_requests_that_are_read() {
        let with = file::users::with_request_keys;

        check("/properties", file::KEYS.to_vec());
        check(
            "/$defs/variable/anyOf/0/properties",
            file::variable::KEYS.to_vec(),
        );
        check("/$defs/step/properties", with(&["name"]));
        check("/$defs/users/properties", with(&file::users::KEYS));
        check("/$defs/users/properties/for_each/properties", with(&[]));
        check(
            "/$defs/users/properties/details/properties",
            with(&file::users::DETAILS_KEYS),
        );
        check(
            "/$defs/users/properties/join/anyOf/0/properties",
            with(&file::users::JOIN_KEYS),
        );
        check(
            "/$defs/users/properties/join/anyOf/0/properties/by/properties",
            file::users::BY_KEYS.to_vec(),
        );
    }

    #[test]
    fn the_schema_has_all_other_keys_that_are_read() {
        check("/$defs/pagination/properties", pagination::KEYS.to_vec());
        check(
            "/$defs/pagination/properties/send/properties",
            pagination::SEND_KEYS.to_vec(),
        );
        check(
            "/$defs/pagination/properties/when/properties",
            pagination::WHEN_KEYS.to_vec(),
        );
        check(
            "/$defs/pagination/properties/continue/properties",
            pagination::NEXT_KEYS.to_vec(),
        );
        check("/$defs/rule/properties", rules::KEYS.to_vec());
        check(
            "/$defs/rule/properties/wait/properties",
            rules::WAIT_KEYS.to_vec(),
        );
        check("/$defs/limits/properties", file::limits::KEYS.to_vec());
        check("/$defs/map/properties", map::MAP_KEYS.to_vec());
        check("/$defs/status/properties", map::STATUS_KEYS.to_vec());
        check(
            "/$defs/status/properties/in_app/anyOf/1/properties",
            map::IN_APP_KEYS.to_vec(),
        );
        check(
            "/$defs/licenses/anyOf/1/properties",
            map::LICENSES_KEYS.to_vec(),
        );
    }

    #[test]
    fn pagination_says_its_type_unless_a_preset_does() {
        let schema = schema();
        let required = |place: &str| {
            let at = format!("{place}/properties/pagination/required");
            schema.pointer(&at).is_some()
        };

        assert!(required("/$defs/step"));
        assert!(required("/$defs/users/properties/for_each"));
        assert!(required("/else/properties/users"));
        assert!(!required("/$defs/users"));
        assert!(schema.pointer("/$defs/pagination/required").is_none());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let schema = schema();

        let found = references(&schema);

        assert!(found.len() > 10);
        for reference in found {
            assert!(
                schema.pointer(reference.trim_start_matches('#')).is_some(),
                "{reference}"
            );
        }
    }
}
