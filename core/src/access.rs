//! Access is a function: what a person is due follows from attributes and policies; the difference to what they have
//! is the plan. Joiner, mover and leaver are the same computation with different inputs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
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
    /// Who has to say yes first.
    pub approval: Option<ApprovalRule>,
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
                Truth::True => desired.unite(slug, grant, company.apps.get(&grant.app)),
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
    for due in desired.due.values_mut() {
        due.guard(company.apps.get(&due.app));
    }
    desired
}

impl Due {
    /// What no policy says, and they keep.
    fn kept(app: &AppSlug, entitlement: &Entitlement) -> Self {
        Self {
            app: app.clone(),
            entitlement: entitlement.clone(),
            policies: Vec::new(),
            deliver: Delivery::Now,
            approval: None,
            approved_by: None,
        }
    }

    /// A sensitive application needs an approval unless a policy says who already gave it.
    fn guard(&mut self, app: Option<&Application>) {
        let high = app.filter(|app| app.sensitivity == Sensitivity::High);
        if let Some(app) = high
            && self.approval.is_none()
            && self.approved_by.is_none()
        {
            let by = app.owner.clone().unwrap_or_else(|| "role:admin".to_owned());
            self.approval = Some(ApprovalRule {
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
            approval: self.approval.clone(),
        }
    }
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

    /// Several policies unite: the strongest plan by the order in `plans`, all groups, the first role.
    fn unite(&mut self, policy: &Slug, grant: &PolicyGrant, app: Option<&Application>) {
        let rule = grant.approval.clone();
        let approved_by = rule.as_ref().and_then(|rule| rule.given_by.clone());
        let approval = rule.filter(|rule| rule.given_by.is_none());
        let Some(due) = self.due.get_mut(&grant.app) else {
            let entitlement = Entitlement {
                plan: grant.plan.clone(),
                role: grant.role.clone(),
                groups: grant.groups.clone(),
            };
            let due = Due {
                app: grant.app.clone(),
                entitlement,
                policies: vec![policy.clone()],
                deliver: grant.deliver.clone(),
                approval,
                approved_by,
            };
            self.due.insert(grant.app.clone(), due);
            return;
        };
        due.policies.push(policy.clone());
        due.entitlement.groups.extend(grant.groups.iter().cloned());
        due.entitlement.role = due.entitlement.role.take().or_else(|| grant.role.clone());
        let strength = |plan: &Option<String>| {
            plan.as_ref().map(|plan| {
                app.and_then(|app| app.strength(plan))
                    .map_or(0, |place| place.saturating_add(1))
            })
        };
        if strength(&grant.plan) > strength(&due.entitlement.plan) {
            due.entitlement.plan.clone_from(&grant.plan);
        }
        if grant.deliver == Delivery::Now {
            due.deliver = Delivery::Now;
        }
        due.approval = due.approval.take().or(approval);
        due.approved_by = due.approved_by.take().or(approved_by);
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
    pub approval: Option<ApprovalRule>,
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
        Way::Give => given(person, desired, grants),
        Way::Take => taken(desired, grants, company),
    }
}

fn given(person: &PersonId, desired: &Desired, grants: &[Grant]) -> Vec<PlannedEffect> {
    let lacking = |due: &Due| {
        let grant = grants.iter().find(|grant| grant.app == due.app);
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
    desired.due.values().filter_map(lacking).collect()
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
            approval: None,
        })
        .collect()
}
