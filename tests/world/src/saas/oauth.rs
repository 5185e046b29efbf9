//! Issues tokens, usually at `/oauth/token`, as RFC 6749 (client credentials, authorization code with PKCE, refresh token) and
//! RFC 7523 (signed assertion) have it, and as real servers deviate.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{SaasAnswer, SaasRequest, SigningKey};
use crate::locked;

/// How clients prove themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientProof {
    /// `Authorization: Basic`.
    Basic,
    /// In the body.
    Body,
    /// Not at all (an assertion says who it is).
    None,
}

/// How the request's body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenCoding {
    /// Form-encoded.
    Form,
    /// JSON.
    Json,
}

/// How the server behaves.
#[derive(Clone)]
pub struct OauthOptions {
    /// Where tokens are asked for.
    pub path: String,
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How clients prove themselves.
    pub proof: ClientProof,
    /// How bodies are written.
    pub coding: TokenCoding,
    /// The grants that it gives.
    pub grants: Vec<String>,
    /// Parameters that must come along.
    pub wants: Vec<(String, String)>,
    /// What `expires_in` says; null leaves it out.
    pub expires_in: Value,
    /// How often a token may be used.
    pub uses: Option<u32>,
    /// Does it give refresh tokens?
    pub refresh_tokens: bool,
    /// Does each refresh give a new refresh token? A second use of an old one then revokes all.
    pub rotates: bool,
    /// Who may sign assertions.
    pub assertions: Option<SigningKey>,
    /// Further fields of its answers.
    pub further: Map<String, Value>,
}

impl Default for OauthOptions {
    fn default() -> Self {
        let grants = ["client_credentials", "authorization_code", "refresh_token"];
        Self {
            path: "/oauth/token".to_owned(),
            client_id: "client-1".to_owned(),
            client_secret: "s3cret/+ 1".to_owned(),
            proof: ClientProof::Basic,
            coding: TokenCoding::Form,
            grants: grants.map(str::to_owned).to_vec(),
            wants: Vec::new(),
            expires_in: json!(3600),
            uses: None,
            refresh_tokens: true,
            rotates: false,
            assertions: None,
            further: Map::new(),
        }
    }
}

#[derive(Default)]
struct Issued {
    count: u64,
    /// Token → how often it may still be used.
    access: HashMap<String, u32>,
    refresh: HashSet<String>,
    used_up: HashSet<String>,
    /// Code → challenge and redirect URL.
    codes: HashMap<String, (String, String)>,
}

/// A token endpoint; clones share what was issued.
#[derive(Clone)]
pub struct OauthServer {
    options: Arc<OauthOptions>,
    issued: Arc<Mutex<Issued>>,
}

impl OauthServer {
    /// A server with nothing issued.
    pub fn new(options: OauthOptions) -> Self {
        Self {
            options: Arc::new(options),
            issued: Arc::default(),
        }
    }

    /// A refresh token, as an administrator gets one from the login page.
    pub fn new_refresh_token(&self) -> String {
        let mut issued = locked(&self.issued);
        issued.count += 1;
        let token = format!("refresh-{}", issued.count);
        issued.refresh.insert(token.clone());
        token
    }

    /// A code, as the login page sends it back.
    pub fn new_code(&self, challenge: &str, redirect_url: &str) -> String {
        let mut issued = locked(&self.issued);
        issued.count += 1;
        let code = format!("code-{}", issued.count);
        let of = (challenge.to_owned(), redirect_url.to_owned());
        issued.codes.insert(code.clone(), of);
        code
    }

    /// All access tokens end now.
    pub fn expire(&self) {
        locked(&self.issued).access.clear();
    }

    /// Is this refresh token still good?
    pub fn knows_refresh_token(&self, token: &str) -> bool {
        locked(&self.issued).refresh.contains(token)
    }

    /// How many tokens were issued.
    pub fn count(&self) -> u64 {
        locked(&self.issued).count
    }

    /// An access token without anybody asking, such as a login gives.
    pub fn issue(&self) -> String {
        let mut issued = locked(&self.issued);
        issued.count += 1;
        let token = format!("access-{}", issued.count);
        let uses = self.options.uses.unwrap_or(u32::MAX);
        issued.access.insert(token.clone(), uses);
        token
    }

    pub(super) fn accepts(&self, token: &str) -> bool {
        match locked(&self.issued).access.get_mut(token) {
            Some(0) | None => false,
            Some(uses) => {
                *uses -= 1;
                true
            }
        }
    }

    /// The answer to a token request; none for other requests.
    pub(super) fn answer(&self, request: &SaasRequest) -> Option<SaasAnswer> {
        if request.path != self.options.path {
            return None;
        }
        Some(match self.token(request) {
            Ok(answer) => answer,
            Err(error) => {
                let status = if error == "invalid_client" { 401 } else { 400 };
                let body = json!({ "error": error, "error_description": "as the tests want it" });
                SaasAnswer::error(status, &body)
            }
        })
    }

    fn token(&self, request: &SaasRequest) -> Result<SaasAnswer, &'static str> {
        let options = &self.options;
        let field = |name: &str| self.field(request, name);
        if request.method != "POST" {
            return Err("invalid_request");
        }
        self.client(request)?;
        let fits = |(name, value): &(String, String)| field(name).as_deref() == Some(value);
        if !options.wants.iter().all(fits) {
            return Err("invalid_request");
        }
        let grant = field("grant_type").ok_or("invalid_request")?;
        if !options.grants.contains(&grant) {
            return Err("unsupported_grant_type");
        }
        let refresh = match grant.as_str() {
            "refresh_token" => self.refreshed(&field("refresh_token").ok_or("invalid_request")?)?,
            "authorization_code" => {
                self.exchanged(&field)?;
                options.refresh_tokens.then(|| self.new_refresh_token())
            }
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                let assertion = field("assertion").ok_or("invalid_request")?;
                let key = options.assertions.as_ref().ok_or("invalid_grant")?;
                let claims = key.claims(&assertion).ok_or("invalid_grant")?;
                let has = |name: &str| claims.get(name).is_some();
                if !["iss", "aud", "exp"].into_iter().all(has) {
                    return Err("invalid_grant");
                }
                None
            }
            _ => None,
        };
        let mut body = options.further.clone();
        body.insert("access_token".to_owned(), json!(self.issue()));
        body.insert("token_type".to_owned(), json!("BEARER"));
        if !options.expires_in.is_null() {
            body.insert("expires_in".to_owned(), options.expires_in.clone());
        }
        if let Some(refresh) = refresh {
            body.insert("refresh_token".to_owned(), json!(refresh));
        }
        Ok(SaasAnswer::json(&Value::Object(body)).with("cache-control", "no-store"))
    }

    fn client(&self, request: &SaasRequest) -> Result<(), &'static str> {
        let options = &self.options;
        let (id, secret) = match options.proof {
            ClientProof::None => return Ok(()),
            ClientProof::Body => (
                self.field(request, "client_id"),
                self.field(request, "client_secret"),
            ),
            ClientProof::Basic => basic(request).ok_or("invalid_client")?,
        };
        let fits = id.as_deref() == Some(options.client_id.as_str())
            && secret.as_deref() == Some(options.client_secret.as_str());
        if fits { Ok(()) } else { Err("invalid_client") }
    }

    fn refreshed(&self, token: &str) -> Result<Option<String>, &'static str> {
        let mut issued = locked(&self.issued);
        if issued.used_up.contains(token) {
            issued.refresh.clear();
            issued.access.clear();
            return Err("invalid_grant");
        }
        if !issued.refresh.contains(token) {
            return Err("invalid_grant");
        }
        if !self.options.rotates {
            return Ok(None);
        }
        issued.refresh.remove(token);
        issued.used_up.insert(token.to_owned());
        drop(issued);
        Ok(Some(self.new_refresh_token()))
    }

    fn exchanged(&self, field: &impl Fn(&str) -> Option<String>) -> Result<(), &'static str> {
        let code = field("code").ok_or("invalid_request")?;
        let (challenge, redirect) = locked(&self.issued)
            .codes
            .remove(&code)
            .ok_or("invalid_grant")?;
        let verifier = field("code_verifier").unwrap_or_default();
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let fits =
            (challenge.is_empty() || hash == challenge) && field("redirect_uri") == Some(redirect);
        if fits { Ok(()) } else { Err("invalid_grant") }
    }

    fn field(&self, request: &SaasRequest, name: &str) -> Option<String> {
        match self.options.coding {
            TokenCoding::Form => request.form(name),
            TokenCoding::Json => Some(request.json().get(name)?.as_str()?.to_owned()),
        }
    }
}

/// Id and secret of `Authorization: Basic`, form-decoded as RFC 6749, 2.3.1 has it.
fn basic(request: &SaasRequest) -> Option<(Option<String>, Option<String>)> {
    let pair = request.header("authorization")?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        let text = percent_decode_str(&text).decode_utf8().ok()?;
        Some(text.into_owned())
    };
    Some((decoded(id), decoded(secret)))
}
