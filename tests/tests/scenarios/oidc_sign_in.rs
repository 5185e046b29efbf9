//! Signing in at a provider that lies: which ID tokens count, and what the provider is asked. An honest one, written by others,
//! is in `functions/local/tests/serve/sign_in.rs`.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use sando_core::auth::authorize::challenge;
use sando_core::oidc::{Identity, OidcSettings, SigningIn};
use sando_core::ports::{Clock, TokenError, Tokens};
use sando_infra::oidc::ProviderTokens;
use sando_infra::system::{SystemChance, SystemClock};
use sando_tests::harness::loopback_client;
use sando_world::SaasApp;
use sando_world::saas::{SaasAnswer, SigningKey};
use serde_json::{Value, json};

const BACK: &str = "https://sando.example/console/sign-in/callback";

/// A provider that gives whatever ID token it is told to.
struct Issuer {
    app: SaasApp,
    key: SigningKey,
    token: Arc<Mutex<String>>,
    tokens: ProviderTokens,
}

impl Issuer {
    async fn start() -> Self {
        let (app, key) = (SaasApp::start().await.unwrap(), SigningKey::elliptic());
        let issuer = app.base_url();
        let place = |path: &str| format!("{issuer}{path}");
        app.fixed(
            "/.well-known/openid-configuration",
            json!({
                "issuer": issuer, "jwks_uri": place("/keys"), "authorization_endpoint": place("/authorize"),
                "token_endpoint": place("/token"), "userinfo_endpoint": place("/userinfo"),
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
            }),
        );
        app.fixed("/keys", json!({ "keys": [key.jwk().unwrap()] }));
        app.fixed("/userinfo", json!({ "sub": "ada", "groups": ["told"] }));
        let token = Arc::new(Mutex::new(String::new()));
        let given = token.clone();
        app.script("/token", move |_| {
            let token = given.lock().unwrap().clone();
            SaasAnswer::json(&json!({ "access_token": "a token", "token_type": "Bearer", "expires_in": 60, "id_token": token }))
        });
        Self {
            app,
            key,
            token,
            tokens: ProviderTokens::new(loopback_client()),
        }
    }

    fn settings(&self) -> OidcSettings {
        OidcSettings {
            issuer: self.app.base_url(),
            audience: "sando-api".to_owned(),
            client_id: Some("console".to_owned()),
            scopes: BTreeSet::from(["groups".to_owned()]),
            groups_claim: "groups".to_owned(),
            groups: BTreeMap::new(),
        }
    }

    /// The claims of an ID token for this sign-in, with these instead of the usual ones; null leaves one out.
    fn claims(&self, sign_in: &SigningIn, instead: &Value) -> Value {
        let now = SystemClock.now().as_second();
        let mut claims = json!({
            "iss": self.app.base_url(), "sub": "ada", "aud": "console", "iat": now, "exp": now + 60,
            "nonce": sign_in.nonce, "groups": ["it"],
        });
        let map = claims.as_object_mut().unwrap();
        map.extend(instead.as_object().unwrap().clone());
        map.retain(|_, value| !value.is_null());
        claims
    }

    async fn redeem(&self, sign_in: &SigningIn, token: String) -> Result<Identity, TokenError> {
        *self.token.lock().unwrap() = token;
        let secret = Some("its secret");
        let settings = self.settings();
        self.tokens
            .redeem(&settings, secret, sign_in, "code-1")
            .await
    }

    async fn redeem_with(
        &self,
        sign_in: &SigningIn,
        instead: &Value,
    ) -> Result<Identity, TokenError> {
        let claims = self.claims(sign_in, instead);
        self.redeem(sign_in, self.key.sign("JWT", &claims).unwrap())
            .await
    }
}

fn begun() -> SigningIn {
    SigningIn::begin(&SystemChance, BACK, None, SystemClock.now())
}

#[tokio::test]
async fn the_provider_is_asked_with_state_nonce_and_pkce_and_gets_the_code_once() {
    let issuer = Issuer::start().await;
    let sign_in = begun();

    let settings = issuer.settings();
    let page = issuer.tokens.login_page(&settings, &sign_in);
    let page = page.await.unwrap();
    let asked: BTreeMap<String, String> = page.query_pairs().into_owned().collect();
    assert!(
        page.as_str()
            .starts_with(&format!("{}/authorize?", issuer.app.base_url()))
    );
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], "console");
    assert_eq!(asked["redirect_uri"], BACK);
    assert_eq!(asked["scope"], "openid profile email groups");
    assert_eq!(asked["state"], sign_in.login.state());
    assert_eq!(asked["nonce"], sign_in.nonce);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["code_challenge"], challenge(sign_in.login.proof()));

    let identity = issuer.redeem_with(&sign_in, &json!({})).await.unwrap();
    assert_eq!(identity.subject, "ada");
    assert_eq!(identity.groups, BTreeSet::from(["it".to_owned()]));
    let sent = issuer.app.asked_at("/token");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].form("code").as_deref(), Some("code-1"));
    assert_eq!(
        sent[0].form("code_verifier").as_deref(),
        Some(sign_in.login.proof())
    );
    assert_eq!(sent[0].form("redirect_uri").as_deref(), Some(BACK));
    assert!(
        sent[0]
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(issuer.app.asked_at("/userinfo").len(), 0);
}

#[tokio::test]
async fn an_id_token_counts_for_this_client_this_sign_in_and_now() {
    let issuer = Issuer::start().await;
    let sign_in = begun();
    let now = SystemClock.now().as_second();
    issuer.redeem_with(&sign_in, &json!({})).await.unwrap();

    for (instead, why) in [
        (json!({ "exp": now - 1 }), "it has expired"),
        (json!({ "aud": "sando-api" }), "it is for somebody else"),
        (
            json!({ "aud": ["console", "another"] }),
            "it is for somebody else",
        ),
        (
            json!({ "iss": "https://id.example" }),
            "it is from somebody else",
        ),
        (
            json!({ "nonce": begun().nonce }),
            "it is of another sign-in",
        ),
        (json!({ "nonce": null }), "it is of another sign-in"),
    ] {
        let answer = issuer.redeem_with(&sign_in, &instead).await;
        assert_eq!(answer, Err(TokenError::Refused(why)), "{instead}");
    }
    let claims = issuer.claims(&sign_in, &json!({}));
    let refused = async |token: String, why: &'static str| {
        let answer = issuer.redeem(&sign_in, token).await;
        assert_eq!(answer, Err(TokenError::Refused(why)));
    };
    let forged = SigningKey::elliptic().sign("JWT", &claims).unwrap();
    refused(forged, "its signature is wrong").await;
    let access = issuer.key.sign("at+jwt", &claims).unwrap();
    refused(access, "it is no ID token").await;
    // {"alg":"none"} and {"alg":"HS256"} with the claims of a real token: the provider's word for it does not count.
    let real = issuer.key.sign("JWT", &claims).unwrap();
    let body = real.split('.').nth(1).unwrap();
    refused(
        format!("eyJhbGciOiJub25lIn0.{body}."),
        "its signature is wrong",
    )
    .await;
    refused(
        format!("eyJhbGciOiJIUzI1NiJ9.{body}.AAAA"),
        "its signature is wrong",
    )
    .await;
    let unreadable = issuer.redeem(&sign_in, "a.b.c".to_owned()).await;
    assert!(
        matches!(unreadable, Err(TokenError::Keys(_))),
        "{unreadable:?}"
    );
}

#[tokio::test]
async fn an_address_that_nobody_has_verified_is_only_claimed() {
    let issuer = Issuer::start().await;
    let sign_in = begun();
    let address = "ada@contoso.example";

    for (verified, names) in [(true, address), (false, "claimed:ada@contoso.example")] {
        let said = json!({ "email": address, "email_verified": verified });
        let identity = issuer.redeem_with(&sign_in, &said).await.unwrap();
        assert_eq!(
            identity.names(BTreeSet::new()),
            BTreeSet::from([names.to_owned()])
        );
    }
}

#[tokio::test]
async fn groups_that_are_in_no_id_token_are_asked_for() {
    let issuer = Issuer::start().await;
    let sign_in = begun();
    let none = json!({ "groups": null });

    let identity = issuer.redeem_with(&sign_in, &none).await.unwrap();
    assert_eq!(identity.groups, BTreeSet::from(["told".to_owned()]));
    let asked = issuer.app.asked_at("/userinfo");
    assert_eq!(asked[0].header("authorization"), Some("Bearer a token"));

    issuer
        .app
        .fixed("/userinfo", json!({ "sub": "lee", "groups": ["told"] }));
    let identity = issuer.redeem_with(&sign_in, &none).await.unwrap();
    assert_eq!(
        identity.groups,
        BTreeSet::new(),
        "it tells of somebody else"
    );
}

#[tokio::test]
async fn a_provider_that_is_another_than_the_settings_say_is_not_used() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    settings.issuer.push_str("/tenant");
    let document = json!({
        "issuer": issuer.app.base_url(), "jwks_uri": format!("{}/keys", issuer.app.base_url()),
        "authorization_endpoint": "https://evil.example/authorize", "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
    });
    issuer
        .app
        .fixed("/tenant/.well-known/openid-configuration", document);

    let page = issuer.tokens.login_page(&settings, &begun()).await;

    assert!(matches!(page, Err(TokenError::Keys(_))), "{page:?}");
}
