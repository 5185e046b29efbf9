//! What holds for every route: tokens, scopes, problems; and the list of routes itself.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::world::{World, world};

/// Every route of the description that asks for a token, or every one that does not.
fn described(is_public: bool) -> Vec<(String, String)> {
    let described = serde_json::to_value(sando_admin::openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "delete"] {
            let operation = item.get(method);
            if operation.is_some_and(|one| (one["security"] == json!([])) == is_public) {
                routes.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    routes
}

/// Every route that asks for a token.
fn routes() -> Vec<(String, String)> {
    described(false)
}

fn filled(path: &str) -> String {
    path.replace("{id}", "none")
        .replace("{app}", "none")
        .replace("{attribute}", "none")
        .replace("{step}", "none")
        .replace("{definition}", "none")
        .replace("{account}", "none")
        .replace("{external_id}", "none")
}

async fn key(world: &World, scope: &str) -> String {
    let body = json!({ "name": scope, "scopes": [scope] });
    let made = world.post("/v1/keys", body).await.expect(201);
    format!("Bearer {}", made["secret"].as_str().unwrap())
}

#[test]
fn the_routes_are_these() {
    let listed: Vec<String> = routes()
        .iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();

    insta::assert_snapshot!("routes", listed.join("\n"));
}

#[test]
fn only_these_routes_ask_for_no_token() {
    let listed: Vec<String> = described(true)
        .iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();

    assert_eq!(
        listed,
        [
            "GET /healthz",
            "GET /oauth/callback",
            "GET /oauth/test-callback",
            "GET /openapi.json",
            "POST /webhooks/lever",
            "POST /webhooks/lever/{registration}",
        ]
    );
}

#[tokio::test]
async fn no_route_is_open_without_a_token() {
    let world = world();
    for (method, path) in routes() {
        let request = Request::builder()
            .method(method.as_str())
            .uri(filled(&path))
            .body(Body::empty())
            .unwrap();

        let answer = world.send(request).await;

        assert_eq!(answer.status, 401, "{method} {path}");
        assert_eq!(answer.json()["code"], "unauthorized", "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn no_route_is_open_to_a_token_that_nobody_gave() {
    let world = world();
    for token in [
        "Bearer x",
        "Bearer ",
        "Basic dGhlLWFkbWluLXRva2Vu",
        "Bearer sk_key_0_0",
        "Bearer the-admin-tokem",
    ] {
        for (method, path) in routes() {
            let headers = [("authorization", token)];
            let answer = world.call(&method, &filled(&path), None, &headers).await;
            assert_eq!(answer.status, 401, "{method} {path} {token}");
        }
    }
}

#[tokio::test]
async fn no_route_is_open_to_a_wrong_scope() {
    let world = world();
    let (read, approve, operate) = (
        key(&world, "read").await,
        key(&world, "approve").await,
        key(&world, "operate").await,
    );
    for (method, path) in routes() {
        let wrong = match method.as_str() {
            // Who decides reads what that needs.
            "GET" if path.starts_with("/v1/approvals") => vec![&operate],
            "POST" if path.starts_with("/v1/approvals") => vec![&read, &operate],
            "PUT" | "DELETE" if path.starts_with("/v1/drafts") => vec![&read, &approve],
            "GET" => vec![&approve, &operate],
            "POST" => vec![&read, &approve],
            _ => vec![&read, &approve, &operate],
        };
        for token in wrong {
            let headers = [("authorization", token.as_str())];

            let answer = world.call(&method, &filled(&path), None, &headers).await;

            assert_eq!(answer.status, 403, "{method} {path}");
            assert_eq!(answer.json()["code"], "forbidden", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn cancel_skip_and_keys_need_more_than_operate() {
    let world = world();
    let operate = key(&world, "operate").await;
    for path in [
        "/v1/runs/run_1:cancel",
        "/v1/runs/run_1/steps/access:skip",
        "/v1/keys",
    ] {
        let headers = [("authorization", operate.as_str())];
        let answer = world.call("POST", path, None, &headers).await;
        assert_eq!(answer.status, 403, "{path}");
    }
}

#[tokio::test]
async fn the_right_scope_is_told_that_there_is_nothing() {
    let world = world();
    let read = key(&world, "read").await;
    for path in [
        "/v1/people/per_1",
        "/v1/people/nobody",
        "/v1/runs/run_1",
        "/v1/apps/none",
    ] {
        let headers = [("authorization", read.as_str())];
        let answer = world.call("GET", path, None, &headers).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn health_and_description_need_no_token() {
    let world = world();
    for path in ["/healthz", "/openapi.json"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let described = world.get("/openapi.json").await.json();
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(described["paths"]["/v1/people/{id}:terminate"]["post"].is_object());
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let world = world();
    let too_large = json!({ "name": "x".repeat(1024 * 1024) });
    let check = |answer: crate::world::Answer, status: u16, code: &str| {
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("cache-control"), "no-store");
        let problem = answer.json();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        for field in ["type", "title", "detail"] {
            assert!(problem[field].is_string(), "{problem}");
        }
    };

    check(world.get("/v1/nothing").await, 404, "not_found");
    check(world.get("/").await, 404, "not_found");
    check(
        world.delete("/v1/settings").await,
        405,
        "method_not_allowed",
    );
    check(world.put("/v1/apps/a", too_large).await, 413, "too_large");
    check(world.put("/v1/apps/a", json!([])).await, 422, "invalid");
    check(world.get("/v1/people?limit=201").await, 422, "invalid");
    check(world.get("/v1/people?page=2").await, 422, "invalid");
    check(
        world.get("/v1/people?cursor=nonsense").await,
        422,
        "invalid",
    );
    let request = Request::builder()
        .method("PUT")
        .uri("/v1/apps/a")
        .header("authorization", format!("Bearer {}", crate::world::TOKEN))
        .body(Body::from("{ not json"))
        .unwrap();
    check(world.send(request).await, 400, "invalid_json");
}
