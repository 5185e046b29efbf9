//! Every style of paging, and how lists lie. Numbers are those of `behaviours.md`.

use std::collections::BTreeMap;

use crate::drive::{Pulled, list, ok, pages, pull, query, rows, status};

/// An application with `total` users that pages by offset.
fn by_offset(users: &str, total: u64, largest: u64) -> Pulled {
    pull(&list(users), move |request| {
        let query = query(request);
        let number =
            |name: &str, usual: u64| query.get(name).map_or(usual, |text| text.parse().unwrap());
        let (start, size) = (number("offset", 0), number("limit", 10).min(largest));
        ok(&format!(
            r#"{{"data":{},"total":"{total}"}}"#,
            rows(start + 1..=(start + size).min(total))
        ))
    })
}

fn all(total: u64) -> Vec<String> {
    (1..=total).map(|id| id.to_string()).collect()
}

#[test]
fn one_request_without_paging() {
    pull(&list("{ path: /users }"), pages(&[&rows(1..=3)])).complete(&["1", "2", "3"]);
}

#[test]
fn an_offset_moves_by_rows_received_until_an_empty_page() {
    // 3: the server clamps the size silently.
    let pulled = by_offset(
        "{ path: /users, response_path: data, pagination: { type: offset } }",
        7,
        3,
    );

    assert_eq!(pulled.ids(), all(7));
    assert_eq!(
        pulled.urls(),
        [
            "/users?limit=100&offset=0",
            "/users?limit=100&offset=3",
            "/users?limit=100&offset=6",
            "/users?limit=100&offset=7"
        ]
    );
    assert_eq!(pulled.certificate.ended_by.as_deref(), Some("empty_page"));
}

#[test]
fn an_offset_ends_at_its_total() {
    // 15: the total is a text.
    let users = "{ path: /users, response_path: data, pagination: { type: offset, size: 5, total_path: total } }";

    let pulled = by_offset(users, 10, 5);

    assert_eq!(pulled.ids(), all(10));
    assert_eq!(pulled.requests.len(), 2);
    assert_eq!(
        pulled.certificate.ended_by.as_deref(),
        Some("total_reached")
    );
    assert_eq!(pulled.certificate.listings[0].declared, Some(10));
}

#[test]
fn an_offset_moves_by_pages_where_told() {
    let users = "{ path: /u, pagination: { type: offset, offset: skip, limit: take, size: 2, start: 1, step: pages } }";

    let pulled = pull(&list(users), pages(&[&rows([1]), &rows([2, 3]), "[]"]));

    assert_eq!(
        pulled.urls(),
        ["/u?take=2&skip=1", "/u?take=2&skip=3", "/u?take=2&skip=5"]
    );
    pulled.complete(&["1", "2", "3"]);
}

#[test]
fn an_offset_goes_into_the_body_with_its_limit_beside_it() {
    let users = r#"{ path: /u, method: POST, body: { q: x }, pagination: { type: offset, size: 2, send: { body: page.offset } } }"#;

    let pulled = pull(&list(users), pages(&[&rows([1, 2]), "[]"]));

    let body = |at: usize| String::from_utf8(pulled.requests[at].body.clone().unwrap()).unwrap();
    assert_eq!(body(0), r#"{"q":"x","page":{"offset":0,"limit":2}}"#);
    assert_eq!(body(1), r#"{"q":"x","page":{"offset":2,"limit":2}}"#);
    assert_eq!(pulled.urls(), ["/u", "/u"]);
}

#[test]
fn pages_are_counted_from_one_until_an_empty_one() {
    // 1: a short page in the middle is no end.
    let users = "{ path: /u, pagination: { type: page } }";

    let pulled = pull(
        &list(users),
        pages(&[&rows([1, 2]), &rows([3]), &rows([4, 5]), "[]"]),
    );

    assert_eq!(
        pulled.urls(),
        ["/u?page=1", "/u?page=2", "/u?page=3", "/u?page=4"]
    );
    pulled.complete(&["1", "2", "3", "4", "5"]);
}

#[test]
fn pages_end_at_the_declared_number_of_pages() {
    let users = "{ path: /u, response_path: d, pagination: { type: page, start: 0, limit: per_page, size: 2, total_pages_path: n } }";
    let page = |ids: &[u64]| format!(r#"{{"d":{},"n":2}}"#, rows(ids.iter().copied()));

    let pulled = pull(&list(users), pages(&[&page(&[1, 2]), &page(&[3])]));

    assert_eq!(
        pulled.urls(),
        ["/u?per_page=2&page=0", "/u?per_page=2&page=1"]
    );
    assert_eq!(pulled.certificate.ended_by.as_deref(), Some("last_page"));
    pulled.complete(&["1", "2", "3"]);
}

#[test]
fn a_short_page_ends_only_where_the_definition_says_so() {
    let users = "{ path: /u, pagination: { type: page, size: 2, stop: [short_page] } }";

    let pulled = pull(&list(users), pages(&[&rows([1, 2]), &rows([3])]));

    assert_eq!(pulled.certificate.ended_by.as_deref(), Some("short_page"));
    pulled.complete(&["1", "2", "3"]);
}

#[test]
fn a_page_number_goes_into_the_path() {
    let users = r#"{ path: "/u/{nr}/list", pagination: { type: page, send: { path: nr } } }"#;

    let pulled = pull(&list(users), pages(&[&rows([1]), "[]"]));

    assert_eq!(pulled.urls(), ["/u/1/list", "/u/2/list"]);
}

#[test]
fn a_page_number_goes_into_a_header() {
    let users = "{ path: /u, pagination: { type: page, send: { header: X-Page } } }";

    let pulled = pull(&list(users), pages(&[&rows([1]), "[]"]));

    let sent = pulled.requests.iter().map(|request| {
        let mut headers = request.headers.iter();
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case("x-page"));
        found.map(|(_, value)| value.as_str())
    });
    assert_eq!(sent.collect::<Vec<_>>(), [Some("1"), Some("2")]);
    assert_eq!(pulled.urls(), ["/u", "/u"]);
}

#[test]
fn an_empty_page_in_the_middle_is_no_end_while_there_is_more() {
    // 2
    let cursor = "{ path: /u, response_path: d, pagination: { type: cursor, path: next } }";
    let page = "{ path: /u, response_path: d, pagination: { type: page, has_more_path: more } }";
    let first = format!(r#"{{"d":{},"next":"a","more":true}}"#, rows([1]));
    let last = format!(r#"{{"d":{},"more":"false"}}"#, rows([2]));
    let answers = [
        first.as_str(),
        r#"{"d":[],"next":"b","more":true}"#,
        r#"{"d":[],"next":"c","more":1}"#,
        last.as_str(),
    ];

    pull(&list(cursor), pages(&answers)).complete(&["1", "2"]);
    pull(&list(page), pages(&answers)).complete(&["1", "2"]);
}

#[test]
fn a_repeated_page_is_an_error() {
    // 4 and 5: beyond the end the last page or the first comes again; also a server that ignores the parameter.
    let users = "{ path: /u, pagination: { type: page } }";
    let check = |answers: &[&str]| {
        let pulled = pull(&list(users), pages(answers));
        assert!(
            pulled.failure().contains("repeats an earlier page"),
            "{}",
            pulled.failure()
        );
    };

    check(&[&rows([1, 2]), &rows([3]), &rows([3])]);
    check(&[&rows([1, 2]), &rows([3]), &rows([1, 2])]);

    let totals =
        "{ path: /u, response_path: d, pagination: { type: offset, size: 2, total_path: t } }";
    let page = format!(r#"{{"d":{},"t":4}}"#, rows([1, 2]));
    let pulled = pull(&list(totals), pages(&[&page, &page]));
    assert!(pulled.failure().contains("repeats an earlier page"));
}

#[test]
fn has_more_wins_over_a_cursor_that_is_still_there() {
    // 6, and 7: without has-more in the answer the cursor decides.
    let users = "{ path: /u, response_path: d, pagination: { type: cursor, name: after, path: next, has_more_path: more, limit: first, size: 2 } }";
    let last = format!(r#"{{"d":{},"next":"b","more":false}}"#, rows([3]));
    let first = format!(r#"{{"d":{},"next":"a","more":true}}"#, rows([1, 2]));
    let absent = format!(r#"{{"d":{},"next":"a"}}"#, rows([1, 2]));
    let end = format!(r#"{{"d":{},"next":null}}"#, rows([3]));

    let pulled = pull(&list(users), pages(&[&first, &last]));
    assert_eq!(pulled.urls(), ["/u?first=2", "/u?first=2&after=a"]);
    assert_eq!(pulled.certificate.ended_by.as_deref(), Some("no_more"));
    pulled.complete(&["1", "2", "3"]);

    pull(&list(users), pages(&[&absent, &end])).complete(&["1", "2", "3"]);
}

#[test]
fn more_without_a_cursor_is_an_error() {
    let users = "{ path: /u, response_path: d, pagination: { type: cursor, path: next, has_more_path: more } }";

    let pulled = pull(
        &list(users),
        pages(&[r#"{"d":[{"id":1,"mail":"a@b.example"}],"more":true}"#]),
    );

    assert!(
        pulled
            .failure()
            .contains("there is more, but has no cursor"),
        "{}",
        pulled.failure()
    );
}

#[test]
fn a_next_url_equal_to_the_request_ends_the_list() {
    // 8
    let users = "{ path: /u, response_path: d, pagination: { type: next_url, path: next } }";
    let first = format!(
        r#"{{"d":{},"next":"https://api.acme.example/u?p=2"}}"#,
        rows([1])
    );
    let last = format!(
        r#"{{"d":{},"next":"https://api.acme.example/u?p=2"}}"#,
        rows([2])
    );

    pull(&list(users), pages(&[&first, &last])).complete(&["1", "2"]);
}

#[test]
fn next_urls_are_relative_absent_null_or_empty() {
    // 11
    let users = "{ path: /a/u, query: { q: 1 }, response_path: d, pagination: { type: next_url, path: next } }";
    let page = |id: u64, next: &str| format!(r#"{{"d":{}{next}}}"#, rows([id]));
    let answers = [
        page(1, r#","next":"/b/u?p=2""#),
        page(2, r#","next":"?p=3""#),
        page(3, r#","next":"c?p=4""#),
        page(4, r#","next":"""#),
    ];

    let pulled = pull(&list(users), pages(&answers.each_ref().map(String::as_str)));

    assert_eq!(
        pulled.urls(),
        ["/a/u?q=1", "/b/u?p=2", "/b/u?p=3", "/b/c?p=4"]
    );
    pulled.complete(&["1", "2", "3", "4"]);
    pull(&list(users), pages(&[&page(1, r#","next":null"#)])).complete(&["1"]);
    pull(&list(users), pages(&[&page(1, "")])).complete(&["1"]);
}

#[test]
fn a_next_url_that_was_there_before_is_a_loop() {
    let users = "{ path: /u, response_path: d, pagination: { type: next_url, path: next } }";
    let page = |id: u64, next: &str| format!(r#"{{"d":{},"next":"{next}"}}"#, rows([id]));

    let pulled = pull(
        &list(users),
        pages(&[&page(1, "/u?p=2"), &page(2, "/u?p=3"), &page(3, "/u?p=2")]),
    );

    assert!(
        pulled.failure().contains("next URL was there before"),
        "{}",
        pulled.failure()
    );
}

#[test]
fn a_next_url_to_another_host_or_without_tls_is_an_error_that_names_it() {
    // 12
    let check = |next: &str, hosts: &str, allowed: bool| {
        let users = "{ path: /u, response_path: d, pagination: { type: next_url, path: next } }";
        let text = format!("{}{hosts}", list(users));
        let first = format!(r#"{{"d":{},"next":"{next}"}}"#, rows([1]));
        let last = format!(r#"{{"d":{}}}"#, rows([2]));
        let pulled = pull(&text, pages(&[&first, &last]));
        assert_eq!(
            pulled.certificate.complete, allowed,
            "{next} {:?}",
            pulled.certificate.failure
        );
        if allowed {
            assert_eq!(
                pulled.requests[1].credentials,
                sando_core::definition::Credentials::Withhold
            );
        } else {
            assert!(
                pulled.failure().contains("leads to "),
                "{}",
                pulled.failure()
            );
        }
    };

    check("https://evil.example/u?p=2", "", false);
    check("http://api.acme.example/u?p=2", "", false);
    check("//evil.example/u", "", false);
    check("https://api.acme.example:8443/u", "", false);
    check(
        "https://files.acme.example/u?p=2",
        "hosts: [files.acme.example]",
        true,
    );
    check(
        "https://eu.acme.example/u?p=2",
        "hosts: ['*.acme.example']",
        true,
    );
    check(
        "http://files.acme.example/u?p=2",
        "hosts: [files.acme.example]",
        false,
    );
}

#[test]
fn link_headers_lead_to_the_next_page() {
    // 9 and 10
    let users = r#"{ path: /u, pagination: { type: next_url, link_header: next, when: { param: results, is: "true" } } }"#;
    let mut answers = [
        (rows([1]), vec![("Link", r#"</u?p=0>; rel="previous"; results="false", </u?p=2>; rel="next"; results="true"; cursor="1""#)]),
        (rows([2]), vec![("link", "</u?p=1>; rel=self"), ("link", "</u?p=3>; results=true; rel=next")]),
        (rows([3]), vec![("Link", r#"</u?p=4>; rel="next"; results="false""#)]),
    ]
    .into_iter();

    let pulled = pull(&list(users), |_| {
        let (body, headers) = answers.next().unwrap();
        status(200, &headers, &body)
    });

    assert_eq!(pulled.urls(), ["/u", "/u?p=2", "/u?p=3"]);
    assert_eq!(pulled.certificate.ended_by.as_deref(), Some("no_more"));
    pulled.complete(&["1", "2", "3"]);
}

#[test]
fn a_cursor_is_a_number_and_zero_ends() {
    // 13
    let users = "{ path: /u, response_path: d, pagination: { type: cursor, name: page, path: p.next, end_values: [0] } }";
    let page = |id: u64, next: u64| format!(r#"{{"d":{},"p":{{"next":{next}}}}}"#, rows([id]));

    let pulled = pull(&list(users), pages(&[&page(1, 2), &page(2, 0)]));

    assert_eq!(pulled.urls(), ["/u", "/u?page=2"]);
    assert_eq!(pulled.certificate.ended_by.as_deref(), Some("end_value"));
}

#[test]
fn a_cursor_keeps_every_character() {
    // 14
    let users = "{ path: /u, response_path: d, pagination: { type: cursor, path: next } }";
    let first = format!(r#"{{"d":{},"next":"a+b/c= d%20&é"}}"#, rows([1]));

    let pulled = pull(&list(users), pages(&[&first, r#"{"d":[]}"#]));

    assert_eq!(
        query(&pulled.requests[1]).get("cursor").map(String::as_str),
        Some("a+b/c= d%20&é")
    );
}

#[test]
fn a_cursor_comes_from_a_header_or_from_the_last_row() {
    let header = "{ path: /u, pagination: { type: cursor, name: page, header: X-Next-Page } }";
    let mut next = ["2", ""].into_iter().zip([1, 2]);
    let pulled = pull(&list(header), |_| {
        let (next, id) = next.next().unwrap();
        status(200, &[("x-next-page", next)], &rows([id]))
    });
    assert_eq!(pulled.urls(), ["/u", "/u?page=2"]);

    let last = "{ path: /u, pagination: { type: cursor, name: after_id, last_item: id, limit: limit, size: 2 } }";
    let pulled = pull(&list(last), pages(&[&rows([1, 2]), &rows([3]), "[]"]));
    assert_eq!(
        pulled.urls(),
        [
            "/u?limit=2",
            "/u?limit=2&after_id=2",
            "/u?limit=2&after_id=3"
        ]
    );
    pulled.complete(&["1", "2", "3"]);
}

#[test]
fn a_cursor_goes_into_the_body_and_first_and_further_requests_may_differ() {
    // 22
    let users = r#"{ path: /list, method: POST, body: { limit: 2 }, response_path: d, pagination: { type: cursor, path: cursor, has_more_path: more, continue: { path: /list/continue, method: POST, body: { cursor: "{cursor}" } } } }"#;
    let first = format!(r#"{{"d":{},"cursor":"x","more":true}}"#, rows([1]));
    let last = format!(r#"{{"d":{},"cursor":"y","more":false}}"#, rows([2]));

    let pulled = pull(&list(users), pages(&[&first, &last]));

    let bodies: Vec<String> = pulled
        .requests
        .iter()
        .map(|request| String::from_utf8(request.body.clone().unwrap()).unwrap())
        .collect();
    assert_eq!(pulled.urls(), ["/list", "/list/continue"]);
    assert_eq!(bodies, [r#"{"limit":2}"#, r#"{"cursor":"x"}"#]);
    pulled.complete(&["1", "2"]);
}

#[test]
fn a_repeated_cursor_is_an_error() {
    let users = "{ path: /u, response_path: d, pagination: { type: cursor, path: next } }";
    let page = |id: u64, next: &str| format!(r#"{{"d":{},"next":"{next}"}}"#, rows([id]));

    let same = pull(&list(users), pages(&[&page(1, "a"), &page(2, "a")]));
    let ring = pull(
        &list(users),
        pages(&[&page(1, "a"), &page(2, "b"), &page(3, "a")]),
    );

    assert!(same.failure().contains("cursor was there before"));
    assert!(ring.failure().contains("cursor was there before"));
}

#[test]
fn fewer_rows_than_declared_are_an_error() {
    // 67, 68: lists that shrink while they say otherwise.
    let check = |users: &str, answers: &[&str]| {
        let pulled = pull(&list(users), pages(answers));
        assert!(
            pulled.failure().contains("declared rows"),
            "{}",
            pulled.failure()
        );
    };
    let page =
        |ids: &[u64], total: u64| format!(r#"{{"d":{},"t":{total}}}"#, rows(ids.iter().copied()));

    check(
        "{ path: /u, response_path: d, pagination: { type: page, total_path: t } }",
        &[&page(&[1], 3), &page(&[], 1)],
    );
    check(
        "{ path: /u, response_path: d, pagination: { type: offset, total_path: t } }",
        &[&page(&[], 3)],
    );
    check(
        "{ path: /u, response_path: d, pagination: { type: none, total_path: t } }",
        &[&page(&[1], 2)],
    );
    check(
        "{ path: /u, response_path: d, pagination: { type: cursor, path: next, total_path: t } }",
        &[&page(&[1], 2)],
    );
}

#[test]
fn how_every_list_ended_is_certified() {
    let users = "{ path: /u, response_path: data, pagination: { type: offset, size: 5, total_path: total } }";

    let pulled = by_offset(users, 10, 5);

    let endings: BTreeMap<String, u64> = [("users: total_reached".to_owned(), 1)].into();
    let certificate = &pulled.certificate;
    assert_eq!(certificate.endings, endings);
    assert_eq!(
        (certificate.pages, certificate.requests, certificate.retries),
        (2, 2, 0)
    );
    assert_eq!(
        (
            certificate.listings[0].received,
            certificate.listings[0].declared
        ),
        (10, Some(10))
    );
    assert!(certificate.bytes > 0);
}
