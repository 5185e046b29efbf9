//! What several resources show alike: grants, planned effects, reasons.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sando_core::access::{Due, PlannedEffect};
use sando_core::effect::Goal;
use sando_core::grant::Grant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why somebody does something.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonBody {
    /// In words.
    #[serde(default)]
    pub(crate) reason: String,
}

/// One thing a person has or should have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantView {
    id: String,
    app: String,
    account: String,
    plan: Option<String>,
    role: Option<String>,
    groups: BTreeSet<String>,
    state: String,
    external_id: Option<String>,
    /// The first policy that says so.
    policy: Option<String>,
    policies: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    due: Option<Timestamp>,
    reason: Option<String>,
    /// A roster shows it, and nobody here gave it.
    found: bool,
}

impl GrantView {
    /// A grant that there is.
    pub(crate) fn of(grant: &Grant, due: Option<Timestamp>) -> Self {
        let shown = grant.held.as_ref().unwrap_or(&grant.wanted);
        Self {
            id: grant.id.to_string(),
            app: grant.app.to_string(),
            account: grant.account.to_string(),
            plan: shown.plan.clone(),
            role: shown.role.clone(),
            groups: shown.groups.clone(),
            state: grant.state.as_str().to_owned(),
            external_id: grant.external_id.as_ref().map(ToString::to_string),
            policy: grant.policies.first().map(ToString::to_string),
            policies: grant.policies.iter().map(ToString::to_string).collect(),
            due,
            reason: grant.reason.clone(),
            found: grant.is_found(),
        }
    }

    /// What is due by policy.
    pub(crate) fn desired(due: &Due, grant: &Grant, at: Option<Timestamp>) -> Self {
        Self {
            plan: due.entitlement.plan.clone(),
            role: due.entitlement.role.clone(),
            groups: due.entitlement.groups.clone(),
            policy: due.policies.first().map(ToString::to_string),
            policies: due.policies.iter().map(ToString::to_string).collect(),
            ..Self::of(grant, at)
        }
    }
}

/// One effect that would be made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EffectView {
    grant: String,
    app: String,
    /// `give`, `suspend` or `remove`.
    #[schema(value_type = String)]
    action: Goal,
    plan: Option<String>,
    role: Option<String>,
    groups: BTreeSet<String>,
    policies: Vec<String>,
    why: String,
}

impl From<&PlannedEffect> for EffectView {
    fn from(effect: &PlannedEffect) -> Self {
        Self {
            grant: effect.grant.to_string(),
            app: effect.app.to_string(),
            action: effect.goal,
            plan: effect.entitlement.plan.clone(),
            role: effect.entitlement.role.clone(),
            groups: effect.entitlement.groups.clone(),
            policies: effect.policies.iter().map(ToString::to_string).collect(),
            why: effect.why.clone(),
        }
    }
}
