//! How many seats will be needed, week by week (X10): what rosters show, what is due to those who arrive, and what those
//! who leave give back. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::slice::Iter;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::{Line, Money, Seat, license_name};
use crate::access::desired;
use crate::app::{Application, Plan};
use crate::company::Company;
use crate::ids::{AppSlug, PersonId};
use crate::person::{Lifecycle, Person};
use crate::tally::day_of;

/// How many weeks are looked ahead, unless somebody asks for others.
pub const WEEKS: usize = 12;
/// How many may be asked for.
pub const MOST_WEEKS: usize = 52;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Who is here for longer has what is delivered after the first day, or a human knows why not.
const NEW_DAYS: i64 = 92;
/// How many departments and roles are told apart in a week of a forecast that is kept.
const MOST_MOVERS: usize = 12;

/// A plan of an application, by its id.
type Which = (AppSlug, String);

/// How many of which; as pairs where it is written, since a key of JSON is one text.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<(Which, u64)>", into = "Vec<(Which, u64)>")]
struct Counts(BTreeMap<Which, u64>);

impl From<Vec<(Which, u64)>> for Counts {
    fn from(pairs: Vec<(Which, u64)>) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl From<Counts> for Vec<(Which, u64)> {
    fn from(counts: Counts) -> Self {
        counts.0.into_iter().collect()
    }
}

impl Counts {
    fn bump(&mut self, which: Which) {
        let count = self.0.entry(which).or_default();
        *count = count.saturating_add(1);
    }
}

/// Does this person take or give back seats in the time ahead?
#[must_use]
pub fn is_moving(person: &Person, now: Timestamp) -> bool {
    let since = day_of(now).saturating_sub(NEW_DAYS.days());
    let is_new = || person.starts_on.is_some_and(|day| day >= since);
    match person.state {
        Lifecycle::Preboarding => true,
        Lifecycle::Active | Lifecycle::Leaving => person.leaves_at.is_some() || is_new(),
        Lifecycle::Candidate | Lifecycle::Left | Lifecycle::Withdrawn => false,
    }
}

/// Seats that are taken, or given back, by people of one department and role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Movers {
    /// The department; empty for those who have none.
    pub department: String,
    /// The role: the title; empty for those who have none.
    pub role: String,
    /// How many seats.
    pub seats: u64,
}

/// What a week needs of a plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Week {
    /// The Monday on which it begins.
    pub from: Date,
    /// The seats that are taken in it.
    pub joining: Vec<Movers>,
    /// The seats that are given back in it.
    pub leaving: Vec<Movers>,
    /// The most seats that are needed at once, and what they cost a month.
    pub need: Line,
    /// How many of them were not bought, and what they would cost a month; none if nobody can tell.
    pub missing: Option<Line>,
    /// How many are free even then, and what they cost a month; none if nobody can tell.
    pub free: Option<Line>,
}

/// What lies ahead of one plan.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Outlook {
    /// How many were bought, if the application file says.
    pub bought: Option<u64>,
    /// How many are held; none while no roster of the application is known.
    pub held: Option<u64>,
    /// How many people are due one whose first day nobody knows.
    pub undated: u64,
    /// Week by week.
    pub weeks: Vec<Week>,
}

impl Outlook {
    /// The most seats that are missing in any week.
    #[must_use]
    pub fn most_missing(&self) -> u64 {
        let missing = self.weeks.iter().filter_map(|week| week.missing.as_ref());
        missing.map(|line| line.seats).max().unwrap_or(0)
    }

    /// Does anything change?
    #[must_use]
    pub fn moves(&self) -> bool {
        let moves = |week: &Week| !week.joining.is_empty() || !week.leaving.is_empty();
        self.undated > 0 || self.weeks.iter().any(moves)
    }
}

/// What lies ahead of all plans.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Forecast {
    /// By application and plan.
    pub by_license: BTreeMap<AppSlug, BTreeMap<String, Outlook>>,
    /// How often nobody can tell whether somebody who arrives is due an application: what decides it is not known.
    pub unknown: u64,
}

impl Forecast {
    /// Keeps the weeks of at most so many plans, those that lack the most seats or that somebody joins or leaves, and tells
    /// apart only the first who do.
    pub(super) fn trim(&mut self, most: usize) {
        let plans = self.by_license.values_mut().flat_map(BTreeMap::values_mut);
        let mut plans: Vec<&mut Outlook> = plans.collect();
        plans.sort_by_key(|plan| Reverse((plan.most_missing(), plan.moves())));
        for (place, plan) in plans.into_iter().enumerate() {
            if place >= most || (plan.most_missing() == 0 && !plan.moves()) {
                plan.weeks.clear();
                plan.undated = 0;
            }
            for week in &mut plan.weeks {
                few(&mut week.joining);
                few(&mut week.leaving);
            }
        }
    }
}

/// Sums up all movers but the first ones.
fn few(movers: &mut Vec<Movers>) {
    if movers.len() <= MOST_MOVERS {
        return;
    }
    let rest = movers.split_off(MOST_MOVERS.saturating_sub(1));
    let seats = rest.iter().map(|one| one.seats);
    movers.push(Movers {
        department: "others".to_owned(),
        role: String::new(),
        seats: seats.fold(0, u64::saturating_add),
    });
}

/// A seat that is taken, or seats that are given back.
#[derive(Clone, Debug)]
struct Move {
    at: Timestamp,
    seats: i64,
    department: String,
    role: String,
}

/// A forecast in the making: seats first, which is what is written, then people.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Forecasting {
    held: Counts,
    of: BTreeMap<PersonId, Counts>,
    #[serde(skip)]
    moves: BTreeMap<Which, Vec<Move>>,
    #[serde(skip)]
    undated: Counts,
    #[serde(skip)]
    unknown: u64,
}

impl Forecasting {
    /// Begins one about these people, who take or give back seats.
    #[must_use]
    pub fn new(people: &[Person]) -> Self {
        let ids = people.iter().map(|person| person.id.clone());
        Self {
            of: ids.map(|id| (id, Counts::default())).collect(),
            ..Self::default()
        }
    }

    /// Counts a seat that is held.
    pub fn hold(&mut self, seat: &Seat, app: Option<&Application>) {
        for license in &seat.licenses {
            let Some(plan) = app.and_then(|app| plan_of(app, Some(license.as_str()))) else {
                continue;
            };
            let which = (seat.app.clone(), plan);
            if let Some(id) = &seat.person
                && let Some(theirs) = self.of.get_mut(id)
            {
                theirs.bump(which.clone());
            }
            self.held.bump(which);
        }
    }

    /// The forecast for so many weeks; of these applications a roster is known.
    #[must_use]
    pub fn finish(
        mut self,
        people: &[Person],
        company: &Company,
        read: &BTreeSet<AppSlug>,
        now: Timestamp,
        weeks: usize,
    ) -> Forecast {
        for person in people {
            self.moves_of(person, company, now);
        }
        let mut forecast = Forecast {
            by_license: BTreeMap::new(),
            unknown: self.unknown,
        };
        for app in company.apps.values() {
            for plan in &app.plans {
                let which = (app.app.clone(), plan.id.clone());
                let held = self.held.0.remove(&which).unwrap_or(0);
                let moves = self.moves.remove(&which).unwrap_or_default();
                let mut outlook = Outlook {
                    bought: plan.seats,
                    held: read.contains(&app.app).then_some(held),
                    undated: self.undated.0.remove(&which).unwrap_or(0),
                    weeks: Vec::new(),
                };
                outlook.weeks = ahead(plan, &outlook, moves, now, weeks);
                if held > 0 || plan.seats.is_some() || outlook.moves() {
                    let of_app = forecast.by_license.entry(app.app.clone()).or_default();
                    of_app.insert(plan.id.clone(), outlook);
                }
            }
        }
        forecast
    }

    /// What a person gives back, and takes: what is due and not held yet. Nothing is given on trial, nor to whoever was
    /// here before and is not managed yet.
    fn moves_of(&mut self, person: &Person, company: &Company, now: Timestamp) {
        let theirs = self.of.remove(&person.id).unwrap_or_default().0;
        let leaves_at = person.leaves_at;
        if let Some(at) = leaves_at {
            for (which, seats) in &theirs {
                let seats = i64::try_from(*seats).unwrap_or(i64::MAX);
                self.go(which, at.max(now), -seats, person);
            }
        }
        let is_left_alone = person.baselined && person.state != Lifecycle::Preboarding;
        if is_left_alone || leaves_at.is_some_and(|at| at <= now) {
            return;
        }
        let desired = desired(person, company, now);
        let unknown = u64::try_from(desired.unknown.len()).unwrap_or(u64::MAX);
        self.unknown = self.unknown.saturating_add(unknown);
        let place = company.mapping.place(person);
        for due in desired.due.values() {
            let app = company.apps.get(&due.app).filter(|app| !app.dry_run);
            let plan = app.and_then(|app| plan_of(app, due.entitlement.plan.as_deref()));
            let Some(plan) = plan else { continue };
            let which = (due.app.clone(), plan);
            if theirs.contains_key(&which) {
                continue;
            }
            let Some(at) = due.deliver.moment(person.starts_on, &place, now) else {
                self.undated.bump(which);
                continue;
            };
            let at = at.max(now);
            if leaves_at.is_none_or(|leaves| at < leaves) {
                self.go(&which, at, 1, person);
                if let Some(leaves) = leaves_at {
                    self.go(&which, leaves, -1, person);
                }
            }
        }
    }

    fn go(&mut self, which: &Which, at: Timestamp, seats: i64, person: &Person) {
        let text = |name: &str| person.text(name).unwrap_or_default().to_owned();
        self.moves.entry(which.clone()).or_default().push(Move {
            at,
            seats,
            department: text("department"),
            role: text("title"),
        });
    }
}

/// The plan that is meant: the one of this id or name, or the only one.
fn plan_of(app: &Application, named: Option<&str>) -> Option<String> {
    match (named, app.plans.as_slice()) {
        (Some(name), plans) => {
            let id = license_name(Some(app), name);
            plans.iter().any(|plan| plan.id == id).then_some(id)
        }
        (None, [only]) => Some(only.id.clone()),
        (None, _) => None,
    }
}

/// Week by week; who leaves at the same moment makes room first.
fn ahead(
    plan: &Plan,
    outlook: &Outlook,
    mut moves: Vec<Move>,
    now: Timestamp,
    weeks: usize,
) -> Vec<Week> {
    moves.sort_by_key(|one| (one.at, one.seats));
    let today = day_of(now);
    let since_monday = i64::from(today.weekday().to_monday_zero_offset());
    let mut from = today.saturating_sub(since_monday.days());
    let midnight = from.to_zoned(TimeZone::UTC);
    let mut end = midnight.map_or(now, |zoned| zoned.timestamp());
    let mut needed = i64::try_from(outlook.held.unwrap_or(0)).unwrap_or(i64::MAX);
    let mut rest = moves.iter().peekable();
    let mut all = Vec::new();
    for _ in 0..weeks {
        end = end.saturating_add(WEEK).unwrap_or(Timestamp::MAX);
        all.push(week(plan, outlook, from, &mut needed, &mut rest, end));
        from = from.saturating_add(7.days());
    }
    all
}

fn week(
    plan: &Plan,
    outlook: &Outlook,
    from: Date,
    needed: &mut i64,
    rest: &mut Peekable<Iter<'_, Move>>,
    end: Timestamp,
) -> Week {
    let mut most = *needed;
    let (mut joining, mut leaving) = (BTreeMap::new(), BTreeMap::new());
    while let Some(one) = rest.next_if(|one| one.at < end) {
        *needed = needed.saturating_add(one.seats);
        most = most.max(*needed);
        let of = if one.seats < 0 {
            &mut leaving
        } else {
            &mut joining
        };
        let seats: &mut u64 = of.entry((&one.department, &one.role)).or_default();
        *seats = seats.saturating_add(one.seats.unsigned_abs());
    }
    let need = u64::try_from(most).unwrap_or(0);
    let line = |seats: u64| Line {
        seats,
        monthly: Money::of(plan.price.as_ref(), seats),
    };
    let bought = outlook.bought.filter(|_| outlook.held.is_some());
    Week {
        from,
        joining: movers(joining),
        leaving: movers(leaving),
        need: line(need),
        missing: bought.map(|bought| line(need.saturating_sub(bought))),
        free: bought.map(|bought| line(bought.saturating_sub(need))),
    }
}

fn movers(of: BTreeMap<(&String, &String), u64>) -> Vec<Movers> {
    let movers = of.into_iter().map(|((department, role), seats)| Movers {
        department: department.clone(),
        role: role.clone(),
        seats,
    });
    movers.collect()
}

#[cfg(test)]
mod tests;
