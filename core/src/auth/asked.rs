//! What is asked when connecting.

use serde_json::Value;

use super::{Auth, AuthValue, ClientAuth, Params};
use crate::template::{BodyTemplate, Placeholders, Template};

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

    /// Whatever stands between braces in a text of it: those that are declared are variables, the others are text.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Names::default();
        match self {
            Self::None {} | Self::Bearer { .. } => {}
            Self::Basic { username, password } => {
                names.value(username);
                names.value(password);
            }
            Self::Headers { headers: fields } | Self::Query { params: fields } => {
                fields.iter().for_each(|field| names.value(&field.value));
            }
            Self::ClientCredentials(of) => {
                names.text(&of.token_url);
                of.scopes.0.iter().for_each(|scope| names.text(scope));
                names.params(&of.token_params);
            }
            Self::AuthorizationCode(of) => {
                names.text(&of.authorization_url);
                names.text(&of.token_url);
                of.refresh_url.iter().for_each(|url| names.text(url));
                of.scopes.0.iter().for_each(|scope| names.text(scope));
                names.params(&of.authorize_params);
                names.params(&of.token_params);
                names.params(&of.refresh_params);
            }
            Self::Login(of) => {
                names.text(&of.path);
                names.params(&of.query);
                names.params(&of.headers);
                of.body.iter().for_each(|body| names.json(body));
                of.form
                    .iter()
                    .flatten()
                    .for_each(|(_, value)| names.json(value));
            }
            Self::Jwt(of) => {
                names.json(&Value::Object(of.claims.clone()));
                names.json(&Value::Object(of.header.clone()));
                if let Some(exchange) = &of.exchange {
                    names.text(&exchange.token_url);
                    exchange.scopes.0.iter().for_each(|scope| names.text(scope));
                    names.params(&exchange.token_params);
                }
            }
        }
        names.0
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

#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn text(&mut self, text: &str) {
        if let Ok(template) = Template::parse(text, Placeholders::AnyName) {
            self.0.extend(template.names().map(str::to_owned));
        }
    }

    fn params(&mut self, params: &Params) {
        params.iter().for_each(|(_, text)| self.text(text));
    }

    fn value(&mut self, value: &AuthValue) {
        if let AuthValue::Now(text) = value {
            self.text(text);
        }
    }

    fn json(&mut self, value: &Value) {
        if let Ok(body) = BodyTemplate::compile(value, Placeholders::AnyName) {
            self.0.extend(body.names().map(str::to_owned));
        }
    }
}
