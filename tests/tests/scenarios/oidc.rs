//! Tokens of a real OpenID Connect provider: whom they name, and which are not accepted.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sando_core::oidc::OidcSettings;
use sando_core::ports::{TokenError, Tokens};
use sando_infra::oidc::ProviderTokens;
use sando_tests::harness::{PythonOauth, loopback_client};
use serde_json::json;

fn settings(provider: &PythonOauth, audience: &str) -> OidcSettings {
    OidcSettings {
        issuer: provider.issuer(),
        audience: audience.to_owned(),
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
