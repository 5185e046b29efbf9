//! Signing in to the console at the company's OpenID Connect provider: the authorization code with PKCE, state and nonce.
//!
//! What proves that who comes back is who left lies sealed in a cookie of that browser and nowhere else, so that nobody
//! fills the store by beginning sign-ins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::audit::Cause;
use crate::oidc::{OidcSettings, SigningIn};
use crate::ports::{Ports, RemoteError, Secrets, TokenError, Tokens};
use crate::store::{Commit, Entity, Key, Put, StoreError, Version, as_json};

use super::api_key::{Scope, scopes_of};
use super::session::{self, Signed};
use super::settings::{CLIENT_SECRET, OIDC, current};
use super::{AdminError, Who};

/// The longest place that one comes back to, in bytes: what is sealed has to fit into a cookie.
const LONGEST_PLACE: usize = 512;

/// A sign-in that has begun.
pub struct Begun {
    /// The provider's login page.
    pub page: Url,
    /// What the browser has to bring back.
    pub sealed: String,
}

/// How a sign-in ended.
pub enum Ended {
    /// Somebody is signed in.
    In {
        /// The token of the session.
        token: String,
        /// May they see everything?
        may_read: bool,
        /// Where they wanted to go.
        next: Option<String>,
    },
    /// The provider named somebody who has no role here; those whom they can ask, as the settings name them.
    NoRole {
        /// Addresses of administrators.
        ask: Vec<String>,
    },
}

/// Does the console sign people in by a provider?
///
/// # Errors
/// If the settings cannot be read.
pub async fn is_offered(ports: &Ports) -> Result<bool, AdminError> {
    let (settings, _) = current(ports).await?;
    Ok(settings.oidc.is_some_and(|oidc| oidc.client_id.is_some()))
}

/// Begins a sign-in that comes back to `redirect_url` and goes on to `next`.
///
/// # Errors
/// `Refused` if no provider is set, `Remote` if it does not tell where its login page is.
pub async fn begin(
    ports: &Ports,
    tokens: &dyn Tokens,
    redirect_url: &str,
    next: Option<&str>,
) -> Result<Begun, AdminError> {
    let (settings, _) = current(ports).await?;
    let oidc = provider(settings.oidc)?;
    let next = next.filter(|next| next.len() <= LONGEST_PLACE);
    let now = ports.clock.now();
    let chance = ports.chance.as_ref();
    let sign_in = SigningIn::begin(chance, redirect_url, next.map(str::to_owned), now);
    let page = tokens.login_page(&oidc, &sign_in).await.map_err(refused)?;
    let plain = as_json(&sign_in);
    let sealed = URL_SAFE_NO_PAD.encode(ports.keys.wrap(plain.as_bytes()).await?);
    Ok(Begun { page, sealed })
}

/// Ends a sign-in: what came back must be what this browser left with, and the provider must name somebody with a role.
///
/// # Errors
/// `Refused` with what to do, `Remote` if the provider does not answer.
pub async fn finish(
    ports: &Ports,
    secrets: &dyn Secrets,
    tokens: &dyn Tokens,
    sealed: &str,
    (state, code): (&str, &str),
) -> Result<Ended, AdminError> {
    let now = ports.clock.now();
    let sign_in = opened(ports, sealed).await?;
    let checked = sign_in.login.check(state, now);
    checked.map_err(|error| AdminError::refused("sign_in", error.to_string()))?;
    use_up(ports, &sign_in).await?;
    let (settings, _) = current(ports).await?;
    let ask = settings.roles.get("administrator").cloned();
    let oidc = provider(settings.oidc)?;
    let values = secrets.read(OIDC, true).await?.unwrap_or_default();
    let secret = values.credentials.get(CLIENT_SECRET).map(String::as_str);
    let redeemed = tokens.redeem(&oidc, secret, &sign_in, code).await;
    let identity = redeemed.map_err(refused)?;
    let roles = oidc.roles_of(&identity);
    let scopes = scopes_of(&roles);
    if scopes.is_empty() {
        return Ok(Ended::NoRole {
            ask: ask.unwrap_or_default(),
        });
    }
    let who = Who {
        actor: identity.actor(),
        cause: Cause::of("console", "sign-in"),
        correlation_id: "console".to_owned(),
        at: now,
    };
    let signed = Signed::Provider {
        actor: identity.actor(),
        names: identity.names(roles),
    };
    Ok(Ended::In {
        token: session::open(ports, &who, signed).await?,
        may_read: scopes.contains(&Scope::Read) || scopes.contains(&Scope::Admin),
        next: sign_in.next,
    })
}

/// That a sign-in came back; it comes back once.
#[derive(Serialize, Deserialize)]
struct CameBack {
    name: String,
    until: Timestamp,
}

impl Entity for CameBack {
    const KIND: &'static str = "came_back";

    fn key(&self) -> Key {
        Key::Login(format!("sign-in-{}", self.name))
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

async fn use_up(ports: &Ports, sign_in: &SigningIn) -> Result<(), AdminError> {
    let back = CameBack {
        name: sign_in.login.name(),
        until: sign_in.login.until,
    };
    let commit = Commit {
        puts: vec![Put::of(&back, Version::ABSENT)],
        ..Commit::default()
    };
    match ports.store.commit(&commit).await {
        Err(StoreError::Conflict { .. }) => {
            let why = "this login has come back already: begin it again";
            Err(AdminError::refused("sign_in", why))
        }
        done => Ok(done?),
    }
}

fn provider(oidc: Option<OidcSettings>) -> Result<OidcSettings, AdminError> {
    let detail = "nobody signs in by a provider here: the settings name none, or no `client_id`";
    let oidc = oidc.filter(|oidc| oidc.client_id.is_some());
    oidc.ok_or_else(|| AdminError::refused("no_provider", detail))
}

async fn opened(ports: &Ports, sealed: &str) -> Result<SigningIn, AdminError> {
    let other = || AdminError::refused("sign_in", "this login was not begun here: begin it again");
    let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| other())?;
    let plain = match ports.keys.unwrap(&sealed).await {
        Ok(plain) => plain,
        Err(error @ (RemoteError::NoAnswer { .. } | RemoteError::Busy { .. })) => {
            return Err(error.into());
        }
        Err(_) => return Err(other()),
    };
    serde_json::from_slice(&plain).map_err(|_| other())
}

fn refused(error: TokenError) -> AdminError {
    match error {
        TokenError::Refused(why) => AdminError::refused("sign_in", why),
        TokenError::Keys(error) => AdminError::Remote(error),
    }
}
