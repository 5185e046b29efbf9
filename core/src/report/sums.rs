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
}

/// What people who left still hold.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
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
    #[serde(skip)]
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

    /// Who still holds something.
    pub fn leavers(&self) -> impl Iterator<Item = &PersonId> {
        self.who.iter()
    }
}

/// The use of one licence of one application.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Licence {
    /// How many were bought, if the application file says.
    pub bought: Option<u64>,
    /// How many are held.
    pub held: u64,
    /// Held and in use: by somebody who is here, seen lately as far as can be told.
    pub used: u64,
    /// Held by somebody of whom the application tells when they were there last.
    #[serde(skip)]
    pub told: u64,
    /// By why a seat is noticed.
    pub noticed: BTreeMap<&'static str, u64>,
    /// What those that are held cost a month.
    pub monthly: Money,
    /// How many could be had back.
    pub reclaimable: u64,
    /// What that would save a month.
    pub saving: Money,
}

/// How well licences are used.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct Licences {
    /// By application and licence.
    pub by_license: BTreeMap<AppSlug, BTreeMap<String, Licence>>,
    /// How many could be had back.
    pub reclaimable: u64,
    /// What that would save a month.
    pub saving: Money,
    #[serde(skip)]
    seen: BTreeSet<(PersonId, AppSlug, String)>,
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
                && !self
                    .seen
                    .insert((person.clone(), seat.app.clone(), name.clone()))
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
                let count = sum.noticed.entry(flag.as_str()).or_default();
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
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct Spend {
    /// Everything.
    pub total: Line,
    /// By application.
    pub by_app: BTreeMap<AppSlug, Line>,
    /// By department; an empty name for those who have none.
    pub by_department: BTreeMap<String, Line>,
    /// By person.
    pub by_person: BTreeMap<PersonId, Line>,
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
}
