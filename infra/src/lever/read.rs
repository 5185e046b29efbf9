//! Reads one candidacy: the facts, and the document that attributes come from.
//!
//! One request for the opportunity with what can be expanded; offers, posting, requisition and users only if needed.
//! Source: reference, section 7.1.

use jiff::{SignedDuration, Timestamp};
use sando_core::ids::LeverId;
use sando_core::lever::{Archived, Candidacy, Needs, OfferState};
use sando_core::ports::{Reading, RemoteError};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Errand, LeverClient, REMOTE, no_id,
    offers::pick,
    paging::List,
    parts::{application, part},
    reasons::Reason,
    wire::{ArchivedBody, Data, DeletedBody, OpportunityBody, lever_id},
};
use crate::http::{Request, unreadable};

/// How far back the tombstone of an opportunity is looked for: near first, since thousands may have been deleted in a month.
const TOMBSTONES: [SignedDuration; 3] = [
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(48),
    SignedDuration::from_hours(30 * 24),
];

impl LeverClient {
    pub(super) async fn read_candidacy(
        &self,
        opportunity: &LeverId,
        needs: &Needs,
        errand: &Errand,
    ) -> Result<Reading, RemoteError> {
        let url = self.url(&["opportunities", opportunity.as_str()]);
        let mut request = Request::get(REMOTE, url);
        for name in expansions(needs) {
            request = request.query("expand", name);
        }
        let answer = self.read_any(request, errand).await?;
        match answer.status() {
            403 => return Ok(Reading::Hidden),
            404 => return self.tombstone(opportunity, errand).await,
            _ => {}
        }
        let raw: Data<Value> = answer.checked()?.parse()?;
        let body = OpportunityBody::deserialize(&raw.data)
            .map_err(|_| unreadable(REMOTE, "the opportunity has another shape"))?;
        if body.id != opportunity.as_str() {
            return Err(unreadable(REMOTE, "another opportunity was answered"));
        }
        let contact = part(&raw.data, "contact");
        let is_anonymised = |value: &Value| value.get("isAnonymized") == Some(&Value::Bool(true));
        if body.is_anonymized || contact.is_some_and(is_anonymised) {
            return Ok(Reading::Anonymised);
        }
        self.candidacy(&raw.data, &body, needs, errand)
            .await
            .map(|candidacy| Reading::Present(Box::new(candidacy)))
    }

    async fn candidacy(
        &self,
        raw: &Value,
        body: &OpportunityBody,
        needs: &Needs,
        errand: &Errand,
    ) -> Result<Candidacy, RemoteError> {
        let opportunity = lever_id(&body.id).ok_or_else(|| no_id("the opportunity"))?;
        let (archived, reason) = self.archived(body, errand).await?;
        let hired = archived.as_ref().is_some_and(|archived| archived.hired);
        let offers_matter =
            hired || needs.part("offer") || needs.part("posting") && application(raw).is_none();
        let offers = if offers_matter {
            self.offers(&opportunity, errand).await?
        } else {
            Vec::new()
        };
        let (offer, state) = pick(&offers);
        let document = self
            .document(raw, offer, reason.as_ref(), needs, errand)
            .await?;
        Ok(Candidacy {
            contact: body
                .contact
                .as_ref()
                .and_then(|contact| lever_id(contact.id())),
            archived,
            stage: stage(body),
            created_at: body
                .created_at
                .map_or(Timestamp::UNIX_EPOCH, Timestamp::from),
            updated_at: body.updated_at.map(Timestamp::from),
            application: body
                .applications
                .first()
                .and_then(|application| lever_id(application.id())),
            offer: if offers_matter {
                state
            } else {
                OfferState::None
            },
            emails: emails(raw, body),
            document,
            opportunity,
        })
    }

    /// How it was archived, and the reason itself.
    async fn archived(
        &self,
        body: &OpportunityBody,
        errand: &Errand,
    ) -> Result<(Option<Archived>, Option<Reason>), RemoteError> {
        let flat = ArchivedBody {
            archived_at: body.archived_at,
            reason: body.archive_reason.clone(),
        };
        let archived = body.archived.clone().unwrap_or(flat);
        let (Some(at), Some(reason)) = (archived.archived_at, archived.reason) else {
            return Ok((None, None));
        };
        let found = self.reason(reason.id(), errand).await?;
        let archived = Archived {
            at: at.into(),
            reason: lever_id(reason.id()).ok_or_else(|| no_id("the archive reason"))?,
            hired: found.as_ref().is_some_and(Reason::is_hired),
        };
        Ok((Some(archived), found))
    }

    async fn offers(
        &self,
        opportunity: &LeverId,
        errand: &Errand,
    ) -> Result<Vec<Value>, RemoteError> {
        let list = List {
            parts: &["opportunities", opportunity.as_str(), "offers"],
            query: Vec::new(),
            most_pages: 10,
        };
        self.list(&list, errand).await
    }

    /// A 404 alone proves nothing (a wrong base URL answers it too): the list of the deleted has to be there, and to tell when
    /// this one was.
    async fn tombstone(
        &self,
        opportunity: &LeverId,
        errand: &Errand,
    ) -> Result<Reading, RemoteError> {
        let now = self.settings.clock.now();
        let mut until = None;
        for back in TOMBSTONES {
            let since = now.saturating_sub(back).unwrap_or(now);
            let found = self.deleted_within(opportunity, since, until, errand);
            if let Some(row) = found.await? {
                return Ok(Reading::Deleted(row.deleted_at.map(Timestamp::from)));
            }
            until = Some(since);
        }
        Ok(Reading::Deleted(None))
    }

    /// Its row, if one of the first pages of what was deleted in that time has it.
    async fn deleted_within(
        &self,
        opportunity: &LeverId,
        since: Timestamp,
        until: Option<Timestamp>,
        errand: &Errand,
    ) -> Result<Option<DeletedBody>, RemoteError> {
        let mut query = vec![("deleted_at_start", since.as_millisecond().to_string())];
        query.extend(until.map(|until| ("deleted_at_end", until.as_millisecond().to_string())));
        let list = List {
            parts: &["opportunities", "deleted"],
            query,
            most_pages: 20,
        };
        let mut found = None;
        let look = |page: Vec<DeletedBody>| {
            found = page.into_iter().find(|row| row.id == opportunity.as_str());
            found.is_some()
        };
        let read = self.walk(&list, errand, look).await;
        match read {
            Err(RemoteError::Refused { status: 404, .. }) => Err(unreadable(
                REMOTE,
                "neither the opportunity nor the list of deleted ones is there: is the address of the API right?",
            )),
            read => read.map(|_| found),
        }
    }
}

/// What the opportunity is read with.
fn expansions(needs: &Needs) -> impl Iterator<Item = &'static str> {
    let application = ["application", "posting", "requisition"]
        .iter()
        .any(|name| needs.part(name));
    [
        ("applications", application),
        ("contact", needs.part("contact")),
        ("stage", needs.part("stage")),
    ]
    .into_iter()
    .filter_map(|(name, needed)| needed.then_some(name))
}

/// The present stage, and when it was entered: the last move to it, else when it last advanced, else when it was made.
pub(super) fn stage(body: &OpportunityBody) -> Option<(LeverId, Timestamp)> {
    let id = body.stage.as_ref()?.id();
    let moved = body
        .stage_changes
        .iter()
        .filter(|change| change.to_stage_id.as_deref() == Some(id))
        .filter_map(|change| change.updated_at)
        .max();
    let at = moved.or(body.last_advanced_at).or(body.created_at)?;
    Some((lever_id(id)?, at.into()))
}

/// All addresses, each once, in Lever's order.
fn emails(raw: &Value, body: &OpportunityBody) -> Vec<String> {
    let contact = part(raw, "contact").and_then(|contact| contact.get("emails")?.as_array());
    let application = application(raw).and_then(|application| application.get("email"));
    let further = contact.into_iter().flatten().chain(application);
    let all = body
        .emails
        .iter()
        .map(String::as_str)
        .chain(further.filter_map(Value::as_str));
    let mut emails: Vec<String> = Vec::new();
    for email in all.map(str::trim).filter(|email| !email.is_empty()) {
        if !emails.iter().any(|known| known == email) {
            emails.push(email.to_owned());
        }
    }
    emails
}
