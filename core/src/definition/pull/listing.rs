//! One list, page by page: where the next page is, when the list ends, and when it lies.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{answer::Answer, certificate::EndedBy, link, signs};
use crate::{
    auth::take_out,
    definition::{
        file::pagination::{Advance, CursorFrom, NextUrl, Pagination, Style},
        map::IdHash,
    },
    path::{Path, Row, of_scalar},
};

/// More empty pages in a row are no list.
const MOST_EMPTY: u64 = 100;

/// Where a page is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Position {
    First,
    Number(u64),
    Cursor(Value),
    Url(String),
}

/// A list that is being read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) position: Position,
    pub(crate) pages: u64,
    pub(crate) received: u64,
    pub(crate) declared: Option<u64>,
    /// The greatest number of pages that any of them declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    declared_pages: Option<u64>,
    /// How many pages in a row were empty.
    #[serde(default)]
    empty: u64,
    trail: Trail,
}

/// One page of it.
pub(crate) struct PageOf<'a> {
    pub(crate) answer: &'a Value,
    /// For the headers.
    pub(crate) head: &'a Answer,
    pub(crate) url: &'a Url,
    /// The query parameters in which credentials went out with it, which are no part of its URL.
    pub(crate) secret: &'a [String],
    pub(crate) rows: &'a [Row<'a>],
    /// Of its rows; pages without rows have none.
    pub(crate) fingerprint: Option<IdHash>,
    pub(crate) max_pages: u64,
}

impl Listing {
    pub(crate) fn new() -> Self {
        Self {
            position: Position::First,
            pages: 0,
            received: 0,
            declared: None,
            declared_pages: None,
            empty: 0,
            trail: Trail::default(),
        }
    }

    /// Takes a page; says how the list ended, or moves on to the next.
    ///
    /// # Errors
    /// What is wrong with the list: it repeats itself, or says things that do not add up.
    pub(crate) fn turn(
        &mut self,
        paging: &Pagination,
        page: &PageOf<'_>,
    ) -> Result<Option<EndedBy>, String> {
        self.count(paging, page);
        if let Some(fingerprint) = page.fingerprint
            && !self.trail.insert(fingerprint)
        {
            return Err(format!(
                "page {} repeats an earlier page: the list would never end",
                self.pages
            ));
        }
        let has_more = paging
            .has_more
            .as_ref()
            .and_then(|path| flag_at(path, page.answer));
        let next = match &paging.style {
            Style::None if has_more == Some(true) => {
                return Err(
                    "the answer says that there is more, but no pagination is configured"
                        .to_owned(),
                );
            }
            Style::None => Next::End(EndedBy::SingleRequest),
            _ if has_more == Some(false) => Next::End(EndedBy::NoMore),
            Style::Offset { start, step } => {
                self.next_offset(paging, page, has_more, *start, *step)?
            }
            Style::Page { start } => self.next_page(paging, page, has_more, *start)?,
            Style::NextUrl(from) => self.next_url(paging, from, page, has_more)?,
            Style::Cursor {
                from, end_values, ..
            } => self.next_cursor(paging, from, end_values, page, has_more)?,
        };
        match next {
            Next::End(ended_by) => self.end(ended_by).map(Some),
            Next::At(_) if self.pages >= page.max_pages => Err(format!(
                "the list has more than {} pages (`limits.max_pages`)",
                page.max_pages
            )),
            Next::At(_) if self.empty >= MOST_EMPTY => Err(format!(
                "{MOST_EMPTY} pages in a row are empty, and each says that there is more"
            )),
            Next::At(position) => {
                self.position = position;
                Ok(None)
            }
        }
    }

    fn count(&mut self, paging: &Pagination, page: &PageOf<'_>) {
        self.pages += 1;
        self.received += count(page.rows);
        self.empty = match page.rows {
            [] => self.empty + 1,
            _ => 0,
        };
        let number = |path: Option<&Path>| number_at(path?, page.answer);
        self.declared = self.declared.max(number(paging.total.as_ref()));
        let pages = number(paging.total_pages.as_ref());
        self.declared_pages = self.declared_pages.max(pages);
    }

    /// Ends the list, if all that was declared was received.
    pub(crate) fn end(&self, ended_by: EndedBy) -> Result<EndedBy, String> {
        match self.declared {
            Some(declared) if self.received < declared => Err(format!(
                "the list ended after {} of {declared} declared rows",
                self.received
            )),
            _ => match self.declared_pages {
                Some(declared) if self.pages < declared => Err(format!(
                    "the list ended after {} of {declared} declared pages",
                    self.pages
                )),
                _ => Ok(ended_by),
            },
        }
    }

    /// The endings that lists with numbers have in common; `None` to go on.
    fn numbered_end(
        &self,
        paging: &Pagination,
        page: &PageOf<'_>,
        has_more: Option<bool>,
    ) -> Option<EndedBy> {
        if has_more == Some(true) {
            return None;
        }
        if page.rows.is_empty() {
            return Some(EndedBy::EmptyPage);
        }
        // More than a total says: it counts something else, and ends nothing.
        if self.declared == Some(self.received) {
            return Some(EndedBy::TotalReached);
        }
        if self.declared_pages.is_some_and(|total| self.pages >= total) {
            return Some(EndedBy::LastPage);
        }
        is_short(paging, page).then_some(EndedBy::ShortPage)
    }

    fn next_offset(
        &self,
        paging: &Pagination,
        page: &PageOf<'_>,
        has_more: Option<bool>,
        start: u64,
        step: Advance,
    ) -> Result<Next, String> {
        if let Some(ended_by) = self.numbered_end(paging, page, has_more) {
            return Ok(Next::End(ended_by));
        }
        let step = match step {
            Advance::Rows => count(page.rows),
            Advance::Pages => paging.size.unwrap_or(1),
        };
        if step == 0 {
            return Err("a page is empty, though the answer says that there is more".to_owned());
        }
        Ok(Next::At(Position::Number(
            self.number(start).saturating_add(step),
        )))
    }

    fn next_page(
        &self,
        paging: &Pagination,
        page: &PageOf<'_>,
        has_more: Option<bool>,
        start: u64,
    ) -> Result<Next, String> {
        Ok(match self.numbered_end(paging, page, has_more) {
            Some(ended_by) => Next::End(ended_by),
            None => Next::At(Position::Number(self.number(start).saturating_add(1))),
        })
    }

    fn number(&self, start: u64) -> u64 {
        match self.position {
            Position::Number(number) => number,
            Position::First | Position::Cursor(_) | Position::Url(_) => start,
        }
    }

    fn next_url(
        &mut self,
        paging: &Pagination,
        from: &NextUrl,
        page: &PageOf<'_>,
        has_more: Option<bool>,
    ) -> Result<Next, String> {
        let target = match from {
            NextUrl::Body(path) => match path.find(page.answer).as_deref() {
                None | Some(Value::Null | Value::Bool(false)) => None,
                Some(Value::String(text)) => {
                    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
                }
                Some(_) => return Err(format!("what stands at `{path}` is no URL")),
            },
            NextUrl::Link { relation, when } => {
                let link = link::find(page.head.all("link"), relation);
                match (link, when) {
                    (Some(link), Some((param, is))) if link.param(param) != Some(is) => {
                        return Ok(Next::End(EndedBy::NoMore));
                    }
                    (link, _) => link.map(|link| link.target),
                }
            }
        };
        let Some(target) = target else {
            return nothing_more(paging, page, has_more, "next URL", EndedBy::NoNextUrl);
        };
        let next = page.url.join(&target);
        let mut next = next.map_err(|error| format!("the next URL is none: {error}"))?;
        if next.origin() == page.url.origin() {
            take_out(&mut next, page.secret);
        }
        if next == *page.url {
            return nothing_more(paging, page, has_more, "next URL", EndedBy::NoNextUrl);
        }
        if is_short(paging, page) && has_more.is_none() {
            return Ok(Next::End(EndedBy::ShortPage));
        }
        self.trail.insert(IdHash::of(page.url.as_str()));
        if !self.trail.insert(IdHash::of(next.as_str())) {
            return Err("the next URL was there before: the list would never end".to_owned());
        }
        Ok(Next::At(Position::Url(next.into())))
    }

    fn next_cursor(
        &mut self,
        paging: &Pagination,
        from: &CursorFrom,
        end_values: &[String],
        page: &PageOf<'_>,
        has_more: Option<bool>,
    ) -> Result<Next, String> {
        let found = match from {
            CursorFrom::Body(path) => path.find(page.answer).map(std::borrow::Cow::into_owned),
            CursorFrom::Header(name) => page.head.header(name).map(Value::from),
            CursorFrom::LastItem(path) => match page.rows.last() {
                None => return nothing_more(paging, page, has_more, "row", EndedBy::EmptyPage),
                Some(last) => {
                    let found = path.find(*last).filter(|value| of_scalar(value).is_some());
                    let missing = || {
                        format!("the last row has nothing at `{path}`, so that there is no cursor")
                    };
                    Some(found.ok_or_else(missing)?.into_owned())
                }
            },
        };
        let text = match &found {
            None | Some(Value::Null | Value::Bool(false)) => None,
            Some(value) => match of_scalar(value) {
                Some(text) => Some(text.into_owned()).filter(|text| !text.is_empty()),
                None => return Err("the cursor is neither a text nor a number".to_owned()),
            },
        };
        let (Some(text), Some(cursor)) = (text, found) else {
            return nothing_more(paging, page, has_more, "cursor", EndedBy::NoCursor);
        };
        if end_values.contains(&text) {
            return Ok(Next::End(EndedBy::EndValue));
        }
        if is_short(paging, page) && has_more.is_none() {
            return Ok(Next::End(EndedBy::ShortPage));
        }
        if !self.trail.insert(IdHash::of(&format!("cursor {text}"))) {
            return Err("the cursor was there before: the list would never end".to_owned());
        }
        Ok(Next::At(Position::Cursor(cursor)))
    }
}

enum Next {
    End(EndedBy),
    At(Position),
}

/// The end, for nothing leads on; unless the answer says that there is more, where the definition says or at its top.
fn nothing_more(
    paging: &Pagination,
    page: &PageOf<'_>,
    has_more: Option<bool>,
    what: &str,
    ended_by: EndedBy,
) -> Result<Next, String> {
    let is_told = || paging.has_more.is_none() && signs::has_more(page.answer);
    if has_more == Some(true) || is_told() {
        return Err(format!(
            "the answer says that there is more, but has no {what}"
        ));
    }
    Ok(Next::End(ended_by))
}

fn is_short(paging: &Pagination, page: &PageOf<'_>) -> bool {
    paging.short_page && paging.size.is_some_and(|size| count(page.rows) < size)
}

fn count(rows: &[Row<'_>]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// A number or numeric text.
pub(crate) fn number_at(path: &Path, answer: &Value) -> Option<u64> {
    let found = path.find(answer)?;
    let text = of_scalar(&found)?;
    text.trim().parse().ok()
}

/// A boolean in any of its spellings.
fn flag_at(path: &Path, answer: &Value) -> Option<bool> {
    let found = path.find(answer)?;
    let text = of_scalar(&found)?;
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" => Some(true),
        "false" | "0" | "no" | "n" => Some(false),
        _ => None,
    }
}

/// The pages, cursors and URLs of a list so far, as hashes. A checkpoint keeps the first and the latest of them: a loop that it
/// forgets is found on its next round.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
struct Trail {
    all: BTreeSet<IdHash>,
    kept: Kept,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Kept {
    first: Vec<IdHash>,
    latest: VecDeque<IdHash>,
}

impl Trail {
    const FIRST: usize = 32;
    const LATEST: usize = 256;

    /// Adds a hash; false if it was there.
    fn insert(&mut self, hash: IdHash) -> bool {
        if !self.all.insert(hash) {
            return false;
        }
        if self.kept.first.len() < Self::FIRST {
            self.kept.first.push(hash);
        } else {
            self.kept.latest.push_back(hash);
            if self.kept.latest.len() > Self::LATEST {
                self.kept.latest.pop_front();
            }
        }
        true
    }
}

impl From<Kept> for Trail {
    fn from(kept: Kept) -> Self {
        let all = kept.first.iter().chain(&kept.latest).copied().collect();
        Self { all, kept }
    }
}

impl From<Trail> for Kept {
    fn from(trail: Trail) -> Self {
        trail.kept
    }
}
