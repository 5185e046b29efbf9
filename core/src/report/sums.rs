//! What is summed up while the rosters are walked over. Memory grows with people and applications, not with rosters.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Flag, Money, Seat};
use crate::app::Application;
use crate::ids::{AppSlug, PersonId};

/// How many seats a report lists; its sums count all of them.
const MOST_LISTED: usize = 1000;

/// Seats and money.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Line {
    /// How many.
    pub seats: u64,
    /// What they cost a month.
    pub monthly: Money,
}

impl Line {
    pub(super) fn add(&mut self, monthly: &Money) {
        self.seats = self.seats.saturating_add(1);
        self.monthly.join(monthly);
    }

    /// Adds another.
    pub fn join(&mut self, other: &Self) {
        self.seats = self.seats.saturating_add(other.seats);
        self.monthly.join(&other.monthly);
    }

    /// What it weighs: its money in the currency in which most of the total is spent; its seats where no price is known.
    #[must_use]
    pub fn weight(&self, total: &Money) -> u64 {
        let main = total.0.iter().max_by_key(|(_, amount)| **amount);
        match main {
            Some((currency, _)) => {
                let amount = self.monthly.0.get(currency).copied().unwrap_or(0);
                u64::try_from(amount).unwrap_or(0)
            }
            None => self.seats,
        }
    }
}

/// What people who left still hold.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Residue {
    /// Everything.
    pub total: Line,
    /// By application.
    pub by_app: BTreeMap<AppSlug, Line>,
    /// How many people.
    pub people: usize,
    /// The first seats.
    pub seats: Vec<Seat>,
    /// There are more seats than are listed.
    pub truncated: bool,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    who: BTreeSet<PersonId>,
}

impl Residue {
    /// Counts a seat, if whoever has it left.
    pub fn add(&mut self, seat: Seat) {
        let Some(person) = seat
            .person
            .as_ref()
            .filter(|_| seat.flags.contains(&Flag::HolderLeft))
        else {
            return;
        };
        self.who.insert(person.clone());
        self.people = self.who.len();
        self.total.add(&seat.monthly);
        self.by_app
            .entry(seat.app.clone())
            .or_default()
            .add(&seat.monthly);
        if self.seats.len() < MOST_LISTED {
            self.seats.push(seat);
        } else {
            self.truncated = true;
        }
    }

    /// Forgets who holds what; the sums stay.
    pub(super) fn trim(&mut self) {
        self.truncated = self.total.seats > 0;
        self.seats.clear();
        self.who.clear();
    }

    /// Who still holds something.
    pub fn leavers(&self) -> impl Iterator<Item = &PersonId> {
        self.who.iter()
    }
}

/// The use of one licence of one application.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Licence {
    /// How many were bought, if the application file says.
    pub bought: Option<u64>,
    /// How many are held.
    pub held: u64,
    /// Held and in use: by somebody who is here, seen lately as far as can be told.
    pub used: u64,
    /// Held by somebody of whom the application tells when they were there last.
    pub told: u64,
    /// By why a seat is noticed.
    pub noticed: BTreeMap<String, u64>,
    /// What those that are held cost a month.
    pub monthly: Money,
    /// How many could be had back.
    pub reclaimable: u64,
    /// What that would save a month.
    pub saving: Money,
}

/// How well licences are used.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Licences {
    /// By application and licence.
    pub by_license: BTreeMap<AppSlug, BTreeMap<String, Licence>>,
    /// How many could be had back.
    pub reclaimable: u64,
    /// What that would save a month.
    pub saving: Money,
    /// Who has a seat that can be used already, by application and licence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seen: BTreeMap<AppSlug, BTreeMap<String, BTreeSet<PersonId>>>,
}

impl Licences {
    /// Names what was bought, whether or not anybody holds it.
    pub fn bought(&mut self, app: &Application) {
        for plan in app.plans.iter().filter(|plan| plan.seats.is_some()) {
            let of_app = self.by_license.entry(app.app.clone()).or_default();
            of_app.entry(plan.id.clone()).or_default().bought = plan.seats;
        }
    }

    /// Counts the licences of a seat; a second seat of a person in an application is a duplicate, if both can be used.
    pub fn add(&mut self, mut seat: Seat, app: Option<&Application>) {
        let is_active = seat.is_active();
        for license in std::mem::take(&mut seat.licenses) {
            let name = license_name(app, &license);
            let mut flags = seat.flags.clone();
            if is_active
                && let Some(person) = &seat.person
                && !self.see(&seat.app, &name, person)
            {
                flags.push(Flag::Duplicate);
            }
            let mut monthly = Money::default();
            monthly.add(super::price_of(app, &license).as_ref());
            let of_app = self.by_license.entry(seat.app.clone()).or_default();
            let sum = of_app.entry(name).or_default();
            sum.held = sum.held.saturating_add(1);
            let is_told = seat.last_visit_at.is_some();
            sum.told = sum.told.saturating_add(u64::from(is_told));
            sum.monthly.join(&monthly);
            for flag in &flags {
                let count = sum.noticed.entry(flag.as_str().to_owned()).or_default();
                *count = count.saturating_add(1);
            }
            if flags.iter().any(|flag| flag.is_reclaimable()) {
                sum.reclaimable = sum.reclaimable.saturating_add(1);
                sum.saving.join(&monthly);
                self.reclaimable = self.reclaimable.saturating_add(1);
                self.saving.join(&monthly);
            } else if flags.is_empty() {
                sum.used = sum.used.saturating_add(1);
            }
        }
    }

    /// Is it the first seat that this person can use?
    fn see(&mut self, app: &AppSlug, license: &str, person: &PersonId) -> bool {
        let of_app = self.seen.entry(app.clone()).or_default();
        let seen = of_app.entry(license.to_owned()).or_default();
        seen.insert(person.clone())
    }

    /// Forgets who has a seat of all applications but these.
    pub(super) fn see_only(&mut self, apps: &BTreeSet<AppSlug>) {
        self.seen.retain(|app, _| apps.contains(app));
    }

    /// Keeps at most so many licences, those with the most to have back first; the sums stay.
    pub(super) fn trim(&mut self, most: usize) {
        self.seen.clear();
        let apps = self.by_license.iter();
        let mut all: Vec<(u64, u64, AppSlug, String)> = apps
            .flat_map(|(app, of_app)| {
                let one = move |(name, sum): (&String, &Licence)| {
                    (sum.reclaimable, sum.held, app.clone(), name.clone())
                };
                of_app.iter().map(one)
            })
            .collect();
        all.sort_by(|a, b| b.cmp(a));
        for (.., app, name) in all.iter().skip(most) {
            if let Some(of_app) = self.by_license.get_mut(app) {
                of_app.remove(name);
            }
        }
        self.by_license.retain(|_, of_app| !of_app.is_empty());
    }
}

/// A licence under the id of its plan, so that what was bought and what is held meet.
#[must_use]
pub fn license_name(app: Option<&Application>, license: &str) -> String {
    let plans = app.map(|app| app.plans.as_slice()).unwrap_or_default();
    let is = |plan: &&crate::app::Plan| {
        let name = plan.name.as_deref().unwrap_or_default();
        plan.id.eq_ignore_ascii_case(license) || name.eq_ignore_ascii_case(license)
    };
    match (plans.iter().find(is), plans) {
        (Some(plan), _) | (None, [plan]) => plan.id.clone(),
        (None, _) => license.to_owned(),
    }
}

/// What is spent, and for whom.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Spend {
    /// Everything.
    pub total: Line,
    /// By application.
    pub by_app: BTreeMap<AppSlug, Line>,
    /// By department; an empty name for those who have none.
    pub by_department: BTreeMap<String, Line>,
    /// By person.
    pub by_person: BTreeMap<PersonId, Line>,
    /// For people who are not told apart: those for whom less is spent, where only the first ones are kept.
    #[serde(default)]
    pub others: Line,
    /// For nobody who is known.
    pub unknown: Line,
}

impl Spend {
    /// Counts a seat.
    pub fn add(&mut self, seat: &Seat) {
        let monthly = &seat.monthly;
        self.total.add(monthly);
        self.by_app
            .entry(seat.app.clone())
            .or_default()
            .add(monthly);
        let Some(person) = &seat.person else {
            self.unknown.add(monthly);
            return;
        };
        let department = seat.department.clone().unwrap_or_default();
        self.by_department
            .entry(department)
            .or_default()
            .add(monthly);
        self.by_person
            .entry(person.clone())
            .or_default()
            .add(monthly);
    }

    /// Keeps at most so many people and departments, those for whom most is spent. What is spent for the others stays as
    /// a sum: for departments with that for people who have none.
    pub(super) fn trim(&mut self, most: usize) {
        let total = &self.total.monthly;
        for id in lightest(&self.by_person, total, most) {
            let line = self.by_person.remove(&id).unwrap_or_default();
            self.others.join(&line);
        }
        for name in lightest(&self.by_department, total, most) {
            let line = self.by_department.remove(&name).unwrap_or_default();
            self.by_department
                .entry(String::new())
                .or_default()
                .join(&line);
        }
    }
}

/// All but the heaviest lines, by their names.
fn lightest<K: Ord + Clone>(lines: &BTreeMap<K, Line>, total: &Money, most: usize) -> Vec<K> {
    let mut all: Vec<(u64, &K)> = lines
        .iter()
        .map(|(name, line)| (line.weight(total), name))
        .collect();
    all.sort_by(|a, b| b.cmp(a));
    let light = all.into_iter().skip(most);
    light.map(|(_, name)| name.clone()).collect()
}
