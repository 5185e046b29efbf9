//! Lists of users and groups: filtered where the server can, checked by us always, since some servers ignore filters.

use http::Method;
use sando_core::ports::RemoteError;
use serde_json::Value;

use super::{Errand, ScimProvisioner, discovery::Features, wire::ListBody};
use crate::http::unreadable;

/// Pages read before a search is given up.
const MOST_PAGES: usize = 100;
/// Rows per page, unless the server is known to serve fewer.
const PAGE: u32 = 100;

/// What is looked for.
pub(super) struct Search<'a> {
    /// `/Users` or `/Groups`.
    pub(super) path: &'a str,
    /// The attribute that has to be equal.
    pub(super) attribute: &'a str,
    /// To what.
    pub(super) value: &'a str,
    /// Whether case counts.
    pub(super) exact_case: bool,
}

impl Search<'_> {
    /// `userName eq "a\"b"`: the value is a JSON string (RFC 7644, 3.4.2.2).
    fn filter(&self) -> String {
        format!("{} eq {}", self.attribute, Value::from(self.value))
    }

    fn fits(&self, row: &Value) -> bool {
        let found = row.get(self.attribute).and_then(Value::as_str);
        found.is_some_and(|found| {
            found == self.value
                || !self.exact_case && found.to_lowercase() == self.value.to_lowercase()
        })
    }
}

/// Where the next page begins.
enum Place {
    Index(u64),
    Cursor(String),
}

impl ScimProvisioner {
    /// All rows that fit.
    ///
    /// # Errors
    /// Also if the list could not be read to its end: then nobody knows.
    pub(super) async fn search(
        &self,
        search: &Search<'_>,
        errand: &Errand<'_>,
    ) -> Result<Vec<Value>, RemoteError> {
        let features = self.features(errand).await?;
        if features.filter {
            match self
                .pages(search, Some(search.filter()), features, errand)
                .await
            {
                // What a server that cannot filter answers.
                Err(RemoteError::Refused {
                    status: 400 | 404 | 501,
                    ..
                }) => {}
                found => return found,
            }
        }
        self.pages(search, None, features, errand).await
    }

    async fn pages(
        &self,
        search: &Search<'_>,
        filter: Option<String>,
        features: Features,
        errand: &Errand<'_>,
    ) -> Result<Vec<Value>, RemoteError> {
        let mut found = Vec::new();
        let mut place = if features.index_paging {
            Place::Index(1)
        } else {
            Place::Cursor(String::new())
        };
        for _ in 0..MOST_PAGES {
            let page = self
                .page(search.path, filter.as_deref(), &place, errand)
                .await?;
            let rows = page.resources.unwrap_or_default();
            let received = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            found.extend(rows.into_iter().filter(|row| search.fits(row)));
            let total = page.total_results;
            place = match (place, page.next_cursor.filter(|next| !next.is_empty())) {
                (Place::Cursor(last), Some(next)) if last == next => {
                    return Err(unreadable(self.remote(), "the list repeats a cursor"));
                }
                (_, Some(next)) => Place::Cursor(next),
                (Place::Cursor(_), None) => return Ok(found),
                (Place::Index(start), None) => {
                    let next = start.saturating_add(received);
                    if received == 0 || total.is_none_or(|total| next > total) {
                        return Ok(found);
                    }
                    Place::Index(next)
                }
            };
        }
        Err(unreadable(
            self.remote(),
            format!(
                "the list {} is too long to be searched, and the server does not filter it by `{}`",
                search.path, search.attribute
            ),
        ))
    }

    async fn page(
        &self,
        path: &str,
        filter: Option<&str>,
        place: &Place,
        errand: &Errand<'_>,
    ) -> Result<ListBody, RemoteError> {
        let count = self.provision.quirks.max_page.unwrap_or(PAGE).max(1);
        let mut request = self.request(Method::GET, path, errand)?;
        if let Some(filter) = filter {
            request = request.query("filter", filter);
        }
        request = match place {
            Place::Index(start) => request.query("startIndex", &start.to_string()),
            Place::Cursor(cursor) => request.query("cursor", cursor),
        };
        let request = request.query("count", &count.to_string());
        self.get(request).await?.checked()?.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn by_name(value: &str) -> Search<'_> {
        Search {
            path: "/Users",
            attribute: "userName",
            value,
            exact_case: false,
        }
    }

    #[test]
    fn a_value_cannot_end_the_filter_it_stands_in() {
        assert_eq!(
            by_name(r#"a" or userName pr or userName eq "\"#).filter(),
            r#"userName eq "a\" or userName pr or userName eq \"\\""#
        );
    }

    #[test]
    fn names_fit_whatever_their_case_and_nothing_else_fits() {
        assert!(by_name("Ada@x.example").fits(&json!({"userName": "ada@X.example"})));
        assert!(!by_name("ada").fits(&json!({"userName": "ada2"})));
        assert!(!by_name("ada").fits(&json!({})));
    }

    proptest! {
        #[test]
        fn any_value_reads_back_from_its_filter(value in ".{0,40}") {
            let filter = by_name(&value).filter();
            let text = filter.strip_prefix("userName eq ").unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(text).unwrap(), value);
        }
    }
}
