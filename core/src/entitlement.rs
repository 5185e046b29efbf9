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
