//! Laws over generated people, policies and grants: applying a plan gives what is desired, what is unknown neither
//! grants nor revokes, and a plan that was applied leaves nothing to do.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use jiff::Timestamp;
use proptest::prelude::*;
use sando_core::access::{Desired, PlannedEffect, Way, desired, plan};
use sando_core::company::Company;
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::effect::Goal;
use sando_core::grant::{Entitlement, Grant, GrantState};
use sando_core::ids::Slug;
use sando_core::person::{Lifecycle, Person};
use sando_core::testing::a_person;
use serde_json::{Value, json};

const APPS: [&str; 4] = ["code", "crm", "desk", "mail"];

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

fn take(company: &mut Company, kind: ConfigKind, id: &str, file: Value) {
    let item = ConfigItem {
        kind,
        id: slug(id),
        file,
        changed_at: Timestamp::UNIX_EPOCH,
    };
    company.take(&item).unwrap();
}

/// A policy: for which value of which attribute, of which applications which role.
type Drawn = (Option<(&'static str, &'static str)>, usize, u8);

fn a_company(policies: &[Drawn]) -> Company {
    let mut company = Company::empty().unwrap();
    for app in APPS {
        let scim = json!({ "type": "scim", "base_url": "https://app.example" });
        let file = json!({ "app": app, "provisioner": scim });
        take(&mut company, ConfigKind::App, app, file);
    }
    for (number, (when, app, role)) in policies.iter().enumerate() {
        let id = format!("policy{number}");
        let grant = json!({ "app": APPS[*app], "role": format!("role{role}") });
        let mut file = json!({ "policy": id, "grants": [grant] });
        if let Some((path, value)) = when {
            file["when"] = json!([{ "path": path, "op": "is", "value": value }]);
        }
        take(&mut company, ConfigKind::Policy, &id, file);
    }
    company
}

fn policies() -> impl Strategy<Value = Vec<Drawn>> {
    let path = prop_oneof![Just("department"), Just("location")];
    let value = prop_oneof![Just("Engineering"), Just("Sales"), Just("Berlin")];
    let when = proptest::option::of((path, value));
    proptest::collection::vec((when, 0..APPS.len(), 0..3_u8), 0..6)
}

fn people() -> impl Strategy<Value = Person> {
    let state = proptest::sample::select(Lifecycle::ALL.to_vec());
    let department = proptest::option::of(prop_oneof![Just("Engineering"), Just("Sales")]);
    let location = proptest::option::of(Just("Berlin"));
    (state, department, location).prop_map(|(state, department, location)| {
        let mut person = a_person().in_state(state).build();
        person.attributes.remove("department");
        for (name, value) in [("department", department), ("location", location)] {
            if let Some(value) = value {
                person.attributes.set(name, value);
            }
        }
        person
    })
}

/// What somebody holds: of which applications which role.
fn holdings() -> impl Strategy<Value = Vec<(usize, u8)>> {
    proptest::collection::btree_map(0..APPS.len(), 0..3_u8, 0..APPS.len())
        .prop_map(|held| held.into_iter().collect())
}

fn held(person: &Person, holdings: &[(usize, u8)]) -> Vec<Grant> {
    let grant = |(app, role): &(usize, u8)| {
        let wanted = Entitlement {
            role: Some(format!("role{role}")),
            ..Entitlement::default()
        };
        let at = Timestamp::UNIX_EPOCH;
        let mut grant = Grant::desired(&person.id, &slug(APPS[*app]), wanted.clone(), at);
        grant.state = GrantState::Active;
        grant.held = Some(wanted);
        grant
    };
    holdings.iter().map(grant).collect()
}

/// Carries a plan out.
fn apply(person: &Person, grants: &mut Vec<Grant>, effects: &[PlannedEffect]) {
    for effect in effects {
        if !grants.iter().any(|grant| grant.id == effect.grant) {
            let (at, wanted) = (Timestamp::UNIX_EPOCH, effect.entitlement.clone());
            grants.push(Grant::desired(&person.id, &effect.app, wanted, at));
        }
        let mut found = grants.iter_mut().filter(|grant| grant.id == effect.grant);
        let grant = found.next().unwrap();
        let given = effect.goal == Goal::Give;
        grant.held = given.then(|| effect.entitlement.clone());
        grant.state = if given {
            GrantState::Active
        } else {
            GrantState::Revoked
        };
    }
}

fn both_ways(
    person: &Person,
    desired: &Desired,
    grants: &[Grant],
    company: &Company,
) -> Vec<PlannedEffect> {
    [Way::Give, Way::Take]
        .into_iter()
        .flat_map(|way| plan(&person.id, desired, grants, company, way))
        .collect()
}

proptest! {
    #[test]
    fn applying_the_plan_gives_what_is_desired_and_leaves_nothing_to_do(
        person in people(), policies in policies(), holdings in holdings()
    ) {
        let company = a_company(&policies);
        let desired = desired(&person, &company, Timestamp::UNIX_EPOCH);
        let mut grants = held(&person, &holdings);
        let before = grants.clone();

        let effects = both_ways(&person, &desired, &grants, &company);
        apply(&person, &mut grants, &effects);

        for app in APPS.map(slug) {
            let find = |grants: &[Grant]| {
                grants.iter().find(|grant| grant.app == app).and_then(|grant| grant.held.clone())
            };
            let due = desired.due.get(&app).map(|due| due.entitlement.clone());
            let expect = if due.is_none() && desired.unknown.contains(&app) {
                find(&before)
            } else {
                due
            };
            prop_assert_eq!(find(&grants), expect);
        }
        prop_assert_eq!(both_ways(&person, &desired, &grants, &company), vec![]);
    }

    #[test]
    fn what_is_unknown_neither_grants_nor_revokes(
        person in people(), policies in policies(), holdings in holdings()
    ) {
        let company = a_company(&policies);
        let desired = desired(&person, &company, Timestamp::UNIX_EPOCH);
        let grants = held(&person, &holdings);

        for effect in both_ways(&person, &desired, &grants, &company) {
            let unknown = desired.unknown.contains(&effect.app);
            prop_assert!(!unknown || desired.due.contains_key(&effect.app));
        }
    }

    #[test]
    fn nobody_is_due_anything_whose_state_does_not_allow_it(
        person in people(), policies in policies()
    ) {
        let desired = desired(&person, &a_company(&policies), Timestamp::UNIX_EPOCH);

        prop_assert!(person.state.may_receive() || desired == Desired::default());
    }
}
