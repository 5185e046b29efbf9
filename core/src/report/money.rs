//! Money a month, by currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::app::{Application, Period, Plan, Price};

/// Sums a month, in the smallest unit, by currency.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub BTreeMap<String, i64>);

impl Money {
    /// Adds a price, by the month.
    pub fn add(&mut self, price: Option<&Price>) {
        let Some(price) = price else { return };
        let a_month = match price.per {
            Period::Month => price.amount_minor,
            Period::Year => price.amount_minor / 12,
        };
        let sum = self.0.entry(price.currency.clone()).or_default();
        *sum = sum.saturating_add(a_month);
    }

    /// What so many cost a month at this price.
    #[must_use]
    pub fn of(price: Option<&Price>, count: u64) -> Self {
        let mut sums = Self::default();
        sums.add(price);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        for amount in sums.0.values_mut() {
            *amount = amount.saturating_mul(count);
        }
        sums
    }

    /// Adds other sums.
    pub fn join(&mut self, other: &Self) {
        for (currency, amount) in &other.0 {
            let sum = self.0.entry(currency.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
    }
}

/// What a licence costs: that of the plan of this id or name. An application with one plan has no other licence.
#[must_use]
pub fn price_of(app: Option<&Application>, license: &str) -> Option<Price> {
    let plans = &app?.plans;
    let is = |plan: &&Plan| {
        let name = plan.name.as_deref().unwrap_or_default();
        plan.id.eq_ignore_ascii_case(license) || name.eq_ignore_ascii_case(license)
    };
    let only = || match plans.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    plans.iter().find(is).or_else(only)?.price.clone()
}
