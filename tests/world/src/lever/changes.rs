//! What happens to candidates, and the events each change raises.

use serde_json::{Value, json};

use super::options::HireOrder;
use super::state::{Archived, Deleted, Opportunity, State};
use crate::visibility::Made;

/// An event as webhooks tell of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) triggered_at: i64,
    pub(super) origin: Option<String>,
    pub(super) data: Value,
}

/// No such object, or it is deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} {id}")]
pub struct Unknown {
    /// What was looked for.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

impl Unknown {
    pub(super) fn new(kind: &'static str, id: &str) -> Self {
        Self {
            kind,
            id: id.to_owned(),
        }
    }
}

impl State {
    /// The events of a candidate's creation.
    pub(super) fn created_events(&self, opportunity: &str, now: i64) -> Vec<Event> {
        let Some(opportunity) = self.opportunity(opportunity) else {
            return Vec::new();
        };
        let contact = Event {
            name: "contactCreated",
            triggered_at: now,
            origin: None,
            data: json!({ "contactId": opportunity.contact, "accountId": "account", "createdAt": now }),
        };
        let application = opportunity.application.as_ref().map(|application| {
            event(
                opportunity,
                "applicationCreated",
                now,
                &[("applicationId", json!(application))],
            )
        });
        application.into_iter().chain([contact]).collect()
    }

    /// Moves the opportunity to a stage.
    pub(super) fn move_stage(
        &mut self,
        id: &str,
        stage: &str,
        now: i64,
    ) -> Result<Vec<Event>, Unknown> {
        let index = self.stages.iter().position(|known| known.id == stage);
        let index = index.ok_or_else(|| Unknown::new("stage", stage))?;
        let opportunity = self
            .living(id)
            .ok_or_else(|| Unknown::new("opportunity", id))?;
        let from = std::mem::replace(&mut opportunity.stage, stage.to_owned());
        let change = json!({
            "toStageId": stage, "toStageIndex": index, "updatedAt": now,
            "userId": opportunity.owner,
        });
        opportunity.stage_changes.push(change);
        opportunity.last_advanced_at = now;
        opportunity.touch(now);
        let stages = [("fromStageId", json!(from)), ("toStageId", json!(stage))];
        Ok(vec![event(
            opportunity,
            "candidateStageChange",
            now,
            &stages,
        )])
    }

    /// Archives with this reason, or unarchives without one.
    pub(super) fn archive(
        &mut self,
        id: &str,
        reason: Option<&str>,
        now: i64,
        order: HireOrder,
    ) -> Result<Vec<Event>, Unknown> {
        if let Some(reason) = reason
            && !self.reasons.iter().any(|known| known.id == reason)
        {
            return Err(Unknown::new("archive reason", reason));
        }
        let opportunity = self
            .opportunity(id)
            .ok_or_else(|| Unknown::new("opportunity", id))?;
        let was_hired = opportunity
            .archived
            .as_ref()
            .is_some_and(|archived| self.is_hired(&archived.reason));
        let is_hired = reason.is_some_and(|reason| self.is_hired(reason));
        let seen_from = Made::now(self.read_lag);
        let opportunity = self
            .living(id)
            .ok_or_else(|| Unknown::new("opportunity", id))?;
        let to = reason.map(|reason| Archived {
            reason: reason.to_owned(),
            at: now,
        });
        let from = std::mem::replace(&mut opportunity.archived, to);
        opportunity.archived_before = Some((seen_from, from.clone()));
        opportunity.touch(now);
        let sides = [
            ("fromArchived", Archived::json(from.as_ref())),
            ("toArchived", Archived::json(opportunity.archived.as_ref())),
        ];
        let mut events = vec![event(opportunity, "candidateArchiveChange", now, &sides)];
        if is_hired && !was_hired {
            events.push(event(opportunity, "candidateHired", now, &[]));
        }
        if order == HireOrder::HiredFirst {
            events.reverse();
        }
        Ok(events)
    }

    /// Deletes the opportunity; it stays in `/opportunities/deleted`.
    pub(super) fn delete(&mut self, id: &str, now: i64) -> Result<Vec<Event>, Unknown> {
        let by = self.recruiter.clone();
        let opportunity = self
            .living(id)
            .ok_or_else(|| Unknown::new("opportunity", id))?;
        opportunity.touch(now);
        opportunity.deleted = Some(Deleted {
            by: by.clone(),
            at: now,
        });
        Ok(vec![event(
            opportunity,
            "candidateDeleted",
            now,
            &[("deletedBy", json!(by))],
        )])
    }

    /// Removes the personal data of the opportunity's contact.
    pub(super) fn anonymise(&mut self, id: &str, now: i64) -> Result<Vec<Event>, Unknown> {
        let opportunity = self
            .living(id)
            .ok_or_else(|| Unknown::new("opportunity", id))?;
        opportunity.touch(now);
        let id = opportunity.contact.clone();
        let contact = self
            .contacts
            .get_mut(&id)
            .ok_or_else(|| Unknown::new("contact", &id))?;
        contact.name = String::new();
        contact.headline = String::new();
        contact.location = String::new();
        contact.emails.clear();
        contact.anonymised = true;
        Ok(vec![contact_updated(&id, now)])
    }

    /// Sets one field of the newest offer; Lever raises no event for this.
    pub(super) fn edit_offer(
        &mut self,
        id: &str,
        identifier: &str,
        value: Value,
        now: i64,
    ) -> Result<(), Unknown> {
        let opportunity = self
            .living(id)
            .ok_or_else(|| Unknown::new("opportunity", id))?;
        opportunity.touch(now);
        let offer = opportunity.offers.last_mut();
        let offer = offer.ok_or_else(|| Unknown::new("offer of opportunity", id))?;
        if let Some(fields) = offer.get_mut("fields").and_then(Value::as_array_mut) {
            super::admit::set_field(fields, identifier, value);
        }
        Ok(())
    }

    /// Sets the status of the newest offer; Lever raises no event for this.
    pub(super) fn set_offer_status(&mut self, id: &str, status: &str) -> Result<(), Unknown> {
        let opportunity = self
            .living(id)
            .ok_or_else(|| Unknown::new("opportunity", id))?;
        let offer = opportunity.offers.last_mut().and_then(Value::as_object_mut);
        let offer = offer.ok_or_else(|| Unknown::new("offer of opportunity", id))?;
        offer.insert("status".to_owned(), json!(status));
        Ok(())
    }

    /// Changes the name or the addresses of the opportunity's contact.
    pub(super) fn edit_contact(
        &mut self,
        contact: &str,
        name: Option<String>,
        emails: Option<Vec<String>>,
        now: i64,
    ) -> Result<Vec<Event>, Unknown> {
        let known = self.contacts.get_mut(contact);
        let known = known.ok_or_else(|| Unknown::new("contact", contact))?;
        if let Some(name) = name {
            known.name = name;
        }
        if let Some(emails) = emails {
            known.emails = emails;
        }
        Ok(vec![contact_updated(contact, now)])
    }
}

impl Opportunity {
    /// Marks a change at this time.
    pub(super) fn touch(&mut self, now: i64) {
        self.updated_at = now;
        self.last_interaction_at = now;
    }
}

/// The event of this opportunity with further fields in its data.
pub(super) fn event(
    opportunity: &Opportunity,
    name: &'static str,
    now: i64,
    further: &[(&str, Value)],
) -> Event {
    let mut data = serde_json::Map::new();
    data.insert("opportunityId".to_owned(), json!(opportunity.id));
    data.insert("candidateId".to_owned(), json!(opportunity.id));
    data.insert("contactId".to_owned(), json!(opportunity.contact));
    for (key, value) in further {
        data.insert((*key).to_owned(), value.clone());
    }
    Event {
        name,
        triggered_at: now,
        origin: Some(opportunity.origin.clone()),
        data: Value::Object(data),
    }
}

fn contact_updated(contact: &str, now: i64) -> Event {
    Event {
        name: "contactUpdated",
        triggered_at: now,
        origin: None,
        data: json!({ "contactId": contact, "accountId": "account", "updatedAt": now }),
    }
}
