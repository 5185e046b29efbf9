//! From a record of the application to a user: fields, status, licences, custom fields.

mod custom;
mod evaluate;
mod explain;
mod read;
mod user;

use std::collections::BTreeMap;

pub(crate) use custom::is_address;
pub(crate) use evaluate::Around;
pub(crate) use explain::Notes;
pub use explain::{Explain, Explanation, FieldWhy, NamedWhy};
pub(crate) use read::KINDS;
#[cfg(test)]
pub(crate) use read::{IN_APP_KEYS, LICENSES_KEYS, MAP_KEYS, STATUS_KEYS};
pub use user::{Dropped, IdHash, Kind, MappedUser, Reason, User};

use crate::{app::CustomField, condition::Conditions, value::ValueExpression};

/// The types of custom fields, by name; a field without a type is text.
pub type CustomFields = BTreeMap<String, CustomField>;

/// How a record becomes a user.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mapping {
    pub(crate) external_id: ValueExpression,
    pub(crate) email: ValueExpression,
    pub(crate) username: Option<ValueExpression>,
    full_name: FullName,
    role: Option<ValueExpression>,
    created_at: Option<ValueExpression>,
    last_visit_at: Option<ValueExpression>,
    kind: Option<ValueExpression>,
    active_when: Conditions,
    in_app: InApp,
    licenses: Licenses,
    custom: Vec<(String, ValueExpression)>,
    keep_without_email: bool,
    /// Which outputs are not known while the details or joined item under a name are not.
    depends: BTreeMap<String, Vec<String>>,
}

impl Mapping {
    /// Do conditions decide who holds which licence?
    pub(crate) fn has_license_conditions(&self) -> bool {
        matches!(&self.licenses, Licenses::Conditions(all) if !all.is_empty())
    }
}

#[derive(Debug, Clone, PartialEq)]
enum FullName {
    None,
    Whole(Box<ValueExpression>),
    Parts(Box<[Option<ValueExpression>; 2]>),
}

#[derive(Debug, Clone, PartialEq)]
enum InApp {
    Auto,
    Field(Box<ValueExpression>),
    Conditions(Vec<(Conditions, String)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Licenses {
    /// The name, or the application's.
    Auto(Option<String>),
    Conditions(Vec<(String, Conditions)>),
}
