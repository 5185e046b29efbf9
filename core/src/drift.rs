//! Drift: access that a roster shows and nothing here explains, or that is gone there without anybody here having taken it
//! away (X3). Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::app::Application;
use crate::company::Company;
use crate::grant::{Entitlement, Grant, GrantState};
use crate::ids::{AppSlug, PersonId, RosterId};
use crate::person::Person;
use crate::roster::Face;

/// A user of a roster.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The application.
    pub app: AppSlug,
    /// Its roster.
    pub roster: RosterId,
    /// The account, for people.
    pub account: String,
    /// As the application shows it.
    pub face: Face,
    /// Under the address at work, or with the id that a grant keeps: where effects look for users.
    pub at_work: bool,
    /// The person's by a link alone: no effect finds such a user, unless a grant keeps its id.
    pub linked: bool,
    /// When the list was begun to be read.
    pub from: Timestamp,
    /// Since when it counts.
    pub at: Timestamp,
}

impl Seen {
    /// May the user use the application?
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.face.user.active && !self.face.deleted
    }

    /// The strongest plan of the application that the user has a licence of, by its id or name.
    #[must_use]
    pub fn plan(&self, app: Option<&Application>) -> Option<String> {
        let held = |plan: &&crate::app::Plan| {
            let mut names = std::iter::once(&plan.id).chain(&plan.name);
            names.any(|name| self.face.user.licenses.contains(name))
        };
        let strongest = app?.plans.iter().rev().find(held);
        strongest.map(|plan| plan.id.clone())
    }
}

/// A roster that is the truth of an application.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The application.
    pub app: AppSlug,
    /// The account, for people.
    pub account: String,
    /// When the list was begun to be read.
    pub from: Timestamp,
    /// Since when it counts.
    pub at: Timestamp,
}

impl Truth {
    /// What an account tells, if it is the one whose roster is its application's truth, and was read to its end.
    #[must_use]
    pub fn of(account: &Account, company: &Company) -> Option<Self> {
        let app = company.apps.get(&account.app);
        let read = app.and_then(|app| app.read.as_ref());
        let is_truth = read.is_none_or(|read| {
            read.definition == account.definition
                && read.account.eq_ignore_ascii_case(account.name.as_str())
        });
        let at = account
            .applied_at
            .filter(|_| is_truth && account.applied > 0)?;
        Some(Self {
            app: account.app.clone(),
            account: account.label(),
            from: account.applied_from.unwrap_or(at),
            at,
        })
    }
}

/// What is not as it was left here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Somebody gave it, and not through here.
    Unexplained,
    /// Somebody took it away, and not through here.
    Vanished,
    /// It is there, on another plan.
    OtherPlan,
}

/// Access in one application that is not as it was left here.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Drift {
    /// The application.
    pub app: AppSlug,
    /// The account whose roster shows it.
    pub account: String,
    /// What is not as it was.
    pub kind: DriftKind,
    /// The application's id of the user, if there is one.
    pub external_id: Option<String>,
    /// The plan that the roster shows, if it is a known one.
    pub plan: Option<String>,
    /// The user is one that effects find: under the address at work, or by the id that was kept.
    #[serde(default)]
    pub at_work: bool,
    /// When the roster was read.
    pub seen_at: Timestamp,
    /// For people.
    pub why: String,
}

impl Drift {
    fn of(seen: &Seen, kind: DriftKind, plan: Option<String>, why: String) -> Self {
        Self {
            app: seen.app.clone(),
            account: seen.account.clone(),
            kind,
            external_id: Some(seen.face.user.external_id.clone()),
            plan,
            at_work: seen.at_work,
            seen_at: seen.at,
            why,
        }
    }

    /// Can it be corrected from here? What effects would not find is only shown: it would be called taken away and stay.
    #[must_use]
    pub fn is_correctable(&self) -> bool {
        self.kind != DriftKind::Unexplained || self.at_work
    }

    /// The grant as the roster shows it: what is due, and what is there, can be compared again.
    #[must_use]
    pub fn as_seen(&self, grant: Option<&Grant>, person: &PersonId, now: Timestamp) -> Grant {
        let held = Entitlement {
            plan: self.plan.clone(),
            ..Entitlement::default()
        };
        let new = || Grant::desired(person, &self.app, held.clone(), now);
        let mut grant = grant.cloned().unwrap_or_else(new);
        match self.kind {
            DriftKind::Unexplained => {
                grant.held = Some(held);
                grant.state = GrantState::Active;
                grant.from_roster = true;
            }
            DriftKind::OtherPlan => {
                if let Some(held) = &mut grant.held {
                    held.plan.clone_from(&self.plan);
                }
            }
            DriftKind::Vanished => {
                grant.held = None;
                grant.state = GrantState::Revoked;
                grant.creation_intended = false;
                grant.external_id = None;
                grant.approval = None;
            }
        }
        grant.reason = Some(format!("as the roster of {} shows it", self.account));
        grant.changed_at = now;
        grant
    }
}

/// Takes out of it what somebody who was here already has (L30), as far as effects would find it: it is held, and nobody
/// here gave it. From the moment they are applied or leave it is a grant.
#[must_use]
pub fn take_held(drifts: &mut Vec<Drift>, person: &Person) -> Vec<Drift> {
    let is_left_alone = person.baselined && person.state.may_receive();
    let is_held = |drift: &Drift| {
        is_left_alone && drift.kind == DriftKind::Unexplained && drift.is_correctable()
    };
    let (held, rest) = std::mem::take(drifts).into_iter().partition(is_held);
    *drifts = rest;
    held
}

/// The grants, with what the rosters show in the place of what is known.
#[must_use]
pub fn with_seen(
    mut grants: Vec<Grant>,
    drifts: &[Drift],
    person: &PersonId,
    now: Timestamp,
) -> Vec<Grant> {
    for drift in drifts {
        let known = grants.iter().position(|grant| grant.app == drift.app);
        let known = known.map(|place| grants.remove(place));
        grants.push(drift.as_seen(known.as_ref(), person, now));
    }
    grants
}

/// Where the rosters contradict the grants of one person. What changed here after a list was begun to be read need not be
/// in it, and is no drift.
#[must_use]
pub fn drift(grants: &[Grant], seen: &[Seen], truths: &[Truth], company: &Company) -> Vec<Drift> {
    let held = grants.iter().filter(|grant| {
        grant.state == GrantState::Active && grant.held.is_some() && grant.change.is_none()
    });
    let contradicted = held.filter_map(|grant| contradicted(grant, seen, truths, company));
    let unexplained = unexplained(grants, seen, truths, company);
    contradicted.chain(unexplained).collect()
}

fn contradicted(
    grant: &Grant,
    seen: &[Seen],
    truths: &[Truth],
    company: &Company,
) -> Option<Drift> {
    let of_app = truths.iter().filter(|truth| truth.app == grant.app);
    let of_app: Vec<&Truth> = of_app.collect();
    let truth = of_app.first()?;
    if of_app.iter().any(|truth| truth.from <= grant.changed_at) {
        return None;
    }
    let is_of = |seen: &&Seen| of_app.iter().any(|truth| truth.account == seen.account);
    let mut of_it = seen.iter().filter(is_of);
    let is_known = grant.external_id.is_some() || of_it.any(|seen| !seen.linked);
    // A user by a link alone says nothing where the one of the grant is known.
    let says = |seen: &&Seen| is_of(seen) && !(seen.linked && is_known);
    let shown = || seen.iter().filter(says);
    let app = company.apps.get(&grant.app);
    if let Some(active) = shown().find(|seen| seen.is_active()) {
        let wanted = grant.held.as_ref()?.plan.as_ref()?;
        let plan = active.plan(app)?;
        let why = format!("the plan is {plan} there, and {wanted} was given");
        return (plan != *wanted).then(|| Drift::of(active, DriftKind::OtherPlan, Some(plan), why));
    }
    if let Some(inactive) = shown().next() {
        let why = "the user is not active there any more".to_owned();
        return Some(Drift::of(inactive, DriftKind::Vanished, None, why));
    }
    Some(Drift {
        app: grant.app.clone(),
        account: truth.account.clone(),
        kind: DriftKind::Vanished,
        external_id: None,
        plan: None,
        at_work: false,
        seen_at: truth.at,
        why: "the user is not there any more".to_owned(),
    })
}

fn unexplained(grants: &[Grant], seen: &[Seen], truths: &[Truth], company: &Company) -> Vec<Drift> {
    let mut found: Vec<Drift> = Vec::new();
    for seen in seen.iter().filter(|seen| seen.is_active()) {
        let counts = truths.iter().any(|truth| truth.account == seen.account);
        let twice = found.iter().any(|known| known.app == seen.app);
        let grant = grants.iter().find(|grant| grant.app == seen.app);
        if counts && !twice && !grant.is_some_and(|grant| explains(grant, seen)) {
            let plan = seen.plan(company.apps.get(&seen.app));
            let why = "nobody here gave it".to_owned();
            found.push(Drift::of(seen, DriftKind::Unexplained, plan, why));
        }
    }
    found
}

/// Is the user there because of this grant, or was it taken away since the list was read?
fn explains(grant: &Grant, seen: &Seen) -> bool {
    match grant.state {
        GrantState::Active | GrantState::Pending | GrantState::Revoking => true,
        GrantState::Revoked if grant.change.is_none() => grant.changed_at >= seen.from,
        GrantState::Desired | GrantState::Failed | GrantState::Revoked => grant.may_be_held(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{ConfigItem, ConfigKind};
    use crate::ids::{ExternalId, Slug};

    fn at(day: u8) -> Timestamp {
        format!("2027-01-{day:02}T08:00:00Z").parse().unwrap()
    }

    fn figma() -> AppSlug {
        Slug::parse("figma").unwrap()
    }

    fn grant(state: GrantState, plan: &str, changed: u8) -> Grant {
        let wanted = Entitlement {
            plan: Some(plan.to_owned()),
            ..Entitlement::default()
        };
        let person = PersonId::derived(&["ada"]);
        let held = (state == GrantState::Active).then(|| wanted.clone());
        Grant {
            state,
            held,
            changed_at: at(changed),
            ..Grant::desired(&person, &figma(), wanted, at(changed))
        }
    }

    fn user(active: bool, license: &str) -> Seen {
        let user = json!({ "external_id": "7", "email": null, "username": null, "full_name": null, "role": null,
            "created_at": null, "last_visit_at": null, "active": active, "status": null, "licenses": [license],
            "custom_fields": {} });
        let face = json!({ "user": user, "sync": 1, "at": at(10) });
        Seen {
            app: figma(),
            roster: RosterId::derived(&["figma"]),
            account: "figma/prod".to_owned(),
            face: serde_json::from_value(face).unwrap(),
            at_work: true,
            linked: false,
            from: at(10),
            at: at(10),
        }
    }

    fn found(grants: &[Grant], seen: &[Seen]) -> Vec<(DriftKind, Option<String>)> {
        let truth = Truth {
            app: figma(),
            account: "figma/prod".to_owned(),
            from: at(10),
            at: at(10),
        };
        let plans = json!([{ "id": "free" }, { "id": "pro", "name": "Professional" }]);
        let app = ConfigItem {
            kind: ConfigKind::App,
            id: figma(),
            file: json!({ "app": "figma", "plans": plans }),
            changed_at: at(1),
        };
        let company = Company::load(&[app]).unwrap();
        let drift = drift(grants, seen, &[truth], &company);
        drift.into_iter().map(|one| (one.kind, one.plan)).collect()
    }

    #[test]
    fn what_was_given_and_is_not_there_has_vanished() {
        let active = [grant(GrantState::Active, "pro", 1)];

        assert_eq!(found(&active, &[]), [(DriftKind::Vanished, None)]);
        let inactive = [user(false, "pro")];
        assert_eq!(found(&active, &inactive), [(DriftKind::Vanished, None)]);
        assert_eq!(found(&active, &[user(true, "Professional")]), []);
    }

    #[test]
    fn a_linked_user_says_nothing_where_the_one_of_the_grant_is_known() {
        let linked = || Seen {
            linked: true,
            at_work: false,
            ..user(true, "free")
        };
        let pro = grant(GrantState::Active, "pro", 1);
        let kept = [Grant {
            external_id: Some(ExternalId::try_from("1".to_owned()).unwrap()),
            ..pro.clone()
        }];
        let without = [pro];

        let vanished = [(DriftKind::Vanished, None)];
        assert_eq!(found(&kept, &[linked()]), vanished);
        let both = [linked(), user(false, "pro")];
        assert_eq!(found(&without, &both), vanished);
        let free = [(DriftKind::OtherPlan, Some("free".to_owned()))];
        assert_eq!(found(&without, &[linked()]), free, "nothing else is known");
    }

    #[test]
    fn what_changed_since_the_list_was_begun_is_no_drift() {
        assert_eq!(found(&[grant(GrantState::Active, "pro", 11)], &[]), []);
        let taken = [grant(GrantState::Revoked, "pro", 11)];
        assert_eq!(found(&taken, &[user(true, "pro")]), []);
        let taken = [grant(GrantState::Revoked, "pro", 9)];
        let pro = Some("pro".to_owned());
        let expect = [(DriftKind::Unexplained, pro)];
        assert_eq!(found(&taken, &[user(true, "pro")]), expect);
    }

    #[test]
    fn another_plan_is_drift_and_an_unknown_one_proves_nothing() {
        let active = [grant(GrantState::Active, "pro", 1)];

        let free = [(DriftKind::OtherPlan, Some("free".to_owned()))];
        assert_eq!(found(&active, &[user(true, "free")]), free);
        assert_eq!(found(&active, &[user(true, "legacy")]), []);
    }

    #[test]
    fn what_nobody_gave_is_unexplained_while_nothing_of_ours_is_on_its_way() {
        let expect = [(DriftKind::Unexplained, None)];
        assert_eq!(found(&[], &[user(true, "legacy")]), expect);
        let pending = [grant(GrantState::Pending, "pro", 1)];
        assert_eq!(found(&pending, &[user(true, "pro")]), []);
    }
}
