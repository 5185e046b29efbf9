//! The running simulator and what tests do with it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::account::Account;
use super::candidate::{CandidateIds, NewCandidate};
use super::changes::Unknown;
use super::courier::Attempt;
use super::delivery::SignedDelivery;
use super::options::{LeverOptions, WebhookSwitches};
use super::registration::Registration;
use super::{api, control};
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::locked;
use crate::server::{Server, Traffic};

/// A simulated Lever account that listens on loopback until it is dropped.
pub struct LeverSim {
    account: Arc<Account>,
    server: Server,
}

impl LeverSim {
    /// Starts the account; must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be listened at.
    pub async fn start(options: LeverOptions) -> std::io::Result<Self> {
        let address = options.address;
        let account = Arc::new(Account::new(options)?);
        let router = api::router(Arc::clone(&account)).merge(control::router(Arc::clone(&account)));
        let server = Server::start(address, router, account.faults.clone()).await?;
        Ok(Self { account, server })
    }

    /// Where the Data API is; ends in `/v1`.
    pub fn api_url(&self) -> String {
        format!("{}/v1", self.server.url())
    }

    /// Where the control plane is; ends in `/control`.
    pub fn control_url(&self) -> String {
        format!("{}/control", self.server.url())
    }

    /// Its faults.
    pub fn faults(&self) -> &Faults {
        &self.account.faults
    }

    /// Its clock.
    pub fn clock(&self) -> &SimClock {
        &self.account.clock
    }

    /// What passed through, 429s included.
    pub fn traffic(&self) -> &Traffic {
        self.server.traffic()
    }

    /// Creates a candidate.
    pub fn create_candidate(&self, new: NewCandidate) -> CandidateIds {
        self.account.create_candidate(new)
    }

    /// The Lever user with this address, made if there is none.
    pub fn user(&self, name: &str, email: &str) -> String {
        let (account, now) = (&self.account, self.account.clock.now_ms());
        locked(&account.state).add_user(&account.chance, now, name, email)
    }

    /// The user who does what is done in the UI; a valid `perform_as`.
    pub fn recruiter(&self) -> String {
        locked(&self.account.state).recruiter.clone()
    }

    /// The id of the first archive reason of type `hired`.
    pub fn hired_reason(&self) -> String {
        self.account.reason(true)
    }

    /// The id of the first archive reason that is not of type `hired`.
    pub fn rejected_reason(&self) -> String {
        self.account.reason(false)
    }

    /// Moves a candidate to a stage.
    ///
    /// # Errors
    /// [`Unknown`] opportunity or stage.
    pub fn move_stage(&self, opportunity: &str, stage: &str) -> Result<(), Unknown> {
        self.account
            .change(|state, now| state.move_stage(opportunity, stage, now))
    }

    /// Marks a candidate as hired: archives with the first hired reason.
    ///
    /// # Errors
    /// [`Unknown`] opportunity.
    pub fn hire(&self, opportunity: &str) -> Result<(), Unknown> {
        self.archive(opportunity, &self.hired_reason())
    }

    /// Undoes a hire, or any archiving.
    ///
    /// # Errors
    /// [`Unknown`] opportunity.
    pub fn unhire(&self, opportunity: &str) -> Result<(), Unknown> {
        self.account.archive(opportunity, None)
    }

    /// Archives with this reason.
    ///
    /// # Errors
    /// [`Unknown`] opportunity or reason.
    pub fn archive(&self, opportunity: &str, reason: &str) -> Result<(), Unknown> {
        self.account.archive(opportunity, Some(reason))
    }

    /// Gives an archived opportunity another reason, as from hired to rejected.
    ///
    /// # Errors
    /// [`Unknown`] opportunity or reason.
    pub fn relabel(&self, opportunity: &str, reason: &str) -> Result<(), Unknown> {
        self.archive(opportunity, reason)
    }

    /// Deletes an opportunity.
    ///
    /// # Errors
    /// [`Unknown`] opportunity.
    pub fn delete(&self, opportunity: &str) -> Result<(), Unknown> {
        self.account
            .change(|state, now| state.delete(opportunity, now))
    }

    /// Removes the personal data of an opportunity's contact.
    ///
    /// # Errors
    /// [`Unknown`] opportunity.
    pub fn anonymise(&self, opportunity: &str) -> Result<(), Unknown> {
        self.account
            .change(|state, now| state.anonymise(opportunity, now))
    }

    /// Sets one field of the newest offer, silently.
    ///
    /// # Errors
    /// [`Unknown`] opportunity, or it has no offer.
    pub fn edit_offer(
        &self,
        opportunity: &str,
        identifier: &str,
        value: Value,
    ) -> Result<(), Unknown> {
        let now = self.account.clock.now_ms();
        locked(&self.account.state).edit_offer(opportunity, identifier, value, now)
    }

    /// Sets the status of the newest offer, silently.
    ///
    /// # Errors
    /// [`Unknown`] opportunity, or it has no offer.
    pub fn set_offer_status(&self, opportunity: &str, status: &str) -> Result<(), Unknown> {
        locked(&self.account.state).set_offer_status(opportunity, status)
    }

    /// Changes a contact's name or addresses.
    ///
    /// # Errors
    /// [`Unknown`] contact.
    pub fn edit_contact(
        &self,
        contact: &str,
        name: Option<String>,
        emails: Option<Vec<String>>,
    ) -> Result<(), Unknown> {
        self.account
            .change(|state, now| state.edit_contact(contact, name, emails, now))
    }

    /// The texts of an opportunity's notes, oldest first.
    pub fn notes(&self, opportunity: &str) -> Vec<String> {
        self.account.notes(opportunity)
    }

    /// The tags of an opportunity.
    pub fn tags(&self, opportunity: &str) -> Vec<String> {
        let state = locked(&self.account.state);
        let found = state.opportunity(opportunity);
        found.map(|row| row.tags.clone()).unwrap_or_default()
    }

    /// Makes every offset token handed out so far invalid.
    pub fn expire_offsets(&self) {
        locked(&self.account.state).offsets.clear();
    }

    /// Makes reads show every change so far (see [`LeverOptions::read_lag`]).
    pub fn end_read_lag(&self) {
        for opportunity in locked(&self.account.state).opportunities.values_mut() {
            opportunity.archived_before = None;
        }
    }

    /// Registers a webhook as in the settings page: switched on, with a signing token of its own.
    pub fn register_webhook(&self, event: &str, url: &str) -> Registration {
        let token = self.account.chance.hex(24);
        self.account.register(event, url, Some(token))
    }

    /// Registers a webhook with this signing token; `None` makes its deliveries unsigned.
    pub fn register_webhook_with(
        &self,
        event: &str,
        url: &str,
        signing_token: Option<&str>,
    ) -> Registration {
        let token = signing_token.map(str::to_owned);
        self.account.register(event, url, token)
    }

    /// Switches an event group on or off; needed for what was registered over the API.
    pub fn switch_group(&self, event: &str, group: Group) {
        self.account.switch_group(event, group);
    }

    /// The registrations, with their signing tokens.
    pub fn registrations(&self) -> Vec<Registration> {
        locked(&self.account.state).registrations.clone()
    }

    /// Gives a registration a new signing token and returns it.
    ///
    /// # Errors
    /// [`Unknown`] registration.
    pub fn rotate_signing_token(&self, registration: &str) -> Result<String, Unknown> {
        let token = self.account.chance.hex(24);
        let mut state = locked(&self.account.state);
        let mut all = state.registrations.iter_mut();
        let found = all.find(|known| known.id == registration);
        let found = found.ok_or_else(|| Unknown::new("registration", registration))?;
        found.signing_token = Some(token.clone());
        Ok(token)
    }

    /// How webhooks are delivered now.
    pub fn switches(&self) -> WebhookSwitches {
        self.account.courier.switches()
    }

    /// Changes how webhooks are delivered from now on.
    pub fn switch(&self, switches: WebhookSwitches) {
        self.account.courier.switch(switches);
    }

    /// Sends the test request of "Verify connection" once: `data` is empty.
    ///
    /// # Errors
    /// [`Unknown`] registration.
    pub async fn test_ping(&self, registration: &str) -> Result<Attempt, Unknown> {
        self.account.test_ping(registration).await
    }

    /// A signed delivery of this event, as of now, without sending it.
    ///
    /// # Errors
    /// [`Unknown`] registration.
    pub fn delivery_for(
        &self,
        registration: &str,
        event: &str,
        data: Value,
    ) -> Result<SignedDelivery, Unknown> {
        let found = self.account.registration(registration)?;
        let now = self.account.clock.now_ms();
        Ok(self.account.sign_for(&found, event, now, data))
    }

    /// A signed `candidateHired` of this opportunity, as of now, without sending it.
    ///
    /// # Errors
    /// [`Unknown`] registration or opportunity.
    pub fn hired_delivery(
        &self,
        registration: &str,
        opportunity: &str,
    ) -> Result<SignedDelivery, Unknown> {
        let data = self.account.event_data(opportunity)?;
        self.delivery_for(registration, "candidateHired", data)
    }

    /// Every attempt to deliver so far (the last 1,000), oldest first.
    pub fn deliveries(&self) -> Vec<Attempt> {
        self.account.courier.history()
    }

    /// Sends a past delivery again, as from the history page.
    ///
    /// # Errors
    /// [`Unknown`] delivery.
    pub fn rerun(&self, delivery: u64) -> Result<(), Unknown> {
        self.account.rerun(delivery)
    }

    /// Whether every delivery has been accepted or given up.
    pub fn deliveries_are_done(&self) -> bool {
        self.account.courier.is_idle()
    }
}

impl Drop for LeverSim {
    fn drop(&mut self) {
        self.account.courier.stop();
    }
}

/// The switch of an event group in the settings page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Its webhooks are sent.
    On,
    /// Its webhooks are not sent.
    Off,
}
