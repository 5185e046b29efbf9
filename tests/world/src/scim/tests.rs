//! The SCIM application over real HTTP.

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::path::{GROUP, USER};
use super::*;
use crate::faults::{Fault, FaultKind};

#[expect(clippy::disallowed_methods, reason = "tests talk to loopback only")]
fn client() -> Client {
    Client::new()
}

async fn start(options: ScimOptions) -> ScimApp {
    ScimApp::start(options).await.unwrap()
}

async fn call(app: &ScimApp, method: &str, path: &str, body: Value) -> reqwest::Result<Response> {
    let request = client().request(method.parse().unwrap(), format!("{}{path}", app.base_url()));
    let request = request.bearer_auth(app.token());
    let request = if body.is_null() {
        request
    } else {
        request.json(&body)
    };
    request.send().await
}

async fn answer(app: &ScimApp, method: &str, path: &str, body: Value) -> (u16, Value) {
    let response = call(app, method, path, body).await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn ada() -> Value {
    json!({ "schemas": [USER], "userName": "ada@x.example", "externalId": "per_ada" })
}

fn patch(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

async fn found(app: &ScimApp, filter: &str) -> u64 {
    let encoded: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let (status, list) = answer(app, "GET", &format!("/Users?filter={encoded}"), Value::Null).await;
    assert_eq!(status, 200, "{list}");
    list["totalResults"].as_u64().unwrap()
}

#[tokio::test]
async fn a_user_name_is_given_once() {
    let app = start(ScimOptions::default()).await;

    let (status, made) = answer(&app, "POST", "/Users", ada()).await;
    let mut twin = ada();
    twin["userName"] = json!("ADA@x.example");
    let (conflict, problem) = answer(&app, "POST", "/Users", twin).await;

    assert_eq!((status, conflict), (201, 409));
    assert_eq!(made["meta"]["version"], "W/\"1\"");
    assert_eq!(problem["scimType"], "uniqueness");
    assert_eq!(app.users().len(), 1);
    assert_eq!(app.creates(), 1);
}

#[tokio::test]
async fn without_uniqueness_duplicates_arise_and_are_told() {
    let app = start(ScimOptions {
        unique: false,
        ..ScimOptions::default()
    })
    .await;

    for _ in 0..2 {
        assert_eq!(answer(&app, "POST", "/Users", ada()).await.0, 201);
    }

    assert_eq!(app.duplicates(), ["ada@x.example", "per_ada"]);
}

#[tokio::test]
async fn a_new_account_is_hidden_but_its_name_is_taken() {
    let app = start(ScimOptions {
        invisible_for: Duration::MAX,
        ..ScimOptions::default()
    })
    .await;
    let (_, made) = answer(&app, "POST", "/Users", ada()).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());

    assert_eq!(found(&app, "userName eq \"ada@x.example\"").await, 0);
    assert_eq!(answer(&app, "GET", &path, Value::Null).await.0, 404);
    assert_eq!(answer(&app, "POST", "/Users", ada()).await.0, 409);
    assert!(app.user("ada@x.example").is_some());

    app.reveal();
    assert_eq!(found(&app, "externalId eq \"per_ada\"").await, 1);
    assert_eq!(answer(&app, "GET", &path, Value::Null).await.0, 200);
}

#[tokio::test]
async fn accounts_are_found_by_filter() {
    let app = start(ScimOptions::default()).await;
    app.insert_stranger("bo@x.example");
    answer(&app, "POST", "/Users", ada()).await;

    assert_eq!(found(&app, "emails.value eq \"BO@x.example\"").await, 1);
    assert_eq!(
        found(
            &app,
            "userName eq \"ada@x.example\" and externalId eq \"per_ada\""
        )
        .await,
        1
    );
    assert_eq!(
        found(&app, "userName eq \"ada@x.example\" and active eq false").await,
        0
    );
    let (status, problem) = answer(&app, "GET", "/Users?filter=userName+gt+1", Value::Null).await;
    assert_eq!(
        (status, problem["scimType"].as_str()),
        (400, Some("invalidFilter"))
    );
}

#[tokio::test]
async fn lists_come_in_pages() {
    let app = start(ScimOptions {
        max_page: 2,
        ..ScimOptions::default()
    })
    .await;
    for number in 0..5 {
        app.insert_stranger(&format!("user{number}@x.example"));
    }

    let (_, page) = answer(&app, "GET", "/Users?startIndex=3&count=50", Value::Null).await;
    assert_eq!(page["totalResults"], 5);
    assert_eq!(page["itemsPerPage"], 2);
    assert_eq!(page["Resources"][0]["userName"], "user2@x.example");
    let (_, none) = answer(&app, "GET", "/Users?count=0", Value::Null).await;
    assert_eq!(
        (&none["totalResults"], &none["Resources"]),
        (&json!(5), &json!([]))
    );
}

#[tokio::test]
async fn a_patch_suspends_and_a_stale_one_is_refused() {
    let app = start(ScimOptions::default()).await;
    let (_, made) = answer(&app, "POST", "/Users", ada()).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let suspend = patch(json!([{ "op": "replace", "value": { "active": false } }]));

    let (status, user) = answer(&app, "PATCH", &path, suspend.clone()).await;
    assert_eq!((status, &user["active"]), (200, &json!(false)));

    let url = format!("{}{path}", app.base_url());
    let stale = client()
        .patch(url)
        .bearer_auth(app.token())
        .header("If-Match", "W/\"1\"");
    assert_eq!(stale.json(&suspend).send().await.unwrap().status(), 412);
    let text = patch(json!([{ "op": "replace", "path": "active", "value": "True" }]));
    assert_eq!(answer(&app, "PATCH", &path, text).await.0, 400);
    let id = patch(json!([{ "op": "replace", "path": "id", "value": "1" }]));
    assert_eq!(
        answer(&app, "PATCH", &path, id).await.1["scimType"],
        "mutability"
    );
}

#[tokio::test]
async fn the_text_quirk_takes_active_as_text_only() {
    let app = start(ScimOptions {
        active_as_text: true,
        ..ScimOptions::default()
    })
    .await;
    let path = format!("/Users/{}", app.insert_stranger("bo@x.example"));
    let set = |value: Value| patch(json!([{ "op": "replace", "path": "active", "value": value }]));

    assert_eq!(answer(&app, "PATCH", &path, set(json!(false))).await.0, 400);
    assert_eq!(
        answer(&app, "PATCH", &path, set(json!("False"))).await.0,
        200
    );
    assert!(!app.user("bo@x.example").unwrap().active);
}

#[tokio::test]
async fn members_come_and_go_by_patch() {
    let app = start(ScimOptions::default()).await;
    let (user, group) = (
        app.insert_stranger("bo@x.example"),
        app.insert_group("Admins"),
    );
    let path = format!("/Groups/{group}");

    let add = patch(json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]));
    for _ in 0..2 {
        assert_eq!(answer(&app, "PATCH", &path, add.clone()).await.0, 200);
    }
    assert_eq!(app.groups()[0].members, std::slice::from_ref(&user));
    assert_eq!(app.user("bo@x.example").unwrap().groups, ["Admins"]);

    let target = format!("members[value eq \"{user}\"]");
    let remove = patch(json!([{ "op": "remove", "path": target }]));
    assert_eq!(answer(&app, "PATCH", &path, remove).await.0, 200);
    assert!(app.groups()[0].members.is_empty());

    let ghost =
        patch(json!([{ "op": "add", "path": "members", "value": [{ "value": "nobody" }] }]));
    assert_eq!(answer(&app, "PATCH", &path, ghost).await.0, 400);
    let group = json!({ "schemas": [GROUP], "displayName": "Pro", "members": [{ "value": user }] });
    assert_eq!(answer(&app, "POST", "/Groups", group).await.0, 201);
}

#[tokio::test]
async fn what_is_not_supported_says_so() {
    let app = start(ScimOptions {
        filter: false,
        patch: false,
        ..ScimOptions::default()
    })
    .await;
    let id = app.insert_stranger("bo@x.example");

    assert_eq!(
        answer(
            &app,
            "GET",
            "/Users?filter=userName+eq+%22x%22",
            Value::Null
        )
        .await
        .0,
        400
    );
    assert_eq!(
        answer(&app, "PATCH", &format!("/Users/{id}"), patch(json!([])))
            .await
            .0,
        501
    );
    let (_, config) = answer(&app, "GET", "/ServiceProviderConfig", Value::Null).await;
    assert_eq!(config["patch"]["supported"], false);
    let (_, schemas) = answer(&app, "GET", "/Schemas", Value::Null).await;
    assert_eq!(schemas["totalResults"], 3);
    let bare = client()
        .get(format!("{}/Users", app.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), 401);
}

#[tokio::test]
async fn a_replaced_account_keeps_its_id_and_a_deleted_one_is_gone() {
    let app = start(ScimOptions::default()).await;
    let path = format!("/Users/{}", app.insert_stranger("bo@x.example"));

    let (status, user) = answer(&app, "PUT", &path, ada()).await;
    assert_eq!((status, &user["userName"]), (200, &json!("ada@x.example")));
    assert_eq!(answer(&app, "DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(answer(&app, "DELETE", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_cut_create_may_or_may_not_have_happened() {
    let app = start(ScimOptions::default()).await;
    app.faults()
        .push(Fault::on("POST", "/Users", FaultKind::CutBefore));
    app.faults()
        .push(Fault::on("POST", "/Users", FaultKind::CutAfter));
    app.faults()
        .push(Fault::on("PATCH", "/Users", FaultKind::ErrorAfter(502)));

    assert!(call(&app, "POST", "/Users", ada()).await.is_err());
    assert!(app.users().is_empty());
    assert!(call(&app, "POST", "/Users", ada()).await.is_err());
    let user = app.user("ada@x.example").unwrap();

    let suspend = patch(json!([{ "op": "replace", "path": "active", "value": false }]));
    assert_eq!(
        answer(&app, "PATCH", &format!("/Users/{}", user.id), suspend)
            .await
            .0,
        502
    );
    assert!(!app.user("ada@x.example").unwrap().active);
}
