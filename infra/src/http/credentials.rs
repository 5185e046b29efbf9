//! Credentials, bound to the origin they belong to.

use std::collections::BTreeMap;
use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use sando_core::auth::take_out;
use url::Url;

use super::{Mask, Origin};

/// What authenticates a request, and to whom. `Debug` shows the origin and the names only.
#[derive(Clone)]
pub struct Credentials {
    origin: Origin,
    headers: Vec<(HeaderName, HeaderValue)>,
    query: Vec<(String, String)>,
    mask: Mask,
}

impl Credentials {
    /// None yet, for the origin of this URL.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self {
            origin: Origin::of(url),
            headers: Vec::new(),
            query: Vec::new(),
            mask: Mask::default(),
        }
    }

    /// With `Authorization: Basic`.
    ///
    /// # Errors
    /// Never in practice: base64 can stand in a header.
    pub fn basic(self, user: &str, password: &str) -> Result<Self, String> {
        let pair = basic_pair(user, password);
        let secrets = self.mask.clone().with([user, password, &pair]);
        let mut with = self.header(AUTHORIZATION.as_str(), "Basic ", &pair)?;
        with.mask = with.mask.and(&secrets);
        Ok(with)
    }

    /// With a header; `prefix` stands before the secret, verbatim.
    ///
    /// # Errors
    /// If the name or value cannot stand in a header.
    pub fn header(mut self, name: &str, prefix: &str, secret: &str) -> Result<Self, String> {
        let parsed = super::request::header_name(name)?;
        let mut value = HeaderValue::from_bytes(format!("{prefix}{secret}").as_bytes())
            .map_err(|_| format!("the value of header `{name}` has characters no header has"))?;
        value.set_sensitive(true);
        self.mask = self.mask.with([secret]);
        self.headers.push((parsed, value));
        Ok(self)
    }

    /// With a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, prefix: &str, secret: &str) -> Self {
        self.mask = self.mask.with([secret]);
        self.query
            .push((name.to_owned(), format!("{prefix}{secret}")));
        self
    }

    /// The secrets in it, for masking.
    #[must_use]
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Does a URL belong to the origin of these credentials?
    #[must_use]
    pub fn belong_to(&self, url: &Url) -> bool {
        Origin::of(url) == self.origin
    }

    /// What they add to a request of this URL, for people: the URL, and headers by name, without any secret.
    #[must_use]
    pub fn shown(&self, url: &Url) -> (String, BTreeMap<String, String>) {
        let mut url = url.clone();
        if !self.belong_to(&url) {
            return (url.to_string(), BTreeMap::new());
        }
        self.add_query(&mut url);
        let headers = self.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), self.mask.apply(&value))
        });
        (self.mask.apply(url.as_str()), headers.collect())
    }

    pub(super) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    pub(super) fn add_query(&self, url: &mut Url) {
        if !self.query.is_empty() {
            let names: Vec<&str> = self.query.iter().map(|(name, _)| name.as_str()).collect();
            take_out(url, &names);
            url.query_pairs_mut().extend_pairs(&self.query);
        }
    }
}

/// User name and password as they stand in `Authorization: Basic`, from which anybody reads them.
pub(crate) fn basic_pair(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let query: Vec<_> = self.query.iter().map(|(name, _)| name).collect();
        write!(
            f,
            "Credentials({}, headers {headers:?}, query {query:?})",
            self.origin
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_print_without_their_secrets() {
        let url = Url::parse("https://api.acme.example/v1").unwrap();
        let credentials = Credentials::of(&url)
            .basic("key-1234", "")
            .unwrap()
            .header("X-Api-Key", "", "top-secret")
            .unwrap()
            .query("token", "", "also-secret");

        let printed = format!("{credentials:?}");

        assert_eq!(
            printed,
            r#"Credentials(https://api.acme.example, headers ["authorization", "x-api-key"], query ["token"])"#
        );
    }

    #[test]
    fn a_parameter_that_the_url_has_already_is_replaced() {
        let mut url = Url::parse("https://api.acme.example/v1?token=***&page=2").unwrap();

        let credentials = Credentials::of(&url).query("token", "", "a b");
        credentials.add_query(&mut url);

        assert_eq!(url.query(), Some("page=2&token=a+b"));
    }

    #[test]
    fn a_secret_with_a_line_break_makes_no_header() {
        let url = Url::parse("https://api.acme.example").unwrap();

        assert!(
            Credentials::of(&url)
                .header("X-Api-Key", "", "a\r\nHost: b")
                .is_err()
        );
    }
}
