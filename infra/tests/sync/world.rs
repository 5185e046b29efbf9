//! A company with one connected account, and the application that it reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sando_core::account::Account;
use sando_core::admin::{Expect, accounts, definitions};
use sando_core::app::Application;
use sando_core::audit::Cause;
use sando_core::auth::authorize::SignIn;
use sando_core::catch_up::{Moved, Part};
use sando_core::changes::Origin;
use sando_core::definition::{Answer, Failure, Outcome as Came, PlannedRequest};
use sando_core::effect::Outcome;
use sando_core::handle::tick::tick;
use sando_core::handle::work_until;
use sando_core::ids::{EffectKey, LeverId, Slug};
use sando_core::lever::Needs;
use sando_core::ports::{
    Applications, Calls, Chance, Clock, Connection, Lever, Notification, Notifier, Opened, Ports,
    Provisioner, Reader, Readers, Reading, RemoteError, WorkMessage, WorkQueue,
};
use sando_core::roster::Entry;
use sando_core::store::{PageRequest, Query};
use sando_core::sync::Sync;
use sando_core::testing::{Bare, KeptSecrets};
use sando_core::workflow::HttpStep;
use sando_infra::memory::{Hook, MemoryStore};
use serde_json::{Value, json};

/// What the application answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct App {
    pub(crate) users: Vec<Value>,
    pub(crate) page: usize,
    /// From this page on it answers with this status.
    pub(crate) fails: Option<(usize, u16)>,
    /// Once only.
    pub(crate) fails_once: bool,
    /// The headers of what it answers then.
    pub(crate) headers: Vec<(String, String)>,
    /// How many requests it was sent.
    pub(crate) requests: usize,
    /// What the details of every user say, and whether they can be had.
    pub(crate) title: String,
    pub(crate) details_fail: bool,
    /// Whose details it was asked for.
    pub(crate) details: Vec<String>,
    /// After so many answers with details or roles it asks once to wait for 40 seconds.
    pub(crate) pauses_after: Option<usize>,
    pub(crate) since_pause: usize,
    /// What `/roles` lists.
    pub(crate) roles: Vec<Value>,
}

#[derive(Default)]
pub(crate) struct Fakes {
    now: Mutex<Timestamp>,
    queue: Mutex<Vec<WorkMessage>>,
    pub(crate) secrets: KeptSecrets,
    pub(crate) app: Mutex<App>,
    pub(crate) told: Mutex<Vec<String>>,
    /// Whom that went to.
    pub(crate) told_to: Mutex<Vec<String>>,
    chance: AtomicU64,
    /// Connections that were opened, each with a request for a token; and those of these requests that nobody counted yet.
    pub(crate) opened: AtomicU64,
    uncounted: AtomicU64,
    /// How many seconds go by with every request.
    pub(crate) slowness: Mutex<i64>,
}

#[async_trait]
impl Clock for Fakes {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
    async fn sleep(&self, _: Duration) {
        tokio::task::yield_now().await;
    }
}

impl Chance for Fakes {
    fn fill(&self, bytes: &mut [u8]) {
        let count = self.chance.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = count[place % 8];
        }
    }
}

#[async_trait]
impl WorkQueue for Fakes {
    async fn send(&self, message: WorkMessage, delay: Duration) {
        // What comes later is found by the tick.
        if delay.is_zero() {
            self.queue.lock().unwrap().push(message);
        }
    }
}

fn never() -> RemoteError {
    RemoteError::Forbidden {
        remote: "test".to_owned(),
        why: "a sync does not do this".to_owned(),
    }
}

#[async_trait]
impl Lever for Fakes {
    async fn read(&self, _: &LeverId, _: &Needs) -> Result<Reading, RemoteError> {
        Err(never())
    }
    async fn has_note(&self, _: &LeverId, _: &str) -> Result<bool, RemoteError> {
        Err(never())
    }
    async fn add_note(&self, _: &LeverId, _: &str) -> Result<(), RemoteError> {
        Err(never())
    }
    async fn add_tag(&self, _: &LeverId, _: &str) -> Result<(), RemoteError> {
        Err(never())
    }
    async fn test(&self) -> Result<(), RemoteError> {
        Err(never())
    }
    async fn moved(&self, _: Part, _: Timestamp, _: Timestamp) -> Result<Vec<Moved>, RemoteError> {
        Err(never())
    }
}

#[async_trait]
impl Applications for Fakes {
    async fn provisioner(&self, _: &Application) -> Result<Arc<dyn Provisioner>, RemoteError> {
        Err(never())
    }
    async fn request(&self, _: &HttpStep, _: &Value, _: &EffectKey, _: &Calls) -> Outcome {
        Outcome::from(never())
    }
}

#[async_trait]
impl Notifier for Fakes {
    async fn was_sent(&self, _: &EffectKey) -> Result<bool, RemoteError> {
        Ok(false)
    }
    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        self.told.lock().unwrap().push(notification.text.clone());
        self.told_to.lock().unwrap().push(notification.to.clone());
        Ok(())
    }
}

struct Remote(Arc<Fakes>);

#[async_trait]
impl Readers for Remote {
    async fn open(&self, connection: &Connection) -> Result<Opened, Failure> {
        let variables = connection.definition.variables();
        self.0.opened.fetch_add(1, Ordering::Relaxed);
        self.0.uncounted.fetch_add(1, Ordering::Relaxed);
        Ok(Opened {
            variables: variables.resolve(&connection.variables).unwrap(),
            reader: Arc::new(Self(self.0.clone())),
        })
    }

    async fn authorise(&self, _: &Connection, _: &str, _: &SignIn) -> Result<(), Failure> {
        panic!("nobody logs in here")
    }

    async fn forget(&self, _: &str) -> Result<(), RemoteError> {
        Ok(())
    }
}

#[async_trait]
impl Reader for Remote {
    async fn send(&self, request: &PlannedRequest) -> Came {
        let page = request.url.query_pairs().find(|(name, _)| name == "page");
        let page: usize = page.map_or(1, |(_, text)| text.parse().unwrap());
        let slowness = *self.0.slowness.lock().unwrap();
        self.0.pass(slowness);
        let mut app = self.0.app.lock().unwrap();
        app.requests += 1;
        if request.url.path() != "/users" && app.pauses() {
            let wait = vec![("Retry-After".to_owned(), "40".to_owned())];
            return Came::Answered(Answer::new(429, wait, Vec::new()));
        }
        if let Some(id) = request.url.path().strip_prefix("/users/") {
            app.details.push(id.to_owned());
            let status = if app.details_fail { 404 } else { 200 };
            let body = json!({ "title": app.title }).to_string();
            return Came::Answered(Answer::new(status, Vec::new(), body.into_bytes()));
        }
        if request.url.path() == "/roles" {
            let body = json!({ "roles": app.page_of(&app.roles, page) });
            return Came::Answered(Answer::new(200, Vec::new(), body.to_string().into_bytes()));
        }
        if let Some((_, status)) = app.fails.filter(|(from, _)| page >= *from) {
            if app.fails_once {
                app.fails = None;
            }
            let body = json!({ "error": "the token sk-1 is no good" });
            let body = body.to_string().into_bytes();
            return Came::Answered(Answer::new(status, app.headers.clone(), body));
        }
        let rows = app.page_of(&app.users, page);
        let body = json!({ "users": rows }).to_string().into_bytes();
        Came::Answered(Answer::new(200, Vec::new(), body))
    }
    fn mask(&self, text: &str) -> String {
        text.replace("sk-1", "***")
    }
    fn tokens_sent(&self) -> u64 {
        self.0.uncounted.swap(0, Ordering::Relaxed)
    }
}

impl App {
    fn pauses(&mut self) -> bool {
        self.since_pause += 1;
        let pauses = self
            .pauses_after
            .is_some_and(|most| self.since_pause > most);
        if pauses {
            self.since_pause = 0;
        }
        pauses
    }

    fn page_of(&self, rows: &[Value], page: usize) -> Vec<Value> {
        let rows = rows.iter().skip((page - 1) * self.page).take(self.page);
        rows.cloned().collect()
    }
}

impl Fakes {
    /// Takes everything that waits to be worked on.
    pub(crate) fn messages(&self) -> Vec<WorkMessage> {
        std::mem::take(&mut *self.queue.lock().unwrap())
    }

    fn pass(&self, secs: i64) {
        let mut now = self.now.lock().unwrap();
        *now += SignedDuration::from_secs(secs);
    }
}

pub(crate) struct World {
    pub(crate) fakes: Arc<Fakes>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) ports: Ports,
    /// How long a worker has.
    pub(crate) turn: SignedDuration,
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

/// The definition of the application.
pub(crate) fn definition() -> Value {
    json!({
        "definition": "acme", "app": "acme", "base_url": "https://api.acme.example",
        "users": { "path": "/users", "response_path": "users", "pagination": { "type": "page" } },
        "map": { "external_id": "id", "email": "mail" },
        "status": { "active_when": [{ "path": "state", "op": "is", "value": "on" }] },
        "licenses": { "conditions": [
            { "name": "Pro", "when": [{ "path": "plan", "op": "is", "value": "pro" }] }
        ] }
    })
}

/// The definition of an application that lists the users of each role: what it lists is united.
pub(crate) fn united() -> Value {
    let mut file = definition();
    file["users"]["query"] = json!({ "role": "{role}" });
    file["users"]["for_each"] =
        json!({ "path": "/roles", "response_path": "roles", "keep": { "role": "id" } });
    file["map"]["role"] = json!("$role");
    file
}

/// A user of the application.
pub(crate) fn user(id: usize) -> Value {
    json!({ "id": format!("u{id}"), "mail": format!("u{id}@contoso.example"), "state": "on", "plan": "pro" })
}

pub(crate) fn users(ids: impl IntoIterator<Item = usize>) -> Vec<Value> {
    ids.into_iter().map(user).collect()
}

impl World {
    pub(crate) fn empty(hook: Option<Hook>) -> Self {
        let fakes = Arc::new(Fakes::default());
        *fakes.now.lock().unwrap() = "2027-01-04T09:00:00Z".parse().unwrap();
        fakes.app.lock().unwrap().page = 10;
        let store = match hook {
            Some(hook) => MemoryStore::new().with_hook(hook),
            None => MemoryStore::new(),
        };
        let store = Arc::new(store);
        let ports = Ports {
            store: store.clone(),
            work: fakes.clone(),
            lever: fakes.clone(),
            apps: fakes.clone(),
            readers: Arc::new(Remote(fakes.clone())),
            notifier: fakes.clone(),
            keys: Arc::new(Bare),
            clock: fakes.clone(),
            chance: fakes.clone(),
        };
        Self {
            fakes,
            store,
            ports,
            turn: SignedDuration::from_mins(10),
        }
    }

    pub(crate) fn who(&self) -> Origin {
        let mut bytes = [0; 8];
        self.fakes.fill(&mut bytes);
        let id = format!("req_{}", u64::from_le_bytes(bytes));
        Origin {
            actor: "local-admin".to_owned(),
            cause: Cause::of("api", &id),
            correlation_id: id,
            at: self.fakes.now(),
        }
    }

    /// Connected, and not synced yet.
    pub(crate) async fn connect(&self) {
        self.connect_with(definition()).await;
    }

    pub(crate) async fn connect_with(&self, file: Value) {
        let (id, who) = (slug("acme"), self.who());
        let put = definitions::put(&self.ports, &who, &id, file, &Expect::Anything).await;
        put.unwrap();
        self.connect_as("prod").await;
    }

    /// Another account of the same definition.
    pub(crate) async fn connect_as(&self, name: &str) {
        let (id, name, given) = (slug("acme"), slug(name), accounts::Given::default());
        let (secrets, who, expect) = (&self.fakes.secrets, self.who(), Expect::Anything);
        let of = (&id, &name);
        let connected = accounts::connect(&self.ports, secrets, &who, of, &given, &expect);
        assert!(connected.await.unwrap());
    }

    pub(crate) async fn with(users: Vec<Value>) -> Self {
        let world = Self::empty(None);
        world.fakes.app.lock().unwrap().users = users;
        world.connect().await;
        world.rest().await;
        world
    }

    pub(crate) fn serve(&self, users: Vec<Value>) {
        self.fakes.app.lock().unwrap().users = users;
    }

    /// Works until nothing is due; every claim and handler may fail, as it does when it is killed.
    pub(crate) async fn rest(&self) {
        for _ in 0..10_000 {
            tick(&self.ports, SignedDuration::ZERO).await.unwrap();
            let messages = self.fakes.messages();
            if messages.is_empty() {
                return;
            }
            for message in messages {
                let until = self.fakes.now() + self.turn;
                let until = if self.turn.is_zero() {
                    Timestamp::UNIX_EPOCH
                } else {
                    until
                };
                work_until(&self.ports, &message, until).await.unwrap();
            }
        }
        panic!("it does not come to rest");
    }

    /// A day goes by.
    pub(crate) async fn day(&self) {
        self.pass(24 * 3_600).await;
    }

    pub(crate) async fn pass(&self, secs: i64) {
        self.fakes.pass(secs);
        self.rest().await;
    }

    pub(crate) async fn sync_now(&self) {
        let (id, name) = (slug("acme"), slug("prod"));
        let begun = accounts::sync(&self.ports, &self.who(), &id, &name).await;
        begun.unwrap();
        self.rest().await;
    }

    pub(crate) async fn account(&self) -> Account {
        let found = accounts::must_be(&self.ports, &slug("acme"), &slug("prod")).await;
        found.unwrap().entity
    }

    pub(crate) async fn last(&self) -> Sync {
        let query = Query::Syncs(self.account().await.roster);
        let page = PageRequest {
            limit: 1,
            cursor: None,
        };
        let page = self.ports.store.list(&query, &page).await.unwrap();
        page.items[0].read::<Sync>().unwrap().entity
    }

    pub(crate) async fn entries(&self) -> Vec<Entry> {
        let query = Query::Roster(self.account().await.roster);
        let mut cursor = None;
        let mut all = Vec::new();
        loop {
            let page = PageRequest { limit: 100, cursor };
            let page = self.ports.store.list(&query, &page).await.unwrap();
            all.extend(
                page.items
                    .iter()
                    .map(|item| item.read::<Entry>().unwrap().entity),
            );
            cursor = page.next;
            if cursor.is_none() {
                return all;
            }
        }
    }

    /// Everybody who is in the roster that counts, with what a test looks at: id, active, licences.
    pub(crate) async fn roster(&self) -> Vec<(String, bool, usize)> {
        let applied = self.account().await.applied;
        let entries = self.entries().await;
        let mut roster: Vec<(String, bool, usize)> = entries
            .iter()
            .filter_map(|entry| entry.visible(applied))
            .filter(|face| !face.deleted)
            .map(|face| {
                let user = &face.user;
                (user.external_id.clone(), user.active, user.licenses.len())
            })
            .collect();
        roster.sort();
        roster
    }
}

/// What a roster of these users looks like.
pub(crate) fn roster_of(users: &[Value]) -> Vec<(String, bool, usize)> {
    let mut roster: Vec<(String, bool, usize)> = users
        .iter()
        .map(|user| {
            (
                user["id"].as_str().unwrap().to_owned(),
                user["state"] == "on",
                usize::from(user["plan"] == "pro"),
            )
        })
        .collect();
    roster.sort();
    roster
}
