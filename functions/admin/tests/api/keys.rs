//! API keys and idempotency keys.

use serde_json::json;

use crate::world::world;

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_forgotten() {
    let world = world();
    let body = json!({ "name": "console", "scopes": ["read"], "roles": ["it-admin"] });

    let made = world.post("/v1/keys", body).await.expect(201);
    let token = format!("Bearer {}", made["secret"].as_str().unwrap());
    let headers = [("authorization", token.as_str())];
    world
        .call("GET", "/v1/people", None, &headers)
        .await
        .expect(200);
    let list = world.get("/v1/keys").await;
    let id = made["id"].as_str().unwrap();
    world.delete(&format!("/v1/keys/{id}")).await.expect(204);

    assert!(
        !list.text.contains("secret") && !list.text.contains("hash"),
        "{}",
        list.text
    );
    assert_eq!(list.json()["items"][0]["roles"], json!(["it-admin"]));
    world
        .call("GET", "/v1/people", None, &headers)
        .await
        .expect(401);
    world.delete(&format!("/v1/keys/{id}")).await.expect(404);
}

#[tokio::test]
async fn a_key_of_an_administrator_may_do_everything_under_its_own_name() {
    let world = world();
    let made = world
        .post("/v1/keys", json!({ "name": "a", "scopes": ["admin"] }))
        .await
        .expect(201);
    let token = format!("Bearer {}", made["secret"].as_str().unwrap());

    let headers = [("authorization", token.as_str())];
    let put = world
        .call("PUT", "/v1/apps/figma", Some(json!({})), &headers)
        .await;
    put.expect(201);

    let audit = world.get("/v1/audit?stream=config").await.expect(200);
    let actor = audit["items"][1]["actor"].as_str().unwrap().to_owned();
    assert_eq!(actor, format!("key:{}", made["id"].as_str().unwrap()));
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_without_the_secret() {
    let world = world();
    let body = json!({ "name": "console", "scopes": ["read"] });
    let headers = [("idempotency-key", "k1")];

    let first = world
        .call("POST", "/v1/keys", Some(body.clone()), &headers)
        .await
        .expect(201);
    let again = world
        .call("POST", "/v1/keys", Some(body), &headers)
        .await
        .expect(201);
    let other = json!({ "name": "other", "scopes": ["read"] });
    let other = world
        .call("POST", "/v1/keys", Some(other), &headers)
        .await
        .expect(422);

    assert_eq!(first["id"], again["id"]);
    assert_eq!(again["secret"], json!(null));
    assert_eq!(other["errors"][0]["path"], "Idempotency-Key");
    let list = world.get("/v1/keys").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_request_that_failed_may_be_made_again_with_its_key() {
    let world = world();
    let headers = [("idempotency-key", "k1")];
    let body = json!({ "at": "now" });
    let path = "/v1/people/per_1:terminate";

    world
        .call("POST", path, Some(body.clone()), &headers)
        .await
        .expect(404);
    world
        .call("POST", path, Some(body), &headers)
        .await
        .expect(404);
}

#[tokio::test]
async fn a_key_needs_a_name_and_a_known_scope() {
    let world = world();
    for body in [
        json!({ "name": "", "scopes": ["read"] }),
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["root"] }),
        json!({ "name": "x", "scopes": ["read"], "admin": true }),
    ] {
        world.post("/v1/keys", body).await.expect(422);
    }
}

#[tokio::test]
async fn a_token_of_the_provider_gives_what_the_roles_of_its_groups_may() {
    let world = world();
    let get = async |token: &str| {
        let token = format!("Bearer {token}");
        let headers = [("authorization", token.as_str())];
        let answer = world.call("GET", "/v1/rules", None, &headers).await;
        answer.status.as_u16()
    };
    assert_eq!(get("a.viewers.b").await, 401, "no provider is accepted yet");

    let groups = json!({ "viewers": ["viewer"], "bosses": ["approver"], "it": ["administrator"] });
    let oidc = json!({ "issuer": "https://id.example", "audience": "sando", "groups": groups });
    world
        .put("/v1/settings", json!({ "oidc": oidc }))
        .await
        .expect(200);

    assert_eq!(get("a.viewers.b").await, 200);
    assert_eq!(get("a.it.b").await, 200);
    assert_eq!(get("a.bosses.b").await, 403);
    assert_eq!(get("a.strangers.b").await, 403);
    assert_eq!(get("a.forged.b").await, 401);
    assert_eq!(get("a.down.b").await, 502);
    let wrong = json!({ "oidc": { "issuer": "ftp://id.example", "audience": "" } });
    let told = world.put("/v1/settings", wrong).await.expect(422);
    assert_eq!(told["errors"][0]["path"], "oidc.issuer");
    assert_eq!(told["errors"][1]["path"], "oidc.audience");
}
