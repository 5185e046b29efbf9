//! Sign-in by somebody else's word: an OpenID Connect provider, whom it names, and what they may here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::derive;
use crate::mistake::Mistake;

/// The provider whose tokens are accepted, as settings have it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The provider's issuer, an https URL; its keys are found from there.
    pub issuer: String,
    /// Whom a token must be for: the client id, or the audience of this API.
    pub audience: String,
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

/// Somebody whom a provider has named. `Debug` shows no more than the audit.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The issuer.
    pub issuer: String,
    /// Whom it means, in the issuer's own words.
    pub subject: String,
    /// Their address, if the issuer says that it was verified.
    pub email: Option<String>,
    /// Their groups.
    pub groups: BTreeSet<String>,
}

impl Identity {
    /// As the audit names them: no name and no address.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("oidc:{}", derive(&[&self.issuer, &self.subject]))
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
            groups: groups.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn roles_follow_from_groups_and_from_nothing_else() {
        let settings = OidcSettings {
            issuer: "https://id.example".into(),
            audience: "sando".into(),
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
