//! Everything about money, from one walk over the rosters.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Forecast, Forecasting, Licences, Residue, Seat, Spend};
use crate::app::Application;
use crate::company::Company;
use crate::ids::AppSlug;
use crate::person::{Lifecycle, Person};

/// What is spent, what for, and what could be saved.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Costs {
    /// What is spent.
    pub spend: Spend,
    /// How well licences are used.
    pub licences: Licences,
    /// What people who left still hold.
    pub residue: Residue,
    /// How many seats are missing or free in the weeks ahead.
    pub forecast: Forecast,
}

impl Costs {
    /// Keeps the heaviest of each that is told apart, so many; sums stay what they are.
    #[must_use]
    pub fn trimmed(mut self, most: usize) -> Self {
        self.spend.trim(most);
        self.licences.trim(most);
        self.residue.trim();
        self.forecast.trim(most);
        self
    }
}

/// Costs in the making. What is written between two turns is all that the next one needs.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Costing {
    costs: Costs,
    forecasting: Forecasting,
}

impl Costing {
    /// Begins with what was bought, and with these people, who take or give back seats.
    #[must_use]
    pub fn new(company: &Company, moving: &[Person]) -> Self {
        let mut costs = Costs::default();
        for app in company.apps.values() {
            costs.licences.bought(app);
        }
        Self {
            costs,
            forecasting: Forecasting::new(moving),
        }
    }

    /// Counts a seat.
    pub fn add(&mut self, seat: Seat, app: Option<&Application>) {
        self.costs.spend.add(&seat);
        self.forecasting.hold(&seat, app);
        self.costs.licences.add(seat.clone(), app);
        if seat.state == Some(Lifecycle::Left) {
            self.costs.residue.add(seat);
        }
    }

    /// Forgets what is listed, and what only seats of other applications than these would need.
    pub fn forget_all_but(&mut self, apps: &BTreeSet<AppSlug>) {
        self.costs.residue.seats.clear();
        self.costs.licences.see_only(apps);
    }

    /// What it came to; a roster of these applications was read.
    #[must_use]
    pub fn finish(
        self,
        moving: &[Person],
        company: &Company,
        read: &BTreeSet<AppSlug>,
        now: Timestamp,
        weeks: usize,
    ) -> Costs {
        let forecast = self.forecasting.finish(moving, company, read, now, weeks);
        Costs {
            forecast,
            ..self.costs
        }
    }
}
