//! A provider of OpenID Connect as the API sees it. The real one is in `functions/local/tests/serve/sign_in.rs`.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sando_core::oidc::{Identity, OidcSettings, SigningIn};
use sando_core::ports::{TokenError, Tokens};
use url::Url;

use crate::world::Fakes;

fn somebody(
    fakes: &Fakes,
    settings: &OidcSettings,
    group: Option<&str>,
) -> Result<Identity, TokenError> {
    match group {
        Some("down") => Err(TokenError::Keys(fakes.refusal("provider"))),
        Some("forged") | None => Err(TokenError::Refused("its signature is wrong")),
        Some(group) => Ok(Identity {
            issuer: settings.issuer.clone(),
            subject: "ada@contoso.example".to_owned(),
            email: fakes.says.lock().unwrap().clone(),
            claimed: None,
            groups: BTreeSet::from([group.to_owned()]),
        }),
    }
}

/// The token is the group of whoever has it: `a.viewers.b`; so is the code: `viewers`.
#[async_trait]
impl Tokens for Fakes {
    async fn verify(&self, token: &str, settings: &OidcSettings) -> Result<Identity, TokenError> {
        somebody(self, settings, token.split('.').nth(1))
    }

    async fn login_page(
        &self,
        settings: &OidcSettings,
        sign_in: &SigningIn,
    ) -> Result<Url, TokenError> {
        let mut page: Url = format!("{}/authorize", settings.issuer).parse().unwrap();
        let mut query = page.query_pairs_mut();
        query.append_pair("redirect_uri", &sign_in.login.redirect_url);
        query.append_pair("state", sign_in.login.state());
        drop(query);
        Ok(page)
    }

    async fn redeem(
        &self,
        settings: &OidcSettings,
        client_secret: Option<&str>,
        _: &SigningIn,
        code: &str,
    ) -> Result<Identity, TokenError> {
        if client_secret != Some("s3cret") {
            return Err(TokenError::Refused("the client is not accepted"));
        }
        somebody(self, settings, Some(code))
    }
}
