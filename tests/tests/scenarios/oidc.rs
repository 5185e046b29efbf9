//! Tokens of OpenID Connect providers: whom they name, and which are not accepted.
//!
//! ID tokens come from a real provider, `oidc-provider-mock`. Its access tokens are random texts that say nothing, so that
//! access tokens as JWTs (RFC 9068) are signed here, with the claims and the type that the standard asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sando_core::oidc::OidcSettings;
use sando_core::ports::{Clock, TokenError, Tokens};
use sando_infra::oidc::ProviderTokens;
use sando_infra::system::SystemClock;
use sando_tests::harness::{PythonOauth, loopback_client};
use sando_world::SaasApp;
use sando_world::saas::SigningKey;
use serde_json::{Value, json};

fn settings(provider: &PythonOauth, audience: &str) -> OidcSettings {
    settings_of(provider.issuer(), audience)
}

fn settings_of(issuer: String, audience: &str) -> OidcSettings {
    OidcSettings {
        issuer,
        audience: audience.to_owned(),
        client_id: None,
        scopes: BTreeSet::new(),
        groups_claim: "groups".to_owned(),
        groups: BTreeMap::new(),
    }
}

/// The token with another signature, claim by claim as it was.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let last = if signature.starts_with('A') { "B" } else { "A" };
    format!("{signed}.{last}{}", &signature[1..])
}

/// A provider whose access tokens are JWTs (RFC 9068): ours, since those of the real one are none.
struct Issuer {
    app: SaasApp,
    key: SigningKey,
}

impl Issuer {
    async fn start() -> Self {
        let (app, key) = (SaasApp::start().await.unwrap(), SigningKey::elliptic());
        let issuer = app.base_url();
        let keys = format!("{issuer}/keys");
        app.fixed(
            "/.well-known/openid-configuration",
            json!({ "issuer": issuer, "jwks_uri": keys }),
        );
        app.fixed("/keys", json!({ "keys": [key.jwk().unwrap()] }));
        Self { app, key }
    }

    /// An access token for the API `sando`, with these claims instead of the usual ones; null leaves one out.
    fn access_token(&self, instead: &Value) -> String {
        let now = now();
        let mut claims = json!({
            "iss": self.app.base_url(), "sub": "ada", "aud": ["https://people.example", "sando"],
            "client_id": "terminal", "scope": "people", "jti": "1", "iat": now, "exp": now + 3600,
            "groups": ["it"],
        });
        let claims_map = claims.as_object_mut().unwrap();
        claims_map.extend(instead.as_object().unwrap().clone());
        claims_map.retain(|_, value| !value.is_null());
        self.key.sign("at+jwt", &claims).unwrap()
    }
}

fn now() -> i64 {
    SystemClock.now().as_second()
}

#[tokio::test]
async fn an_access_token_names_somebody_and_their_groups() {
    let issuer = Issuer::start().await;
    let right = settings_of(issuer.app.base_url(), "sando");
    let tokens = ProviderTokens::new(loopback_client());

    let token = issuer.access_token(&json!({}));
    let identity = tokens.verify(&token, &right).await.unwrap();

    assert_eq!(identity.subject, "ada");
    assert_eq!(identity.groups, BTreeSet::from(["it".to_owned()]));
    assert_eq!(identity.email, None);
}

#[tokio::test]
async fn an_access_token_counts_for_us_and_in_its_time_only() {
    let issuer = Issuer::start().await;
    let right = settings_of(issuer.app.base_url(), "sando");
    let tokens = ProviderTokens::new(loopback_client());

    for (instead, why) in [
        // Clocks may differ by a minute, no more.
        (json!({ "exp": now() - 61 }), "it has expired"),
        (json!({ "exp": null }), "a claim is missing"),
        (json!({ "sub": null }), "a claim is missing"),
        (json!({ "aud": null }), "a claim is missing"),
        (json!({ "nbf": now() + 3600 }), "it is not valid yet"),
        (json!({ "aud": "terminal" }), "it is for somebody else"),
        (
            json!({ "iss": "https://people.example" }),
            "it is from somebody else",
        ),
    ] {
        let token = issuer.access_token(&instead);
        let answer = tokens.verify(&token, &right).await;
        assert_eq!(answer, Err(TokenError::Refused(why)), "{instead}");
    }
    let of_another = Issuer {
        app: issuer.app,
        key: SigningKey::elliptic(),
    };
    let forged = of_another.access_token(&json!({}));
    let answer = tokens.verify(&forged, &right).await;
    assert_eq!(answer, Err(TokenError::Refused("its signature is wrong")));
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused() {
    let provider = PythonOauth::with_tokens_expired_since(120).await;
    let tokens = ProviderTokens::new(loopback_client());
    let token = provider.sign_in("ada", "sando").await;

    let answer = tokens.verify(&token, &settings(&provider, "sando")).await;

    assert_eq!(answer, Err(TokenError::Refused("it has expired")));
}

#[tokio::test]
async fn a_token_names_somebody_and_their_groups() {
    let ada = json!({ "sub": "ada", "groups": ["it", "everybody"], "email": "ada@contoso.example", "email_verified": true });
    let provider = PythonOauth::with_users(&[ada]).await;
    let tokens = ProviderTokens::new(loopback_client());
    let token = provider.sign_in("ada", "sando").await;

    let identity = tokens
        .verify(&token, &settings(&provider, "sando"))
        .await
        .unwrap();

    assert_eq!(identity.subject, "ada");
    let groups = ["everybody", "it"].map(str::to_owned);
    assert_eq!(identity.groups, BTreeSet::from(groups));
    assert_eq!(identity.email.as_deref(), Some("ada@contoso.example"));
}

#[tokio::test]
async fn what_does_not_prove_it_is_refused() {
    let provider = PythonOauth::with_users(&[json!({ "sub": "ada" })]).await;
    let elsewhere = PythonOauth::with_users(&[json!({ "sub": "ada" })]).await;
    let tokens = ProviderTokens::new(loopback_client());
    let right = settings(&provider, "sando");
    let token = provider.sign_in("ada", "sando").await;
    let for_another = provider.sign_in("ada", "another").await;
    let of_another = elsewhere.sign_in("ada", "sando").await;
    // {"alg":"none"} and {"alg":"HS256"} with the claims of a real token.
    let claims = token.split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let shared = format!("eyJhbGciOiJIUzI1NiJ9.{claims}.AAAA");

    let check = async |token: &str, what: &str| {
        let answer = tokens.verify(token, &right).await;
        assert!(
            matches!(answer, Err(TokenError::Refused(_))),
            "{what}: {answer:?}"
        );
    };
    tokens.verify(&token, &right).await.unwrap();
    check(&forged(&token), "another signature").await;
    check(&for_another, "another audience").await;
    check(&of_another, "another issuer").await;
    check(&unsigned, "no signature").await;
    check(&shared, "a shared secret").await;
    check("a.b.c", "no token").await;
    let random = provider.access_token("ada", "sando").await;
    assert!(!random.contains('.'), "{random}");
    check(&random, "an access token that is no JWT").await;
}

#[tokio::test]
async fn keys_that_the_provider_rotated_are_read_again() {
    let mut provider = PythonOauth::with_users(&[json!({ "sub": "ada" })]).await;
    let right = settings(&provider, "sando");
    let tokens = ProviderTokens::new(loopback_client());
    let before = provider.sign_in("ada", "sando").await;
    tokens.verify(&before, &right).await.unwrap();
    provider.rotate_keys().await;
    let after = provider.sign_in("ada", "sando").await;

    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();

    tokens.verify(&after, &right).await.unwrap();
    let old = tokens.verify(&before, &right).await;
    assert!(matches!(old, Err(TokenError::Refused(_))), "{old:?}");
}

#[tokio::test]
async fn a_provider_that_is_down_refuses_nobody_for_good() {
    let provider = PythonOauth::with_users(&[json!({ "sub": "ada" })]).await;
    let right = settings(&provider, "sando");
    let token = provider.sign_in("ada", "sando").await;
    drop(provider);
    let tokens = ProviderTokens::new(loopback_client());

    let answer = tokens.verify(&token, &right).await;

    assert!(matches!(answer, Err(TokenError::Keys(_))), "{answer:?}");
}
