//! What in an `auth` cannot work, found before anything is sent.

use super::authorize::OURS;
use super::{Auth, AuthField, Login, Params, SendAs};
use crate::mistake::{Mistake, item, join};

impl Auth {
    /// Everything that cannot work; `place` is where it stands in the file.
    #[must_use]
    pub fn mistakes(&self, place: &str) -> Vec<Mistake> {
        let mut found = Found {
            place,
            mistakes: Vec::new(),
        };
        match self {
            Self::None {} | Self::Bearer { .. } | Self::Basic { .. } => {}
            Self::Headers { headers } => found.fields("headers", headers),
            Self::Query { params } => found.fields("params", params),
            Self::ClientCredentials(of) => {
                found.url("token_url", &of.token_url);
                found.send(of.send.as_ref());
            }
            Self::AuthorizationCode(of) => {
                found.url("authorization_url", &of.authorization_url);
                found.url("token_url", &of.token_url);
                if let Some(url) = &of.refresh_url {
                    found.url("refresh_url", url);
                }
                found.not_ours(&of.authorize_params);
                found.send(of.send.as_ref());
            }
            Self::Login(of) => {
                found.login(of);
                found.send(of.send.as_ref());
            }
            Self::Jwt(of) => {
                if of.header.contains_key("alg") {
                    found.add("header.alg", "`algorithm` says it");
                }
                if of.lifetime_secs == 0 {
                    found.add("lifetime_secs", "at least 1");
                }
                if let Some(exchange) = &of.exchange {
                    found.url("exchange.token_url", &exchange.token_url);
                }
                found.send(of.send.as_ref());
            }
        }
        found.mistakes
    }
}

struct Found<'a> {
    place: &'a str,
    mistakes: Vec<Mistake>,
}

impl Found<'_> {
    fn add(&mut self, key: &str, message: impl Into<String>) {
        self.mistakes
            .push(Mistake::new(join(self.place, key), message));
    }

    fn fields(&mut self, key: &str, fields: &[AuthField]) {
        if fields.is_empty() {
            self.add(key, "at least one");
        }
        for (index, field) in fields.iter().enumerate() {
            let name = field.name.to_ascii_lowercase();
            if field.name.is_empty() {
                self.add(&item(key, index), "`name` is empty");
            }
            let is_again = |other: &AuthField| other.name.to_ascii_lowercase() == name;
            if fields.iter().take(index).any(is_again) {
                self.add(
                    &join(&item(key, index), "name"),
                    format!("`{}` is there already", field.name),
                );
            }
        }
    }

    fn url(&mut self, key: &str, url: &str) {
        let is_full = url.starts_with("https://")
            || url.starts_with("http://")
            || url.starts_with('{') && url.contains('}');
        if !is_full {
            self.add(key, "a full URL: https://…");
        }
    }

    fn not_ours(&mut self, params: &Params) {
        for (name, _) in params.iter() {
            if OURS.contains(&name) {
                self.add(
                    &join("authorize_params", name),
                    "is set by itself and cannot be changed",
                );
            }
        }
    }

    fn login(&mut self, login: &Login) {
        let method = login.method.as_deref().unwrap_or("POST");
        if !matches!(method, "GET" | "POST") {
            self.add("method", "GET or POST");
        }
        if method == "GET" && (login.body.is_some() || login.form.is_some()) {
            self.add("body", "a GET has no body");
        }
        if login.body.is_some() && login.form.is_some() {
            self.add("form", "`body` or `form`, not both");
        }
        let places = [
            login.token_path.is_some(),
            login.token_header.is_some(),
            login.token_cookie.is_some(),
        ];
        if places.into_iter().filter(|there| *there).count() != 1 {
            self.add(
                "token_path",
                "exactly one of `token_path`, `token_header` and `token_cookie` says where the token is",
            );
        }
    }

    fn send(&mut self, send: Option<&SendAs>) {
        if send.is_some_and(|send| send.header.is_some() == send.query.is_some()) {
            self.add("send", "either `header` or `query`");
        }
    }
}
