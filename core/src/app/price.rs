//! What a seat costs, and money as text.

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
