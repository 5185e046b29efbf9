//! A real OAuth and OpenID Connect provider (`oidc-provider-mock`), from the environment that `tests/run` makes.

use sando_infra::http::{GuardedClient, Method, Request};
use serde_json::Value;
use tokio::process::Child;
use url::Url;

use super::python::{free_port, loopback_client, serve};

/// A real provider with a login page, stopped when it is dropped.
pub struct PythonOauth {
    base: Url,
    http: GuardedClient,
    arguments: Vec<String>,
    server: Child,
}

impl PythonOauth {
    /// Starts the provider and waits until it answers.
    pub async fn start() -> Self {
        Self::with_users(&[]).await
    }

    /// Starts the provider with these users, each as claims with at least `sub`.
    pub async fn with_users(users: &[Value]) -> Self {
        let claims = |user: &Value| ["--user-claims".to_owned(), user.to_string()];
        Self::with(users.iter().flat_map(claims).collect()).await
    }

    /// Starts a provider whose tokens have expired so many seconds before it gives them.
    pub async fn with_tokens_expired_since(secs: u32) -> Self {
        Self::with(vec![format!("--token-max-age=-{secs}")]).await
    }

    async fn with(arguments: Vec<String>) -> Self {
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        Self {
            base: base.parse().expect("a URL"),
            http: loopback_client(),
            server: Self::serve(port, &arguments).await,
            arguments,
        }
    }

    async fn serve(port: u16, arguments: &[String]) -> Child {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        serve("oidc-provider-mock", port, &arguments).await
    }

    /// The provider starts anew: the same issuer with new keys.
    pub async fn rotate_keys(&mut self) {
        self.server.kill().await.expect("it runs");
        let port = self.base.port().expect("it has one");
        self.server = Self::serve(port, &self.arguments).await;
    }

    /// Where it is.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Who it says that it is.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// The client for it.
    #[must_use]
    pub fn http(&self) -> &GuardedClient {
        &self.http
    }

    /// Logs somebody in on the login page; answers where they are sent back to.
    async fn log_in_on(&self, page: Request, subject: &str) -> Url {
        let request = page.form([("sub", subject)]);
        let answer = self.http.send_once(&request).await.expect("it answers");
        let location = answer.header("location").expect("it sends back");
        location.parse().expect("a URL")
    }

    /// Logs somebody in on the login page; answers `code` and `state` as they come back.
    pub async fn log_in(&self, page: Url, subject: &str) -> (String, String) {
        let page = Request::new("the login page", Method::POST, page);
        let back = self.log_in_on(page, subject).await;
        (value(&back, "code"), value(&back, "state"))
    }

    /// Somebody signs in to a client; answers their ID token.
    pub async fn sign_in(&self, subject: &str, client: &str) -> String {
        self.given(subject, client, "id_token").await
    }

    /// Somebody signs in to a client; answers their access token, which is a random text and no JWT with this provider.
    pub async fn access_token(&self, subject: &str, client: &str) -> String {
        self.given(subject, client, "access_token").await
    }

    async fn given(&self, subject: &str, client: &str, what: &str) -> String {
        let (back, place) = ("http://127.0.0.1/back", |path| self.base.join(path));
        let page = place("/oauth2/authorize").expect("a URL");
        let page = Request::new("the login page", Method::POST, page)
            .query("client_id", client)
            .query("redirect_uri", back)
            .query("response_type", "code")
            .query("scope", "openid email");
        let code = value(&self.log_in_on(page, subject).await, "code");
        let asked = Request::new(
            "provider",
            Method::POST,
            place("/oauth2/token").expect("a URL"),
        );
        let asked = asked.form([
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", back),
            ("client_id", client),
            ("client_secret", "a secret"),
        ]);
        let answer = self.http.send_once(&asked).await.expect("it answers");
        let tokens = answer.checked().and_then(|answer| answer.json());
        let tokens = tokens.expect("it gives tokens");
        let token = tokens.get(what).and_then(Value::as_str);
        token.expect("it gives such a token").to_owned()
    }
}

fn value(back: &Url, name: &str) -> String {
    let mut pairs = back.query_pairs();
    let found = pairs.find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned()).expect(name)
}
