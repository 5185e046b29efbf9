//! Which of several offers counts.

use sando_core::lever::OfferState;
use serde::Deserialize;
use serde_json::Value;

use super::wire::{Millis, OfferBody};

/// Statuses of an offer that will not come to anything.
fn is_denied(status: &str) -> bool {
    matches!(
        status,
        "denied"
            | "rejected"
            | "declined"
            | "revoked"
            | "rescinded"
            | "cancelled"
            | "canceled"
            | "withdrawn"
            | "expired"
    )
}

struct Offer<'a> {
    raw: &'a Value,
    status: String,
    created_at: Option<Millis>,
}

impl<'a> From<&'a Value> for Offer<'a> {
    fn from(raw: &'a Value) -> Self {
        let body = OfferBody::deserialize(raw).ok();
        Self {
            raw,
            status: body
                .as_ref()
                .and_then(|body| body.status.clone())
                .unwrap_or_default(),
            created_at: body.and_then(|body| body.created_at),
        }
    }
}

/// `signed` first, then `sent-manually`, then the newest that is neither denied nor a draft; and where the offers stand.
pub(super) fn pick(offers: &[Value]) -> (Option<&Value>, OfferState) {
    let mut offers: Vec<Offer<'_>> = offers.iter().map(Offer::from).collect();
    if offers.is_empty() {
        return (None, OfferState::None);
    }
    if offers.iter().all(|offer| is_denied(&offer.status)) {
        return (None, OfferState::Denied);
    }
    // Newest first; the sort is stable, so that equals stay in Lever's order.
    offers.sort_by_key(|offer| std::cmp::Reverse(offer.created_at));
    let with = |status: &str| offers.iter().find(|offer| offer.status == status);
    let open = offers
        .iter()
        .find(|offer| offer.status != "draft" && !is_denied(&offer.status));
    let picked = with("signed").or_else(|| with("sent-manually")).or(open);
    (picked.map(|offer| offer.raw), OfferState::Open)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(offers: &Value, picked: Option<&str>, state: OfferState) {
        let (offer, found) = pick(offers.as_array().unwrap());
        assert_eq!(
            (offer.and_then(|offer| offer["id"].as_str()), found),
            (picked, state)
        );
    }

    #[test]
    fn the_signed_offer_wins_and_among_equals_the_newest() {
        let offers = json!([
            {"id": "a", "status": "sent", "createdAt": 9},
            {"id": "b", "status": "signed", "createdAt": 1},
            {"id": "c", "status": "signed", "createdAt": 2},
            {"id": "d", "status": "sent-manually", "createdAt": 8},
        ]);
        check(&offers, Some("c"), OfferState::Open);
    }

    #[test]
    fn drafts_and_denied_offers_are_not_picked_and_new_statuses_are() {
        let offers = json!([
            {"id": "a", "status": "draft", "createdAt": 9},
            {"id": "b", "status": "denied", "createdAt": 8},
            {"id": "c", "status": "brand-new", "createdAt": 7},
            {"id": "d", "createdAt": null},
        ]);
        check(&offers, Some("c"), OfferState::Open);
        check(
            &json!([{"id": "a", "status": "draft"}]),
            None,
            OfferState::Open,
        );
    }

    #[test]
    fn the_state_is_denied_only_if_every_offer_is() {
        check(&json!([]), None, OfferState::None);
        check(&json!([{"status": "denied"}]), None, OfferState::Denied);
        check(
            &json!([{"status": "denied"}, {"id": "b", "status": "sent"}]),
            Some("b"),
            OfferState::Open,
        );
    }
}
