//! Definitions, accounts, syncs and rosters over the API.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::world::{TOKEN, World, world};

pub(crate) fn definition() -> Value {
    json!({
        "app": "acme", "base_url": "https://{domain}.acme.example",
        "variables": { "domain": { "label": "Subdomain" }, "tenant": { "secret": true } },
        "auth": { "type": "bearer" },
        "users": { "path": "/users", "response_path": "users" },
        "map": { "external_id": "id", "email": "mail" },
        "status": { "active_when": [{ "path": "state", "op": "is", "value": "on" }] }
    })
}

pub(crate) fn given() -> Value {
    json!({
        "variables": { "domain": "contoso" },
        "credentials": { "token": "sk-secret", "tenant": "t-hidden" }
    })
}

pub(crate) fn row(id: &str, state: &str) -> Value {
    json!({ "id": id, "mail": format!("{id}@contoso.example"), "state": state })
}

/// An account whose users are these; a row may say when it was last seen.
pub(crate) async fn connected_to(world: &World, rows: Vec<Value>) {
    let mut file = definition();
    file["map"]["last_visit_at"] = json!("seen");
    world.put("/v1/definitions/acme", file).await.expect(201);
    world.serve(rows);
    world
        .put("/v1/accounts/acme/prod", given())
        .await
        .expect(201);
    world.pass(1).await;
}

pub(crate) async fn connected() -> World {
    let world = world();
    world
        .put("/v1/definitions/acme", definition())
        .await
        .expect(201);
    world.serve(vec![row("a/1", "on"), row("b", "off")]);
    world
        .put("/v1/accounts/acme/prod", given())
        .await
        .expect(201);
    world.pass(1).await;
    world
}

#[tokio::test]
async fn a_definition_is_put_read_listed_and_deleted() {
    let world = world();

    let put = world.put("/v1/definitions/acme", definition()).await;
    assert_eq!(put.header("etag"), "\"1\"");
    let put = put.expect(201);
    assert_eq!(put["definition"], "acme");
    assert_eq!(put["warnings"][0]["path"], "app");
    // What was read can be put, and is no new version.
    let read = world.get("/v1/definitions/acme").await.expect(200);
    let again = world.put("/v1/definitions/acme", read).await;
    assert_eq!(again.header("etag"), "\"1\"");
    again.expect(200);
    let stale = [("if-match", "\"7\"")];
    let path = "/v1/definitions/acme";
    let stale = world.call("PUT", path, Some(definition()), &stale).await;
    stale.expect(412);

    let list = world.get("/v1/definitions").await.expect(200);
    assert_eq!(list["items"][0]["version"], 1);
    assert_eq!(list["items"][0]["app"], "acme");
    world.delete("/v1/definitions/acme").await.expect(204);
    world.get("/v1/definitions/acme").await.expect(404);
    world.get("/v1/definitions/acme/versions").await.expect(404);
}

#[tokio::test]
async fn versions_are_kept_and_brought_back() {
    let world = world();
    let mut file = definition();
    world
        .put("/v1/definitions/acme", file.clone())
        .await
        .expect(201);
    file["name"] = json!("Acme");
    world.put("/v1/definitions/acme", file).await.expect(200);

    let path = "/v1/definitions/acme:rollback";
    let back = world.post(path, json!({ "version": 1 })).await.expect(200);
    assert_eq!(back["name"], json!(null));
    world.post(path, json!({ "version": 9 })).await.expect(422);

    let versions = world.get("/v1/definitions/acme/versions").await.expect(200);
    let numbers: Vec<&Value> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| &version["version"])
        .collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(versions["items"][0]["rolled_back_to"], 1);
    assert_eq!(versions["items"][1]["file"]["name"], "Acme");
    // A version never changes: also after it was deleted and made anew the numbers only rise.
    world.delete("/v1/definitions/acme").await.expect(204);
    world
        .put("/v1/definitions/acme", definition())
        .await
        .expect(201);
    let list = world.get("/v1/definitions").await.expect(200);
    assert_eq!(list["items"][0]["version"], 4);
}

#[tokio::test]
async fn a_wrong_definition_is_refused_with_its_places() {
    let world = world();
    let mut wrong = definition();
    wrong["users"]["response_pat"] = json!("x");

    let put = world.put("/v1/definitions/acme", wrong.clone()).await;
    let problem = put.expect(422);
    assert_eq!(problem["errors"][0]["path"], "users.response_pat");
    let other = world.put("/v1/definitions/b", json!({ "definition": "acme" }));
    other.await.expect(422);

    wrong["definition"] = json!("acme");
    let check = |body: Value| world.post("/v1/definitions:check", body);
    let checked = check(wrong).await.expect(200);
    assert_eq!(checked["ok"], false);
    assert_eq!(checked["errors"][0]["path"], "users.response_pat");
    let text = "definition: acme\napp: acme\nbase_url: https://a.example\nusers:\n  pat: /u\n";
    let checked = check(json!({ "text": text })).await.expect(200);
    let errors = checked["errors"].as_array().unwrap();
    assert!(errors.iter().any(|error| error["line"] == 5), "{errors:?}");
    let mut right = definition();
    right["definition"] = json!("acme");
    let checked = check(right).await.expect(200);
    assert_eq!(checked["ok"], true);
    assert_eq!(checked["warnings"][0]["path"], "app");
}

#[tokio::test]
async fn a_definition_may_be_sent_as_yaml() {
    let world = world();
    let put = async |text: &'static str| {
        let request = Request::put("/v1/definitions/acme")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/yaml; charset=utf-8");
        world.send(request.body(Body::from(text)).unwrap()).await
    };

    let file = "# Acme\napp: acme\nbase_url: https://acme.example\nusers: { path: /users }\nmap: { external_id: id, email: mail }\nstatus: { active_when: [] }\n";
    put(file).await.expect(201);
    let twice = put("app: acme\napp: other\n").await;
    assert!(twice.text.contains("2:1"), "{}", twice.text);
    twice.expect(400);
}

#[tokio::test]
async fn an_account_is_connected_once_and_replaced_only_if_that_is_said() {
    let world = connected().await;

    let again = world.put("/v1/accounts/acme/prod", given()).await;
    assert_eq!(again.expect(409)["code"], "exists");
    let mut replace = given();
    replace["replace"] = json!(true);
    let replaced = world.put("/v1/accounts/acme/prod", replace).await;
    assert_eq!(replaced.expect(200)["users"], 0);
    let forgotten = || world.fakes.forgotten.lock().unwrap().len();
    assert_eq!(
        forgotten(),
        2,
        "when it was connected, and when it was replaced"
    );
    world.pass(1).await;
    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    assert_eq!(account["users"], 2);

    world
        .put("/v1/accounts/acme/prod.eu", given())
        .await
        .expect(422);
    world
        .put("/v1/accounts/none/prod", given())
        .await
        .expect(422);
    world.delete("/v1/definitions/acme").await.expect(409);
    world.delete("/v1/accounts/acme/prod").await.expect(204);
    assert_eq!(forgotten(), 3);
    world.get("/v1/accounts/acme/prod").await.expect(404);
    world.delete("/v1/definitions/acme").await.expect(204);
}

#[tokio::test]
async fn an_account_keeps_its_name_as_it_was_written() {
    let world = connected().await;
    let first = world.get("/v1/accounts/acme/prod").await.expect(200);

    let dev = world
        .put("/v1/accounts/acme/Dev-EU", given())
        .await
        .expect(201);
    let same = world.put("/v1/accounts/acme/DEV-EU", given()).await;
    let same = same.expect(409);

    assert_eq!(first["label"], "prod");
    assert_eq!(
        (&dev["account"], &dev["label"]),
        (&json!("dev-eu"), &json!("Dev-EU"))
    );
    assert_eq!(same["code"], "exists");
    let begun = world.post("/v1/accounts/acme/Dev-EU:sync", json!({})).await;
    assert!(
        begun
            .header("location")
            .starts_with("/v1/accounts/acme/dev-eu/syncs/")
    );
    for path in ["/v1/accounts/acme/dev-eu", "/v1/accounts/acme/Dev-EU"] {
        assert_eq!(world.get(path).await.expect(200)["label"], "Dev-EU");
    }
}

#[tokio::test]
async fn credentials_are_changed_and_the_users_stay() {
    let world = connected().await;
    let path = "/v1/accounts/acme/prod/credentials";
    let before = world.get("/v1/accounts/acme/prod").await.expect(200);
    world.fakes.forgotten.lock().unwrap().clear();
    world.pass(60).await;

    let wrong = world
        .put(path, json!({ "credentials": { "tokn": "x" } }))
        .await;
    let problem = wrong.expect(422);
    let errors = problem["errors"].as_array().unwrap().iter();
    let paths: Vec<&Value> = errors.map(|error| &error["path"]).collect();
    let expected = [
        "credentials.tenant",
        "credentials.token",
        "credentials.tokn",
    ];
    assert_eq!(paths, expected);
    let mut new = given()["credentials"].clone();
    new["token"] = json!("another");
    let changed = world
        .put(path, json!({ "credentials": new }))
        .await
        .expect(200);

    assert_eq!(changed["users"], before["users"]);
    assert_eq!(changed["variables"], before["variables"]);
    assert_ne!(
        changed["credentials"]["set_at"],
        before["credentials"]["set_at"]
    );
    assert!(world.fakes.forgotten.lock().unwrap().is_empty());
    let owner = "account/acme/prod";
    let kept = world.fakes.secrets.of(owner).unwrap().credentials["token"].clone();
    assert_eq!(kept, "another");
    world
        .put(
            "/v1/accounts/acme/none/credentials",
            json!({ "credentials": {} }),
        )
        .await
        .expect(404);
}

#[tokio::test]
async fn variables_and_secrets_are_checked_before_anything_is_stored() {
    let world = world();
    world
        .put("/v1/definitions/acme", definition())
        .await
        .expect(201);

    let wrong = json!({
        "variables": { "domian": "x", "tenant": "in the open" },
        "credentials": { "token": "", "tokn": "x" }
    });
    let problem = world.put("/v1/accounts/acme/prod", wrong).await.expect(422);

    let mut paths: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["path"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    let wanted = [
        "credentials.tenant",
        "credentials.token",
        "credentials.tokn",
        "variables.domain",
        "variables.domian",
        "variables.tenant",
    ];
    assert_eq!(paths, wanted);
    world.get("/v1/accounts/acme/prod").await.expect(404);
}

#[tokio::test]
async fn credentials_never_come_out() {
    let world = connected().await;

    let paths = [
        "/v1/accounts",
        "/v1/accounts/acme/prod",
        "/v1/accounts/acme/prod/syncs",
        "/v1/accounts/acme/prod/syncs/syn_1",
        "/v1/accounts/acme/prod/users",
        "/v1/audit?stream=account/acme/prod",
    ];
    for path in paths {
        let answer = world.get(path).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}");
        assert!(!answer.text.contains("sk-secret"), "{path}");
        assert!(!answer.text.contains("t-hidden"), "{path}");
    }

    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    assert_eq!(account["credentials"]["set"], json!(["tenant", "token"]));
    assert_eq!(account["credentials"]["set_at"], "2027-01-04T09:00:00Z");
    assert_eq!(account["variables"], json!({ "domain": "contoso" }));
}

#[tokio::test]
async fn users_and_syncs_are_shown() {
    let world = connected().await;

    let users = world.get("/v1/accounts/acme/prod/users").await.expect(200);
    assert_eq!(users["items"].as_array().unwrap().len(), 2);
    let first = world
        .get("/v1/accounts/acme/prod/users?limit=1")
        .await
        .expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/accounts/acme/prod/users?limit=1&cursor={cursor}");
    let second = world.get(&path).await.expect(200);
    assert_ne!(first["items"][0], second["items"][0]);
    let locked = world
        .get("/v1/accounts/acme/prod/users/b")
        .await
        .expect(200);
    assert_eq!(locked["active"], false);
    let why = "deleted: `state` is `off`, rule 1 wants `on`";
    assert_eq!(locked["why"], json!([why]));
    let odd = world.get("/v1/accounts/acme/prod/users/a%2F1").await;
    let odd = odd.expect(200);
    assert_eq!(odd["email"], "a/1@contoso.example");
    let licence = odd["licenses"][0].as_str().unwrap();
    let why = [
        "active: `state` is `on`, as rule 1 wants".to_owned(),
        format!("licence `{licence}`: every active user has it"),
    ];
    assert_eq!(odd["why"], json!(why));
    assert_eq!(odd["why_version"], 1);
    world
        .get("/v1/accounts/acme/prod/users/nobody")
        .await
        .expect(404);

    let syncs = world.get("/v1/accounts/acme/prod/syncs").await.expect(200);
    assert_eq!(syncs["items"][0]["state"], "done");
    assert_eq!(syncs["items"][0]["definition_version"], 1);
    assert_eq!(syncs["items"][0]["certificate"]["complete"], true);
    assert_eq!(syncs["items"][0]["counts"]["new"], 2);
    world
        .get("/v1/accounts/acme/prod/syncs/syn_9")
        .await
        .expect(404);
}

async fn losses_come_in_pages(world: &World, held: &Value) {
    assert_eq!(
        (&held["losses_total"], &held["truncated"]),
        (&json!(2), &json!(false))
    );
    let path_of_sync = "/v1/accounts/acme/prod/syncs/syn_2";
    let first = world
        .get(&format!("{path_of_sync}?limit=1"))
        .await
        .expect(200);
    assert_eq!(
        (&first["losses_total"], &first["truncated"]),
        (&json!(2), &json!(true))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world
        .get(&format!("{path_of_sync}?limit=1&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(
        json!([first["losses"][0], second["losses"][0]]),
        held["losses"]
    );
    assert_eq!(second["next_cursor"], Value::Null);
    world
        .get(&format!("{path_of_sync}?cursor=x"))
        .await
        .expect(422);
}

#[tokio::test]
async fn a_sync_is_started_held_and_released_over_the_api() {
    let world = connected().await;
    let path = "/v1/accounts/acme/prod:release";
    let nothing = world.post(path, json!({ "accept": "all" })).await;
    assert_eq!(nothing.expect(409)["code"], "nothing_held");

    world.serve(Vec::new());
    let begun = world.post("/v1/accounts/acme/prod:sync", json!({})).await;
    assert_eq!(
        begun.header("location"),
        "/v1/accounts/acme/prod/syncs/syn_2"
    );
    assert_eq!(begun.expect(202)["sync"], "syn_2");
    world.pass(1).await;
    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    assert_eq!(account["held"], "syn_2");
    assert_eq!(account["users"], 2);
    let held = world
        .get("/v1/accounts/acme/prod/syncs/syn_2")
        .await
        .expect(200);
    assert_eq!(held["state"], "held");
    assert_eq!(held["losses"].as_array().unwrap().len(), 2);
    assert_eq!(held["losses"][0]["what"], "vanished");
    losses_come_in_pages(&world, &held).await;

    let wrong = world.post(path, json!({ "accept": ["nobody"] })).await;
    assert_eq!(wrong.expect(422)["errors"][0]["path"], "accept[0]");
    for (sync, status) in [("syn_1", 409), ("2", 422), ("syn_2", 202)] {
        let body = json!({ "accept": ["b"], "sync": sync });
        world.post(path, body).await.expect(status);
    }
    world.pass(1).await;
    let users = world.get("/v1/accounts/acme/prod/users").await.expect(200);
    assert_eq!(users["items"].as_array().unwrap().len(), 1);
    assert_eq!(users["items"][0]["external_id"], "a/1");
    let gone = world
        .get("/v1/accounts/acme/prod/users?deleted=true")
        .await
        .expect(200);
    assert_eq!(gone["items"][0]["external_id"], "b");
}

#[tokio::test]
async fn an_account_is_disabled_tested_and_enabled_over_the_api() {
    let world = connected().await;
    world.refuse_reading(Some(403));
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;

    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    assert_eq!(account["state"], "disabled");
    assert_eq!(account["failure"]["class"], "permission");
    assert_eq!(account["failure"]["status"], 403);
    assert_eq!(account["failure"]["remote"], "not for you");
    assert_eq!(account["next_sync_at"], json!(null));
    assert_eq!(account["users"], 2);
    let sync = world.post("/v1/accounts/acme/prod:sync", json!({})).await;
    assert_eq!(sync.expect(409)["code"], "disabled");
    let test = world.post("/v1/accounts/acme/prod:test", json!({})).await;
    let test = test.expect(200);
    assert_eq!(test["ok"], false);
    assert_eq!(test["failure"]["class"], "permission");

    world.refuse_reading(None);
    let test = world.post("/v1/accounts/acme/prod:test", json!({})).await;
    let test = test.expect(200);
    assert_eq!(test["ok"], true);
    assert_eq!(test["rows"].as_array().unwrap().len(), 2);
    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    assert_eq!(account["state"], "connected");
    let enabled = world.post("/v1/accounts/acme/prod:enable", json!({})).await;
    assert_eq!(enabled.expect(200)["state"], "connected");
}
