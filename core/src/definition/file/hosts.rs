//! Which hosts a request may go to.

use serde_json::Value;
use url::Url;

use super::{
    fields::{Fields, Mistakes},
    names::Names,
};
use crate::{
    mistake::{self, Mistake},
    path::of_scalar,
    template::{Encoding, Template},
};

/// Reads `hosts`.
pub(crate) fn read(fields: Fields<'_>, names: &Names, out: &mut Mistakes) -> Vec<Template> {
    let at = fields.place("hosts");
    let mut hosts = Vec::new();
    for (index, item) in fields
        .list("hosts", out)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let at = mistake::item(&at, index);
        let Some(text) = item.as_str() else {
            out.push(Mistake::new(at, "must be the name of a host"));
            continue;
        };
        let Some(template) = names.template(text, &at, out) else {
            continue;
        };
        let sample = template.render(|_| Some(Value::from("x")), Encoding::None);
        if let Err(message) = sample
            .map_err(|error| error.to_string())
            .and_then(|text| Host::parse(&text))
        {
            out.push(Mistake::new(at, message));
            continue;
        }
        hosts.push(template);
    }
    hosts
}

/// A host that is allowed, or all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    name: String,
    below: bool,
    port: Option<u16>,
}

impl Host {
    /// Reads `files.acme.example`, `*.acme.example`, each with an optional port.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a host, such as `files.acme.example` or `*.acme.example:8443`")
        };
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let (name, below) = match name.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (name, false),
        };
        if !is_host_text(name) || (below && !name.contains('.')) {
            return Err(wrong());
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            below,
            port,
        })
    }

    fn allows(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let fits = if self.below {
            host.strip_suffix(self.name.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            host == self.name
        };
        let usual = if url.scheme() == "https" { 443 } else { 80 };
        let port = url.port_or_known_default().unwrap_or(usual);
        fits && port == self.port.unwrap_or(usual)
    }
}

/// Whether a text can be a host name or an IPv4 address, and nothing more.
pub(crate) fn is_host_text(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && !text.starts_with(['.', '-'])
        && !text.contains("..")
}

/// The origin of the base URL and the further hosts, of one pull.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    pub(crate) hosts: Vec<Host>,
}

impl Allowed {
    /// Fills in the variables.
    pub(crate) fn resolve(
        templates: &[Template],
        lookup: impl Fn(&str) -> Option<Value>,
    ) -> Result<Self, String> {
        let mut hosts = Vec::with_capacity(templates.len());
        for template in templates {
            let value = |name: &str| {
                lookup(name)
                    .filter(|value| of_scalar(value).is_some_and(|text| is_host_text(&text)))
            };
            let text = template
                .render(value, Encoding::None)
                .map_err(|error| format!("hosts: {error} that can stand in a host"))?;
            hosts.push(Host::parse(&text)?);
        }
        Ok(Self { hosts })
    }

    /// Whether one of the further hosts is meant; `https`, or the scheme of the base URL.
    pub(crate) fn names(&self, url: &Url, base_scheme: &str) -> bool {
        (url.scheme() == "https" || url.scheme() == base_scheme)
            && self.hosts.iter().any(|host| host.allows(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_allow_what_they_name_and_nothing_else() {
        let check = |pattern: &str, url: &str, expect: bool| {
            let allowed = Allowed {
                hosts: vec![Host::parse(pattern).unwrap()],
            };
            assert_eq!(
                allowed.names(&Url::parse(url).unwrap(), "https"),
                expect,
                "{pattern} {url}"
            );
        };

        check("files.acme.example", "https://files.acme.example/a", true);
        check(
            "files.acme.example",
            "https://FILES.acme.example:443/a",
            true,
        );
        check("files.acme.example", "http://files.acme.example/a", false);
        check(
            "files.acme.example",
            "https://files.acme.example:8443/a",
            false,
        );
        check(
            "files.acme.example:8443",
            "https://files.acme.example:8443/a",
            true,
        );
        check("*.acme.example", "https://a.acme.example/", true);
        check("*.acme.example", "https://a.b.acme.example/", true);
        check("*.acme.example", "https://acme.example/", false);
        check("*.acme.example", "https://evilacme.example/", false);
        check(
            "*.acme.example",
            "https://a.acme.example.evil.example/",
            false,
        );
        assert!(Host::parse("*").is_err());
        assert!(Host::parse("*.example").is_err());
        assert!(Host::parse("a/b").is_err());
    }
}
