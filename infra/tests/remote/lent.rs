//! A provisioner without `auth` signs in with the account that its application's roster is read from.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::routing::any;
use axum::{Json, Router};
use sando_core::account::Account;
use sando_core::catalog::DefinitionItem;
use sando_core::effect::{Action, Outcome};
use sando_core::ids::Slug;
use sando_core::ports::{Applications, RemoteError};
use sando_core::store::{Commit, Entity, Put, Store, Version};
use sando_infra::applications::RemoteApplications;
use sando_infra::memory::MemoryStore;
use serde_json::{Value, json};

use crate::support::{FixedSecrets, TestClock, TestServer, ada, application, client, key, now};

/// Acme's account `prod` is connected at this URL, with a token of its own.
async fn with_an_account(base_url: &str) -> RemoteApplications {
    let store = Arc::new(MemoryStore::new());
    let acme = Slug::parse("acme").unwrap();
    let prod = Slug::parse("prod").unwrap();
    let definition = DefinitionItem {
        id: acme.clone(),
        app: acme.clone(),
        name: "Acme".to_owned(),
        number: 1,
        file: json!({ "definition": "acme", "app": "acme", "base_url": base_url, "auth": { "type": "bearer" },
            "users": { "path": "/users" }, "map": { "external_id": "id", "email": "email" } }),
        changed_at: now(),
        changed_by: "test".to_owned(),
    };
    let account = Account::connecting(acme.clone(), prod, acme, [].into(), now(), "test");
    put(&store, &definition).await;
    put(&store, &account).await;
    let secrets = FixedSecrets::default().with("account/acme/prod", &[("token", "lent")]);
    RemoteApplications::new(
        client(),
        Arc::new(secrets),
        store,
        TestClock::starting(now()),
    )
}

async fn put<E: Entity>(store: &MemoryStore, entity: &E) {
    let commit = Commit {
        puts: vec![Put::of(entity, Version::ABSENT)],
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();
}

fn acme(base_url: &str, account: &str) -> Value {
    let actions = json!({ "find": { "path": "/" }, "create": { "path": "/", "method": "POST", "id": "seen" } });
    json!({ "app": "acme", "read": { "definition": "acme", "account": account },
        "provisioner": { "type": "http", "base_url": base_url, "actions": actions } })
}

#[tokio::test]
async fn the_account_s_credentials_are_used() {
    let router = Router::new().fallback(any(|headers: HeaderMap| async move {
        Json(json!({ "seen": headers["authorization"].to_str().unwrap() }))
    }));
    let server = TestServer::start(router).await;
    let apps = with_an_account(server.url.as_str()).await;
    let file = application(&acme(server.url.as_str(), "Prod"));
    let provisioner = apps.provisioner(&file).await.unwrap();
    let outcome = provisioner.make(Action::Create, &ada(), &key()).await;
    let Outcome::Done { external_id, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        external_id.map(String::from).as_deref(),
        Some("Bearer lent")
    );
}

#[tokio::test]
async fn they_go_to_no_other_host_and_an_account_that_is_not_connected_lends_nothing() {
    let check = async |base_url: &str, account: &str, expect: &str| {
        let apps = with_an_account("https://api.acme.example/v1").await;
        let error = apps
            .provisioner(&application(&acme(base_url, account)))
            .await;
        let Err(RemoteError::Forbidden { why, .. }) = error else {
            panic!("it was opened")
        };
        assert!(why.contains(expect), "{why}");
    };
    check(
        "https://scim.acme.example",
        "prod",
        "belong to another host",
    )
    .await;
    check(
        "https://api.acme.example/v2",
        "dev",
        "acme/dev of `read` is not connected",
    )
    .await;
}
