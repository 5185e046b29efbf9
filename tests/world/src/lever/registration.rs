//! Webhook registrations: made over the API or in the settings page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::State;

/// The ten events Lever knows.
pub(super) const EVENTS: [&str; 10] = [
    "applicationCreated",
    "candidateHired",
    "candidateStageChange",
    "candidateArchiveChange",
    "candidateDeleted",
    "interviewCreated",
    "interviewUpdated",
    "interviewDeleted",
    "contactCreated",
    "contactUpdated",
];

/// Every origin; the default of a registration's conditions.
const ORIGINS: [&str; 6] = [
    "applied",
    "sourced",
    "referred",
    "university",
    "internal",
    "agency",
];

/// Where one event is sent, and how it is signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// Its id.
    pub id: String,
    /// The event's name.
    pub event: String,
    /// Where it is sent.
    pub url: String,
    /// The text that signs its deliveries; `None` sends them unsigned.
    pub signing_token: Option<String>,
    /// Made over the API; only then the API lists and changes it.
    pub from_api: bool,
    /// The origins it is limited to.
    pub origins: Vec<String>,
    /// When it was made.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
}

/// A registration as somebody asks for it.
pub(super) struct Wanted {
    pub(super) event: String,
    pub(super) url: String,
    pub(super) origins: Option<Vec<String>>,
}

impl Wanted {
    /// Reads `{url, event, configuration?}`.
    pub(super) fn parse(body: &Value) -> Option<Self> {
        let event = super::admit::text(body, "event")?;
        EVENTS.contains(&event.as_str()).then_some(Self {
            event,
            url: super::admit::text(body, "url")?,
            origins: origins(body),
        })
    }

    pub(super) fn into_registration(
        self,
        id: String,
        signing_token: Option<String>,
        from_api: bool,
        now: i64,
    ) -> Registration {
        let all = || ORIGINS.map(str::to_owned).to_vec();
        Registration {
            id,
            event: self.event,
            url: self.url,
            signing_token,
            from_api,
            origins: self.origins.unwrap_or_else(all),
            created_at: now,
            updated_at: now,
        }
    }
}

/// The origins of a body's conditions, if it names any.
pub(super) fn origins(body: &Value) -> Option<Vec<String>> {
    let listed = body.pointer("/configuration/conditions/origins")?;
    let names = listed.as_array()?.iter().filter_map(Value::as_str);
    Some(names.map(str::to_owned).collect())
}

impl Registration {
    /// As the API shows it; the signing token only in the answer to its creation.
    pub(super) fn json(&self, with_token: bool) -> Value {
        let mut configuration: BTreeMap<&str, Value> = BTreeMap::new();
        if has_conditions(&self.event) {
            configuration.insert("conditions", json!({ "origins": self.origins }));
        }
        if let (true, Some(token)) = (with_token, &self.signing_token) {
            configuration.insert("signatureToken", json!(token));
        }
        json!({
            "id": self.id, "event": self.event, "url": self.url, "configuration": configuration,
            "createdAt": self.created_at, "updatedAt": self.updated_at,
        })
    }

    fn takes(&self, event: &str, origin: Option<&str>) -> bool {
        let origin_fits = !has_conditions(event)
            || origin.is_none_or(|origin| self.origins.iter().any(|known| known == origin));
        self.event == event && origin_fits
    }
}

impl State {
    /// Who is to hear of this event: nobody while its group is off.
    pub(super) fn listeners(&self, event: &str, origin: Option<&str>) -> Vec<Registration> {
        if !self.groups_on.contains(event) {
            return Vec::new();
        }
        let fitting = |registration: &&Registration| registration.takes(event, origin);
        self.registrations.iter().filter(fitting).cloned().collect()
    }
}

fn has_conditions(event: &str) -> bool {
    matches!(
        event,
        "applicationCreated" | "candidateHired" | "candidateStageChange" | "candidateArchiveChange"
    )
}
