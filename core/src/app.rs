//! Applications as users describe them: owner, plans with prices, and how access is given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::Condition;
use crate::effect::{Action, Goal};
use crate::ids::{AppSlug, Slug};
use crate::mistake::Mistake;
use crate::template::{BodyTemplate, Placeholders, Template};

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
    /// How access is given; absent is `manual`.
    #[serde(default)]
    pub provisioner: Provision,
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
    /// A user of the organisation.
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

/// How access is given.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Provision {
    /// SCIM 2.0.
    Scim(Box<ScimProvision>),
    /// Declarative HTTP actions.
    Http(Box<HttpProvision>),
    /// A task for the owner.
    Manual(ManualProvision),
}

impl Default for Provision {
    fn default() -> Self {
        Self::Manual(ManualProvision {})
    }
}

/// Nothing to configure: a human does it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualProvision {}

/// What taking away means.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRevoke {
    /// Reversible.
    #[default]
    Suspend,
    /// Final.
    Remove,
}

/// A SCIM 2.0 provisioner.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScimProvision {
    /// With `{variables}`.
    pub base_url: String,
    /// How requests authenticate.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// SCIM attribute path → template over the person's attributes.
    #[serde(default = "default_scim_user")]
    pub user: BTreeMap<String, String>,
    /// Which group (by `displayName`) a role or plan is.
    #[serde(default)]
    pub group_for: GroupFor,
    /// Make groups that are missing.
    #[serde(default)]
    pub create_groups: bool,
    /// What taking away means.
    #[serde(default)]
    pub on_revoke: OnRevoke,
    /// How the server deviates.
    #[serde(default)]
    pub quirks: ScimQuirks,
    /// How long the application may hide what it has just made.
    #[serde(default)]
    pub settle_secs: u32,
    /// A repeated create answers 409.
    #[serde(default = "yes")]
    pub unique: bool,
}

fn yes() -> bool {
    true
}

fn default_scim_user() -> BTreeMap<String, String> {
    [
        ("userName", "{work_email}"),
        ("displayName", "{name}"),
        ("name.givenName", "{first_name}"),
        ("name.familyName", "{last_name}"),
    ]
    .into_iter()
    .map(|(path, template)| (path.to_owned(), template.to_owned()))
    .collect()
}

/// Groups by role and plan.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupFor {
    /// Role → group.
    pub role: BTreeMap<String, String>,
    /// Plan → group.
    pub plan: BTreeMap<String, String>,
}

/// How a SCIM server deviates from the standard.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScimQuirks {
    /// The largest page it serves.
    pub max_page: Option<u32>,
    /// `active` as `"False"` in a PATCH.
    pub patch_active_as_text: bool,
    /// How many members one PATCH may carry.
    pub members_per_patch: Option<u32>,
}

/// An HTTP provisioner.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpProvision {
    /// With `{variables}`.
    pub base_url: String,
    /// How requests authenticate.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// The requests.
    pub actions: HttpActions,
    /// What taking away means.
    #[serde(default)]
    pub on_revoke: OnRevoke,
    /// How long the application may hide what it has just made.
    #[serde(default)]
    pub settle_secs: u32,
    /// A repeated create answers one of `already`.
    #[serde(default)]
    pub unique: bool,
}

/// The requests of an HTTP provisioner; a missing one becomes a task for the owner.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpActions {
    /// Looks for the user.
    pub find: Option<ActionRequest>,
    /// Makes the user.
    pub create: Option<ActionRequest>,
    /// Sets the role.
    pub update: Option<ActionRequest>,
    /// Makes the user inactive.
    pub suspend: Option<ActionRequest>,
    /// Makes the user active again.
    pub restore: Option<ActionRequest>,
    /// Deletes the user.
    pub remove: Option<ActionRequest>,
    /// Gives the licence.
    pub assign_plan: Option<ActionRequest>,
    /// Takes the licence back.
    pub release_plan: Option<ActionRequest>,
    /// Ends sessions.
    pub revoke_sessions: Option<ActionRequest>,
}

/// One request of an HTTP provisioner.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionRequest {
    /// The method; GET if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path below the base URL, or a full URL on its origin.
    pub path: String,
    /// Query parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Further headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// A form-encoded body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<BTreeMap<String, String>>,
    /// Where the users stand in the answer of `find`; empty: the answer itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_path: Option<String>,
    /// Where the id stands in a user or an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What makes a user active; absent: being there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Condition>,
    /// Statuses that say "it was there already".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub already: Vec<u16>,
    /// Statuses that say "it was gone already".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<u16>,
}

/// How requests authenticate (`definition.md`, "auth"); more types come with the Integration Builder.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// Nothing.
    None {},
    /// `Authorization: Bearer <token>`.
    Bearer {
        /// The word before the token.
        #[serde(default = "bearer")]
        prefix: String,
    },
    /// User name and password.
    Basic {},
    /// Own headers.
    Headers {
        /// Each fixed, or asked when connecting.
        headers: Vec<AuthField>,
    },
    /// Query parameters.
    Query {
        /// Each fixed, or asked when connecting.
        params: Vec<AuthField>,
    },
}

fn bearer() -> String {
    "Bearer".to_owned()
}

/// A header or parameter of an authentication.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthField {
    /// Its name, also the name of the credential.
    pub name: String,
    /// Fixed now, or asked later.
    pub value: AuthValue,
    /// What to call it when asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Put before the value, verbatim.
    #[serde(default)]
    pub prefix: String,
}

/// `{now: text}` or `later`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthValue {
    /// In the file.
    Now(String),
    /// Asked when connecting.
    Later,
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
            Provision::Scim(_) => {
                vec![
                    Action::Create,
                    Action::Restore,
                    Action::Entitle,
                    Action::Suspend,
                    Action::Remove,
                ]
            }
            Provision::Http(http) => http.actions.supported(),
        }
    }

    /// Is it provisioned by a human?
    #[must_use]
    pub fn is_manual(&self) -> bool {
        matches!(self.provisioner, Provision::Manual(_))
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
        let mut mistakes = Vec::new();
        match &self.provisioner {
            Provision::Manual(_) => {}
            Provision::Scim(scim) => {
                template("provisioner.base_url", &scim.base_url, &mut mistakes);
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
                for (name, request) in http.actions.named() {
                    request.mistakes(&format!("provisioner.actions.{name}"), &mut mistakes);
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

fn template(path: &str, text: &str, mistakes: &mut Vec<Mistake>) {
    if let Err(error) = Template::parse(text, Placeholders::AnyName) {
        mistakes.push(Mistake::new(path, error.to_string()));
    }
}

impl HttpActions {
    /// The requests that are there, by name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &ActionRequest)> {
        [
            ("find", &self.find),
            ("create", &self.create),
            ("update", &self.update),
            ("suspend", &self.suspend),
            ("restore", &self.restore),
            ("remove", &self.remove),
            ("assign_plan", &self.assign_plan),
            ("release_plan", &self.release_plan),
            ("revoke_sessions", &self.revoke_sessions),
        ]
        .into_iter()
        .filter_map(|(name, request)| Some((name, request.as_ref()?)))
    }

    fn supported(&self) -> Vec<Action> {
        let entitles = self.update.is_some() || self.assign_plan.is_some();
        [
            (Action::Create, self.create.is_some()),
            (Action::Restore, self.restore.is_some()),
            (Action::Entitle, entitles),
            (Action::RevokeSessions, self.revoke_sessions.is_some()),
            (Action::ReleasePlan, self.release_plan.is_some()),
            (Action::Suspend, self.suspend.is_some()),
            (Action::Remove, self.remove.is_some()),
        ]
        .into_iter()
        .filter_map(|(action, there)| there.then_some(action))
        .collect()
    }
}

impl ActionRequest {
    fn mistakes(&self, path: &str, mistakes: &mut Vec<Mistake>) {
        template(&format!("{path}.path"), &self.path, mistakes);
        for (name, text) in self
            .query
            .iter()
            .chain(&self.headers)
            .chain(self.form.iter().flatten())
        {
            template(&format!("{path}[{name:?}]"), text, mistakes);
        }
        if let Some(body) = &self.body
            && let Err(error) = BodyTemplate::compile(body, Placeholders::AnyName)
        {
            mistakes.push(Mistake::new(format!("{path}.body"), error.to_string()));
        }
        let method = self.method.as_deref().unwrap_or("GET");
        if !matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
            mistakes.push(Mistake::new(
                format!("{path}.method"),
                "one of GET, POST, PUT, PATCH, DELETE",
            ));
        }
        if method == "GET" && (self.body.is_some() || self.form.is_some()) {
            mistakes.push(Mistake::new(format!("{path}.body"), "a GET has no body"));
        }
    }
}
