//! The application over real HTTP.

use serde_json::{Value, json};

use super::*;

#[expect(clippy::disallowed_methods, reason = "tests talk to loopback only")]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

async fn get(url: &str) -> (u16, Value, Vec<String>) {
    let response = client().get(url).send().await.unwrap();
    let status = response.status().as_u16();
    let links = response.headers().get_all("link").into_iter();
    let links = links
        .map(|link| link.to_str().unwrap().to_owned())
        .collect();
    (status, response.json().await.unwrap_or(Value::Null), links)
}

#[tokio::test]
async fn lists_are_paged_by_offset_page_cursor_and_links() {
    let app = SaasApp::start().await.unwrap();
    let list = || List::of(List::users(5)).size(2);
    app.list(
        "/offset",
        list()
            .at("data")
            .paged(Paging::offset())
            .total("meta.total"),
    );
    app.list("/page", list().paged(Paging::page()));
    app.list("/cursor", list().at("data").paged(Paging::cursor("next")));
    app.list("/link", list().paged(Paging::Link { always: false }));

    let (_, body, _) = get(&format!("{}/offset?offset=4&limit=2", app.base_url())).await;
    assert_eq!(body["data"].as_array().unwrap().len(), 1);
    assert_eq!(body["meta"]["total"], 5);
    let (_, body, _) = get(&format!("{}/page?page=3", app.base_url())).await;
    assert_eq!(body[0]["id"], 5);
    let (_, body, _) = get(&format!("{}/cursor", app.base_url())).await;
    assert_eq!(body["next"], "+/2=% &");
    let (_, body, _) = get(&format!(
        "{}/cursor?cursor=%2B%2F4%3D%25%20%26",
        app.base_url()
    ))
    .await;
    assert_eq!(body["data"][0]["id"], 5);
    assert_eq!(body.get("next"), None);
    let (_, _, links) = get(&format!("{}/link", app.base_url())).await;
    assert!(
        links[1].contains("at=2") && links[1].ends_with("rel=\"next\""),
        "{links:?}"
    );
}

#[tokio::test]
async fn a_token_is_issued_used_and_refreshed_once() {
    let app = SaasApp::start().await.unwrap();
    let oauth = OauthServer::new(OauthOptions {
        proof: ClientProof::Body,
        rotates: true,
        ..OauthOptions::default()
    });
    app.oauth(oauth.clone());
    app.door(Door::issued());
    app.fixed("/users", json!([]));
    assert_eq!(get(&format!("{}/users", app.base_url())).await.0, 401);

    let refresh = async |token: &str| {
        let form = format!(
            "grant_type=refresh_token&refresh_token={token}&client_id=client-1&client_secret=s3cret%2F%2B+1"
        );
        let url = format!("{}/oauth/token", app.base_url());
        let answer = client().post(url).body(form).send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    let first = oauth.new_refresh_token();
    let answer = refresh(&first).await;
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let users = client().get(format!("{}/users", app.base_url()));
    let users = users.header("authorization", bearer).send().await.unwrap();
    assert_eq!(users.status(), 200);
    assert_eq!(refresh(&first).await["error"], "invalid_grant");
    let second = answer["refresh_token"].as_str().unwrap();
    assert!(!oauth.knows_refresh_token(second), "all are revoked");
}

#[test]
fn a_key_verifies_what_it_signed_only() {
    let key = SigningKey::shared("a-shared-secret");
    // {"alg":"HS256"} . {"a":1}
    assert_eq!(key.claims("eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.AAAA"), None);
    let key = SigningKey::elliptic();
    let token = key.sign("JWT", &json!({ "a": 1 })).unwrap();
    assert_eq!(key.claims(&token), Some(json!({ "a": 1 })));
    assert_eq!(SigningKey::elliptic().claims(&token), None);
    assert!(
        SigningKey::rsa()
            .private()
            .starts_with("-----BEGIN PRIVATE KEY-----\n")
    );
}
