//! Lists: `limit` and `cursor` in, `{items, next_cursor}` out.

use sando_core::store::{Entity, Loaded, PageRequest, Query};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Api;
use crate::problem::Problem;

/// How many items there are unless somebody asks.
const USUAL: usize = 50;
/// How many items there are at most.
const MOST: usize = 200;
/// How many pages of the store are read for one page of a list that is filtered.
const PAGES: usize = 20;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; null at the end.
    pub(crate) next_cursor: Option<String>,
}

/// How many items are asked for.
pub(crate) fn size(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(USUAL),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::mistake("limit", format!("1 to {MOST}"))),
    }
}

/// One page of what the store lists and `keep` keeps.
pub(crate) async fn gather<E: Entity>(
    api: &Api,
    query: &Query,
    limit: Option<usize>,
    cursor: Option<String>,
    keep: impl Fn(&E) -> bool + Send,
) -> Result<Listed<Loaded<E>>, Problem> {
    let size = size(limit)?;
    let mut listed = Listed {
        items: Vec::new(),
        next_cursor: cursor,
    };
    for _ in 0..PAGES {
        let page = PageRequest {
            limit: size.saturating_sub(listed.items.len()),
            cursor: listed.next_cursor.take(),
        };
        let answer = api.ports.store.list(query, &page).await?;
        for stored in &answer.items {
            let loaded: Loaded<E> = stored.read()?;
            if keep(&loaded.entity) {
                listed.items.push(loaded);
            }
        }
        listed.next_cursor = answer.next;
        if listed.next_cursor.is_none() || listed.items.len() >= size {
            break;
        }
    }
    Ok(listed)
}

/// One page of a list that is at hand as a whole, by name.
pub(crate) fn cut<T>(
    all: Vec<(String, T)>,
    limit: Option<usize>,
    cursor: Option<&str>,
) -> Result<Listed<T>, Problem> {
    let size = size(limit)?;
    let mut rest = all
        .into_iter()
        .filter(|(name, _)| cursor.is_none_or(|cursor| name.as_str() > cursor));
    let mut last = None;
    let mut items = Vec::new();
    for (name, item) in rest.by_ref().take(size) {
        last = Some(name);
        items.push(item);
    }
    let next_cursor = last.filter(|_| rest.next().is_some());
    Ok(Listed { items, next_cursor })
}

impl<T> Listed<T> {
    /// The same page, shown.
    pub(crate) fn map<V>(self, show: impl FnMut(T) -> V) -> Listed<V> {
        Listed {
            items: self.items.into_iter().map(show).collect(),
            next_cursor: self.next_cursor,
        }
    }
}
