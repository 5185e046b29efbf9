//! The world of one telling: core's real handlers, and what they can be asked about.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use sando_core::audit::{Cause, Head, Record, StreamId, verify};
use sando_core::changes::Origin;
use sando_core::claim::{Claim, Held, Holder};
use sando_core::event::KnownCandidacy;
use sando_core::handle;
use sando_core::ids::PersonId;
use sando_core::person::{Lifecycle, Person};
use sando_core::ports::{Clock, NoReaders, Ports, WorkMessage};
use sando_core::store::{
    Commit, DUE_SHARDS, DueEntry, Entity, Key, Loaded, PageRequest, Put, Query, Version,
};
use sando_core::testing::Bare;
use sando_infra::memory::MemoryStore;

use super::apps::{AppsPort, StoryApps};
use super::company;
use super::lever::{StoryLever, lever_id};
use super::ports::{Letters, Lossy};
use crate::harness::TestClock;
use crate::sim::chance::Chance;

/// Work that is done while nothing comes to rest.
const MOST_WORK: usize = 20_000;

/// The world of one telling.
pub(super) struct World {
    pub(super) ports: Ports,
    pub(super) clock: Arc<TestClock>,
    pub(super) lever: Arc<StoryLever>,
    pub(super) apps: Arc<StoryApps>,
    pub(super) letters: Arc<Letters>,
    /// Until when polling Lever is worked on when it is due.
    polls_until: std::sync::Mutex<Timestamp>,
}

/// A moment of a story.
pub(super) fn moment(at: DateTime) -> Timestamp {
    at.to_zoned(jiff::tz::TimeZone::UTC)
        .expect("times of stories exist")
        .timestamp()
}

impl World {
    pub(super) async fn begin(at: Timestamp) -> Self {
        let clock = Arc::new(TestClock::at(at));
        let store = Arc::new(MemoryStore::new());
        let lever = Arc::new(StoryLever::new(Arc::clone(&clock)));
        let apps = Arc::new(StoryApps::default());
        let letters = Arc::new(Letters::default());
        let ports = Ports {
            store,
            work: Arc::new(Lossy),
            lever: lever.clone(),
            apps: Arc::new(AppsPort(Arc::clone(&apps))),
            readers: Arc::new(NoReaders),
            notifier: letters.clone(),
            keys: Arc::new(Bare),
            clock: clock.clone(),
            chance: Arc::new(Chance::of(1)),
        };
        let files = company::files();
        let puts = files.iter().map(|file| Put::of(file, Version::ABSENT));
        let commit = Commit {
            puts: puts.collect(),
            ..Commit::default()
        };
        let done = ports.store.commit(&commit).await;
        done.expect("the files can be put");
        Self {
            ports,
            clock,
            lever,
            apps,
            letters,
            polls_until: std::sync::Mutex::new(at),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What somebody does by hand.
    pub(super) fn by_hand(&self, what: &str) -> Origin {
        let now = self.now();
        Origin {
            actor: "local-admin".to_owned(),
            ..Origin::sando(Cause::of("api", what), format!("{what} {now}"), now)
        }
    }

    /// Polling is worked on for so long from now on; at other times it only costs time, since windows wait.
    pub(super) fn poll_for(&self, time: SignedDuration) {
        let until = self.now().saturating_add(time).unwrap_or(Timestamp::MAX);
        *self.polls_until.lock().expect("nobody panics with it") = until;
    }

    /// Works on everything that comes due until then, and lets the time pass.
    pub(super) async fn work_until(&self, until: Timestamp) {
        for _ in 0..MOST_WORK {
            let Some(entry) = self.next_due(until).await else {
                self.clock.move_to(until);
                return;
            };
            self.clock.move_to(entry.due);
            let message = WorkMessage {
                key: entry.key,
                version: entry.version,
            };
            handle::work(&self.ports, &message)
                .await
                .expect("the work can be done");
        }
        assert_eq!(self.next_due(until).await, None, "it goes round in circles");
    }

    pub(super) async fn work_for(&self, time: SignedDuration) {
        let until = self.now().saturating_add(time);
        self.work_until(until.unwrap_or(Timestamp::MAX)).await;
    }

    async fn next_due(&self, until: Timestamp) -> Option<DueEntry> {
        let polls_until = *self.polls_until.lock().expect("nobody panics with it");
        let mut all = Vec::new();
        for shard in 0..DUE_SHARDS {
            let due = self.ports.store.due(shard, until, 100).await;
            all.extend(due.expect("the store can be read"));
        }
        all.into_iter()
            .filter(|entry| entry.key != Key::CatchUp || entry.due.max(self.now()) <= polls_until)
            .min_by_key(|entry| (entry.due, format!("{:?}", entry.key)))
    }

    /// Everything of a kind in these states.
    pub(super) async fn all<E: Entity>(&self, states: Vec<&'static str>) -> Vec<E> {
        let query = Query::States {
            kind: E::KIND,
            states,
        };
        let page = PageRequest {
            limit: 200,
            cursor: None,
        };
        let found = self.ports.store.list(&query, &page).await;
        let found = found.expect("the store can be read").items;
        let read = |item: &sando_core::store::Stored| item.read().expect("it can be read").entity;
        found.iter().map(read).collect()
    }

    pub(super) async fn people(&self) -> Vec<Person> {
        let states = Lifecycle::ALL.iter().map(|state| state.as_str());
        self.all(states.collect()).await
    }

    /// The person behind an opportunity, or behind a key of an HR system.
    pub(super) async fn person(&self, who: &str) -> Option<Loaded<Person>> {
        let store = &self.ports.store;
        let key = Key::Candidacy(lever_id(who));
        let known = store.find::<KnownCandidacy>(&key).await;
        let known = known.expect("the store can be read");
        let mut id = known.and_then(|known| known.entity.person);
        if id.is_none() {
            let claim = Key::Claim(Claim::outside(who));
            let held = store.find::<Held>(&claim).await;
            let held = held.expect("the store can be read");
            id = held.and_then(|held| match held.entity.holder {
                Holder::Person(id) => Some(id),
                Holder::Stranger => None,
            });
        }
        let person = store.find(&Key::Person(id?)).await;
        person.expect("the store can be read")
    }

    /// What of a person can be used now: `code:pro mail`.
    pub(super) fn holds(&self, person: &PersonId) -> Vec<String> {
        let mut held = Vec::new();
        for (app, accounts) in self.apps.accounts() {
            let mut mine = accounts
                .iter()
                .filter(|account| account.owner.as_ref() == Some(person) && account.active);
            let Some(account) = mine.next() else { continue };
            held.push(match &account.entitlement.plan {
                Some(plan) => format!("{app}:{plan}"),
                None => app,
            });
        }
        held
    }

    /// The records of a stream, verified.
    pub(super) async fn records(&self, stream: StreamId) -> Vec<Record> {
        let store = &self.ports.store;
        let head = store.find::<Head>(&Key::Head(stream.clone())).await;
        let Some(head) = head.expect("the store can be read") else {
            return Vec::new();
        };
        let records = store.records(&stream, 1, 2000).await;
        let records = records.expect("the store can be read");
        assert_eq!(verify(&records, &head.entity), Ok(head.entity.seq));
        records
    }

    /// State and access of somebody, in one line.
    pub(super) async fn line(&self, who: &str) -> String {
        let Some(person) = self.person(who).await else {
            return "nobody".to_owned();
        };
        let state = person.entity.state.as_str().to_owned();
        let held = self.holds(&person.entity.id);
        std::iter::once(state)
            .chain(held)
            .collect::<Vec<String>>()
            .join(" ")
    }

    /// How many accounts each person has in each application: never more than one.
    pub(super) fn doubles(&self) -> Vec<String> {
        let mut counts: BTreeMap<(String, PersonId), usize> = BTreeMap::new();
        for (app, accounts) in self.apps.accounts() {
            for owner in accounts.into_iter().filter_map(|account| account.owner) {
                *counts.entry((app.clone(), owner)).or_default() += 1;
            }
        }
        let doubled = counts.into_iter().filter(|(_, count)| *count > 1);
        doubled
            .map(|((app, owner), count)| format!("{owner} has {count} accounts in {app}"))
            .collect()
    }
}
