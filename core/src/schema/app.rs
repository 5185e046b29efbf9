//! The JSON Schema of an application.

use serde_json::{Map, Value, json};

use crate::definition::schema::{list_of, map_of, merge, object, reference, text};

pub(super) fn schema() -> Value {
    let read = object(
        "Whose roster is this application's truth",
        json!({ "definition": text("The slug of the definition", None), "account": text("The name of the account", Some("prod")) }),
        &["definition", "account"],
    );
    let limits = object(
        "How hard the application is asked",
        json!({
            "requests_per_second": { "type": "number", "minimum": 0.001, "maximum": 1000 },
            "concurrency": { "type": "integer", "minimum": 1, "maximum": 64 },
        }),
        &[],
    );
    let field = json!({ "enum": ["text", "number", "email", "date", "multi_value", "user"] });
    object(
        "An application: who owns it, what it costs, and how access is given",
        json!({
            "app": text("The slug of the application", Some("figma")),
            "name": text("The name for people", Some("Figma")),
            "owner": text("Who gets its tasks: an address or a role", Some("role:it-admin")),
            "sensitivity": { "enum": ["low", "normal", "high"], "default": "normal" },
            "plans": list_of("Licence plans, weakest first", plan()),
            "custom_fields": map_of("Custom fields of its users and their types", field),
            "read": read,
            "limits": limits,
            "provisioner": provisioner(),
            "dry_run": { "description": "Everything is computed and shown, nothing is done there", "type": "boolean", "default": false },
        }),
        &["app"],
    )
}

fn plan() -> Value {
    let price = object(
        "What a seat costs",
        json!({
            "amount_minor": { "description": "In the currency's smallest unit", "type": "integer" },
            "currency": text("ISO 4217", Some("USD")),
            "per": { "enum": ["month", "year"] },
        }),
        &["amount_minor", "currency", "per"],
    );
    object(
        "A licence plan",
        json!({
            "id": text("Its id in policies", Some("professional")),
            "name": text("Its name for people", Some("Professional")),
            "price": price,
            "seats": { "description": "How many seats were bought", "type": "integer", "minimum": 0 },
        }),
        &["id"],
    )
}

/// One of several objects, by their `type`.
pub(super) fn by_type(description: &str, kinds: Vec<(&str, Value)>) -> Value {
    let one = |(word, mut kind): (&str, Value)| {
        let mut properties = json!({ "type": { "const": word } });
        merge(
            &mut properties,
            kind.get("properties").cloned().unwrap_or_default(),
        );
        let mut required = vec![Value::from("type")];
        let more = kind.get("required").and_then(Value::as_array);
        required.extend(more.into_iter().flatten().cloned());
        merge(
            &mut kind,
            json!({ "properties": properties, "required": required }),
        );
        kind
    };
    let kinds: Vec<Value> = kinds.into_iter().map(one).collect();
    json!({ "description": description, "oneOf": kinds })
}

fn provisioner() -> Value {
    by_type(
        "How access is given",
        vec![
            (
                "scim",
                object("SCIM 2.0", with_common(scim()), &["base_url"]),
            ),
            (
                "http",
                object(
                    "Requests of the application's own",
                    with_common(json!({ "actions": actions() })),
                    &["base_url", "actions"],
                ),
            ),
            ("manual", object("A task for the owner", json!({}), &[])),
        ],
    )
}

fn with_common(own: Value) -> Value {
    let mut all = json!({
        "base_url": text("Where paths begin; may have placeholders", Some("https://api.acme.example/{tenant}")),
        "auth": reference("auth"),
        "on_revoke": { "enum": ["suspend", "remove"], "default": "suspend" },
        "settle_secs": { "description": "How long the application may hide what it has just made", "type": "integer", "minimum": 0, "default": 0 },
        "unique": { "description": "A repeated create is refused", "type": "boolean" },
    });
    merge(&mut all, own);
    all
}

fn scim() -> Value {
    json!({
        "user": map_of("SCIM attribute and template", text("", Some("{work_email}"))),
        "group_for": object(
            "Which group a role or a plan is",
            json!({ "role": reference("texts"), "plan": reference("texts") }),
            &[],
        ),
        "create_groups": { "type": "boolean", "default": false },
        "quirks": object("How the server deviates", json!({
            "max_page": { "type": "integer", "minimum": 0 },
            "patch_active_as_text": { "type": "boolean", "default": false },
            "members_per_patch": { "type": "integer", "minimum": 0 },
        }), &[]),
    })
}

fn actions() -> Value {
    let names = [
        "find",
        "create",
        "update",
        "suspend",
        "restore",
        "remove",
        "assign_plan",
        "release_plan",
        "revoke_sessions",
    ];
    let all: Map<String, Value> = names
        .into_iter()
        .map(|name| (name.to_owned(), request()))
        .collect();
    object(
        "A missing one becomes a task for the owner",
        Value::Object(all),
        &["find"],
    )
}

fn request() -> Value {
    let statuses = |description| list_of(description, json!({ "type": "integer" }));
    object(
        "A request",
        json!({
            "method": { "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"], "default": "GET" },
            "path": text("Behind the base URL, or a full URL on its origin", Some("/members/{user.id}")),
            "query": reference("texts"),
            "headers": reference("texts"),
            "body": { "description": "JSON; attributes may stand in it" },
            "form": map_of("Form-encoded; JSON is sent as text", json!({ "anyOf": [
                text("", None),
                object("", json!({ "json": { "description": "Attributes may stand in it" } }), &["json"]),
            ] })),
            "response_path": text("Where the users stand; empty: the answer itself", None),
            "pagination": reference("pagination"),
            "id": text("Where the id stands in a user", Some("id")),
            "role": text("Where the role stands in a user, for `find`: so that it can be looked at", Some("role")),
            "plan": text("Where the plan stands in a user, for `find`: so that it can be looked at", Some("seat.plan")),
            "active": reference("condition"),
            "already": statuses("Statuses that say that it was there already"),
            "gone": statuses("Statuses that say that it was gone already"),
        }),
        &["path"],
    )
}
