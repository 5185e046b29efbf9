//! The router with a store in memory, and fakes of the other ports.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use sando_admin::{Api, router};
use sando_core::admin::provisioner::NOBODY;
use sando_core::app::Application;
use sando_core::auth::authorize::SignIn;
use sando_core::catch_up::{self, How, Moved, Part};
use sando_core::definition::{
    Answer as Answered, Class, Failure, Outcome as Came, PlannedRequest, Purpose,
};
use sando_core::effect::{self, Action, Outcome};
use sando_core::handle::tick::tick;
use sando_core::handle::work;
use sando_core::ids::{EffectKey, LeverId};
use sando_core::lever::Needs;
use sando_core::ports::{
    Applications, Calls, Chance, Clock, Connection, CredentialSource, FoundUser, Lever,
    Notification, Notifier, Opened, Ports, Provisioner, Reader, Readers, Reading, RemoteError,
    Subject, WorkMessage, WorkQueue,
};
use sando_core::store::Store;
use sando_core::testing::{Bare, KeptSecrets};
use sando_core::workflow::HttpStep;
use sando_infra::memory::MemoryStore;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) use crate::people::ada;

pub(crate) const TOKEN: &str = "the-admin-token";

/// How long a call of an application takes.
const TOOK: Duration = Duration::from_millis(12);

/// Time stands still unless a test moves it; chance counts.
#[derive(Default)]
pub(crate) struct Fakes {
    now: Mutex<Timestamp>,
    /// On a slow machine every look at the clock finds it later by so much.
    slow: Mutex<jiff::SignedDuration>,
    count: Mutex<u64>,
    queue: Mutex<Vec<WorkMessage>>,
    pub(crate) secrets: KeptSecrets,
    pub(crate) readings: Mutex<BTreeMap<LeverId, Reading>>,
    pub(crate) lever_is_down: Mutex<bool>,
    users: Mutex<BTreeMap<String, FoundUser>>,
    pub(crate) refuses: Mutex<bool>,
    sent: Mutex<Vec<Notification>>,
    /// Whose tokens were forgotten.
    pub(crate) forgotten: Mutex<Vec<String>>,
    /// The users of the application that is read, and the status that it refuses with.
    rows: Mutex<Vec<Value>>,
    pub(crate) answers_with: Mutex<Vec<(String, String)>>,
    refuses_reading: Mutex<Option<u16>>,
    /// What whoever is outside says when it refuses, and who signs in, if a test says it.
    pub(crate) says: Mutex<Option<String>>,
    requests: Mutex<usize>,
}

impl Fakes {
    /// The notifications that were sent.
    pub(crate) fn sent(&self) -> Vec<Notification> {
        self.sent.lock().unwrap().clone()
    }

    /// What somebody outside says: the usual words, or those of a test.
    fn said(&self, usual: &str) -> String {
        let says = self.says.lock().unwrap().clone();
        says.unwrap_or_else(|| usual.to_owned())
    }

    pub(crate) fn refusal(&self, remote: &str) -> RemoteError {
        RemoteError::Refused {
            remote: remote.to_owned(),
            status: 401,
            message: self.said("no"),
        }
    }
}

#[async_trait]
impl Clock for Fakes {
    fn now(&self) -> Timestamp {
        let mut now = self.now.lock().unwrap();
        *now += *self.slow.lock().unwrap();
        *now
    }
    /// A pause is over at once; what takes longer is a limit, which no test waits for.
    async fn sleep(&self, time: Duration) {
        if time >= Duration::from_secs(5) {
            std::future::pending().await
        }
    }
}

impl Chance for Fakes {
    fn fill(&self, bytes: &mut [u8]) {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = count.to_le_bytes()[place % 8];
        }
    }
}

#[async_trait]
impl WorkQueue for Fakes {
    async fn send(&self, message: WorkMessage, _: Duration) {
        self.queue.lock().unwrap().push(message);
    }
}

#[async_trait]
impl Lever for Fakes {
    async fn read(&self, opportunity: &LeverId, _: &Needs) -> Result<Reading, RemoteError> {
        self.test().await?;
        let found = self.readings.lock().unwrap().get(opportunity).cloned();
        Ok(found.unwrap_or(Reading::Deleted(None)))
    }
    /// Everything moves all the time.
    async fn moved(
        &self,
        part: Part,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<Moved>, RemoteError> {
        self.test().await?;
        let readings = self.readings.lock().unwrap();
        let row = |(id, reading): (&LeverId, &Reading)| {
            let how = match (part, reading) {
                (Part::Deleted, Reading::Deleted(at)) => How::Deleted(*at),
                (Part::Updated | Part::Hired, Reading::Present(one)) => {
                    How::There(one.archived.clone())
                }
                _ => return None,
            };
            Some(Moved {
                opportunity: id.clone(),
                how,
                came: catch_up::Came::default(),
            })
        };
        Ok(readings.iter().filter_map(row).collect())
    }
    async fn has_note(&self, _: &LeverId, _: &str) -> Result<bool, RemoteError> {
        Ok(true)
    }
    async fn add_note(&self, _: &LeverId, _: &str) -> Result<(), RemoteError> {
        Ok(())
    }
    async fn add_tag(&self, _: &LeverId, _: &str) -> Result<(), RemoteError> {
        Ok(())
    }
    async fn test(&self) -> Result<(), RemoteError> {
        if *self.lever_is_down.lock().unwrap() {
            return Err(self.refusal("lever"));
        }
        Ok(())
    }
}

struct Shared(Arc<Fakes>);

#[async_trait]
impl Applications for Shared {
    async fn provisioner(&self, _: &Application) -> Result<Arc<dyn Provisioner>, RemoteError> {
        Ok(Arc::new(Self(self.0.clone())))
    }
    async fn request(&self, _: &HttpStep, _: &Value, _: &EffectKey, _: &Calls) -> Outcome {
        Outcome::Done {
            external_id: None,
            was_so: false,
        }
    }
}

#[async_trait]
impl Provisioner for Shared {
    async fn find(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError> {
        if subject.person.text("work_email") == Some(NOBODY) && *self.0.refuses.lock().unwrap() {
            return Err(self.0.refusal("figma"));
        }
        subject.calls.note(effect::Came::Status(200), TOOK);
        let users = self.0.users.lock().unwrap();
        Ok(users.get(subject.person.id.as_str()).cloned())
    }
    async fn make(&self, action: Action, subject: &Subject, _: &EffectKey) -> Outcome {
        let refuses = *self.0.refuses.lock().unwrap();
        let status = if refuses { 403 } else { 201 };
        subject.calls.note(effect::Came::Status(status), TOOK);
        if refuses {
            return Outcome::Refused {
                why: self.0.said("the seat limit is reached"),
            };
        }
        let mut users = self.0.users.lock().unwrap();
        let id = subject.person.id.to_string();
        let user = users.entry(id.clone()).or_insert_with(|| FoundUser {
            external_id: format!("u-{id}").try_into().unwrap(),
            active: true,
            ours: true,
            entitled: Some(true),
            shown: None,
            seated: None,
        });
        user.active = !matches!(action, Action::Suspend);
        match action {
            Action::ReleasePlan => user.entitled = Some(false),
            Action::Create | Action::Restore | Action::Entitle => user.entitled = Some(true),
            _ => {}
        }
        Outcome::Done {
            external_id: Some(user.external_id.clone()),
            was_so: false,
        }
    }
}

#[async_trait]
impl Readers for Shared {
    async fn open(&self, connection: &Connection) -> Result<Opened, Failure> {
        let values = match &connection.credentials {
            CredentialSource::Kept { owner, .. } => self.0.secrets.of(owner).unwrap(),
            CredentialSource::Given(values) | CredentialSource::Session { values, .. } => {
                values.clone()
            }
        };
        let secret = &values.credentials;
        let mut given = connection.variables.clone();
        for (name, variable) in connection.definition.variables().iter() {
            if variable.secret {
                given.insert(name.to_owned(), secret[name].clone());
            }
        }
        Ok(Opened {
            variables: connection.definition.variables().resolve(&given).unwrap(),
            reader: Arc::new(Self(self.0.clone())),
        })
    }

    /// The code `good` is accepted.
    async fn authorise(&self, _: &Connection, code: &str, _: &SignIn) -> Result<(), Failure> {
        if code == "good" {
            return Ok(());
        }
        Err(Failure {
            class: Class::Credentials,
            purpose: Purpose::Step {
                name: "authentication".to_owned(),
            },
            at: None,
            status: Some(400),
            message: "the code is not accepted".to_owned(),
            remote: None,
            disable: true,
        })
    }

    async fn forget(&self, owner: &str) -> Result<(), RemoteError> {
        self.0.forgotten.lock().unwrap().push(owner.to_owned());
        Ok(())
    }
}

#[async_trait]
impl Reader for Shared {
    async fn send(&self, request: &PlannedRequest) -> Came {
        assert_eq!(request.url.host_str(), Some("contoso.acme.example"));
        *self.0.requests.lock().unwrap() += 1;
        let (status, body) = match *self.0.refuses_reading.lock().unwrap() {
            Some(status) => (status, json!({ "error": self.0.said("not for you") })),
            None => (200, json!({ "users": *self.0.rows.lock().unwrap() })),
        };
        let headers = self.0.answers_with.lock().unwrap().clone();
        Came::Answered(Answered::new(status, headers, body.to_string().into()))
    }
    fn mask(&self, text: &str) -> String {
        text.to_owned()
    }
}

#[async_trait]
impl Notifier for Fakes {
    async fn was_sent(&self, key: &EffectKey) -> Result<bool, RemoteError> {
        Ok(self.sent().iter().any(|sent| sent.key == *key))
    }
    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        self.sent.lock().unwrap().push(notification.clone());
        Ok(())
    }
}

/// A company with its API.
pub(crate) struct World {
    pub(crate) fakes: Arc<Fakes>,
    pub(crate) memory: Arc<MemoryStore>,
    pub(crate) ports: Ports,
    pub(crate) router: Router,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body; null if it is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

pub(crate) fn world() -> World {
    world_with(|fakes, _| Arc::new(Shared(fakes.clone())))
}

/// The same, whose applications are read in another way.
pub(crate) fn world_with(
    readers: impl FnOnce(&Arc<Fakes>, &Arc<dyn Store>) -> Arc<dyn Readers>,
) -> World {
    let fakes = Arc::new(Fakes::default());
    *fakes.now.lock().unwrap() = "2027-01-04T09:00:00Z".parse().unwrap();
    let memory = Arc::new(MemoryStore::new());
    let store: Arc<dyn Store> = memory.clone();
    let ports = Ports {
        readers: readers(&fakes, &store),
        store,
        work: fakes.clone(),
        lever: fakes.clone(),
        apps: Arc::new(Shared(fakes.clone())),
        notifier: fakes.clone(),
        keys: Arc::new(Bare),
        clock: fakes.clone(),
        chance: fakes.clone(),
    };
    let api = Api {
        ports: ports.clone(),
        secrets: Arc::new(fakes.secrets.clone()),
        tokens: fakes.clone(),
        admin_token: Some(TOKEN.to_owned()),
    };
    World {
        fakes,
        memory,
        ports,
        router: router(api),
    }
}

impl World {
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri(path);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {TOKEN}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None, &[]).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, Some(body), &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None, &[]).await
    }

    /// Every look at the clock finds it later by so many seconds.
    pub(crate) fn slow_down(&self, secs: i64) {
        *self.fakes.slow.lock().unwrap() = jiff::SignedDuration::from_secs(secs);
    }

    /// The users of the application that is read.
    pub(crate) fn serve(&self, rows: Vec<Value>) {
        *self.fakes.rows.lock().unwrap() = rows;
    }

    /// The application that is read refuses every request, or none.
    pub(crate) fn refuse_reading(&self, status: Option<u16>) {
        *self.fakes.refuses_reading.lock().unwrap() = status;
    }

    /// Does a user of the applications that are provisioned have what is wanted?
    pub(crate) fn has_seat(&self, person: &str) -> bool {
        let users = self.fakes.users.lock().unwrap();
        users[person].active && users[person].entitled == Some(true)
    }

    /// How many requests the application that is read was sent.
    pub(crate) fn requests(&self) -> usize {
        *self.fakes.requests.lock().unwrap()
    }

    /// Moves the clock on, and works on everything that is due then.
    pub(crate) async fn pass(&self, secs: i64) {
        let until = self.fakes.now() + jiff::SignedDuration::from_secs(secs);
        *self.fakes.now.lock().unwrap() = until;
        for _ in 0..20 {
            tick(&self.ports, jiff::SignedDuration::ZERO).await.unwrap();
            let messages = std::mem::take(&mut *self.fakes.queue.lock().unwrap());
            if messages.is_empty() {
                return;
            }
            for message in messages {
                work(&self.ports, &message).await.unwrap();
            }
        }
    }
}
