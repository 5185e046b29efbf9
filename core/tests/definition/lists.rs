//! What lists yield and what is odd about them. Numbers are those of `behaviours.md`.

use std::time::{Duration, Instant};

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
