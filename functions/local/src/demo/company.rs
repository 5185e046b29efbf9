//! The company of the demo: its Lever, its applications, its configuration.

use std::net::SocketAddr;
use std::path::Path;

use sando_infra::http::Method;
use sando_world::{
    CandidateIds, Company, Employee, HttpApp, HttpAppOptions, LeverOptions, LeverSim, ScimApp,
    ScimOptions,
};
use serde_json::{Value, json};

use crate::client::Client;

/// Everything around Sando.
pub struct Town {
    /// Lever.
    pub lever: LeverSim,
    /// An application with SCIM for everybody.
    pub mail: ScimApp,
    /// An application with SCIM and plans.
    pub design: ScimApp,
    /// An application without SCIM.
    pub wiki: HttpApp,
    people: Company,
    tokens: Vec<String>,
}

const EVENTS: [&str; 4] = [
    "candidateHired",
    "candidateArchiveChange",
    "candidateStageChange",
    "candidateDeleted",
];

impl Town {
    /// Starts every server.
    pub async fn start() -> anyhow::Result<Self> {
        let lever = LeverSim::start(LeverOptions::default()).await?;
        let today = lever.clock().now_ms();
        Ok(Self {
            mail: ScimApp::start(ScimOptions::default()).await?,
            design: ScimApp::start(ScimOptions {
                token: "design-token".into(),
                ..ScimOptions::default()
            })
            .await?,
            wiki: HttpApp::start(HttpAppOptions::default()).await?,
            people: Company::new("contoso", 7, today),
            tokens: EVENTS
                .iter()
                .enumerate()
                .map(|(place, _)| format!("{:048x}", place + 1))
                .collect(),
            lever,
        })
    }

    /// Lever's API.
    pub fn lever_url(&self) -> String {
        self.lever.api_url()
    }

    /// The environment that Sando is started with.
    pub fn vars(&self, folder: &Path) -> Vec<(String, String)> {
        [
            ("SANDO_DATA_DIR", folder.display().to_string()),
            ("SANDO_ALLOW_LOOPBACK", "1".to_owned()),
            ("SANDO_LEVER_API_URL", self.lever.api_url()),
            ("SANDO_LEVER_API_KEY", "lever-key".to_owned()),
            ("SANDO_LEVER_SIGNING_TOKEN", self.tokens.join(",")),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    /// Puts the company's configuration, as an administrator would.
    pub async fn configure(&self, client: &Client) -> anyhow::Result<()> {
        client
            .call(Method::PUT, "/v1/attributes", &attributes())
            .await?;
        client
            .call(
                Method::PUT,
                "/v1/apps/mail",
                &scim("Mail", &self.mail, json!([])),
            )
            .await?;
        let plans = json!([{ "id": "viewer", "name": "Viewer" }, { "id": "professional", "name": "Professional",
            "price": { "amount_minor": 1500, "currency": "USD", "per": "month" }, "seats": 120 }]);
        client
            .call(
                Method::PUT,
                "/v1/apps/design",
                &scim("Design", &self.design, plans),
            )
            .await?;
        client
            .call(Method::PUT, "/v1/apps/wiki", &wiki(&self.wiki))
            .await?;
        for (app, name, value) in [
            ("mail", "token", self.mail.token()),
            ("design", "token", self.design.token()),
            ("wiki", "X-Api-Key", self.wiki.api_key()),
        ] {
            let body = json!({ "credentials": { name: value } });
            client
                .call(Method::PUT, &format!("/v1/apps/{app}/credentials"), &body)
                .await?;
        }
        client
            .call(Method::PUT, "/v1/policies/everybody", &everybody())
            .await?;
        client
            .call(Method::PUT, "/v1/policies/makers", &makers())
            .await?;
        Ok(())
    }

    /// Lever calls Sando from now on.
    pub fn connect_webhooks(&self, sando: SocketAddr) {
        for (event, token) in EVENTS.iter().zip(&self.tokens) {
            self.lever.register_webhook_with(
                event,
                &format!("http://{sando}/webhooks/lever"),
                Some(token),
            );
        }
    }

    /// Somebody signs an offer.
    pub fn next_candidate(&mut self) -> (Employee, CandidateIds) {
        let employee = self.people.hire();
        let ids = self.lever.create_candidate(employee.candidate());
        (employee, ids)
    }
}

fn attributes() -> Value {
    json!({
        "attributes": {
            "name": { "first_of": ["opportunity.name", "contact.name"] },
            "personal_email": { "first_of": ["opportunity.emails[0]", "contact.emails[0]"] },
            "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
            "department": "posting.categories.department",
            "location": "posting.categories.location",
            "title": { "first_of": ["offer.fields[identifier=job_title].value", "posting.text"] },
            "start_date": "offer.fields[identifier=anticipated_start_date].value",
        },
        "required": ["name", "personal_email", "department"],
    })
}

fn scim(name: &str, app: &ScimApp, plans: Value) -> Value {
    json!({
        "name": name, "owner": "it@contoso.example", "plans": plans,
        "provisioner": {
            "type": "scim", "base_url": app.base_url(), "auth": { "type": "bearer" }, "create_groups": true,
            "group_for": { "plan": { "professional": "Pro Seats" } },
        },
    })
}

fn wiki(app: &HttpApp) -> Value {
    json!({
        "name": "Wiki", "owner": "it@contoso.example",
        "provisioner": {
            "type": "http", "base_url": app.base_url(),
            "auth": { "type": "headers", "headers": [{ "name": "X-Api-Key", "value": "later" }] },
            "unique": true,
            "actions": {
                "find": { "path": "/members?email={work_email}", "response_path": "members", "id": "id",
                    "active": { "path": "state", "op": "is", "value": "active" } },
                "create": { "method": "POST", "path": "/members", "id": "id", "already": [409],
                    "body": { "email": "{work_email}", "role": "{grant.role}" } },
                "suspend": { "method": "POST", "path": "/members/{user.id}/suspend" },
                "restore": { "method": "POST", "path": "/members/{user.id}/restore" },
                "revoke_sessions": { "method": "POST", "path": "/members/{user.id}/logout" },
            },
        },
    })
}

fn everybody() -> Value {
    json!({ "policy": "everybody", "grants": [{ "app": "mail" }, { "app": "wiki", "role": "editor" }] })
}

fn makers() -> Value {
    json!({
        "policy": "makers",
        "when": [{ "path": "department", "op": "any_of", "value": ["Engineering", "Design"] }],
        "grants": [{ "app": "design", "plan": "professional" }],
    })
}
