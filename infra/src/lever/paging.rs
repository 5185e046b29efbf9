//! Reads lists of Lever's to their end.

use std::collections::HashSet;

use sando_core::ports::RemoteError;
use serde::de::DeserializeOwned;

use super::{
    Errand, LeverClient, REMOTE,
    wire::{ListBody, PageBody},
};
use crate::http::{Request, unreadable};

/// How often a list begins anew because its offset token went stale.
const RESTARTS: usize = 3;
/// The largest page.
const LIMIT: &str = "100";

/// A list, and how much of it is read.
pub(super) struct List<'a> {
    /// The parts of the path.
    pub(super) parts: &'a [&'a str],
    /// Filters.
    pub(super) query: Vec<(&'a str, String)>,
    /// More pages than this are not read.
    pub(super) most_pages: usize,
}

impl LeverClient {
    /// All rows. A token that went stale starts the list anew, so a row may come twice: callers sort that out by id.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        list: &List<'_>,
        errand: &Errand,
    ) -> Result<Vec<T>, RemoteError> {
        let mut rows = Vec::new();
        let take = |page: Vec<T>| {
            rows.extend(page);
            false
        };
        if self.walk(list, errand, take).await? {
            return Ok(rows);
        }
        Err(unreadable(REMOTE, "the list has more pages than expected"))
    }

    /// Reads page after page until one is enough; false if the list has more pages than are read.
    pub(super) async fn walk<T: DeserializeOwned>(
        &self,
        list: &List<'_>,
        errand: &Errand,
        mut is_enough: impl FnMut(Vec<T>) -> bool,
    ) -> Result<bool, RemoteError> {
        let mut restarts = 0;
        let mut offset: Option<String> = None;
        let mut seen = HashSet::new();
        loop {
            let page = match self.page::<T>(list, offset.as_deref(), errand).await {
                Err(error) if offset.is_some() && is_stale(&error) && restarts < RESTARTS => {
                    restarts += 1;
                    offset = None;
                    seen.clear();
                    continue;
                }
                page => page?,
            };
            if is_enough(page.data.into_vec()) {
                return Ok(true);
            }
            let Some(next) = page.next.filter(|next| page.has_next && !next.is_empty()) else {
                return Ok(true);
            };
            if seen.len() >= list.most_pages {
                return Ok(false);
            }
            if !seen.insert(next.clone()) {
                return Err(unreadable(REMOTE, "the list repeats an offset"));
            }
            offset = Some(next);
        }
    }

    async fn page<T: DeserializeOwned>(
        &self,
        list: &List<'_>,
        offset: Option<&str>,
        errand: &Errand,
    ) -> Result<PageBody<T>, RemoteError> {
        let mut request = Request::get(REMOTE, self.url(list.parts)).query("limit", LIMIT);
        for (name, value) in &list.query {
            request = request.query(name, value);
        }
        if let Some(offset) = offset {
            request = request.query("offset", offset);
        }
        let answer = self.read_any(request, errand).await?.checked()?;
        Ok(answer.parse::<ListBody<T>>()?.into_page())
    }
}

fn is_stale(error: &RemoteError) -> bool {
    match error {
        RemoteError::Refused { message, .. } => {
            message.to_ascii_lowercase().contains("offset token")
        }
        _ => false,
    }
}
