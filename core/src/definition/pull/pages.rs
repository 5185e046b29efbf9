//! A list that is read alone, page by page: what `find` of a provisioner asks for. Whoever reads it makes the requests; where
//! the next page is, and when the list ends or lies, is the same as for lists of definitions.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::answer::Answer;
use super::listing::{Listing, PageOf, Position};
use super::page::fingerprint;
use super::render::{moving, put_at};
use crate::definition::file::names::Names;
use crate::definition::file::pagination::{self, Pagination, Send};
use crate::mistake::{self, Mistake};
use crate::path::Row;

/// More pages are no answer to a question about one user.
const MOST_PAGES: u64 = 100;

/// How a list goes on: `pagination` of a definition, without `continue`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Paging {
    file: Value,
    read: Pagination,
}

impl Paging {
    /// One request.
    #[must_use]
    pub fn none() -> Self {
        Self {
            file: json!({ "type": "none" }),
            read: Pagination::none(),
        }
    }

    /// Everything that is wrong with `pagination` at this place of a file.
    #[must_use]
    pub fn mistakes(file: &Value, at: &str) -> Vec<Mistake> {
        read(file, at).err().unwrap_or_default()
    }

    /// The placeholder of the path that the page is put in for.
    #[must_use]
    pub fn placeholder(&self) -> Option<&str> {
        match &self.read.send {
            Send::Path(name) => Some(name),
            Send::Query(_) | Send::Body(_) | Send::Header(_) => None,
        }
    }

    /// Does the page stand in the body?
    #[must_use]
    pub fn is_in_body(&self) -> bool {
        matches!(self.read.send, Send::Body(_))
    }

    /// The list from its beginning.
    #[must_use]
    pub fn pages(&self) -> Pages<'_> {
        Pages {
            paging: &self.read,
            listing: Listing::new(),
        }
    }
}

/// Reads `pagination`, with all mistakes.
fn read(file: &Value, at: &str) -> Result<Pagination, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    if file.get("continue").is_some() {
        let at = mistake::join(at, "continue");
        mistakes.push(Mistake::new(at, "all pages are asked for in the same way"));
    }
    let read = pagination::read(file, at, &Names::default(), &mut mistakes);
    read.filter(|_| mistakes.is_empty()).ok_or(mistakes)
}

impl TryFrom<Value> for Paging {
    type Error = Mistake;

    fn try_from(file: Value) -> Result<Self, Mistake> {
        match read(&file, "") {
            Ok(read) => Ok(Self { file, read }),
            Err(mistakes) => {
                let first = mistakes.into_iter().next();
                Err(first.unwrap_or_else(|| Mistake::new("", "is no pagination")))
            }
        }
    }
}

impl From<Paging> for Value {
    fn from(paging: Paging) -> Self {
        paging.file
    }
}

/// What the request of a page has beside what all have.
#[derive(Clone, PartialEq, Debug)]
pub enum Carried {
    /// A query parameter, instead of one that is there.
    Query(String, String),
    /// A header.
    Header(String, String),
    /// What stands at these keys of the body.
    Body(Vec<String>, Value),
    /// The value of a placeholder in the path.
    Path(String, Value),
    /// The URL as a whole.
    Url(String),
}

impl Carried {
    /// Puts what belongs into a JSON body there, making the objects around it.
    pub fn put_into(&self, body: &mut Value) {
        if let Self::Body(place, value) = self {
            put_at(body, place, value.clone());
        }
    }
}

/// A list that is being read.
#[derive(Clone, Debug)]
pub struct Pages<'a> {
    paging: &'a Pagination,
    listing: Listing,
}

impl Pages<'_> {
    /// Was no page received yet?
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.listing.pages == 0
    }

    /// What the request of the next page has.
    #[must_use]
    pub fn carried(&self) -> Vec<Carried> {
        if let Position::Url(url) = &self.listing.position {
            return vec![Carried::Url(url.clone())];
        }
        let moving = moving(self.paging, &self.listing.position);
        let mut carried = Vec::new();
        if let Some((name, size)) = moving.limit {
            carried.push(match moving.place {
                Some(Send::Body(place)) => {
                    let mut beside = place.clone();
                    beside.pop();
                    beside.push(name.to_owned());
                    Carried::Body(beside, json!(size))
                }
                _ => Carried::Query(name.to_owned(), size.to_string()),
            });
        }
        if let (Some(place), Some(text), Some(value)) =
            (moving.place, moving.text(), moving.value.clone())
        {
            carried.push(match place {
                Send::Query(name) => Carried::Query(name.clone(), text),
                Send::Header(name) => Carried::Header(name.clone(), text),
                Send::Path(name) => Carried::Path(name.clone(), value),
                Send::Body(place) => Carried::Body(place.clone(), value),
            });
        }
        carried
    }

    /// Takes a page, which was asked for at this URL; answers whether there is another one.
    ///
    /// # Errors
    /// What is wrong with the list: it repeats itself, says what does not add up, or does not end.
    pub fn turn(
        &mut self,
        answer: &Value,
        headers: Vec<(String, String)>,
        url: &Url,
        rows: &[Row<'_>],
    ) -> Result<bool, String> {
        let page = PageOf {
            answer,
            head: &Answer::new(200, headers, Vec::new()),
            url,
            secret: &[],
            rows,
            fingerprint: fingerprint(rows),
            max_pages: u64::MAX,
        };
        let ended = self.listing.turn(self.paging, &page)?;
        if ended.is_none() && self.listing.pages >= MOST_PAGES {
            return Err(format!(
                "the list has more than {MOST_PAGES} pages: ask for the one user"
            ));
        }
        Ok(ended.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{MissingRows, Path};

    fn paging(file: Value) -> Paging {
        Paging::try_from(file).unwrap()
    }

    /// Takes a page whose rows stand under `rows`.
    fn turn(pages: &mut Pages<'_>, answer: &Value) -> Result<bool, String> {
        let url = Url::parse("https://acme.example/members?page=1").unwrap();
        let path = Path::parse("rows").unwrap();
        let rows = path.rows(answer, MissingRows::AreAnError).unwrap();
        pages.turn(answer, Vec::new(), &url, &rows)
    }

    fn query(name: &str, text: &str) -> Carried {
        Carried::Query(name.to_owned(), text.to_owned())
    }

    #[test]
    fn a_list_is_read_page_by_page_to_its_end() {
        let paging =
            paging(json!({ "type": "cursor", "path": "next", "limit": "size", "size": 2 }));
        let mut pages = paging.pages();
        assert_eq!(pages.carried(), [query("size", "2")]);

        let more = turn(&mut pages, &json!({ "rows": [1, 2], "next": "b" }));
        assert_eq!(more, Ok(true));
        assert_eq!(pages.carried(), [query("size", "2"), query("cursor", "b")]);
        let more = turn(&mut pages, &json!({ "rows": [3] }));

        assert_eq!(more, Ok(false));
    }

    #[test]
    fn the_page_goes_where_the_file_says() {
        let check = |send: Value, expect: &[Carried]| {
            let paging =
                paging(json!({ "type": "page", "send": send, "limit": "size", "size": 9 }));
            assert_eq!(paging.pages().carried(), expect);
        };
        let keys = |last: &str| vec!["at".to_owned(), last.to_owned()];

        let header = Carried::Header("X-Page".to_owned(), "1".to_owned());
        check(json!({ "header": "X-Page" }), &[query("size", "9"), header]);
        let path = Carried::Path("no".to_owned(), json!(1));
        check(json!({ "path": "no" }), &[query("size", "9"), path]);
        let size = Carried::Body(keys("size"), json!(9));
        let page = Carried::Body(keys("page"), json!(1));
        check(json!({ "body": "at.page" }), &[size, page.clone()]);

        let mut body = json!({ "email": "a@b.example", "at": null });
        page.put_into(&mut body);
        assert_eq!(body, json!({ "email": "a@b.example", "at": { "page": 1 } }));
    }

    #[test]
    fn a_list_that_repeats_itself_is_short_or_never_ends_is_an_error() {
        let cursor = paging(json!({ "type": "cursor", "path": "next", "total_path": "total" }));
        let mut pages = cursor.pages();
        turn(&mut pages, &json!({ "rows": [1], "next": "b" })).unwrap();
        turn(&mut pages, &json!({ "rows": [2], "next": "b" })).unwrap_err();
        let mut pages = cursor.pages();
        turn(&mut pages, &json!({ "rows": [1], "total": 2 })).unwrap_err();

        let numbered = paging(json!({ "type": "page" }));
        let mut pages = numbered.pages();
        let endless = (0..1_000).find_map(|row| turn(&mut pages, &json!({ "rows": [row] })).err());
        let why = endless.unwrap();
        assert!(why.contains("more than 100 pages"), "{why}");
    }

    #[test]
    fn what_is_no_paging_of_one_request_is_refused() {
        let check = |file: Value, expect: &str| {
            let found = Paging::mistakes(&file, "find.pagination");
            assert_eq!(
                found.first().map(ToString::to_string).as_deref(),
                Some(expect)
            );
            assert!(Paging::try_from(file).is_err());
        };

        check(
            json!({ "type": "cursor", "path": "next", "continue": { "path": "/more" } }),
            "find.pagination.continue: all pages are asked for in the same way",
        );
        check(
            json!({ "type": "page", "limit": "size" }),
            "find.pagination.limit: needs a `size`",
        );
        let whole = json!({ "type": "page", "limit": "size", "size": 2 });
        assert_eq!(Value::from(paging(whole.clone())), whole);
    }
}
