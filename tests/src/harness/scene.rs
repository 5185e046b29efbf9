//! A site and one process in it, as most tests begin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use jiff::{SignedDuration, Timestamp};
use sando_core::audit::Cause;
use sando_core::changes::Origin;
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::event::Hint;
use sando_core::handle::lifecycle::{Leaving, leave};
use sando_core::ids::{PersonId, Slug};
use sando_core::ports::Clock;
use sando_core::store::{Commit, Key, Version};
use sando_infra::system::SystemClock;
use sando_world::{CandidateIds, NewCandidate};
use serde_json::Value;
use tempfile::TempDir;

use super::{Doom, Machine, Site, SiteOptions, TestClock, hint, put};

/// A site and one process in it.
pub struct Scene {
    /// The outside.
    pub site: Site,
    /// Sando.
    pub machine: Machine,
    tokens: AtomicU64,
    _folder: TempDir,
}

impl Scene {
    /// Everything as usual.
    pub async fn start() -> Self {
        Self::with(SiteOptions::default()).await
    }

    /// With servers as told.
    pub async fn with(options: SiteOptions) -> Self {
        Self::through(options, Client::clone).await
    }

    /// With a client of the database that does something beside.
    pub async fn through(options: SiteOptions, client: impl FnOnce(&Client) -> Client) -> Self {
        let site = Site::with(options).await;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = Arc::new(TestClock::at(SystemClock.now()));
        let machine = Machine::through(folder.path(), &site, clock, Doom::never(), client).await;
        Self {
            site,
            machine,
            tokens: AtomicU64::new(0),
            _folder: folder,
        }
    }

    /// Another process on the same database.
    #[must_use]
    pub fn another(&self) -> Machine {
        self.machine.another(&self.site, Doom::never())
    }

    /// A webhook call with a token of its own.
    pub fn call(&self, event: &str, opportunity: &str) -> Hint {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        hint(event, opportunity, &format!("token-{number}"), self.now())
    }

    /// A webhook comes in; nothing is done about it yet.
    pub async fn hear(&self, event: &str, opportunity: &str) {
        self.machine.receive(&self.call(event, opportunity)).await;
    }

    /// A webhook comes in, and everything is done that it leads to.
    pub async fn hear_out(&self, event: &str, opportunity: &str) {
        self.hear(event, opportunity).await;
        self.machine.settle().await;
    }

    /// Somebody is hired in Lever; Sando does not know yet.
    pub fn hire(&self, candidate: NewCandidate) -> CandidateIds {
        let ids = self.site.lever.create_candidate(candidate);
        self.site
            .lever
            .hire(&ids.opportunity)
            .expect("the candidate was just made");
        ids
    }

    /// Somebody is hired, and everything is done that it leads to.
    pub async fn onboard(&self, candidate: NewCandidate) -> CandidateIds {
        let ids = self.hire(candidate);
        self.hear_out("candidateHired", &ids.opportunity).await;
        ids
    }

    /// Somebody who left is hired again a week later, and their first day comes.
    pub async fn rehire(&self, candidate: NewCandidate) -> CandidateIds {
        let week = SignedDuration::from_hours(7 * 24);
        self.machine.work_for(week).await;
        self.site.lever.clock().advance(7 * 24 * 3_600_000);
        let candidate = candidate.starting_at(self.in_days(2));
        let ids = self.onboard(candidate).await;
        self.machine.work_for(week).await;
        ids
    }

    /// Puts or replaces one file of configuration.
    pub async fn configure(&self, kind: ConfigKind, id: &str, file: Value) {
        let store = &self.machine.ports.store;
        let key = Key::Config(kind, Slug::parse(id).expect("a slug"));
        let known = store
            .find::<ConfigItem>(&key)
            .await
            .expect("the store can be read");
        let mut item = put(kind, id, file);
        item.expect = known.map_or(Version::ABSENT, |known| known.version);
        let commit = Commit {
            puts: vec![item],
            ..Commit::default()
        };
        store
            .commit(&commit)
            .await
            .expect("the configuration can be put");
    }

    /// The person of a candidacy is terminated by hand; nothing is done about it yet.
    pub async fn terminate(&self, opportunity: &str) {
        let person = self
            .machine
            .person_of(opportunity)
            .await
            .expect("there is a person");
        let origin = self.by_hand(&person.entity.id);
        let leaving = Leaving {
            at: self.now(),
            by_hand: true,
            source: "api",
        };
        leave(&self.machine.ports, person, leaving, origin)
            .await
            .expect("the person can leave");
    }

    /// What an administrator does about a person.
    #[must_use]
    pub fn by_hand(&self, person: &PersonId) -> Origin {
        Origin {
            actor: "local-admin".to_owned(),
            ..Origin::sando(Cause::of("api", "test"), person, self.now())
        }
    }

    /// What time it is for Sando.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.machine.clock.now()
    }

    /// So many days from now, as Lever writes days.
    #[must_use]
    pub fn in_days(&self, days: i64) -> i64 {
        let later = SignedDuration::from_hours(24 * days);
        let at = self.now().saturating_add(later).unwrap_or(Timestamp::MAX);
        at.as_millisecond()
    }
}

/// A candidate for Engineering, whom every policy gives something.
#[must_use]
pub fn engineer(name: &str) -> NewCandidate {
    NewCandidate::named(name).department("Engineering")
}
