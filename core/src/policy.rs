//! Policies: who is due what, given when, and behind whose approval.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::condition::Conditions;
use crate::ids::{AppSlug, Slug};
use crate::schedule::Delivery;

/// One policy file (`lifecycle.md`, "Policy").
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its slug.
    pub policy: Slug,
    /// For whom; empty means everybody.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub when: Conditions,
    /// What they are due.
    pub grants: Vec<PolicyGrant>,
}

/// One grant of a policy.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyGrant {
    /// Where.
    pub app: AppSlug,
    /// The plan by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The groups.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// For whom among those whom the policy is for.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub when: Conditions,
    /// Given when; at once if absent.
    #[serde(default)]
    pub deliver: Delivery,
    /// Who has to say yes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalRule>,
}

/// Who has to say yes, and for how long the question stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// Addresses, `role:…`, `group:…`.
    pub by: Vec<String>,
    /// `72h`; then it is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<crate::schedule::Span>,
    /// Who is asked when nobody answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalate_to: Vec<String>,
}
