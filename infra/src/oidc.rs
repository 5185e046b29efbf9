//! Verifies tokens of OpenID Connect providers against the keys that the provider publishes, and signs people in there.

mod sign_in;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use openidconnect::core::CoreProviderMetadata;
use sando_core::oidc::{Identity, OidcSettings, SigningIn};
use sando_core::ports::{RemoteError, TokenError, Tokens};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;

use self::sign_in::Sends;
use crate::http::{GuardedClient, Request};

/// How long keys are used before they are read again.
const FRESH: Duration = Duration::from_secs(3600);
/// A key that is not known makes us read them again, but not more often than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(30);
/// Clocks differ.
const LEEWAY_SECS: u64 = 60;
/// A longer token is none.
const LONGEST: usize = 16 * 1024;
/// What a provider publishes is small.
const LARGEST: usize = 1024 * 1024;
/// Only algorithms whose key everybody may know: a token signed with a shared secret proves nothing here.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Verifies tokens; keeps the keys of each issuer for an hour.
pub struct ProviderTokens {
    http: GuardedClient,
    known: Mutex<BTreeMap<String, Known>>,
    /// What providers told of themselves, and when.
    discovered: Mutex<BTreeMap<String, (Arc<CoreProviderMetadata>, Instant)>>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<JwkSet>,
    read_at: Instant,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl ProviderTokens {
    /// Reads keys with this client.
    #[must_use]
    pub fn new(http: GuardedClient) -> Self {
        Self {
            http,
            known: Mutex::default(),
            discovered: Mutex::default(),
        }
    }

    /// What a provider tells of itself; not asked more often than every 30 seconds, however many people sign in.
    async fn provider(&self, issuer: &str) -> Result<Arc<CoreProviderMetadata>, TokenError> {
        let discovered = || {
            let discovered = self.discovered.lock();
            discovered.unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((provider, read_at)) = discovered().get(issuer).cloned()
            && read_at.elapsed() < AT_MOST_EVERY
        {
            return Ok(provider);
        }
        let provider = Arc::new(sign_in::discover(&Sends(self.http.clone()), issuer).await?);
        let kept = (provider.clone(), Instant::now());
        discovered().insert(issuer.to_owned(), kept);
        Ok(provider)
    }

    /// The keys of an issuer; read again if they are older than this.
    async fn keys(&self, issuer: &str, older_than: Duration) -> Result<Known, RemoteError> {
        let known = self.known().get(issuer).cloned();
        if let Some(known) = known.filter(|known| known.read_at.elapsed() < older_than) {
            return Ok(known);
        }
        let known = Known {
            keys: Arc::new(self.read_keys(issuer).await?),
            read_at: Instant::now(),
        };
        self.known().insert(issuer.to_owned(), known.clone());
        Ok(known)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_keys(&self, issuer: &str) -> Result<JwkSet, RemoteError> {
        let place = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let discovery: Discovery = self.get(&place).await?;
        if discovery.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(RemoteError::Unreadable {
                remote: REMOTE.to_owned(),
                why: "it calls itself by another issuer than the settings do".to_owned(),
            });
        }
        self.get(&discovery.jwks_uri).await
    }

    async fn get<T: DeserializeOwned>(&self, place: &str) -> Result<T, RemoteError> {
        let url = place.parse().map_err(|_| RemoteError::Forbidden {
            remote: REMOTE.to_owned(),
            why: "its address is no URL".to_owned(),
        })?;
        let request = Request::get(REMOTE, url).limit(LARGEST);
        self.http.read(&request).await?.checked()?.parse()
    }
}

/// How errors call the provider.
const REMOTE: &str = "the OpenID Connect provider";

/// The keys that may have signed a token with this header.
fn candidates<'a>(keys: &'a JwkSet, header: &'a Header) -> impl Iterator<Item = &'a Jwk> {
    let fits = |key: &&Jwk| {
        let named = header.kid.is_none() || key.common.key_id == header.kid;
        let purpose = key.common.public_key_use.as_ref();
        named && purpose.is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
    };
    keys.keys.iter().filter(fits)
}

#[async_trait]
impl Tokens for ProviderTokens {
    async fn verify(&self, token: &str, settings: &OidcSettings) -> Result<Identity, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Refused("it is too long"));
        }
        let header = decode_header(token).map_err(|_| TokenError::Refused("it is no JWT"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(TokenError::Refused("its algorithm is not accepted"));
        }
        let known = self.keys(&settings.issuer, FRESH).await?;
        let first = claims(token, &header, &known.keys, settings);
        let claims = match first {
            // Perhaps the provider has rotated its keys since they were read.
            Err(Unproven::Signature) => {
                let known = self.keys(&settings.issuer, AT_MOST_EVERY).await?;
                claims(token, &header, &known.keys, settings)
            }
            settled => settled,
        };
        match claims {
            Ok(claims) => identity(settings, &claims),
            Err(Unproven::Signature) => Err(TokenError::Refused("its signature is wrong")),
            Err(Unproven::Claim(why)) => Err(TokenError::Refused(why)),
        }
    }

    async fn login_page(
        &self,
        settings: &OidcSettings,
        sign_in: &SigningIn,
    ) -> Result<Url, TokenError> {
        let provider = self.provider(&settings.issuer).await?;
        sign_in::page(&provider, settings, sign_in)
    }

    async fn redeem(
        &self,
        settings: &OidcSettings,
        client_secret: Option<&str>,
        sign_in: &SigningIn,
        code: &str,
    ) -> Result<Identity, TokenError> {
        let provider = self.provider(&settings.issuer).await?;
        let http = Sends(self.http.clone());
        let came = (sign_in, code);
        let redeemed = sign_in::redeem(&http, &provider, settings, client_secret, came);
        identity(settings, &redeemed.await?)
    }
}

/// Why a token proves nothing.
enum Unproven {
    /// None of the keys has signed it.
    Signature,
    /// It is not for us, or not for now.
    Claim(&'static str),
}

/// The claims of a token that one of these keys has signed, for us and for now.
fn claims(
    token: &str,
    header: &Header,
    keys: &JwkSet,
    settings: &OidcSettings,
) -> Result<Map<String, Value>, Unproven> {
    let mut validation = Validation::new(header.alg);
    validation.leeway = LEEWAY_SECS;
    validation.validate_nbf = true;
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    for key in candidates(keys, header) {
        let Ok(key) = DecodingKey::from_jwk(key) else {
            continue;
        };
        match decode::<Map<String, Value>>(token, &key, &validation) {
            Ok(decoded) => return Ok(decoded.claims),
            Err(error) => {
                if let Some(why) = why(error.kind()) {
                    return Err(Unproven::Claim(why));
                }
            }
        }
    }
    Err(Unproven::Signature)
}

/// What is wrong with the claims; none if it is the signature.
fn why(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::ExpiredSignature => Some("it has expired"),
        ErrorKind::ImmatureSignature => Some("it is not valid yet"),
        ErrorKind::InvalidAudience => Some("it is for somebody else"),
        ErrorKind::InvalidIssuer => Some("it is from somebody else"),
        ErrorKind::MissingRequiredClaim(_) => Some("a claim is missing"),
        _ => None,
    }
}

fn identity(settings: &OidcSettings, claims: &Map<String, Value>) -> Result<Identity, TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let subject = text("sub").filter(|subject| !subject.is_empty());
    let subject = subject.ok_or(TokenError::Refused("it names nobody"))?;
    let verified = claims.get("email_verified") == Some(&Value::Bool(true));
    let groups: BTreeSet<String> = match claims.get(&settings.groups_claim) {
        Some(Value::Array(groups)) => groups
            .iter()
            .filter_map(|group| group.as_str().map(str::to_owned))
            .collect(),
        Some(Value::String(group)) => BTreeSet::from([group.clone()]),
        _ => BTreeSet::new(),
    };
    Ok(Identity {
        issuer: settings.issuer.clone(),
        subject: subject.to_owned(),
        email: text("email").filter(|_| verified).map(str::to_owned),
        claimed: text("email").filter(|_| !verified).map(str::to_owned),
        groups,
    })
}
