//! Signs that an answer is one page of several, though nothing leads on from it.

use serde_json::{Map, Value};

use super::{certificate::EndedBy, link, listing::PageOf};
use crate::{
    definition::file::pagination::{CursorFrom, NextUrl, Style},
    path::Path,
};

/// Keys under which applications say that there is more, where, or how much.
pub(super) const KEYS: [&str; 17] = [
    "next",
    "next_page",
    "nextPage",
    "next_cursor",
    "nextCursor",
    "nextPageToken",
    "next_page_token",
    "nextUri",
    "nextRecordsUrl",
    "has_more",
    "hasMore",
    "hasNext",
    "total",
    "totalResults",
    "totalSetSize",
    "@odata.nextLink",
    "nextLink",
];
/// Those of them that say how many rows there are.
const TOTALS: [&str; 3] = ["total", "totalResults", "totalSetSize"];
/// Those of them that say so in one word.
const FLAGS: [&str; 3] = ["has_more", "hasMore", "hasNext"];
/// How many rows a page has by default.
const SIZES: [usize; 5] = [10, 20, 25, 50, 100];

/// Does the answer itself say at its top that there is more?
pub(super) fn has_more(answer: &Value) -> bool {
    FLAGS
        .iter()
        .any(|key| answer.get(key) == Some(&Value::Bool(true)))
}

/// The warning of a list that ended so with its first page, which looks as if there were more.
pub(super) fn warning(page: &PageOf<'_>, ended_by: EndedBy) -> Option<String> {
    let is_one_request = ended_by == EndedBy::SingleRequest;
    if !is_one_request && !matches!(ended_by, EndedBy::NoCursor | EndedBy::NoNextUrl) {
        return None;
    }
    let rows = page.rows.len();
    let reason = if let Some(key) = in_body(page) {
        format!("it has `{key}`")
    } else if let Some(header) = in_headers(page) {
        format!("it has {header}")
    } else if is_one_request && SIZES.contains(&rows) {
        format!("it has exactly {rows} rows")
    } else {
        return None;
    };
    let but = if is_one_request {
        "no pagination is configured"
    } else {
        "`pagination` finds no way from it to the next"
    };
    Some(format!(
        "the answer looks like one page of several ({reason}), but {but}"
    ))
}

/// What is read of a page to find signs in it: they stand at its top, or beside what leads on. Lists that count their pages have
/// other ends.
pub(super) fn paths(style: &Style) -> Vec<Path> {
    let beside = match style {
        Style::NextUrl(NextUrl::Body(path)) => Some(path),
        Style::Cursor {
            from: CursorFrom::Body(path),
            ..
        } => Some(path),
        Style::NextUrl(NextUrl::Link { .. }) | Style::Cursor { .. } => None,
        Style::None | Style::Offset { .. } | Style::Page { .. } => return Vec::new(),
    };
    let beside = beside.map(ToString::to_string);
    let within = beside
        .as_deref()
        .and_then(|path| Some(path.rsplit_once('.')?.0));
    let places = [Some(""), within].into_iter().flatten();
    let paths = places.flat_map(|place| KEYS.map(|key| format!("{place}[\"{key}\"]")));
    paths.filter_map(|path| Path::parse(&path).ok()).collect()
}

fn in_body(page: &PageOf<'_>) -> Option<&'static str> {
    let map = page.answer.as_object()?;
    let sign = |map: &Map<String, Value>| {
        let mut keys = KEYS.into_iter();
        keys.find(|key| {
            map.get(*key)
                .is_some_and(|value| says_more(key, value, page))
        })
    };
    sign(map).or_else(|| map.values().filter_map(Value::as_object).find_map(sign))
}

fn says_more(key: &str, value: &Value, page: &PageOf<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty() && !is_own(text, page),
        Value::Number(total) if TOTALS.contains(&key) => total
            .as_u64()
            .is_some_and(|total| usize::try_from(total).is_ok_and(|total| total > page.rows.len())),
        Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
    }
}

fn in_headers(page: &PageOf<'_>) -> Option<&'static str> {
    let header = |name: &'static str| page.head.header(name).map(str::trim);
    let is_over = |name: &'static str, most: usize| {
        let number = header(name).and_then(|text| text.parse::<usize>().ok());
        number.is_some_and(|number| number > most)
    };
    let rows = page.rows.len();
    let link = link::find(page.head.all("link"), "next");
    if link.is_some_and(|link| !is_own(&link.target, page)) {
        Some("a Link header with a next page")
    } else if header("x-next-page").is_some_and(|text| !text.is_empty()) {
        Some("a header `X-Next-Page`")
    } else if is_over("x-total-pages", 1) {
        Some("a header `X-Total-Pages`")
    } else if is_over("x-total", rows) || is_over("x-total-count", rows) {
        Some("a header with a greater total")
    } else {
        None
    }
}

/// Is it the URL of the page itself? That leads nowhere.
fn is_own(target: &str, page: &PageOf<'_>) -> bool {
    page.url.join(target).is_ok_and(|next| next == *page.url)
}
