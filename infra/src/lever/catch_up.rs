//! Finds what webhooks lost, and says whether the connection works.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use sando_core::catch_up::{Came, How, Moved, Part};
use sando_core::ids::LeverId;
use sando_core::lever::Archived;
use sando_core::ports::RemoteError;
use serde_json::Value;

use super::{
    Errand, LeverClient, REMOTE,
    paging::List,
    read::stage,
    wire::{ArchivedBody, DeletedBody, OpportunityBody, lever_id},
};
use crate::budget::Priority;
use crate::http::Request;

/// How long one list may take.
const WITHIN: Duration = Duration::from_secs(60);
/// How many pages one list may have.
const MOST_PAGES: usize = 500;

/// Whether the key may read one kind of thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeverCheck {
    /// What was read: `opportunities`.
    pub what: &'static str,
    /// Why not.
    pub problem: Option<RemoteError>,
}

impl LeverClient {
    /// What moved within a window, each opportunity once. Confidential rows come if the key may see them.
    ///
    /// Source: reference, sections 3.2 and 7.3: the order of a list moves while it is paged, so windows are small.
    pub(super) async fn list_moved(
        &self,
        part: Part,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Moved>, RemoteError> {
        let errand = self.errand(Priority::Background, WITHIN);
        if part == Part::Deleted {
            return self.deleted(from, to, &errand).await;
        }
        let hired = self.hired_reasons(&errand).await?;
        let mut query = vec![("confidentiality", "all".to_owned())];
        if part == Part::Hired {
            if hired.is_empty() {
                return Ok(Vec::new());
            }
            query.push(("archived", "true".to_owned()));
            query.extend(hired.iter().map(|id| ("archive_reason_id", id.clone())));
            query.extend(window("archived_at_start", "archived_at_end", from, to));
        } else {
            query.extend(window("updated_at_start", "updated_at_end", from, to));
        }
        let list = List {
            parts: &["opportunities"],
            query,
            most_pages: MOST_PAGES,
        };
        let rows = self.list::<OpportunityBody>(&list, &errand).await?;
        // Where a row comes twice, the later one counts.
        let found: BTreeMap<LeverId, (How, Came)> = rows
            .into_iter()
            .filter_map(|row| {
                let id = lever_id(&row.id)?;
                let came = came(&row);
                let how = if row.is_anonymized {
                    How::Anonymised
                } else {
                    How::There(archived(row, &hired))
                };
                Some((id, (how, came)))
            })
            .collect();
        Ok(moved(found))
    }

    async fn deleted(
        &self,
        from: Timestamp,
        to: Timestamp,
        errand: &Errand,
    ) -> Result<Vec<Moved>, RemoteError> {
        let list = List {
            parts: &["opportunities", "deleted"],
            query: window("deleted_at_start", "deleted_at_end", from, to).into(),
            most_pages: MOST_PAGES,
        };
        let rows = self.list::<DeletedBody>(&list, errand).await?;
        let found: BTreeMap<LeverId, (How, Came)> = rows
            .into_iter()
            .filter_map(|row| {
                let at = row.deleted_at.map(Timestamp::from);
                Some((lever_id(&row.id)?, (How::Deleted(at), Came::default())))
            })
            .collect();
        Ok(moved(found))
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

fn window<'a>(
    start: &'a str,
    end: &'a str,
    from: Timestamp,
    to: Timestamp,
) -> [(&'a str, String); 2] {
    [
        (start, from.as_millisecond().to_string()),
        (end, to.as_millisecond().to_string()),
    ]
}

fn moved(found: BTreeMap<LeverId, (How, Came)>) -> Vec<Moved> {
    let row = |(opportunity, (how, came))| Moved {
        opportunity,
        how,
        came,
    };
    found.into_iter().map(row).collect()
}

/// Where a row stands, as a reading of it would say; without the time it was made nothing can be told.
fn came(row: &OpportunityBody) -> Came {
    let application = row.applications.first();
    let application = application.and_then(|application| lever_id(application.id()));
    row.created_at.map_or_else(Came::default, |created_at| {
        Came::of(stage(row), application, created_at.into())
    })
}

/// How a row is archived; a row whose reason cannot be told counts as not hired, and is read before anything follows.
fn archived(row: OpportunityBody, hired: &[String]) -> Option<Archived> {
    let flat = ArchivedBody {
        archived_at: row.archived_at,
        reason: row.archive_reason,
    };
    let archived = row.archived.unwrap_or(flat);
    let (at, reason) = (archived.archived_at?, archived.reason?);
    Some(Archived {
        at: at.into(),
        reason: lever_id(reason.id())?,
        hired: hired.iter().any(|id| id == reason.id()),
    })
}
