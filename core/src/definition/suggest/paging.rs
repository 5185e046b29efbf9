//! Where the next page could be found: in a header, or beside the list.

use serde_json::{Value, json};

use super::{Suggestion, fields_of};
use crate::definition::pull::link;

/// What the definition could say about further pages.
pub(super) fn proposed(
    answer: &Value,
    response_path: &str,
    rows: usize,
    headers: &[(String, String)],
) -> Option<Suggestion> {
    if let Some(found) = linked(headers).or_else(|| cursor_in(headers)) {
        return Some(found);
    }
    let around: Vec<(String, &Value)> = fields_of(answer)
        .into_iter()
        .filter(|(path, _)| response_path.is_empty() || !path.starts_with(response_path))
        .collect();
    paging_around(&around).or_else(|| {
        let looks_full = [10, 20, 25, 50, 100].contains(&rows);
        let reason = format!("exactly {rows} records look like one page of several");
        looks_full.then(|| pages(json!({ "type": "page" }), &reason))
    })
}

/// A `Link` header with a next page.
fn linked(headers: &[(String, String)]) -> Option<Suggestion> {
    let links = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("link"));
    let link = link::find(links.map(|(_, value)| value.as_str()), "next")?;
    let mut paging = json!({ "type": "next_url", "link_header": "next" });
    let mut reason = "the answer has a Link header with a next page".to_owned();
    if link.param(RESULTS).is_some()
        && let Some(map) = paging.as_object_mut()
    {
        map.insert("when".to_owned(), json!({ "param": RESULTS, "is": "true" }));
        reason.push_str(", and says in `results` whether anything is behind it");
    }
    Some(pages(paging, &reason))
}

/// The parameter of a link that is always there, by which some servers tell whether there is more.
const RESULTS: &str = "results";

/// How headers end that carry where to go on. What they say may be empty: then this was the last page.
const CURSOR_HEADERS: [&str; 7] = [
    "nextcursor",
    "nextpagetoken",
    "nexttoken",
    "nextmarker",
    "continuationtoken",
    "continuation",
    "cursor",
];
/// How a header ends that carries the number of the next page.
const NEXT_PAGE: &str = "nextpage";

/// Another header that carries where to go on.
fn cursor_in(headers: &[(String, String)]) -> Option<Suggestion> {
    let (name, _) = headers
        .iter()
        .find(|(name, value)| is_cursor(name, value))?;
    let mut paging = json!({ "type": "cursor", "header": name });
    if plain_end(name).ends_with(NEXT_PAGE)
        && let Some(map) = paging.as_object_mut()
    {
        map.insert("name".to_owned(), json!("page"));
    }
    let reason = format!(
        "the header `{name}` looks like where the next page is; check the name of the parameter"
    );
    Some(pages(paging, &reason))
}

fn is_cursor(name: &str, value: &str) -> bool {
    let plain = plain_end(name);
    let goes_on = CURSOR_HEADERS.iter().any(|word| plain.ends_with(word));
    let is_url = value.starts_with('/') || value.starts_with("http");
    (goes_on || plain.ends_with(NEXT_PAGE)) && !plain.contains("prev") && !is_url
}

/// Is a header worth keeping beside an answer?
pub(crate) fn tells_of_pages(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case("link") || is_cursor(name, value)
}

fn pages(value: Value, reason: &str) -> Suggestion {
    Suggestion {
        key: "users.pagination".to_owned(),
        value,
        reason: reason.to_owned(),
    }
}

/// Names that say whether there is more.
const MORE: [&str; 5] = [
    "hasmore",
    "hasnext",
    "hasnextpage",
    "more",
    "moredataavailable",
];
/// Names of totals.
const TOTAL: [&str; 6] = [
    "total",
    "totalresults",
    "totalcount",
    "totalrecords",
    "totalsize",
    "totalsetsize",
];
/// Names of cursors and next URLs.
const NEXT: [&str; 13] = [
    "next",
    "nextpage",
    "nextcursor",
    "nextpagetoken",
    "nextlink",
    "nexturl",
    "nexturi",
    "nextrecordsurl",
    "odatanextlink",
    "cursor",
    "endcursor",
    "after",
    "nextmarker",
];

/// What the fields beside the list say about further pages.
fn paging_around(around: &[(String, &Value)]) -> Option<Suggestion> {
    let named = |words: &[&str]| {
        around
            .iter()
            .find(|(path, _)| words.contains(&plain_end(path).as_str()))
    };
    let (more, total) = (named(&MORE), named(&TOTAL));
    if total.is_some() && named(&["startindex"]).is_some() {
        return Some(Suggestion {
            key: "users.preset".to_owned(),
            value: json!("scim"),
            reason: "the answer has `totalResults` and `startIndex`, as SCIM says".to_owned(),
        });
    }
    if let Some((path, value)) = named(&NEXT) {
        let is_url = |text: &str| text.starts_with('/') || text.starts_with("http");
        let kind = if value.as_str().is_some_and(is_url) {
            "next_url"
        } else {
            "cursor"
        };
        let mut paging = json!({ "type": kind, "path": path });
        if let (Some((more, _)), Some(map)) = (more, paging.as_object_mut()) {
            map.insert("has_more_path".to_owned(), json!(more));
        }
        let reason =
            format!("`{path}` looks like where the next page is; check the name of the parameter");
        return Some(pages(paging, &reason));
    }
    if let Some((path, _)) = total {
        let reason = format!("`{path}` looks like the total; check the names of the parameters");
        return Some(pages(
            json!({ "type": "offset", "total_path": path }),
            &reason,
        ));
    }
    let (path, _) = more?;
    let reason = format!("`{path}` says whether there is more; check the name of the parameter");
    Some(pages(
        json!({ "type": "page", "has_more_path": path }),
        &reason,
    ))
}

/// The last key of a path, in small letters and digits alone.
fn plain_end(path: &str) -> String {
    let end = match path.strip_suffix("\"]") {
        Some(quoted) => quoted.rsplit('"').next().unwrap_or(quoted),
        None => path.rsplit('.').next().unwrap_or(path),
    };
    let letters = end.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&str, &str)], expect: &Value) {
        let headers: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let answer = json!([{ "id": 1 }]);
        let found = proposed(&answer, "", 1, &headers).map(|found| found.value);
        assert_eq!(found.unwrap_or_default(), *expect, "{headers:?}");
    }

    #[test]
    fn a_link_to_the_next_page_is_proposed() {
        let next = json!({ "type": "next_url", "link_header": "next" });

        check(
            &[
                ("link", r#"</u?p=1>; rel="prev""#),
                ("LINK", "</u?p=3>;rel=next"),
                ("x-next-page", "3"),
            ],
            &next,
        );
        check(
            &[(
                "Link",
                r#"</u?c=0>; rel="previous"; results="false", </u?c=2>; rel="next"; results="true""#,
            )],
            &json!({ "type": "next_url", "link_header": "next", "when": { "param": "results", "is": "true" } }),
        );
        check(&[("Link", r#"</u?p=1>; rel="first""#)], &Value::Null);
    }

    #[test]
    fn a_header_with_a_cursor_is_proposed() {
        let cursor = |header: &str| json!({ "type": "cursor", "header": header });

        check(
            &[("Date", "Mon"), ("X-Next-Cursor", "b2Zm")],
            &cursor("X-Next-Cursor"),
        );
        check(&[("x-ms-continuation", "t")], &cursor("x-ms-continuation"));
        check(
            &[("X-Prev-Page", "1"), ("X-Next-Page", "")],
            &json!({ "type": "cursor", "header": "X-Next-Page", "name": "page" }),
        );
        check(&[("x-prev-cursor", "a")], &Value::Null);
        check(
            &[("X-Next-Page", "https://api.acme.example/users?page=2")],
            &Value::Null,
        );
        check(&[], &Value::Null);
    }
}
