//! The JSON Schemas of policies, rules, workflows and attributes.

use serde_json::{Value, json};

use super::app::by_type;
use crate::definition::schema::{list_of, map_of, merge, object, reference, text, value};
use crate::rule::EventKind;

pub(super) fn policy() -> Value {
    let approval = object(
        "Who has to say yes first",
        json!({
            "by": list_of("Who is asked", text("An address, a role or a group", Some("role:it-admin"))),
            "expires": reference("span"),
            "escalate_to": list_of("Who is asked as well when nobody answers", text("", Some("group:security"))),
            "given_by": text("Who said yes already, for everybody", None),
        }),
        &[],
    );
    let grant = object(
        "What they are due",
        json!({
            "app": text("The slug of the application", Some("figma")),
            "plan": text("The plan by its id", Some("professional")),
            "role": text("The role", None),
            "groups": reference("names"),
            "when": reference("conditions"),
            "deliver": reference("delivery"),
            "approval": approval,
        }),
        &["app"],
    );
    object(
        "Who is due what",
        json!({
            "policy": text("The slug of the policy", Some("engineering")),
            "when": reference("conditions"),
            "grants": list_of("All of them", grant),
        }),
        &["policy", "grants"],
    )
}

pub(super) fn rule() -> Value {
    let events: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let pilot = object(
        "Outside of it everything is computed and shown, nothing done",
        json!({ "when": reference("conditions") }),
        &["when"],
    );
    object(
        "What starts what",
        json!({
            "rule": text("The slug of the rule", Some("hired")),
            "event": { "enum": events },
            "when": reference("conditions"),
            "workflow": text("The slug of the workflow", Some("onboard")),
            "pilot": pilot,
            "dry_run": dry_run(),
        }),
        &["rule", "event", "workflow"],
    )
}

fn dry_run() -> Value {
    json!({ "description": "Everything is computed and shown, nothing is done", "type": "boolean", "default": false })
}

pub(super) fn workflow() -> Value {
    object(
        "In what order, with whom",
        json!({
            "workflow": text("The slug of the workflow", Some("onboard")),
            "direction": { "description": "A revoking workflow cannot create, and the other way round", "enum": ["grant", "revoke"] },
            "dry_run": dry_run(),
            "steps": list_of("What is to be done", step()),
        }),
        &["workflow", "steps"],
    )
}

fn step() -> Value {
    let step = |description: &str, own: Value, required: &[&str]| {
        let mut properties = json!({
            "id": text("Its name in the workflow", Some("laptop")),
            "needs": reference("names"),
        });
        merge(&mut properties, own);
        let mut all = vec!["id"];
        all.extend(required);
        object(description, properties, &all)
    };
    let http = request();
    let task = json!({
        "owner": text("Whose work: an address or a role", Some("it@contoso.example")),
        "title": text("What to do; attributes may stand in it", Some("Laptop for {name}")),
        "due": reference("delivery"),
    });
    let apps = list_of(
        "Only in these; if none are named, wherever no other step of the workflow does it",
        text("The slug of an application", Some("figma")),
    );
    let notify = json!({
        "to": text("An address, a role, or an attribute", Some("{manager}")),
        "text": text("What it says", None),
    });
    by_type(
        "A step",
        vec![
            (
                "grant",
                step("Everything due and not yet there", json!({}), &[]),
            ),
            (
                "revoke",
                step("Everything held and not due", json!({ "apps": apps }), &[]),
            ),
            ("task", step("Work for a human", task, &["owner", "title"])),
            (
                "wait",
                step(
                    "Time that has to pass",
                    json!({ "until": reference("delivery") }),
                    &["until"],
                ),
            ),
            (
                "notify",
                step("A message to somebody", notify, &["to", "text"]),
            ),
            ("http", step("One request", http, &["path"])),
            (
                "lever_note",
                step(
                    "A note on the opportunity in Lever",
                    json!({ "tag": text("A tag that the opportunity gets with it", Some("onboarding")) }),
                    &[],
                ),
            ),
        ],
    )
}

/// What an `http` step has of its own.
fn request() -> Value {
    let repeat = json!({
        "description": "May it be repeated when nobody knows whether it arrived?",
        "default": "never",
        "anyOf": [
            { "enum": ["safe", "never"] },
            object("The header that carries the key", json!({ "idempotency_header": text("", Some("Idempotency-Key")) }), &["idempotency_header"]),
        ],
    });
    json!({
        "method": { "type": "string", "default": "POST" },
        "path": text("The full URL", Some("https://lms.example/enrol")),
        "headers": reference("texts"),
        "body": { "description": "JSON; attributes may stand in it" },
        "auth": reference("auth"),
        "repeat": repeat,
    })
}

pub(super) fn attributes() -> Value {
    let location = object(
        "Where and when people work",
        json!({
            "timezone": text("As IANA names it", Some("Europe/Berlin")),
            "holidays": text("Days off: the name of an iCalendar file beside this one, or its text", Some("berlin.ics")),
            "dates": list_of("Days off, one by one", json!({ "type": "string", "format": "date" })),
        }),
        &["timezone"],
    );
    let also = map_of(
        "What counts, and what it is also called",
        reference("names"),
    );
    object(
        "From Lever to a person",
        json!({
            "owner": text("Who is asked for what is missing of people: an address or a role", Some("role:hr")),
            "attributes": map_of("Attributes by name", reference("attribute")),
            "aliases": map_of("By attribute", also),
            "locations": map_of("By name", location),
            "required": list_of("Without these a run waits for a human", text("", Some("department"))),
        }),
        &[],
    )
}

/// How the value of an attribute is made.
pub(super) fn attribute() -> Value {
    let form = |description: &str, key: &str, example: &str| {
        object(description, json!({ key: text("", Some(example)) }), &[key])
    };
    let address = "{first_name}.{last_name}@contoso.example";
    let user = "offer.fields[identifier=hiring_manager].value";
    let forms = [
        form("An address that is made here", "address", address),
        form(
            "The address of the Lever user whose id stands here",
            "user_email",
            user,
        ),
        reference("value"),
    ];
    json!({ "attribute": { "anyOf": forms }, "value": value() })
}
