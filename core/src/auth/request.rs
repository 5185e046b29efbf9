//! Requests that get a token, as data.

use std::fmt;

use serde_json::{Map, Value};
use url::Url;

use super::token::{AuthorizationCode, ClientAuth, ClientCredentials, TokenBody};
use super::{AuthError, Exchange, Given, Login, Params};

/// A request that gets a token. `Debug` shows where it goes.
#[derive(Clone, PartialEq)]
pub struct TokenRequest {
    /// GET or POST.
    pub method: &'static str,
    /// Where.
    pub url: Url,
    /// Headers besides the content type.
    pub headers: Vec<(String, String)>,
    /// User name and password of `Authorization: Basic`.
    pub basic: Option<(String, String)>,
    /// The body.
    pub content: Content,
}

/// The body of a request.
#[derive(Clone, PartialEq)]
pub enum Content {
    /// None.
    Empty,
    /// Form-encoded.
    Form(Vec<(String, String)>),
    /// JSON.
    Json(Value),
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.url.origin().ascii_serialization();
        write!(f, "TokenRequest({} {origin})", self.method)
    }
}

/// Where a token request goes and how it is written.
struct Endpoint<'a> {
    place: &'a str,
    url: &'a str,
    client_auth: Option<ClientAuth>,
    body: TokenBody,
}

impl Endpoint<'_> {
    fn request(
        &self,
        given: &Given<'_>,
        mut fields: Vec<(String, String)>,
        further: Vec<(String, String)>,
    ) -> Result<TokenRequest, AuthError> {
        let mut basic = None;
        if let Some(client_auth) = self.client_auth {
            let id = given.credential("client_id")?;
            match (client_auth, given.perhaps("client_secret")) {
                (ClientAuth::Basic, Some(secret)) => basic = Some((encoded(id), encoded(secret))),
                (ClientAuth::Body, Some(secret)) => {
                    put(&mut fields, "client_id", id);
                    put(&mut fields, "client_secret", secret);
                }
                // A public client has no secret; its id says who it is (RFC 6749, 3.2.1).
                (_, None) => put(&mut fields, "client_id", id),
            }
        }
        for (name, text) in further {
            put(&mut fields, &name, &text);
        }
        let content = match self.body {
            TokenBody::Form => Content::Form(fields),
            TokenBody::Json => {
                let fields = fields
                    .into_iter()
                    .map(|(name, text)| (name, Value::String(text)));
                Content::Json(Value::Object(fields.collect::<Map<_, _>>()))
            }
        };
        Ok(TokenRequest {
            method: "POST",
            url: given.url(self.place, self.url)?,
            headers: Vec::new(),
            basic,
            content,
        })
    }
}

/// Sets a field; what the file says wins over what the protocol would say.
fn put(fields: &mut Vec<(String, String)>, name: &str, text: &str) {
    match fields.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => text.clone_into(old),
        None => fields.push((name.to_owned(), text.to_owned())),
    }
}

/// As RFC 6749, 2.3.1 wants id and secret in `Authorization: Basic`.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn field(name: &str, text: impl Into<String>) -> (String, String) {
    (name.to_owned(), text.into())
}

impl ClientCredentials {
    /// The token request.
    ///
    /// # Errors
    /// What is missing or makes no URL.
    pub fn request(&self, given: &Given<'_>) -> Result<TokenRequest, AuthError> {
        given.credential("client_secret")?;
        let mut fields = vec![field("grant_type", &self.grant_type)];
        if !self.scopes.is_empty() {
            let scopes = self.scopes.joined(&self.scope_separator);
            fields.push(field("scope", given.text("auth.scopes", &scopes)?));
        }
        let endpoint = Endpoint {
            place: "auth.token_url",
            url: &self.token_url,
            client_auth: Some(self.client_auth),
            body: self.token_body,
        };
        let further = given.params("auth.token_params", &self.token_params)?;
        endpoint.request(given, fields, further)
    }
}

impl AuthorizationCode {
    /// Exchanges the code that came back from the login page.
    ///
    /// # Errors
    /// What is missing or makes no URL.
    pub fn exchange(
        &self,
        given: &Given<'_>,
        code: &str,
        redirect_url: &str,
        verifier: Option<&str>,
    ) -> Result<TokenRequest, AuthError> {
        let mut fields = vec![
            field("grant_type", "authorization_code"),
            field("code", code),
            field("redirect_uri", redirect_url),
        ];
        fields.extend(verifier.map(|verifier| field("code_verifier", verifier)));
        self.token_request(
            given,
            "auth.token_url",
            &self.token_url,
            fields,
            &self.token_params,
        )
    }

    /// Gets a new access token for a refresh token.
    ///
    /// # Errors
    /// What is missing or makes no URL.
    pub fn refresh(
        &self,
        given: &Given<'_>,
        refresh_token: &str,
    ) -> Result<TokenRequest, AuthError> {
        let fields = vec![
            field("grant_type", "refresh_token"),
            field("refresh_token", refresh_token),
        ];
        let url = self.refresh_url.as_deref().unwrap_or(&self.token_url);
        self.token_request(given, "auth.refresh_url", url, fields, &self.refresh_params)
    }

    fn token_request(
        &self,
        given: &Given<'_>,
        place: &str,
        url: &str,
        fields: Vec<(String, String)>,
        params: &Params,
    ) -> Result<TokenRequest, AuthError> {
        let endpoint = Endpoint {
            place,
            url,
            client_auth: Some(self.client_auth),
            body: self.token_body,
        };
        endpoint.request(given, fields, given.params("auth.token_params", params)?)
    }
}

impl Exchange {
    /// Exchanges a signed token for an access token.
    ///
    /// # Errors
    /// What is missing or makes no URL.
    pub fn request(&self, given: &Given<'_>, signed: &str) -> Result<TokenRequest, AuthError> {
        let mut fields = vec![
            field("grant_type", &self.grant_type),
            field(&self.assertion, signed),
        ];
        if !self.scopes.is_empty() {
            let scopes = self.scopes.joined(&self.scope_separator);
            fields.push(field("scope", given.text("auth.exchange.scopes", &scopes)?));
        }
        let endpoint = Endpoint {
            place: "auth.exchange.token_url",
            url: &self.token_url,
            client_auth: self.client_auth,
            body: self.token_body,
        };
        let further = given.params("auth.exchange.token_params", &self.token_params)?;
        endpoint.request(given, fields, further)
    }
}

impl Login {
    /// The login; `resolve` makes a URL of a path below the base URL, or says why not.
    ///
    /// # Errors
    /// What is missing or makes no URL.
    pub fn request(
        &self,
        given: &Given<'_>,
        resolve: impl FnOnce(&str) -> Result<Url, String>,
    ) -> Result<TokenRequest, AuthError> {
        let path = given.url_text("auth.path", &self.path)?;
        let mut url = resolve(&path).map_err(|why| AuthError::Wrong {
            place: "auth.path".to_owned(),
            why,
        })?;
        let query = given.params("auth.query", &self.query)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let content = match (&self.body, &self.form) {
            (Some(body), _) => Content::Json(given.json("auth.body", body)?),
            (None, Some(form)) => Content::Form(
                form.iter()
                    .map(|(name, value)| Ok((name.clone(), form_value(given, value)?)))
                    .collect::<Result<_, AuthError>>()?,
            ),
            (None, None) => Content::Empty,
        };
        Ok(TokenRequest {
            method: match self.method.as_deref() {
                Some("GET") => "GET",
                _ => "POST",
            },
            url,
            headers: given.params("auth.headers", &self.headers)?,
            basic: None,
            content,
        })
    }
}

/// A text, or `{json: …}` written as JSON.
fn form_value(given: &Given<'_>, value: &Value) -> Result<String, AuthError> {
    match value {
        Value::Object(map) if map.len() == 1 && map.contains_key("json") => {
            let inner = map.get("json").cloned().unwrap_or(Value::Null);
            Ok(given.json("auth.form", &inner)?.to_string())
        }
        Value::String(text) => given.text("auth.form", text),
        other => Ok(other.to_string()),
    }
}
