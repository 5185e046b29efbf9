//! The authorization code with PKCE and refresh, against a real provider, written by others.
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sando_core::auth::authorize::SignIn;
use sando_core::auth::{Auth, Given};
use sando_core::ports::{Clock, RemoteError, SecretValues};
use sando_infra::auth::{AuthSettings, Authenticator, Granted, MemoryTokens, Resolve};
use sando_infra::http::{Request, Retry};
use sando_infra::system::{SystemChance, SystemClock};
use sando_tests::harness::PythonOauth;
use serde_json::{Map, Value, json};
use url::Url;

struct Values(SecretValues);

#[async_trait]
impl Resolve for Values {
    async fn values(&self, _: bool) -> Result<SecretValues, RemoteError> {
        Ok(self.0.clone())
    }

    fn url(&self, _: &str) -> Result<Url, String> {
        Err("nothing is resolved".to_owned())
    }
}

fn credentials() -> BTreeMap<String, String> {
    let pairs = [("client_id", "a-client"), ("client_secret", "its secret")];
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

async fn userinfo(provider: &PythonOauth, granted: &Granted) -> (u16, Value) {
    let url = provider.base().join("/userinfo").unwrap();
    let credentials = granted.credentials(&url).unwrap().unwrap();
    let request = Request::get("the provider", url)
        .with(credentials)
        .retry(Retry::ONCE);
    let answer = provider.http().read(&request).await.unwrap();
    (answer.status(), answer.json().unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_login_becomes_a_token_that_is_refreshed() {
    for client_auth in ["basic", "body"] {
        // The provider keeps a client to the way it authenticated first.
        let provider = PythonOauth::start().await;
        let file = json!({
            "type": "oauth2_authorization_code", "client_auth": client_auth, "scopes": ["openid", "email"],
            "authorization_url": provider.base().join("/oauth2/authorize").unwrap().as_str(),
            "token_url": provider.base().join("/oauth2/token").unwrap().as_str(),
        });
        let auth: Auth = serde_json::from_value(file).unwrap();
        let Auth::AuthorizationCode(of) = &auth else {
            panic!("a code")
        };
        let credentials = credentials();
        let given = Given {
            variables: &Map::new(),
            credentials: &credentials,
        };
        let redirect = "https://sando.example/oauth/callback";
        let sign_in = SignIn::begin(&SystemChance, redirect, SystemClock.now());
        let authenticator = Authenticator::new(AuthSettings {
            remote: "acme".to_owned(),
            auth: auth.clone(),
            resolve: Arc::new(Values(SecretValues {
                credentials: credentials.clone(),
                ..SecretValues::default()
            })),
            tokens: Arc::new(MemoryTokens::default()),
            http: provider.http().clone(),
            gate: None,
            clock: Arc::new(SystemClock),
        });

        let page = of.authorize_url(&given, &sign_in).unwrap();
        let (code, state) = provider.log_in(page, "ada@contoso.example").await;
        sign_in.check(&state, SystemClock.now()).unwrap();
        let first = authenticator.authorise(&code, &sign_in).await.unwrap();
        let (status, about) = userinfo(&provider, &first).await;
        assert_eq!(status, 200);
        assert_eq!(about["email"], "ada@contoso.example");

        if client_auth == "body" {
            // The provider takes the secret of a refresh in the header only.
            continue;
        }
        let second = authenticator.renew(&first).await.unwrap().unwrap();
        assert_eq!(userinfo(&provider, &second).await.0, 200);
        let (status, _) = userinfo(&provider, &first).await;
        assert!(
            matches!(status, 400 | 401),
            "the old one is revoked: {status}"
        );
    }
}
