//! Access is a function: what a person is due follows from attributes and policies; the difference to what they have
//! is the plan. Joiner, mover and leaver are the same computation with different inputs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::app::{Application, Sensitivity};
use crate::company::Company;
use crate::condition::{Missing, Truth};
use crate::effect::Goal;
use crate::grant::{Entitlement, Grant, GrantState};
use crate::ids::{AppSlug, GrantId, PersonId, Slug};
use crate::person::Person;
use crate::policy::{ApprovalRule, PolicyGrant};
use crate::schedule::Delivery;

/// What a person is due in one application.
#[derive(Clone, PartialEq, Debug)]
pub struct Due {
    /// Where.
    pub app: AppSlug,
    /// What.
    pub entitlement: Entitlement,
    /// The policies that say so.
    pub policies: Vec<Slug>,
    /// When; the earliest of them.
    pub deliver: Delivery,
    /// Who has to say yes first: of every rule somebody, one after the other.
    pub approvals: Vec<ApprovalRule>,
    /// Who said yes already, as a policy tells.
    pub approved_by: Option<String>,
}

/// What a person is due, and what nobody can tell.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Desired {
    /// Due for certain.
    pub due: BTreeMap<AppSlug, Due>,
    /// Applications where a condition over a missing, unmapped or unreadable attribute decides: neither given nor
    /// taken away (L9).
    pub unknown: BTreeSet<AppSlug>,
}

/// What a person is due by the policies of the company.
#[must_use]
pub fn desired(person: &Person, company: &Company, now: Timestamp) -> Desired {
    let mut desired = Desired::default();
    if !person.state.may_receive() {
        return desired;
    }
    let input = person.for_conditions();
    for (slug, policy) in &company.policies {
        let of_policy = policy.when.truth(&input, Missing::IsUnknown, now);
        for grant in &policy.grants {
            match of_policy.and(grant.when.truth(&input, Missing::IsUnknown, now)) {
                Truth::True => {
                    let due = Due::of(slug, grant);
                    match desired.due.get_mut(&grant.app) {
                        Some(known) => known.unite(due, person, company, now),
                        None => {
                            desired.due.insert(grant.app.clone(), due);
                        }
                    }
                }
                Truth::Unknown => {
                    desired.unknown.insert(grant.app.clone());
                }
                Truth::False => {}
            }
        }
    }
    for (app, entitlement) in &person.kept {
        let known = company.apps.contains_key(app);
        if known && !desired.may_have(app) {
            desired.due.insert(app.clone(), Due::kept(app, entitlement));
        }
    }
    for (app, by_hand) in &person.by_hand {
        if let (Some(due), Some(app)) = (desired.due.get_mut(app), company.apps.get(app)) {
            due.keep(by_hand, app);
        }
    }
    for due in desired.due.values_mut() {
        due.guard(company.apps.get(&due.app));
    }
    desired
}

/// Where a delivery stands among others: at once before all, then by its moment. Where no first day is known it is as if it
/// were today.
fn moment(
    delivery: &Delivery,
    person: &Person,
    company: &Company,
    now: Timestamp,
) -> (bool, bool, Option<Timestamp>, String) {
    let place = company.mapping.place(person);
    let today = now.to_zoned(TimeZone::UTC).date();
    let at = delivery.moment(person.starts_on.or(Some(today)), &place, now);
    let text = serde_json::to_string(delivery).unwrap_or_default();
    (*delivery != Delivery::Now, at.is_none(), at, text)
}

impl Due {
    /// What one policy says.
    fn of(policy: &Slug, grant: &PolicyGrant) -> Self {
        let rule = grant.approval.clone();
        let approved_by = rule.as_ref().and_then(|rule| rule.given_by.clone());
        Self {
            app: grant.app.clone(),
            entitlement: Entitlement {
                plan: grant.plan.clone(),
                role: grant.role.clone(),
                groups: grant.groups.clone(),
            },
            policies: vec![policy.clone()],
            deliver: grant.deliver.clone(),
            approvals: rule
                .into_iter()
                .filter(|rule| rule.given_by.is_none())
                .collect(),
            approved_by,
        }
    }

    /// Several policies unite: the strongest plan by the order in `plans`, all groups, the role of the first policy that names
    /// one, the earliest delivery. Every approval that one of them asks for is asked for: a policy that gives the same without
    /// one, or by whom it was given already, frees nothing of what another one guards. Two that ask the same people are one.
    fn unite(&mut self, other: Self, person: &Person, company: &Company, now: Timestamp) {
        self.policies.extend(other.policies);
        let (mine, theirs) = (&mut self.entitlement, other.entitlement);
        mine.groups.extend(theirs.groups);
        mine.role = mine.role.take().or(theirs.role);
        let app = company.apps.get(&self.app);
        let strength = |plan: &Option<String>| {
            let plan = plan.clone()?;
            let place = app.and_then(|app| app.strength(&plan));
            Some((place.map_or(0, |place| place.saturating_add(1)), plan))
        };
        if strength(&theirs.plan) > strength(&mine.plan) {
            mine.plan = theirs.plan;
        }
        let when = |delivery: &Delivery| moment(delivery, person, company, now);
        if when(&other.deliver) < when(&self.deliver) {
            self.deliver = other.deliver;
        }
        for rule in other.approvals {
            let mut known = self.approvals.iter_mut();
            match known.find(|known| known.asks_the_same(&rule)) {
                Some(known) => known.join(rule),
                None => self.approvals.push(rule),
            }
        }
        self.approvals.sort_by_cached_key(|rule| rule.by.clone());
        let given = [self.approved_by.take(), other.approved_by];
        self.approved_by = given.into_iter().flatten().min();
    }

    /// With what somebody gave by hand, and an undone leaving gives back, or what they keep: the stronger plan that is known, or
    /// the only one, their role, all groups.
    fn keep(&mut self, by_hand: &Entitlement, app: &Application) {
        let has = &mut self.entitlement;
        let known = |plan: &Option<String>| app.strength(plan.as_ref()?);
        if has.plan.is_none() || known(&by_hand.plan) > known(&has.plan) {
            has.plan.clone_from(&by_hand.plan);
        }
        has.role = by_hand.role.clone().or(has.role.take());
        has.groups.extend(by_hand.groups.iter().cloned());
    }

    /// With what is held although nobody can tell whether it is due: no weaker plan, the role that is held, all groups.
    fn hold(&mut self, held: &Entitlement, app: Option<&Application>) {
        let has = &mut self.entitlement;
        let strength = |plan: &Option<String>| app?.strength(plan.as_ref()?);
        if held.plan.is_some() && strength(&has.plan) <= strength(&held.plan) {
            has.plan.clone_from(&held.plan);
        }
        has.role = held.role.clone().or(has.role.take());
        has.groups.extend(held.groups.iter().cloned());
    }

    /// What no policy says, and they keep.
    fn kept(app: &AppSlug, entitlement: &Entitlement) -> Self {
        Self {
            app: app.clone(),
            entitlement: entitlement.clone(),
            policies: Vec::new(),
            deliver: Delivery::Now,
            approvals: Vec::new(),
            approved_by: None,
        }
    }

    /// A sensitive application needs an approval unless a policy says who already gave it.
    fn guard(&mut self, app: Option<&Application>) {
        let high = app.filter(|app| app.sensitivity == Sensitivity::High);
        if let Some(app) = high
            && self.approvals.is_empty()
            && self.approved_by.is_none()
        {
            let by = app.owner.clone().unwrap_or_else(|| "role:admin".to_owned());
            self.approvals.push(ApprovalRule {
                by: vec![by],
                expires: None,
                escalate_to: Vec::new(),
                given_by: None,
            });
        }
    }

    /// The effect that gives it.
    #[must_use]
    pub fn effect(&self, grant: GrantId, why: &str) -> PlannedEffect {
        PlannedEffect {
            grant,
            app: self.app.clone(),
            goal: Goal::Give,
            entitlement: self.entitlement.clone(),
            policies: self.policies.clone(),
            why: why.to_owned(),
            deliver: self.deliver.clone(),
            approvals: self.approvals.clone(),
        }
    }
}

/// Is something of what is held gone if this is given in its place: a plan for a weaker one or none, a role for none, a group?
#[must_use]
pub fn takes_part(held: &Entitlement, wanted: &Entitlement, app: Option<&Application>) -> bool {
    let strength = |plan: &String| app?.strength(plan);
    let plan = match (&held.plan, &wanted.plan) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(held), Some(wanted)) => strength(wanted) < strength(held),
    };
    let role = held.role.is_some() && wanted.role.is_none();
    plan || role || !held.groups.is_subset(&wanted.groups)
}

/// Is it due, or can nobody tell? Then nothing of it is taken away.
#[must_use]
pub fn is_due(person: &Person, company: &Company, app: &AppSlug, now: Timestamp) -> bool {
    desired(person, company, now).may_have(app)
}

impl Desired {
    /// Is it due, or can nobody tell? Then nothing of it is taken away.
    #[must_use]
    pub fn may_have(&self, app: &AppSlug) -> bool {
        self.due.contains_key(app) || self.unknown.contains(app)
    }

    /// What is due in an application to whoever has this grant there: where nobody can tell whether more is due, nothing of what
    /// is held is taken away (L9).
    #[must_use]
    pub fn due_to(&self, app: &AppSlug, grant: Option<&Grant>, company: &Company) -> Option<Due> {
        let mut due = self.due.get(app)?.clone();
        if self.unknown.contains(app)
            && let Some(held) = grant.and_then(|grant| grant.held.as_ref())
        {
            due.hold(held, company.apps.get(app));
        }
        Some(due)
    }
}

/// One effect of a plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlannedEffect {
    /// The grant.
    pub grant: GrantId,
    /// Where.
    pub app: AppSlug,
    /// What it ends in.
    pub goal: Goal,
    /// What is wanted.
    pub entitlement: Entitlement,
    /// The policies that say so; none for what is taken away.
    pub policies: Vec<Slug>,
    /// Why, for people.
    pub why: String,
    /// When.
    #[serde(skip)]
    pub deliver: Delivery,
    /// Who has to say yes first.
    #[serde(skip)]
    pub approvals: Vec<ApprovalRule>,
}

/// Which way a plan may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Only give.
    Give,
    /// Only take away.
    Take,
}

/// The difference between what is due and what is there; computing it changes nothing.
#[must_use]
pub fn plan(
    person: &PersonId,
    desired: &Desired,
    grants: &[Grant],
    company: &Company,
    way: Way,
) -> Vec<PlannedEffect> {
    match way {
        Way::Give => given(person, desired, grants, company),
        Way::Take => taken(desired, grants, company),
    }
}

fn given(
    person: &PersonId,
    desired: &Desired,
    grants: &[Grant],
    company: &Company,
) -> Vec<PlannedEffect> {
    let lacking = |app: &AppSlug| {
        let grant = grants.iter().find(|grant| grant.app == *app);
        let due = desired.due_to(app, grant, company)?;
        let why = match grant {
            None => "due by policy",
            Some(grant)
                if grant.state == GrantState::Active
                    && grant.held.as_ref() == Some(&due.entitlement) =>
            {
                return None;
            }
            Some(grant) if grant.state == GrantState::Active => "due with another entitlement",
            Some(grant) if grant.state == GrantState::Revoked => "due again",
            Some(_) => "due by policy, not there yet",
        };
        let grant = grant.map_or_else(|| Grant::id_for(person, &due.app), |grant| grant.id.clone());
        Some(due.effect(grant, why))
    };
    desired.due.keys().filter_map(lacking).collect()
}

fn taken(desired: &Desired, grants: &[Grant], company: &Company) -> Vec<PlannedEffect> {
    let kept = |grant: &Grant| {
        desired.due.contains_key(&grant.app) || desired.unknown.contains(&grant.app)
    };
    let gone = |grant: &Grant| grant.state == GrantState::Revoked && grant.change.is_none();
    grants
        .iter()
        .filter(|grant| !kept(grant) && !gone(grant))
        .map(|grant| PlannedEffect {
            grant: grant.id.clone(),
            app: grant.app.clone(),
            goal: company
                .apps
                .get(&grant.app)
                .map_or(Goal::Suspend, Application::revoke_goal),
            entitlement: grant.held.clone().unwrap_or_else(|| grant.wanted.clone()),
            policies: Vec::new(),
            why: "no longer due".to_owned(),
            deliver: Delivery::Now,
            approvals: Vec::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::config::ConfigKind;
    use crate::testing::{a_person, take};

    /// A company whose policies give `figma`, one each, in this order of their names.
    fn a_company(grants: &[Value]) -> Company {
        let mut company = Company::empty().unwrap();
        let plans = json!([{ "id": "free" }, { "id": "team" }, { "id": "pro" }]);
        let figma = json!({ "app": "figma", "plans": plans, "sensitivity": "high", "owner": "ops@contoso.example" });
        take(&mut company, ConfigKind::App, "figma", figma);
        for (place, grant) in grants.iter().enumerate() {
            let mut grant = grant.clone();
            grant["app"] = json!("figma");
            let name = format!("policy-{place}");
            let policy = json!({ "policy": name, "grants": [grant] });
            take(&mut company, ConfigKind::Policy, &name, policy);
        }
        company
    }

    /// What these policies together make due.
    fn due_on(grants: &[Value], starts_on: Option<&str>) -> Due {
        let mut person = a_person().build();
        person.starts_on = starts_on.map(|day| day.parse().unwrap());
        let now = "2027-01-04T09:00:00Z".parse().unwrap();
        let mut due = desired(&person, &a_company(grants), now).due;
        due.remove(&Slug::parse("figma").unwrap()).unwrap()
    }

    fn due(grants: &[Value]) -> Due {
        due_on(grants, Some("2027-02-01"))
    }

    fn asked(grants: &[Value]) -> Value {
        json!(due(grants).approvals)
    }

    #[test]
    fn what_was_given_by_hand_comes_back_on_top_of_what_policies_give() {
        let due = |by_hand: Value| {
            let grant = json!({ "plan": "team", "role": "member", "groups": ["eng"] });
            let mut person = a_person().build();
            let by_hand = serde_json::from_value(by_hand).unwrap();
            let figma = Slug::parse("figma").unwrap();
            person.by_hand.insert(figma.clone(), by_hand);
            let due = desired(&person, &a_company(&[grant]), Timestamp::UNIX_EPOCH).due;
            json!(due[&figma].entitlement)
        };

        assert_eq!(
            due(json!({ "plan": "pro", "role": "admin", "groups": ["book club"] })),
            json!({ "plan": "pro", "role": "admin", "groups": ["book club", "eng"] })
        );
        for weaker in ["free", "none"] {
            assert_eq!(
                due(json!({ "plan": weaker })),
                json!({ "plan": "team", "role": "member", "groups": ["eng"] })
            );
        }
    }

    #[test]
    fn a_weaker_plan_or_none_no_role_and_a_group_less_take_something() {
        let company = a_company(&[]);
        let figma = company.apps.get(&Slug::parse("figma").unwrap());
        let check = |held: Value, wanted: Value, expect: bool| {
            let read =
                |value: &Value| -> Entitlement { serde_json::from_value(value.clone()).unwrap() };
            let takes = takes_part(&read(&held), &read(&wanted), figma);
            assert_eq!(takes, expect, "{held} {wanted}");
        };

        check(json!({ "plan": "pro" }), json!({ "plan": "free" }), true);
        check(json!({ "plan": "pro" }), json!({ "plan": "odd" }), true);
        check(json!({ "plan": "pro" }), json!({}), true);
        check(json!({ "plan": "free" }), json!({ "plan": "pro" }), false);
        check(json!({ "plan": "odd" }), json!({ "plan": "old" }), false);
        check(json!({ "role": "admin" }), json!({}), true);
        check(
            json!({ "role": "admin" }),
            json!({ "role": "member" }),
            false,
        );
        check(
            json!({ "groups": ["a", "b"] }),
            json!({ "groups": ["a", "c"] }),
            true,
        );
        check(
            json!({ "groups": ["a"] }),
            json!({ "groups": ["a", "b"] }),
            false,
        );
    }

    #[test]
    fn what_is_held_is_no_less_while_nobody_can_tell_whether_more_is_due() {
        let (company, person) = (
            a_company(&[
                json!({ "plan": "team", "role": "member", "groups": ["all"] }),
                json!({ "plan": "pro", "when": [{ "path": "floor", "op": "is", "value": "3" }] }),
            ]),
            a_person().build(),
        );
        let figma = Slug::parse("figma").unwrap();
        let desired = desired(&person, &company, Timestamp::UNIX_EPOCH);
        let given = |held: Value| {
            let held: Entitlement = serde_json::from_value(held).unwrap();
            let mut grant = Grant::desired(&person.id, &figma, held.clone(), Timestamp::UNIX_EPOCH);
            grant.state = GrantState::Active;
            grant.held = Some(held);
            let plan = plan(&person.id, &desired, &[grant], &company, Way::Give);
            let mut effects = plan.into_iter().map(|effect| json!(effect.entitlement));
            effects.next()
        };

        for plan in ["pro", "team"] {
            let held = json!({ "plan": plan, "role": "admin", "groups": ["all", "eng"] });
            assert_eq!(given(held), None);
        }
        assert_eq!(
            given(json!({ "plan": "free", "groups": ["eng"] })),
            Some(json!({ "plan": "team", "role": "member", "groups": ["all", "eng"] }))
        );
    }

    #[test]
    fn the_earliest_delivery_counts_whichever_policy_says_it() {
        let at = |deliver: &Value| json!({ "deliver": deliver });
        let check = |earlier: Value, later: Value| {
            for starts_on in [None, Some("2027-02-01"), Some("2020-02-01")] {
                for grants in [[at(&earlier), at(&later)], [at(&later), at(&earlier)]] {
                    let found = json!(due_on(&grants, starts_on).deliver);
                    assert_eq!(found, earlier, "{starts_on:?}: {grants:?}");
                }
            }
        };

        check(json!("now"), json!({ "before_start": "3d" }));
        check(
            json!({ "before_start": "3d" }),
            json!({ "before_start": "1d" }),
        );
        check(json!({ "before_start": "3d" }), json!("on_start"));
        check(
            json!({ "before_start": "3d", "at": "08:00" }),
            json!({ "before_start": "3d", "at": "09:00" }),
        );
        check(json!({ "on_start": true }), json!({ "after_start": "1d" }));
    }

    #[test]
    fn a_policy_without_an_approval_frees_nothing_that_another_one_guards() {
        let guarded = json!({ "approval": { "by": ["role:it"] } });
        let given = json!({ "approval": { "given_by": "chief@contoso.example" } });
        for free in [json!({}), given.clone()] {
            let it = json!([{ "by": ["role:it"] }]);
            assert_eq!(asked(&[guarded.clone(), free.clone()]), it);
            assert_eq!(asked(&[free, guarded.clone()]), it);
        }

        assert_eq!(
            asked(&[json!({}), given]),
            json!([]),
            "given for a sensitive application"
        );
        let owner = json!([{ "by": ["ops@contoso.example"] }]);
        assert_eq!(asked(&[json!({}), json!({})]), owner);
    }

    #[test]
    fn everybody_is_asked_whom_one_of_the_policies_names() {
        let by = |by: Value| json!({ "approval": { "by": by } });

        let both = asked(&[by(json!(["role:it"])), by(json!(["role:hr"]))]);

        assert_eq!(both, json!([{ "by": ["role:hr"] }, { "by": ["role:it"] }]));
        let same = asked(&[
            json!({ "approval": { "by": ["role:it", "role:hr"], "expires": "3d", "escalate_to": ["role:chief"] } }),
            json!({ "approval": { "by": ["role:hr", "role:it"], "expires": "48h" } }),
            by(json!(["role:it", "role:hr"])),
        ]);
        let one = json!([{ "by": ["role:hr", "role:it"], "expires": "48h", "escalate_to": ["role:chief"] }]);
        assert_eq!(same, one);
    }

    fn a_grant() -> impl Strategy<Value = Value> {
        let one_of = |all: Value| proptest::sample::select(all.as_array().unwrap().clone());
        let plan = one_of(json!([null, "free", "team", "pro", "odd", "old"]));
        let groups = one_of(json!([[], ["eng"], ["eng", "ops"], ["all"]]));
        let deliver = one_of(json!([
            "now", "on_start", { "before_start": "3d" }, { "before_start": "2wd", "at": "09:00" },
            { "after_start": "72h" }, { "before_start": "72h" }, { "on_start": true, "at": "00:00" },
        ]));
        let approval = one_of(json!([
            null, { "given_by": "chief" }, { "given_by": "board" }, { "by": ["role:it"] },
            { "by": ["role:it"], "expires": "2d" }, { "by": ["role:hr", "role:it"], "escalate_to": ["b", "a"] },
            { "by": ["role:it", "role:hr"], "expires": "2wd" }, { "by": ["role:it", "role:hr"], "expires": "48h" },
            { "by": ["role:hr", "role:it"], "escalate_to": ["c"] },
        ]));
        (plan, groups, deliver, approval).prop_map(|(plan, groups, deliver, approval)| {
            json!({ "plan": plan, "groups": groups, "deliver": deliver, "approval": approval })
        })
    }

    proptest! {
        #[test]
        fn the_order_of_policies_does_not_matter(
            (grants, shuffled) in proptest::collection::vec(a_grant(), 1..6)
                .prop_flat_map(|grants| (Just(grants.clone()), Just(grants).prop_shuffle())),
            starts_on in proptest::option::of(Just("2027-02-01")),
        ) {
            let united = |grants: &[Value]| {
                let due = due_on(grants, starts_on);
                (due.entitlement, due.deliver, due.approvals, due.approved_by)
            };

            prop_assert_eq!(united(&grants), united(&shuffled));
        }

        #[test]
        fn every_list_of_approvers_is_asked_and_no_other(grants in proptest::collection::vec(a_grant(), 1..6)) {
            let lists = |rules: Vec<ApprovalRule>| -> BTreeSet<BTreeSet<String>> {
                rules.into_iter().map(|rule| rule.by.into_iter().collect()).collect()
            };
            let rules = grants.iter().filter_map(|grant| serde_json::from_value::<ApprovalRule>(grant["approval"].clone()).ok());
            let rules: Vec<ApprovalRule> = rules.collect();
            let given = rules.iter().any(|rule| rule.given_by.is_some());
            let mut wanted = lists(rules.into_iter().filter(|rule| rule.given_by.is_none()).collect());
            if wanted.is_empty() && !given {
                wanted.insert(["ops@contoso.example".to_owned()].into());
            }
            let asked = due(&grants).approvals;

            prop_assert_eq!(asked.len(), wanted.len());
            prop_assert_eq!(lists(asked), wanted);
        }
    }
}
