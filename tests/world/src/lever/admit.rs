//! How a new candidate enters the account: contact, posting, application, offers.

use serde_json::{Value, json};

use super::candidate::{CandidateIds, NewCandidate, NewOffer};
use super::state::{Contact, Opportunity, State};
use crate::chance::Chance;

impl State {
    /// Creates the candidate with everything that belongs to it.
    pub(super) fn admit(&mut self, chance: &Chance, now: i64, new: NewCandidate) -> CandidateIds {
        let contact = self.admit_contact(chance, &new);
        let (application, posting) = if new.application {
            (
                Some(chance.uuid()),
                Some(self.admit_posting(chance, now, &new)),
            )
        } else {
            (None, None)
        };
        let requisition = new
            .requisition
            .then(|| self.admit_requisition(chance, now, &new, posting.as_deref()));
        let owner = self.recruiter.clone();
        let offers: Vec<Value> = (0..)
            .zip(&new.offers)
            .map(|(age, offer)| {
                let ids = OfferIds {
                    id: chance.uuid(),
                    application: application.as_deref(),
                    posting: posting.as_deref(),
                    requisition: requisition.as_deref(),
                    creator: &owner,
                };
                offer_json(&ids, &new, offer, now.saturating_add(age))
            })
            .collect();
        let ids = CandidateIds {
            opportunity: chance.uuid(),
            contact,
            application,
            posting,
            offer: offers.last().and_then(|offer| text(offer, "id")),
            requisition,
        };
        let opportunity = opportunity(&ids, new, offers, owner, now);
        self.opportunities
            .insert(opportunity.id.clone(), opportunity);
        ids
    }

    fn admit_contact(&mut self, chance: &Chance, new: &NewCandidate) -> String {
        if let Some(known) = &new.contact
            && self.contacts.contains_key(known)
        {
            return known.clone();
        }
        let id = new.contact.clone().unwrap_or_else(|| chance.uuid());
        let contact = Contact {
            id: id.clone(),
            name: new.name.clone(),
            headline: new.title.clone(),
            emails: new.emails.clone(),
            location: new.location.clone().unwrap_or_default(),
            anonymised: false,
        };
        self.contacts.insert(id.clone(), contact);
        id
    }

    fn admit_posting(&mut self, chance: &Chance, now: i64, new: &NewCandidate) -> String {
        if let Some(known) = &new.posting
            && self.postings.contains_key(known)
        {
            return known.clone();
        }
        let id = new.posting.clone().unwrap_or_else(|| chance.uuid());
        let posting = posting_json(&id, &self.recruiter, new, now);
        self.postings.insert(id.clone(), posting);
        id
    }

    fn admit_requisition(
        &mut self,
        chance: &Chance,
        now: i64,
        new: &NewCandidate,
        posting: Option<&str>,
    ) -> String {
        let id = chance.uuid();
        let postings: Vec<&str> = posting.into_iter().collect();
        let requisition = json!({
            "id": id, "requisitionCode": format!("REQ-{}", self.requisitions.len() + 1),
            "name": new.title, "status": "open", "headcountTotal": 1, "headcountHired": 0,
            "headcountInfinite": false, "backfill": false, "confidentiality": "non-confidential",
            "creator": self.recruiter, "owner": self.recruiter, "hiringManager": new.manager,
            "location": new.location, "team": new.team, "department": new.department,
            "employmentStatus": "full-time", "compensationBand": null, "internalNotes": "",
            "postings": postings, "offerIds": [], "approval": null, "customFields": {},
            "createdAt": now, "updatedAt": now, "closedAt": null,
        });
        self.requisitions.insert(id.clone(), requisition);
        id
    }
}

struct OfferIds<'a> {
    id: String,
    application: Option<&'a str>,
    posting: Option<&'a str>,
    requisition: Option<&'a str>,
    creator: &'a str,
}

fn opportunity(
    ids: &CandidateIds,
    new: NewCandidate,
    offers: Vec<Value>,
    owner: String,
    now: i64,
) -> Opportunity {
    let arrival = json!({ "toStageId": new.stage, "toStageIndex": 3, "updatedAt": now });
    Opportunity {
        id: ids.opportunity.clone(),
        contact: ids.contact.clone(),
        application: ids.application.clone(),
        posting: ids.posting.clone(),
        requisition: ids.requisition.clone(),
        stage: new.stage,
        stage_changes: vec![arrival],
        archived: None,
        archived_before: None,
        origin: new.origin,
        owner,
        manager: new.manager,
        tags: new.tags,
        location: new.location,
        created_at: now,
        updated_at: now,
        null_updated_at: new.null_updated_at,
        last_interaction_at: now,
        last_advanced_at: now,
        confidential: new.confidential,
        deleted: None,
        offers,
        forms: forms("form", &ids.opportunity, new.forms, now),
        feedback: forms("interview", &ids.opportunity, new.feedback, now),
        notes: Vec::new(),
    }
}

/// Forms as Lever shows them (reference, section 6.10), a second apart; the oldest was filled in anew and deleted.
fn forms(kind: &str, opportunity: &str, given: Vec<(String, Value)>, now: i64) -> Vec<Value> {
    let mut forms = Vec::new();
    for (at, (text, fields)) in (now..).step_by(1_000).zip(given) {
        let id = format!("{kind}-{}-{opportunity}", forms.len());
        forms.push(json!({
            "id": id, "type": kind, "text": text, "instructions": "", "baseTemplateId": null,
            "fields": fields, "user": null, "stage": null,
            "createdAt": at, "completedAt": at, "deletedAt": null,
        }));
    }
    let old = forms.first().and_then(Value::as_object).cloned();
    if let Some(mut old) = old {
        old.insert(
            "id".to_owned(),
            json!(format!("{kind}-deleted-{opportunity}")),
        );
        old.insert("createdAt".to_owned(), json!(now + 3_600_000));
        old.insert("deletedAt".to_owned(), json!(now + 3_600_001));
        old.insert("fields".to_owned(), json!([]));
        forms.push(Value::Object(old));
    }
    forms
}

fn posting_json(id: &str, owner: &str, new: &NewCandidate, now: i64) -> Value {
    let mut categories = json!({
        "team": new.team, "location": new.location,
        "allLocations": new.location.iter().collect::<Vec<_>>(),
        "commitment": new.commitment, "level": null,
    });
    if let (Some(department), Some(fields)) = (&new.department, categories.as_object_mut()) {
        fields.insert("department".to_owned(), json!(department));
    }
    let confidentiality = if new.confidential {
        "confidential"
    } else {
        "non-confidential"
    };
    json!({
        "id": id, "text": new.title, "state": "published", "distributionChannels": ["public"],
        "user": owner, "owner": owner, "hiringManager": new.manager, "categories": categories,
        "tags": [], "content": { "description": "", "descriptionHtml": "", "lists": [],
        "closing": "", "closingHtml": "" }, "country": null, "followers": [owner],
        "reqCode": null, "requisitionCodes": [], "urls": null,
        "confidentiality": confidentiality, "createdAt": now, "updatedAt": now,
        "workplaceType": "hybrid", "transcribeInterviews": false, "screening": { "enabled": false },
    })
}

fn offer_json(ids: &OfferIds<'_>, new: &NewCandidate, offer: &NewOffer, at: i64) -> Value {
    let signed = offer.status == "signed";
    let candidate = json!({
        "role": "candidate", "name": new.name, "email": new.emails.first(),
        "firstOpenedAt": at, "lastOpenedAt": at,
        "signedAt": signed.then_some(at), "signed": signed,
    });
    json!({
        "id": ids.id, "posting": ids.posting, "createdAt": at, "status": offer.status,
        "creator": ids.creator, "fields": offer_fields(ids, new, offer, at),
        "signatures": { "candidate": candidate },
        "approved": true, "approvedAt": at, "sentAt": at,
        "sentDocument": null, "signedDocument": null,
    })
}

fn offer_fields(ids: &OfferIds<'_>, new: &NewCandidate, offer: &NewOffer, at: i64) -> Vec<Value> {
    let job_posting = if offer.job_posting_is_application {
        ids.application
    } else {
        ids.posting
    };
    let mut values = vec![
        ("Job posting", "job_posting", json!(job_posting)),
        ("Job title", "job_title", json!(new.title)),
        ("Candidate name", "candidate_name", json!(new.name)),
        ("Team", "team", json!(new.team)),
        ("Office location", "location/office", json!(new.location)),
        (
            "Offered compensation amount",
            "salary_amount",
            json!(71_000),
        ),
        (
            "Compensation currency",
            "compensation_currency",
            json!("EUR"),
        ),
        (
            "Type of earnings",
            "salary_interval",
            json!("per-year-salary"),
        ),
        (
            "Today's date",
            "today_date",
            json!(at - at.rem_euclid(86_400_000)),
        ),
        ("Direct manager", "direct_manager", json!(new.manager)),
        ("Hiring manager", "hiring_manager", json!(new.manager)),
        (
            "Anticipated start date",
            "anticipated_start_date",
            json!(new.start_date_ms),
        ),
    ];
    if let Some(requisition) = ids.requisition {
        values.push(("Requisition", "requisition", json!(requisition)));
    }
    let mut fields: Vec<Value> = values
        .into_iter()
        .map(|(label, identifier, value)| field_json(label, identifier, value))
        .collect();
    for (identifier, value) in &offer.fields {
        set_field(&mut fields, identifier, value.clone());
    }
    fields
}

/// Sets the field of this identifier, adding it if there is none.
pub(super) fn set_field(fields: &mut Vec<Value>, identifier: &str, value: Value) {
    let known = fields
        .iter_mut()
        .find(|field| field.get("identifier").and_then(Value::as_str) == Some(identifier))
        .and_then(Value::as_object_mut);
    match known {
        Some(field) => {
            field.insert("value".to_owned(), value);
        }
        None => fields.push(field_json(&label_of(identifier), identifier, value)),
    }
}

fn field_json(label: &str, identifier: &str, value: Value) -> Value {
    json!({ "text": label, "identifier": identifier, "value": value })
}

/// `custom_cost_centre` is labelled "Cost centre", as a form's author would.
fn label_of(identifier: &str) -> String {
    let words = identifier.trim_start_matches("custom_").replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// A text field of a JSON object.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}
