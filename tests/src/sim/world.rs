//! One simulated world: everything that a seed draws, wired to core's ports.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sando_core::config::ConfigItem;
use sando_core::event::{Hint, ToldArchive};
use sando_core::ids::{LeverId, derive};
use sando_core::ports::{NoReaders, Ports};
use sando_core::testing::Bare;
use serde_json::{Value, json};

use super::applications::{AppsPort, SimApp, SimApps};
use super::chance::Chance;
use super::clock::SimClock;
use super::company;
use super::faults::Faults;
use super::lever::SimLever;
use super::others::Quiet;
use super::plan::{self, Plan};
use super::queue::{Message, Queues};
use super::store::SimStore;
use super::watch::Watch;

/// When every simulation begins: a Monday morning.
pub const START: &str = "2027-03-01T08:00:00Z";

/// A world.
pub struct World {
    /// All chance.
    pub chance: Arc<Chance>,
    /// The clock.
    pub clock: Arc<SimClock>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// What was seen.
    pub watch: Arc<Watch>,
    /// The store.
    pub store: Arc<SimStore>,
    /// The queues.
    pub queues: Arc<Queues>,
    /// Lever.
    pub lever: Arc<SimLever>,
    /// The applications.
    pub apps: Arc<SimApps>,
    /// Core's view of all this.
    pub ports: Ports,
    /// What happens.
    pub plan: Plan,
    /// The files to begin with.
    pub files: Vec<ConfigItem>,
    /// When it begins.
    pub start: Timestamp,
    /// Who was terminated by hand, and when.
    pub terminated: Mutex<Vec<(usize, Timestamp)>>,
    hints: Mutex<Vec<Hint>>,
}

impl World {
    /// The world of a seed.
    #[must_use]
    pub fn of(seed: u64, tells: bool) -> Self {
        let start: Timestamp = START.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let chance = Arc::new(Chance::of(seed));
        let clock = Arc::new(SimClock::at(start));
        let faults = Arc::new(Faults::drawn(Arc::clone(&chance)));
        let watch = Arc::new(Watch::new(Arc::clone(&clock), tells));
        let plan = plan::drawn(&chance, start);
        let drawn = company::applications(&chance, start);
        let mut files = company::base(start);
        files.extend(drawn.iter().flat_map(|drawn| drawn.files.clone()));
        let (c, h, f, w) = (&clock, &chance, &faults, &watch);
        let parts = || (Arc::clone(c), Arc::clone(h), Arc::clone(f), Arc::clone(w));
        let apps = drawn.into_iter().map(|drawn| {
            let (clock, chance, faults, watch) = parts();
            SimApp::new(drawn.character, clock, chance, faults, watch)
        });
        let apps = Arc::new(SimApps::new(apps));
        let (a, b, d, e) = parts();
        let store = Arc::new(SimStore::new(seed, a, b, d, e));
        let (a, b, d, e) = parts();
        let lever = SimLever::new(a, b, d, e, company::outages(&chance, start));
        let lever = Arc::new(lever);
        let (a, b, d, _) = parts();
        let queues = Arc::new(Queues::new(a, b, d));
        let ports = Ports {
            store: store.clone(),
            work: queues.clone(),
            lever: lever.clone(),
            apps: Arc::new(AppsPort(Arc::clone(&apps))),
            readers: Arc::new(NoReaders),
            notifier: Arc::new(Quiet),
            keys: Arc::new(Bare),
            clock: clock.clone(),
            chance: chance.clone(),
        };
        let world = Self {
            chance,
            clock,
            faults,
            watch,
            store,
            queues,
            lever,
            apps,
            ports,
            plan,
            files,
            start,
            terminated: Mutex::default(),
            hints: Mutex::default(),
        };
        world.add_strangers();
        world
    }

    /// Now and then somebody has the wished address already.
    fn add_strangers(&self) {
        for app in self.apps.all() {
            for human in &self.plan.humans {
                if self.chance.happens(60) {
                    let name = human.name.to_lowercase().replace(' ', ".");
                    app.add_stranger(&format!("{name}@contoso.example"));
                }
            }
        }
    }

    /// The webhooks that were sent.
    pub fn hints(&self) -> MutexGuard<'_, Vec<Hint>> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lever calls a webhook; it arrives late, twice, or only when it is sent again.
    pub fn call_webhook(&self, event: &str, opportunity: &LeverId, data: &Value) {
        let now = self.clock.shows();
        let number = self.hints().len();
        let hint = Hint {
            registration: company::slug("main"),
            token_hash: derive(&["token", &number.to_string()]),
            event: event.to_owned(),
            triggered_at: now,
            received_at: now,
            opportunity: opportunity.clone(),
            content_hash: Hint::content_hash_of(event, data),
            archive: ToldArchive::of(data),
        };
        self.hints().push(hint.clone());
        let long = Duration::from_secs(3 * 3600);
        let short = Duration::from_secs(300);
        let delay = if self.chance.happens(100) {
            self.chance.up_to(long)
        } else {
            self.chance.up_to(short)
        };
        self.queues
            .put(Message::Event(Box::new(hint.clone())), delay);
        if self.chance.happens(250) {
            let again = delay + self.chance.up_to(long);
            self.queues
                .put(Message::Event(Box::new(hint.clone())), again);
        }
        if self.chance.happens(60) {
            let other = Hint {
                content_hash: Hint::content_hash_of(event, &json!({ "data": "forged" })),
                ..hint
            };
            let again = delay + self.chance.up_to(long);
            self.queues.put(Message::Event(Box::new(other)), again);
        }
    }

    /// Everything that Lever ever called is called again, with the old tokens and with new ones.
    pub fn replay(&self) {
        let all = self.hints().clone();
        for (number, hint) in all.into_iter().enumerate() {
            let fresh = Hint {
                token_hash: derive(&["replayed", &number.to_string()]),
                ..hint.clone()
            };
            for hint in [hint, fresh] {
                let delay = self.chance.up_to(Duration::from_secs(60));
                self.queues.put(Message::Event(Box::new(hint)), delay);
            }
        }
    }
}
