//! The console from outside: real pages through the real router, as a browser asks for them.

mod accounts;
mod asked;
mod assets;
mod away;
mod builder;
mod by_hand;
mod corrections;
mod custom_fields;
mod decisions;
mod events;
mod filters;
mod find;
mod forms;
mod grounds;
mod guide;
mod held;
mod identity;
mod import;
mod jobs;
mod login;
mod markup;
mod notify;
mod overview;
mod pages;
mod polls;
mod provider;
mod provisioner;
mod review;
mod roles;
mod shortcuts;
mod sign_in;
mod size;
mod spend;
mod stale;
mod times;
mod trail;
mod typed;
mod typed_markup;
mod typing;
mod workflows;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Answer, TOKEN, World, ada, world};

const HOST: &str = "sando.example";

/// A browser with the cookies of whoever is signed in.
pub(crate) struct Browser<'a> {
    world: &'a World,
    cookies: Vec<(String, String)>,
    csrf: String,
}

/// What a form carries.
pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn encoded(fields: Fields<'_>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    form.finish()
}

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let start = text.find(from)? + from.len();
    let end = text[start..].find(to)? + start;
    Some(&text[start..end])
}

impl<'a> Browser<'a> {
    /// A browser that nobody is signed in to.
    pub(crate) fn new(world: &'a World) -> Self {
        Self {
            world,
            cookies: Vec::new(),
            csrf: String::new(),
        }
    }

    /// A browser that somebody with this key or token is signed in to.
    pub(crate) async fn signed_in(world: &'a World, key: &str) -> Self {
        let mut browser = Self::new(world);
        let answer = browser.post("/console/sign-in", &[("key", key)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let page = browser.get("/console/nowhere").await;
        let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"").unwrap();
        csrf.clone_into(&mut browser.csrf);
        browser.get("/console/inbox").await;
        browser
    }

    /// The administrator's browser.
    pub(crate) async fn admin(world: &'a World) -> Self {
        Self::signed_in(world, TOKEN).await
    }

    /// Somebody with one scope.
    pub(crate) async fn with(world: &'a World, scope: &str, roles: &[&str]) -> Self {
        let body = json!({ "name": format!("{scope} key"), "scopes": [scope], "roles": roles });
        let made = world.post("/v1/keys", body).await.expect(201);
        Self::signed_in(world, made["secret"].as_str().unwrap()).await
    }

    /// Somebody who may look, and do an operator's work.
    pub(crate) async fn operator(world: &'a World) -> Self {
        Self::with_all(world, &["read", "operate"]).await
    }

    /// Somebody with these scopes.
    pub(crate) async fn with_all(world: &'a World, scopes: &[&str]) -> Self {
        let body = json!({ "name": "a key", "scopes": scopes });
        let made = world.post("/v1/keys", body).await.expect(201);
        Self::signed_in(world, made["secret"].as_str().unwrap()).await
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let found = self.cookies.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("cookie", cookies.join("; "))
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.world.send(request).await;
        for set in answer.headers.get_all("set-cookie") {
            let text = set.to_str().unwrap().to_owned();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !text.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Sends a form as a page of ours does.
    pub(crate) async fn post(&mut self, path: &str, fields: Fields<'_>) -> Answer {
        let mut all = vec![("csrf", self.csrf.clone())];
        all.extend(
            fields
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let all: Vec<(&str, &str)> = all
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.post_as(path, Some(&format!("https://{HOST}")), &all)
            .await
    }

    /// Sends a form from anywhere.
    pub(crate) async fn post_as(
        &mut self,
        path: &str,
        origin: Option<&str>,
        fields: Fields<'_>,
    ) -> Answer {
        let mut request = self
            .request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let request = request.body(Body::from(encoded(fields))).unwrap();
        self.send(request).await
    }
}

/// Ids of everything that a page can show.
pub(crate) struct Fixture {
    pub(crate) person: String,
    pub(crate) run: String,
    pub(crate) approval: Value,
    pub(crate) task: String,
    pub(crate) event: String,
    pub(crate) job: String,
}

/// Ada waits for a decision about Figma, a human has a task about a desk, and Acme is connected with a sync that is held.
pub(crate) async fn furnished(world: &World) -> Fixture {
    world.configured().await;
    let price = json!({ "amount_minor": 1500, "currency": "USD", "per": "month" });
    let figma = json!({ "name": "Figma", "plans": [{ "id": "pro", "price": price }],
        "provisioner": { "type": "scim", "base_url": "https://figma.example/scim" } });
    world.put("/v1/apps/figma", figma).await.expect(200);
    let policy = json!({
        "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
        "grants": [{ "app": "desk" }, { "app": "figma", "plan": "pro", "approval": { "by": ["role:it-admin"], "expires": "72h" } }]
    });
    world
        .put("/v1/policies/engineering", policy)
        .await
        .expect(200);
    let rule = json!({ "event": "candidate.hired", "workflow": "onboard" });
    world.put("/v1/rules/ours", rule).await.expect(201);
    connected(world).await;
    let draft = json!({ "definition": "acme", "app": "acme", "name": "Acme", "map": { "email": { "first_of": ["mail"] } } });
    world.put("/v1/drafts/acme", draft).await.expect(201);
    let person = world.applied_again().await;
    world.pass(1).await;
    let run = world.run_of(&person).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let approvals = world.get("/v1/approvals?state=waiting").await.expect(200);
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let events = world.get(&format!("/v1/events?person={person}")).await;
    let events = events.expect(200);
    let headers = [("prefer", "respond-async")];
    let verify = world.call("POST", "/v1/audit:verify", Some(json!({})), &headers);
    let job = verify.await.expect(202);
    Fixture {
        job: job["id"].as_str().unwrap().to_owned(),
        person,
        run,
        approval: approvals["items"][0].clone(),
        task: tasks["items"][0]["id"].as_str().unwrap().to_owned(),
        event: events["items"][0]["id"].as_str().unwrap().to_owned(),
    }
}

async fn connected(world: &World) {
    let definition = json!({
        "app": "acme", "name": "Acme", "base_url": "https://{domain}.acme.example",
        "variables": { "domain": { "label": "Subdomain" }, "tenant": { "secret": true } },
        "auth": { "type": "bearer" },
        "users": { "path": "/users", "response_path": "users" },
        "map": { "external_id": "id", "email": "mail" },
        "status": { "active_when": [{ "path": "state", "op": "is", "value": "on" }] }
    });
    world
        .put("/v1/definitions/acme", definition)
        .await
        .expect(201);
    let row = |id: &str, state: &str| json!({ "id": id, "mail": format!("{id}@contoso.example"), "state": state });
    world.serve(vec![row("a/1", "on"), row("b", "off")]);
    let given = json!({ "variables": { "domain": "contoso" },
        "credentials": { "token": "sk-secret", "tenant": "t-hidden" } });
    world.put("/v1/accounts/acme/prod", given).await.expect(201);
    world.pass(1).await;
    world.serve(Vec::new());
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;
}

impl Fixture {
    /// An address with ids of the fixture in place of its parameters.
    pub(crate) fn fill(&self, path: &str) -> String {
        let id = match path {
            path if path.starts_with("/approvals/") => self.approval["id"].as_str().unwrap(),
            path if path.starts_with("/console/people/") => &self.person,
            path if path.starts_with("/console/runs/") => &self.run,
            path if path.starts_with("/console/tasks/") => &self.task,
            path if path.starts_with("/console/events/") => &self.event,
            path if path.starts_with("/console/jobs/") => &self.job,
            path if path.starts_with("/console/integrations/") => "acme",
            path if path.starts_with("/console/builder/") => "acme",
            path if path.starts_with("/console/accounts/") => "syn_1",
            path if path.starts_with("/console/settings/keys/") => "key_none",
            path if path.starts_with("/console/apps/") => "figma",
            _ => "engineering",
        };
        path.replace("{id}", id)
            .replace("{definition}", "acme")
            .replace("{name}", "prod")
            .replace("{external_id}", "a%2F1")
            .replace("builder/acme/{step}", "builder/acme/fields")
            .replace("{step}", "access%2Ffigma")
            .replace("new/{kind}", "new/policies?id=makers")
            .replace("{kind}", "policies")
            .replace("{app}/{plan}", "figma/pro")
            .replace("{*place}", "config/1")
    }
}

/// A world with everything in it.
pub(crate) async fn everything() -> (World, Fixture) {
    let world = world();
    let fixture = furnished(&world).await;
    (world, fixture)
}

/// A person whose every text is markup.
pub(crate) fn hostile() -> Value {
    let mut person = ada();
    let attributes = person["attributes"].as_object_mut().unwrap();
    for name in ["name", "title", "location", "team"] {
        attributes.insert(name.to_owned(), json!(markup::MARKUP));
    }
    person
}
