//! Finds what webhooks lost, and says whether the connection works.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use sando_core::ids::LeverId;
use sando_core::ports::RemoteError;
use serde_json::Value;

use super::{
    Errand, LeverClient, REMOTE,
    paging::List,
    wire::{DeletedBody, OpportunityBody, lever_id},
};
use crate::budget::Priority;
use crate::http::Request;

/// How long one list may take.
const WITHIN: Duration = Duration::from_secs(75);
/// How many pages one list may have.
const MOST_PAGES: usize = 500;

/// An opportunity that was archived as hired. A hint: read it before deciding anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchivedOpportunity {
    /// Which.
    pub opportunity: LeverId,
    /// When it was archived.
    pub at: Timestamp,
}

/// A tombstone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeletedOpportunity {
    /// Which.
    pub opportunity: LeverId,
    /// When it was deleted, if Lever tells.
    pub at: Option<Timestamp>,
}

/// Whether the key may read one kind of thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeverCheck {
    /// What was read: `opportunities`.
    pub what: &'static str,
    /// Why not.
    pub problem: Option<RemoteError>,
}

impl LeverClient {
    /// Everything archived with a reason of type `hired` since then, each once.
    ///
    /// # Errors
    /// As any read.
    pub async fn list_archived_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<ArchivedOpportunity>, RemoteError> {
        let errand = self.errand(Priority::Background, WITHIN);
        let reasons = self.hired_reasons(&errand).await?;
        if reasons.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = vec![
            ("archived", "true".to_owned()),
            ("archived_at_start", since.as_millisecond().to_string()),
            ("confidentiality", "all".to_owned()),
        ];
        query.extend(reasons.into_iter().map(|id| ("archive_reason_id", id)));
        let list = List {
            parts: &["opportunities"],
            query,
            most_pages: MOST_PAGES,
        };
        let rows = self.list::<OpportunityBody>(&list, &errand).await?;
        let found: BTreeMap<LeverId, Timestamp> = rows
            .into_iter()
            .filter_map(|row| {
                let at = row
                    .archived
                    .and_then(|archived| archived.archived_at)
                    .or(row.archived_at)?;
                Some((lever_id(&row.id)?, Timestamp::from(at)))
            })
            .collect();
        Ok(found
            .into_iter()
            .map(|(opportunity, at)| ArchivedOpportunity { opportunity, at })
            .collect())
    }

    /// Everything deleted since then, each once.
    ///
    /// # Errors
    /// As any read.
    pub async fn list_deleted_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<DeletedOpportunity>, RemoteError> {
        let errand = self.errand(Priority::Background, WITHIN);
        let list = List {
            parts: &["opportunities", "deleted"],
            query: vec![("deleted_at_start", since.as_millisecond().to_string())],
            most_pages: MOST_PAGES,
        };
        let rows = self.list::<DeletedBody>(&list, &errand).await?;
        let found: BTreeMap<LeverId, Option<Timestamp>> = rows
            .into_iter()
            .filter_map(|row| Some((lever_id(&row.id)?, row.deleted_at.map(Timestamp::from))))
            .collect();
        Ok(found
            .into_iter()
            .map(|(opportunity, at)| DeletedOpportunity { opportunity, at })
            .collect())
    }

    /// Tries everything that Sando reads, one row each, and says what the key may not.
    pub async fn checks(&self) -> Vec<LeverCheck> {
        let errand = self.errand(Priority::Urgent, Duration::from_secs(20));
        let mut checks = Vec::new();
        for what in [
            "opportunities",
            "archive_reasons",
            "stages",
            "postings",
            "users",
        ] {
            let problem = self.try_list(what, &errand).await.err();
            // Who is not let in at all, or not reached, need not be asked five times.
            let stop = matches!(
                problem,
                Some(
                    RemoteError::Refused { status: 401, .. }
                        | RemoteError::NoAnswer { .. }
                        | RemoteError::Forbidden { .. }
                )
            );
            checks.push(LeverCheck { what, problem });
            if stop {
                break;
            }
        }
        checks
    }

    async fn try_list(&self, what: &str, errand: &Errand) -> Result<(), RemoteError> {
        let request = Request::get(REMOTE, self.url(&[what])).query("limit", "1");
        let answer = self.read_any(request, errand).await?.checked()?;
        answer
            .json()?
            .get("data")
            .is_some_and(Value::is_array)
            .then_some(())
            .ok_or_else(|| crate::http::unreadable(REMOTE, "this is not Lever's API"))
    }
}
