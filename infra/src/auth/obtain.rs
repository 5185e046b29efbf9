//! Sends token requests and reads what comes back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sando_core::auth::answer::{self, TokenRefusal};
use sando_core::auth::{
    AuthError, AuthorizationCode, Content, Given, Jwt, Login, TokenRequest, TokenState,
};
use sando_core::path::Path;
use serde_json::{Map, Value};

use super::AuthFailure;
use super::sign::sign;
use crate::http::{
    Answer, Credentials, Gate, GuardedClient, Mask, Method, Request, Retry, unreadable,
};

/// How token requests are repeated: the lease (90 s) outlives all of it.
const RETRY: Retry = Retry {
    attempts: 6,
    total: Duration::from_secs(60),
    first_wait: Duration::from_millis(500),
    longest_wait: Duration::from_secs(30),
};
/// One attempt, body included.
const ATTEMPT: Duration = Duration::from_secs(20);
/// No token answer is larger.
const LIMIT: usize = 1024 * 1024;

/// What token requests are sent with.
pub(super) struct Sender<'a> {
    pub(super) remote: &'a str,
    pub(super) http: &'a GuardedClient,
    pub(super) gate: Option<&'a Arc<dyn Gate>>,
    pub(super) given: Given<'a>,
    pub(super) now: Timestamp,
}

impl Sender<'_> {
    /// Asks a token endpoint (RFC 6749, 5).
    pub(super) async fn token(
        &self,
        request: TokenRequest,
        keep: &BTreeMap<String, Path>,
        mask: &Mask,
    ) -> Result<TokenState, AuthFailure> {
        let answer = self.send(request, mask).await?;
        // Whatever such an answer says, the credentials may be good.
        if may_pass(answer.status()) {
            return Err(self.no_success(answer));
        }
        let content_type = answer.header("content-type").map(str::to_owned);
        let fields = answer::fields(strip_bom(answer.body()), content_type.as_deref());
        if let Some(TokenRefusal::Refused { code, description }) =
            fields.as_ref().and_then(answer::refusal)
        {
            let why = TokenRefusal::Refused { code, description }.to_string();
            return Err(self.refused(&answer, &mask.clean(&why)));
        }
        if !answer.is_success() {
            return Err(self.no_success(answer));
        }
        let fields = fields.ok_or_else(|| self.unreadable(&answer))?;
        answer::token(&fields, keep, self.now).map_err(|error| {
            unreadable(self.remote, format!("of the token endpoint: {error}")).into()
        })
    }

    /// Logs in.
    pub(super) async fn login(
        &self,
        login: &Login,
        request: TokenRequest,
        mask: &Mask,
    ) -> Result<TokenState, AuthFailure> {
        let answer = self.send(request, mask).await?;
        if !answer.is_success() {
            return Err(self.no_success(answer));
        }
        let fields = answer::fields(strip_bom(answer.body()), answer.header("content-type"))
            .or_else(|| serde_json::from_slice(answer.body()).ok())
            .unwrap_or(Value::Null);
        let fields = match &login.response_path {
            Some(path) => path.find(&fields).map_or(Value::Null, Cow::into_owned),
            None => fields,
        };
        let found = token_of(login, &answer, &fields);
        let token = found.filter(|token| !token.is_empty()).ok_or_else(|| {
            let words = answer.message();
            unreadable(
                self.remote,
                format!(
                    "of the login: there is no token where the definition says, it says: {words}"
                ),
            )
        })?;
        let kept = answer::kept(&fields, &login.keep)
            .map_err(|error| unreadable(self.remote, format!("of the login: {error}")))?;
        let lifetime = login
            .expires_in_secs
            .and_then(|secs| i64::try_from(secs).ok());
        Ok(TokenState {
            access_token: token,
            refresh_token: None,
            expires_at: lifetime
                .and_then(|secs| self.now.checked_add(SignedDuration::from_secs(secs)).ok()),
            obtained_at: self.now,
            credentials_at: None,
            kept,
        })
    }

    /// Signs a token, and exchanges it where the file says so.
    pub(super) async fn jwt(&self, jwt: &Jwt, mask: &Mask) -> Result<TokenState, AuthFailure> {
        let unique = hex::encode(rand::random::<[u8; 16]>());
        let unsigned = jwt.unsigned(&self.given, self.now, &unique)?;
        let key = self.given.credential("private_key")?;
        let signature =
            sign(jwt.algorithm, key, &unsigned.text).map_err(|error| AuthError::Wrong {
                place: "auth".to_owned(),
                why: error.to_string(),
            })?;
        let signed = unsigned.signed(&signature);
        match &jwt.exchange {
            Some(exchange) => {
                let request = exchange.request(&self.given, &signed)?;
                let mask = mask.clone().with([&signed]);
                self.token(request, &exchange.keep, &mask).await
            }
            None => Ok(TokenState {
                access_token: signed,
                refresh_token: None,
                expires_at: Some(unsigned.expires_at),
                obtained_at: self.now,
                credentials_at: None,
                kept: Map::new(),
            }),
        }
    }

    /// Refreshes, or begins with what was given.
    pub(super) async fn refresh(
        &self,
        code: &AuthorizationCode,
        before: Option<&TokenState>,
        mask: &Mask,
    ) -> Result<TokenState, AuthFailure> {
        let refresh_token = match before {
            Some(state) => state.refresh_token.as_deref(),
            None => self.given.perhaps("refresh_token"),
        };
        let refresh_token = refresh_token.filter(|_| code.refresh_token);
        if let Some(refresh_token) = refresh_token {
            let request = code.refresh(&self.given, refresh_token)?;
            let mask = mask.clone().with([refresh_token]);
            let mut next = self.token(request, &keep_of(code, before), &mask).await?;
            next.refresh_token
                .get_or_insert_with(|| refresh_token.to_owned());
            return Ok(match before {
                Some(before) => before.followed_by(next),
                None => next,
            });
        }
        match (before, self.given.perhaps("access_token")) {
            (None, Some(access_token)) => Ok(TokenState {
                access_token: access_token.to_owned(),
                refresh_token: None,
                expires_at: None,
                obtained_at: self.now,
            credentials_at: None,
                kept: Map::new(),
            }),
            (None, None) => Err(AuthError::Missing {
                name: "refresh_token".to_owned(),
            }
            .into()),
            (Some(_), _) => Err(AuthFailure::Refused {
                remote: self.remote.to_owned(),
                status: None,
                why: "the access token is not good any more and there is no refresh token: authorise again".to_owned(),
            }),
        }
    }

    async fn send(&self, token: TokenRequest, mask: &Mask) -> Result<Answer, AuthFailure> {
        let method = if token.method == "GET" {
            Method::GET
        } else {
            Method::POST
        };
        let credentials = token
            .basic
            .as_ref()
            .map(|(id, secret)| Credentials::of(&token.url).basic(id, secret))
            .transpose()
            .map_err(|why| AuthError::Wrong {
                place: "auth".to_owned(),
                why,
            })?;
        let mut request = Request::new(self.remote, method, token.url)
            .retry(RETRY)
            .timeout(ATTEMPT)
            .limit(LIMIT)
            .masked(mask);
        for (name, value) in &token.headers {
            request = request.header(name, value)?;
        }
        if let Some(credentials) = credentials {
            request = request.with(credentials);
        }
        if let Some(gate) = self.gate {
            request = request.through(gate.clone());
        }
        let request = match &token.content {
            Content::Empty => request,
            Content::Json(body) => request.json(body),
            Content::Form(fields) => request.form(
                fields
                    .iter()
                    .map(|(name, text)| (name.as_str(), text.as_str())),
            ),
        };
        Ok(self.http.read(&request).await?)
    }

    /// A status that is no success and names no error of the protocol.
    fn no_success(&self, answer: Answer) -> AuthFailure {
        let status = answer.status();
        if may_pass(status) {
            return match answer.checked() {
                Err(error) => error.into(),
                Ok(answer) => self.unreadable(&answer),
            };
        }
        if (300..400).contains(&status) {
            let why = format!("of the token endpoint: {status}, a redirect, which is not followed");
            return unreadable(self.remote, why).into();
        }
        self.refused(&answer, &answer.message())
    }

    fn refused(&self, answer: &Answer, why: &str) -> AuthFailure {
        AuthFailure::Refused {
            remote: self.remote.to_owned(),
            status: Some(answer.status()),
            why: format!("the credentials are not accepted: {why}"),
        }
    }

    fn unreadable(&self, answer: &Answer) -> AuthFailure {
        let words = answer.message();
        let why = format!(
            "of the token endpoint: {} is no JSON object: {words}",
            answer.status()
        );
        unreadable(self.remote, why).into()
    }
}

/// A status that says nothing about the credentials.
fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

fn strip_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// The token of a login: in the body, in a header, or in a cookie.
fn token_of(login: &Login, answer: &Answer, fields: &Value) -> Option<String> {
    if let Some(name) = &login.token_header {
        return answer.header(name).map(|text| text.trim().to_owned());
    }
    if let Some(name) = &login.token_cookie {
        let cookies = answer.headers().get_all("set-cookie").into_iter();
        let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let mut values =
            pairs.filter_map(|pair| pair.trim().strip_prefix(name.as_str())?.strip_prefix('='));
        return values.next().map(str::to_owned);
    }
    let path = login.token_path.as_ref()?;
    let found = path.find(fields)?;
    sando_core::path::of_scalar(&found).map(|text| text.into_owned())
}

/// What the answer to a refresh must bring: what is kept already need not be repeated.
fn keep_of(code: &AuthorizationCode, before: Option<&TokenState>) -> BTreeMap<String, Path> {
    match before {
        Some(state) if code.keep.keys().all(|name| state.kept.contains_key(name)) => {
            BTreeMap::new()
        }
        _ => code.keep.clone(),
    }
}
