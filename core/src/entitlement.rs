//! What a grant gives: role, groups, plan; and what somebody keeps of it though no policy says so.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::AppSlug;

/// What a grant gives: role, groups, plan.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Entitlement {
    /// The plan (licence) by its id.
    pub plan: Option<String>,
    /// The role.
    pub role: Option<String>,
    /// The groups.
    pub groups: BTreeSet<String>,
}

impl Entitlement {
    /// What of this is not in `given`; none if that is nothing.
    #[must_use]
    pub fn besides(&self, given: &Self) -> Option<Self> {
        let other = |has: &Option<String>, given: &Option<String>| {
            let has = has.as_ref().filter(|has| Some(*has) != given.as_ref());
            has.cloned()
        };
        let besides = Self {
            plan: other(&self.plan, &given.plan),
            role: other(&self.role, &given.role),
            groups: self.groups.difference(&given.groups).cloned().collect(),
        };
        (!besides.is_nothing()).then_some(besides)
    }

    /// Is it no plan, no role and no group?
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// This, and what comes with it: its plan and role count, and all groups.
    #[must_use]
    pub fn with(mut self, more: Self) -> Self {
        self.plan = more.plan.or(self.plan);
        self.role = more.role.or(self.role);
        self.groups.extend(more.groups);
        self
    }
}

/// As it is stored: earlier releases kept the plan alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Plan(Option<String>),
    Whole(Entitlement),
}

/// Reads what somebody keeps, by application.
///
/// # Errors
/// If something in it is neither an entitlement nor a plan.
pub(crate) fn kept<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<AppSlug, Entitlement>, D::Error> {
    let stored = BTreeMap::<AppSlug, Stored>::deserialize(from)?;
    let whole = |stored| match stored {
        Stored::Whole(whole) => whole,
        Stored::Plan(plan) => Entitlement {
            plan,
            ..Entitlement::default()
        },
    };
    let kept = stored.into_iter();
    Ok(kept.map(|(app, stored)| (app, whole(stored))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::person::Person;
    use crate::testing::a_person;

    use super::*;

    fn an_entitlement(plan: &str, groups: &[&str]) -> Entitlement {
        Entitlement {
            plan: Some(plan.to_owned()),
            role: Some("member".to_owned()),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }

    #[test]
    fn what_somebody_gave_besides_is_what_we_did_not_give() {
        let given = an_entitlement("basic", &["eng"]);
        let shown = an_entitlement("pro", &["book club", "eng"]);

        let besides = shown.besides(&given).unwrap();

        assert_eq!(besides.plan.as_deref(), Some("pro"));
        assert_eq!(besides.role, None);
        assert_eq!(besides.groups, ["book club".to_owned()].into());
        assert_eq!(given.clone().with(besides), shown);
        assert_eq!(given.besides(&given), None);
    }

    #[test]
    fn what_is_kept_is_read_as_it_is_and_was_written() {
        let mut person = a_person().build();
        let whole = Entitlement {
            plan: Some("pro".to_owned()),
            role: Some("admin".to_owned()),
            groups: ["eng".to_owned()].into(),
        };
        person
            .kept
            .insert(AppSlug::parse("figma").unwrap(), whole.clone());
        let mut stored = json!(person);
        assert_eq!(
            serde_json::from_value::<Person>(stored.clone()).unwrap(),
            person
        );

        stored["kept"] = json!({ "code": "team", "mail": null, "figma": whole });
        let read: Person = serde_json::from_value(stored).unwrap();

        let plan_of = |app: &str| read.kept[&AppSlug::parse(app).unwrap()].plan.clone();
        assert_eq!(plan_of("code").as_deref(), Some("team"));
        assert_eq!(plan_of("mail"), None);
        assert_eq!(read.kept[&AppSlug::parse("figma").unwrap()], whole);
    }
}
