//! The application over real HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::faults::{Fault, FaultKind};

#[expect(clippy::disallowed_methods, reason = "tests talk to loopback only")]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

async fn call(app: &HttpApp, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", app.base_url());
    let request = client().request(method.parse().unwrap(), url);
    let request = request.header("X-Api-Key", app.api_key()).json(&body);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_member_lives_through_every_action() {
    let app = HttpApp::start(HttpAppOptions::default()).await.unwrap();
    let new = json!({ "email": "ada@x.example", "role": "member" });

    let (status, member) = call(&app, "POST", "/members", new.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(call(&app, "POST", "/members", new).await.0, 409);
    let path = format!("/members/{}", member["id"].as_str().unwrap());
    call(&app, "PATCH", &path, json!({ "role": "admin" })).await;
    call(
        &app,
        "PUT",
        &format!("{path}/seat"),
        json!({ "plan": "pro" }),
    )
    .await;
    call(&app, "POST", &format!("{path}/suspend"), json!({})).await;
    call(&app, "POST", &format!("{path}/logout"), json!({})).await;

    let (_, found) = call(&app, "GET", "/members?email=ada%40x.example", Value::Null).await;
    let found = &found["members"][0];
    assert_eq!(
        (&found["role"], &found["state"], &found["plan"]),
        (&json!("admin"), &json!("suspended"), &json!("pro"))
    );
    assert_eq!(
        call(&app, "DELETE", &format!("{path}/seat"), json!({}))
            .await
            .0,
        204
    );
    assert_eq!(
        call(&app, "DELETE", &format!("{path}/seat"), json!({}))
            .await
            .0,
        404
    );
    assert_eq!(call(&app, "DELETE", &path, json!({})).await.0, 204);
    assert_eq!(call(&app, "DELETE", &path, json!({})).await.0, 404);
}

#[tokio::test]
async fn a_hidden_member_appears_later_and_a_double_is_told() {
    let app = HttpApp::start(HttpAppOptions {
        invisible_for: Duration::MAX,
        unique: false,
        ..HttpAppOptions::default()
    })
    .await
    .unwrap();
    let new = json!({ "email": "ada@x.example" });
    for _ in 0..2 {
        call(&app, "POST", "/members", new.clone()).await;
    }

    let found = async || call(&app, "GET", "/members", Value::Null).await.1["members"].clone();
    assert_eq!(found().await, json!([]));
    assert_eq!(app.duplicates(), ["ada@x.example"]);
    app.reveal();
    assert_eq!(found().await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn hooks_record_what_they_get_even_if_they_answer_an_error() {
    let app = HttpApp::start(HttpAppOptions::default()).await.unwrap();
    app.faults()
        .push(Fault::on("POST", "/hook/", FaultKind::ErrorAfter(500)));

    let sent = client()
        .post(app.hook_url("team"))
        .json(&json!({ "text": "Hello" }))
        .send()
        .await;

    assert_eq!(sent.unwrap().status(), 500);
    assert_eq!(app.received("team")[0].body["text"], "Hello");
}
