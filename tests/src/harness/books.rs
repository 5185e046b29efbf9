//! What a process has written down, as tests read it.

use sando_core::audit::{Head, StreamId, verify};
use sando_core::event::{Event, EventState, KnownCandidacy, StoredDelivery};
use sando_core::grant::{Grant, GrantState};
use sando_core::ids::{LeverId, PersonId};
use sando_core::person::{Lifecycle, Person};
use sando_core::run::{Run, RunState, Step};
use sando_core::store::{Entity, Group, Key, Loaded, PageRequest, Query};
use sando_core::task::{Task, TaskState};

use super::Machine;

impl Machine {
    /// Everything of a kind in these states, newest first.
    pub async fn list<E: Entity>(&self, states: Vec<&'static str>) -> Vec<Loaded<E>> {
        let query = Query::States {
            kind: E::KIND,
            states,
        };
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let request = PageRequest { limit: 100, cursor };
            let page = self.ports.store.list(&query, &request).await;
            let page = page.expect("the store can be read");
            found.extend(
                page.items
                    .iter()
                    .map(|item| item.read().expect("it can be read")),
            );
            cursor = page.next;
            if cursor.is_none() {
                return found;
            }
        }
    }

    /// Every person.
    pub async fn persons(&self) -> Vec<Person> {
        let states = Lifecycle::ALL.iter().map(|state| state.as_str()).collect();
        entities(self.list(states).await)
    }

    /// The person of a candidacy, with the version that a change must name.
    pub async fn person_of(&self, opportunity: &str) -> Option<Loaded<Person>> {
        let known = self.known(opportunity).await?;
        let store = &self.ports.store;
        store
            .find(&Key::Person(known.person?))
            .await
            .expect("the store can be read")
    }

    /// What is remembered of a candidacy.
    pub async fn known(&self, opportunity: &str) -> Option<KnownCandidacy> {
        let key = Key::Candidacy(LeverId::parse(opportunity).expect("an id"));
        let found = self.ports.store.find(&key).await;
        found
            .expect("the store can be read")
            .map(|known| known.entity)
    }

    /// The work address of a candidacy's person.
    pub async fn address_of(&self, opportunity: &str) -> Option<String> {
        let person = self.person_of(opportunity).await?;
        person.entity.text("work_email").map(str::to_owned)
    }

    /// The grants of a person: application and state, by application.
    pub async fn grants(&self, person: &PersonId) -> Vec<(String, GrantState)> {
        let group = Group::Grants(person.clone());
        let grants: Vec<Loaded<Grant>> = self
            .ports
            .store
            .all(&group)
            .await
            .expect("the store can be read");
        let mut grants: Vec<(String, GrantState)> = grants
            .into_iter()
            .map(|grant| (grant.entity.app.to_string(), grant.entity.state))
            .collect();
        grants.sort_by(|one, other| one.0.cmp(&other.0));
        grants
    }

    /// Every event: kind and state, oldest first.
    pub async fn events(&self) -> Vec<(String, EventState)> {
        let states = EventState::ALL.iter().map(|state| state.as_str()).collect();
        let events: Vec<Event> = entities(self.list(states).await);
        let events = events.into_iter().rev();
        events
            .map(|event| (event.kind.as_str().to_owned(), event.state))
            .collect()
    }

    /// Every run, oldest first.
    pub async fn runs(&self) -> Vec<Run> {
        let states = RunState::ALL.iter().map(|state| state.as_str()).collect();
        let mut runs: Vec<Run> = entities(self.list(states).await);
        runs.sort_by_key(|run| run.started_at);
        runs
    }

    /// The steps of the only run.
    pub async fn steps(&self) -> Vec<Step> {
        let runs = self.runs().await;
        assert_eq!(runs.len(), 1, "there is one run");
        runs.into_iter().flat_map(|run| run.steps).collect()
    }

    /// The open tasks, newest first.
    pub async fn tasks(&self) -> Vec<Task> {
        entities(self.list(vec![TaskState::Open.as_str()]).await)
    }

    /// The delivery that a hint was stored as.
    pub async fn delivery(&self, hint: &sando_core::event::Hint) -> StoredDelivery {
        let found = self
            .ports
            .store
            .find(&Key::Delivery(hint.delivery_id()))
            .await;
        found
            .expect("the store can be read")
            .expect("it was stored")
            .entity
    }

    /// What a stream's records say, in order: `app/mail create intended`. The chain is verified on the way.
    pub async fn said(&self, stream: StreamId) -> Vec<String> {
        let store = &self.ports.store;
        let head: Option<Loaded<Head>> = store
            .find(&Key::Head(stream.clone()))
            .await
            .expect("the store can be read");
        let Some(head) = head else { return Vec::new() };
        let records = store
            .records(&stream, 1, 1000)
            .await
            .expect("the store can be read");
        assert_eq!(verify(&records, &head.entity), Ok(head.entity.seq));
        let line =
            |record: &sando_core::audit::Record| format!("{} {}", record.target, record.action);
        records.iter().map(line).collect()
    }

    /// How often a person's records say this.
    pub async fn times_said(&self, person: &PersonId, line: &str) -> usize {
        let said = self.said(StreamId::Person(person.clone())).await;
        said.iter().filter(|said| *said == line).count()
    }
}

fn entities<E>(loaded: Vec<Loaded<E>>) -> Vec<E> {
    loaded.into_iter().map(|loaded| loaded.entity).collect()
}
