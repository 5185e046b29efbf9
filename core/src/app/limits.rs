//! How many requests an application gets.

use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;

/// How many requests an application gets; what is left out is Sando's choice.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// In a second, from all processes together; may be a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<f64>,
    /// At a time, from each process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u8>,
}

impl Limits {
    /// Does the file say nothing?
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let rate = self.requests_per_second;
        let rate = rate.filter(|rate| !(0.001..=1_000.0).contains(rate));
        let rate = rate.map(|_| Mistake::new("limits.requests_per_second", "from 0.001 to 1000"));
        let many = self.concurrency.filter(|many| !(1..=64).contains(many));
        let many = many.map(|_| Mistake::new("limits.concurrency", "from 1 to 64"));
        rate.into_iter().chain(many).collect()
    }
}
