//! How a list goes on: the styles of paging and their parameters.

use serde_json::Value;

use super::{
    fields::{Fields, Mistakes},
    names::Names,
    request::Request,
};
use crate::{
    mistake::{self, Mistake},
    path::{Path, of_scalar},
};

/// The keys of `pagination`.
pub(crate) const KEYS: [&str; 20] = [
    "type",
    "offset",
    "page",
    "limit",
    "size",
    "start",
    "step",
    "total_path",
    "total_pages_path",
    "path",
    "link_header",
    "when",
    "name",
    "header",
    "last_item",
    "end_values",
    "has_more_path",
    "stop",
    "send",
    "continue",
];

/// The keys of `send`.
pub(crate) const SEND_KEYS: [&str; 4] = ["query", "body", "header", "path"];
/// The keys of `when` beside `link_header`.
pub(crate) const WHEN_KEYS: [&str; 2] = ["param", "is"];
/// The keys of `continue`.
pub(crate) const NEXT_KEYS: [&str; 6] = ["method", "path", "query", "headers", "body", "form"];

/// How a list goes on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pagination {
    pub(crate) style: Style,
    /// Where the value that moves goes.
    pub(crate) send: Send,
    /// The name and size of a page, where it is sent.
    pub(crate) limit: Option<(String, u64)>,
    /// The size of a page, where it is known.
    pub(crate) size: Option<u64>,
    pub(crate) has_more: Option<Path>,
    pub(crate) total: Option<Path>,
    pub(crate) total_pages: Option<Path>,
    /// A page shorter than `size` is the last.
    pub(crate) short_page: bool,
    /// The request of all pages but the first, if it is another one.
    pub(crate) next: Option<Box<Request>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Style {
    None,
    Offset {
        start: u64,
        step: Advance,
    },
    Page {
        start: u64,
    },
    NextUrl(NextUrl),
    Cursor {
        from: CursorFrom,
        start: Option<String>,
        end_values: Vec<String>,
    },
}

/// What an offset moves by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advance {
    Rows,
    Pages,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NextUrl {
    Body(Path),
    Link {
        relation: String,
        when: Option<(String, String)>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CursorFrom {
    Body(Path),
    Header(String),
    LastItem(Path),
}

/// Where the value that moves is put.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Send {
    Query(String),
    Body(Vec<String>),
    Header(String),
    Path(String),
}

impl Pagination {
    /// One request.
    pub(crate) fn none() -> Self {
        Self {
            style: Style::None,
            send: Send::Query(String::new()),
            limit: None,
            size: None,
            has_more: None,
            total: None,
            total_pages: None,
            short_page: false,
            next: None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Offset,
    Page,
    NextUrl,
    Cursor,
}

const KINDS: [(&str, Kind); 5] = [
    ("none", Kind::None),
    ("offset", Kind::Offset),
    ("page", Kind::Page),
    ("next_url", Kind::NextUrl),
    ("cursor", Kind::Cursor),
];

/// The largest page that can be asked for.
const LARGEST_SIZE: u64 = 1_000_000;

/// Reads `pagination`.
pub(crate) fn read(
    value: &Value,
    at: &str,
    names: &Names,
    out: &mut Mistakes,
) -> Option<Pagination> {
    let fields = Fields::of(value, at, &KEYS, out)?;
    if !fields.has("type") {
        fields.missing("type", out);
    }
    let kind = fields.word("type", &KINDS, out)?;
    misplaced(kind, fields, out);
    let size = fields.whole("size", 1, LARGEST_SIZE, out);
    let (style, name) = match kind {
        Kind::None => (Some(Style::None), ""),
        Kind::Offset => {
            const STEPS: [(&str, Advance); 2] =
                [("rows", Advance::Rows), ("pages", Advance::Pages)];
            let style = Style::Offset {
                start: start(fields, 0, out),
                step: fields.word("step", &STEPS, out).unwrap_or(Advance::Rows),
            };
            (Some(style), fields.text("offset", out).unwrap_or("offset"))
        }
        Kind::Page => {
            let style = Style::Page {
                start: start(fields, 1, out),
            };
            (Some(style), fields.text("page", out).unwrap_or("page"))
        }
        Kind::NextUrl => (next_url(fields, out).map(Style::NextUrl), ""),
        Kind::Cursor => {
            let style = cursor(fields, out);
            (style, fields.text("name", out).unwrap_or("cursor"))
        }
    };
    let size = size.or(matches!(kind, Kind::Offset).then_some(100));
    if let (Some(Style::Cursor { start: None, .. }), Some(Value::String(_))) =
        (&style, fields.get("send").and_then(|send| send.get("path")))
    {
        fields.wrong(
            "start",
            "is missing: a cursor in the path needs a first value",
            out,
        );
    }
    let short_page = stop(fields, size, out);
    let send = send(fields, name, out).unwrap_or_else(|| Send::Query(name.to_owned()));
    let limit = limit(fields, kind, size, out);
    let has_more = fields.path("has_more_path", out);
    let total = fields.path("total_path", out);
    let total_pages = fields.path("total_pages_path", out);
    let next = next_request(fields, kind, name, names, out);
    Some(Pagination {
        style: style?,
        send,
        limit,
        size,
        has_more,
        total,
        total_pages,
        short_page,
        next,
    })
}

fn start(fields: Fields<'_>, usual: u64, out: &mut Mistakes) -> u64 {
    fields.whole("start", 0, u64::MAX, out).unwrap_or(usual)
}

impl Kind {
    /// The keys that belong to it.
    fn keys(self) -> &'static str {
        match self {
            Self::None => "has_more_path total_path",
            Self::Offset => {
                "offset limit size start step total_path total_pages_path has_more_path stop send continue"
            }
            Self::Page => {
                "page limit size start total_path total_pages_path has_more_path stop send continue"
            }
            Self::NextUrl => "path link_header when limit size has_more_path stop total_path",
            Self::Cursor => {
                "name path header last_item limit size start end_values has_more_path stop send total_path continue"
            }
        }
    }
}

/// The styles by their names in files, each with the keys that belong to it, the usual ones first.
pub fn styles() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    KINDS
        .iter()
        .map(|(word, kind)| (*word, kind.keys().split(' ').collect()))
}

/// Keys that belong to another style.
fn misplaced(kind: Kind, fields: Fields<'_>, out: &mut Mistakes) {
    for key in KEYS {
        let belongs = key == "type" || kind.keys().split(' ').any(|known| known == key);
        if fields.has(key) && !belongs {
            let word = KINDS.iter().find(|(_, other)| *other == kind);
            let word = word.map_or("", |(word, _)| word);
            fields.wrong(key, format!("does not belong to `type: {word}`"), out);
        }
    }
}

fn next_url(fields: Fields<'_>, out: &mut Mistakes) -> Option<NextUrl> {
    let when = when(fields, out);
    match (fields.has("path"), fields.has("link_header")) {
        (true, true) => {
            fields.wrong("link_header", "cannot stand beside `path`", out);
            None
        }
        (true, false) => {
            if fields.has("when") {
                fields.wrong("when", "belongs to `link_header`", out);
            }
            fields.path("path", out).map(NextUrl::Body)
        }
        (false, true) => {
            let relation = fields.required_text("link_header", out)?.to_owned();
            Some(NextUrl::Link { relation, when })
        }
        (false, false) => {
            fields.wrong("path", "is missing, or `link_header: next`", out);
            None
        }
    }
}

fn when(fields: Fields<'_>, out: &mut Mistakes) -> Option<(String, String)> {
    let at = fields.place("when");
    let inner = Fields::of(fields.get("when")?, &at, &WHEN_KEYS, out)?;
    let param = inner.required_text("param", out)?.to_owned();
    let Some(is) = inner.get("is").and_then(of_scalar) else {
        inner.wrong("is", "must be the text that says that there is more", out);
        return None;
    };
    Some((param, is.into_owned()))
}

fn cursor(fields: Fields<'_>, out: &mut Mistakes) -> Option<Style> {
    let sources: Vec<&str> = ["path", "header", "last_item"]
        .into_iter()
        .filter(|key| fields.has(key))
        .collect();
    let from = match sources.as_slice() {
        ["path"] => CursorFrom::Body(fields.path("path", out)?),
        ["header"] => CursorFrom::Header(fields.required_text("header", out)?.to_owned()),
        ["last_item"] => CursorFrom::LastItem(fields.path("last_item", out)?),
        [] => {
            fields.wrong("path", "is missing, or `header`, or `last_item`", out);
            return None;
        }
        several => {
            let message = format!("`{}` exclude each other", several.join("` and `"));
            out.push(Mistake::new(fields.place("type"), message));
            return None;
        }
    };
    let end_values = fields.list("end_values", out).unwrap_or_default();
    let end_values = end_values.iter().filter_map(of_scalar);
    let end_values = end_values.map(std::borrow::Cow::into_owned).collect();
    let start = fields.get("start").and_then(of_scalar);
    Some(Style::Cursor {
        from,
        start: start.map(std::borrow::Cow::into_owned),
        end_values,
    })
}

fn limit(
    fields: Fields<'_>,
    kind: Kind,
    size: Option<u64>,
    out: &mut Mistakes,
) -> Option<(String, u64)> {
    let name = fields.text("limit", out);
    match (name, size) {
        (Some(name), Some(size)) => Some((name.to_owned(), size)),
        (None, Some(size)) if matches!(kind, Kind::Offset) => Some(("limit".to_owned(), size)),
        (Some(_), None) => {
            fields.wrong("limit", "needs a `size`", out);
            None
        }
        (None, _) => None,
    }
}

fn stop(fields: Fields<'_>, size: Option<u64>, out: &mut Mistakes) -> bool {
    let mut short_page = false;
    for word in fields.texts("stop", out).unwrap_or_default() {
        if word == "short_page" {
            short_page = true;
        } else {
            let at = fields.place("stop");
            out.push(mistake::unknown_word("word", &at, &word, ["short_page"]));
        }
    }
    if short_page && size.is_none() {
        fields.wrong("stop", "`short_page` needs a `size`", out);
    }
    short_page
}

fn send(fields: Fields<'_>, name: &str, out: &mut Mistakes) -> Option<Send> {
    let at = fields.place("send");
    let inner = Fields::of(fields.get("send")?, &at, &SEND_KEYS, out)?;
    let given: Vec<&str> = SEND_KEYS.into_iter().filter(|key| inner.has(key)).collect();
    match given.as_slice() {
        ["query"] => Some(Send::Query(inner.required_text("query", out)?.to_owned())),
        ["header"] => Some(Send::Header(inner.required_text("header", out)?.to_owned())),
        ["path"] => Some(Send::Path(inner.required_text("path", out)?.to_owned())),
        ["body"] => {
            let text = inner.required_text("body", out)?;
            Some(Send::Body(text.split('.').map(str::to_owned).collect()))
        }
        _ => {
            let message = format!(
                "must be one of `query`, `body`, `header`, `path`, with where `{name}` goes"
            );
            out.push(Mistake::new(at, message));
            None
        }
    }
}

/// `continue`: the request of every page but the first; the value that moves is a placeholder in it.
fn next_request(
    fields: Fields<'_>,
    kind: Kind,
    name: &str,
    names: &Names,
    out: &mut Mistakes,
) -> Option<Box<Request>> {
    let at = fields.place("continue");
    let inner = Fields::of(fields.get("continue")?, &at, &NEXT_KEYS, out)?;
    let own = match kind {
        Kind::Offset => "offset",
        Kind::Page => "page",
        Kind::Cursor | Kind::None | Kind::NextUrl => "cursor",
    };
    let names = names.with(
        [own, name]
            .into_iter()
            .filter(|name| crate::path::is_name(name)),
    );
    Request::read(inner, &names, out).map(Box::new)
}
