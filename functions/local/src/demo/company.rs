//! The company of the demo: that of `examples/`, with a Lever and applications around it that are simulated.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use sando_infra::http::Method;
use sando_world::saas::{Door, List};
use sando_world::{
    CandidateIds, Company, Employee, HttpApp, HttpAppOptions, LeverOptions, LeverSim, SaasApp,
    ScimApp, ScimOptions,
};
use serde_json::{Value, json};

use super::files;
use crate::client::Client;

/// Everything around Sando.
pub struct Town {
    /// Lever.
    pub lever: LeverSim,
    /// What applications are called, by slug.
    pub labels: BTreeMap<String, String>,
    scim: BTreeMap<String, ScimApp>,
    http: BTreeMap<String, HttpApp>,
    /// HubSpot's list of users: what Sando reads, besides what it gives.
    hubspot: SaasApp,
    seats: Vec<Value>,
    changes: Vec<Value>,
    people: Company,
    tokens: Vec<String>,
}

/// What somebody is hired for.
#[derive(Clone, Copy)]
pub struct Job {
    /// The department.
    pub department: &'static str,
    /// The title.
    pub title: &'static str,
}

const EVENTS: [&str; 4] = [
    "candidateHired",
    "candidateArchiveChange",
    "candidateStageChange",
    "candidateDeleted",
];
const HUBSPOT_TOKEN: &str = "hubspot-token";

impl Town {
    /// Starts every server; the files are unpacked into the folder.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        let changes = files::unpack(folder)?;
        let (mut scim, mut http) = (BTreeMap::new(), BTreeMap::new());
        let mut labels = BTreeMap::new();
        for change in changes
            .iter()
            .filter(|change| text(change, "/kind") == "app")
        {
            let slug = text(change, "/id").to_owned();
            labels.insert(slug.clone(), text(change, "/file/name").to_owned());
            match text(change, "/file/provisioner/type") {
                "scim" => {
                    let options = ScimOptions {
                        token: format!("{slug}-token"),
                        ..ScimOptions::default()
                    };
                    scim.insert(slug, ScimApp::start(options).await?);
                }
                "http" => {
                    let app = HttpApp::start(HttpAppOptions::default()).await?;
                    http.insert(slug, app);
                }
                _ => {}
            }
        }
        let lever = LeverSim::start(LeverOptions::default()).await?;
        let today = lever.clock().now_ms();
        let tokens = EVENTS.iter().enumerate();
        Ok(Self {
            labels,
            scim,
            http,
            hubspot: SaasApp::start().await?,
            seats: Vec::new(),
            changes,
            people: Company::new("contoso", 7, today),
            tokens: tokens
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

    /// Puts the company's files, as an administrator would, with the simulated applications in place of the real ones.
    pub async fn configure(&self, client: &Client) -> anyhow::Result<()> {
        for change in &self.changes {
            let (kind, id) = (text(change, "/kind"), text(change, "/id"));
            let mut file = change.get("file").cloned().unwrap_or_default();
            let at = file.pointer_mut("/provisioner/base_url");
            if let (Some(at), Some(url)) = (at, self.url_of(id)) {
                *at = Value::from(url);
            }
            let path = match kind {
                "attributes" => "/v1/attributes".to_owned(),
                "policy" => format!("/v1/policies/{id}"),
                kind => format!("/v1/{kind}s/{id}"),
            };
            client.call(Method::PUT, &path, &file).await?;
        }
        // One mover after the other in a company of a handful: more than anywhere else in an hour.
        let guards = json!({ "movers_per_hour": 10_000, "movers_percent": 100 });
        client.call(Method::PUT, "/v1/settings", &guards).await?;
        let tokens = self.scim.iter();
        let tokens = tokens.map(|(app, sim)| (app, json!({ "token": sim.token() })));
        let keys = self.http.iter();
        let keys = keys.map(|(app, sim)| (app, json!({ "X-Api-Key": sim.api_key() })));
        for (app, credentials) in tokens.chain(keys) {
            let body = json!({ "credentials": credentials });
            client
                .call(Method::PUT, &format!("/v1/apps/{app}/credentials"), &body)
                .await?;
        }
        Ok(())
    }

    fn url_of(&self, app: &str) -> Option<String> {
        let scim = self.scim.get(app).map(ScimApp::base_url);
        scim.or_else(|| self.http.get(app).map(HttpApp::base_url))
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
    pub fn next_candidate(&mut self, job: Job) -> (Employee, CandidateIds) {
        let mut employee = self.people.hire();
        employee.department = job.department;
        employee.title = job.title;
        let ids = self.lever.create_candidate(employee.candidate());
        (employee, ids)
    }

    /// An application with SCIM.
    pub fn scim(&self, app: &str) -> Option<&ScimApp> {
        self.scim.get(app)
    }

    /// All of them: what each is called, where it is, and the token that it wants.
    pub fn scim_apps(&self) -> impl Iterator<Item = (&str, String, &str)> {
        let all = self.scim.iter();
        all.map(move |(app, sim)| (self.label(app), sim.base_url(), sim.token()))
    }

    /// An application with an API of its own.
    pub fn http(&self, app: &str) -> Option<&HttpApp> {
        self.http.get(app)
    }

    /// Somebody has a seat in HubSpot that nobody gave through Sando; answers how many have one now.
    pub fn seat_in_hubspot(&mut self, name: &str, email: &str) -> usize {
        let id = self.seats.len() + 1;
        self.seats
            .push(json!({ "id": id, "name": name, "email": email, "state": "active" }));
        self.hubspot.door(Door::bearer(HUBSPOT_TOKEN));
        self.hubspot.list("/users", List::of(self.seats.clone()));
        self.seats.len()
    }

    /// Connects HubSpot: from now on its users are read, every day and when asked.
    pub async fn connect_hubspot(&self, client: &Client) -> anyhow::Result<()> {
        let is_active = json!([{ "path": "state", "op": "is", "value": "active" }]);
        let definition = json!({
            "app": "hubspot", "base_url": self.hubspot.base_url(), "auth": { "type": "bearer" },
            "users": { "path": "/users" },
            "map": { "external_id": "id", "email": "email", "full_name": "name" },
            "status": { "active_when": is_active },
            "licenses": { "conditions": [{ "name": "HubSpot seat", "when": is_active }] },
        });
        client
            .call(Method::PUT, "/v1/definitions/hubspot", &definition)
            .await?;
        let account =
            json!({ "variables": {}, "credentials": { "token": HUBSPOT_TOKEN }, "replace": true });
        client
            .call(Method::PUT, "/v1/accounts/hubspot/prod", &account)
            .await?;
        Ok(())
    }

    /// How many accounts there are in each application that makes them itself.
    pub fn accounts(&self) -> Vec<String> {
        let scim = self.scim.iter();
        let scim = scim.map(|(app, sim)| (app, sim.users().len()));
        let http = self.http.iter();
        let http = http.map(|(app, sim)| (app, sim.members().len()));
        let all = scim.chain(http);
        all.map(|(app, count)| format!("{} {count}", self.label(app)))
            .collect()
    }

    /// How many people have two accounts in one application.
    pub fn doubled(&self) -> usize {
        let scim: usize = self.scim.values().map(|app| app.duplicates().len()).sum();
        let http: usize = self.http.values().map(|app| app.duplicates().len()).sum();
        scim + http
    }

    /// What an application is called.
    pub fn label<'a>(&'a self, app: &'a str) -> &'a str {
        self.labels.get(app).map_or(app, String::as_str)
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
