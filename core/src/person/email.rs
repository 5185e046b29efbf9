//! Addresses as people are matched by them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An address as people are matched by it: lower case, no plus tag, no dots where the provider ignores them.
/// `Debug` shows the domain only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CanonicalEmail(String);

/// The text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an e-mail address")]
pub struct NoEmail;

/// Providers that deliver `a.d.a@` and `ada@` to the same mailbox.
const DOTS_IGNORED: [&str; 2] = ["gmail.com", "googlemail.com"];

impl CanonicalEmail {
    /// Checks and canonicalises an address.
    ///
    /// # Errors
    /// [`NoEmail`] if it has no local part, no domain, or characters that no address has.
    pub fn parse(text: &str) -> Result<Self, NoEmail> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(NoEmail)?;
        let odd = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"')
        };
        let domain_fits =
            domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.');
        if text.len() > 254
            || local.is_empty()
            || !domain_fits
            || text.matches('@').count() != 1
            || text.contains(odd)
        {
            return Err(NoEmail);
        }
        let untagged = local.split('+').next().unwrap_or(local);
        let domain = if domain == "googlemail.com" {
            "gmail.com"
        } else {
            domain
        };
        let local = if DOTS_IGNORED.contains(&domain) {
            untagged.replace('.', "")
        } else {
            untagged.to_owned()
        };
        if local.is_empty() {
            return Err(NoEmail);
        }
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CanonicalEmail {
    type Error = NoEmail;
    fn try_from(text: String) -> Result<Self, NoEmail> {
        Self::parse(&text)
    }
}

impl From<CanonicalEmail> for String {
    fn from(email: CanonicalEmail) -> Self {
        email.0
    }
}

impl fmt::Debug for CanonicalEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "***@{}", self.0.rsplit('@').next().unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expect: Option<&str>) {
        assert_eq!(
            CanonicalEmail::parse(input)
                .ok()
                .as_ref()
                .map(CanonicalEmail::as_str),
            expect,
            "{input}"
        );
    }

    #[test]
    fn addresses_of_one_mailbox_are_one_address() {
        check(" Ada.Park+lever@GMail.com ", Some("adapark@gmail.com"));
        check("ada.park@googlemail.com", Some("adapark@gmail.com"));
        check(
            "Ada.Park+x@contoso.example",
            Some("ada.park@contoso.example"),
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "@contoso.example",
            "ada@",
            "ada@contoso",
            "a b@contoso.example",
            "a@b@c.example",
            "+x@gmail.com",
        ] {
            check(text, None);
        }
    }
}
