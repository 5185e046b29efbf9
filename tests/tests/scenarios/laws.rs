//! Laws. Over generated people, policies and grants: applying a plan gives what is desired, what is unknown neither
//! grants nor revokes, and a plan that was applied leaves nothing to do. Over a generated past: any order and number of
//! deliveries of a set of facts ends in the same access.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sando_core::access::{Desired, PlannedEffect, Way, desired, plan};
use sando_core::company::Company;
use sando_core::config::ConfigKind;
use sando_core::effect::Goal;
use sando_core::event::Hint;
use sando_core::grant::{Entitlement, Grant, GrantState};
use sando_core::ids::{Slug, derive};
use sando_core::person::{Lifecycle, Person};
use sando_core::testing::{a_person, take};
use sando_tests::harness::{Scene, engineer};
use serde_json::json;

const APPS: [&str; 4] = ["code", "crm", "desk", "mail"];

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
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
            let stays = find(&before).filter(|_| desired.unknown.contains(&app));
            let expect = stays.or(due);
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
            let is_held = grants.iter().any(|grant| grant.app == effect.app);
            prop_assert!(!unknown || desired.due.contains_key(&effect.app) && !is_held);
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

/// What becomes true of a candidacy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fact {
    Hired,
    Unhired,
    Rejected,
    Deleted,
}

impl Fact {
    const ALL: [Self; 4] = [Self::Hired, Self::Unhired, Self::Rejected, Self::Deleted];

    /// Can it become true after this?
    fn follows(self, before: Option<Self>) -> bool {
        match self {
            Self::Hired | Self::Rejected => matches!(before, None | Some(Self::Unhired)),
            Self::Unhired => before == Some(Self::Hired),
            Self::Deleted => before != Some(Self::Deleted),
        }
    }

    /// What Lever calls with.
    fn webhooks(self) -> &'static [&'static str] {
        match self {
            Self::Hired => &["candidateHired", "candidateArchiveChange"],
            Self::Unhired | Self::Rejected => &["candidateArchiveChange"],
            Self::Deleted => &["candidateDeleted"],
        }
    }

    fn becomes_true(self, scene: &Scene, opportunity: &str) {
        let lever = &scene.site.lever;
        lever.clock().advance(60_000);
        match self {
            Self::Hired => lever.hire(opportunity),
            Self::Unhired => lever.unhire(opportunity),
            Self::Rejected => lever.archive(opportunity, &lever.rejected_reason()),
            Self::Deleted => lever.delete(opportunity),
        }
        .unwrap();
    }
}

/// Facts in an order in which they can become true.
fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let drawn = proptest::collection::vec(proptest::sample::select(&Fact::ALL[..]), 1..12);
    drawn.prop_map(|drawn| {
        let mut facts: Vec<Fact> = Vec::new();
        for fact in drawn {
            if fact.follows(facts.last().copied()) {
                facts.push(fact);
            }
        }
        if facts.is_empty() {
            facts.push(Fact::Hired);
        }
        facts
    })
}

/// A delivery: of which webhook so far, and whether everything is done about it before the next thing happens.
type Delivery = (proptest::sample::Index, bool);

/// What comes in after each fact, and in which order everything comes in at the end.
#[derive(Clone, Debug)]
struct Deliveries {
    between: Vec<Vec<Delivery>>,
    at_last: Vec<Delivery>,
    order: u64,
}

fn deliveries() -> impl Strategy<Value = Deliveries> {
    let one = || (any::<proptest::sample::Index>(), any::<bool>());
    let some = || proptest::collection::vec(one(), 0..3);
    let between = proptest::collection::vec(some(), 12);
    (between, some(), any::<u64>()).prop_map(|(between, at_last, order)| Deliveries {
        between,
        at_last,
        order,
    })
}

/// Facts become true and are heard of in this way; answers what the person has in the end, by application.
async fn access_after(scene: &Scene, facts: &[Fact], deliveries: &Deliveries) -> [usize; 3] {
    let before = scene.site.active();
    // Nobody whom an earlier case has left behind.
    let name = format!("P{} Lind", scene.site.lever.traffic().requests());
    let candidate = engineer(&name).starting_at(scene.in_days(30));
    let opportunity = scene.site.lever.create_candidate(candidate).opportunity;
    let mut calls: Vec<Hint> = Vec::new();
    let hear = async |call: &Hint, settles: bool| {
        scene.machine.receive(call).await;
        if settles {
            scene.machine.settle().await;
        }
    };
    for (fact, heard) in facts.iter().zip(&deliveries.between) {
        fact.becomes_true(scene, &opportunity);
        calls.extend(
            fact.webhooks()
                .iter()
                .map(|event| scene.call(event, &opportunity)),
        );
        for (which, settles) in heard {
            hear(which.get(&calls), *settles).await;
        }
    }
    // Every webhook at least once, in any order.
    let mut order: Vec<&Hint> = calls.iter().collect();
    order.sort_by_key(|call| derive(&[&deliveries.order.to_string(), &call.token_hash]));
    for call in order {
        hear(call, false).await;
    }
    for (which, settles) in &deliveries.at_last {
        hear(which.get(&calls), *settles).await;
    }
    scene.machine.settle().await;
    let after = scene.site.active();
    [0, 1, 2].map(|app| after[app] - before[app])
}

#[test]
fn any_order_and_number_of_deliveries_of_a_set_of_facts_ends_in_the_same_access() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scene = runtime.block_on(Scene::start());
    let config = ProptestConfig {
        cases: 64,
        // A failure is told with everything that is needed to repeat it.
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let law = |(facts, deliveries): (Vec<Fact>, Deliveries)| {
        let access = runtime.block_on(access_after(&scene, &facts, &deliveries));
        let expect = if facts.last() == Some(&Fact::Hired) {
            [1, 1, 1]
        } else {
            [0, 0, 0]
        };
        prop_assert_eq!(access, expect);
        Ok(())
    };
    TestRunner::new(config)
        .run(&(facts(), deliveries()), law)
        .unwrap();
}
