//! How applications are opened: credentials, variables, `http` steps.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, Uri};
use axum::routing::any;
use axum::{Json, Router};
use sando_core::effect::{Action, Came, Outcome};
use sando_core::ports::{Applications, Calls, RemoteError};
use sando_core::workflow::HttpStep;
use sando_world::{HttpApp, HttpAppOptions};
use serde_json::{Value, json};

use crate::support::{FixedSecrets, TestServer, ada, application, applications, key, processes};

fn scim(base_url: &str, auth: &Value) -> Value {
    json!({"app": "figma", "provisioner": {"type": "scim", "base_url": base_url, "auth": auth}})
}

#[tokio::test]
async fn what_is_not_set_is_named_with_how_to_set_it() {
    let check = async |file: Value, name: &str| {
        let apps = applications(FixedSecrets::default());
        let error = apps.provisioner(&application(&file)).await.err().unwrap();
        let RemoteError::Forbidden { why, .. } = error else {
            panic!("{error:?}")
        };
        let expect = format!("`{name}` is not set: PUT /v1/apps/figma/credentials");
        assert!(why.contains(&expect), "{why}");
    };

    check(
        scim("https://x.example/{tenant}", &json!({"type": "none"})),
        "tenant",
    )
    .await;
    check(
        scim("https://x.example", &json!({"type": "bearer"})),
        "token",
    )
    .await;
    check(
        scim("https://x.example", &json!({"type": "basic"})),
        "username",
    )
    .await;
    let headers = json!({"type": "headers", "headers": [{"name": "X-Key", "value": "later"}]});
    check(scim("https://x.example", &headers), "X-Key").await;
    let params = json!({"type": "query", "params": [{"name": "key", "value": "later"}]});
    check(scim("https://x.example", &params), "key").await;
}

#[tokio::test]
async fn a_variable_cannot_lead_to_another_host() {
    for value in [
        "evil.example/",
        "evil.example#",
        "x@evil.example",
        "evil.example?",
    ] {
        let secrets = FixedSecrets::default().variable("app/figma", "tenant", value);
        let file = scim(
            "https://{tenant}.acme.example/scim",
            &json!({"type": "none"}),
        );
        let opened = applications(secrets).provisioner(&application(&file)).await;
        assert!(
            matches!(opened, Err(RemoteError::Forbidden { .. })),
            "{value}"
        );
    }
}

#[tokio::test]
async fn every_way_to_authenticate_arrives_as_it_should() {
    let router = Router::new().fallback(any(
        |headers: HeaderMap, uri: Uri| async move {
            let header = |name: &str| {
                headers
                    .get(name)
                    .map(|value| value.to_str().unwrap().to_owned())
            };
            Json(json!({"uid": "7", "seen": [header("authorization"), header("x-key"), header("x-version"), uri.query()]}))
        },
    ));
    let server = TestServer::start(router).await;
    let credentials = [
        ("token", "t0ken\n"),
        ("username", "user"),
        ("password", "p:w"),
        ("X-Key", "k1"),
        ("key", "a&b"),
    ];
    let check = async |auth: Value, seen: &str, expect: &str| {
        let secrets = FixedSecrets::default().with("app/acme", &credentials);
        let actions =
            json!({"find": {"path": "/"}, "create": {"path": "/", "method": "POST", "id": seen}});
        let file = json!({"app": "acme", "provisioner": {
            "type": "http", "base_url": server.url.as_str(), "auth": auth, "actions": actions,
        }});
        let apps = applications(secrets);
        let provisioner = apps.provisioner(&application(&file)).await.unwrap();
        let outcome = provisioner.make(Action::Create, &ada(), &key()).await;
        let Outcome::Done { external_id, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            external_id
                .map(String::from)
                .as_deref()
                .unwrap_or("nothing"),
            expect
        );
    };

    check(json!({"type": "bearer"}), "seen[0]", "Bearer t0ken").await;
    let token = json!({"type": "bearer", "prefix": "Token"});
    check(token, "seen[0]", "Token t0ken").await;
    check(json!({"type": "basic"}), "seen[0]", "Basic dXNlcjpwOnc=").await;
    check(json!({"type": "none"}), "seen[0]", "nothing").await;
    let headers = json!({"type": "headers", "headers": [
        {"name": "X-Key", "value": "later", "prefix": "Key "},
        {"name": "X-Version", "value": {"now": "2024-01"}},
    ]});
    check(headers.clone(), "seen[1]", "Key k1").await;
    check(headers, "seen[2]", "2024-01").await;
    let params = json!({"type": "query", "params": [{"name": "key", "value": "later"}]});
    check(params, "seen[3]", "key=a%26b").await;
}

#[tokio::test]
async fn a_provisioner_is_kept_until_its_file_changes() {
    let apps = applications(FixedSecrets::default());
    let none = json!({"type": "none"});
    let one = application(&scim("https://a.example", &none));
    let other = application(&scim("https://b.example", &none));

    let first = apps.provisioner(&one).await.unwrap();
    let again = apps.provisioner(&one).await.unwrap();
    let changed = apps.provisioner(&other).await.unwrap();

    assert!(Arc::ptr_eq(&first, &again));
    assert!(!Arc::ptr_eq(&first, &changed));
}

#[tokio::test]
async fn an_http_step_is_sent_once_with_the_effect_s_key_where_the_server_wants_it() {
    let app = HttpApp::start(HttpAppOptions::default()).await.unwrap();
    let step: HttpStep = serde_json::from_value(json!({
        "path": app.hook_url("course"),
        "repeat": {"idempotency_header": "Idempotency-Key"},
    }))
    .unwrap();
    let apps = applications(FixedSecrets::default());

    let (body, calls) = (json!({"email": "a"}), Calls::default());
    let outcome = apps.request(&step, &body, &key(), &calls).await;

    assert!(
        matches!(outcome, Outcome::Done { was_so: false, .. }),
        "{outcome:?}"
    );
    let received = app.received("course");
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body, json!({"email": "a"}));
    assert_eq!(received[0].idempotency_key.as_deref(), Some(key().as_str()));
    let came: Vec<Came> = calls.take().into_iter().map(|(came, _)| came).collect();
    assert_eq!(came, [Came::Status(200)]);
    assert!(calls.take().is_empty(), "they are told once");
}

#[tokio::test]
async fn processes_together_ask_no_more_of_an_application_than_its_file_allows() {
    let arrived: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let seen = arrived.clone();
    let server = TestServer::start(Router::new().fallback(any(move || async move {
        seen.lock().unwrap().push(Instant::now());
        Json(json!({"uid": "7"}))
    })))
    .await;
    let actions =
        json!({"find": {"path": "/"}, "create": {"path": "/", "method": "POST", "id": "uid"}});
    let file = json!({
        "app": "acme",
        "limits": {"requests_per_second": 20, "concurrency": 8},
        "provisioner": {"type": "http", "base_url": server.url.as_str(), "actions": actions},
    });
    let apps = processes(FixedSecrets::default(), 3);
    let mut provisioners = Vec::new();
    for apps in &apps {
        provisioners.push(apps.provisioner(&application(&file)).await.unwrap());
    }

    let (subject, key) = (ada(), key());
    let creates =
        (0..60).map(|number| provisioners[number % 3].make(Action::Create, &subject, &key));
    for outcome in futures::future::join_all(creates).await {
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }

    let mut arrived = arrived.lock().unwrap().clone();
    arrived.sort();
    assert_eq!(arrived.len(), 60);
    // 20 at once, the other 40 in two seconds.
    let took = arrived[59].duration_since(arrived[0]);
    assert!(took >= Duration::from_millis(1_500), "{took:?}");
}
