//! The company of every story; a story may put further files.

use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::ids::Slug;
use sando_core::testing::a_file;
use serde_json::{Value, json};

/// A name that is a slug.
pub(super) fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("names in stories are slugs")
}

fn attributes() -> Value {
    json!({
        "attributes": {
            "name": "contact.name",
            "personal_email": "contact.emails[0]",
            "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
            "department": "posting.categories.department",
            "location": "posting.categories.location",
            "title": "offer.fields[identifier=job_title].value",
            "start_date": "offer.fields[identifier=anticipated_start_date].value",
            "manager": { "user_email": "offer.fields[identifier=hiring_manager].value" },
        },
        "aliases": { "department": { "Engineering": ["Eng", "R&D"], "Sales": ["Revenue"] } },
        "locations": {
            "Berlin": { "timezone": "Europe/Berlin", "dates": ["2027-03-26", "2027-03-29"] },
            "New York": { "timezone": "America/New_York" },
            "Apia": { "timezone": "Pacific/Apia" },
        },
        "required": ["name", "personal_email", "department", "start_date"],
    })
}

fn app(name: &str, plans: &[&str], on_revoke: &str) -> ConfigItem {
    let plans: Vec<Value> = plans.iter().map(|plan| json!({ "id": plan })).collect();
    let provisioner = json!({
        "type": "scim", "base_url": format!("https://{name}.example/scim"), "on_revoke": on_revoke,
    });
    let app = json!({
        "app": name, "owner": "it@contoso.example", "plans": plans, "provisioner": provisioner });
    a_file(ConfigKind::App, name, app)
}

fn policy(name: &str, department: Option<&str>, grant: Value) -> ConfigItem {
    let mut policy = json!({ "policy": name, "grants": [grant] });
    if let (Some(department), Some(policy)) = (department, policy.as_object_mut()) {
        let when = json!([{ "path": "department", "op": "is", "value": department }]);
        policy.insert("when".to_owned(), when);
    }
    a_file(ConfigKind::Policy, name, policy)
}

/// `mail` at once and for everybody, `wiki` at nine on the first day; `code` for engineers three days before it, `crm`
/// for sales once somebody has said yes.
pub(super) fn files() -> Vec<ConfigItem> {
    let code = json!({
        "app": "code", "plan": "pro", "deliver": { "before_start": "3d", "at": "09:00" } });
    let wiki = json!({ "app": "wiki", "deliver": { "on_start": true, "at": "09:00" } });
    let crm = json!({ "app": "crm", "approval": { "by": ["role:it"], "expires": "72h" } });
    vec![
        a_file(ConfigKind::Attributes, "attributes", attributes()),
        app("mail", &[], "suspend"),
        app("wiki", &[], "remove"),
        app("code", &["basic", "pro"], "suspend"),
        app("crm", &[], "suspend"),
        policy("everybody", None, json!({ "app": "mail" })),
        policy("office", None, wiki),
        policy("engineering", Some("Engineering"), code),
        policy("sales", Some("Sales"), crm),
    ]
}
