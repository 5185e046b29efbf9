//! Every way to authenticate, against servers that issue and check tokens themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::future::join_all;
use sando_core::auth::authorize::{SignIn, challenge};
use sando_core::auth::{Auth, Tokens};
use sando_core::ports::{Clock, RemoteError, SecretValues};
use sando_infra::auth::{AuthFailure, AuthSettings, Authenticator, Granted, MemoryTokens, Resolve};
use sando_infra::http::{Gate, Method, Request, Retry};
use sando_infra::system::{SystemChance, SystemClock};
use sando_world::SaasApp;
use sando_world::saas::{
    ClientProof, Door, OauthOptions, OauthServer, SaasAnswer, SigningKey, TokenCoding,
};
use sando_world::{Fault, FaultKind};
use serde_json::{Value, json};
use url::Url;

use crate::support::client;

struct Values {
    values: SecretValues,
    base: Url,
}

#[async_trait]
impl Resolve for Values {
    async fn values(&self, _: bool) -> Result<SecretValues, RemoteError> {
        Ok(self.values.clone())
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        sando_infra::http::join(&self.base, path)
    }
}

#[derive(Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl Gate for Counting {
    async fn pass(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// An application behind a door, and somebody who wants in.
pub(crate) struct Visitor {
    pub(crate) app: SaasApp,
    pub(crate) values: SecretValues,
    counting: Arc<Counting>,
}

impl Visitor {
    pub(crate) async fn to(door: Door) -> Self {
        let app = SaasApp::start().await.unwrap();
        app.fixed("/users", json!([{ "id": 1 }]));
        app.door(door);
        Self {
            app,
            values: SecretValues::default(),
            counting: Arc::default(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let credentials = &mut self.values.credentials;
        credentials.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn client(self) -> Self {
        self.with("client_id", "client-1")
            .with("client_secret", "s3cret/+ 1\n")
    }

    pub(crate) fn authenticator(&self, auth: Value, tokens: Arc<dyn Tokens>) -> Authenticator {
        self.at(auth, tokens, Arc::new(SystemClock))
    }

    fn at(&self, auth: Value, tokens: Arc<dyn Tokens>, clock: Arc<dyn Clock>) -> Authenticator {
        let text = auth.to_string().replace("{base}", &self.app.base_url());
        let auth: Auth = serde_json::from_str(&text).unwrap();
        assert_eq!(auth.mistakes("auth"), []);
        let base = self.base();
        Authenticator::new(AuthSettings {
            remote: "acme".to_owned(),
            auth,
            resolve: Arc::new(Values {
                values: self.values.clone(),
                base,
            }),
            tokens,
            http: client(),
            gate: Some(self.counting.clone()),
            clock,
        })
    }

    fn base(&self) -> Url {
        self.app.base_url().parse().unwrap()
    }

    pub(crate) async fn status(&self, granted: &Granted) -> u16 {
        let url = self.base().join("/users").unwrap();
        let mut request = Request::new("acme", Method::GET, url).retry(Retry::ONCE);
        if let Some(credentials) = granted.credentials(&self.base()).unwrap() {
            request = request.with(credentials);
        }
        client().read(&request).await.unwrap().status()
    }

    /// The status of a request that carries what `auth` grants.
    async fn enters(&self, auth: Value) -> u16 {
        let authenticator = self.authenticator(auth, memory());
        let granted = authenticator.grant().await.unwrap();
        self.status(&granted).await
    }
}

pub(crate) fn memory() -> Arc<dyn Tokens> {
    Arc::new(MemoryTokens::default())
}

pub(crate) fn code() -> Value {
    json!({ "type": "oauth2_authorization_code", "authorization_url": "{base}/authorize",
        "token_url": "{base}/oauth/token", "scopes": ["users"] })
}

#[tokio::test]
async fn what_was_given_is_sent_as_the_type_says() {
    let bearer = Visitor::to(Door::bearer("t0ken"))
        .await
        .with("token", "t0ken\n");
    assert_eq!(bearer.enters(json!({ "type": "bearer" })).await, 200);
    assert_eq!(
        bearer
            .enters(json!({ "type": "bearer", "prefix": "Token" }))
            .await,
        401
    );

    let raw = Visitor::to(Door::header("authorization", "t0ken"))
        .await
        .with("token", "t0ken");
    assert_eq!(
        raw.enters(json!({ "type": "bearer", "prefix": "" })).await,
        200
    );

    let basic = Visitor::to(Door::Basic("key".to_owned(), "x".to_owned()))
        .await
        .with("username", "key");
    let fixed = json!({ "type": "basic", "password": { "now": "x" } });
    assert_eq!(basic.enters(fixed).await, 200);

    let two = Door::Headers(vec![
        ("x-version".to_owned(), "2024-01".to_owned()),
        ("x-api-key".to_owned(), "k=abc".to_owned()),
    ]);
    let headers = Visitor::to(two).await.with("X-Api-Key", "abc");
    let auth = json!({ "type": "headers", "headers": [
        { "name": "X-Version", "value": { "now": "2024-01" } },
        { "name": "X-Api-Key", "value": "later", "prefix": "k=" }] });
    assert_eq!(headers.enters(auth).await, 200);

    let query = Visitor::to(Door::Query("key".to_owned(), "a b".to_owned()))
        .await
        .with("key", "a b");
    let auth = json!({ "type": "query", "params": [{ "name": "key", "value": "later" }] });
    assert_eq!(query.enters(auth).await, 200);

    let open = Visitor::to(Door::Open).await;
    assert_eq!(open.enters(json!({ "type": "none" })).await, 200);
}

#[tokio::test]
async fn client_credentials_in_every_writing_bring_a_token() {
    for (proof, coding, further) in [
        (ClientProof::Basic, TokenCoding::Form, json!({})),
        (
            ClientProof::Body,
            TokenCoding::Form,
            json!({ "client_auth": "body" }),
        ),
        (
            ClientProof::Body,
            TokenCoding::Json,
            json!({ "client_auth": "body", "token_body": "json" }),
        ),
        (
            ClientProof::Basic,
            TokenCoding::Json,
            json!({ "token_body": "json" }),
        ),
    ] {
        let visitor = Visitor::to(Door::issued()).await.client();
        let oauth = OauthServer::new(OauthOptions {
            proof,
            coding,
            grants: vec!["account_credentials".to_owned()],
            wants: vec![
                ("account_id".to_owned(), "7".to_owned()),
                ("scope".to_owned(), "b a".to_owned()),
            ],
            ..OauthOptions::default()
        });
        visitor.app.oauth(oauth);
        let mut auth = json!({ "type": "oauth2_client_credentials", "token_url": "{base}/oauth/token",
            "grant_type": "account_credentials", "token_params": { "account_id": 7 }, "scopes": ["b", "a"] });
        let further = further.as_object().unwrap().clone();
        auth.as_object_mut().unwrap().extend(further);

        assert_eq!(visitor.enters(auth).await, 200, "{proof:?} {coding:?}");
    }
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed_once() {
    let visitor = Visitor::to(Door::issued()).await.client();
    let oauth = OauthServer::new(OauthOptions::default());
    visitor.app.oauth(oauth.clone());
    let auth = json!({ "type": "oauth2_client_credentials", "token_url": "{base}/oauth/token" });
    let authenticator = visitor.authenticator(auth, memory());
    let first = authenticator.grant().await.unwrap();
    assert_eq!(visitor.status(&first).await, 200);

    oauth.expire();
    assert_eq!(visitor.status(&first).await, 401);
    let renewed = join_all((0..20).map(|_| authenticator.renew(&first))).await;

    for granted in renewed {
        let granted = granted.unwrap().unwrap();
        assert_eq!(visitor.status(&granted).await, 200);
    }
    assert_eq!(oauth.count(), 2, "twenty who were refused get one token");
    assert_eq!(visitor.counting.0.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_login_is_made_again_when_its_token_is_refused() {
    let door = Door::Issued {
        header: "x-session".to_owned(),
        prefix: String::new(),
    };
    let visitor = Visitor::to(door)
        .await
        .with("user", "ada")
        .with("password", "pass-word");
    let oauth = OauthServer::new(OauthOptions {
        uses: Some(2),
        ..OauthOptions::default()
    });
    visitor.app.oauth(oauth.clone());
    let issuing = oauth.clone();
    visitor.app.script("/login", move |request| {
        let fits = request.json() == json!({ "u": "ada", "p": "pass-word" });
        match fits {
            true => SaasAnswer::json(&json!({ "session": { "id": issuing.issue() }, "org": 9 })),
            false => SaasAnswer::error(403, &json!({ "message": "wrong pass-word" })),
        }
    });
    let auth = json!({ "type": "login", "path": "/login", "body": { "u": "{user}", "p": "{password}" },
        "token_path": "session.id", "keep": { "org": "org" }, "send": { "header": "X-Session" } });
    let authenticator = visitor.authenticator(auth.clone(), memory());

    let first = authenticator.grant().await.unwrap();
    assert_eq!(first.kept()["org"], 9);
    assert_eq!(visitor.status(&first).await, 200);
    assert_eq!(visitor.status(&first).await, 200);
    assert_eq!(visitor.status(&first).await, 401, "the session has died");
    let second = authenticator.renew(&first).await.unwrap().unwrap();
    assert_eq!(visitor.status(&second).await, 200);

    let wrong = visitor.with("password", "pass-w0rd");
    let error = wrong
        .authenticator(auth, memory())
        .grant()
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            AuthFailure::Refused {
                status: Some(403),
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_login_may_wrap_its_answer() {
    let visitor = Visitor::to(Door::header("x-session", "abc-1")).await;
    let wrapped =
        json!({ "data": { "session": { "id": "abc-1" }, "org": 9 }, "id": "of the answer" });
    visitor.app.fixed("/login", wrapped);
    let mut auth = json!({ "type": "login", "method": "GET", "path": "/login", "response_path": "data",
        "token_path": "session.id", "keep": { "org": "org" }, "send": { "header": "X-Session" } });

    let authenticator = visitor.authenticator(auth.clone(), memory());
    let granted = authenticator.grant().await.unwrap();
    assert_eq!(granted.kept()["org"], 9);
    assert_eq!(visitor.status(&granted).await, 200);

    auth["response_path"] = json!("result");
    let error = visitor.authenticator(auth, memory()).grant().await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("there is no token"), "{error}");
}

#[tokio::test]
async fn a_login_may_give_its_token_in_a_header_or_a_cookie() {
    let visitor = Visitor::to(Door::header("cookie", "sid=abc-1")).await;
    visitor.app.script("/login", |_| {
        SaasAnswer::text(204, "text/plain", "")
            .with("set-cookie", "other=1; Path=/")
            .with("set-cookie", "sid=abc-1; HttpOnly; Secure")
            .with("x-token", "def-2")
    });
    let cookie = json!({ "type": "login", "path": "/login", "token_cookie": "sid",
        "send": { "header": "Cookie", "prefix": "sid=" } });
    assert_eq!(visitor.enters(cookie).await, 200);

    visitor.app.door(Door::bearer("def-2"));
    let header =
        json!({ "type": "login", "method": "GET", "path": "/login", "token_header": "X-Token" });
    assert_eq!(visitor.enters(header).await, 200);
}

#[tokio::test]
async fn a_signed_token_is_sent_as_it_is_or_exchanged() {
    for (key, algorithm) in [
        (SigningKey::rsa(), "RS256"),
        (SigningKey::elliptic(), "ES256"),
        (SigningKey::shared("a-long-shared-secret"), "HS256"),
    ] {
        let visitor = Visitor::to(Door::Signed(key.clone()))
            .await
            .with("private_key", key.private());
        let auth = json!({ "type": "jwt", "algorithm": algorithm, "claims": { "iss": "acme" } });
        assert_eq!(visitor.enters(auth).await, 200, "{algorithm}");

        let oauth = OauthServer::new(OauthOptions {
            proof: ClientProof::None,
            grants: vec!["urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()],
            assertions: Some(key),
            ..OauthOptions::default()
        });
        visitor.app.oauth(oauth);
        visitor.app.door(Door::issued());
        let auth = json!({ "type": "jwt", "algorithm": algorithm, "claims": { "iss": "acme" },
            "exchange": { "token_url": "{base}/oauth/token" } });
        assert_eq!(visitor.enters(auth).await, 200, "{algorithm}");
    }
}

#[tokio::test]
async fn a_code_becomes_tokens_and_a_rotated_refresh_token_is_stored_before_it_is_used() {
    let visitor = Visitor::to(Door::issued()).await.client();
    let oauth = OauthServer::new(OauthOptions {
        rotates: true,
        further: json!({ "instance_url": "https://eu.acme.example" })
            .as_object()
            .unwrap()
            .clone(),
        ..OauthOptions::default()
    });
    visitor.app.oauth(oauth.clone());
    let tokens = memory();
    let mut auth = code();
    auth["keep"] = json!({ "instance": "instance_url" });
    let authenticator = visitor.authenticator(auth, tokens.clone());
    let now = SystemClock.now();
    let sign_in = SignIn::begin(&SystemChance, "https://sando.example/callback", now);
    let Auth::AuthorizationCode(of) = serde_json::from_value(code()).unwrap() else {
        panic!("a code")
    };
    let challenge = challenge(sign_in.verifier(&of).unwrap());
    let code = oauth.new_code(&challenge, "https://sando.example/callback");

    let first = authenticator.authorise(&code, &sign_in).await.unwrap();

    assert_eq!(first.kept()["instance"], "https://eu.acme.example");
    assert_eq!(visitor.status(&first).await, 200);
    let again = authenticator.authorise(&code, &sign_in).await.unwrap_err();
    assert!(again.to_string().contains("invalid_grant"), "{again}");
    let mut granted = first;
    for _ in 0..3 {
        oauth.expire();
        granted = authenticator.renew(&granted).await.unwrap().unwrap();
        assert_eq!(visitor.status(&granted).await, 200);
        let kept = tokens.read().await.unwrap().state.unwrap();
        assert!(oauth.knows_refresh_token(&kept.refresh_token.unwrap()));
    }
}

#[tokio::test]
async fn a_refresh_carries_the_secret_where_the_definition_says() {
    for (proof, client_auth) in [(ClientProof::Basic, "basic"), (ClientProof::Body, "body")] {
        let visitor = Visitor::to(Door::issued()).await.client();
        let oauth = OauthServer::new(OauthOptions {
            proof,
            ..OauthOptions::default()
        });
        visitor.app.oauth(oauth.clone());
        let visitor = visitor.with("refresh_token", &oauth.new_refresh_token());
        let mut auth = code();
        auth["client_auth"] = json!(client_auth);

        assert_eq!(visitor.enters(auth).await, 200, "{client_auth}");
    }
}

#[tokio::test]
async fn a_refresh_token_that_was_revoked_asks_for_a_human() {
    let visitor = Visitor::to(Door::issued())
        .await
        .client()
        .with("refresh_token", "old-one");
    visitor.app.oauth(OauthServer::new(OauthOptions::default()));
    let authenticator = visitor.authenticator(code(), memory());

    let error = authenticator.grant().await.unwrap_err();

    assert!(
        matches!(
            error,
            AuthFailure::Refused {
                status: Some(400),
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("invalid_grant"), "{error}");
    assert!(!error.to_string().contains("old-one"), "{error}");
    let missing = Visitor::to(Door::issued()).await.client();
    let error = missing
        .authenticator(code(), memory())
        .grant()
        .await
        .unwrap_err();
    assert!(matches!(error, AuthFailure::Wrong(_)), "{error}");
}

#[tokio::test]
async fn a_token_endpoint_that_fails_for_a_moment_is_asked_again() {
    let visitor = Visitor::to(Door::issued()).await.client();
    visitor.app.oauth(OauthServer::new(OauthOptions::default()));
    let faults = visitor.app.faults();
    faults.push(Fault::on("POST", "/oauth/token", FaultKind::Status(503)));
    faults.push(Fault::on("POST", "/oauth/token", FaultKind::CutBefore));
    let auth = json!({ "type": "oauth2_client_credentials", "token_url": "{base}/oauth/token" });

    assert_eq!(visitor.enters(auth).await, 200);
    assert_eq!(visitor.counting.0.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_page_instead_of_a_token_is_told() {
    let visitor = Visitor::to(Door::issued()).await.client();
    visitor.app.script("/token", |_| {
        SaasAnswer::text(200, "text/html", "<html>hello</html>")
    });
    let auth = json!({ "type": "oauth2_client_credentials", "token_url": "{base}/token" });
    visitor.app.door(Door::Open);

    let error = visitor
        .authenticator(auth, memory())
        .grant()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("web page"), "{error}");
}
