//! What a seat costs, and money as text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Money per seat and period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// In the currency's smallest unit.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// For how long.
    pub per: Period,
}

/// The period of a price.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Price {
    /// What it is a month, in the smallest unit.
    #[must_use]
    pub fn monthly(&self) -> i64 {
        match self.per {
            Period::Month => self.amount_minor,
            Period::Year => self.amount_minor / 12,
        }
    }
}

/// Sums a month, in the smallest unit, by currency.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub BTreeMap<String, i64>);

impl Money {
    /// Adds a price, by the month.
    pub fn add(&mut self, price: Option<&Price>) {
        if let Some(price) = price {
            self.put(&price.currency, price.monthly());
        }
    }

    /// Takes a price off, by the month.
    pub fn take(&mut self, price: Option<&Price>) {
        if let Some(price) = price {
            self.put(&price.currency, price.monthly().saturating_neg());
        }
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
            self.put(currency, *amount);
        }
    }

    /// Takes other sums off.
    pub fn less(&mut self, other: &Self) {
        for (currency, amount) in &other.0 {
            self.put(currency, amount.saturating_neg());
        }
    }

    fn put(&mut self, currency: &str, amount: i64) {
        let sum = self.0.entry(currency.to_owned()).or_default();
        *sum = sum.saturating_add(amount);
    }
}

/// `15.00 USD`, `-1500 JPY`.
#[must_use]
pub fn amount(amount_minor: i64, currency: &str) -> String {
    let sign = if amount_minor < 0 { "-" } else { "" };
    let (whole, rest) = parts(amount_minor, currency);
    format!("{sign}{whole}{rest} {currency}")
}

/// An amount without its sign: what stands before the point, and the point with what stands behind it.
#[must_use]
pub fn parts(amount_minor: i64, currency: &str) -> (u64, String) {
    let amount = amount_minor.unsigned_abs();
    match minor_digits(currency) {
        0 => (amount, String::new()),
        3 => (amount / 1000, format!(".{:03}", amount % 1000)),
        _ => (amount / 100, format!(".{:02}", amount % 100)),
    }
}

/// How many digits a currency has behind the point (ISO 4217).
fn minor_digits(currency: &str) -> u8 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_digits_of_its_currency() {
        assert_eq!(amount(1505, "USD"), "15.05 USD");
        assert_eq!(amount(-5, "EUR"), "-0.05 EUR");
        assert_eq!(amount(-1500, "JPY"), "-1500 JPY");
        assert_eq!(amount(15_005, "KWD"), "15.005 KWD");
    }
}
