//! Resolves names for the client, and refuses what must not be connected to. The client connects to nothing but the answer.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{address, target::is_localhost};

/// Why a name was refused; found again in the client's error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) &'static str);

/// Asks the system's resolver, then checks every address.
#[derive(Clone, Debug)]
pub(super) struct GuardedResolver {
    pub(super) allow_loopback: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_loopback = self.allow_loopback;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let checked = check(name.as_str(), found, allow_loopback)?;
            let addresses: Addrs = Box::new(checked.into_iter());
            Ok(addresses)
        })
    }
}

/// One forbidden address makes the whole answer suspicious.
fn check(
    name: &str,
    found: Vec<SocketAddr>,
    allow_loopback: bool,
) -> Result<Vec<SocketAddr>, Refusal> {
    let fits = |address: &SocketAddr| {
        let ip = address.ip();
        if is_localhost(name) {
            allow_loopback && address::is_loopback(ip)
        } else {
            address::is_allowed(ip, allow_loopback)
        }
    };
    if found.iter().all(fits) {
        Ok(found)
    } else {
        Err(Refusal(
            "its name leads to an address that is not of the public internet",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(name: &str, addresses: &[&str], allow_loopback: bool) -> bool {
        let found = addresses
            .iter()
            .map(|ip| SocketAddr::new(ip.parse().unwrap(), 0))
            .collect();
        check(name, found, allow_loopback).is_ok()
    }

    #[test]
    fn a_name_that_leads_inside_is_refused_even_if_it_leads_outside_too() {
        assert!(passes("api.acme.example", &["93.184.216.34"], false));
        assert!(!passes("api.acme.example", &["127.0.0.1"], false));
        assert!(!passes(
            "api.acme.example",
            &["93.184.216.34", "169.254.169.254"],
            false
        ));
        assert!(!passes(
            "api.acme.example",
            &["93.184.216.34", "fd00::1"],
            true
        ));
    }

    #[test]
    fn localhost_is_loopback_or_nothing() {
        assert!(!passes("localhost", &["127.0.0.1"], false));
        assert!(passes("localhost", &["127.0.0.1", "::1"], true));
        assert!(!passes("a.localhost.", &["93.184.216.34"], true));
    }
}
