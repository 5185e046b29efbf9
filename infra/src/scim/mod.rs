//! SCIM 2.0: looks for users, and makes single effects on them.
//!
//! Source: RFC 7643 (schema), RFC 7644 (protocol), RFC 9865 (cursors), and how servers deviate from them.

mod attribute;
mod discovery;
mod effects;
mod find;
mod groups;
mod list;
mod user;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use sando_core::app::ScimProvision;
use sando_core::effect::{Action, Outcome};
use sando_core::ids::EffectKey;
use sando_core::ports::{FoundUser, Provisioner, RemoteError, Subject};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::connection::Connection;
use crate::http::{Answer, Mask, Request};
use crate::subject::personal;
use crate::turn::Turns;

/// SCIM's media type.
const MEDIA_TYPE: &str = "application/scim+json";
/// Everything in one look or effect ends within this; the lease (90 s) outlives both together.
const WITHIN: Duration = Duration::from_secs(20);

/// A SCIM server, as the provisioner of one application.
pub struct ScimProvisioner {
    connection: Connection,
    provision: ScimProvision,
    turns: Turns,
    features: OnceCell<discovery::Features>,
    /// Ids of groups by name.
    group_ids: Mutex<HashMap<String, String>>,
}

/// One look or effect: whom it is about, and when it has to have ended.
struct Errand<'a> {
    subject: &'a Subject,
    until: Instant,
    mask: Mask,
}

impl<'a> Errand<'a> {
    fn about(subject: &'a Subject) -> Self {
        Self {
            subject,
            until: Instant::now() + WITHIN,
            mask: personal(subject),
        }
    }
}

impl ScimProvisioner {
    pub(crate) fn new(connection: Connection, provision: ScimProvision, turns: Turns) -> Self {
        Self {
            connection,
            provision,
            turns,
            features: OnceCell::new(),
            group_ids: Mutex::default(),
        }
    }

    fn remote(&self) -> &str {
        self.connection.remote()
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        errand: &Errand<'_>,
    ) -> Result<Request, RemoteError> {
        let url = self.connection.url(path)?;
        Request::new(self.remote(), method, url)
            .header("accept", "application/scim+json, application/json")
            .map(|request| {
                let request = request.until(errand.until).masked(&errand.mask);
                request.noted(&errand.subject.calls)
            })
    }

    /// Reads a resource or list; any status may come back.
    async fn get(&self, request: Request) -> Result<Answer, RemoteError> {
        self.connection.read(request).await
    }

    /// Sends an effect with an optional body and precondition, once.
    async fn send(&self, request: Request, body: Option<&Value>) -> Result<Answer, RemoteError> {
        let request = match body {
            Some(body) => request.json_as(MEDIA_TYPE, body),
            None => request,
        };
        self.connection.send_once(request).await
    }
}

#[async_trait]
impl Provisioner for ScimProvisioner {
    async fn find(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError> {
        self.look(&Errand::about(subject)).await
    }

    async fn make(&self, action: Action, subject: &Subject, _: &EffectKey) -> Outcome {
        self.effect(action, &Errand::about(subject)).await
    }
}

/// The provisioner as the port.
pub(crate) fn provisioner(
    connection: Connection,
    provision: ScimProvision,
    turns: Turns,
) -> Arc<dyn Provisioner> {
    Arc::new(ScimProvisioner::new(connection, provision, turns))
}
