//! Applications of different character, with accounts that never lie about what was done to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::app::Application;
use sando_core::effect::{Action, Outcome};
use sando_core::grant::Entitlement;
use sando_core::ids::{AppSlug, EffectKey, ExternalId, PersonId};
use sando_core::ports::{Applications, Calls, FoundUser, Provisioner, RemoteError, Sent, Subject};
use sando_core::workflow::HttpStep;
use sando_infra::memory::yield_once;

use super::chance::Chance;
use super::clock::{SimClock, after};
use super::faults::Faults;
use super::watch::{Invariant, Watch};

/// What kind of application it is.
#[derive(Clone, Debug)]
pub struct Character {
    /// Its name.
    pub app: AppSlug,
    /// It refuses a second user of one name, and carries our id of the person.
    pub scim: bool,
    /// It shows what a user is entitled to.
    pub shows_entitlement: bool,
    /// For how long it may hide a new user.
    pub hides: Duration,
    /// When it is down.
    pub outages: Vec<(Timestamp, Timestamp)>,
}

/// A user of an application.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id there.
    pub id: ExternalId,
    /// Its address.
    pub address: String,
    /// Whom it was made for; none for a stranger's.
    pub owner: Option<PersonId>,
    /// Is it usable?
    pub active: bool,
    /// What it may do.
    pub entitlement: Entitlement,
    visible_at: Timestamp,
}

/// An effect on its way.
struct Coming {
    at: Timestamp,
    action: Action,
    address: String,
    subject: Subject,
    hidden: Duration,
}

#[derive(Default)]
struct Inner {
    accounts: Vec<Account>,
    coming: Vec<Coming>,
    count: u64,
}

/// One simulated application.
pub struct SimApp {
    /// Its character.
    pub character: Character,
    inner: Mutex<Inner>,
    clock: Arc<SimClock>,
    chance: Arc<Chance>,
    faults: Arc<Faults>,
    watch: Arc<Watch>,
}

/// All of them.
pub struct SimApps {
    apps: BTreeMap<AppSlug, Arc<SimApp>>,
}

fn address_of(subject: &Subject) -> String {
    subject
        .person
        .text("work_email")
        .unwrap_or_default()
        .to_owned()
}

impl SimApp {
    /// Without users.
    #[must_use]
    pub fn new(
        character: Character,
        clock: Arc<SimClock>,
        chance: Arc<Chance>,
        faults: Arc<Faults>,
        watch: Arc<Watch>,
    ) -> Self {
        let inner = Mutex::default();
        Self {
            character,
            inner,
            clock,
            chance,
            faults,
            watch,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody we do not know has this address here.
    pub fn add_stranger(&self, address: &str) {
        let mut inner = self.inner();
        let id = inner.next_id();
        inner.accounts.push(Account {
            id,
            address: address.to_owned(),
            owner: None,
            active: true,
            entitlement: Entitlement::default(),
            visible_at: Timestamp::UNIX_EPOCH,
        });
    }

    /// All users, after what is on its way has arrived.
    pub fn accounts(&self) -> Vec<Account> {
        self.settle();
        self.inner().accounts.clone()
    }

    /// What is on its way arrives, in order.
    fn settle(&self) {
        let now = self.clock.shows();
        loop {
            let next = {
                let mut inner = self.inner();
                let place = inner
                    .coming
                    .iter()
                    .enumerate()
                    .filter(|(_, coming)| coming.at <= now)
                    .min_by_key(|(_, coming)| coming.at)
                    .map(|(place, _)| place);
                place.map(|place| inner.coming.remove(place))
            };
            match next {
                Some(coming) => drop(self.happens(&coming)),
                None => return,
            }
        }
    }

    /// The effect happens, now; answers the user, or that there is none.
    fn happens(&self, coming: &Coming) -> Option<(ExternalId, bool)> {
        let (app, person) = (&self.character.app, &coming.subject.person.id);
        self.watch
            .tell(|| format!("{app}: {} for {person} happens", coming.action.as_str()));
        let mut inner = self.inner();
        if coming.action == Action::Create {
            let taken = inner
                .accounts
                .iter()
                .find(|account| account.address == coming.address)
                .map(|account| account.id.clone());
            if let Some(taken) = taken.filter(|_| self.character.scim) {
                return Some((taken, true));
            }
            let id = inner.next_id();
            inner.accounts.push(Account {
                id: id.clone(),
                address: coming.address.clone(),
                owner: Some(person.clone()),
                active: true,
                entitlement: coming.subject.entitlement.clone(),
                visible_at: after(coming.at, coming.hidden),
            });
            let owned = inner
                .accounts
                .iter()
                .filter(|account| account.owner.as_ref() == Some(person))
                .count();
            drop(inner);
            if owned > 1 {
                self.watch.violated(
                    Invariant::OneAccountEach,
                    format!("{person} has {owned} accounts in `{app}`"),
                );
            }
            return Some((id, false));
        }
        let place = self.place(&inner, &coming.subject, &coming.address)?;
        let account = inner.accounts.get_mut(place)?;
        let id = account.id.clone();
        let strange = account.owner.as_ref() != Some(person);
        match coming.action {
            Action::Restore => account.active = true,
            Action::Suspend => account.active = false,
            Action::Entitle => account.entitlement = coming.subject.entitlement.clone(),
            Action::Remove => drop(inner.accounts.remove(place)),
            _ => {}
        }
        drop(inner);
        if strange {
            self.watch.violated(
                Invariant::StrangersUntouched,
                format!(
                    "{} for {person} met a stranger in `{app}`",
                    coming.action.as_str()
                ),
            );
        }
        Some((id, false))
    }

    /// The user that a request is about: by id, by our id, by address.
    fn place(&self, inner: &Inner, subject: &Subject, address: &str) -> Option<usize> {
        let find = |fits: &dyn Fn(&Account) -> bool| inner.accounts.iter().position(fits);
        let by_id = subject
            .external_id
            .as_ref()
            .and_then(|id| find(&|account| account.id == *id));
        let ours = self
            .character
            .scim
            .then(|| find(&|account| account.owner.as_ref() == Some(&subject.person.id)))
            .flatten();
        by_id
            .or(ours)
            .or_else(|| find(&|account| account.address == address))
    }

    fn is_down(&self) -> bool {
        let now = self.clock.shows();
        self.faults.are_on()
            && self
                .character
                .outages
                .iter()
                .any(|(from, to)| *from <= now && now < *to)
    }

    async fn look(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError> {
        yield_once().await;
        let start = self.clock.shows();
        let remote = self.character.app.to_string();
        if self.is_down() || self.faults.happens(self.faults.levels.find) {
            if self.chance.happens(500) {
                return Err(RemoteError::Refused {
                    remote,
                    status: 503,
                    message: "unavailable".to_owned(),
                });
            }
            self.clock
                .until(after(start, Duration::from_secs(20)))
                .await;
            return Err(RemoteError::NoAnswer {
                remote,
                why: "time-out".to_owned(),
                sent: Sent::Perhaps,
            });
        }
        let latency = self.chance.up_to(Duration::from_millis(900));
        self.clock.until(after(start, latency / 2)).await;
        self.settle();
        let found = self.shown(subject);
        self.clock.until(after(start, latency)).await;
        yield_once().await;
        Ok(found)
    }

    fn shown(&self, subject: &Subject) -> Option<FoundUser> {
        let now = self.clock.shows();
        let inner = self.inner();
        let place = self.place(&inner, subject, &address_of(subject))?;
        let account = inner.accounts.get(place)?;
        (account.visible_at <= now).then(|| FoundUser {
            external_id: account.id.clone(),
            active: account.active,
            ours: self.character.scim && account.owner.as_ref() == Some(&subject.person.id),
            entitled: self
                .character
                .shows_entitlement
                .then(|| account.entitlement == subject.entitlement),
            shown: None,
            seated: None,
        })
    }

    async fn act(&self, action: Action, subject: &Subject) -> Outcome {
        let start = self.clock.shows();
        let coming = |at: Timestamp, hidden: Duration| Coming {
            at,
            action,
            address: address_of(subject),
            subject: subject.clone(),
            hidden,
        };
        let down = self.is_down();
        if down && self.chance.happens(500) || self.faults.happens(self.faults.levels.not_done) {
            return Outcome::NotDone {
                why: "429".to_owned(),
                retry_after_secs: self.chance.happens(300).then_some(30),
            };
        }
        if down || self.faults.happens(self.faults.levels.unknown) {
            if self.chance.happens(600) {
                let at = after(start, self.chance.up_to(Duration::from_secs(60)));
                let hidden = self.chance.up_to(self.character.hides);
                self.inner().coming.push(coming(at, hidden));
            }
            self.clock
                .until(after(start, Duration::from_secs(20)))
                .await;
            return Outcome::Unknown {
                why: "time-out".to_owned(),
            };
        }
        let latency = self.chance.up_to(Duration::from_secs(2));
        let hidden = if self.faults.happens(300) {
            self.chance.up_to(self.character.hides)
        } else {
            Duration::ZERO
        };
        let at = after(start, latency / 2);
        self.inner().coming.push(coming(at, hidden));
        self.clock.until(after(start, latency)).await;
        self.settle();
        let user = {
            let inner = self.inner();
            self.place(&inner, subject, &address_of(subject))
                .and_then(|place| inner.accounts.get(place))
                .map(|account| account.id.clone())
        };
        match (action, user) {
            (Action::Restore | Action::Entitle, None) => Outcome::Refused {
                why: "404".to_owned(),
            },
            (_, user) => Outcome::Done {
                external_id: user.filter(|_| action == Action::Create && self.chance.happens(800)),
                was_so: false,
            },
        }
    }
}

impl Inner {
    fn next_id(&mut self) -> ExternalId {
        self.count += 1;
        ExternalId::try_from(format!("u{}", self.count)).expect("it is an id")
    }
}

#[async_trait]
impl Provisioner for SimApp {
    async fn find(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError> {
        let found = self.look(subject).await;
        self.watch.tell(|| {
            format!(
                "{}: a look for {} shows {found:?}",
                self.character.app, subject.person.id
            )
        });
        found
    }

    async fn make(&self, action: Action, subject: &Subject, key: &EffectKey) -> Outcome {
        yield_once().await;
        self.watch
            .attempted(&self.character.app, action, subject, key);
        let outcome = self.act(action, subject).await;
        yield_once().await;
        self.watch.tell(|| {
            format!(
                "{}: {} for {} ends {outcome:?}",
                self.character.app,
                action.as_str(),
                subject.person.id
            )
        });
        outcome
    }
}

impl SimApps {
    /// These applications.
    #[must_use]
    pub fn new(apps: impl IntoIterator<Item = SimApp>) -> Self {
        let apps = apps
            .into_iter()
            .map(|app| (app.character.app.clone(), Arc::new(app)))
            .collect();
        Self { apps }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<SimApp>> {
        self.apps.values()
    }

    /// One of them.
    #[must_use]
    pub fn app(&self, slug: &AppSlug) -> Option<&Arc<SimApp>> {
        self.apps.get(slug)
    }
}

/// A handle on them that is a port.
pub struct AppsPort(pub Arc<SimApps>);

#[async_trait]
impl Applications for AppsPort {
    async fn provisioner(&self, app: &Application) -> Result<Arc<dyn Provisioner>, RemoteError> {
        yield_once().await;
        match self.0.app(&app.app) {
            Some(app) => Ok(app.clone()),
            None => Err(RemoteError::Forbidden {
                remote: app.app.to_string(),
                why: "there is none".to_owned(),
            }),
        }
    }

    async fn request(
        &self,
        _: &HttpStep,
        _: &serde_json::Value,
        _: &EffectKey,
        _: &Calls,
    ) -> Outcome {
        Outcome::Refused {
            why: "no requests here".to_owned(),
        }
    }
}
