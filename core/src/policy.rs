//! Policies: who is due what, given when, and behind whose approval.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::{Application, Provision};
use crate::condition::{Conditions, Missing};
use crate::ids::{AppSlug, Slug};
use crate::mistake::{Mistake, join};
use crate::schedule::{Delivery, Span};

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

impl PolicyGrant {
    /// What the application is not told how to give: the field, and what to do. It would be left out without a word.
    #[must_use]
    pub fn ignored_by(&self, app: &Application) -> Option<(&'static str, String)> {
        match &app.provisioner {
            Provision::Scim(scim) => {
                let groups = &scim.group_for;
                let role = self
                    .role
                    .as_ref()
                    .filter(|role| !groups.role.contains_key(*role));
                let plan = self
                    .plan
                    .as_ref()
                    .filter(|plan| !groups.plan.contains_key(*plan));
                let role = role.map(|role| ("role", role));
                let (field, name) = role.or_else(|| plan.map(|plan| ("plan", plan)))?;
                let app = &app.app;
                let why = format!(
                    "`{app}` does not give it: name its group in `provisioner.group_for.{field}.{name}`"
                );
                Some((field, why))
            }
            Provision::Http(_) if !self.groups.is_empty() => {
                let why = format!(
                    "`{}` does not give groups: its requests know no groups",
                    app.app
                );
                Some(("groups", why))
            }
            Provision::Http(_) | Provision::Manual(_) => None,
        }
    }
}

/// Who has to say yes, and for how long the question stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// Addresses, `role:…`, `group:…`, `{manager}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// `72h`; then it is denied. Without it the question stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Span>,
    /// Who is asked as well when nobody answers: after half the time, or after 72 hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalate_to: Vec<String>,
    /// Who said yes already, for everybody whom the policy is for: nobody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_by: Option<String>,
}

impl ApprovalRule {
    /// How many people and roles may be asked.
    const MOST: usize = 20;

    /// Does it ask the same people, in whatever order?
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let all = |rule: &Self| -> BTreeSet<String> { rule.by.iter().cloned().collect() };
        all(self) == all(other)
    }

    /// Takes in another rule that asks the same people: the question stands for the shorter time, and whoever one of the two
    /// names is asked as well when nobody answers.
    pub fn join(&mut self, other: Self) {
        unite(&mut self.by, other.by);
        unite(&mut self.escalate_to, other.escalate_to);
        let expires = [self.expires, other.expires].into_iter().flatten();
        self.expires = expires.min();
    }

    /// Everything in it that cannot work.
    fn mistakes(&self, path: &str, mistakes: &mut Vec<Mistake>) {
        let mut say = |field: &str, message: &str| {
            mistakes.push(Mistake::new(join(path, field), message));
        };
        match (&self.given_by, self.by.is_empty()) {
            (None, true) => say("by", "who has to say yes, or `given_by`: who already did"),
            (Some(_), false) => say("given_by", "`by` asks for what `given_by` has already"),
            _ => {}
        }
        if self.by.len() > Self::MOST || self.escalate_to.len() > Self::MOST {
            say("by", "at most 20 people and roles are asked");
        }
        if self.expires.is_some_and(Span::is_none) {
            say("expires", "a time that is longer than nothing");
        }
    }
}

/// Both lists in one, whichever came first; equal ones stay as they are.
fn unite(mine: &mut Vec<String>, theirs: Vec<String>) {
    if *mine != theirs {
        mine.extend(theirs);
        mine.sort();
        mine.dedup();
    }
}

impl Policy {
    /// Does it give anything to whoever is so?
    #[must_use]
    pub fn gives(&self, input: &Value, now: Timestamp) -> bool {
        let of_policy = self.when.truth(input, Missing::IsUnknown, now);
        let gives = |grant: &PolicyGrant| {
            let truth = grant.when.truth(input, Missing::IsUnknown, now);
            of_policy.and(truth).is_true()
        };
        self.grants.iter().any(gives)
    }

    /// Everything in the file that cannot work.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (place, grant) in self.grants.iter().enumerate() {
            if let Some(rule) = &grant.approval {
                rule.mistakes(&format!("grants[{place}].approval"), &mut mistakes);
            }
        }
        mistakes
    }
}
