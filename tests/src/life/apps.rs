//! The applications of a story: they do what they are asked, or are down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sando_core::app::Application;
use sando_core::effect::{Action, Outcome};
use sando_core::grant::Entitlement;
use sando_core::ids::{EffectKey, ExternalId, PersonId};
use sando_core::ports::{Applications, Calls, FoundUser, Provisioner, RemoteError, Sent, Subject};
use sando_core::workflow::HttpStep;
use serde_json::Value;

/// An account of an application.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: ExternalId,
    pub(super) address: String,
    /// None for a stranger's.
    pub(super) owner: Option<PersonId>,
    pub(super) active: bool,
    pub(super) entitlement: Entitlement,
}

#[derive(Default)]
struct Inner {
    accounts: BTreeMap<String, Vec<Account>>,
    down: BTreeSet<String>,
    count: u32,
}

/// The applications of a story.
#[derive(Default)]
pub(super) struct StoryApps(Mutex<Inner>);

impl StoryApps {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn go_down(&self, app: &str, is_down: bool) {
        let mut inner = self.inner();
        if is_down {
            inner.down.insert(app.to_owned());
        } else {
            inner.down.remove(app);
        }
    }

    /// Somebody we do not know has this address there.
    pub(super) fn add_stranger(&self, app: &str, address: &str) {
        let mut inner = self.inner();
        let id = inner.next_id();
        let accounts = inner.accounts.entry(app.to_owned()).or_default();
        accounts.push(Account {
            id,
            address: address.to_owned(),
            owner: None,
            active: true,
            entitlement: Entitlement::default(),
        });
    }

    /// All accounts, by application.
    pub(super) fn accounts(&self) -> BTreeMap<String, Vec<Account>> {
        self.inner().accounts.clone()
    }
}

impl Inner {
    fn next_id(&mut self) -> ExternalId {
        self.count += 1;
        ExternalId::try_from(format!("u{}", self.count)).expect("it is an id")
    }
}

/// A handle on one application.
struct StoryApp {
    apps: Arc<StoryApps>,
    app: String,
}

/// A handle on all of them that is a port.
pub(super) struct AppsPort(pub(super) Arc<StoryApps>);

fn address(subject: &Subject) -> &str {
    subject.person.text("work_email").unwrap_or_default()
}

/// By id, by our id, by address: as an application with SCIM finds them.
fn place(accounts: &[Account], subject: &Subject) -> Option<usize> {
    let find = |fits: &dyn Fn(&Account) -> bool| accounts.iter().position(fits);
    let by_id = subject.external_id.as_ref();
    by_id
        .and_then(|id| find(&|account| account.id == *id))
        .or_else(|| find(&|account| account.owner.as_ref() == Some(&subject.person.id)))
        .or_else(|| find(&|account| account.address == address(subject)))
}

#[async_trait]
impl Provisioner for StoryApp {
    async fn find(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError> {
        let inner = self.apps.inner();
        if inner.down.contains(&self.app) {
            return Err(RemoteError::NoAnswer {
                remote: self.app.clone(),
                why: "connection refused".to_owned(),
                sent: Sent::Never,
            });
        }
        let accounts = inner.accounts.get(&self.app).map_or(&[][..], Vec::as_slice);
        let found = place(accounts, subject).and_then(|place| accounts.get(place));
        Ok(found.map(|account| FoundUser {
            external_id: account.id.clone(),
            active: account.active,
            ours: account.owner.as_ref() == Some(&subject.person.id),
            entitled: Some(account.entitlement == subject.entitlement),
            shown: None,
            seated: None,
        }))
    }

    async fn make(&self, action: Action, subject: &Subject, _: &EffectKey) -> Outcome {
        let mut inner = self.apps.inner();
        let id = inner.next_id();
        let accounts = inner.accounts.entry(self.app.clone()).or_default();
        let done = |external_id: ExternalId| Outcome::Done {
            external_id: Some(external_id),
            was_so: false,
        };
        let Some(place) = place(accounts, subject) else {
            if action != Action::Create {
                return Outcome::Refused {
                    why: "404".to_owned(),
                };
            }
            accounts.push(Account {
                id: id.clone(),
                address: address(subject).to_owned(),
                owner: Some(subject.person.id.clone()),
                active: true,
                entitlement: subject.entitlement.clone(),
            });
            return done(id);
        };
        let Some(account) = accounts.get_mut(place) else {
            return done(id);
        };
        let found = account.id.clone();
        match action {
            Action::Restore => account.active = true,
            Action::Suspend => account.active = false,
            Action::Entitle => account.entitlement = subject.entitlement.clone(),
            Action::ReleasePlan => account.entitlement.plan = None,
            Action::Remove => drop(accounts.remove(place)),
            Action::Create | Action::RevokeSessions | Action::Send => {}
        }
        done(found)
    }
}

#[async_trait]
impl Applications for AppsPort {
    async fn provisioner(&self, app: &Application) -> Result<Arc<dyn Provisioner>, RemoteError> {
        Ok(Arc::new(StoryApp {
            apps: Arc::clone(&self.0),
            app: app.app.to_string(),
        }))
    }

    async fn request(&self, _: &HttpStep, _: &Value, _: &EffectKey, _: &Calls) -> Outcome {
        Outcome::Done {
            external_id: None,
            was_so: false,
        }
    }
}
