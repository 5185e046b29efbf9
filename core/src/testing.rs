//! What the tests of every crate are built of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::company::Company;
use crate::config::{ConfigItem, ConfigKind};
use crate::definition::User;
use crate::ids::{PersonId, Slug};
use crate::intake::new_person;
use crate::person::{Attributes, Lifecycle, Person};
use crate::ports::{KeyWrap, RemoteError, SecretValues, Secrets};
use crate::roster::Face;

/// A person who has started, with the attributes of an engineer.
#[must_use]
pub fn a_person() -> PersonBuilder {
    let mut attributes = Attributes::default();
    for (name, value) in [
        ("name", "Ada Park"),
        ("first_name", "Ada"),
        ("last_name", "Park"),
        ("personal_email", "ada.park@mail.example"),
        ("work_email", "ada.park@contoso.example"),
        ("department", "Engineering"),
    ] {
        attributes.set(name, value);
    }
    PersonBuilder(Person {
        state: Lifecycle::Active,
        access_epoch: 1,
        attributes,
        ..new_person(PersonId::derived(&["ada"]), Timestamp::UNIX_EPOCH)
    })
}

/// A file of what is configured, as it is stored.
///
/// # Panics
/// If `id` is no slug.
#[must_use]
pub fn a_file(kind: ConfigKind, id: &str, file: Value) -> ConfigItem {
    ConfigItem {
        kind,
        id: Slug::parse(id).expect("names in tests are slugs"),
        file,
        changed_at: Timestamp::UNIX_EPOCH,
    }
}

/// Takes a file into a company.
///
/// # Panics
/// If something is wrong with it.
#[track_caller]
pub fn take(company: &mut Company, kind: ConfigKind, id: &str, file: Value) {
    let taken = company.take(&a_file(kind, id, file));
    taken.expect("files in tests have no mistakes");
}

/// An active user with a licence, as the first sync of a roster found them.
#[must_use]
pub fn a_face(id: &str, email: &str, license: &str, at: Timestamp) -> Face {
    Face {
        user: User {
            external_id: id.to_owned(),
            email: Some(email.to_owned()),
            username: None,
            full_name: None,
            role: None,
            created_at: None,
            last_visit_at: None,
            active: true,
            status: None,
            licenses: vec![license.to_owned()],
            custom_fields: Map::new(),
            kind: None,
        },
        unknown: Vec::new(),
        why: Vec::new(),
        deleted: false,
        sync: 1,
        at,
    }
}

/// All references in a JSON Schema.
#[must_use]
pub fn references(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![schema];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                left.extend(map.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    found
}

/// Builds a person for a test.
#[derive(Clone, Debug)]
pub struct PersonBuilder(Person);

impl PersonBuilder {
    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.attributes.set(name, value);
        self
    }

    /// In a lifecycle state.
    #[must_use]
    pub fn in_state(mut self, state: Lifecycle) -> Self {
        self.0.state = state;
        self
    }

    /// The person.
    #[must_use]
    pub fn build(self) -> Person {
        self.0
    }
}

/// Wraps keys in nothing.
#[derive(Clone, Copy, Debug)]
pub struct Bare;

#[async_trait]
impl KeyWrap for Bare {
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(key.to_vec())
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(wrapped.to_vec())
    }
}

/// Keeps credentials for as long as one of its clones lives.
#[derive(Clone, Default, Debug)]
pub struct KeptSecrets(Arc<Mutex<BTreeMap<String, SecretValues>>>);

impl KeptSecrets {
    /// What is kept of an owner.
    #[must_use]
    pub fn of(&self, owner: &str) -> Option<SecretValues> {
        self.all(|all| all.get(owner).cloned())
    }

    /// Is nothing kept?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all(|all| all.is_empty())
    }

    fn all<T>(&self, look: impl FnOnce(&mut BTreeMap<String, SecretValues>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Secrets for KeptSecrets {
    async fn read(&self, owner: &str, _: bool) -> Result<Option<SecretValues>, RemoteError> {
        Ok(self.of(owner))
    }

    async fn write(&self, owner: &str, values: &SecretValues) -> Result<(), RemoteError> {
        self.all(|all| all.insert(owner.to_owned(), values.clone()));
        Ok(())
    }

    async fn remove(&self, owner: &str) -> Result<(), RemoteError> {
        self.all(|all| all.remove(owner));
        Ok(())
    }
}
