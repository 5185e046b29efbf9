//! Signs people in at an OpenID Connect provider, with the `openidconnect` crate: discovery, login page, code, ID token.
//! Whatever the crate sends goes through the guarded client; a code is exchanged once.

use std::pin::Pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreIdToken,
    CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, StandardErrorResponse, TokenResponse,
};
use sando_core::oidc::{OidcSettings, SigningIn};
use sando_core::ports::{RemoteError, TokenError};
use serde_json::{Map, Value};
use url::Url;

use super::{LARGEST, LONGEST, REMOTE};
use crate::http::{Credentials, GuardedClient, Request, Retry, unreadable};

/// Somebody waits before a blank page: one attempt, and one more.
const RETRY: Retry = Retry {
    attempts: 2,
    total: Duration::from_secs(12),
    first_wait: Duration::from_millis(500),
    longest_wait: Duration::from_secs(1),
};
const ATTEMPT: Duration = Duration::from_secs(8);
/// What is asked for beside `openid`.
const SCOPES: [&str; 2] = ["profile", "email"];

/// A client of a provider that told where everything is.
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The guarded client, as the crate wants it.
pub(super) struct Sends(pub(super) GuardedClient);

impl<'c> AsyncHttpClient<'c> for Sends {
    type Error = RemoteError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, RemoteError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(send(&self.0, request))
    }
}

async fn send(http: &GuardedClient, request: HttpRequest) -> Result<HttpResponse, RemoteError> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string().parse().map_err(|_| no_url())?;
    let is_read = parts.method == Method::GET;
    let mut ours = patient(Request::new(REMOTE, parts.method, url));
    for (name, value) in &parts.headers {
        let text = value.to_str().unwrap_or_default();
        ours = ours.header(name.as_str(), text)?;
    }
    let answer = if is_read {
        http.read(&ours).await?
    } else {
        http.send_once(&ours.bytes(body)).await?
    };
    let status = StatusCode::from_u16(answer.status());
    let mut response = HttpResponse::new(answer.body().to_vec());
    *response.status_mut() = status.map_err(|_| unreadable(REMOTE, "its status is none"))?;
    *response.headers_mut() = answer.headers().clone();
    Ok(response)
}

fn patient(request: Request) -> Request {
    request.limit(LARGEST).timeout(ATTEMPT).retry(RETRY)
}

fn no_url() -> RemoteError {
    RemoteError::Forbidden {
        remote: REMOTE.to_owned(),
        why: "its address is no URL".to_owned(),
    }
}

/// What a provider tells of itself, its keys included.
pub(super) async fn discover(
    http: &Sends,
    issuer: &str,
) -> Result<CoreProviderMetadata, TokenError> {
    let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|_| no_url())?;
    let found = CoreProviderMetadata::discover_async(issuer, http).await;
    found.map_err(|error| {
        TokenError::Keys(match error {
            DiscoveryError::Request(error) => error,
            DiscoveryError::Validation(_) => unreadable(
                REMOTE,
                "it calls itself by another issuer than the settings do",
            ),
            DiscoveryError::Response(status, ..) => {
                unreadable(REMOTE, format!("it tells nothing of itself: {status}"))
            }
            _ => unreadable(REMOTE, "what it tells of itself is not OpenID Connect"),
        })
    })
}

fn client(
    provider: &CoreProviderMetadata,
    settings: &OidcSettings,
    client_secret: Option<&str>,
    sign_in: &SigningIn,
) -> Result<Client, TokenError> {
    let no_client = TokenError::Refused("the settings name no `client_id`");
    let id = settings.client_id.clone().ok_or(no_client)?;
    let redirect = RedirectUrl::new(sign_in.login.redirect_url.clone()).map_err(|_| no_url())?;
    let secret = client_secret.map(|secret| ClientSecret::new(secret.to_owned()));
    let client = CoreClient::from_provider_metadata(provider.clone(), ClientId::new(id), secret);
    let methods = provider.token_endpoint_auth_methods_supported();
    let takes = |method: &CoreClientAuthMethod| methods.is_some_and(|all| all.contains(method));
    let in_body = takes(&CoreClientAuthMethod::ClientSecretPost)
        && !takes(&CoreClientAuthMethod::ClientSecretBasic);
    let client = client.set_redirect_uri(redirect);
    Ok(if in_body {
        client.set_auth_type(AuthType::RequestBody)
    } else {
        client
    })
}

/// The login page.
pub(super) fn page(
    provider: &CoreProviderMetadata,
    settings: &OidcSettings,
    sign_in: &SigningIn,
) -> Result<Url, TokenError> {
    let client = client(provider, settings, None, sign_in)?;
    let state = CsrfToken::new(sign_in.login.state().to_owned());
    let nonce = Nonce::new(sign_in.nonce.clone());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier(sign_in));
    let scopes = settings.scopes.iter().map(String::as_str);
    let scopes = SCOPES.into_iter().chain(scopes);
    let scopes = scopes.map(|scope| Scope::new(scope.to_owned()));
    let asked = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || state,
            move || nonce,
        )
        .add_scopes(scopes)
        .set_pkce_challenge(challenge);
    let (url, ..) = asked.url();
    Ok(url)
}

fn verifier(sign_in: &SigningIn) -> PkceCodeVerifier {
    PkceCodeVerifier::new(sign_in.login.proof().to_owned())
}

/// The claims of whom a code names, in an ID token that the provider gave to us for this sign-in.
pub(super) async fn redeem(
    http: &Sends,
    provider: &CoreProviderMetadata,
    settings: &OidcSettings,
    client_secret: Option<&str>,
    (sign_in, code): (&SigningIn, &str),
) -> Result<Map<String, Value>, TokenError> {
    if code.len() > LONGEST {
        return Err(TokenError::Refused("the code is too long"));
    }
    let client = client(provider, settings, client_secret, sign_in)?;
    let request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
    let request = request.map_err(|_| unreadable(REMOTE, "it names no token endpoint"))?;
    let request = request.set_pkce_verifier(verifier(sign_in));
    let tokens = request.request_async(http).await.map_err(|e| refusal(&e))?;
    let none = TokenError::Refused("the provider gave no ID token");
    let token = tokens.id_token().ok_or(none)?;
    let signed = provider.id_token_signing_alg_values_supported();
    let signed = signed.iter().filter(|algorithm| is_public(algorithm));
    let verifier = client.id_token_verifier();
    let verifier = verifier.set_allowed_algs(signed.cloned());
    let nonce = Nonce::new(sign_in.nonce.clone());
    let proved = token.claims(&verifier, &nonce);
    proved.map_err(|error| TokenError::Refused(why(&error)))?;
    let mut claims = claims(token)?;
    // Providers keep ID tokens small: groups may be told by the other endpoint only.
    if !claims.contains_key(&settings.groups_claim)
        && let Some(place) = provider.userinfo_endpoint()
    {
        let access_token = tokens.access_token().secret();
        let told = told(&http.0, place.url(), access_token).await?;
        if told.get("sub") == claims.get("sub") {
            for (name, value) in told {
                claims.entry(name).or_insert(value);
            }
        }
    }
    Ok(claims)
}

/// Only algorithms whose key everybody may know.
fn is_public(algorithm: &CoreJwsSigningAlgorithm) -> bool {
    !matches!(
        algorithm,
        CoreJwsSigningAlgorithm::HmacSha256
            | CoreJwsSigningAlgorithm::HmacSha384
            | CoreJwsSigningAlgorithm::HmacSha512
            | CoreJwsSigningAlgorithm::None
    )
}

/// The claims of a token that was verified.
fn claims(token: &CoreIdToken) -> Result<Map<String, Value>, TokenError> {
    let text = token.to_string();
    let payload = text.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let claims = serde_json::from_slice(&bytes);
    claims.map_err(|_| TokenError::Refused("its claims cannot be read"))
}

/// What the provider tells of whoever has this token.
async fn told(
    http: &GuardedClient,
    place: &Url,
    access_token: &str,
) -> Result<Map<String, Value>, TokenError> {
    let bearer = Credentials::of(place).header("authorization", "Bearer ", access_token);
    let bearer = bearer.map_err(|_| TokenError::Refused("its access token cannot be sent"))?;
    let request = patient(Request::get(REMOTE, place.clone()));
    let answer = http.read(&request.with(bearer)).await?;
    Ok(answer.checked()?.parse()?)
}

type Unredeemed = RequestTokenError<RemoteError, StandardErrorResponse<CoreErrorResponseType>>;

fn refusal(error: &Unredeemed) -> TokenError {
    match error {
        RequestTokenError::ServerResponse(told) => {
            tracing::info!(error = %told.error(), "the provider did not accept a code");
            TokenError::Refused(match told.error() {
                CoreErrorResponseType::InvalidClient
                | CoreErrorResponseType::UnauthorizedClient => {
                    "the provider does not accept the client id or its secret: an administrator sets them in the settings"
                }
                _ => "the provider does not accept the code: it was used already, or is too old",
            })
        }
        RequestTokenError::Request(error) => TokenError::Keys(error.clone()),
        _ => TokenError::Keys(unreadable(REMOTE, "its tokens are not OpenID Connect's")),
    }
}

fn why(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(_) => "it has expired",
        ClaimsVerificationError::InvalidAudience(_) => "it is for somebody else",
        ClaimsVerificationError::InvalidIssuer(_) => "it is from somebody else",
        ClaimsVerificationError::InvalidNonce(_) => "it is of another sign-in",
        ClaimsVerificationError::Unsupported(_) => "it is no ID token",
        _ => "its signature is wrong",
    }
}
