//! Sign-in by somebody else's word: an OpenID Connect provider, whom it names, and what they may here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::CLAIMED;
use crate::auth::authorize::{SignIn, random};
use crate::ids::derive;
use crate::mistake::Mistake;
use crate::ports::Chance;

/// The provider whose tokens are accepted, as settings have it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The provider's issuer, an https URL; its keys are found from there.
    pub issuer: String,
    /// Whom a token must be for: the client id, or the audience of this API.
    pub audience: String,
    /// As whom the console asks the provider to sign people in; absent: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Scopes beside `openid`, `profile` and `email` that the provider wants for the claim of groups.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<String>,
    /// The claim that lists the groups of somebody.
    #[serde(default = "groups")]
    pub groups_claim: String,
    /// Group → roles: `viewer`, `operator`, `approver`, `administrator`, or any role that approvals name.
    #[serde(default)]
    pub groups: BTreeMap<String, BTreeSet<String>>,
}

fn groups() -> String {
    "groups".to_owned()
}

impl OidcSettings {
    /// Everything that is wrong with them.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        if !self.issuer.starts_with("https://") && !self.issuer.starts_with("http://127.0.0.1") {
            mistakes.push(Mistake::new("issuer", "an https URL"));
        }
        for (path, text) in [
            ("audience", &self.audience),
            ("groups_claim", &self.groups_claim),
        ] {
            if text.is_empty() {
                mistakes.push(Mistake::new(path, "it must not be empty"));
            }
        }
        if self
            .client_id
            .as_ref()
            .is_some_and(|id| id.trim().is_empty())
        {
            let message =
                "it must not be empty: leave it out where nobody signs in by the provider";
            mistakes.push(Mistake::new("client_id", message));
        }
        let is_one = |scope: &String| !scope.is_empty() && !scope.contains(char::is_whitespace);
        if !self.scopes.iter().all(is_one) {
            mistakes.push(Mistake::new("scopes", "words without blanks"));
        }
        mistakes
    }

    /// The roles of somebody in these groups.
    #[must_use]
    pub fn roles_of(&self, identity: &Identity) -> BTreeSet<String> {
        let roles = identity
            .groups
            .iter()
            .filter_map(|group| self.groups.get(group));
        roles.flatten().cloned().collect()
    }
}

/// A sign-in to the console on its way; only the browser that began it has it, sealed. `Debug` shows when it ends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningIn {
    /// State, verifier and redirect URL.
    pub login: SignIn,
    /// Must stand in the ID token.
    pub nonce: String,
    /// Where to go afterwards.
    pub next: Option<String>,
}

impl SigningIn {
    /// Begins a sign-in.
    #[must_use]
    pub fn begin(
        chance: &dyn Chance,
        redirect_url: impl Into<String>,
        next: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            login: SignIn::begin(chance, redirect_url, now),
            nonce: random(chance),
            next,
        }
    }
}

impl fmt::Debug for SigningIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.login, f)
    }
}

/// Somebody whom a provider has named. `Debug` shows no more than the audit.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The issuer.
    pub issuer: String,
    /// Whom it means, in the issuer's own words.
    pub subject: String,
    /// Their address, if the issuer says that it was verified.
    pub email: Option<String>,
    /// An address of which the issuer does not say that: good for nothing but to keep them from a matter of their own.
    pub claimed: Option<String>,
    /// Their groups.
    pub groups: BTreeSet<String>,
}

impl Identity {
    /// As the audit names them: no name and no address.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("oidc:{}", derive(&[&self.issuer, &self.subject]))
    }

    /// Who they are for approvals: these roles, and their addresses.
    #[must_use]
    pub fn names(self, roles: BTreeSet<String>) -> BTreeSet<String> {
        let claimed = self.claimed.map(|address| format!("{CLAIMED}{address}"));
        roles.into_iter().chain(self.email).chain(claimed).collect()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.actor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(groups: &[&str]) -> Identity {
        Identity {
            issuer: "https://id.example".into(),
            subject: "ada@contoso.example".into(),
            email: None,
            claimed: None,
            groups: groups.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn roles_follow_from_groups_and_from_nothing_else() {
        let settings = OidcSettings {
            issuer: "https://id.example".into(),
            audience: "sando".into(),
            client_id: None,
            scopes: BTreeSet::new(),
            groups_claim: groups(),
            groups: BTreeMap::from([
                (
                    "it".to_owned(),
                    BTreeSet::from(["operator".to_owned(), "it-admin".to_owned()]),
                ),
                ("boss".to_owned(), BTreeSet::from(["approver".to_owned()])),
            ]),
        };
        let check = |groups: &[&str], expect: &[&str]| {
            let roles = settings.roles_of(&identity(groups));
            assert!(
                roles.iter().map(String::as_str).eq(expect.iter().copied()),
                "{roles:?}"
            );
        };

        check(&["it", "other"], &["it-admin", "operator"]);
        check(&["it", "boss"], &["approver", "it-admin", "operator"]);
        check(&["operator"], &[]);
        check(&[], &[]);
    }

    #[test]
    fn whoever_signs_in_prints_without_name_and_address() {
        let shown = format!("{:?}", identity(&["it"]));
        assert!(
            shown.starts_with("oidc:") && !shown.contains("ada"),
            "{shown}"
        );
    }
}
