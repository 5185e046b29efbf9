//! What lists yield and what is odd about them. Numbers are those of `behaviours.md`.

use std::time::{Duration, Instant};

use sando_core::definition::{Answer, Body};
use serde_json::json;

use crate::drive::{HEAD, list, ok, pages, pull, query, rows, status};

#[test]
fn the_same_user_twice_is_one_user() {
    // 17, 32
    let users = "{ path: /u, pagination: { type: page } }";

    let pulled = pull(
        &list(users),
        pages(&[&rows([1, 1, 2]), &rows([2, 3]), "[]"]),
    );

    assert_eq!(pulled.certificate.duplicates, 2);
    assert_eq!(pulled.certificate.received, 5);
    pulled.complete(&["1", "2", "3"]);
}

#[test]
fn an_absent_list_is_an_error_and_null_is_an_empty_page() {
    // 20, 21, 40
    let strict = "{ path: /u, response_path: users }";
    let lenient = "{ path: /u, response_path: users, absent_is_empty: true }";

    let absent = pull(&list(strict), pages(&[r#"{"kind":"x"}"#]));
    assert!(
        absent.failure().contains("nothing at `users`"),
        "{}",
        absent.failure()
    );
    assert!(
        absent.failure().contains("its keys are kind"),
        "{}",
        absent.failure()
    );
    pull(&list(lenient), pages(&[r#"{"kind":"x"}"#])).complete(&[]);
    pull(&list(strict), pages(&[r#"{"users":null}"#])).complete(&[]);
    pull(&list("{ path: /u }"), |_| status(204, &[], "")).complete(&[]);
}

#[test]
fn more_pages_than_allowed_are_an_error() {
    // 23: exactly as many are none.
    let users = "{ path: /u, pagination: { type: page } }";
    let check = |last: u64, complete: bool| {
        let text = format!("{}limits: {{ max_pages: 3 }}\n", list(users));
        let pulled = pull(&text, |request| {
            let page: u64 = query(request)["page"].parse().unwrap();
            ok(&if page <= last {
                rows([page])
            } else {
                "[]".to_owned()
            })
        });
        assert_eq!(pulled.certificate.complete, complete);
    };

    check(2, true);
    check(3, false);
}

#[test]
fn a_hundred_thousand_pages_are_read() {
    // 23
    let users = "{ path: /u, pagination: { type: page } }";

    let pulled = pull(&list(users), |request| {
        let page: u64 = query(request)["page"].parse().unwrap();
        ok(&if page < 100_000 {
            rows([page])
        } else {
            "[]".to_owned()
        })
    });

    assert!(
        pulled.certificate.complete,
        "{:?}",
        pulled.certificate.failure
    );
    assert_eq!(pulled.certificate.users, 99_999);
}

#[test]
fn an_answer_of_millions_of_values_or_rows_is_refused_and_not_read() {
    let text = list("{ path: /u }");
    let check = |values: usize, expect: &str| {
        let body = format!("[{}0]", "0,".repeat(values));

        let failure = pull(&text, pages(&[&body])).failure();

        assert!(failure.contains(expect), "{failure}");
    };

    check(500_000, "more than 500000 rows: ask for pages");
    check(5_000_000, "more than 5000000 values");
}

#[test]
fn a_large_page_is_handed_out_in_parts() {
    let pulled = pull(&list("{ path: /u }"), pages(&[&rows(0..25_000)]));

    let parts: Vec<usize> = pulled.batches.iter().map(|part| part.users.len()).collect();
    assert_eq!(parts, [10_000, 10_000, 5_000]);
    assert!(pulled.certificate.complete);
    assert_eq!(pulled.ids()[24_999], "24999");
}

#[test]
fn of_a_list_in_one_answer_only_what_is_read_is_made() {
    let body = r#"{"d":[{"id":"1","mail":"1@b.example","long":[1,2,3]}],"more":[1]}"#;
    let text = list("{ path: /u, response_path: d }");

    let pulled = pull(&text, pages(&[body])).complete(&["1"]);

    let answer = Answer::new(200, Vec::new(), body.into());
    let Body::Json(made) = pulled.requests[0].parsed(answer).body else {
        panic!("nothing is known of what is read");
    };
    assert_eq!(made, json!({ "d": [["1", "1@b.example"]], "more": [] }));
}

#[test]
fn details_of_a_hundred_thousand_users_of_one_page_take_no_time_with_each_other() {
    let text = format!(
        "{HEAD}users: {{ path: /u, details: {{ path: '/u/{{email}}' }} }}
map: {{ external_id: id, email: mail, role: detail.role }}
"
    );
    let all = rows(0..100_000);
    let began = Instant::now();

    let pulled = pull(&text, |request| match request.url.path() {
        "/u" => ok(&all),
        _ => ok(r#"{"role":"member"}"#),
    });

    // Looking through the whole page for each of them takes minutes.
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!(pulled.certificate.users, 100_000);
    assert!(pulled.requests[1].url.path().ends_with("b.example"));
    assert!(pulled.users.iter().all(|user| user.role.is_some()));
}

#[test]
fn maps_nested_arrays_and_columns_are_rows() {
    // 24 to 27
    let check = |users: &str, map: &str, body: &str, ids: &[&str]| {
        let text = format!("{HEAD}users: {users}\nmap: {map}\n");
        pull(&text, pages(&[body])).complete(ids);
    };

    check(
        "{ path: /u, response_path: '*' }",
        r#"{ external_id: "@key", email: mail }"#,
        r#"{"7":{"mail":"a@b.example"},"3":{"mail":"c@b.example"}}"#,
        &["7", "3"],
    );
    check(
        "{ path: /u, response_path: 'teams.*.members.*.user' }",
        "{ external_id: id, email: mail }",
        r#"{"teams":[{"members":[{"user":{"id":1,"mail":"a@b.example"}}]},{"members":[{"user":{"id":2,"mail":"c@b.example"}}]}]}"#,
        &["1", "2"],
    );
    check(
        "{ path: /u, response_path: data }",
        r#"{ external_id: "[0]", email: "[1]" }"#,
        r#"{"data":[["x","a@b.example"],["y","b@b.example"]]}"#,
        &["x", "y"],
    );
    check(
        "{ path: /u }",
        r#"{ external_id: "@value", email: "@value" }"#,
        r#"["a@b.example"]"#,
        &["a@b.example"],
    );
}

#[test]
fn half_a_letter_does_not_take_the_list_with_it() {
    let body = r#"[{"id":1,"mail":"a@b.example","name":"Ada \ud83d"}]"#;
    let text = format!(
        "{HEAD}users: {{ path: /u }}\nmap: {{ external_id: id, email: mail, full_name: name }}\n"
    );

    let pulled = pull(&text, pages(&[body])).complete(&["1"]);

    assert_eq!(pulled.users[0].full_name.as_deref(), Some("Ada \u{FFFD}"));
}

#[test]
fn one_object_where_a_list_is_expected_is_an_error() {
    // 28
    let pulled = pull(
        &list("{ path: /u, response_path: user }"),
        pages(&[r#"{"user":{"id":1,"mail":"a@b.example"}}"#]),
    );

    assert!(
        pulled.failure().contains("no list at `user` but an object"),
        "{}",
        pulled.failure()
    );
}

#[test]
fn an_answer_that_looks_paged_is_warned_about() {
    let check = |body: &str, headers: &[(&str, &str)], sign: Option<&str>| {
        let text = list("{ path: /u, response_path: d }");
        let pulled = pull(&text, |_| status(200, headers, body));
        let warnings = &pulled.certificate.warnings;
        match sign {
            None => assert!(warnings.is_empty(), "{warnings:?}"),
            Some(sign) => assert!(warnings[0].contains(sign), "{warnings:?}"),
        }
    };
    let ten = format!(r#"{{"d":{}}}"#, rows(1..=10));
    let next = r#"{"d":[],"meta":{"next_cursor":"x"}}"#;

    check(&ten, &[], Some("exactly 10 rows"));
    check(next, &[], Some("`next_cursor`"));
    check(r#"{"d":[],"has_more":true}"#, &[], Some("`has_more`"));
    check(r#"{"d":[],"total":5}"#, &[], Some("`total`"));
    check(
        r#"{"d":[]}"#,
        &[("Link", "</u?p=2>; rel=next")],
        Some("Link"),
    );
    check(
        r#"{"d":[],"has_more":false,"next":null,"total":0}"#,
        &[],
        None,
    );
}

#[test]
fn a_list_that_nothing_leads_on_from_is_warned_about_where_it_looks_paged() {
    let check = |paging: &str, body: &str, headers: &[(&str, &str)], sign: Option<&str>| {
        let users = format!("{{ path: /u, response_path: d, pagination: {paging} }}");
        let pulled = pull(&list(&users), |_| status(200, headers, body));
        let warnings = &pulled.certificate.warnings;
        match sign {
            None => assert!(warnings.is_empty(), "{warnings:?}"),
            Some(sign) => assert!(warnings[0].contains(sign), "{warnings:?}"),
        }
        pulled.complete(&["1"]);
    };
    let cursor = "{ type: cursor, path: meta.nextcursor }";
    let link = "{ type: next_url, link_header: next }";
    let url = "{ type: next_url, path: next }";
    let body = |rest: &str| format!(r#"{{"d":{}{rest}}}"#, rows([1]));

    let beside = body(r#","meta":{"next_cursor":"b"}"#);
    check(cursor, &beside, &[], Some("`next_cursor`"));
    check(cursor, &body(r#","total":2"#), &[], Some("`total`"));
    check(cursor, &body(r#","total":1,"next":null"#), &[], None);
    let pages = [("X-Total-Pages", "7")];
    check(link, &body(""), &pages, Some("`X-Total-Pages`"));
    let next = [("X-Next-Page", "2")];
    check(link, &body(""), &next, Some("`X-Next-Page`"));
    let last = [
        ("X-Total-Pages", "1"),
        ("X-Next-Page", ""),
        ("X-Total", "1"),
    ];
    check(link, &body(""), &last, None);
    // The URL of the page itself ends the list.
    check(url, &body(r#","next":"/u""#), &[], None);
}

#[test]
fn an_answer_that_says_that_there_is_more_is_no_end() {
    let body = format!(r#"{{"d":{},"has_more":true,"next":"b"}}"#, rows([1]));
    let with = |paging: &str| {
        let users = format!("{{ path: /u, response_path: d, pagination: {paging} }}");
        pull(&list(&users), pages(&[&body]))
    };

    for style in ["type: cursor, path: nextt", "type: next_url, path: nextt"] {
        let pulled = with(&format!("{{ {style} }}"));
        let failure = pulled.failure();
        assert!(failure.contains("says that there is more"), "{failure}");
        // Whoever knows better says where the answer tells.
        with(&format!("{{ {style}, has_more_path: is_more }}")).complete(&["1"]);
    }
}

#[test]
fn parents_and_joined_lists_that_look_paged_are_warned_about() {
    let text = format!(
        "{HEAD}users:
  for_each: {{ path: /teams, response_path: d, keep: {{ team: id }} }}
  join: [{{ path: /roles, response_path: d, by: {{ user: role, item: id }}, as: found }}]
  path: /teams/{{team}}
map: {{ external_id: id, email: mail, role: found.name }}
"
    );

    let pulled = pull(&text, |request| match request.url.path() {
        "/teams" | "/roles" => ok(r#"{"d":[{"id":1}],"next_cursor":"b"}"#),
        _ => ok(&rows([1])),
    });

    let warnings = &pulled.certificate.warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("the joined list `found`: the answer looks like one page"));
    assert!(warnings[1].starts_with("the list of `for_each`: the answer looks like one page"));
    pulled.complete(&["1"]);
}

#[test]
fn active_users_whom_no_licence_fits_are_pointed_out() {
    let body = json!([{ "id": 1, "mail": "a@b.example", "on": true, "plan": "pro" },
        { "id": 2, "mail": "b@b.example", "on": true, "plan": "free" }, { "id": 3, "mail": "c@b.example" }])
        .to_string();
    let check = |licenses: &str, warns: bool| {
        let text = format!(
            "{HEAD}users: {{ path: /u }}\nmap: {{ external_id: id, email: mail }}\nstatus: {{ active_when: [{{ path: on, op: is, value: true }}] }}\n{licenses}"
        );
        let warnings = pull(&text, pages(&[&body])).certificate.warnings;
        let about: Vec<&String> = warnings
            .iter()
            .filter(|warning| warning.contains("hold no licence"))
            .collect();
        assert_eq!(about.len(), usize::from(warns), "{licenses}: {warnings:?}");
    };
    let pro = "{ name: Pro, when: [{ path: plan, op: is, value: pro }] }";
    let others = "{ name: Free, when: [{ path: plan, op: not_any_of, value: [pro] }] }";

    check(&format!("licenses: {{ conditions: [{pro}] }}"), true);
    // What the warning proposes catches them.
    check(
        &format!("licenses: {{ conditions: [{pro}, {others}] }}"),
        false,
    );
    check("licenses: auto", false);
}

#[test]
fn what_a_joined_list_keeps_can_be_mapped() {
    let text = format!(
        "{HEAD}users:
  path: /u
  join: [{{ path: /roles, response_path: items, keep: {{ org: org.name }}, by: {{ user: r, item: id }}, as: role }}]
map: {{ external_id: id, email: mail, role: role.name, username: $org }}
"
    );

    let pulled = pull(
        &text,
        pages(&[
            r#"{"org":{"name":"Contoso"},"items":[{"id":7,"name":"Admin"}]}"#,
            r#"[{"id":1,"mail":"a@b.example","r":7}]"#,
        ]),
    )
    .complete(&["1"]);

    assert_eq!(pulled.users[0].role.as_deref(), Some("Admin"));
    assert_eq!(pulled.users[0].username.as_deref(), Some("Contoso"));
}
