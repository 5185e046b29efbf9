//! What is configured and concerns nobody (L26): found while everybody is read. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::company::Company;
use crate::ids::Slug;
use crate::person::Person;

/// Policies and aliases that concern nobody of whom was seen.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Idle {
    /// Policies that give nothing to anybody.
    pub policies: BTreeSet<Slug>,
    /// Attributes that have aliases, that nothing makes and nobody has.
    pub aliases: BTreeSet<String>,
}

impl Idle {
    /// Everything there is, before anybody was seen.
    #[must_use]
    pub fn before(company: &Company) -> Self {
        let file = company.mapping.file();
        let directory = company.settings.directory.as_ref();
        let is_made = |name: &str| {
            let by_directory = directory.is_some_and(|directory| directory.makes(name));
            by_directory || file.attributes.contains_key(name)
        };
        let aliases = file.aliases.keys().filter(|name| !is_made(name));
        Self {
            policies: company.policies.keys().cloned().collect(),
            aliases: aliases.cloned().collect(),
        }
    }

    /// Takes out what concerns this person.
    pub fn see(&mut self, person: &Person, company: &Company, now: Timestamp) {
        self.aliases.retain(|name| person.attribute(name).is_none());
        if self.policies.is_empty() || !person.state.may_receive() {
            return;
        }
        let input = person.for_conditions();
        let gives = |slug: &Slug| {
            let policy = company.policies.get(slug);
            policy.is_some_and(|policy| policy.gives(&input, now))
        };
        self.policies.retain(|slug| !gives(slug));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::{ConfigItem, ConfigKind};
    use crate::person::Lifecycle;
    use crate::testing::a_person;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn company() -> Company {
        let mut company = Company::empty().unwrap();
        let mut put = |kind: ConfigKind, id: &str, file: Value| {
            let id = Slug::parse(id).unwrap();
            let item = ConfigItem {
                kind,
                id,
                file,
                changed_at: NOW,
            };
            company.take(&item).unwrap();
        };
        let of =
            |department: &str| json!([{ "path": "department", "op": "is", "value": department }]);
        for department in ["engineering", "archery"] {
            let file = json!({ "policy": department, "when": of(department), "grants": [{ "app": "figma" }] });
            put(ConfigKind::Policy, department, file);
        }
        // Nobody has what decides it: unknown is given to nobody.
        let badge = json!([{ "path": "badge", "op": "is", "value": "blue" }]);
        let file = json!({ "policy": "badges", "when": badge, "grants": [{ "app": "figma" }] });
        put(ConfigKind::Policy, "badges", file);
        let alias = json!({ "Red": ["rot"] });
        let aliases = json!({ "department": alias, "shoe_size": alias, "team_colour": alias });
        put(
            ConfigKind::Attributes,
            "attributes",
            json!({ "aliases": aliases }),
        );
        company
    }

    #[test]
    fn what_concerns_nobody_is_left() {
        let company = company();
        let mut idle = Idle::before(&company);
        let ada = a_person().with("department", "engineering");
        let ada = ada.with("team_colour", "Red").build();
        let gone = a_person().with("department", "archery");
        let gone = gone.in_state(Lifecycle::Left).build();

        idle.see(&ada, &company, NOW);
        idle.see(&gone, &company, NOW);

        let policies: Vec<&str> = idle.policies.iter().map(Slug::as_str).collect();
        assert_eq!(policies, ["archery", "badges"]);
        let aliases: Vec<&String> = idle.aliases.iter().collect();
        assert_eq!(aliases, ["shoe_size"]);
    }
}
