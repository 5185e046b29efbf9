//! What changed files would do: whose access differs, how, and what that costs. Computing it changes nothing.

mod rosters;

pub use rosters::{ByRosters, Shown, UserThere, shown};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::access::{Desired, desired, takes_part};
use crate::app::{Money, Price};
use crate::company::Company;
use crate::condition::{Missing, Truth};
use crate::config::{ConfigItem, ConfigKind};
use crate::grant::{Entitlement, Grant};
use crate::ids::{AppSlug, PersonId, Slug};
use crate::mistake::Mistake;
use crate::person::Person;
use crate::policy::PolicyGrant;
use crate::settings::Settings;
use crate::store::as_json;

/// How many differences a plan lists; its totals count all of them.
pub const MOST_LISTED: usize = 500;

/// A file that is to be put, or deleted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// Of which kind.
    pub kind: ConfigKind,
    /// Under which name.
    pub id: Slug,
    /// The file; none deletes it.
    #[serde(default)]
    pub file: Option<Value>,
}

/// The company as it would be with these changes.
///
/// # Errors
/// All mistakes of the changed files, under `changes[n]`. Files that are stored and cannot be used are left out.
pub fn changed(
    stored: &[ConfigItem],
    changes: &[FileChange],
    now: Timestamp,
) -> Result<Company, Vec<Mistake>> {
    let mut company = Company::empty()?;
    let is_changed = |item: &ConfigItem| {
        changes
            .iter()
            .any(|change| change.kind == item.kind && change.id == item.id)
    };
    for item in stored.iter().filter(|item| !is_changed(item)) {
        let _ = company.take(item);
    }
    let mut mistakes = Vec::new();
    for (place, change) in changes.iter().enumerate() {
        let Some(file) = &change.file else { continue };
        let item = ConfigItem {
            kind: change.kind,
            id: change.id.clone(),
            file: file.clone(),
            changed_at: now,
        };
        if let Err(more) = company.take(&item) {
            let at = format!("changes[{place}].file");
            mistakes.extend(more.into_iter().map(|mistake| mistake.under(&at)));
        }
    }
    if mistakes.is_empty() {
        Ok(company)
    } else {
        Err(mistakes)
    }
}

/// Which way somebody's access differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Due then, not now.
    Gains,
    /// Due now and then, with another plan, role or groups.
    Changes,
    /// Due now, not then.
    Loses,
}

/// How one person's access to one application differs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// Whose.
    pub person: PersonId,
    /// Where.
    pub app: AppSlug,
    /// Which way.
    pub turn: Turn,
    /// It changes, and something of what is due now is not due then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub less: bool,
    /// What is due as things stand.
    pub before: Option<Entitlement>,
    /// What would be due.
    pub after: Option<Entitlement>,
    /// The policies that would say so.
    pub policies: Vec<Slug>,
    /// What it costs more a month, in the smallest unit, by currency.
    pub monthly: Money,
    /// What the roster of the application shows of the person; none where nobody looked, and where no roster tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// Can it be that a person's access differs? Not where only policies change, and none of them is about this person, before or
/// after: that is so of most people, and quickly told.
#[must_use]
pub fn may_differ(
    person: &Person,
    changes: &[FileChange],
    now: &Company,
    then: &Company,
    at: Timestamp,
) -> bool {
    let mut changes = changes.iter();
    if changes
        .clone()
        .any(|change| change.kind != ConfigKind::Policy)
    {
        return true;
    }
    let input = person.for_conditions();
    let says = |company: &Company, id: &Slug| {
        company.policies.get(id).is_some_and(|policy| {
            let of_policy = policy.when.truth(&input, Missing::IsUnknown, at);
            let of = |grant: &PolicyGrant| grant.when.truth(&input, Missing::IsUnknown, at);
            let mut all = policy.grants.iter().map(|grant| of_policy.and(of(grant)));
            all.any(|truth| truth != Truth::False)
        })
    };
    changes.any(|change| says(now, &change.id) || says(then, &change.id))
}

/// What a person is due by two companies.
#[derive(Clone, PartialEq, Debug)]
pub struct Dues {
    now: Desired,
    then: Desired,
}

impl Dues {
    /// What this person is due.
    #[must_use]
    pub fn of(person: &Person, now: &Company, then: &Company, at: Timestamp) -> Self {
        Self {
            now: desired(person, now, at),
            then: desired(person, then, at),
        }
    }

    /// Is there something that nobody can tell, so that what is held decides? Otherwise grants need not be read.
    #[must_use]
    pub fn rest_on_grants(&self) -> bool {
        !self.now.unknown.is_empty() || !self.then.unknown.is_empty()
    }
}

/// Everything in which a person's access differs between two companies.
#[must_use]
pub fn differences(
    person: &Person,
    dues: &Dues,
    grants: &[Grant],
    now: &Company,
    then: &Company,
) -> Vec<Difference> {
    let (due_now, due_then) = (&dues.now, &dues.then);
    let apps: BTreeSet<&AppSlug> = [due_now, due_then]
        .into_iter()
        .flat_map(|desired| desired.due.keys().chain(&desired.unknown))
        .collect();
    let differs = |app: &AppSlug| {
        let before = has(due_now, grants, now, app);
        let after = has(due_then, grants, then, app);
        let turn = match (&before, &after) {
            (None, None) => return None,
            (None, Some(_)) => Turn::Gains,
            (Some(_), None) => Turn::Loses,
            (Some(before), Some(after)) if before == after => return None,
            (Some(_), Some(_)) => Turn::Changes,
        };
        let both = before.as_ref().zip(after.as_ref());
        let less =
            both.is_some_and(|(before, after)| takes_part(before, after, then.apps.get(app)));
        let mut monthly = Money::default();
        monthly.add(price_of(then, app, after.as_ref()));
        monthly.take(price_of(now, app, before.as_ref()));
        monthly.0.retain(|_, amount| *amount != 0);
        let policies = due_then.due.get(app).map(|due| due.policies.clone());
        Some(Difference {
            person: person.id.clone(),
            app: app.clone(),
            turn,
            less,
            before,
            after,
            policies: policies.unwrap_or_default(),
            monthly,
            shown: None,
        })
    };
    apps.into_iter().filter_map(differs).collect()
}

/// What a person has in the end: what is due, and what nobody can tell stays as it is.
fn has(
    desired: &Desired,
    grants: &[Grant],
    company: &Company,
    app: &AppSlug,
) -> Option<Entitlement> {
    let grant = grants.iter().find(|grant| grant.app == *app);
    if let Some(due) = desired.due_to(app, grant, company) {
        return Some(due.entitlement);
    }
    let held = grant?.held.clone();
    held.filter(|_| desired.unknown.contains(app))
}

fn price_of<'a>(
    company: &'a Company,
    app: &AppSlug,
    entitlement: Option<&Entitlement>,
) -> Option<&'a Price> {
    let plan = entitlement?.plan.as_ref()?;
    let plans = &company.apps.get(app)?.plans;
    plans.iter().find(|one| one.id == *plan)?.price.as_ref()
}

/// How many differences there are, by their turn.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Turns {
    /// Gained.
    pub gains: u64,
    /// Changed.
    pub changes: u64,
    /// Lost.
    pub losses: u64,
}

impl Turns {
    fn count(&mut self, turn: Turn) {
        let number = match turn {
            Turn::Gains => &mut self.gains,
            Turn::Changes => &mut self.changes,
            Turn::Loses => &mut self.losses,
        };
        *number = number.saturating_add(1);
    }

    /// All of them.
    #[must_use]
    pub fn sum(&self) -> u64 {
        let some = self.gains.saturating_add(self.changes);
        some.saturating_add(self.losses)
    }
}

/// From how many people a change may take access away before a human looks first (L9).
///
/// Either is enough to be held: more people than `people`, or a larger share of all people than `percent`. So in a company of
/// 20,000 the sixth person is one too many although two percent were 400, and in one of 100 the third. One person alone is
/// never too large a share: of 40 people two percent are less than one, and a single mover is everyday work. Both numbers
/// are settings; all people are those whom a plan looks at, who may have anything and are not only baselined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cap {
    /// So many people may.
    pub people: u32,
    /// So many in a hundred may.
    pub percent: u32,
}

impl Default for Cap {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}

impl Cap {
    /// As the settings have it.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            people: settings.movers_per_hour,
            percent: settings.movers_percent,
        }
    }

    /// Are so many too many, of so many?
    #[must_use]
    pub fn is_over(self, losing: u64, of: u64) -> bool {
        let share = u128::from(losing).saturating_mul(100);
        let most = u128::from(of).saturating_mul(u128::from(self.percent));
        losing > u64::from(self.people) || losing > 1 && share > most
    }

    /// Of so many people, and of more, the share is never too large before the number is: who counts them may stop there.
    #[must_use]
    pub fn enough(self) -> u64 {
        let people = u64::from(self.people).saturating_mul(100);
        people.div_ceil(u64::from(self.percent.max(1)))
    }
}

/// The differences of many people, added up.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Impact {
    /// How many people were looked at.
    pub people: u64,
    /// How many of them something differs for.
    pub affected: u64,
    /// How many of them lose something.
    pub losing: u64,
    /// All differences.
    pub all: Turns,
    /// By application.
    pub by_app: BTreeMap<AppSlug, Turns>,
    /// What it costs more a month, in the smallest unit, by currency.
    pub monthly: Money,
    /// The first differences.
    pub listed: Vec<Difference>,
    /// Over all differences, in order. What rosters show is no part of it: the same would be done tomorrow.
    pub digest: String,
    /// What the rosters show of the first ones.
    #[serde(default)]
    pub by_rosters: ByRosters,
    /// From how many something may be taken without a second look.
    #[serde(default)]
    pub cap: Cap,
}

impl Impact {
    /// Adds what differs for one person.
    pub fn add(&mut self, differences: Vec<Difference>) {
        self.people = self.people.saturating_add(1);
        if differences.is_empty() {
            return;
        }
        self.affected = self.affected.saturating_add(1);
        let loses = |one: &Difference| one.turn == Turn::Loses || one.less;
        if differences.iter().any(loses) {
            self.losing = self.losing.saturating_add(1);
        }
        for difference in differences {
            self.all.count(difference.turn);
            let of_app = self.by_app.entry(difference.app.clone()).or_default();
            of_app.count(difference.turn);
            self.monthly.join(&difference.monthly);
            let text = as_json(&difference);
            let hash = Sha256::new()
                .chain_update(self.digest.as_bytes())
                .chain_update(text.as_bytes());
            self.digest = hex::encode(hash.finalize());
            if self.listed.len() < MOST_LISTED {
                self.listed.push(difference);
            }
        }
    }

    /// Does it take something from so many that it will be held (L9)?
    #[must_use]
    pub fn is_over_cap(&self) -> bool {
        self.cap.is_over(self.losing, self.people)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::a_person;

    fn change(kind: ConfigKind, id: &str, file: Value) -> FileChange {
        FileChange {
            kind,
            id: Slug::parse(id).unwrap(),
            file: Some(file),
        }
    }

    fn company(changes: &[FileChange]) -> Company {
        changed(&[], changes, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn figma() -> FileChange {
        let price = |amount: i64, per: &str| json!({ "amount_minor": amount, "currency": "USD", "per": per });
        let plans = json!([
            { "id": "basic", "price": price(6000, "year") },
            { "id": "pro", "price": price(1500, "month") },
        ]);
        change(
            ConfigKind::App,
            "figma",
            json!({ "app": "figma", "plans": plans }),
        )
    }

    fn policy(department: &str, plan: &str) -> FileChange {
        let file = json!({
            "policy": "design",
            "when": [{ "path": "department", "op": "is", "value": department }],
            "grants": [{ "app": "figma", "plan": plan }],
        });
        change(ConfigKind::Policy, "design", file)
    }

    fn between(now: &Company, then: &Company, person: &Person) -> Vec<Difference> {
        let dues = Dues::of(person, now, then, Timestamp::UNIX_EPOCH);
        differences(person, &dues, &[], now, then)
    }

    #[test]
    fn what_is_gained_changed_and_lost_has_its_price() {
        let none = company(&[figma()]);
        let basic = company(&[figma(), policy("Engineering", "basic")]);
        let pro = company(&[figma(), policy("Engineering", "pro")]);
        let person = a_person().build();
        let check = |now: &Company, then: &Company, turn: Turn, cents: i64| {
            let found = between(now, then, &person);
            let [difference] = found.as_slice() else {
                panic!("one difference, not {found:?}");
            };
            assert_eq!(difference.turn, turn);
            assert_eq!(difference.monthly.0["USD"], cents, "{turn:?}");
        };

        check(&none, &basic, Turn::Gains, 500);
        check(&basic, &pro, Turn::Changes, 1000);
        check(&pro, &none, Turn::Loses, -1500);
        assert_eq!(between(&pro, &pro, &person), []);
    }

    #[test]
    fn what_nobody_can_tell_is_no_loss() {
        let certain = company(&[figma(), policy("Engineering", "pro")]);
        let file = json!({
            "policy": "design",
            "when": [{ "path": "floor", "op": "is", "value": "3" }],
            "grants": [{ "app": "figma", "plan": "pro" }],
        });
        let unknown = company(&[figma(), change(ConfigKind::Policy, "design", file)]);
        let person = a_person().build();
        let mut held = Grant::desired(
            &person.id,
            &Slug::parse("figma").unwrap(),
            Entitlement::default(),
            Timestamp::UNIX_EPOCH,
        );
        held.held = Some(Entitlement {
            plan: Some("pro".to_owned()),
            ..Entitlement::default()
        });

        let dues = Dues::of(&person, &certain, &unknown, Timestamp::UNIX_EPOCH);
        let found = differences(&person, &dues, &[held], &certain, &unknown);

        assert!(dues.rest_on_grants());
        assert_eq!(found, []);
    }

    #[test]
    fn nor_is_it_one_where_less_is_due_for_certain() {
        let everybody = json!({ "policy": "all", "grants": [{ "app": "figma", "plan": "basic" }] });
        let everybody = change(ConfigKind::Policy, "all", everybody);
        let file = json!({
            "policy": "design",
            "when": [{ "path": "floor", "op": "is", "value": "3" }],
            "grants": [{ "app": "figma", "plan": "pro" }],
        });
        let design = change(ConfigKind::Policy, "design", file);
        let certain = company(&[figma(), everybody.clone(), policy("Engineering", "pro")]);
        let unknown = company(&[figma(), everybody, design]);
        let person = a_person().build();
        let pro = Entitlement {
            plan: Some("pro".to_owned()),
            ..Entitlement::default()
        };
        let figma = Slug::parse("figma").unwrap();
        let mut grant = Grant::desired(&person.id, &figma, pro.clone(), Timestamp::UNIX_EPOCH);
        grant.held = Some(pro);

        let dues = Dues::of(&person, &certain, &unknown, Timestamp::UNIX_EPOCH);
        let found = differences(&person, &dues, &[grant], &certain, &unknown);

        assert_eq!(found, []);
    }

    #[test]
    fn whoever_no_changed_policy_is_about_keeps_what_they_have() {
        let person = a_person().build();
        let files = |department: &str, plan: &str| [figma(), policy(department, plan)];
        let check =
            |before: &[FileChange], after: &[FileChange], changes: &[FileChange], expect| {
                let (now, then) = (company(before), company(after));
                let may = may_differ(&person, changes, &now, &then, Timestamp::UNIX_EPOCH);
                let differs = !between(&now, &then, &person).is_empty();
                assert_eq!((may, differs), expect, "{changes:?}");
            };
        let engineers = files("Engineering", "basic");
        let better = files("Engineering", "pro");
        let others = files("Sales", "pro");
        let none = [figma()];

        check(&engineers, &better, &better[1..], (true, true));
        check(&engineers, &others, &others[1..], (true, true));
        check(&others, &engineers, &engineers[1..], (true, true));
        check(&others, &none, &others[1..], (false, false));
        check(&engineers, &none, &better[1..], (true, true));
        check(&engineers, &engineers, &engineers[..1], (true, false));
    }

    #[test]
    fn every_mistake_of_every_file_is_told_with_its_place() {
        let wrong = change(ConfigKind::Policy, "design", json!({ "policy": "other" }));
        let mistakes = changed(&[], &[figma(), wrong], Timestamp::UNIX_EPOCH).unwrap_err();

        assert!(
            mistakes[0].path.starts_with("changes[1].file"),
            "{mistakes:?}"
        );
    }

    #[test]
    fn a_loss_for_many_is_over_the_cap() {
        let now = company(&[figma(), policy("Engineering", "pro")]);
        let then = company(&[figma()]);
        let losses = between(&now, &then, &a_person().build());
        let check = |losing: u64, of: u64, expect: bool| {
            let mut impact = Impact::default();
            (0..losing).for_each(|_| impact.add(losses.clone()));
            (losing..of).for_each(|_| impact.add(Vec::new()));
            assert_eq!(impact.is_over_cap(), expect, "{losing} of {of}");
        };

        check(0, 10, false);
        check(1, 10, false);
        check(2, 10, true);
        check(2, 100, false);
        check(3, 100, true);
        check(5, 1000, false);
        check(6, 1000, true);
    }

    #[test]
    fn a_weaker_plan_is_a_loss_and_a_stronger_one_is_none() {
        let basic = company(&[figma(), policy("Engineering", "basic")]);
        let pro = company(&[figma(), policy("Engineering", "pro")]);
        let losing = |now: &Company, then: &Company| {
            let mut impact = Impact::default();
            impact.add(between(now, then, &a_person().build()));
            (impact.all.changes, impact.losing)
        };

        assert_eq!(losing(&pro, &basic), (1, 1));
        assert_eq!(losing(&basic, &pro), (1, 0));
    }

    #[test]
    fn more_than_a_few_people_or_a_larger_share_are_too_many() {
        let check = |people: u32, percent: u32, losing: u64, of: u64, expect: bool| {
            let cap = Cap { people, percent };
            assert_eq!(cap.is_over(losing, of), expect, "{losing} of {of}: {cap:?}");
        };

        check(5, 2, 1, 40, false);
        check(5, 2, 2, 40, true);
        check(5, 2, 5, 249, true);
        check(5, 2, 5, 250, false);
        check(5, 2, 6, 20_000, true);
        check(5, 2, 400, 20_000, true);
        check(500, 2, 400, 20_000, false);
        check(500, 2, 401, 20_000, true);
        check(5, 100, 5, 5, false);
        check(5, 100, 6, 6, true);
        check(5, 0, 1, 1000, false);
        check(5, 0, 2, 1000, true);
        check(0, 2, 1, 1000, true);
    }

    #[test]
    fn who_counts_people_may_stop_where_only_the_number_decides() {
        for (people, percent, enough) in [(5, 2, 250), (5, 100, 5), (7, 3, 234), (0, 2, 0)] {
            let cap = Cap { people, percent };
            assert_eq!(cap.enough(), enough);
            assert!(!cap.is_over(u64::from(people), enough), "{cap:?}");
            let fewer = enough.saturating_sub(1);
            assert_eq!(cap.is_over(u64::from(people), fewer), people > 1, "{cap:?}");
        }
    }
}
