//! The application's accounts and groups, and the rules that every write keeps.

use serde_json::{Value, json};

use super::options::ScimOptions;
use super::patch::{self, Operation};
use super::path::{Attributes, GROUP, USER, field, key_of};
use super::problem::Problem;
use crate::chance::Chance;
use crate::visibility::Made;

/// Users or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    /// The schema that a body must name.
    pub(super) fn schema(self) -> &'static str {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
        }
    }

    /// The last part of the endpoint.
    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    /// The attribute that names a resource.
    fn name(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }
}

/// A user or a group.
#[derive(Clone)]
pub(super) struct Resource {
    pub(super) kind: Kind,
    pub(super) id: String,
    /// With `id`, without `meta` and a user's `groups`.
    pub(super) attributes: Attributes,
    pub(super) made: Made,
    pub(super) version: u64,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
}

impl Resource {
    /// A text attribute.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        field(&self.attributes, name)?.as_str().map(str::to_owned)
    }

    /// What the resource is called.
    pub(super) fn name(&self) -> String {
        self.text(self.kind.name()).unwrap_or_default()
    }

    /// Whether an account is active; accounts are unless told otherwise.
    pub(super) fn is_active(&self) -> bool {
        let active = field(&self.attributes, "active").and_then(Value::as_bool);
        active.unwrap_or(true)
    }

    /// The ids of a group's members.
    pub(super) fn members(&self) -> Vec<String> {
        let listed = field(&self.attributes, "members").and_then(Value::as_array);
        let ids = listed
            .into_iter()
            .flatten()
            .filter_map(|member| member.get("value")?.as_str());
        ids.map(str::to_owned).collect()
    }
}

/// Everything stored, in the order of creation.
#[derive(Default)]
pub(super) struct Store {
    pub(super) resources: Vec<Resource>,
    pub(super) users_created: u64,
    /// Before how many writes somebody else still changes what is written.
    pub(super) meddled: u64,
}

impl Store {
    /// The resource of this kind, visible or not.
    pub(super) fn find(&self, kind: Kind, id: &str) -> Option<&Resource> {
        let mut all = self.resources.iter();
        all.find(|resource| resource.kind == kind && resource.id == id)
    }

    /// The resource of this kind, visible or not, for changing.
    pub(super) fn find_mut(&mut self, kind: Kind, id: &str) -> Option<&mut Resource> {
        let mut all = self.resources.iter_mut();
        all.find(|resource| resource.kind == kind && resource.id == id)
    }

    /// Somebody else changes the resource, if one of [`Store::meddled`] is left: the first user joins a group.
    pub(super) fn meddle_with(&mut self, kind: Kind, id: &str) {
        if self.meddled == 0 {
            return;
        }
        let mut users = self.resources.iter().filter(|one| one.kind == Kind::User);
        let somebody = users.next().map(|user| user.id.clone());
        let Some(resource) = self.find_mut(kind, id) else {
            return;
        };
        resource.version += 1;
        match kind {
            Kind::User => {
                let nickname = Value::from("Somebody else was here");
                resource.attributes.insert("nickName".to_owned(), nickname);
            }
            Kind::Group => {
                let key = key_of(&resource.attributes, "members");
                let members = resource.attributes.entry(key).or_insert(json!([]));
                if let Some(members) = members.as_array_mut() {
                    members.push(json!({ "value": somebody }));
                }
            }
        }
        self.meddled -= 1;
    }

    /// Creates what a client's body describes.
    pub(super) fn create(
        &mut self,
        options: &ScimOptions,
        chance: &Chance,
        now: i64,
        kind: Kind,
        body: Attributes,
    ) -> Result<Resource, Problem> {
        let attributes = self.accepted(options, kind, None, body)?;
        let resource = self.insert(
            chance,
            now,
            kind,
            attributes,
            Made::now(options.invisible_for),
        );
        if kind == Kind::User {
            self.users_created += 1;
        }
        Ok(resource)
    }

    /// Stores a resource without any check.
    pub(super) fn insert(
        &mut self,
        chance: &Chance,
        now: i64,
        kind: Kind,
        attributes: Attributes,
        made: Made,
    ) -> Resource {
        let id = chance.uuid();
        let resource = Resource {
            kind,
            attributes: with_id(&id, attributes),
            id,
            made,
            version: 1,
            created_ms: now,
            modified_ms: now,
        };
        self.resources.push(resource.clone());
        resource
    }

    /// Replaces a resource's attributes by a client's body.
    pub(super) fn replace(
        &mut self,
        options: &ScimOptions,
        now: i64,
        kind: Kind,
        id: &str,
        body: Attributes,
    ) -> Result<Resource, Problem> {
        let attributes = self.accepted(options, kind, Some(id), body)?;
        let resource = self
            .find_mut(kind, id)
            .ok_or_else(|| Problem::missing(id))?;
        resource.attributes = with_id(id, attributes);
        resource.version += 1;
        resource.modified_ms = now;
        Ok(resource.clone())
    }

    /// Applies all operations, or none.
    pub(super) fn patch(
        &mut self,
        options: &ScimOptions,
        now: i64,
        kind: Kind,
        id: &str,
        operations: Vec<Operation>,
    ) -> Result<Resource, Problem> {
        let resource = self.find(kind, id).ok_or_else(|| Problem::missing(id))?;
        let mut attributes = resource.attributes.clone();
        for operation in operations {
            let operation = checked(options, operation)?;
            patch::apply(&mut attributes, &operation)?;
        }
        self.replace(options, now, kind, id, attributes)
    }

    /// Deletes a resource; an account leaves its groups.
    pub(super) fn delete(&mut self, kind: Kind, id: &str) -> bool {
        let before = self.resources.len();
        self.resources
            .retain(|resource| resource.kind != kind || resource.id != id);
        for group in self
            .resources
            .iter_mut()
            .filter(|one| one.kind == Kind::Group)
        {
            let key = key_of(&group.attributes, "members");
            if let Some(members) = group.attributes.get_mut(&key).and_then(Value::as_array_mut) {
                members.retain(|member| member.get("value").and_then(Value::as_str) != Some(id));
            }
        }
        self.resources.len() < before
    }

    /// The groups an account is in: id and display name.
    pub(super) fn groups_of(&self, user: &str) -> Vec<(String, String)> {
        let is_in = |group: &&Resource| {
            group.kind == Kind::Group && group.members().iter().any(|member| member == user)
        };
        let groups = self.resources.iter().filter(is_in);
        groups
            .map(|group| (group.id.clone(), group.name()))
            .collect()
    }

    /// The attributes as they are stored: read-only ones left out, everything checked.
    fn accepted(
        &self,
        options: &ScimOptions,
        kind: Kind,
        own: Option<&str>,
        mut body: Attributes,
    ) -> Result<Attributes, Problem> {
        for read_only in ["id", "meta", "groups"] {
            let key = key_of(&body, read_only);
            body.remove(&key);
        }
        let name = field(&body, kind.name())
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if name.trim().is_empty() {
            return Err(Problem::bad(
                "invalidValue",
                format!("{} is required", kind.name()),
            ));
        }
        let must_differ = match kind {
            Kind::User => options.unique,
            Kind::Group => options.unique_groups,
        };
        if must_differ && self.is_taken(kind, own, &name) {
            return Err(Problem::taken(&name));
        }
        match kind {
            Kind::User => {
                let key = key_of(&body, "active");
                let active = body.entry(key).or_insert(json!(true));
                if !active.is_boolean() {
                    return Err(Problem::bad("invalidValue", "active is a boolean"));
                }
            }
            Kind::Group => self.complete_members(&mut body)?,
        }
        Ok(body)
    }

    fn is_taken(&self, kind: Kind, own: Option<&str>, name: &str) -> bool {
        self.resources.iter().any(|other| {
            other.kind == kind
                && own != Some(other.id.as_str())
                && other.name().to_lowercase() == name.to_lowercase()
        })
    }

    /// Members must exist; their `display` is filled in and doubles are dropped.
    fn complete_members(&self, body: &mut Attributes) -> Result<(), Problem> {
        let key = key_of(body, "members");
        let Some(members) = body.get(&key) else {
            return Ok(());
        };
        let wrong = || Problem::bad("invalidValue", "members is a list of objects with a value");
        let mut complete: Vec<Value> = Vec::new();
        for member in members.as_array().ok_or_else(wrong)? {
            let id = member
                .get("value")
                .and_then(Value::as_str)
                .ok_or_else(wrong)?;
            let user = self
                .find(Kind::User, id)
                .ok_or_else(|| Problem::bad("invalidValue", format!("there is no user {id}")))?;
            let entry = json!({ "value": id, "display": user.name(), "type": "User" });
            if !complete.contains(&entry) {
                complete.push(entry);
            }
        }
        body.insert(key, Value::Array(complete));
        Ok(())
    }
}

/// The attributes with `id` in front, so that filters can ask for it.
fn with_id(id: &str, attributes: Attributes) -> Attributes {
    let mut all = Attributes::new();
    all.insert("id".to_owned(), json!(id));
    all.extend(attributes);
    all
}

/// The operation with `active` as a boolean, if it is in the form this application wants.
fn checked(options: &ScimOptions, mut operation: Operation) -> Result<Operation, Problem> {
    let Some(target) = &operation.target else {
        return Ok(operation);
    };
    if ["id", "meta", "groups"].iter().any(|name| target.is(name)) {
        return Err(Problem::bad("mutability", "the attribute is read-only"));
    }
    if target.is("members") {
        let named = operation
            .value
            .as_ref()
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        if named > options.members_per_patch {
            return Err(Problem::bad("tooMany", "too many members in one operation"));
        }
    }
    if target.is("active")
        && let Some(value) = operation.value.take()
    {
        operation.value = Some(Value::Bool(active_of(options, &value)?));
    }
    Ok(operation)
}

fn active_of(options: &ScimOptions, value: &Value) -> Result<bool, Problem> {
    match (options.active_as_text, value) {
        (false, Value::Bool(active)) => Ok(*active),
        (true, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        (true, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        (false, _) => Err(Problem::bad("invalidValue", "active is a boolean")),
        (true, _) => Err(Problem::bad(
            "invalidValue",
            r#"active is "True" or "False""#,
        )),
    }
}
