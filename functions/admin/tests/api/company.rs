//! The company of the tests: what is configured, Ada, and what becomes of her.

use serde_json::{Value, json};

use crate::people::ada;
use crate::world::World;

impl World {
    /// An application that provisions itself, one that a human provisions, and a policy for engineers.
    pub(crate) async fn configured(&self) {
        let figma = json!({ "name": "Figma", "owner": "design-ops@contoso.example", "provisioner": {
            "type": "scim", "base_url": "https://figma.example/scim", "auth": { "type": "bearer" } } });
        self.put("/v1/apps/figma", figma).await.expect(201);
        self.put("/v1/apps/desk", json!({ "owner": "it@contoso.example" }))
            .await
            .expect(201);
        let policy = json!({
            "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
            "grants": [{ "app": "figma", "plan": "pro" }, { "app": "desk" }]
        });
        self.put("/v1/policies/engineering", policy)
            .await
            .expect(201);
    }

    /// A person from an HR system; answers the id.
    pub(crate) async fn ada(&self) -> String {
        let ada = self.put("/v1/people/hr-1", ada()).await.expect(201);
        ada["id"].as_str().unwrap().to_owned()
    }

    /// Ada, applied: her `change` run has begun.
    pub(crate) async fn applied(&self) -> String {
        self.configured().await;
        self.applied_again().await
    }

    /// As [`Self::applied`], where everything is configured already.
    pub(crate) async fn applied_again(&self) -> String {
        let id = self.ada().await;
        self.apply(&id).await;
        id
    }

    /// Where the newest event of a person is replayed.
    pub(crate) async fn replay_of(&self, person: &str) -> String {
        let path = format!("/v1/events?person={person}");
        let events = self.get(&path).await.expect(200);
        let event = events["items"][0]["id"].as_str().unwrap();
        format!("/v1/events/{event}:replay")
    }

    /// Replays the newest event of a person: what they are due is given.
    pub(crate) async fn apply(&self, person: &str) {
        let replay = self.replay_of(person).await;
        let earnest = json!({ "dry_run": false });
        self.post(&replay, earnest).await.expect(200);
    }

    /// What a person has of an application; null if that is nothing.
    pub(crate) async fn grant(&self, person: &str, app: &str) -> Value {
        let path = format!("/v1/people/{person}/access");
        let access = self.get(&path).await.expect(200);
        let mut grants = access["actual"].as_array().unwrap().iter();
        let found = grants.find(|grant| grant["app"] == app);
        found.cloned().unwrap_or_default()
    }

    /// The newest run of a person.
    pub(crate) async fn run_of(&self, person: &str) -> Value {
        let runs = self
            .get(&format!("/v1/runs?person={person}"))
            .await
            .expect(200);
        runs["items"][0].clone()
    }
}
