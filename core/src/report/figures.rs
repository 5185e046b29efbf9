//! What is spent and what leavers hold, small enough to be kept: for pages that cannot wait for a walk over all rosters.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Line, Seat};
use crate::ids::{AppSlug, PersonId};
use crate::person::Lifecycle;

/// How many departments are told apart; what is spent for others counts as for none.
const MOST_DEPARTMENTS: usize = 300;
/// How many people who left are told apart.
const MOST_LEAVERS: usize = 2_000;

/// How many licences of an account are told apart.
const MOST_LICENSES: usize = 200;

/// Sums over all rosters.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Everything.
    pub total: Line,
    /// By application.
    pub by_app: BTreeMap<AppSlug, Line>,
    /// By department; an empty name for those who have none.
    pub by_department: BTreeMap<String, Line>,
    /// For nobody who is known.
    pub unknown: Line,
    /// What people who left still hold.
    pub residue: Line,
    leavers: BTreeSet<PersonId>,
    /// The licences that somebody holds, by account.
    #[serde(default)]
    held: BTreeMap<String, BTreeSet<String>>,
}

impl Figures {
    /// Counts a seat.
    pub fn add(&mut self, seat: &Seat) {
        let monthly = &seat.monthly;
        self.hold(seat);
        self.total.add(monthly);
        self.by_app
            .entry(seat.app.clone())
            .or_default()
            .add(monthly);
        let Some(person) = &seat.person else {
            self.unknown.add(monthly);
            return;
        };
        let name = seat.department.clone().unwrap_or_default();
        let is_known = self.by_department.contains_key(&name);
        let has_room = self.by_department.len() < MOST_DEPARTMENTS;
        let name = if is_known || has_room {
            name
        } else {
            String::new()
        };
        self.by_department.entry(name).or_default().add(monthly);
        if seat.state == Some(Lifecycle::Left) {
            self.residue.add(monthly);
            if self.leavers.len() < MOST_LEAVERS {
                self.leavers.insert(person.clone());
            }
        }
    }

    fn hold(&mut self, seat: &Seat) {
        let held = self.held.entry(seat.account.clone()).or_default();
        let room = MOST_LICENSES.saturating_sub(held.len());
        let new = seat.licenses.iter().filter(|name| !held.contains(*name));
        let new: Vec<String> = new.take(room).cloned().collect();
        held.extend(new);
    }

    /// Was anybody counted of this account?
    #[must_use]
    pub fn knows(&self, account: &str) -> bool {
        self.held.contains_key(account)
    }

    /// Does somebody of this account hold this licence?
    #[must_use]
    pub fn holds(&self, account: &str, license: &str) -> bool {
        let held = self.held.get(account);
        held.is_some_and(|held| held.contains(license) || held.len() >= MOST_LICENSES)
    }

    /// How many people who left still hold something.
    #[must_use]
    pub fn leavers(&self) -> usize {
        self.leavers.len()
    }
}
