//! The company of a seed: its files, as users write them, and the applications behind them.

use std::time::Duration;

use jiff::Timestamp;
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::ids::Slug;
use serde_json::{Value, json};

use super::applications::Character;
use super::chance::Chance;
use super::clock::after;

/// A name that is a slug.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("names in the simulation are slugs")
}

/// One file of configuration.
#[must_use]
pub fn file(kind: ConfigKind, id: &str, file: Value, now: Timestamp) -> ConfigItem {
    ConfigItem {
        kind,
        id: slug(id),
        file,
        changed_at: now,
    }
}

/// The files that every company has.
#[must_use]
pub fn base(now: Timestamp) -> Vec<ConfigItem> {
    let attributes = json!({
        "attributes": {
            "name": "contact.name",
            "personal_email": "contact.emails[0]",
            "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
            "department": "posting.categories.department",
            "start_date": "offer.fields[identifier=anticipated_start_date].value",
        },
        "required": ["name", "personal_email", "department", "start_date"],
    });
    // Moves are looked at only where a rule names them; what would follow is only shown.
    let steps = json!([{ "id": "meet", "type": "task", "owner": "it@contoso.example", "title": "Meet them" }]);
    let meet = json!({ "workflow": "meet", "steps": steps });
    let moved = json!({
        "rule": "moved", "event": "candidate.stage_changed", "workflow": "meet", "dry_run": true,
    });
    vec![
        file(ConfigKind::Attributes, "attributes", attributes, now),
        file(ConfigKind::Workflow, "meet", meet, now),
        file(ConfigKind::Rule, "moved", moved, now),
    ]
}

/// An application of the pool, with its file and its policy.
pub struct Drawn {
    /// How it behaves.
    pub character: Character,
    /// Its file and its policy.
    pub files: Vec<ConfigItem>,
}

/// Draws two to four applications.
#[must_use]
pub fn applications(chance: &Chance, start: Timestamp) -> Vec<Drawn> {
    let mut names = vec!["mail", "code", "crm", "desk"];
    while names.len() > 2 && chance.happens(400) {
        names.remove(chance.place(names.len()));
    }
    names
        .into_iter()
        .map(|name| drawn(name, chance, start))
        .collect()
}

fn drawn(name: &str, chance: &Chance, start: Timestamp) -> Drawn {
    let (scim, shows_entitlement, settle_secs) = match name {
        "mail" => (true, true, 0),
        "code" => (false, false, 60),
        "crm" => (true, true, 60),
        _ => (false, false, 900),
    };
    let most = match settle_secs {
        0 => 0,
        60 => 40,
        _ => 500,
    };
    let character = Character {
        app: slug(name),
        scim,
        shows_entitlement,
        hides: Duration::from_secs(most),
        outages: outages(chance, start),
    };
    let on_revoke = *chance.one_of(&["suspend", "remove"]);
    let provisioner = if scim {
        json!({
            "type": "scim", "base_url": format!("https://{name}.example/scim/v2"),
            "on_revoke": on_revoke, "settle_secs": settle_secs,
        })
    } else {
        json!({
            "type": "http", "base_url": format!("https://{name}.example"),
            "on_revoke": on_revoke, "settle_secs": settle_secs,
            "actions": actions(name),
        })
    };
    let app = json!({ "app": name, "owner": "it@contoso.example", "provisioner": provisioner });
    let files = vec![
        file(ConfigKind::App, name, app, start),
        file(ConfigKind::Policy, name, policy(name, 0), start),
    ];
    Drawn { character, files }
}

fn actions(name: &str) -> Value {
    let request = |method: &str| json!({ "method": method, "path": "/members" });
    let mut actions = json!({
        "find": { "path": "/members?email={work_email}", "id": "id" },
        "create": request("POST"),
        "suspend": request("POST"),
        "restore": request("POST"),
        "remove": request("DELETE"),
    });
    if name == "code"
        && let Some(actions) = actions.as_object_mut()
    {
        actions.insert("update".to_owned(), request("PATCH"));
        actions.insert("revoke_sessions".to_owned(), request("POST"));
    }
    actions
}

/// The policy of an application; an edited one has another number.
#[must_use]
pub fn policy(name: &str, edition: u64) -> Value {
    let department =
        |department: &str| json!([{ "path": "department", "op": "is", "value": department }]);
    let mut grant = json!({ "app": name, "role": format!("member{edition}") });
    let mut policy = json!({ "policy": name });
    let (when, deliver) = match name {
        "code" => (Some(department("Engineering")), None),
        "crm" => (
            // Somebody has to say yes first.
            Some(department("Sales")),
            Some(json!({ "before_start": "1d", "at": "09:00" })),
        ),
        "desk" => (None, Some(json!({ "on_start": true, "at": "09:00" }))),
        _ => (None, None),
    };
    if name == "crm" {
        let approval = json!({ "by": ["role:it"], "expires": "20h" });
        insert(&mut grant, "approval", approval);
    }
    if let Some(deliver) = deliver {
        insert(&mut grant, "deliver", deliver);
    }
    if let Some(when) = when {
        insert(&mut policy, "when", when);
    }
    insert(&mut policy, "grants", json!([grant]));
    policy
}

fn insert(value: &mut Value, name: &str, what: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(name.to_owned(), what);
    }
}

/// When something is down: never, for minutes, or for hours.
#[must_use]
pub fn outages(chance: &Chance, start: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut found = Vec::new();
    while found.len() < 2 && chance.happens(350) {
        let from = after(start, chance.up_to(Duration::from_secs(40 * 3600)));
        let most = *chance.one_of(&[600, 3600, 4 * 3600]);
        found.push((from, after(from, chance.up_to(Duration::from_secs(most)))));
    }
    found
}
