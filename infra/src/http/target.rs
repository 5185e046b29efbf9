//! Where a request goes: URLs that the guard lets through, and their origins.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::address;

/// Scheme, host and port: what credentials belong to, and what a redirect must not leave.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin of a URL.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// `https://api.acme.example`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Joins a path (with its query) to a base URL, or takes a full URL if it stays on the base's origin.
///
/// The path is put behind the base's own path as text, so that `/api/v2` + `/users` is `/api/v2/users`.
///
/// # Errors
/// What is wrong, for whoever configured it.
pub fn join(base: &Url, path: &str) -> Result<Url, String> {
    let lower = path.get(..8).unwrap_or(path).to_ascii_lowercase();
    let text = if lower.starts_with("https://") || lower.starts_with("http://") {
        path.to_owned()
    } else {
        let before = base.as_str().trim_end_matches('/');
        let separator = if path.is_empty() || path.starts_with(['/', '?']) {
            ""
        } else {
            "/"
        };
        format!("{before}{separator}{path}")
    };
    let url = Url::parse(&text).map_err(|error| format!("the path makes no URL: {error}"))?;
    if Origin::of(&url) == Origin::of(base) {
        Ok(url)
    } else {
        Err(format!(
            "the path leads to {}, away from {}",
            Origin::of(&url),
            Origin::of(base)
        ))
    }
}

/// Refuses a URL that the client must not call.
///
/// # Errors
/// Why, without anything personal.
pub(super) fn check(url: &Url, allow_loopback: bool) -> Result<(), String> {
    let host = url.host().ok_or("the URL has no host")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL carries a user name: give credentials as such".to_owned());
    }
    if let Some(ip) = literal(&host)
        && !address::is_allowed(ip, allow_loopback)
    {
        let what = address::special(ip).unwrap_or("special");
        return Err(format!("{ip} is not allowed: it is {what}"));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_loopback && names_loopback(&host) => Ok(()),
        "http" => Err("only https is allowed".to_owned()),
        scheme => Err(format!("`{scheme}` URLs are not allowed, only https")),
    }
}

/// Does the name mean this machine, whatever DNS says?
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn names_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(_) | Host::Ipv6(_) => literal(host).is_some_and(address::is_loopback),
    }
}

fn literal(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(url: &str) {
        assert!(check(&Url::parse(url).unwrap(), false).is_err(), "{url}");
    }

    #[test]
    fn literals_are_refused_in_every_way_of_writing_them() {
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://１２７.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://2852039166/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://10.0.0.1/",
        ] {
            refused(url);
        }
    }

    #[test]
    fn plain_http_other_schemes_and_user_names_are_refused() {
        for url in [
            "http://api.acme.example/",
            "http://localhost/",
            "ftp://api.acme.example/",
            "file:///etc/passwd",
            "https://user:password@api.acme.example/",
            "https://token@api.acme.example/",
        ] {
            refused(url);
        }
        assert!(check(&Url::parse("https://api.acme.example/").unwrap(), false).is_ok());
    }

    #[test]
    fn loopback_may_be_plain_where_it_is_allowed_and_nothing_else() {
        let allowed = |url: &str| check(&Url::parse(url).unwrap(), true).is_ok();

        assert!(allowed("http://127.0.0.1:8080/"));
        assert!(allowed("http://localhost:8080/"));
        assert!(allowed("http://[::1]:8080/"));
        assert!(!allowed("http://api.acme.example/"));
        assert!(!allowed("http://10.0.0.1/"));
        assert!(!allowed("https://10.0.0.1/"));
    }

    #[test]
    fn a_path_is_put_behind_the_base_and_cannot_leave_its_origin() {
        let base = Url::parse("https://api.acme.example/v2/").unwrap();
        let joined = |path: &str| join(&base, path).map(String::from);

        assert_eq!(
            joined("/users?a=1").unwrap(),
            "https://api.acme.example/v2/users?a=1"
        );
        assert_eq!(
            joined("users").unwrap(),
            "https://api.acme.example/v2/users"
        );
        assert!(joined("https://api.acme.example/x").is_ok());
        assert!(joined("https://evil.example/x").is_err());
        let bare = Url::parse("https://api.acme.example").unwrap();
        let url = join(&bare, "@evil.example/x").unwrap();
        assert_eq!(url.host_str(), Some("api.acme.example"));
        let url = join(&bare, "//evil.example/x").unwrap();
        assert_eq!(url.host_str(), Some("api.acme.example"));
    }
}
