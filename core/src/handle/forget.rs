//! Deletes the roster of an account that was disconnected or replaced, portion by portion.

use crate::job::Forgetting;
use crate::ports::Ports;
use crate::store::{Check, Commit, Key, PageRequest, Query};

use super::HandleError;

/// Items that are listed together; each user may have details besides.
const PORTION: usize = 38;

/// Deletes a portion: its syncs first, so that none writes any more, then its entries. True when nothing is left.
///
/// # Errors
/// If the store did not do it.
pub(super) async fn portion(
    ports: &Ports,
    forgetting: &mut Forgetting,
) -> Result<bool, HandleError> {
    let roster = &forgetting.roster;
    for query in [Query::Syncs(roster.clone()), Query::Roster(roster.clone())] {
        let page = PageRequest {
            limit: PORTION,
            cursor: None,
        };
        let found = ports.store.list(&query, &page).await?;
        if found.items.is_empty() {
            continue;
        }
        let details = found.items.iter().filter_map(|item| match &item.key {
            Key::Entry(roster, id) => Some(Key::Details(roster.clone(), *id)),
            _ => None,
        });
        let details: Vec<Key> = details.collect();
        let details = ports.store.get_all(&details).await?;
        let items = found.items.into_iter().chain(details.into_iter().flatten());
        let deletes = items.map(|item| Check {
            key: item.key,
            expect: item.version,
        });
        let commit = Commit {
            deletes: deletes.collect(),
            ..Commit::default()
        };
        ports.store.commit(&commit).await?;
        let count = u64::try_from(commit.deletes.len()).unwrap_or(0);
        forgetting.deleted = forgetting.deleted.saturating_add(count);
        return Ok(false);
    }
    Ok(true)
}
