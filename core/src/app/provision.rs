//! How access is given: SCIM, declarative HTTP actions, a human.

use super::{Auth, template};
use crate::condition::Condition;
use crate::definition::Paging;
use crate::effect::Action;
use crate::mistake::Mistake;
use crate::path::Path;
use crate::template::{BodyTemplate, Placeholders, Template};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

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

impl Provision {
    /// How its requests authenticate, if it says so itself.
    #[must_use]
    pub fn auth(&self) -> Option<&Auth> {
        match self {
            Self::Scim(scim) => scim.auth.as_ref(),
            Self::Http(http) => http.auth.as_ref(),
            Self::Manual(_) => None,
        }
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

pub(super) fn yes() -> bool {
    true
}

pub(super) fn default_scim_user() -> BTreeMap<String, String> {
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
    /// How many members one PATCH may name. Every PATCH of a group names one, so each limit is kept; the file may say
    /// what is known of the server.
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
    pub form: Option<BTreeMap<String, FormValue>>,
    /// Where the users stand in the answer of `find`; empty: the answer itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_path: Option<String>,
    /// How the answer of `find` goes on; absent: it is one page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination: Option<Paging>,
    /// Where the id stands in a user or an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where the role stands in a user that `find` answers; absent: a role is given and cannot be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Where the plan stands in a user that `find` answers; absent: a plan is given and cannot be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
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

/// What a field of a form has.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum FormValue {
    /// A text with placeholders.
    Text(String),
    /// JSON, sent as text.
    Json {
        /// With placeholders in its values.
        json: Value,
    },
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

    pub(super) fn supported(&self) -> Vec<Action> {
        let all = [&self.update, &self.assign_plan, &self.release_plan];
        let entitles = all.iter().any(|action| action.is_some());
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
    pub(super) fn mistakes(&self, path: &str, mistakes: &mut Vec<Mistake>) {
        template(&format!("{path}.path"), &self.path, mistakes);
        for (name, text) in self.query.iter().chain(&self.headers) {
            template(&format!("{path}[{name:?}]"), text, mistakes);
        }
        for (name, value) in self.form.iter().flatten() {
            let at = format!("{path}[{name:?}]");
            match value {
                FormValue::Text(text) => template(&at, text, mistakes),
                FormValue::Json { json } => body(at, json, mistakes),
            }
        }
        if let Some(json) = &self.body {
            body(format!("{path}.body"), json, mistakes);
        }
        let paths = [
            ("response_path", &self.response_path),
            ("id", &self.id),
            ("role", &self.role),
            ("plan", &self.plan),
        ];
        for (name, text) in paths {
            if let Some(Err(error)) = text.as_deref().map(Path::parse) {
                mistakes.push(Mistake::new(format!("{path}.{name}"), error.to_string()));
            }
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
        if let Some(paging) = &self.pagination {
            let at = format!("{path}.pagination");
            mistakes.extend(self.cannot_page(paging, method, &at));
        }
    }

    /// Why the page has no place in this request.
    fn cannot_page(&self, paging: &Paging, method: &str, at: &str) -> Option<Mistake> {
        if paging.is_in_body() && method == "GET" {
            return Some(Mistake::new(format!("{at}.send.body"), "a GET has no body"));
        }
        let name = paging.placeholder()?;
        let template = Template::parse(&self.path, Placeholders::AnyName).ok()?;
        let is_there = template.names().any(|known| known == name);
        let missing = || {
            Mistake::new(
                format!("{at}.send.path"),
                format!("`path` has no `{{{name}}}`"),
            )
        };
        (!is_there).then(missing)
    }
}

fn body(at: String, json: &Value, mistakes: &mut Vec<Mistake>) {
    if let Err(error) = BodyTemplate::compile(json, Placeholders::AnyName) {
        mistakes.push(Mistake::new(at, error.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::app::Application;

    #[test]
    fn pages_that_cannot_be_asked_for_are_mistakes() {
        let paged = |send: Value| json!({ "path": "/members", "pagination": { "type": "page", "send": send } });
        let find = paged(json!({ "path": "no" }));
        let create = paged(json!({ "body": "page" }));
        let http = json!({ "type": "http", "base_url": "https://a.example",
            "actions": { "find": find, "create": create } });
        let file = json!({ "app": "wiki", "provisioner": http });
        let app: Application = serde_json::from_value(file).unwrap();

        let found: Vec<String> = app.mistakes().iter().map(ToString::to_string).collect();

        let expect = [
            "provisioner.actions.find.pagination.send.path: `path` has no `{no}`",
            "provisioner.actions.create.pagination.send.body: a GET has no body",
            "provisioner.actions.create.pagination: only what `find` answers has pages",
        ];
        assert_eq!(found, expect);
    }
}
