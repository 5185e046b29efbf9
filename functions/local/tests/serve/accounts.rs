//! Connected accounts in the real binary: a definition, credentials, a sync over HTTP, and the roster that comes of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::desk::{code, complained, run, said};
use crate::support::{Around, Sando};
use jiff::SignedDuration;
use sando_core::account::Account;
use sando_core::ids::Slug;
use sando_core::store::{Commit, Key, Put, Store};
use sando_infra::dynamo::{DynamoStore, Embedded, Tables};
use sando_world::saas::{Door, List, Paging, SaasAnswer, SaasRequest};
use sando_world::{Fault, FaultKind, SaasApp, wait_until};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "/v1/accounts/acme/prod";

pub(crate) fn definition(app: &SaasApp) -> Value {
    json!({
        "app": "acme", "base_url": app.base_url(), "auth": { "type": "bearer" },
        "users": { "path": "/users", "pagination": { "type": "offset", "size": 50 } },
        "map": { "external_id": "id", "email": "email", "full_name": "name" },
        "status": { "active_when": [{ "path": "state", "op": "is", "value": "active" }] },
    })
}

pub(crate) fn connection(token: &str) -> Value {
    json!({ "variables": {}, "credentials": { "token": token }, "replace": true })
}

pub(crate) async fn shows(sando: &Sando, field: &str, value: Value) {
    let shown = async || sando.get(ACCOUNT).await[field] == value;
    if wait_until(Duration::from_secs(60), shown).await.is_err() {
        let account = sando.get(ACCOUNT).await;
        assert_eq!(account[field], value, "{account}");
    }
}

/// The syncs of the account, the last one first.
async fn syncs(sando: &Sando) -> Vec<Value> {
    let listed = sando.get(&format!("{ACCOUNT}/syncs")).await;
    listed["items"].as_array().unwrap().clone()
}

/// Waits until a request is held.
async fn is_held(app: &SaasApp) {
    let faults = app.faults();
    let held = async || faults.injected() == 1;
    wait_until(Duration::from_secs(120), held).await.unwrap();
}

pub(crate) async fn users_of_acme() -> SaasApp {
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
    // Nobody asked for it: the schedule did.
    assert_eq!(syncs(&sando).await[0]["actor"], "sando");
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
    assert_ne!(syncs(&sando).await[0]["actor"], "sando");
    let account = sando.get(ACCOUNT).await;
    assert_eq!(account["failure"]["class"], "credentials", "{account}");
    assert_eq!(account["users"], 120, "who was there stays");
    assert!(
        !account.to_string().contains("right"),
        "credentials never come out"
    );
    assert!(sando.stop());
}

/// Lets the time of the account's next sync come, in a folder on which nobody works.
async fn its_time_comes(folder: &Path) {
    let database = Embedded::open(&folder.join("sando.db")).unwrap();
    let store: Arc<dyn Store> = Arc::new(DynamoStore::new(database.client(), Tables::local()));
    let (acme, prod) = (Slug::parse("acme").unwrap(), Slug::parse("prod").unwrap());
    let found = store.find::<Account>(&Key::Account(acme, prod)).await;
    let mut account = found.unwrap().unwrap();
    let due = account.entity.next_sync_at;
    let waits = due.duration_since(account.entity.applied_at.unwrap());
    let two_days = SignedDuration::from_hours(48);
    assert!(SignedDuration::ZERO < waits && waits < two_days, "{waits}");
    account.entity.next_sync_at = due.checked_sub(two_days).unwrap();
    let commit = Commit {
        puts: vec![Put::of(&account.entity, account.version)],
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_synced_again_when_its_time_comes() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = users_of_acme().await;
    let sando = Sando::start(folder.path(), &around).await;
    sando.put("/v1/definitions/acme", definition(&app)).await;
    sando.put(ACCOUNT, connection("right")).await;
    shows(&sando, "users", json!(120)).await;
    assert!(sando.stop());
    let more = List::of(List::users(130)).paged(Paging::offset());
    app.list("/users", more.at_most(50));

    its_time_comes(folder.path()).await;
    let sando = Sando::start(folder.path(), &around).await;
    shows(&sando, "users", json!(130)).await;

    let syncs = syncs(&sando).await;
    let of_the_schedule = |sync: &Value| sync["actor"] == "sando" && sync["state"] == "done";
    assert_eq!(syncs.len(), 2, "{syncs:?}");
    assert!(syncs.iter().all(of_the_schedule), "{syncs:?}");
    assert!(sando.stop());
}

/// Syncs once more; answers what the account tells of it.
pub(crate) async fn syncs_again(sando: &Sando, number: u32) -> Value {
    let sync = format!("{ACCOUNT}:sync");
    let (status, answer) = sando.call("POST", &sync, json!({})).await;
    assert_eq!(status, 202, "{answer}");
    let ended = async || sando.get(ACCOUNT).await["last_sync"]["id"] == format!("syn_{number}");
    wait_until(Duration::from_secs(60), ended).await.unwrap();
    sando.get(ACCOUNT).await["last_sync"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_lacks_a_new_variable_is_warned_of_and_not_disabled() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = users_of_acme().await;
    let sando = Sando::start(folder.path(), &around).await;
    let path = "/v1/definitions/acme";
    let mut file = definition(&app);
    file["definition"] = json!("acme");
    file["variables"] = json!({ "team": { "label": "Team" } });
    sando.put(path, file.clone()).await;
    let mut given = connection("right");
    given["variables"] = json!({ "team": "red" });
    sando.put(ACCOUNT, given).await;
    shows(&sando, "users", json!(120)).await;

    // One less is in nobody's way.
    file["variables"] = json!({});
    sando.put(path, file.clone()).await;
    assert_eq!(syncs_again(&sando, 2).await["state"], "done");
    let same = json!({ "credentials": { "token": "right" } });
    sando.put(&format!("{ACCOUNT}/credentials"), same).await;

    file["variables"] = json!({ "domain": { "label": "Subdomain" }, "key": { "secret": true } });
    let check = "/v1/definitions:check";
    let (_, checked) = sando.call("POST", check, file.clone()).await;
    let (_, put) = sando.call("PUT", path, file).await;
    for warnings in [&checked["warnings"], &put["warnings"]] {
        let warnings = warnings.as_array().unwrap().iter();
        let lacking: Vec<&Value> = warnings.filter(|one| one["path"] != "app").collect();
        assert_eq!(lacking.len(), 2, "{lacking:?}");
        assert_eq!(lacking[0]["path"], "variables.domain");
        let message = lacking[0]["message"].as_str().unwrap();
        assert!(message.starts_with("acme/prod cannot be read"), "{message}");
    }
    let last = syncs_again(&sando, 3).await;
    assert_eq!(last["state"], "failed", "{last}");
    assert_eq!(last["failure"]["class"], "shape", "{last}");
    let why = last["failure"]["message"].as_str().unwrap();
    for part in [
        "variables.domain: is missing: Subdomain",
        "connect the account again",
    ] {
        assert!(why.contains(part), "{why}");
    }
    assert_eq!(sando.get(ACCOUNT).await["state"], "connected");
    assert!(sando.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_part_of_a_long_token_is_kept_or_shown_of_what_an_application_says() {
    let token: String = (100..).take(134).map(|n: u32| n.to_string()).collect();
    let start = &token[..20];
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = SaasApp::start().await.unwrap();
    let says = format!("the token {token} lacks the scope `users`");
    app.script("/users", move |_| {
        SaasAnswer::error(403, &json!({ "message": says }))
    });
    let sando = Sando::start(folder.path(), &around).await;
    sando.put("/v1/definitions/acme", definition(&app)).await;
    sando.put(ACCOUNT, connection(&token)).await;
    shows(&sando, "state", json!("disabled")).await;

    let account = sando.get(ACCOUNT).await;
    assert_eq!(
        account["failure"]["remote"],
        "the token *** lacks the scope `users`"
    );
    assert!(!account.to_string().contains(start), "{account}");

    // Bodies are shown up to 64 KiB: this one is cut in the middle of the token.
    let long = format!("{}{token}", " ".repeat(64 * 1024 - 200));
    app.script("/users", move |_| {
        SaasAnswer::text(403, "text/plain", &long)
    });
    let test = format!("{ACCOUNT}:test");
    let (status, tested) = sando.call("POST", &test, json!({})).await;
    assert_eq!((status, &tested["ok"]), (200, &json!(false)), "{tested}");
    let body = tested["exchanges"][0]["body"].as_str().unwrap();
    assert!(body.ends_with("***"), "{}", body.trim());
    assert!(!tested.to_string().contains(start), "it is shown");
    assert!(sando.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_killed_goes_on_from_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = SaasApp::start().await.unwrap();
    let list = List::of(List::users(12_000))
        .paged(Paging::offset())
        .size(1_000);
    app.list("/users", list);
    app.door(Door::bearer("right"));
    // So many users are put down before this page is asked for.
    app.faults()
        .push(Fault::on("GET", "offset=11000", FaultKind::Held));
    let mut file = definition(&app);
    file["users"]["pagination"]["size"] = json!(1_000);
    let sando = Sando::start(folder.path(), &around).await;
    sando.put("/v1/definitions/acme", file).await;
    sando.put(ACCOUNT, connection("right")).await;
    is_held(&app).await;

    sando.kill();
    app.faults().clear();
    let sando = Sando::start(folder.path(), &around).await;
    shows(&sando, "users", json!(12_000)).await;

    let asked = app.asked_at("/users");
    let first_page = |request: &&SaasRequest| request.query("offset").unwrap_or("0") == "0";
    assert_eq!(asked.iter().filter(first_page).count(), 1, "not from anew");
    let syncs = syncs(&sando).await;
    assert_eq!(syncs.len(), 1, "it is the same sync");
    assert_eq!(syncs[0]["state"], "done");
    assert_eq!(syncs[0]["certificate"]["complete"], true);
    assert_eq!(syncs[0]["counts"]["new"], 12_000, "{}", syncs[0]);
    assert_eq!(sando.get(ACCOUNT).await["active"], 10_800);
    for number in [1, 8_000, 11_000, 12_000] {
        let user = sando.get(&format!("{ACCOUNT}/users/{number}")).await;
        let email = format!("user{number}@contoso.example");
        assert_eq!(user["email"], email.as_str(), "{user}");
    }
    assert!(sando.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_rotated_in_the_middle_of_a_sync() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = SaasApp::start().await.unwrap();
    let list = List::of(List::users(120)).paged(Paging::offset()).size(50);
    app.list("/users", list);
    app.door(Door::bearer("old"));
    app.faults()
        .push(Fault::on("GET", "offset=50", FaultKind::Held));
    let sando = Sando::start(folder.path(), &around).await;
    sando.put("/v1/definitions/acme", definition(&app)).await;
    sando.put(ACCOUNT, connection("old")).await;
    is_held(&app).await;

    app.door(Door::Any(vec![Door::bearer("old"), Door::bearer("new")]));
    let new = json!({ "credentials": { "token": "new" } });
    sando.put(&format!("{ACCOUNT}/credentials"), new).await;
    app.door(Door::bearer("new"));
    // The page that is on its way carries the old one.
    app.faults().clear();
    shows(&sando, "users", json!(120)).await;

    let asked = app.asked_at("/users");
    let carried: Vec<(&str, &str)> = asked
        .iter()
        .map(|request| {
            let token = request.header("authorization").unwrap();
            (request.query("offset").unwrap_or("0"), token)
        })
        .collect();
    let (old, new) = ("Bearer old", "Bearer new");
    assert_eq!(
        carried,
        [
            ("0", old),
            ("50", old),
            ("50", new),
            ("100", new),
            ("120", new)
        ]
    );
    let syncs = syncs(&sando).await;
    assert_eq!((syncs.len(), &syncs[0]["state"]), (1, &json!("done")));
    assert_eq!(sando.get(ACCOUNT).await["state"], "connected");
    assert!(sando.stop());
}
