//! Deliveries: what came in from Lever, also while nothing is made of it.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use sando_core::event::{DeliveryState, StoredDelivery};
use sando_core::ids::LeverId;
use sando_core::store::{Entity, Loaded, Query};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayRead;
use crate::body::{InQuery, word};
use crate::list::{Listed, gather};
use crate::problem::Problem;

/// A webhook that was authentic, or what catch-up found: a hint where to look in Lever.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    id: String,
    /// The registration that it came to; `catch-up` if no webhook told.
    registration: String,
    /// What Lever calls it: `candidateHired`.
    event: String,
    opportunity: String,
    /// `received`, `waiting`, `done` or `nothing_to_do`.
    state: String,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// How often Lever did not show yet what it tells of.
    looks: u32,
    /// How often in a row Lever could not be read.
    unanswered: u32,
    /// When Lever is asked next; null if nothing is left to look for.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_look_at: Option<Timestamp>,
    /// The event that it led to.
    led_to: Option<String>,
    /// What happened last, in words.
    why: String,
}

impl From<&StoredDelivery> for DeliveryView {
    fn from(delivery: &StoredDelivery) -> Self {
        let hint = &delivery.hint;
        Self {
            id: delivery.id.to_string(),
            registration: hint.registration.to_string(),
            event: hint.event.clone(),
            opportunity: hint.opportunity.to_string(),
            state: delivery.state.as_str().to_owned(),
            received_at: hint.received_at,
            looks: delivery.looks,
            unanswered: delivery.unanswered,
            next_look_at: delivery.look_at,
            led_to: delivery.event.as_ref().map(ToString::to_string),
            why: delivery.why.clone(),
        }
    }
}

/// Which part of the list of deliveries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveriesQuery {
    state: Option<String>,
    opportunity: Option<LeverId>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Lists deliveries, newest first.
#[utoipa::path(get, path = "/v1/deliveries", tag = "events", operation_id = "list_deliveries",
    params(("state" = Option<String>, Query), ("opportunity" = Option<String>, Query),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<DeliveryView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<DeliveriesQuery>,
) -> Result<Json<Listed<DeliveryView>>, Problem> {
    let states: Vec<DeliveryState> = match &query.state {
        Some(state) => vec![word("state", state)?],
        None => DeliveryState::ALL.to_vec(),
    };
    let wanted = Query::States {
        kind: StoredDelivery::KIND,
        states: states.iter().map(|state| state.as_str()).collect(),
    };
    let about = query.opportunity;
    let keep = |delivery: &StoredDelivery| {
        let opportunity = &delivery.hint.opportunity;
        about.as_ref().is_none_or(|about| about == opportunity)
    };
    let listed = gather(&api, &wanted, query.limit, query.cursor, keep).await?;
    Ok(Json(listed.map(|delivery: Loaded<StoredDelivery>| {
        DeliveryView::from(&delivery.entity)
    })))
}
