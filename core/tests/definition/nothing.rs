//! Answers with nothing in them, or with less than they should have: never a whole list, and never a fact about a user.

use sando_core::definition::{Class, MOST_RETRIES};

use crate::drive::{HEAD, MAP, Pulled, list, ok, pages, pull, query, rows, status};

#[test]
fn an_empty_body_is_no_empty_page() {
    let check = |users: &str, body: &str| {
        let pulled = pull(&list(users), |request| {
            match query(request)["page"].as_str() {
                "1" => ok(&rows(1..=10)),
                _ => ok(body),
            }
        });

        let failure = pulled.certificate.failure.as_ref().unwrap();
        assert_eq!((failure.class, failure.disable), (Class::RemoteDown, false));
        assert!(pulled.failure().contains("nothing in it"));
        let requests = u64::from(MOST_RETRIES) + 2;
        assert_eq!(pulled.certificate.requests, requests);
    };

    check("{ path: /u, pagination: { type: page } }", "");
    check(
        "{ path: /u, absent_is_empty: true, pagination: { type: page } }",
        "\u{feff} \n",
    );
}

#[test]
fn an_empty_body_that_passes_is_asked_for_again() {
    let mut first = true;

    let pulled = pull(&list("{ path: /u }"), |_| {
        ok(if std::mem::take(&mut first) {
            ""
        } else {
            r#"[{"id":"1","mail":"a@b.example"}]"#
        })
    });

    pulled.complete(&["1"]);
}

#[test]
fn an_empty_body_that_a_rule_lets_pass_is_no_list() {
    let text = format!(
        "{}errors: [{{ status: [200], do: ok }}]\n",
        list("{ path: /u }")
    );

    let pulled = pull(&text, |_| status(200, &[], ""));

    assert!(pulled.failure().contains("nothing in it"));
    assert_eq!(pulled.requests.len(), 1);
}

/// The outputs that are not known where the details of the one user are answered so.
#[track_caller]
fn unknown(details: &str, code: u16, body: &str) -> Vec<String> {
    let text = format!(
        "{HEAD}users: {{ path: /u, details: {details} }}
map: {{ external_id: id, email: mail, role: detail.role }}
"
    );
    let pulled = pull(&text, |request| match request.url.path() {
        "/u" => ok(&rows([1])),
        _ => status(code, &[], body),
    });
    let failed = u64::from(!pulled.batches[0].users[0].unknown.is_empty());
    assert_eq!(pulled.certificate.details_failed, failed, "{code} {body}");
    let mut pulled = pulled.complete(&["1"]);
    pulled.batches.remove(0).users.remove(0).unknown
}

#[test]
fn details_that_tell_nothing_are_not_known() {
    let strict = "{ path: '/u/{external_id}' }";
    let within = "{ path: '/u/{external_id}', response_path: data }";
    let lenient = "{ path: '/u/{external_id}', response_path: data, absent_is_empty: true }";

    assert_eq!(unknown(strict, 200, ""), ["role"]);
    assert_eq!(unknown(strict, 204, ""), ["role"]);
    assert_eq!(unknown(strict, 200, "null"), ["role"]);
    assert_eq!(unknown(within, 200, r#"{"data":null}"#), ["role"]);
    assert!(unknown(strict, 200, "{}").is_empty());
    assert!(unknown(lenient, 200, r#"{"data":null}"#).is_empty());
    assert!(unknown(lenient, 204, "").is_empty());
}

#[test]
fn details_that_a_rule_ignores_are_none() {
    let text = format!(
        "{HEAD}users: {{ path: /u, details: {{ path: '/u/{{external_id}}' }} }}
map: {{ external_id: id, email: mail, role: detail.role }}
errors: [{{ status: [204], do: ignore }}]
"
    );

    let pulled = pull(&text, |request| match request.url.path() {
        "/u" => ok(&rows([1])),
        _ => status(204, &[], ""),
    });

    assert!(pulled.batches[0].users[0].unknown.is_empty());
    assert_eq!(pulled.certificate.details_failed, 0);
}

#[test]
fn a_joined_list_with_nothing_in_it_is_not_known() {
    let text = format!(
        "{HEAD}users:
  path: /u
  join: [{{ path: /roles, by: {{ user: id, item: id }}, as: found }}]
map: {{ external_id: id, email: mail, role: found.name }}
"
    );

    let pulled = pull(&text, |request| match request.url.path() {
        "/u" => ok(&rows([1])),
        _ => ok(""),
    });

    assert_eq!(pulled.certificate.joins_failed, 1);
    assert_eq!(pulled.batches[0].users[0].unknown, ["role"]);
    pulled.complete(&["1"]);
}

#[test]
fn ids_that_a_lookup_leaves_out_are_not_known() {
    let check = |more: &str, failed: u64| {
        let text = format!(
            "{HEAD}users:
  path: /u
  details: {{ path: /lookup, batch: 3, query: {{ ids: '{{external_ids}}' }}, item: id{more} }}
map: {{ external_id: id, email: mail, role: detail.role }}
status: {{ active_when: [{{ path: detail.on, op: is, value: true }}] }}
"
        );

        let pulled = pull(&text, |request| match request.url.path() {
            "/u" => ok(&rows(1..=3)),
            _ => ok(r#"[{"id":"2","role":"member","on":true}]"#),
        });

        let warnings = &pulled.certificate.warnings;
        let is_told = warnings.iter().any(|told| told.contains("2 ids out of 3"));
        assert_eq!(is_told, failed > 0, "{warnings:?}");
        assert_eq!(pulled.certificate.details_failed, failed);
        let users = &pulled.batches[0].users;
        let unknown = users.iter().filter(|mapped| !mapped.unknown.is_empty());
        let unknown: Vec<&str> = unknown
            .map(|mapped| mapped.user.external_id.as_str())
            .collect();
        assert_eq!(
            unknown,
            if failed > 0 {
                vec!["1", "3"]
            } else {
                Vec::new()
            }
        );
        pulled.complete(&["1", "2", "3"]);
    };

    check("", 2);
    check(", absent_is_empty: true", 0);
}

#[test]
fn a_list_that_ends_before_the_declared_number_of_pages_is_not_whole() {
    let users = "{ path: /u, response_path: d, pagination: { type: page, total_pages_path: n, has_more_path: more } }";
    let page = |ids: &[u64], rest: &str| {
        let rows = rows(ids.iter().copied());
        format!(r#"{{"d":{rows}{rest}}}"#)
    };
    let check = |second: String, third: String, expect: &str| {
        let first = page(&[1, 2], r#","n":5"#);
        let pulled = pull(&list(users), pages(&[&first, &second, &third]));
        assert!(pulled.failure().contains(expect), "{}", pulled.failure());
    };

    // Whatever the page itself says, and however it ends.
    let empty = |rest: &str| page(&[], rest);
    check(empty(r#","n":5"#), String::new(), "2 of 5 declared pages");
    check(empty(""), String::new(), "2 of 5 declared pages");
    check(empty(r#","n":0"#), String::new(), "2 of 5 declared pages");
    let last = page(&[3], r#","more":false"#);
    check(page(&[4], ""), last, "3 of 5 declared pages");
}

#[test]
fn an_answer_that_says_why_it_is_no_list_is_quoted() {
    let check = |pagination: &str, body: &str, words: Option<&str>| {
        let users = format!("{{ path: /u, response_path: d, pagination: {pagination} }}");
        let pulled = pull(&list(&users), |_| ok(body));
        let failure = pulled.failure();
        assert!(failure.contains("nothing at `d`"), "{failure}");
        let is_advised = failure.contains("a rule in `errors`");
        assert_eq!(is_advised, words.is_some(), "{failure}");
        let failure = pulled.certificate.failure.unwrap();
        assert_eq!(failure.remote.as_deref(), words);
    };
    let refused = r#"{"ok":false,"error":"invalid_auth"}"#;

    check("{ type: none }", refused, Some("invalid_auth"));
    check(
        "{ type: cursor, path: next }",
        refused,
        Some("invalid_auth"),
    );
    let nested = r#"{"errors":[{"message":"no such team"}]}"#;
    check("{ type: page }", nested, Some("no such team"));
    check("{ type: page }", r#"{"ok":true,"title":"Users"}"#, None);
}

#[test]
fn empty_pages_do_not_follow_each_other_for_ever() {
    let check = |pagination: &str| {
        let users = format!("{{ path: /u, response_path: d, pagination: {pagination} }}");
        let with = |last: u64| {
            let mut page = 0;
            pull(&list(&users), |_| {
                page += 1;
                let rows = if page == last {
                    rows([1])
                } else {
                    "[]".to_owned()
                };
                let more = page < 200;
                ok(&format!(r#"{{"d":{rows},"next":"c{page}","more":{more}}}"#))
            })
        };

        let endless = with(0);
        let failure = endless.failure();
        assert!(
            failure.contains("100 pages in a row are empty"),
            "{failure}"
        );
        assert_eq!(endless.requests.len(), 100);
        // One with a row begins the count anew.
        with(100).complete(&["1"]);
    };

    check("{ type: cursor, path: next, has_more_path: more }");
    check("{ type: next_url, path: next, has_more_path: more }");
    check("{ type: page, has_more_path: more }");
}

#[test]
fn whoever_is_no_user_under_one_parent_may_be_one_under_the_next() {
    let text = format!(
        "{HEAD}users:
  path: '/teams/{{team}}'
  for_each: {{ path: /teams, keep: {{ team: id }} }}
  where: [{{ path: bot, op: is_not, value: true }}]
map: {{ external_id: id, email: mail, role: $team }}
"
    );

    let pulled = pull(&text, |request| {
        ok(match request.url.path() {
            "/teams" => r#"[{"id":"a"},{"id":"b"},{"id":"c"}]"#,
            "/teams/a" => r#"[{"id":1},{"id":2},{"id":3,"mail":"3@b.example"}]"#,
            "/teams/b" => {
                r#"[{"id":1,"mail":"1@b.example"},{"id":2,"mail":"2@b.example","bot":true}]"#
            }
            _ => r#"[{"id":1,"mail":"1@b.example"},{"id":2,"mail":"nobody"}]"#,
        })
    });

    let certificate = &pulled.certificate;
    assert_eq!((certificate.users, certificate.active), (2, 2));
    assert_eq!(certificate.dropped["no_email"], 2);
    assert_eq!(pulled.users[1].role.as_deref(), Some("b, c"));
    pulled.complete(&["3", "1"]);
}

/// Two teams with the same user after one with such an answer, without bots as this field tells, and the details each time they
/// are asked for.
fn in_three_teams(is_bot: &str, first: &str, details: [(u16, &str); 2]) -> Pulled {
    let text = format!(
        "{HEAD}users:
  path: '/teams/{{team}}'
  for_each: {{ path: /teams, keep: {{ team: id }} }}
  details: {{ path: '/u/{{external_id}}' }}
  where: [{{ path: {is_bot}, op: is_not, value: true }}]
map: {{ external_id: id, email: mail }}
status: {{ active_when: [{{ path: detail.state, op: is, value: active }}] }}
"
    );
    let mut details = details.into_iter();
    pull(&text, |request| match request.url.path() {
        "/teams" => ok(r#"[{"id":"a"},{"id":"b"},{"id":"c"}]"#),
        "/teams/a" => ok(first),
        "/u/1" => {
            let (code, body) = details.next().unwrap();
            status(code, &[], body)
        }
        _ => ok(&rows([1])),
    })
}

#[test]
fn whoever_is_a_user_under_a_later_parent_has_details_too() {
    let active = (200, r#"{"state":"active","bot":false}"#);

    let nobody = in_three_teams("bot", r#"[{"id":"1"}]"#, [active, active]);
    let failed = in_three_teams("detail.bot", &rows([1]), [(404, ""), active]);

    for pulled in [nobody, failed] {
        // Asked again under the second, where they are one, and not under the third.
        let urls = pulled.urls();
        assert_eq!(urls.iter().filter(|url| *url == "/u/1").count(), 2);
        assert!(pulled.complete(&["1"]).users[0].active);
    }
}

#[test]
fn a_filter_that_cannot_be_told_under_any_parent_leaves_out() {
    let pulled = in_three_teams("detail.bot", "[]", [(404, ""), (404, "")]);

    assert_eq!(pulled.certificate.users, 0);
    assert_eq!(pulled.certificate.details_failed, 2);
    pulled.complete(&[]);
}

#[test]
fn a_step_that_keeps_nothing_may_answer_nothing() {
    let pulled = |more: &str| {
        let text = format!(
            "{HEAD}steps: [{{ name: open, method: POST, path: /open{more} }}]\nusers: {{ path: /u }}\n{MAP}"
        );
        pull(&text, |request| match request.url.path() {
            "/u" => ok(&rows([1])),
            _ => status(201, &[], ""),
        })
    };

    let ended = pulled("").complete(&["1"]);
    assert_eq!(ended.urls(), ["/open", "/u"]);

    let failure = pulled(", keep: { key: id }").failure();
    assert!(failure.contains("nothing in it"), "{failure}");
}
