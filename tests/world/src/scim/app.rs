//! The running application and what tests look at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use serde::Serialize;
use serde_json::{Value, json};

use super::api;
use super::options::ScimOptions;
use super::path::{Attributes, GROUP, USER};
use super::store::{Kind, Resource, Store};
use crate::chance::Chance;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::locked;
use crate::server::{Server, Traffic, fault_routes};
use crate::visibility::Made;

/// Everything behind a [`ScimApp`].
pub(super) struct App {
    pub(super) options: ScimOptions,
    pub(super) store: Mutex<Store>,
    pub(super) chance: Chance,
    pub(super) clock: SimClock,
    base_url: OnceLock<String>,
}

/// An application with SCIM 2.0 that listens on loopback until it is dropped.
pub struct ScimApp {
    app: Arc<App>,
    server: Server,
    faults: Faults,
}

/// An account as it is now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScimUser {
    /// The application's id.
    pub id: String,
    /// `userName`.
    pub user_name: String,
    /// `externalId`.
    pub external_id: Option<String>,
    /// `active`.
    pub active: bool,
    /// The display names of its groups.
    pub groups: Vec<String>,
    /// Everything stored.
    pub attributes: Value,
}

/// A group as it is now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScimGroup {
    /// The application's id.
    pub id: String,
    /// `displayName`.
    pub display_name: String,
    /// The ids of its members.
    pub members: Vec<String>,
}

impl ScimApp {
    /// Starts the application; must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be listened at.
    pub async fn start(options: ScimOptions) -> std::io::Result<Self> {
        let (address, path) = (options.address, options.path.clone());
        let app = Arc::new(App {
            chance: Chance::seeded(options.seed),
            clock: SimClock::default(),
            store: Mutex::default(),
            base_url: OnceLock::new(),
            options,
        });
        let faults = Faults::default();
        let router = api::router(Arc::clone(&app)).merge(fault_routes(faults.clone()));
        let server = Server::start(address, router, faults.clone()).await?;
        let _first = app.base_url.set(format!("{}{path}", server.url()));
        Ok(Self {
            app,
            server,
            faults,
        })
    }

    /// Where SCIM is; ends in `/scim/v2` unless another path was given.
    pub fn base_url(&self) -> String {
        format!("{}{}", self.server.url(), self.app.options.path)
    }

    /// The bearer token it wants.
    pub fn token(&self) -> &str {
        &self.app.options.token
    }

    /// Its faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What passed through.
    pub fn traffic(&self) -> &Traffic {
        self.server.traffic()
    }

    /// Every account, visible or not, in the order of creation.
    pub fn users(&self) -> Vec<ScimUser> {
        self.app.users()
    }

    /// The first account of this `userName`, whatever its case.
    pub fn user(&self, user_name: &str) -> Option<ScimUser> {
        let wanted = user_name.to_lowercase();
        let mut users = self.users().into_iter();
        users.find(|user| user.user_name.to_lowercase() == wanted)
    }

    /// Before each of the next `writes`, somebody else changes what is written, so that its version moves.
    pub fn meddle(&self, writes: u64) {
        locked(&self.app.store).meddled = writes;
    }

    /// Every group in the order of creation.
    pub fn groups(&self) -> Vec<ScimGroup> {
        let store = locked(&self.app.store);
        let groups = store.resources.iter().filter(|one| one.kind == Kind::Group);
        groups
            .map(|group| ScimGroup {
                id: group.id.clone(),
                display_name: group.name(),
                members: group.members(),
            })
            .collect()
    }

    /// How many accounts were created over SCIM, removed ones included.
    pub fn creates(&self) -> u64 {
        locked(&self.app.store).users_created
    }

    /// The `userName`s and `externalId`s that more than one account has.
    pub fn duplicates(&self) -> Vec<String> {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for user in self.users() {
            let names = [Some(user.user_name.to_lowercase()), user.external_id];
            for name in names.into_iter().flatten() {
                *counts.entry(name).or_default() += 1;
            }
        }
        let doubled = counts.into_iter().filter(|(_, count)| *count > 1);
        doubled.map(|(name, _)| name).collect()
    }

    /// An account that somebody else made; returns its id.
    pub fn insert_stranger(&self, user_name: &str) -> String {
        let email = json!([{ "value": user_name, "type": "work", "primary": true }]);
        let user = json!({ "userName": user_name, "displayName": user_name, "active": true, "emails": email });
        self.insert_user(user)
    }

    /// An account with these attributes, made by hand and visible at once; returns its id.
    pub fn insert_user(&self, attributes: Value) -> String {
        self.insert(Kind::User, USER, attributes)
    }

    /// A group made by hand; returns its id.
    pub fn insert_group(&self, display_name: &str) -> String {
        let group = json!({ "displayName": display_name, "members": [] });
        self.insert(Kind::Group, GROUP, group)
    }

    /// Shows everything that is still hidden (see [`ScimOptions::invisible_for`]).
    pub fn reveal(&self) {
        for resource in &mut locked(&self.app.store).resources {
            resource.made = Made::visible();
        }
    }

    /// Removes an account or a group by hand; false if there is none of this id.
    pub fn remove_by_hand(&self, id: &str) -> bool {
        let mut store = locked(&self.app.store);
        store.delete(Kind::User, id) || store.delete(Kind::Group, id)
    }

    /// Sets an attribute of an account by hand; false if there is no such account.
    pub fn edit_by_hand(&self, id: &str, attribute: &str, value: Value) -> bool {
        let mut store = locked(&self.app.store);
        let now = self.app.clock.now_ms();
        let Some(user) = store.find_mut(Kind::User, id) else {
            return false;
        };
        user.attributes.insert(attribute.to_owned(), value);
        user.version += 1;
        user.modified_ms = now;
        true
    }

    /// Takes an account into a group by hand; makes the group if there is none of this name.
    pub fn join_by_hand(&self, user: &str, group: &str) {
        let mut known = self.groups().into_iter();
        let known = known.find(|one| one.display_name == group);
        let id = known.map_or_else(|| self.insert_group(group), |known| known.id);
        let mut store = locked(&self.app.store);
        if let Some(group) = store.find_mut(Kind::Group, &id) {
            let members = group.attributes.entry("members").or_insert(json!([]));
            if let Some(members) = members.as_array_mut() {
                members.push(json!({ "value": user }));
            }
            group.version += 1;
        }
    }

    fn insert(&self, kind: Kind, schema: &str, attributes: Value) -> String {
        let mut fields = attributes.as_object().cloned().unwrap_or_default();
        fields.entry("schemas").or_insert_with(|| json!([schema]));
        let now = self.app.clock.now_ms();
        let made = Made::visible();
        locked(&self.app.store)
            .insert(&self.app.chance, now, kind, fields, made)
            .id
    }
}

impl App {
    /// Every account.
    pub(super) fn users(&self) -> Vec<ScimUser> {
        let store = locked(&self.store);
        let users = store.resources.iter().filter(|one| one.kind == Kind::User);
        users
            .map(|user| ScimUser {
                id: user.id.clone(),
                user_name: user.name(),
                external_id: user.text("externalId"),
                active: user.is_active(),
                groups: store
                    .groups_of(&user.id)
                    .into_iter()
                    .map(|(_, name)| name)
                    .collect(),
                attributes: Value::Object(user.attributes.clone()),
            })
            .collect()
    }

    /// A resource as clients see it.
    pub(super) fn shown(&self, store: &Store, resource: &Resource) -> Attributes {
        let mut shown = resource.attributes.clone();
        if resource.kind == Kind::User {
            let groups = store.groups_of(&resource.id).into_iter().map(|(id, name)| {
                json!({ "value": id, "display": name, "$ref": self.location(Kind::Group, &id) })
            });
            shown.insert("groups".to_owned(), groups.collect());
        }
        let mut meta = json!({
            "resourceType": resource.kind.endpoint().trim_end_matches('s'),
            "created": time_text(resource.created_ms),
            "lastModified": time_text(resource.modified_ms),
            "location": self.location(resource.kind, &resource.id),
        });
        if let (true, Some(fields)) = (self.options.etags, meta.as_object_mut()) {
            fields.insert("version".to_owned(), json!(api::etag(resource)));
        }
        shown.insert("meta".to_owned(), meta);
        shown
    }

    fn location(&self, kind: Kind, id: &str) -> String {
        let base = self.base_url.get().map_or("", String::as_str);
        format!("{base}/{}/{id}", kind.endpoint())
    }
}

fn time_text(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map(|at| at.to_string())
        .unwrap_or_default()
}
