//! The outside of a test: Lever, two applications with SCIM and one without, and what an administrator configured.

use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::ids::Slug;
use sando_core::ports::{SecretValues, Secrets};
use sando_core::store::{Entity, Put, Version};
use sando_world::{
    CandidateIds, HttpApp, HttpAppOptions, LeverOptions, LeverSim, NewCandidate, ScimApp,
    ScimOptions,
};
use serde_json::{Value, json};

/// The outside of a test.
pub struct Site {
    /// Lever, without a rate limit unless asked for.
    pub lever: LeverSim,
    /// SCIM.
    pub mail: ScimApp,
    /// SCIM, with groups for plans.
    pub design: ScimApp,
    /// Declarative HTTP actions.
    pub wiki: HttpApp,
}

impl Site {
    /// Starts every server.
    pub async fn start() -> Self {
        Self::with(
            LeverOptions {
                rate_limit: None,
                ..LeverOptions::default()
            },
            HttpAppOptions::default(),
        )
        .await
    }

    /// Starts every server, Lever and the wiki as told.
    pub async fn with(lever: LeverOptions, wiki: HttpAppOptions) -> Self {
        Self {
            lever: LeverSim::start(lever).await.expect("Lever starts"),
            mail: ScimApp::start(ScimOptions::default())
                .await
                .expect("Mail starts"),
            design: ScimApp::start(ScimOptions::default())
                .await
                .expect("Design starts"),
            wiki: HttpApp::start(wiki).await.expect("Wiki starts"),
        }
    }

    /// Somebody signs an offer and is hired.
    pub fn hire(&self, name: &str, email: &str) -> CandidateIds {
        let candidate = NewCandidate {
            emails: vec![email.to_owned()],
            ..NewCandidate::named(name)
        };
        let ids = self
            .lever
            .create_candidate(candidate.department("Engineering"));
        self.lever
            .hire(&ids.opportunity)
            .expect("the candidate was just made");
        ids
    }

    /// The credentials of every application.
    pub async fn give_credentials(&self, secrets: &dyn Secrets) {
        for (owner, name, value) in [
            ("lever", "api_key", "lever-key"),
            ("app/mail", "token", self.mail.token()),
            ("app/design", "token", self.design.token()),
            ("app/wiki", "X-Api-Key", self.wiki.api_key()),
        ] {
            let credentials = [(name.to_owned(), value.to_owned())].into();
            let values = SecretValues {
                credentials,
                ..SecretValues::default()
            };
            secrets
                .write(owner, &values)
                .await
                .expect("secrets can be written");
        }
    }

    /// The configuration, as stored items.
    pub fn configuration(&self) -> Vec<Put> {
        let scim = |app: &str, sim: &ScimApp| {
            json!({ "app": app, "plans": [{ "id": "viewer" }, { "id": "pro" }], "provisioner": {
                "type": "scim", "base_url": sim.base_url(), "auth": { "type": "bearer" }, "create_groups": true,
                "group_for": { "plan": { "pro": "Pro Seats" } } } })
        };
        let everybody = json!({ "policy": "everybody", "grants": [{ "app": "mail" }, { "app": "wiki", "role": "editor" }] });
        let makers = json!({ "policy": "makers", "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
            "grants": [{ "app": "design", "plan": "pro" }] });
        [
            (ConfigKind::Attributes, "attributes", attributes()),
            (ConfigKind::App, "mail", scim("mail", &self.mail)),
            (ConfigKind::App, "design", scim("design", &self.design)),
            (ConfigKind::App, "wiki", wiki(&self.wiki)),
            (ConfigKind::Policy, "everybody", everybody),
            (ConfigKind::Policy, "makers", makers),
        ]
        .into_iter()
        .map(|(kind, id, file)| put(kind, id, file))
        .collect()
    }
}

/// One item of configuration, new.
pub fn put(kind: ConfigKind, id: &str, file: Value) -> Put {
    let id = Slug::parse(id).expect("a slug");
    let item = ConfigItem {
        kind,
        id,
        file,
        changed_at: jiff::Timestamp::UNIX_EPOCH,
    };
    Put {
        key: item.key(),
        kind: ConfigItem::KIND,
        schema: ConfigItem::SCHEMA,
        expect: Version::ABSENT,
        body: serde_json::to_string(&item).expect("plain data"),
        due: None,
        listing: None,
        lookup: None,
        expires_at: None,
    }
}

fn attributes() -> Value {
    json!({ "attributes": {
        "name": { "first_of": ["opportunity.name", "contact.name"] },
        "personal_email": { "first_of": ["opportunity.emails[0]", "contact.emails[0]"] },
        "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
        "department": "posting.categories.department",
        "start_date": "offer.fields[identifier=anticipated_start_date].value",
    }, "required": ["name", "personal_email", "department"] })
}

fn wiki(app: &HttpApp) -> Value {
    json!({ "app": "wiki", "owner": "it@contoso.example", "provisioner": {
        "type": "http", "base_url": app.base_url(),
        "auth": { "type": "headers", "headers": [{ "name": "X-Api-Key", "value": "later" }] },
        "actions": {
            "find": { "path": "/members?email={work_email}", "response_path": "members", "id": "id",
                "active": { "path": "state", "op": "is", "value": "active" } },
            "create": { "method": "POST", "path": "/members", "id": "id", "already": [409],
                "body": { "email": "{work_email}", "role": "{grant.role}" } },
            "update": { "method": "PATCH", "path": "/members/{user.id}", "body": { "role": "{grant.role}" } },
            "suspend": { "method": "POST", "path": "/members/{user.id}/suspend" },
            "restore": { "method": "POST", "path": "/members/{user.id}/restore" },
            "revoke_sessions": { "method": "POST", "path": "/members/{user.id}/logout" },
        } } })
}
