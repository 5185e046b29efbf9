//! The running application and what tests look at.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::api;
use crate::chance::Chance;
use crate::faults::Faults;
use crate::locked;
use crate::server::{Server, Traffic, any_port, fault_routes};
use crate::visibility::Made;

/// How the application behaves.
#[derive(Clone, Debug)]
pub struct HttpAppOptions {
    /// Where it listens; a free port on loopback unless given.
    pub address: SocketAddr,
    /// What the header `X-Api-Key` must hold.
    pub api_key: String,
    /// Makes ids repeatable.
    pub seed: u64,
    /// How long a new member is not found; `Duration::MAX` hides it until [`HttpApp::reveal`].
    pub invisible_for: Duration,
    /// Whether an address that is taken is refused with 409.
    pub unique: bool,
}

impl Default for HttpAppOptions {
    fn default() -> Self {
        Self {
            address: any_port(),
            api_key: "app-key".to_owned(),
            seed: 3,
            invisible_for: Duration::ZERO,
            unique: true,
        }
    }
}

/// A member as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The application's id.
    pub id: String,
    /// The address, as it was sent.
    pub email: String,
    /// The role, if one was sent.
    pub role: Option<String>,
    /// `active` or `suspended`.
    pub state: &'static str,
    /// The plan of the seat, if there is one.
    pub plan: Option<String>,
    /// How often its sessions were ended.
    pub logouts: u32,
}

/// A body that was posted to `/enrol` or `/hook/{name}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Received {
    /// `enrol`, or the name of the hook.
    pub name: String,
    /// The body; text that is not JSON is a string.
    pub body: Value,
    /// The header `Idempotency-Key`, if there was one.
    pub idempotency_key: Option<String>,
}

/// Everything stored.
#[derive(Default)]
pub(super) struct Store {
    pub(super) members: Vec<(Made, Member)>,
    pub(super) received: Vec<Received>,
    pub(super) creates: u64,
}

/// Everything behind an [`HttpApp`].
pub(super) struct App {
    pub(super) options: HttpAppOptions,
    pub(super) chance: Chance,
    pub(super) store: Mutex<Store>,
}

/// An application without SCIM that listens on loopback until it is dropped.
pub struct HttpApp {
    app: Arc<App>,
    server: Server,
    faults: Faults,
}

impl HttpApp {
    /// Starts the application; must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be listened at.
    pub async fn start(options: HttpAppOptions) -> std::io::Result<Self> {
        let address = options.address;
        let app = Arc::new(App {
            chance: Chance::seeded(options.seed),
            store: Mutex::default(),
            options,
        });
        let faults = Faults::default();
        let router = api::router(Arc::clone(&app)).merge(fault_routes(faults.clone()));
        let server = Server::start(address, router, faults.clone()).await?;
        Ok(Self {
            app,
            server,
            faults,
        })
    }

    /// Where it is, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.server.url()
    }

    /// What the header `X-Api-Key` must hold.
    pub fn api_key(&self) -> &str {
        &self.app.options.api_key
    }

    /// Its faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What passed through.
    pub fn traffic(&self) -> &Traffic {
        self.server.traffic()
    }

    /// Every member, visible or not, in the order of creation.
    pub fn members(&self) -> Vec<Member> {
        self.app.members()
    }

    /// The first member with this address, whatever its case.
    pub fn member(&self, email: &str) -> Option<Member> {
        let mut members = self.members().into_iter();
        members.find(|member| member.email.eq_ignore_ascii_case(email))
    }

    /// How many members were created over the API, removed ones included.
    pub fn creates(&self) -> u64 {
        locked(&self.app.store).creates
    }

    /// The addresses that more than one member has.
    pub fn duplicates(&self) -> Vec<String> {
        let members = self.members();
        let mut addresses: Vec<String> =
            members.iter().map(|one| one.email.to_lowercase()).collect();
        addresses.sort();
        let mut doubled: Vec<String> = addresses
            .iter()
            .zip(addresses.iter().skip(1))
            .filter(|(one, next)| one == next)
            .map(|(one, _)| one.clone())
            .collect();
        doubled.dedup();
        doubled
    }

    /// A member that somebody else made, visible at once; returns its id.
    pub fn insert_stranger(&self, email: &str) -> String {
        let member = self.app.new_member(email, None);
        let id = member.id.clone();
        let made = Made::visible();
        locked(&self.app.store).members.push((made, member));
        id
    }

    /// Shows everybody who is still hidden (see [`HttpAppOptions::invisible_for`]).
    pub fn reveal(&self) {
        for (made, _) in &mut locked(&self.app.store).members {
            *made = Made::visible();
        }
    }

    /// Removes a member by hand; false if there is none of this id.
    pub fn remove_by_hand(&self, id: &str) -> bool {
        self.app.remove(id)
    }

    /// Everything posted to this hook (or to `enrol`), oldest first.
    pub fn received(&self, name: &str) -> Vec<Received> {
        let store = locked(&self.app.store);
        let mine = store.received.iter().filter(|one| one.name == name);
        mine.cloned().collect()
    }

    /// The URL of a hook that records what is posted to it, Slack's shape included.
    pub fn hook_url(&self, name: &str) -> String {
        format!("{}/hook/{name}", self.server.url())
    }
}

impl App {
    /// Every member in the order of creation.
    pub(super) fn members(&self) -> Vec<Member> {
        let store = locked(&self.store);
        store
            .members
            .iter()
            .map(|(_, member)| member.clone())
            .collect()
    }

    /// A member that is not stored yet.
    pub(super) fn new_member(&self, email: &str, role: Option<String>) -> Member {
        Member {
            id: format!("m_{}", self.chance.hex(6)),
            email: email.to_owned(),
            role,
            state: "active",
            plan: None,
            logouts: 0,
        }
    }

    /// Removes a member; false if there is none of this id.
    pub(super) fn remove(&self, id: &str) -> bool {
        let members = &mut locked(&self.store).members;
        let before = members.len();
        members.retain(|(_, member)| member.id != id);
        members.len() < before
    }
}
