//! What people do in Lever's UI, as the Rust methods and the control plane both call it.

use serde_json::Value;

use super::account::Account;
use super::candidate::{CandidateIds, NewCandidate};
use super::changes::Unknown;
use super::courier::Attempt;
use super::registration::{Registration, Wanted};
use super::sim::Group;
use crate::locked;

impl Account {
    /// Creates a candidate and sends what that raises.
    pub(super) fn create_candidate(&self, new: NewCandidate) -> CandidateIds {
        let (ids, deliveries) = {
            let (mut state, now) = (locked(&self.state), self.clock.now_ms());
            let ids = state.admit(&self.chance, now, new);
            let events = state.created_events(&ids.opportunity, now);
            let deliveries = self.deliveries(&state, &events);
            (ids, deliveries)
        };
        self.courier.send(deliveries);
        ids
    }

    /// Archives or unarchives.
    pub(super) fn archive(&self, opportunity: &str, reason: Option<&str>) -> Result<(), Unknown> {
        let order = self.courier.switches().order;
        self.change(|state, now| state.archive(opportunity, reason, now, order))
    }

    /// The first archive reason of this type.
    pub(super) fn reason(&self, hired: bool) -> String {
        let state = locked(&self.state);
        let found = state.reasons.iter().find(|reason| reason.hired == hired);
        found.map(|reason| reason.id.clone()).unwrap_or_default()
    }

    /// The texts of an opportunity's notes, oldest first.
    pub(super) fn notes(&self, opportunity: &str) -> Vec<String> {
        let state = locked(&self.state);
        let notes = state
            .opportunity(opportunity)
            .map(|row| row.notes.as_slice());
        let value = |note: &Value| note.pointer("/fields/0/value")?.as_str().map(str::to_owned);
        notes.unwrap_or_default().iter().filter_map(value).collect()
    }

    /// Registers as in the settings page.
    pub(super) fn register(&self, event: &str, url: &str, token: Option<String>) -> Registration {
        let wanted = Wanted {
            event: event.to_owned(),
            url: url.to_owned(),
            origins: None,
        };
        let made = wanted.into_registration(self.chance.uuid(), token, false, self.clock.now_ms());
        let mut state = locked(&self.state);
        state.groups_on.insert(event.to_owned());
        state.registrations.push(made.clone());
        made
    }

    /// Sends the test request once.
    pub(super) async fn test_ping(&self, registration: &str) -> Result<Attempt, Unknown> {
        let found = self.registration(registration)?;
        let now = self.clock.now_ms();
        let ping = self.sign_for(&found, &found.event, now, serde_json::json!({}));
        Ok(self.courier.post_once(&ping).await)
    }

    /// Sends a past delivery again.
    pub(super) fn rerun(&self, delivery: u64) -> Result<(), Unknown> {
        if self.courier.rerun(delivery) {
            return Ok(());
        }
        Err(Unknown::new("delivery", &delivery.to_string()))
    }

    /// The registration of this id.
    pub(super) fn registration(&self, id: &str) -> Result<Registration, Unknown> {
        let state = locked(&self.state);
        let found = state.registrations.iter().find(|known| known.id == id);
        found
            .cloned()
            .ok_or_else(|| Unknown::new("registration", id))
    }

    /// The data of this opportunity's `candidateHired`.
    pub(super) fn event_data(&self, opportunity: &str) -> Result<Value, Unknown> {
        let state = locked(&self.state);
        let found = state.opportunity(opportunity);
        let found = found.ok_or_else(|| Unknown::new("opportunity", opportunity))?;
        Ok(super::changes::event(found, "candidateHired", 0, &[]).data)
    }

    /// Switches an event group on or off.
    pub(super) fn switch_group(&self, event: &str, group: Group) {
        let groups = &mut locked(&self.state).groups_on;
        match group {
            Group::On => groups.insert(event.to_owned()),
            Group::Off => groups.remove(event),
        };
    }
}
