//! Applications as users describe them: owner, plans with prices, and how access is given.

mod asked;
mod limits;
pub mod price;
mod provision;

pub use crate::auth::{Auth, AuthField, AuthValue};
pub use limits::Limits;
pub use price::{Money, Period, Price};
pub use provision::{
    ActionRequest, FormValue, GroupFor, HttpActions, HttpProvision, ManualProvision, OnRevoke,
    Provision, ScimProvision, ScimQuirks,
};

use crate::effect::{Action, Goal};
use crate::ids::{AppSlug, Slug};
use crate::mistake::Mistake;
use crate::template::{Placeholders, Template};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One application file (`lifecycle.md`, "Application").
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its slug.
    pub app: AppSlug,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who gets its tasks: an address or `role:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// High: approval is needed unless a policy says who already gave it.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// Licence plans, weakest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Plan>,
    /// Custom fields of its users and their types.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_fields: BTreeMap<String, CustomField>,
    /// Whose roster is this application's truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadFrom>,
    /// How many requests it gets.
    #[serde(default, skip_serializing_if = "Limits::is_unsaid")]
    pub limits: Limits,
    /// How access is given; absent is `manual`.
    #[serde(default)]
    pub provisioner: Provision,
    /// On trial: everything is computed and shown, nothing is done there (L24).
    #[serde(default)]
    pub dry_run: bool,
}

/// How careful an application wants to be treated.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Nothing to lose.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// Needs approval.
    High,
}

/// A licence plan with its price.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its id in policies.
    pub id: String,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a seat costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// How many seats were bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u64>,
}

/// The type of a custom field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomField {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// An address.
    Email,
    /// A day or moment.
    Date,
    /// Several texts.
    MultiValue,
    /// A user: an address or an id.
    User,
}

/// The account whose roster is an application's truth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadFrom {
    /// The definition.
    pub definition: Slug,
    /// The account's name.
    pub account: String,
}

impl Application {
    /// The name for people.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(self.app.as_str())
    }

    /// What the application can do by itself; nothing means that a human does it.
    #[must_use]
    pub fn supports(&self) -> Vec<Action> {
        match &self.provisioner {
            Provision::Manual(_) => Vec::new(),
            Provision::Scim(scim) => {
                // A seat that is a group can be given back.
                let seats = !scim.group_for.plan.is_empty();
                let mut actions = vec![
                    Action::Create,
                    Action::Restore,
                    Action::Entitle,
                    Action::Suspend,
                    Action::Remove,
                ];
                actions.extend(seats.then_some(Action::ReleasePlan));
                actions
            }
            Provision::Http(http) => http.actions.supported(),
        }
    }

    /// Is it provisioned by a human?
    #[must_use]
    pub fn is_manual(&self) -> bool {
        matches!(self.provisioner, Provision::Manual(_))
    }

    /// Does it look users up by an address that identifies the person, other than one made here?
    #[must_use]
    pub fn identifies_people(&self) -> bool {
        let looked_up_by = match &self.provisioner {
            Provision::Scim(scim) => scim.user.get("userName").map(String::as_str),
            Provision::Http(http) => http.actions.find.as_ref().map(|find| find.path.as_str()),
            Provision::Manual(_) => None,
        };
        looked_up_by.is_some_and(|text| text.contains("{personal_email}"))
    }

    /// What taking access away means here.
    #[must_use]
    pub fn revoke_goal(&self) -> Goal {
        let on_revoke = match &self.provisioner {
            Provision::Scim(scim) => scim.on_revoke,
            Provision::Http(http) => http.on_revoke,
            Provision::Manual(_) => OnRevoke::Suspend,
        };
        match on_revoke {
            OnRevoke::Suspend => Goal::Suspend,
            OnRevoke::Remove => Goal::Remove,
        }
    }

    /// `(settle_secs, unique)`.
    #[must_use]
    pub fn settling(&self) -> (u32, bool) {
        match &self.provisioner {
            Provision::Scim(scim) => (scim.settle_secs, scim.unique),
            Provision::Http(http) => (http.settle_secs, http.unique),
            Provision::Manual(_) => (0, false),
        }
    }

    /// The place of a plan among the plans, weakest first; a plan that is not listed is the weakest.
    #[must_use]
    pub fn strength(&self, plan: &str) -> Option<usize> {
        self.plans.iter().position(|known| known.id == plan)
    }

    /// Everything in the file that cannot work.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = self.limits.mistakes();
        match &self.provisioner {
            Provision::Manual(_) => {}
            Provision::Scim(scim) => {
                template("provisioner.base_url", &scim.base_url, &mut mistakes);
                auth(scim.auth.as_ref(), &mut mistakes);
                for (path, text) in &scim.user {
                    template(&format!("provisioner.user[{path:?}]"), text, &mut mistakes);
                }
                if !scim.user.contains_key("userName") {
                    mistakes.push(Mistake::new(
                        "provisioner.user",
                        "`userName` is missing: SCIM requires it",
                    ));
                }
            }
            Provision::Http(http) => {
                template("provisioner.base_url", &http.base_url, &mut mistakes);
                auth(http.auth.as_ref(), &mut mistakes);
                for (name, request) in http.actions.named() {
                    let at = format!("provisioner.actions.{name}");
                    request.mistakes(&at, &mut mistakes);
                    if name != "find" && request.pagination.is_some() {
                        let at = format!("{at}.pagination");
                        mistakes.push(Mistake::new(at, "only what `find` answers has pages"));
                    }
                }
                if http.actions.find.is_none() {
                    mistakes.push(Mistake::new(
                        "provisioner.actions",
                        "`find` is missing: without looking nothing can be given exactly once",
                    ));
                }
            }
        }
        mistakes
    }
}

fn auth(auth: Option<&Auth>, mistakes: &mut Vec<Mistake>) {
    mistakes.extend(
        auth.map(|auth| auth.mistakes("provisioner.auth"))
            .unwrap_or_default(),
    );
}

fn template(path: &str, text: &str, mistakes: &mut Vec<Mistake>) {
    if let Err(error) = Template::parse(text, Placeholders::AnyName) {
        mistakes.push(Mistake::new(path, error.to_string()));
    }
}
