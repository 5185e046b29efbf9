//! Secrets: kept for a while, asked for again when they fail, used on while the keeper is away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use sando_core::ports::{Clock, RemoteError, SecretValues, Secrets};
use sando_infra::aws::SecretsManagerSecrets;
use serde_json::{Value, json};

use crate::config;

/// Secrets Manager, as far as one secret needs it.
#[derive(Default)]
struct Keeper {
    secret: Option<Value>,
    answers: Option<(u16, &'static str)>,
    calls: Vec<String>,
}

type Shared = Arc<Mutex<Keeper>>;

async fn answer(
    State(keeper): State<Shared>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let request: Value = serde_json::from_str(&body).unwrap();
    let mut keeper = keeper.lock().unwrap();
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    keeper.calls.push(operation.clone());
    let failed = |status: u16, code: &str| {
        let body = json!({ "__type": code, "message": "a message that quotes s3cret" });
        (StatusCode::from_u16(status).unwrap(), Json(body))
    };
    if let Some((status, code)) = keeper.answers {
        return failed(status, code);
    }
    match (operation.as_str(), keeper.secret.clone()) {
        ("CreateSecret", None) => {
            assert_eq!(request["KmsKeyId"], "a-key");
            keeper.secret = Some(request["SecretString"].clone());
        }
        (_, None) => return failed(400, "ResourceNotFoundException"),
        ("PutSecretValue", Some(_)) => keeper.secret = Some(request["SecretString"].clone()),
        ("DeleteSecret", Some(_)) => keeper.secret = None,
        (_, Some(_)) => {}
    }
    let body = json!({ "Name": request["SecretId"], "SecretString": keeper.secret });
    (StatusCode::OK, Json(body))
}

/// A clock that stands until it is moved.
struct Still(Mutex<Timestamp>);

impl Still {
    fn pass(&self, secs: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.saturating_add(SignedDuration::from_secs(secs)).unwrap();
    }
}

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

struct Scene {
    keeper: Shared,
    clock: Arc<Still>,
    secrets: SecretsManagerSecrets,
}

impl Scene {
    async fn start() -> Self {
        let keeper = Shared::default();
        let router = Router::new().fallback(answer).with_state(keeper.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let clock = Arc::new(Still(Mutex::new(Timestamp::UNIX_EPOCH)));
        let config = config(&endpoint);
        let client = aws_sdk_secretsmanager::Client::new(&config.platform.sdk());
        let secrets = SecretsManagerSecrets::new(client, &config, clock.clone());
        Self {
            keeper,
            clock,
            secrets,
        }
    }

    /// Somebody changes the secret without Sando.
    fn rotate(&self, token: &str) {
        let text = json!({ "credentials": { "token": token } }).to_string();
        self.keeper.lock().unwrap().secret = Some(json!(text));
    }

    fn answers(&self, with: Option<(u16, &'static str)>) {
        self.keeper.lock().unwrap().answers = with;
    }

    async fn token(&self, fresh: bool) -> Option<String> {
        let values = self.secrets.read("app/design", fresh).await.unwrap()?;
        values.credentials.get("token").cloned()
    }
}

#[tokio::test]
async fn values_are_kept_for_5_minutes() {
    let scene = Scene::start().await;
    scene.rotate("first");
    assert_eq!(scene.token(false).await.as_deref(), Some("first"));

    scene.rotate("second");
    scene.clock.pass(299);
    assert_eq!(scene.token(false).await.as_deref(), Some("first"));
    scene.clock.pass(1);
    assert_eq!(scene.token(false).await.as_deref(), Some("second"));
}

#[tokio::test]
async fn what_was_not_there_is_found_as_soon_as_it_is() {
    let scene = Scene::start().await;
    assert_eq!(scene.token(false).await, None);

    scene.rotate("first");
    assert_eq!(scene.token(false).await.as_deref(), Some("first"));
}

#[tokio::test]
async fn after_a_401_the_keeper_is_asked_again_at_most_every_30_s() {
    let scene = Scene::start().await;
    scene.rotate("first");
    scene.token(false).await;

    scene.rotate("second");
    scene.clock.pass(29);
    assert_eq!(scene.token(true).await.as_deref(), Some("first"));
    scene.clock.pass(1);
    assert_eq!(scene.token(true).await.as_deref(), Some("second"));
    assert_eq!(scene.keeper.lock().unwrap().calls.len(), 2);
}

#[tokio::test]
async fn values_older_than_what_was_set_are_not_used_from_memory() {
    let scene = Scene::start().await;
    let set = |token: &str, at: &str| {
        let text = json!({ "credentials": { "token": token }, "set_at": at }).to_string();
        scene.keeper.lock().unwrap().secret = Some(json!(text));
    };
    let since = async |at: &str| {
        let read = scene.secrets.read_since("app/design", at.parse().unwrap());
        read.await.unwrap().unwrap().credentials["token"].clone()
    };
    set("first", "2026-11-21T10:00:00Z");
    assert_eq!(since("2026-11-21T10:00:00Z").await, "first");

    set("second", "2026-11-21T11:00:00Z");
    assert_eq!(since("2026-11-21T10:00:00Z").await, "first");
    assert_eq!(since("2026-11-21T11:00:00Z").await, "second");
    assert_eq!(since("2026-11-21T11:00:00Z").await, "second");
    assert_eq!(scene.keeper.lock().unwrap().calls.len(), 2);
}

#[tokio::test]
async fn while_the_keeper_is_away_what_is_known_counts() {
    let scene = Scene::start().await;
    scene.rotate("first");
    scene.token(false).await;

    scene.answers(Some((500, "InternalServiceError")));
    scene.clock.pass(3600);
    assert_eq!(scene.token(false).await.as_deref(), Some("first"));

    let nobody = scene.secrets.read("lever", false).await;
    assert!(nobody.err().unwrap().is_passing());
}

#[tokio::test]
async fn what_the_role_does_not_allow_is_told_without_what_was_sent() {
    let scene = Scene::start().await;
    scene.answers(Some((400, "AccessDeniedException")));

    let error = scene.secrets.read("app/design", false).await.err().unwrap();

    assert!(!error.is_passing());
    let text = error.to_string();
    assert!(
        text.contains("AccessDeniedException") && !text.contains("s3cret"),
        "{text}"
    );
}

#[tokio::test]
async fn a_busy_keeper_is_no_refusal() {
    let scene = Scene::start().await;
    scene.answers(Some((400, "ThrottlingException")));

    let error = scene.secrets.read("app/design", false).await.err().unwrap();

    assert!(matches!(error, RemoteError::Busy { .. }), "{error}");
}

#[tokio::test]
async fn secrets_are_made_changed_and_forgotten() {
    let scene = Scene::start().await;
    let with = |token: &str| SecretValues {
        credentials: [("token".to_owned(), token.to_owned())].into(),
        ..SecretValues::default()
    };
    assert_eq!(scene.token(false).await, None);

    for token in ["first", "second"] {
        scene
            .secrets
            .write("app/design", &with(token))
            .await
            .unwrap();
        assert_eq!(scene.token(false).await.as_deref(), Some(token));
    }
    scene.secrets.remove("app/design").await.unwrap();
    scene.secrets.remove("app/design").await.unwrap();

    assert_eq!(scene.token(false).await, None);
    let calls = scene.keeper.lock().unwrap().calls.clone();
    let made = calls.iter().filter(|call| *call == "CreateSecret").count();
    assert_eq!(made, 1, "{calls:?}");
}
