//! A list of users, wrapped and paged.

use std::sync::atomic::{AtomicUsize, Ordering};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{End, Paging, Place, SaasAnswer, SaasRequest};

/// What stands around the rows.
#[derive(Clone, Debug)]
pub enum Wrap {
    /// Nothing: the answer is the array.
    Root,
    /// An object with the rows at a place, with dots.
    At(String),
    /// An object whose keys are the values of this field.
    Map(String),
}

/// How a server deviates from what one would expect.
#[derive(Clone, Debug, PartialEq)]
pub enum Quirk {
    /// The page with this number (from 0) is short.
    Short(usize),
    /// Before the page with this number (from 1) an empty one comes.
    Empty(usize),
    /// Beyond the end the last page comes again.
    LastAgain,
    /// Beyond the end the first page comes again.
    FirstAgain,
    /// The last page says the cursor or URL of itself again.
    SelfAgain,
    /// The last page still has a cursor; `has_more` tells.
    CursorStays,
    /// All pages say the same cursor or URL.
    Circle,
    /// The total says this.
    Total(Value),
    /// The list is cut silently after so many rows.
    Cut(usize),
    /// An empty page says null instead of an empty array.
    NullWhenEmpty,
    /// An empty page has no array at all.
    AbsentWhenEmpty,
}

/// A list of users.
#[derive(Debug)]
pub struct List {
    rows: Vec<Value>,
    wrap: Wrap,
    paging: Paging,
    limit: Place,
    default_size: usize,
    largest: usize,
    total: Option<String>,
    total_pages: Option<String>,
    has_more: Option<String>,
    filters: Vec<String>,
    further: Map<String, Value>,
    quirks: Vec<Quirk>,
    served: AtomicUsize,
}

impl List {
    /// All rows in one array, not paged.
    pub fn of(rows: Vec<Value>) -> Self {
        Self {
            rows,
            wrap: Wrap::Root,
            paging: Paging::None,
            limit: Place::query("limit"),
            default_size: 100,
            largest: 1_000,
            total: None,
            total_pages: None,
            has_more: None,
            filters: Vec::new(),
            further: Map::new(),
            quirks: Vec::new(),
            served: AtomicUsize::new(0),
        }
    }

    /// Invented users: `id`, `email`, `name`, `state`, `role`.
    pub fn users(count: usize) -> Vec<Value> {
        (1..=count)
            .map(|n| {
                json!({
                    "id": n, "email": format!("user{n}@contoso.example"), "name": format!("User {n}"),
                    "state": if n % 10 == 0 { "locked" } else { "active" },
                    "role": if n % 7 == 0 { "admin" } else { "member" },
                })
            })
            .collect()
    }

    /// With the rows somewhere else.
    #[must_use]
    pub fn wrapped(self, wrap: Wrap) -> Self {
        Self { wrap, ..self }
    }

    /// With the rows at a place, with dots.
    #[must_use]
    pub fn at(self, path: &str) -> Self {
        self.wrapped(Wrap::At(path.to_owned()))
    }

    /// Paged.
    #[must_use]
    pub fn paged(self, paging: Paging) -> Self {
        Self { paging, ..self }
    }

    /// With pages of this size, unless something else is asked for.
    #[must_use]
    pub fn size(self, default_size: usize) -> Self {
        Self {
            default_size,
            ..self
        }
    }

    /// With pages that are never larger, whatever is asked for.
    #[must_use]
    pub fn at_most(self, largest: usize) -> Self {
        Self { largest, ..self }
    }

    /// With the size of pages asked for here.
    #[must_use]
    pub fn limit(self, limit: Place) -> Self {
        Self { limit, ..self }
    }

    /// With the number of all rows at a place.
    #[must_use]
    pub fn total(self, path: &str) -> Self {
        Self {
            total: Some(path.to_owned()),
            ..self
        }
    }

    /// With the number of all pages at a place.
    #[must_use]
    pub fn total_pages(self, path: &str) -> Self {
        Self {
            total_pages: Some(path.to_owned()),
            ..self
        }
    }

    /// With a flag at a place that says whether there is more.
    #[must_use]
    pub fn has_more(self, path: &str) -> Self {
        Self {
            has_more: Some(path.to_owned()),
            ..self
        }
    }

    /// With a query parameter that leaves only rows whose field of this name has its value.
    #[must_use]
    pub fn filter(mut self, field: &str) -> Self {
        self.filters.push(field.to_owned());
        self
    }

    /// With something else beside the rows.
    #[must_use]
    pub fn beside(mut self, name: &str, value: Value) -> Self {
        self.further.insert(name.to_owned(), value);
        self
    }

    /// With a deviation.
    #[must_use]
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.quirks.push(quirk);
        self
    }

    fn has(&self, quirk: &Quirk) -> bool {
        self.quirks.contains(quirk)
    }

    fn visible(&self, request: &SaasRequest) -> Vec<&Value> {
        let fits = |row: &&Value| {
            self.filters.iter().all(|field| {
                let wanted = request.query(field);
                wanted.is_none_or(|wanted| text(row.get(field)) == wanted)
            })
        };
        let cut = self.quirks.iter().find_map(|quirk| match quirk {
            Quirk::Cut(count) => Some(*count),
            _ => None,
        });
        let rows = self.rows.iter().filter(fits);
        rows.take(cut.unwrap_or(usize::MAX)).collect()
    }

    /// The answer to a request for a page.
    pub(super) fn answer(&self, request: &SaasRequest) -> SaasAnswer {
        let rows = self.visible(request);
        let asked = self.limit.number(request).unwrap_or(self.default_size);
        let size = match self.paging {
            Paging::None => rows.len().max(1),
            _ => asked.clamp(1, self.largest),
        };
        let (mut begin, number) = self.place(request, &rows, size);
        if begin >= rows.len() && !rows.is_empty() {
            if self.has(&Quirk::LastAgain) {
                begin = (rows.len() - 1) / size * size;
            }
            if self.has(&Quirk::FirstAgain) {
                begin = 0;
            }
        }
        let mut end = begin.saturating_add(size).min(rows.len());
        if self.has(&Quirk::Short(number)) {
            end = end.min(begin + size.div_ceil(2));
        }
        let mut page = rows.get(begin..end).unwrap_or_default().to_vec();
        let mut next = end;
        if self.has(&Quirk::Empty(number)) && self.served.fetch_add(1, Ordering::SeqCst) == 0 {
            page = Vec::new();
            next = begin;
        }
        let more = next < rows.len();
        self.page(
            request,
            &page,
            Next {
                begin,
                next,
                more,
                all: self.rows.len(),
                size,
            },
        )
    }

    /// Where the page begins, and its number from 0.
    fn place(&self, request: &SaasRequest, rows: &[&Value], size: usize) -> (usize, usize) {
        match &self.paging {
            Paging::None => (0, 0),
            Paging::Offset { offset, start } => {
                let begin = offset.number(request).unwrap_or(*start);
                let begin = begin.saturating_sub(*start);
                (begin, begin / size)
            }
            Paging::Page { page, start } => {
                let number = page.number(request).unwrap_or(*start);
                let number = number.saturating_sub(*start);
                (number.saturating_mul(size), number)
            }
            Paging::NextUrl { .. } | Paging::Link { .. } => {
                let begin = request.query("at").and_then(|at| at.parse().ok());
                let begin = begin.unwrap_or(0);
                (begin, begin / size)
            }
            Paging::Cursor { send, .. } => {
                let begin = send.read(request).and_then(|cursor| cursor_at(&cursor));
                let begin = begin.unwrap_or(0);
                (begin, begin / size)
            }
            Paging::LastItem { send, field } => {
                let last = send.read(request);
                let found =
                    last.and_then(|last| rows.iter().position(|row| text(row.get(field)) == last));
                let begin = found.map_or(0, |found| found + 1);
                (begin, begin / size)
            }
        }
    }

    fn page(&self, request: &SaasRequest, page: &[&Value], next: Next) -> SaasAnswer {
        let mut body = self.body(page, &next);
        let mut headers: Vec<(String, String)> = Vec::new();
        let again = self.has(&Quirk::SelfAgain);
        let goes_on =
            next.more || again || self.has(&Quirk::CursorStays) || self.has(&Quirk::Circle);
        let url = self.next_url(request, &next);
        let host = request.header("host").unwrap_or_default();
        match &self.paging {
            Paging::NextUrl { path, relative } => {
                let url = if *relative {
                    url
                } else {
                    format!("http://{host}{url}")
                };
                let value = if goes_on { json!(url) } else { Value::Null };
                put(&mut body, path, value);
            }
            Paging::Link { always } => {
                let own = format!("<http://{host}{}>; rel=\"self\"", request.path);
                headers.push(("link".to_owned(), own));
                let results = match always {
                    true => format!("; results=\"{}\"", next.more),
                    false => String::new(),
                };
                if *always || goes_on {
                    let link = format!("<http://{host}{url}>; rel=\"next\"{results}");
                    headers.push(("link".to_owned(), link));
                }
            }
            Paging::Cursor { path, end, .. } => {
                let cursor = goes_on.then(|| self.cursor(&next));
                match path.strip_prefix("header:") {
                    Some(name) => headers.extend(cursor.map(|cursor| (name.to_owned(), cursor))),
                    None => put_cursor(&mut body, path, cursor, *end),
                }
            }
            Paging::None
            | Paging::Offset { .. }
            | Paging::Page { .. }
            | Paging::LastItem { .. } => {}
        }
        let answer = SaasAnswer::json(&body);
        let headers = headers.into_iter();
        headers.fold(answer, |answer, (name, value)| answer.with(&name, &value))
    }

    /// Where the next page begins, as the answer says it.
    fn says(&self, next: &Next) -> usize {
        if self.has(&Quirk::Circle) {
            0
        } else {
            next.next
        }
    }

    /// An empty page in the middle goes on at the same place, with another cursor.
    fn cursor(&self, next: &Next) -> String {
        let again = next.next == next.begin && next.more;
        let twist = if again { "2" } else { "" };
        format!("{}{twist}", cursor_of(self.says(next)))
    }

    fn body(&self, page: &[&Value], next: &Next) -> Value {
        let rows: Vec<Value> = page.iter().map(|row| (*row).clone()).collect();
        let is_empty = rows.is_empty();
        let mut body = match &self.wrap {
            Wrap::Root => return Value::Array(rows),
            Wrap::Map(field) => {
                let entries = rows.into_iter().map(|row| (text(row.get(field)), row));
                return Value::Object(entries.collect());
            }
            Wrap::At(path) => {
                let mut body = Value::Object(self.further.clone());
                if is_empty && self.has(&Quirk::NullWhenEmpty) {
                    put(&mut body, path, Value::Null);
                } else if !(is_empty && self.has(&Quirk::AbsentWhenEmpty)) {
                    put(&mut body, path, Value::Array(rows));
                }
                body
            }
        };
        if let Some(path) = &self.total {
            let told = self.quirks.iter().find_map(|quirk| match quirk {
                Quirk::Total(total) => Some(total.clone()),
                _ => None,
            });
            put(&mut body, path, told.unwrap_or_else(|| json!(next.all)));
        }
        if let Some(path) = &self.total_pages {
            put(&mut body, path, json!(next.all.div_ceil(next.size)));
        }
        if let Some(path) = &self.has_more {
            put(&mut body, path, json!(next.more));
        }
        body
    }

    /// The URL of the request with another `at`, or the request's own.
    fn next_url(&self, request: &SaasRequest, next: &Next) -> String {
        let own = self.has(&Quirk::SelfAgain) && !next.more;
        let at = match own {
            true => request.query("at").map(str::to_owned),
            false => Some(self.says(next).to_string()),
        };
        let pairs = request.query.iter().filter(|(name, _)| name != "at");
        let mut query: Vec<String> = pairs
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        query.extend(at.map(|at| format!("at={at}")));
        format!("{}?{}", request.path, query.join("&"))
    }
}

struct Next {
    begin: usize,
    next: usize,
    more: bool,
    all: usize,
    size: usize,
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn put_cursor(body: &mut Value, path: &str, cursor: Option<String>, end: End) {
    let value = match (cursor, end) {
        (Some(cursor), End::Zero) => json!(cursor_at(&cursor)),
        (Some(cursor), _) => json!(cursor),
        (None, End::Absent) => return,
        (None, End::Null) => Value::Null,
        (None, End::Empty) => json!(""),
        (None, End::Zero) => json!(0),
    };
    put(body, path, value);
}

/// A cursor with everything that has to be encoded in a query.
fn cursor_of(at: usize) -> String {
    format!("+/{at}=% &")
}

fn cursor_at(cursor: &str) -> Option<usize> {
    let digits = cursor.strip_prefix("+/").unwrap_or(cursor);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// Puts a value at a place with dots, making objects on the way.
fn put(body: &mut Value, path: &str, value: Value) {
    let mut place = body;
    for key in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Some(map) = place.as_object_mut() else {
            return;
        };
        place = map.entry(key.to_owned()).or_insert(Value::Null);
    }
    *place = value;
}
