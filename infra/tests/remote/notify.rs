//! Incoming webhooks of a chat: who has one is told there, and its address shows nowhere.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use sando_core::config::ConfigKind;
use sando_core::ids::EffectKey;
use sando_core::ports::{Notification, Notifier, RemoteError};
use sando_core::store::{Commit, Put, Store, Version};
use sando_core::testing::a_file;
use sando_infra::folder::FolderNotifier;
use sando_infra::memory::MemoryStore;
use sando_infra::notify::{Besides, PostOffice};
use serde_json::{Value, json};

use crate::support::{FixedSecrets, TestServer, client};

/// A chat that takes messages, or refuses them.
async fn chat(status: StatusCode) -> (TestServer, Arc<Mutex<Vec<Value>>>) {
    let taken: Arc<Mutex<Vec<Value>>> = Arc::default();
    let keep = Arc::clone(&taken);
    let take = move |body: String| async move {
        keep.lock()
            .unwrap()
            .push(serde_json::from_str(&body).unwrap());
        (status, "no_such_hook")
    };
    let router = Router::new().route("/services/T0/B0/sesame", post(take));
    (TestServer::start(router).await, taken)
}

/// Keeps every message in this folder.
fn kept(folder: &tempfile::TempDir) -> Besides {
    Besides::Kept(Arc::new(FolderNotifier::new(folder.path())))
}

/// A topic, as functions on AWS have one.
#[derive(Default)]
struct Topic(Mutex<Vec<Notification>>);

#[async_trait]
impl Notifier for Topic {
    async fn was_sent(&self, _: &EffectKey) -> Result<bool, RemoteError> {
        Ok(false)
    }

    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        self.0.lock().unwrap().push(notification.clone());
        Ok(())
    }
}

async fn office(server: &TestServer, besides: Besides) -> PostOffice {
    let settings = json!({ "notification": { "webhooks": ["role:it"] } });
    let item = a_file(ConfigKind::Settings, "settings", settings);
    let store = MemoryStore::new();
    let commit = Commit {
        puts: vec![Put::of(&item, Version::ABSENT)],
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();
    let url = server.at("/services/T0/B0/sesame");
    let secrets =
        FixedSecrets::default().with("notification", &[("webhook/role:it", url.as_str())]);
    PostOffice {
        besides,
        store: Arc::new(store),
        secrets: Arc::new(secrets),
        http: client(),
        allow_loopback: true,
    }
}

fn told() -> Notification {
    Notification {
        to: "role:it".to_owned(),
        text: "Task: look at <!channel> & Ada".to_owned(),
        key: EffectKey::derived(&["chat"]),
    }
}

#[tokio::test]
async fn a_role_with_a_webhook_is_told_there() {
    let (server, taken) = chat(StatusCode::OK).await;
    let folder = tempfile::tempdir().unwrap();
    let office = office(&server, kept(&folder)).await;

    office.send(&told()).await.unwrap();

    let text = "Task: look at &lt;!channel&gt; &amp; Ada";
    assert_eq!(*taken.lock().unwrap(), [json!({ "text": text })]);
    assert!(office.was_sent(&told().key).await.unwrap());
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_an_error_that_keeps_its_address() {
    let (server, _) = chat(StatusCode::NOT_FOUND).await;
    let folder = tempfile::tempdir().unwrap();
    let office = office(&server, kept(&folder)).await;

    let failed = office.send(&told()).await.unwrap_err();

    let said = format!("{failed} {failed:?}");
    assert!(!said.contains("sesame"), "{said}");
    assert!(!office.was_sent(&told().key).await.unwrap());
}

#[tokio::test]
async fn the_topic_hears_only_of_those_whom_nothing_reaches() {
    let (server, taken) = chat(StatusCode::OK).await;
    let topic = Arc::new(Topic::default());
    let office = office(&server, Besides::Fallback(topic.clone())).await;
    let unknown = Notification {
        to: "role:hr".to_owned(),
        ..told()
    };

    office.send(&told()).await.unwrap();
    office.send(&unknown).await.unwrap();

    assert_eq!(taken.lock().unwrap().len(), 1);
    let heard = topic.0.lock().unwrap();
    let to: Vec<&str> = heard.iter().map(|one| one.to.as_str()).collect();
    assert_eq!(to, ["role:hr"]);
}

#[tokio::test]
async fn what_was_told_long_ago_is_kept_in_the_folder_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let told = FolderNotifier::new(folder.path().join("told"));
    let key = EffectKey::derived(&["a letter"]);
    let notification = Notification {
        to: "role:it".to_owned(),
        text: "Laptop for Ada Park".to_owned(),
        key: key.clone(),
    };
    assert_eq!(
        told.forget_before(jiff::Timestamp::UNIX_EPOCH)
            .await
            .unwrap(),
        0
    );
    told.send(&notification).await.unwrap();
    let file = folder.path().join("told").join(format!("{key}.json"));
    let written = std::fs::metadata(&file).unwrap().modified().unwrap();
    let written = jiff::Timestamp::try_from(written).unwrap();

    assert_eq!(told.forget_before(written).await.unwrap(), 0);
    assert!(told.was_sent(&key).await.unwrap());
    let later = written + jiff::SignedDuration::from_secs(1);
    assert_eq!(told.forget_before(later).await.unwrap(), 1);
    assert!(!file.exists());
}
