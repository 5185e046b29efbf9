//! The document of a small company, as a whole.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::markdown;
use crate::catalog::DefinitionItem;
use crate::company::Company;
use crate::config::ConfigKind;
use crate::ids::Slug;
use crate::testing::take;

fn a_company(files: &[(ConfigKind, &str, Value)]) -> Company {
    let mut company = Company::empty().unwrap();
    for (kind, id, file) in files {
        take(&mut company, *kind, id, file.clone());
    }
    company
}

fn files() -> Vec<(ConfigKind, &'static str, Value)> {
    let price = json!({ "amount_minor": 1500, "currency": "USD", "per": "month" });
    let scim = json!({ "type": "scim", "base_url": "https://figma.example" });
    let is_design = json!([{ "path": "department", "op": "is", "value": "Design" }]);
    let approval = json!({ "by": ["{manager}"], "expires": "72h", "escalate_to": ["role:it"] });
    vec![
        (
            ConfigKind::App,
            "figma",
            json!({ "app": "figma", "name": "Figma", "owner": "ops@contoso.example", "provisioner": scim,
                "plans": [{ "id": "pro", "name": "Professional", "price": price, "seats": 40 }] }),
        ),
        (
            ConfigKind::App,
            "vault",
            json!({ "app": "vault", "sensitivity": "high", "dry_run": true }),
        ),
        (
            ConfigKind::Policy,
            "design",
            json!({ "policy": "design", "when": is_design, "grants": [
                { "app": "figma", "plan": "pro", "deliver": { "before_start": "3d", "at": "09:00" }, "approval": approval },
                { "app": "vault" },
            ] }),
        ),
        (
            ConfigKind::Rule,
            "hired",
            json!({ "rule": "hired", "event": "candidate.hired", "workflow": "onboard",
                "pilot": { "when": is_design } }),
        ),
        (
            ConfigKind::Attributes,
            "attributes",
            json!({ "owner": "role:hr", "attributes": {
                    "name": { "first_of": ["opportunity.name", "contact.name"] },
                    "department": "posting.categories.department",
                    "work_email": { "address": "{first_name}@contoso.example" },
                },
                "aliases": { "department": { "Design": ["Product Design"] } },
                "required": ["name"] }),
        ),
        (
            ConfigKind::Settings,
            "settings",
            json!({ "roles": { "it": ["it@contoso.example"] }, "directory": {
                "definition": "entra", "account": "prod", "attributes": { "department": "custom_fields.department" } } }),
        ),
    ]
}

fn definition() -> DefinitionItem {
    let is_on = json!([{ "path": "state", "op": "is", "value": "on" }]);
    let seat = json!([{ "path": "plan", "op": "any_of", "value": ["pro", "team"] }]);
    DefinitionItem {
        id: Slug::parse("figma").unwrap(),
        app: Slug::parse("figma").unwrap(),
        name: "Figma".to_owned(),
        number: 3,
        file: json!({
            "definition": "figma", "app": "figma", "base_url": "https://figma.example/api",
            "users": { "path": "/users", "where": [{ "path": "is_bot", "op": "is_not", "value": true }] },
            "map": {
                "external_id": "id", "email": { "first_of": ["work.email", "email"] },
                "full_name": { "join": ["given", "family"], "with": " " },
                "username": { "template": "{login}@contoso.example" },
                "role": { "path": "role_id", "map": { "1": "Admin" }, "default": "Other" },
                "last_visit_at": { "path": "seen", "format": "%d/%m/%Y" },
            },
            "status": { "active_when": is_on },
            "licenses": { "conditions": [{ "name": "Seat", "when": seat }] },
            "custom_fields": { "cost_center": "attributes.cost_center" },
        }),
        changed_at: Timestamp::UNIX_EPOCH,
        changed_by: "test".to_owned(),
    }
}

#[test]
fn the_document_says_everything_in_plain_words() {
    let company = a_company(&files());

    insta::assert_snapshot!("document", markdown(&company, &[definition()]));
}

#[test]
fn what_users_wrote_is_text_and_no_markup() {
    let name = "*Figma* <script>\n# [x](y)";
    let app = json!({ "app": "figma", "name": name });
    let text = markdown(&a_company(&[(ConfigKind::App, "figma", app)]), &[]);

    let title = "### \\*Figma\\* \\<script\\> \\# \\[x\\](y)";
    assert!(text.lines().any(|line| line == title), "{text}");
}
