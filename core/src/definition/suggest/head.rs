//! The head of an answer over its body, as `curl -i` writes it.

use super::paging::tells_of_pages;

/// An answer as a text with its head: what people paste, and what goes from page to page with a form.
#[derive(Debug, PartialEq)]
pub struct Head<'a> {
    /// The status.
    pub status: u16,
    /// All headers, in their order.
    pub headers: Vec<(String, String)>,
    /// How many lines stand over the body.
    pub lines: usize,
    /// What stands below the head.
    pub body: &'a str,
}

impl<'a> Head<'a> {
    /// The last answer of a text; none if it does not begin as answers do. What comes before it led there: redirects that
    /// were followed, `100 Continue`, a proxy.
    #[must_use]
    pub fn of(text: &'a str) -> Option<Self> {
        let mut last = Self::first(text, 0)?;
        while let Some(next) = Self::first(last.body, last.lines) {
            last = next;
        }
        Some(last)
    }

    /// A body under those of its headers that tell of further pages; by itself if none does.
    pub fn over<'h>(
        headers: impl IntoIterator<Item = (&'h String, &'h String)>,
        body: &str,
    ) -> String {
        let telling = headers.into_iter();
        let telling = telling.filter(|(name, value)| tells_of_pages(name, value));
        let lines: Vec<String> = telling
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        if lines.is_empty() {
            return body.to_owned();
        }
        format!("HTTP/1.1 200\n{}\n{body}", lines.concat())
    }

    /// The answer that a text begins with, below so many lines.
    fn first(text: &'a str, above: usize) -> Option<Self> {
        let (line, mut rest) = cut(text);
        let mut words = line.strip_prefix("HTTP/")?.split_ascii_whitespace();
        let mut head = Head {
            status: words.nth(1)?.parse().ok()?,
            headers: Vec::new(),
            lines: above.saturating_add(1),
            body: "",
        };
        while !rest.is_empty() {
            let (line, below) = cut(rest);
            (rest, head.lines) = (below, head.lines.saturating_add(1));
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                head.headers
                    .push((name.to_owned(), value.trim().to_owned()));
            }
        }
        Some(Head { body: rest, ..head })
    }
}

/// The first line of a text without its end, and what stands below it.
fn cut(text: &str) -> (&str, &str) {
    let (line, below) = text.split_once('\n').unwrap_or((text, ""));
    (line.strip_suffix('\r').unwrap_or(line), below)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_head_is_read_in_every_version_of_http() {
        for (begins, end) in [("HTTP/1.1 200 OK", "\r\n"), ("HTTP/2 200 ", "\n")] {
            let text = [begins, "Link: </u?p=2>; rel=\"next\"", "odd", "", "[\n1]"].join(end);

            let head = Head::of(&text).unwrap();

            assert_eq!((head.status, head.lines, head.body), (200, 4, "[\n1]"));
            let link = ("Link".to_owned(), "</u?p=2>; rel=\"next\"".to_owned());
            assert_eq!(head.headers, [link]);
        }
    }

    #[test]
    fn of_several_answers_the_last_one_counts() {
        let text = "HTTP/1.1 302 Found\nLocation: /b\n\nHTTP/2 200\nX-Next-Page: 2\n\n[]\n";

        let head = Head::of(text).unwrap();

        assert_eq!((head.status, head.lines, head.body), (200, 6, "[]\n"));
        let next = ("X-Next-Page".to_owned(), "2".to_owned());
        assert_eq!(head.headers, [next]);
    }

    #[test]
    fn only_what_tells_of_pages_is_written_over_a_body() {
        let headers = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = list
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            owned.collect()
        };

        let text = Head::over(
            &headers(&[("date", "Mon"), ("link", "</u>; rel=next")]),
            "[]",
        );
        assert_eq!(text, "HTTP/1.1 200\nlink: </u>; rel=next\n\n[]");
        assert_eq!(Head::of(&text).unwrap().body, "[]");
        assert_eq!(Head::over(&headers(&[("date", "Mon")]), "[]"), "[]");
    }

    #[test]
    fn what_has_no_head_is_none_and_no_body_is_an_empty_one() {
        for text in ["", "[1]", "HTTP/1.1", "HTTP/2 ok\n\n[]", "http: 200"] {
            assert_eq!(Head::of(text), None, "{text}");
        }
        assert_eq!(Head::of("HTTP/1.1 204 No Content").unwrap().body, "");
    }
}
