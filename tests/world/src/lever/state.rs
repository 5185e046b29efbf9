//! Everything a simulated Lever account holds.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::registration::Registration;
use crate::chance::Chance;
use crate::visibility::Made;

/// The account's tables; postings, users, offers and notes are kept as the JSON they are shown as.
pub(super) struct State {
    pub(super) opportunities: BTreeMap<String, Opportunity>,
    pub(super) contacts: BTreeMap<String, Contact>,
    pub(super) postings: BTreeMap<String, Value>,
    pub(super) requisitions: BTreeMap<String, Value>,
    pub(super) users: BTreeMap<String, Value>,
    pub(super) stages: Vec<Stage>,
    pub(super) reasons: Vec<Reason>,
    pub(super) registrations: Vec<Registration>,
    /// Event groups that are switched on in the settings page.
    pub(super) groups_on: BTreeSet<String>,
    /// The offset tokens handed out, with the list they belong to.
    pub(super) offsets: HashSet<(&'static str, String)>,
    /// The user who does everything that is done in the UI.
    pub(super) recruiter: String,
    /// How long reads still show the old `archived`.
    pub(super) read_lag: Duration,
}

/// One candidacy.
#[derive(Clone)]
pub(super) struct Opportunity {
    pub(super) id: String,
    pub(super) contact: String,
    pub(super) application: Option<String>,
    pub(super) posting: Option<String>,
    pub(super) requisition: Option<String>,
    pub(super) stage: String,
    pub(super) stage_changes: Vec<Value>,
    pub(super) archived: Option<Archived>,
    /// What reads show until the change can be seen.
    pub(super) archived_before: Option<(Made, Option<Archived>)>,
    pub(super) origin: String,
    pub(super) owner: String,
    pub(super) manager: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) location: Option<String>,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) null_updated_at: bool,
    pub(super) last_interaction_at: i64,
    pub(super) last_advanced_at: i64,
    pub(super) confidential: bool,
    pub(super) deleted: Option<Deleted>,
    pub(super) offers: Vec<Value>,
    pub(super) forms: Vec<Value>,
    pub(super) feedback: Vec<Value>,
    pub(super) notes: Vec<Value>,
}

impl Opportunity {
    /// `archived` as reads show it now.
    pub(super) fn shown_archived(&self) -> Option<&Archived> {
        match &self.archived_before {
            Some((change, before)) if !change.is_visible() => before.as_ref(),
            _ => self.archived.as_ref(),
        }
    }
}

/// When and why an opportunity was archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Archived {
    pub(super) reason: String,
    pub(super) at: i64,
}

impl Archived {
    /// As in opportunities and webhooks.
    pub(super) fn json(this: Option<&Self>) -> Value {
        this.map_or(
            Value::Null,
            |archived| json!({ "reason": archived.reason, "archivedAt": archived.at }),
        )
    }
}

/// When and by whom an opportunity was deleted.
#[derive(Clone)]
pub(super) struct Deleted {
    pub(super) by: String,
    pub(super) at: i64,
}

/// One human.
#[derive(Clone)]
pub(super) struct Contact {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) headline: String,
    pub(super) emails: Vec<String>,
    pub(super) location: String,
    pub(super) anonymised: bool,
}

/// A step of the pipeline.
pub(super) struct Stage {
    pub(super) id: String,
    pub(super) text: String,
    /// Its place in Lever's sort order.
    pub(super) rank: i64,
}

/// Why opportunities are archived.
pub(super) struct Reason {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) hired: bool,
    pub(super) active: bool,
}

impl State {
    /// An account with its stages, archive reasons and three users, and nobody to hire.
    pub(super) fn new(chance: &Chance, now: i64) -> Self {
        let mut state = Self {
            opportunities: BTreeMap::new(),
            contacts: BTreeMap::new(),
            postings: BTreeMap::new(),
            requisitions: BTreeMap::new(),
            users: BTreeMap::new(),
            stages: stages(chance),
            reasons: reasons(chance),
            registrations: Vec::new(),
            groups_on: BTreeSet::new(),
            offsets: HashSet::new(),
            recruiter: String::new(),
            read_lag: Duration::ZERO,
        };
        state.recruiter =
            state.add_user(chance, now, "Rosa Admin", "rosa.admin@haldenoptics.example");
        for (name, email) in [
            ("Tomas Lindqvist", "tomas.lindqvist@haldenoptics.example"),
            ("Priya Raman", "priya.raman@haldenoptics.example"),
        ] {
            state.add_user(chance, now, name, email);
        }
        state
    }

    /// The Lever user with this address, made if there is none.
    pub(super) fn add_user(
        &mut self,
        chance: &Chance,
        now: i64,
        name: &str,
        email: &str,
    ) -> String {
        let known = self
            .users
            .iter()
            .find(|(_, user)| user.get("email").and_then(Value::as_str) == Some(email));
        if let Some((id, _)) = known {
            return id.clone();
        }
        let id = chance.uuid();
        let role = if self.users.is_empty() {
            "super admin"
        } else {
            "team member"
        };
        let user = json!({
            "id": id, "name": name, "username": email.split('@').next(), "email": email,
            "accessRole": role, "photo": null, "createdAt": now, "deactivatedAt": null,
            "externalDirectoryId": null, "linkedContactIds": null, "jobTitle": null,
            "managerId": null,
        });
        self.users.insert(id.clone(), user);
        id
    }

    /// The opportunity, deleted or not.
    pub(super) fn opportunity(&self, id: &str) -> Option<&Opportunity> {
        self.opportunities.get(id)
    }

    /// The opportunity for changing, unless it is deleted.
    pub(super) fn living(&mut self, id: &str) -> Option<&mut Opportunity> {
        self.opportunities
            .get_mut(id)
            .filter(|opportunity| opportunity.deleted.is_none())
    }

    /// The stage's place in the sort order.
    pub(super) fn rank(&self, stage: &str) -> i64 {
        let place = self.stages.iter().find(|known| known.id == stage);
        place.map_or(999, |known| known.rank)
    }

    /// Whether this archive reason is of type `hired`.
    pub(super) fn is_hired(&self, reason: &str) -> bool {
        self.reasons
            .iter()
            .any(|known| known.id == reason && known.hired)
    }
}

fn stages(chance: &Chance) -> Vec<Stage> {
    let stage = |id: String, text: &str, rank| Stage {
        id,
        text: text.to_owned(),
        rank,
    };
    vec![
        stage("lead-new".to_owned(), "New lead", 101),
        stage("lead-reached-out".to_owned(), "Reached out", 102),
        stage("lead-responded".to_owned(), "Responded", 103),
        stage("applicant-new".to_owned(), "New applicant", 201),
        stage(chance.uuid(), "Phone screen", 202),
        stage(chance.uuid(), "On-site interview", 203),
        stage("offer".to_owned(), "Offer", 301),
    ]
}

fn reasons(chance: &Chance) -> Vec<Reason> {
    let reason = |text: &str, hired, active| Reason {
        id: chance.uuid(),
        text: text.to_owned(),
        hired,
        active,
    };
    vec![
        reason("Hired", true, true),
        reason("Hired (contractor conversion)", true, true),
        reason("Hired (old)", true, false),
        reason("Underqualified", false, true),
        reason("Withdrew", false, true),
        reason("Offer declined", false, true),
    ]
}
