//! The base URL: where relative paths begin, and where credentials belong.

use serde_json::Value;
use url::Url;

use super::{
    fields::{Fields, Mistakes},
    hosts::{Allowed, is_host_text},
    names::Names,
};
use crate::{
    path::of_scalar,
    template::{Encoding, RenderError, Template},
};

/// A base URL with placeholders, split so that a value cannot move the host.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BaseUrl {
    /// Up to the first `/` behind the host.
    authority: Template,
    path: Template,
    /// A value kept from an answer stands in the authority: the host must be one of `hosts`.
    host_is_kept: bool,
}

impl BaseUrl {
    /// Reads `base_url`.
    pub(crate) fn read(
        fields: Fields<'_>,
        names: &Names,
        variables: &Names,
        has_hosts: bool,
        out: &mut Mistakes,
    ) -> Option<Self> {
        let text = fields.required_text("base_url", out)?;
        let at = fields.place("base_url");
        let is_url = text.starts_with("https://") || text.starts_with("http://");
        if !is_url && !text.starts_with('{') {
            fields.wrong("base_url", "must begin with `https://`", out);
            return None;
        }
        let scheme = text.find("://").map_or(0, |at| at + 3);
        let rest = text.get(scheme..).unwrap_or_default();
        let end = rest.find(['/', '?']).map_or(text.len(), |end| scheme + end);
        let (authority, path) = text.split_at(end);
        let authority = names.template(authority, &at, out)?;
        let path = names.template(path, &at, out)?;
        if path.as_str().contains(['?', '#']) {
            fields.wrong("base_url", "has no query: give it with `query`", out);
        }
        let host_is_kept = authority.names().any(|name| !variables.has(name));
        if host_is_kept && !has_hosts {
            let message =
                "begins with a value kept from an answer: `hosts` must say where it may lead";
            fields.wrong("base_url", message, out);
        }
        let base = Self {
            authority,
            path,
            host_is_kept,
        };
        let sample = |_: &str| Some(Value::from(if is_url { "x" } else { "https://x.example" }));
        if let Err(message) = base.render(sample) {
            fields.wrong("base_url", message, out);
        }
        Some(base)
    }

    /// The names in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.authority.names().chain(self.path.names())
    }

    /// The URL. `Ok(None)` while a value that a step keeps is not there yet.
    pub(crate) fn resolve(
        &self,
        lookup: impl Fn(&str) -> Option<Value>,
        allowed: &Allowed,
    ) -> Result<Option<Url>, String> {
        if self.names().any(|name| lookup(name).is_none()) {
            return Ok(None);
        }
        let url = self.render(lookup)?;
        if self.host_is_kept && !allowed.names(&url, url.scheme()) {
            let origin = url.origin().ascii_serialization();
            return Err(format!(
                "the base URL leads to {origin}, which is none of the `hosts`"
            ));
        }
        Ok(Some(url))
    }

    fn render(&self, lookup: impl Fn(&str) -> Option<Value>) -> Result<Url, String> {
        let first = self.authority.names().next();
        let first =
            first.filter(|name| self.authority.as_str().starts_with(&format!("{{{name}}}")));
        let host_value = |name: &str| {
            let value = lookup(name)?;
            let text = of_scalar(&value)?;
            let fits = if first == Some(name) {
                text.starts_with("https://") || text.starts_with("http://")
            } else {
                let (host, port) = text.split_once(':').unwrap_or((&text, "0"));
                is_host_text(host) && port.parse::<u16>().is_ok()
            };
            let text = text.trim_end_matches('/').to_owned();
            fits.then_some(Value::String(text))
        };
        let authority = self.authority.render(host_value, Encoding::None);
        let authority = authority.map_err(|error| match error {
            RenderError::Missing { name } | RenderError::UnfitForPath { name } => {
                format!("the value of `{name}` cannot stand in the host of the base URL")
            }
        })?;
        let path = self
            .path
            .render(&lookup, Encoding::UrlPath)
            .map_err(|error| error.to_string())?;
        let url = Url::parse(&format!("{authority}{path}"));
        let url = url.map_err(|error| format!("the base URL is none: {error}"))?;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err("the base URL must begin with `https://`".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "the base URL carries a user name: give credentials with `auth`".to_owned(),
            );
        }
        Ok(url)
    }
}
