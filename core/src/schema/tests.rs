//! The schemas and the readers know the same keys and words, and refuse the same ones.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{mistakes, of};
use crate::app::{
    ActionRequest, Application, CustomField, GroupFor, HttpActions, HttpProvision, Limits,
    ManualProvision, OnRevoke, Period, Plan, Price, ReadFrom, ScimProvision, ScimQuirks,
    Sensitivity,
};
use crate::attributes::{AttributesFile, Location};
use crate::company::Company;
use crate::config::{ConfigItem, ConfigKind};
use crate::ids::Slug;
use crate::policy::{ApprovalRule, Policy, PolicyGrant};
use crate::rule::{EventKind, Pilot, Rule};
use crate::testing::references;
use crate::workflow::{Direction, StepFile, Workflow};

const KINDS: [ConfigKind; 5] = [
    ConfigKind::App,
    ConfigKind::Policy,
    ConfigKind::Rule,
    ConfigKind::Workflow,
    ConfigKind::Attributes,
];

/// What a reader says that it would have taken.
fn taken<T: DeserializeOwned>(file: Value) -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(file).err().unwrap().to_string();
    assert!(error.starts_with("unknown "), "{error}");
    let words = error.split('`').skip(1).step_by(2);
    words
        .filter(|word| *word != "no_such")
        .map(str::to_owned)
        .collect()
}

fn keys(kind: ConfigKind, pointer: &str) -> BTreeSet<String> {
    let schema = of(kind).unwrap();
    let properties = schema.pointer(pointer).and_then(Value::as_object);
    properties.unwrap().keys().cloned().collect()
}

#[track_caller]
fn check_keys<T: DeserializeOwned>(kind: ConfigKind, pointer: &str) {
    let taken = taken::<T>(json!({ "no_such": 1 }));
    assert_eq!(keys(kind, pointer), taken, "{pointer}");
}

#[track_caller]
fn check_words<T: DeserializeOwned>(kind: ConfigKind, pointer: &str) {
    let schema = of(kind).unwrap();
    let words = schema.pointer(pointer).and_then(Value::as_array).unwrap();
    let words: BTreeSet<String> = words
        .iter()
        .map(|word| word.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(words, taken::<T>(json!("no_such")), "{pointer}");
}

#[test]
fn the_schema_of_applications_has_the_keys_and_words_that_are_read() {
    let app = ConfigKind::App;
    check_keys::<Application>(app, "/properties");
    check_keys::<Plan>(app, "/properties/plans/items/properties");
    check_keys::<Price>(app, "/properties/plans/items/properties/price/properties");
    check_keys::<ReadFrom>(app, "/properties/read/properties");
    check_keys::<Limits>(app, "/properties/limits/properties");
    let scim = "/properties/provisioner/oneOf/0/properties";
    check_keys::<GroupFor>(app, &format!("{scim}/group_for/properties"));
    check_keys::<ScimQuirks>(app, &format!("{scim}/quirks/properties"));
    let actions = "/properties/provisioner/oneOf/1/properties/actions/properties";
    check_keys::<HttpActions>(app, actions);
    check_keys::<ActionRequest>(app, &format!("{actions}/create/properties"));
    check_words::<Sensitivity>(app, "/properties/sensitivity/enum");
    check_words::<CustomField>(app, "/properties/custom_fields/additionalProperties/enum");
    check_words::<OnRevoke>(app, &format!("{scim}/on_revoke/enum"));
    let price = "/properties/plans/items/properties/price/properties";
    check_words::<Period>(app, &format!("{price}/per/enum"));
}

#[test]
fn the_schema_of_applications_has_every_kind_of_provisioner() {
    let unknown = json!({ "no_such": 1 });
    let kinds = [
        ("scim", taken::<ScimProvision>(unknown.clone())),
        ("http", taken::<HttpProvision>(unknown.clone())),
        ("manual", taken::<ManualProvision>(unknown)),
    ];
    for (place, (word, mut taken)) in kinds.into_iter().enumerate() {
        let pointer = format!("/properties/provisioner/oneOf/{place}/properties");
        taken.insert("type".to_owned());
        assert_eq!(keys(ConfigKind::App, &pointer), taken, "{word}");
        let schema = of(ConfigKind::App).unwrap();
        let kind = schema.pointer(&format!("{pointer}/type/const"));
        assert_eq!(kind, Some(&json!(word)));
    }
    let unknown = taken::<crate::app::Provision>(json!({ "type": "no_such" }));
    assert_eq!(unknown.len(), 3);
}

#[test]
fn the_other_schemas_have_the_keys_and_words_that_are_read() {
    let policy = ConfigKind::Policy;
    check_keys::<Policy>(policy, "/properties");
    let grant = "/properties/grants/items/properties";
    check_keys::<PolicyGrant>(policy, grant);
    check_keys::<ApprovalRule>(policy, &format!("{grant}/approval/properties"));
    check_keys::<Rule>(ConfigKind::Rule, "/properties");
    check_keys::<Pilot>(ConfigKind::Rule, "/properties/pilot/properties");
    check_words::<EventKind>(ConfigKind::Rule, "/properties/event/enum");
    check_keys::<Workflow>(ConfigKind::Workflow, "/properties");
    check_words::<Direction>(ConfigKind::Workflow, "/properties/direction/enum");
    check_keys::<AttributesFile>(ConfigKind::Attributes, "/properties");
    let location = "/properties/locations/additionalProperties/properties";
    check_keys::<Location>(ConfigKind::Attributes, location);
}

#[test]
fn the_schema_of_workflows_has_every_kind_of_step() {
    let workflow = of(ConfigKind::Workflow).unwrap();
    let steps = workflow.pointer("/properties/steps/items/oneOf").unwrap();
    let mut words = BTreeSet::new();
    for (place, step) in steps.as_array().unwrap().iter().enumerate() {
        let word = step["properties"]["type"]["const"].as_str().unwrap();
        let mut taken = taken::<StepFile>(json!({ "id": "a", "type": word, "no_such": 1 }));
        taken.extend(["id", "type", "needs"].map(str::to_owned));
        let pointer = format!("/properties/steps/items/oneOf/{place}/properties");
        assert_eq!(keys(ConfigKind::Workflow, &pointer), taken, "{word}");
        words.insert(word.to_owned());
    }
    let known = taken::<StepFile>(json!({ "id": "a", "type": "no_such" }));
    assert_eq!(words, known);
}

fn app(provisioner: Value) -> Value {
    let price = json!({ "amount_minor": 1, "currency": "EUR", "per": "year" });
    json!({
        "app": "figma", "name": "Figma", "owner": "it@contoso.example", "sensitivity": "low", "dry_run": true,
        "plans": [{ "id": "pro", "name": "Pro", "price": price, "seats": 3 }],
        "custom_fields": { "floor": "number" }, "read": { "definition": "figma", "account": "prod" },
        "limits": { "requests_per_second": 0.5, "concurrency": 2 }, "provisioner": provisioner,
    })
}

fn whole_attributes() -> Value {
    let calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n";
    json!({
        "owner": "role:hr",
        "attributes": { "name": "contact.name", "work_email": { "address": "{name}@contoso.example" },
            "manager": { "user_email": "opportunity.owner" }, "title": { "first_of": ["posting.text"] } },
        "aliases": { "department": { "Engineering": ["Eng"] } },
        "locations": { "Berlin": { "timezone": "Europe/Berlin", "holidays": calendar, "dates": ["2026-12-25"] } },
        "required": ["name"],
    })
}

/// Files with every key there is.
fn whole() -> Vec<(ConfigKind, Value)> {
    let test = json!([{ "path": "department", "op": "is", "value": "Design" }]);
    let field =
        json!({ "name": "X-Api-Key", "value": { "now": "a" }, "label": "Key", "prefix": "Key " });
    let auth = json!({ "type": "headers", "headers": [field] });
    let request = json!({ "method": "POST", "path": "/members", "query": { "a": "b" }, "headers": { "x-a": "b" },
        "body": { "a": 1 }, "form": { "a": "b", "c": { "json": { "d": "{work_email}" } } }, "response_path": "all", "id": "id", "role": "role", "plan": "plan", "active": test[0], "already": [409], "gone": [404] });
    let scim = json!({ "type": "scim", "base_url": "https://a.example", "auth": { "type": "bearer" },
        "user": { "userName": "{work_email}" }, "group_for": { "role": { "a": "b" }, "plan": { "a": "b" } },
        "create_groups": true, "on_revoke": "remove", "settle_secs": 3, "unique": true,
        "quirks": { "max_page": 5, "patch_active_as_text": true, "members_per_patch": 5 } });
    let mut actions = json!({});
    for name in keys(
        ConfigKind::App,
        "/properties/provisioner/oneOf/1/properties/actions/properties",
    ) {
        actions[name] = request.clone();
    }
    actions["find"]["pagination"] = json!({ "type": "offset", "offset": "from", "limit": "most", "size": 20, "start": 1, "step": "rows",
        "total_path": "total", "has_more_path": "more", "stop": ["short_page"], "send": { "body": "from" } });
    let http = json!({ "type": "http", "base_url": "https://a.example", "auth": auth, "on_revoke": "suspend",
        "settle_secs": 3, "unique": false, "actions": actions });
    let grant = json!({ "app": "figma", "plan": "pro", "role": "a", "groups": ["a"], "when": test,
        "deliver": { "before_start": "3wd", "at": "09:00" },
        "approval": { "by": ["role:a"], "expires": "72h", "escalate_to": ["role:b"] } });
    let given =
        json!({ "app": "figma", "deliver": "now", "approval": { "given_by": "the board" } });
    let on_start = json!({ "app": "figma", "deliver": { "on_start": true } });
    let policy = json!({ "policy": "design", "when": test, "grants": [grant, given, on_start] });
    let rule = json!({ "rule": "hired", "event": "candidate.hired", "when": test, "workflow": "onboard",
        "pilot": { "when": [{ "any": [test] }] }, "dry_run": true });
    let steps = json!([
        { "id": "a", "type": "grant" },
        { "id": "b", "type": "revoke", "needs": ["a"], "apps": ["figma"] },
        { "id": "i", "type": "revoke", "needs": ["b"] },
        { "id": "c", "type": "task", "owner": "role:a", "title": "Laptop", "due": { "after_start": "2w" } },
        { "id": "d", "type": "wait", "until": "on_start" },
        { "id": "e", "type": "notify", "to": "{manager}", "text": "Hello" },
        { "id": "f", "type": "http", "method": "PUT", "path": "https://a.example", "headers": { "x-a": "b" }, "body": { "a": 1 },
            "auth": { "type": "none" }, "repeat": { "idempotency_header": "X-Key" } },
        { "id": "g", "type": "http", "path": "https://a.example", "repeat": "safe" },
        { "id": "h", "type": "lever_note", "tag": "welcome" },
    ]);
    let workflow = json!({ "workflow": "onboard", "dry_run": true, "steps": steps });
    let directed = json!({ "workflow": "leave", "direction": "revoke", "steps": [] });
    vec![
        (ConfigKind::App, app(scim)),
        (ConfigKind::App, app(http)),
        (ConfigKind::App, app(json!({ "type": "manual" }))),
        (ConfigKind::Policy, policy),
        (ConfigKind::Rule, rule),
        (ConfigKind::Workflow, workflow),
        (ConfigKind::Workflow, directed),
        (ConfigKind::Attributes, whole_attributes()),
    ]
}

fn is_read(kind: ConfigKind, file: &Value) -> bool {
    fn by<T: DeserializeOwned>(file: &Value) -> bool {
        serde_json::from_value::<T>(file.clone()).is_ok()
    }
    match kind {
        ConfigKind::App => by::<Application>(file),
        ConfigKind::Policy => by::<Policy>(file),
        ConfigKind::Rule => by::<Rule>(file),
        ConfigKind::Workflow => by::<Workflow>(file),
        ConfigKind::Attributes => by::<AttributesFile>(file),
        ConfigKind::Settings | ConfigKind::Pause => panic!("no file"),
    }
}

/// Every key in every object, with the pointer of the object.
fn all_keys(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found.push((at.to_owned(), key.clone()));
                all_keys(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                all_keys(item, &format!("{at}/{place}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_whole_file_of_each_kind_is_right() {
    let mut company = Company::empty().unwrap();
    for (kind, file) in whole() {
        assert_eq!(mistakes(kind, &file), [], "{file}");
        let id = file.get(kind.as_str()).and_then(Value::as_str);
        let item = ConfigItem {
            kind,
            id: Slug::parse(id.unwrap_or("attributes")).unwrap(),
            file,
            changed_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(company.take(&item), Ok(()));
    }
}

#[test]
fn a_key_that_is_misspelt_is_refused_by_the_schema_where_the_reader_refuses_it() {
    let mut refused = 0;
    for (kind, file) in whole() {
        let mut all = Vec::new();
        all_keys(&file, "", &mut all);
        for (pointer, key) in all {
            let mut misspelt = file.clone();
            let around = misspelt.pointer_mut(&pointer).unwrap();
            let around = around.as_object_mut().unwrap();
            let value = around.remove(&key).unwrap();
            around.insert(format!("{key}x"), value);

            let found = mistakes(kind, &misspelt);

            let is_read = is_read(kind, &misspelt);
            assert_eq!(found.is_empty(), is_read, "{pointer}/{key}: {found:?}");
            refused += usize::from(!is_read);
        }
    }
    assert!(refused > 200, "{refused}");
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_was_meant() {
    let file = json!({
        "policy": "design", "whne": [],
        "grants": [
            { "ap": "figma", "deliver": { "befor_start": "3d" } },
            { "app": "zoom", "deliver": { "before_start": "3 days" }, "when": [{ "path": "a", "op": "iss" }], "groups": "a" },
            { "app": "slack", "deliver": "on_strat" },
        ],
    });

    let found: Vec<String> = mistakes(ConfigKind::Policy, &file)
        .iter()
        .map(ToString::to_string)
        .collect();

    for expect in [
        "whne: unknown key `whne`, did you mean `when`?",
        "grants[0].ap: unknown key `ap`, did you mean `app`?",
        "grants[0].deliver.befor_start: unknown key `befor_start`, did you mean `before_start`?",
        "grants[0].app: is missing",
        "grants[1].when[0].op: unknown operator `iss`, did you mean `is`?",
        "grants[1].groups: must be a list",
        "grants[2].deliver: unknown word `on_strat`, did you mean `on_start`?",
    ] {
        assert!(found.iter().any(|one| one == expect), "{expect}: {found:?}");
    }
    let span = "grants[1].deliver.before_start: a length of time is";
    assert!(found.iter().any(|one| one.starts_with(span)), "{found:?}");
    assert_eq!(found.len(), 8, "{found:?}");
}

#[test]
fn what_a_request_of_a_provisioner_cannot_have_is_said_and_why() {
    let find = json!({ "path": "/members", "keep": {} });
    let file = app(
        json!({ "type": "http", "base_url": "https://a.example", "actions": { "find": find } }),
    );

    let found: Vec<String> = mistakes(ConfigKind::App, &file)
        .iter()
        .map(ToString::to_string)
        .collect();

    assert_eq!(
        found,
        [
            "provisioner.actions.find.keep: nothing is kept for another request: attributes and `{user.id}` are there",
        ]
    );
}

#[test]
fn the_type_of_a_step_is_named_or_told() {
    let file =
        json!({ "workflow": "a", "steps": [{ "id": "a", "type": "tsak" }, { "id": "b" }, "c"] });

    let found: Vec<String> = mistakes(ConfigKind::Workflow, &file)
        .iter()
        .map(ToString::to_string)
        .collect();

    assert_eq!(
        found,
        [
            "steps[0].type: unknown type `tsak`, did you mean `task`?",
            "steps[1].type: is missing: one of grant, revoke, task, wait, notify, http, lever_note",
            "steps[2]: must be an object",
        ]
    );
}

#[test]
fn every_reference_leads_somewhere() {
    for kind in KINDS {
        let schema = of(kind).unwrap();
        let found = references(&schema);

        assert!(!found.is_empty());
        for reference in found {
            let there = schema.pointer(reference.trim_start_matches('#'));
            assert!(there.is_some(), "{reference}");
        }
    }
}
