//! A candidate as tests ask for one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a new candidate is like; everything has a plausible default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewCandidate {
    /// The whole name, as Lever has it.
    pub name: String,
    /// Private addresses; may be empty.
    pub emails: Vec<String>,
    /// The job title, in posting and offer.
    pub title: String,
    /// The posting's department; `None` leaves the key out.
    pub department: Option<String>,
    /// The posting's and the offer's team.
    pub team: Option<String>,
    /// The posting's and the offer's location.
    pub location: Option<String>,
    /// The posting's commitment, such as `Full-time`.
    pub commitment: Option<String>,
    /// The offer's anticipated start date; `None` leaves the field without a value.
    pub start_date_ms: Option<i64>,
    /// The contact of an earlier candidacy of the same person.
    pub contact: Option<String>,
    /// The posting of an earlier candidate.
    pub posting: Option<String>,
    /// The Lever user id of the manager.
    pub manager: Option<String>,
    /// The stage's id.
    pub stage: String,
    /// `applied`, `referred`, `sourced`, `university`, `internal` or `agency`.
    pub origin: String,
    /// Tags of the opportunity.
    pub tags: Vec<String>,
    /// The offers, oldest first; empty for a hire without an offer.
    pub offers: Vec<NewOffer>,
    /// Profile forms, oldest first: their name, and their fields as Lever shows them.
    pub forms: Vec<(String, Value)>,
    /// Feedback forms, as [`Self::forms`].
    pub feedback: Vec<(String, Value)>,
    /// Whether there is an application; without one there is no posting either.
    pub application: bool,
    /// Whether the hire is against a requisition.
    pub requisition: bool,
    /// Whether the opportunity is confidential.
    pub confidential: bool,
    /// Whether `updatedAt` is and stays null, as on rows older than that property.
    pub null_updated_at: bool,
}

impl Default for NewCandidate {
    fn default() -> Self {
        Self {
            name: "Ilse Verhoeven".to_owned(),
            emails: vec!["ilse.verhoeven@mail.example".to_owned()],
            title: "Platform Engineer".to_owned(),
            department: Some("Engineering".to_owned()),
            team: Some("Platform".to_owned()),
            location: Some("Ghent, BE".to_owned()),
            commitment: Some("Full-time".to_owned()),
            start_date_ms: Some(1_769_990_400_000),
            contact: None,
            posting: None,
            manager: None,
            stage: "offer".to_owned(),
            origin: "applied".to_owned(),
            tags: Vec::new(),
            offers: vec![NewOffer::default()],
            forms: Vec::new(),
            feedback: Vec::new(),
            application: true,
            requisition: false,
            confidential: false,
            null_updated_at: false,
        }
    }
}

impl NewCandidate {
    /// A candidate of this name, with a matching address.
    pub fn named(name: &str) -> Self {
        let local: Vec<String> = name
            .split_whitespace()
            .map(|word| word.chars().filter(char::is_ascii_alphanumeric).collect())
            .collect();
        Self {
            name: name.to_owned(),
            emails: vec![format!("{}@mail.example", local.join(".").to_lowercase())],
            ..Self::default()
        }
    }

    /// With this job title.
    pub fn title(self, title: &str) -> Self {
        let title = title.to_owned();
        Self { title, ..self }
    }

    /// In this department.
    pub fn department(self, department: &str) -> Self {
        let department = Some(department.to_owned());
        Self { department, ..self }
    }

    /// Of an account without departments.
    pub fn without_department(self) -> Self {
        let department = None;
        Self { department, ..self }
    }

    /// At this location.
    pub fn location(self, location: &str) -> Self {
        let location = Some(location.to_owned());
        Self { location, ..self }
    }

    /// Starting then (milliseconds since 1970).
    pub fn starting_at(self, start_date_ms: i64) -> Self {
        let start_date_ms = Some(start_date_ms);
        Self {
            start_date_ms,
            ..self
        }
    }

    /// With an offer that names no start date.
    pub fn without_start_date(self) -> Self {
        let start_date_ms = None;
        Self {
            start_date_ms,
            ..self
        }
    }

    /// Hired without any offer.
    pub fn without_offer(self) -> Self {
        let offers = Vec::new();
        Self { offers, ..self }
    }

    /// With one more offer, newer than the others.
    pub fn with_offer(mut self, offer: NewOffer) -> Self {
        self.offers.push(offer);
        self
    }

    /// The same person as the one of this contact.
    pub fn contact(self, contact: &str) -> Self {
        let contact = Some(contact.to_owned());
        Self { contact, ..self }
    }

    /// Reporting to this Lever user.
    pub fn manager(self, user: &str) -> Self {
        let manager = Some(user.to_owned());
        Self { manager, ..self }
    }

    /// In this stage.
    pub fn stage(self, stage: &str) -> Self {
        let stage = stage.to_owned();
        Self { stage, ..self }
    }

    /// Confidential.
    pub fn confidential(self) -> Self {
        let confidential = true;
        Self {
            confidential,
            ..self
        }
    }
}

/// One offer of a new candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewOffer {
    /// `draft`, `approved`, `sent`, `sent-manually`, `opened`, `denied`, `signed` …
    pub status: String,
    /// Fields by identifier: set, or added if the candidate does not imply them.
    pub fields: BTreeMap<String, Value>,
    /// Whether `job_posting` holds the application's id, as in the only real record seen.
    pub job_posting_is_application: bool,
}

impl Default for NewOffer {
    fn default() -> Self {
        Self {
            status: "signed".to_owned(),
            fields: BTreeMap::new(),
            job_posting_is_application: true,
        }
    }
}

impl NewOffer {
    /// An offer in this status.
    pub fn in_status(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            ..Self::default()
        }
    }

    /// With this value in the field of this identifier.
    pub fn field(mut self, identifier: &str, value: Value) -> Self {
        self.fields.insert(identifier.to_owned(), value);
        self
    }
}

/// The ids of a created candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateIds {
    /// The candidacy.
    pub opportunity: String,
    /// The human.
    pub contact: String,
    /// The application, if there is one.
    pub application: Option<String>,
    /// The posting, if there is one.
    pub posting: Option<String>,
    /// The newest offer, if there is one.
    pub offer: Option<String>,
    /// The requisition, if there is one.
    pub requisition: Option<String>,
}
