//! Incoming webhooks of a chat: who has one is told there, and its address shows nowhere.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::ids::{EffectKey, Slug};
use sando_core::ports::{Notification, Notifier};
use sando_core::store::{Commit, Put, Store, Version};
use sando_infra::folder::FolderNotifier;
use sando_infra::memory::MemoryStore;
use sando_infra::notify::PostOffice;
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

async fn office(server: &TestServer, folder: &tempfile::TempDir) -> PostOffice {
    let settings = json!({ "notification": { "webhooks": ["role:it"] } });
    let item = ConfigItem {
        kind: ConfigKind::Settings,
        id: Slug::parse("settings").unwrap(),
        file: settings,
        changed_at: jiff::Timestamp::UNIX_EPOCH,
    };
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
        folder: FolderNotifier::new(folder.path()),
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
    let office = office(&server, &folder).await;

    office.send(&told()).await.unwrap();

    let text = "Task: look at &lt;!channel&gt; &amp; Ada";
    assert_eq!(*taken.lock().unwrap(), [json!({ "text": text })]);
    assert!(office.was_sent(&told().key).await.unwrap());
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_an_error_that_keeps_its_address() {
    let (server, _) = chat(StatusCode::NOT_FOUND).await;
    let folder = tempfile::tempdir().unwrap();
    let office = office(&server, &folder).await;

    let failed = office.send(&told()).await.unwrap_err();

    let said = format!("{failed} {failed:?}");
    assert!(!said.contains("sesame"), "{said}");
    assert!(!office.was_sent(&told().key).await.unwrap());
}
