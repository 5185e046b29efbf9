//! Where browsers reach Sando: the beginning of links in letters.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// An origin over TLS, or one of this machine; with nothing behind it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(String);

/// Not such an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an address such as `https://sando.contoso.example`, with nothing behind it")]
pub struct PublicUrlError;

impl TryFrom<String> for PublicUrl {
    type Error = PublicUrlError;
    fn try_from(text: String) -> Result<Self, PublicUrlError> {
        let url = Url::parse(&text).map_err(|_| PublicUrlError)?;
        let is_here = match url.host().ok_or(PublicUrlError)? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_here;
        let has_name = !url.username().is_empty() || url.password().is_some();
        let ends = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if is_safe && ends && !has_name {
            Ok(Self(url.origin().ascii_serialization()))
        } else {
            Err(PublicUrlError)
        }
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.0
    }
}

impl PublicUrl {
    /// The whole address of a page; the path begins with a slash.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        let url = PublicUrl::try_from(text.to_owned()).ok();
        let link = url.map(|url| url.link("/approvals/apr_1"));
        assert_eq!(link.as_deref(), expect, "{text}");
    }

    #[test]
    fn a_link_begins_with_an_origin_that_is_safe() {
        let link = Some("https://sando.contoso.example/approvals/apr_1");
        check("https://sando.contoso.example", link);
        check("https://sando.contoso.example/", link);
        check(
            "http://127.0.0.1:8080",
            Some("http://127.0.0.1:8080/approvals/apr_1"),
        );
        check("http://sando.contoso.example", None);
        check("https://sando.contoso.example/console", None);
        check("https://sando.contoso.example/?next=", None);
        check("https://ada@sando.contoso.example", None);
        check("javascript:alert(1)", None);
        check("sando.contoso.example", None);
    }
}
