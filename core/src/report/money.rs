//! What a licence costs.

use crate::app::{Application, Plan, Price};

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
