//! What the tests share: secrets, a clock, subjects, small servers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use jiff::Timestamp;
use sando_core::app::Application;
use sando_core::grant::Entitlement;
use sando_core::ids::{EffectKey, ExternalId};
use sando_core::ports::{
    Applications, Calls, Clock, Provisioner, RemoteError, SecretValues, Secrets, Subject,
};
use sando_core::testing::a_person;
use sando_infra::applications::RemoteApplications;
use sando_infra::budget::Rate;
use sando_infra::http::{Guard, GuardedClient};
use sando_infra::memory::MemoryStore;
use serde_json::Value;
use tokio::task::JoinHandle;
use url::Url;

/// A clock that begins at a moment and runs.
pub(crate) struct TestClock {
    began_at: Timestamp,
    began: Instant,
}

impl TestClock {
    pub(crate) fn starting(at: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            began_at: at,
            began: Instant::now(),
        })
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.began_at + self.began.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Secrets by owner; a fresh read may show others.
#[derive(Default)]
pub(crate) struct FixedSecrets {
    cached: Mutex<BTreeMap<String, SecretValues>>,
    fresh: Mutex<BTreeMap<String, SecretValues>>,
    pub(crate) fresh_reads: AtomicUsize,
}

impl FixedSecrets {
    pub(crate) fn with(self, owner: &str, credentials: &[(&str, &str)]) -> Self {
        let values = SecretValues {
            credentials: pairs(credentials),
            ..SecretValues::default()
        };
        self.cached
            .lock()
            .unwrap()
            .insert(owner.to_owned(), values.clone());
        self.fresh.lock().unwrap().insert(owner.to_owned(), values);
        self
    }

    pub(crate) fn fresh(self, owner: &str, credentials: &[(&str, &str)]) -> Self {
        let mut fresh = self.fresh.lock().unwrap();
        fresh.entry(owner.to_owned()).or_default().credentials = pairs(credentials);
        drop(fresh);
        self
    }

    pub(crate) fn variable(self, owner: &str, name: &str, value: &str) -> Self {
        let mut cached = self.cached.lock().unwrap();
        let values = cached.entry(owner.to_owned()).or_default();
        values.variables.insert(name.to_owned(), value.to_owned());
        drop(cached);
        self
    }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[async_trait]
impl Secrets for FixedSecrets {
    async fn read(&self, owner: &str, fresh: bool) -> Result<Option<SecretValues>, RemoteError> {
        if fresh {
            self.fresh_reads.fetch_add(1, Ordering::Relaxed);
            return Ok(self.fresh.lock().unwrap().get(owner).cloned());
        }
        Ok(self.cached.lock().unwrap().get(owner).cloned())
    }

    async fn write(&self, _: &str, _: &SecretValues) -> Result<(), RemoteError> {
        Ok(())
    }

    async fn remove(&self, _: &str) -> Result<(), RemoteError> {
        Ok(())
    }
}

/// The client for servers on this machine.
pub(crate) fn client() -> GuardedClient {
    GuardedClient::new(Guard {
        allow_loopback: true,
        ..Guard::default()
    })
    .unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T20:00:00Z".parse().unwrap()
}

/// So many processes on one store.
pub(crate) fn processes(secrets: FixedSecrets, count: usize) -> Vec<RemoteApplications> {
    let (store, secrets) = (Arc::new(MemoryStore::new()), Arc::new(secrets));
    let one = || {
        let clock = TestClock::starting(now());
        RemoteApplications::new(client(), secrets.clone(), store.clone(), clock)
            .usually(Rate::per_second(1_000))
    };
    (0..count).map(|_| one()).collect()
}

pub(crate) fn applications(secrets: FixedSecrets) -> RemoteApplications {
    processes(secrets, 1).remove(0)
}

/// The provisioner of an application file.
pub(crate) async fn provisioner(file: &Value, secrets: FixedSecrets) -> Arc<dyn Provisioner> {
    applications(secrets)
        .provisioner(&application(file))
        .await
        .unwrap()
}

pub(crate) fn application(file: &Value) -> Application {
    serde_json::from_value(file.clone()).unwrap()
}

/// Ada, with nothing wanted yet.
pub(crate) fn ada() -> Subject {
    Subject {
        person: a_person().build(),
        entitlement: Entitlement::default(),
        given: Entitlement::default(),
        external_id: None,
        calls: Calls::default(),
    }
}

/// Somebody whose attribute has another value.
pub(crate) fn somebody(name: &str, value: &str) -> Subject {
    Subject {
        person: a_person().with(name, value).build(),
        ..ada()
    }
}

pub(crate) fn known(subject: &Subject, id: &ExternalId) -> Subject {
    Subject {
        external_id: Some(id.clone()),
        ..subject.clone()
    }
}

pub(crate) fn key() -> EffectKey {
    EffectKey::derived(&["test"])
}

/// A small server on loopback, until it is dropped.
pub(crate) struct TestServer {
    pub(crate) url: Url,
    task: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start(router: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        Self {
            url: Url::parse(&url).unwrap(),
            task,
        }
    }

    pub(crate) fn at(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
