//! What stands for a placeholder in an application's templates, and what of it must not be quoted.

use sando_core::ports::Subject;
use serde_json::Value;

use crate::http::Mask;

/// The value of `{work_email}`, `{grant.role}`, `{grant.plan}`, `{grant.groups}`, `{user.id}` or `{person.id}`.
pub(crate) fn lookup(subject: &Subject, name: &str) -> Option<Value> {
    let wanted = &subject.entitlement;
    match name {
        "grant.role" => wanted.role.clone().map(Value::String),
        "grant.plan" => wanted.plan.clone().map(Value::String),
        "grant.groups" => Some(wanted.groups.iter().cloned().map(Value::String).collect()),
        "user.id" => subject
            .external_id
            .as_ref()
            .map(|id| Value::from(id.as_str())),
        "person.id" => Some(Value::from(subject.person.id.as_str())),
        attribute => subject.person.attribute(attribute).cloned(),
    }
}

/// What a server may quote from what we sent, and must not end in a log.
pub(crate) fn personal(subject: &Subject) -> Mask {
    let names = [
        "name",
        "first_name",
        "last_name",
        "work_email",
        "personal_email",
    ];
    Mask::default().with(names.iter().filter_map(|name| subject.person.text(name)))
}
