//! Connected accounts in the real binary: a definition, credentials, a sync over HTTP, and the roster that comes of it.

use std::time::Duration;

use crate::desk::{code, complained, run, said};
use crate::support::{Around, Sando};
use sando_world::saas::{Door, List, Paging};
use sando_world::{SaasApp, wait_until};
use serde_json::{Value, json};

const ACCOUNT: &str = "/v1/accounts/acme/prod";

fn definition(app: &SaasApp) -> Value {
    json!({
        "app": "acme", "base_url": app.base_url(), "auth": { "type": "bearer" },
        "users": { "path": "/users", "pagination": { "type": "offset", "size": 50 } },
        "map": { "external_id": "id", "email": "email", "full_name": "name" },
        "status": { "active_when": [{ "path": "state", "op": "is", "value": "active" }] },
    })
}

fn connection(token: &str) -> Value {
    json!({ "variables": {}, "credentials": { "token": token }, "replace": true })
}

async fn shows(sando: &Sando, field: &str, value: Value) {
    let shown = async || sando.get(ACCOUNT).await[field] == value;
    if wait_until(Duration::from_secs(60), shown).await.is_err() {
        let account = sando.get(ACCOUNT).await;
        assert_eq!(account[field], value, "{account}");
    }
}

async fn users_of_acme() -> SaasApp {
    let app = SaasApp::start().await.unwrap();
    app.list(
        "/users",
        List::of(List::users(120))
            .paged(Paging::offset())
            .at_most(50),
    );
    app.door(Door::bearer("right"));
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_asked_for_on_the_command_line_and_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = users_of_acme().await;
    let sando = Sando::start(folder.path(), &around).await;
    sando.put("/v1/definitions/acme", definition(&app)).await;
    sando.put(ACCOUNT, connection("right")).await;
    shows(&sando, "users", json!(120)).await;

    let done = run(&["sync", "acme/prod"], Some(&sando));
    assert_eq!(code(&done), 0, "{}", complained(&done));
    let sums = "120 users, 108 of them active";
    assert!(said(&done).contains(sums), "{}", said(&done));
    app.door(Door::bearer("another"));
    let failed = run(&["sync", "acme/prod"], Some(&sando));
    assert_eq!(code(&failed), 1, "{}", said(&failed));
    assert!(said(&failed).contains(" failed: "), "{}", said(&failed));
    let unknown = run(&["sync", "acme/none"], Some(&sando));
    assert_eq!(code(&unknown), 1, "{}", said(&unknown));
    assert!(complained(&unknown).contains("404"));
    let unnamed = run(&["sync", "acme"], Some(&sando));
    assert_eq!(code(&unnamed), 2, "{}", said(&unnamed));
    assert!(sando.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_account_is_synced_and_a_wrong_token_takes_nobody_away() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = users_of_acme().await;
    let sando = Sando::start(folder.path(), &around).await;
    sando.put("/v1/definitions/acme", definition(&app)).await;

    sando.put(ACCOUNT, connection("right")).await;
    shows(&sando, "users", json!(120)).await;
    let account = sando.get(ACCOUNT).await;
    assert_eq!(account["state"], "connected");
    assert_eq!(account["active"], 108, "every tenth is locked");
    let user = sando.get(&format!("{ACCOUNT}/users/7")).await;
    assert_eq!(user["email"], "user7@contoso.example", "{user}");
    assert_eq!(
        app.asked_at("/users").len(),
        4,
        "three pages and the empty one"
    );

    app.door(Door::bearer("another"));
    let (status, answer) = sando
        .call("POST", &format!("{ACCOUNT}:sync"), json!({}))
        .await;
    assert_eq!(status, 202, "{answer}");
    shows(&sando, "state", json!("disabled")).await;
    let account = sando.get(ACCOUNT).await;
    assert_eq!(account["failure"]["class"], "credentials", "{account}");
    assert_eq!(account["users"], 120, "who was there stays");
    assert!(
        !account.to_string().contains("right"),
        "credentials never come out"
    );
    assert!(sando.stop());
}
