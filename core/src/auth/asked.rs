//! What is asked when connecting.

use serde_json::Value;

use super::{Auth, AuthValue, ClientAuth, Given, Params};

/// One thing that is asked when connecting: a credential, never shown again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// What to call it for people.
    pub label: String,
    /// Connecting works without it.
    pub optional: bool,
}

impl Asked {
    fn new(name: &str, label: &str) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            optional: false,
        }
    }

    fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

impl Auth {
    /// The credentials that are asked when connecting, besides the variables.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        let client = |secret_optional: bool| {
            let secret = Asked::new("client_secret", "Client secret");
            vec![
                Asked::new("client_id", "Client ID"),
                if secret_optional {
                    secret.optional()
                } else {
                    secret
                },
            ]
        };
        match self {
            Self::None {} | Self::Login(_) => Vec::new(),
            Self::Bearer { .. } => vec![Asked::new("token", "Token")],
            Self::Basic { username, password } => {
                let mut asked = Vec::new();
                if username.is_later() {
                    asked.push(Asked::new("username", "User name"));
                }
                if password.is_later() {
                    // Many services take a key as the user name and nothing as the password.
                    asked.push(Asked::new("password", "Password").optional());
                }
                asked
            }
            Self::Headers { headers: fields } | Self::Query { params: fields } => fields
                .iter()
                .filter(|field| field.value.is_later())
                .map(|field| Asked::new(&field.name, field.label.as_deref().unwrap_or(&field.name)))
                .collect(),
            Self::ClientCredentials(_) => client(false),
            Self::AuthorizationCode(of) => {
                let mut asked = client(of.pkce);
                asked.push(Asked::new("refresh_token", "Refresh token").optional());
                asked.push(Asked::new("access_token", "Access token").optional());
                asked
            }
            Self::Jwt(of) => {
                let mut asked = vec![Asked::new("private_key", "Private key")];
                let exchange = of.exchange.as_ref();
                if exchange.is_some_and(|exchange| exchange.client_auth.is_some()) {
                    asked.extend(client(true));
                }
                asked
            }
        }
    }

    /// What cannot be left out of what was given, and was: a refresh token or an access token is enough of the two, and
    /// an access token alone needs no client.
    #[must_use]
    pub fn missing(&self, given: &Given<'_>) -> Vec<Asked> {
        let has = |name: &str| given.perhaps(name).is_some();
        if matches!(self, Self::AuthorizationCode(_)) && !has("refresh_token") {
            let tokens = ["refresh_token", "access_token"];
            return match has("access_token") {
                true => Vec::new(),
                false => self
                    .asked()
                    .into_iter()
                    .filter(|asked| tokens.contains(&asked.name.as_str()))
                    .take(1)
                    .collect(),
            };
        }
        let asked = self.asked().into_iter();
        asked
            .filter(|asked| !asked.optional && !has(&asked.name))
            .collect()
    }

    /// Every text in which variables are filled in, with its place under `auth`.
    #[must_use]
    pub fn texts(&self) -> Vec<(&'static str, AuthText<'_>)> {
        let mut texts = Texts::default();
        match self {
            Self::None {} | Self::Bearer { .. } => {}
            Self::Basic { username, password } => {
                texts.value("username", username);
                texts.value("password", password);
            }
            Self::Headers { headers } => {
                let values = headers.iter().map(|field| &field.value);
                values.for_each(|value| texts.value("headers", value));
            }
            Self::Query { params } => {
                let values = params.iter().map(|field| &field.value);
                values.for_each(|value| texts.value("params", value));
            }
            Self::ClientCredentials(of) => {
                texts.text("token_url", &of.token_url);
                texts.all("scopes", of.scopes.0.iter().map(String::as_str));
                texts.params("token_params", &of.token_params);
            }
            Self::AuthorizationCode(of) => {
                texts.text("authorization_url", &of.authorization_url);
                texts.text("token_url", &of.token_url);
                texts.all("refresh_url", of.refresh_url.as_deref());
                texts.all("scopes", of.scopes.0.iter().map(String::as_str));
                texts.params("authorize_params", &of.authorize_params);
                texts.params("token_params", &of.token_params);
                texts.params("refresh_params", &of.refresh_params);
            }
            Self::Login(of) => {
                texts.text("path", &of.path);
                texts.params("query", &of.query);
                texts.params("headers", &of.headers);
                let form = of.form.iter().flatten().map(|(_, value)| ("form", value));
                let body = of.body.iter().map(|body| ("body", body));
                texts.json(body.chain(form));
            }
            Self::Jwt(of) => {
                let claims = of.claims.values().map(|value| ("claims", value));
                let header = of.header.values().map(|value| ("header", value));
                texts.json(claims.chain(header));
                if let Some(exchange) = &of.exchange {
                    texts.text("exchange.token_url", &exchange.token_url);
                    let scopes = exchange.scopes.0.iter().map(String::as_str);
                    texts.all("exchange.scopes", scopes);
                    texts.params("exchange.token_params", &exchange.token_params);
                }
            }
        }
        texts.0
    }

    /// How the client proves itself where it has to.
    #[must_use]
    pub fn client_auth(&self) -> Option<ClientAuth> {
        match self {
            Self::ClientCredentials(of) => Some(of.client_auth),
            Self::AuthorizationCode(of) => Some(of.client_auth),
            Self::Jwt(of) => of.exchange.as_ref()?.client_auth,
            Self::None {}
            | Self::Bearer { .. }
            | Self::Basic { .. }
            | Self::Headers { .. }
            | Self::Query { .. }
            | Self::Login(_) => None,
        }
    }
}

/// A text in which variables are filled in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AuthText<'a> {
    /// A text.
    Text(&'a str),
    /// The texts within a JSON value.
    Json(&'a Value),
}

#[derive(Default)]
struct Texts<'a>(Vec<(&'static str, AuthText<'a>)>);

impl<'a> Texts<'a> {
    fn text(&mut self, place: &'static str, text: &'a str) {
        self.0.push((place, AuthText::Text(text)));
    }

    fn all(&mut self, place: &'static str, texts: impl IntoIterator<Item = &'a str>) {
        texts.into_iter().for_each(|text| self.text(place, text));
    }

    fn params(&mut self, place: &'static str, params: &'a Params) {
        self.all(place, params.iter().map(|(_, text)| text));
    }

    fn value(&mut self, place: &'static str, value: &'a AuthValue) {
        if let AuthValue::Now(text) = value {
            self.text(place, text);
        }
    }

    fn json(&mut self, values: impl IntoIterator<Item = (&'static str, &'a Value)>) {
        let values = values.into_iter();
        self.0
            .extend(values.map(|(place, value)| (place, AuthText::Json(value))));
    }
}
