//! An opportunity as Lever shows it: `expand`, `include`, and the blanked form of write answers.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::state::{Archived, Contact, Opportunity, State};
use crate::query::Params;

/// What an opportunity's `expand` accepts.
const EXPANDABLE: [&str; 6] = [
    "applications",
    "stage",
    "owner",
    "followers",
    "sourcedBy",
    "contact",
];

impl State {
    /// The opportunity with `expand` and `include` of the query applied.
    pub(super) fn opportunity_json(
        &self,
        opportunity: &Opportunity,
        params: &Params,
    ) -> Result<Value, Refusal> {
        let mut fields = self.plain_opportunity(opportunity);
        let mut expanded = Vec::new();
        for name in params.all("expand") {
            if !EXPANDABLE.contains(&name) {
                return Err(Refusal::BadRequest(format!("{name} is not expandable")));
            }
            let value = self.expand(opportunity, name);
            fields.insert(name.to_owned(), value);
            expanded.push(name);
        }
        let included: Vec<&str> = params.all("include").collect();
        if !included.is_empty() {
            fields.retain(|name, _| {
                included.contains(&name.as_str()) || expanded.contains(&name.as_str())
            });
        }
        Ok(Value::Object(fields))
    }

    /// The opportunity as `PUT` and `POST` answer it: contact data blanked.
    pub(super) fn blanked_opportunity(&self, opportunity: &Opportunity) -> Value {
        let mut fields = self.plain_opportunity(opportunity);
        for name in ["name", "headline"] {
            fields.insert(name.to_owned(), json!(""));
        }
        for name in ["emails", "phones", "links"] {
            fields.insert(name.to_owned(), json!([]));
        }
        fields.remove("opportunityLocation");
        Value::Object(fields)
    }

    /// A row of `/opportunities/deleted`.
    pub(super) fn deleted_opportunity(&self, opportunity: &Opportunity) -> Value {
        let mut fields = self.plain_opportunity(opportunity);
        if let Some(deleted) = &opportunity.deleted {
            fields.insert("deletedBy".to_owned(), json!(deleted.by));
            fields.insert("deletedAt".to_owned(), json!(deleted.at));
        }
        Value::Object(fields)
    }

    fn plain_opportunity(&self, opportunity: &Opportunity) -> Map<String, Value> {
        let id = &opportunity.id;
        let contact = self.contacts.get(&opportunity.contact);
        let confidentiality = if opportunity.confidential {
            "confidential"
        } else {
            "non-confidential"
        };
        let updated_at = (!opportunity.null_updated_at).then_some(opportunity.updated_at);
        let value = json!({
            "id": id,
            "name": contact.map_or("", |contact| &contact.name),
            "contact": opportunity.contact,
            "headline": contact.map_or("", |contact| &contact.headline),
            "stage": opportunity.stage,
            "confidentiality": confidentiality,
            "location": contact.map_or("", |contact| &contact.location),
            "phones": [],
            "emails": contact.map_or(&[][..], |contact| &contact.emails),
            "links": [],
            "archived": Archived::json(opportunity.shown_archived()),
            "tags": opportunity.tags,
            "sources": [],
            "stageChanges": opportunity.stage_changes,
            "origin": opportunity.origin,
            "sourcedBy": null,
            "owner": opportunity.owner,
            "followers": [opportunity.owner],
            "applications": opportunity.application.iter().collect::<Vec<_>>(),
            "createdAt": opportunity.created_at,
            "updatedAt": updated_at,
            "lastInteractionAt": opportunity.last_interaction_at,
            "lastAdvancedAt": opportunity.last_advanced_at,
            "snoozedUntil": null,
            "urls": {
                "list": "https://hire.lever.co/candidates",
                "show": format!("https://hire.lever.co/candidates/{id}"),
            },
            "isAnonymized": contact.is_some_and(|contact| contact.anonymised),
            "dataProtection": null,
        });
        let Value::Object(mut fields) = value else {
            return Map::new();
        };
        if opportunity.application.is_some() {
            let location = opportunity.location.as_deref().unwrap_or("unspecified");
            fields.insert("opportunityLocation".to_owned(), json!(location));
        }
        fields
    }

    fn expand(&self, opportunity: &Opportunity, name: &str) -> Value {
        match name {
            "applications" => Value::Array(self.applications_json(opportunity)),
            "stage" => self.stage_json(&opportunity.stage),
            "owner" => self.user_json(&opportunity.owner),
            "followers" => json!([self.user_json(&opportunity.owner)]),
            "contact" => self
                .contacts
                .get(&opportunity.contact)
                .map_or(Value::Null, contact_json),
            _ => Value::Null,
        }
    }

    /// The opportunity's applications: one or none.
    pub(super) fn applications_json(&self, opportunity: &Opportunity) -> Vec<Value> {
        let application = opportunity.application.iter();
        application
            .map(|id| self.application_json(opportunity, id))
            .collect()
    }

    fn application_json(&self, opportunity: &Opportunity, id: &str) -> Value {
        let contact = self.contacts.get(&opportunity.contact);
        let requisition = opportunity
            .requisition
            .as_ref()
            .filter(|_| opportunity.shown_archived().is_some())
            .map(|id| {
                let code = self.requisitions.get(id).and_then(|known| known.get("requisitionCode"));
                json!({ "id": id, "requisitionCode": code, "hiringManagerOnHire": opportunity.manager })
            });
        // The real service's two archive times differ by some milliseconds.
        let archived = opportunity.shown_archived().map(|archived| Archived {
            at: archived.at.saturating_add(3),
            ..archived.clone()
        });
        json!({
            "id": id, "type": "posting", "candidateId": opportunity.id,
            "opportunityId": opportunity.id, "posting": opportunity.posting,
            "postingHiringManager": opportunity.manager, "postingOwner": opportunity.owner,
            "user": null, "name": contact.map(|contact| &contact.name), "company": null,
            "phone": null, "email": contact.and_then(|contact| contact.emails.first()),
            "links": [], "comments": null, "customQuestions": [],
            "createdAt": opportunity.created_at,
            "archived": Archived::json(archived.as_ref()), "requisitionForHire": requisition,
        })
    }

    /// The Lever user, or null.
    pub(super) fn user_json(&self, id: &str) -> Value {
        self.users.get(id).cloned().unwrap_or(Value::Null)
    }

    /// The stage with its text, or null.
    pub(super) fn stage_json(&self, id: &str) -> Value {
        let stage = self.stages.iter().find(|stage| stage.id == id);
        stage.map_or(
            Value::Null,
            |stage| json!({ "id": stage.id, "text": stage.text }),
        )
    }

    /// The archive reasons, all or of one type.
    pub(super) fn reasons_json(&self, wanted: Option<&str>) -> Vec<Value> {
        let reasons = self.reasons.iter().map(|reason| {
            let kind = if reason.hired { "hired" } else { "non-hired" };
            let status = if reason.active { "active" } else { "inactive" };
            (
                kind,
                json!({ "id": reason.id, "text": reason.text, "status": status, "type": kind }),
            )
        });
        reasons
            .filter(|(kind, _)| wanted.is_none_or(|wanted| wanted == *kind))
            .map(|(_, reason)| reason)
            .collect()
    }
}

/// A contact as `/contacts/:id` shows it.
pub(super) fn contact_json(contact: &Contact) -> Value {
    json!({
        "id": contact.id, "name": contact.name, "headline": contact.headline,
        "isAnonymized": contact.anonymised, "location": { "name": contact.location },
        "emails": contact.emails, "phones": [],
    })
}
