//! Makes a user of a record, and tells why on request.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    CustomFields, Dropped, FullName, InApp, KINDS, Kind, Licenses, MappedUser, Mapping, Reason,
    User,
    custom::{self, Email},
    explain::{Decides, Notes},
};
use crate::{
    condition::{Conditions, Missing},
    path::Scope,
    value::ValueExpression,
};

/// What mapping needs beside the record.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) custom_fields: &'a CustomFields,
    pub(crate) app_name: &'a str,
    pub(crate) now: Timestamp,
}

/// What a record became, and what was odd about it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) result: Result<User, Dropped>,
    pub(crate) invalid_custom_fields: u64,
    pub(crate) invalid_times: u64,
    pub(crate) contradicts: bool,
}

impl Mapping {
    /// The id of a record.
    pub(crate) fn id(&self, scope: Scope<'_>) -> Result<String, Dropped> {
        let found = self.external_id.evaluate(scope);
        let exact = |value: &Value| {
            let float = value.as_f64().filter(|_| value.is_f64());
            float.is_none_or(|float| float.abs() < 9_007_199_254_740_992.0)
        };
        let dropped = |reason, found| Dropped {
            external_id: None,
            reason,
            found,
        };
        match found {
            None => Err(dropped(Reason::NoExternalId, None)),
            Some(value @ (Value::Array(_) | Value::Object(_))) => {
                Err(dropped(Reason::InvalidExternalId, Some(value)))
            }
            Some(value) if !exact(&value) => Err(dropped(Reason::InvalidExternalId, Some(value))),
            Some(value) => match custom::text(value) {
                Some(text) if !text.trim().is_empty() => Ok(text),
                _ => Err(dropped(Reason::NoExternalId, None)),
            },
        }
    }

    /// The address and user name that a request for details may name.
    pub(crate) fn names_for_details(
        &self,
        scope: Scope<'_>,
    ) -> [(&'static str, Option<String>); 2] {
        let username = self
            .username
            .as_ref()
            .and_then(|username| username.evaluate(scope));
        let email = match custom::email(self.email.find(scope).as_deref()) {
            Email::Valid(address) => Some(address),
            Email::None | Email::Invalid => None,
        };
        [
            ("email", email),
            ("username", username.and_then(custom::text)),
        ]
    }

    /// The outputs that are not known while these details and joined items are not.
    pub(crate) fn unknown(&self, failed: &[&str]) -> Vec<String> {
        let outputs = failed.iter().filter_map(|alias| self.depends.get(*alias));
        let mut unknown: Vec<String> = outputs.flatten().cloned().collect();
        unknown.sort();
        unknown.dedup();
        unknown
    }

    /// Maps the record whose id is known.
    pub(crate) fn map(
        &self,
        external_id: String,
        scope: Scope<'_>,
        around: Around<'_>,
        mut notes: Option<&mut Notes>,
    ) -> Made {
        let mut made = Maker {
            mapping: self,
            scope,
            around,
            notes: notes.take(),
            invalid_custom_fields: 0,
            invalid_times: 0,
        };
        let email = match made.email() {
            Ok(email) => email,
            Err((reason, found)) => {
                return made.finish(
                    Err(Dropped {
                        external_id: Some(external_id),
                        reason,
                        found,
                    }),
                    false,
                );
            }
        };
        let (active, found_status) = made.status();
        let contradicts = found_status
            .as_deref()
            .is_some_and(|status| contradicts(status, active));
        let user = User {
            email,
            username: made.text("username", self.username.as_ref()),
            full_name: made.full_name(),
            role: made.text("role", self.role.as_ref()),
            created_at: made.time("created_at", self.created_at.as_ref()),
            last_visit_at: made.time("last_visit_at", self.last_visit_at.as_ref()),
            active,
            status: found_status,
            licenses: made.licenses(active),
            custom_fields: made.custom_fields(),
            kind: made.kind(),
            external_id,
        };
        made.finish(Ok(user), contradicts)
    }
}

struct Maker<'a, 'n> {
    mapping: &'a Mapping,
    scope: Scope<'a>,
    around: Around<'a>,
    notes: Option<&'n mut Notes>,
    invalid_custom_fields: u64,
    invalid_times: u64,
}

impl Maker<'_, '_> {
    fn finish(self, result: Result<User, Dropped>, contradicts: bool) -> Made {
        Made {
            result,
            invalid_custom_fields: self.invalid_custom_fields,
            invalid_times: self.invalid_times,
            contradicts,
        }
    }

    fn note(
        &mut self,
        field: &str,
        expression: &ValueExpression,
        raw: Option<&Value>,
        problem: Option<&str>,
    ) {
        if let Some(notes) = &mut self.notes {
            notes.field(field, expression, raw, problem);
        }
    }

    fn holds(&mut self, what: Decides<'_>, conditions: &Conditions) -> bool {
        match &mut self.notes {
            Some(notes) => {
                let explained =
                    conditions.evaluate(self.scope, Missing::AsDocumented, self.around.now);
                let holds = explained.truth.is_true();
                notes.conditions(what, explained);
                holds
            }
            None => conditions
                .truth(self.scope, Missing::AsDocumented, self.around.now)
                .is_true(),
        }
    }

    fn email(&mut self) -> Result<Option<String>, (Reason, Option<Value>)> {
        let expression = &self.mapping.email;
        let found = expression.find(self.scope);
        let (result, problem) = match custom::email(found.as_deref()) {
            Email::Valid(address) => (Ok(Some(address)), None),
            Email::None => (Err(Reason::NoEmail), Some("no address")),
            Email::Invalid => (Err(Reason::InvalidEmail), Some("not an email address")),
        };
        self.note("email", expression, found.as_deref(), problem);
        match result {
            Err(_) if self.mapping.keep_without_email => Ok(None),
            Err(reason) => Err((reason, found.map(Cow::into_owned))),
            Ok(email) => Ok(email),
        }
    }

    fn text(&mut self, field: &str, expression: Option<&ValueExpression>) -> Option<String> {
        let expression = expression?;
        let found = expression.find(self.scope);
        if self.notes.is_some() {
            let problem = found
                .as_deref()
                .is_some_and(Value::is_object)
                .then_some("not a text");
            self.note(field, expression, found.as_deref(), problem);
        }
        found.map(Cow::into_owned).and_then(custom::text)
    }

    fn full_name(&mut self) -> Option<String> {
        let mapping = self.mapping;
        match &mapping.full_name {
            FullName::None => None,
            FullName::Whole(expression) => self.text("full_name", Some(expression)),
            FullName::Parts(parts) => {
                let [first, last] = parts.as_ref();
                let first = self.text("first_name", first.as_ref());
                match (first, self.text("last_name", last.as_ref())) {
                    (Some(first), Some(last)) => Some(format!("{first} {last}")),
                    (first, last) => first.or(last),
                }
            }
        }
    }

    fn time(&mut self, field: &str, expression: Option<&ValueExpression>) -> Option<String> {
        let expression = expression?;
        let found = expression.find(self.scope);
        let read = found.as_deref().map_or(Ok(None), custom::time);
        if read.is_err() {
            self.invalid_times += 1;
        }
        self.note(
            field,
            expression,
            found.as_deref(),
            read.is_err().then_some("not a time"),
        );
        read.ok().flatten()
    }

    fn kind(&mut self) -> Option<Kind> {
        let mapping = self.mapping;
        let text = self.text("kind", mapping.kind.as_ref())?;
        KINDS
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, kind)| *kind)
    }

    fn status(&mut self) -> (bool, Option<String>) {
        let mapping = self.mapping;
        let active = self.holds(Decides::Active, &mapping.active_when);
        let status = match &mapping.in_app {
            InApp::Auto => Some(if active { "Active" } else { "Deleted" }.to_owned()),
            InApp::Field(expression) => self.text("status", Some(expression)),
            InApp::Conditions(branches) => {
                let mut label = None;
                for (when, name) in branches {
                    if self.holds(Decides::Status(name), when) {
                        label = Some(name.clone());
                        break;
                    }
                }
                label
            }
        };
        (active, status)
    }

    fn licenses(&mut self, active: bool) -> Vec<String> {
        let mapping = self.mapping;
        match &mapping.licenses {
            Licenses::Auto(name) if active => {
                vec![
                    name.clone()
                        .unwrap_or_else(|| self.around.app_name.to_owned()),
                ]
            }
            Licenses::Auto(_) => Vec::new(),
            Licenses::Conditions(licenses) => {
                let mut held: Vec<String> = Vec::new();
                for (name, when) in licenses {
                    if self.holds(Decides::License(name), when) && !held.contains(name) {
                        held.push(name.clone());
                    }
                }
                held
            }
        }
    }

    fn custom_fields(&mut self) -> Map<String, Value> {
        let mapping = self.mapping;
        let mut fields = Map::with_capacity(mapping.custom.len());
        for (name, expression) in &mapping.custom {
            let found = expression.find(self.scope);
            let kind = self.around.custom_fields.get(name).copied();
            if self.notes.is_some() {
                let problem = found
                    .as_deref()
                    .and_then(|value| custom::field(value, kind).err());
                let problem = problem.map(|wanted| format!("not {wanted}"));
                self.note(
                    &format!("custom_fields.{name}"),
                    expression,
                    found.as_deref(),
                    problem.as_deref(),
                );
            }
            let read = found.as_deref();
            match read.map_or(Ok(None), |value| custom::field(value, kind)) {
                Ok(value) => {
                    fields.insert(name.clone(), value.unwrap_or(Value::Null));
                }
                Err(_) => self.invalid_custom_fields += 1,
            }
        }
        fields
    }
}

/// Whether a status of the application's own says the opposite of what was calculated.
fn contradicts(status: &str, active: bool) -> bool {
    const WITH: [&str; 2] = ["active", "enabled"];
    const WITHOUT: [&str; 7] = [
        "deleted",
        "inactive",
        "disabled",
        "deactivated",
        "suspended",
        "removed",
        "deprovisioned",
    ];
    let says = |words: &[&str]| words.iter().any(|word| status.eq_ignore_ascii_case(word));
    (active && says(&WITHOUT)) || (!active && says(&WITH))
}

impl MappedUser {
    /// Takes the role of the same user from another place, in order of first sight.
    pub(crate) fn join_role(&mut self, other: Option<&str>) {
        let Some(other) = other else { return };
        match &mut self.user.role {
            None => self.user.role = Some(other.to_owned()),
            Some(role) => {
                if !role.split(", ").any(|known| known == other) {
                    role.push_str(", ");
                    role.push_str(other);
                }
            }
        }
    }
}
