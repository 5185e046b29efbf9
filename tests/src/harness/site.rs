//! The outside of a test: Lever, two applications with SCIM and one without, and what an administrator configured.

use sando_core::config::ConfigKind;
use sando_core::ports::{SecretValues, Secrets};
use sando_core::store::{Put, Version};
use sando_core::testing::a_file;
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

/// How the servers behave.
#[derive(Clone, Debug)]
pub struct SiteOptions {
    /// Without a rate limit unless told otherwise.
    pub lever: LeverOptions,
    /// Mail.
    pub mail: ScimOptions,
    /// Design.
    pub design: ScimOptions,
    /// The wiki.
    pub wiki: HttpAppOptions,
}

impl Default for SiteOptions {
    fn default() -> Self {
        let lever = LeverOptions {
            rate_limit: None,
            ..LeverOptions::default()
        };
        Self {
            lever,
            mail: ScimOptions::default(),
            design: ScimOptions::default(),
            wiki: HttpAppOptions::default(),
        }
    }
}

impl Site {
    /// Starts every server.
    pub async fn start() -> Self {
        Self::with(SiteOptions::default()).await
    }

    /// Starts every server, each as told.
    pub async fn with(options: SiteOptions) -> Self {
        let scim = async |options| ScimApp::start(options).await.expect("a SCIM server starts");
        Self {
            lever: LeverSim::start(options.lever).await.expect("Lever starts"),
            mail: scim(options.mail).await,
            design: scim(options.design).await,
            wiki: HttpApp::start(options.wiki).await.expect("Wiki starts"),
        }
    }

    /// The accounts that an address has: in Mail, in Design, in the wiki.
    #[must_use]
    pub fn accounts(&self, address: &str) -> [usize; 3] {
        let scim = |app: &ScimApp| {
            let has = |name: &str| name.eq_ignore_ascii_case(address);
            app.users()
                .iter()
                .filter(|user| has(&user.user_name))
                .count()
        };
        let members = self.wiki.members();
        let wiki = members
            .iter()
            .filter(|one| one.email.eq_ignore_ascii_case(address))
            .count();
        [scim(&self.mail), scim(&self.design), wiki]
    }

    /// How many accounts there are: in Mail, in Design, in the wiki.
    #[must_use]
    pub fn sizes(&self) -> [usize; 3] {
        [
            self.mail.users().len(),
            self.design.users().len(),
            self.wiki.members().len(),
        ]
    }

    /// How many accounts can be used: in Mail, in Design, in the wiki.
    #[must_use]
    pub fn active(&self) -> [usize; 3] {
        let scim = |app: &ScimApp| app.users().iter().filter(|user| user.active).count();
        let members = self.wiki.members();
        let wiki = members.iter().filter(|one| one.state == "active").count();
        [scim(&self.mail), scim(&self.design), wiki]
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

    /// The file of an application: `mail`, `design` or `wiki`.
    #[must_use]
    pub fn app_file(&self, app: &str) -> Value {
        match app {
            "mail" => scim_file(app, &self.mail.base_url()),
            "design" => scim_file(app, &self.design.base_url()),
            _ => wiki_file(&self.wiki.base_url()),
        }
    }

    /// The configuration, as stored items.
    #[must_use]
    pub fn configuration(&self) -> Vec<Put> {
        let everybody = json!({ "policy": "everybody", "grants": [{ "app": "mail" }, { "app": "wiki", "role": "editor" }] });
        let makers = json!({ "policy": "makers", "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
            "grants": [{ "app": "design", "plan": "pro" }] });
        [
            (ConfigKind::Attributes, "attributes", attributes()),
            (ConfigKind::App, "mail", self.app_file("mail")),
            (ConfigKind::App, "design", self.app_file("design")),
            (ConfigKind::App, "wiki", self.app_file("wiki")),
            (ConfigKind::Policy, "everybody", everybody),
            (ConfigKind::Policy, "makers", makers),
        ]
        .into_iter()
        .map(|(kind, id, file)| put(kind, id, file))
        .collect()
    }
}

/// The file of an application with SCIM.
#[must_use]
pub fn scim_file(app: &str, base_url: &str) -> Value {
    json!({ "app": app, "plans": [{ "id": "viewer" }, { "id": "pro" }], "provisioner": {
        "type": "scim", "base_url": base_url, "auth": { "type": "bearer" }, "create_groups": true,
        "group_for": { "plan": { "pro": "Pro Seats" } } } })
}

/// One item of configuration, new.
pub fn put(kind: ConfigKind, id: &str, file: Value) -> Put {
    Put::of(&a_file(kind, id, file), Version::ABSENT)
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

fn wiki_file(base_url: &str) -> Value {
    json!({ "app": "wiki", "owner": "it@contoso.example", "provisioner": {
        "type": "http", "base_url": base_url,
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
