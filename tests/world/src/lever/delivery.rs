//! One signed webhook, ready to be posted, or to be spoilt by a test first.

use serde_json::{Map, Value, json};

use super::registration::Registration;
use super::signature::sign;
use crate::chance::Chance;

/// A webhook as it is posted: compact JSON with the signature inside.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedDelivery {
    /// The registration it belongs to.
    pub registration: String,
    /// Where it goes.
    pub url: String,
    /// The event's id, if bodies carry one.
    pub id: Option<String>,
    /// The event's name.
    pub event: String,
    /// When the event happened.
    pub triggered_at: i64,
    /// Random, 48 hex digits.
    pub token: String,
    /// Over token and time; `None` leaves the field out.
    pub signature: Option<String>,
    /// What the event is about; not covered by the signature.
    pub data: Value,
    signing_token: Option<String>,
    extra: Map<String, Value>,
}

impl SignedDelivery {
    pub(super) fn new(
        chance: &Chance,
        registration: &Registration,
        event: &str,
        triggered_at: i64,
        data: Value,
    ) -> Self {
        let mut delivery = Self {
            registration: registration.id.clone(),
            url: registration.url.clone(),
            id: None,
            event: event.to_owned(),
            triggered_at,
            token: chance.hex(24),
            signature: None,
            data,
            signing_token: registration.signing_token.clone(),
            extra: Map::new(),
        };
        delivery.sign_again();
        delivery
    }

    /// With another token, signed again.
    pub(super) fn renewed(mut self, chance: &Chance) -> Self {
        self.token = chance.hex(24);
        self.sign_again();
        self
    }

    /// As of another time, signed again.
    pub fn at(mut self, triggered_at: i64) -> Self {
        self.triggered_at = triggered_at;
        self.sign_again();
        self
    }

    /// With an event id.
    pub fn with_id(self, id: &str) -> Self {
        let id = Some(id.to_owned());
        Self { id, ..self }
    }

    /// With other data under the same, still valid, signature.
    pub fn with_data(self, data: Value) -> Self {
        Self { data, ..self }
    }

    /// With another event name under the same, still valid, signature.
    pub fn with_event(self, event: &str) -> Self {
        let event = event.to_owned();
        Self { event, ..self }
    }

    /// With a field nobody documented.
    pub fn with_field(mut self, name: &str, value: Value) -> Self {
        self.extra.insert(name.to_owned(), value);
        self
    }

    /// Without a signature.
    pub fn unsigned(self) -> Self {
        Self {
            signature: None,
            ..self
        }
    }

    /// With a signature made by another key.
    pub fn badly_signed(self) -> Self {
        let signature = Some(sign(
            "not the signing token",
            &self.token,
            self.triggered_at,
        ));
        Self { signature, ..self }
    }

    /// The body, compact.
    pub fn body(&self) -> String {
        let mut body = Map::new();
        if let Some(id) = &self.id {
            body.insert("id".to_owned(), json!(id));
        }
        body.insert("event".to_owned(), json!(self.event));
        body.insert("triggeredAt".to_owned(), json!(self.triggered_at));
        body.insert("token".to_owned(), json!(self.token));
        if let Some(signature) = &self.signature {
            body.insert("signature".to_owned(), json!(signature));
        }
        body.insert("data".to_owned(), self.data.clone());
        body.extend(self.extra.clone());
        Value::Object(body).to_string()
    }

    fn sign_again(&mut self) {
        self.signature = self
            .signing_token
            .as_deref()
            .map(|key| sign(key, &self.token, self.triggered_at));
    }
}
