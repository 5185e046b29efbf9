//! Odd totals, lists that move while they are read, odd values. Numbers are those of `behaviours.md`.

use serde_json::json;

use crate::drive::{HEAD, list, pages, pull, rows};

const BY_OFFSET: &str =
    "{ path: /u, response_path: d, pagination: { type: offset, size: 3, total_path: t } }";

fn page(ids: &[u64], total: u64) -> String {
    format!(r#"{{"d":{},"t":{total}}}"#, rows(ids.iter().copied()))
}

#[test]
fn a_total_that_counts_something_else_ends_no_list() {
    // 16: it counts less than there is (of one kind, of one page) and is exceeded; or more than is ever shown.
    let exceeded = pull(
        &list(BY_OFFSET),
        pages(&[
            &page(&[1, 2, 3], 2),
            &page(&[4, 5, 6], 2),
            &page(&[7], 2),
            &page(&[], 2),
        ]),
    );
    assert_eq!(exceeded.certificate.ended_by.as_deref(), Some("empty_page"));
    exceeded.complete(&["1", "2", "3", "4", "5", "6", "7"]);

    let never_reached = pull(
        &list(BY_OFFSET),
        pages(&[&page(&[1, 2, 3], 9), &page(&[], 9)]),
    );
    assert!(
        never_reached.failure().contains("3 of 9 declared rows"),
        "{}",
        never_reached.failure()
    );
}

#[test]
fn a_list_that_moves_while_it_is_read_loses_nobody_silently() {
    // 17: somebody is added in front after the first page, and 3 comes again.
    let added = pull(
        &list(BY_OFFSET),
        pages(&[&page(&[1, 2, 3], 5), &page(&[3, 4, 5], 6)]),
    );
    assert_eq!(added.certificate.duplicates, 1);
    let doubt = added.certificate.doubt.as_deref().unwrap();
    assert!(doubt.contains("5 of 6 declared rows"), "{doubt}");
    added.complete(&["1", "2", "3", "4", "5"]);

    // A row comes twice, and all who were declared are there.
    let repeated = pull(
        &list(BY_OFFSET),
        pages(&[&page(&[1, 2, 3], 5), &page(&[3, 4, 5], 5), &page(&[], 5)]),
    );
    assert_eq!(repeated.certificate.doubt, None);
    repeated.complete(&["1", "2", "3", "4", "5"]);

    // 1 is removed after the first page, and 4 moves to where it was read already: the list is not whole.
    let removed = pull(
        &list(BY_OFFSET),
        pages(&[&page(&[1, 2, 3], 5), &page(&[5], 4), &page(&[], 4)]),
    );
    assert!(
        removed.failure().contains("4 of 5 declared rows"),
        "{}",
        removed.failure()
    );
}

#[test]
fn a_short_page_is_no_end_where_the_answer_says_that_there_is_more() {
    // 1
    let paging = |style: &str| {
        list(&format!(
            "{{ path: /u, response_path: d, pagination: {{ {style}, size: 2, has_more_path: more, stop: [short_page] }} }}"
        ))
    };
    let answer = |id: u64, more: &str| {
        let rows = rows([id]);
        format!(r#"{{"d":{rows},"next":"{id}","url":"?p={id}"{more}}}"#)
    };
    let check = |style: &str| {
        let more = answer(1, r#","more":true"#);
        let (untold, last) = (answer(2, ""), answer(2, r#","more":false"#));

        let silent = pull(&paging(style), pages(&[&more, &untold])).complete(&["1", "2"]);
        assert_eq!(silent.certificate.ended_by.as_deref(), Some("short_page"));
        let told = pull(&paging(style), pages(&[&more, &last])).complete(&["1", "2"]);
        assert_eq!(told.certificate.ended_by.as_deref(), Some("no_more"));
    };

    check("type: next_url, path: url");
    check("type: cursor, path: next");
    check("type: page");
    check("type: offset");
}

#[test]
fn a_value_that_no_file_knows_is_the_default_and_not_active() {
    // 37
    let text = format!(
        "{HEAD}users: {{ path: /u }}
map:
  external_id: id
  email: mail
  role: {{ path: role, map: {{ adm: Admin }}, default: Other }}
  username: {{ path: role, map: {{ adm: Admin }} }}
status: {{ active_when: [{{ path: state, op: any_of, value: [on, trial] }}] }}
"
    );
    let body = json!([
        { "id": 1, "mail": "a@b.example", "role": "adm", "state": "on" },
        { "id": 2, "mail": "a@b.example", "role": "superuser", "state": "quarantined" },
    ]);

    let pulled = pull(&text, pages(&[&body.to_string()])).complete(&["1", "2"]);

    let [known, unknown] = pulled.users.as_slice() else {
        panic!("two users")
    };
    assert_eq!((known.role.as_deref(), known.active), (Some("Admin"), true));
    assert_eq!(
        (unknown.role.as_deref(), unknown.active),
        (Some("Other"), false)
    );
    assert_eq!(unknown.username, None);
    assert!(unknown.licenses.is_empty());
}

#[test]
fn of_a_key_that_stands_twice_the_last_counts() {
    // 42: wherever it stands, and also for what is read of the answer alone.
    let body = r#"{"d":null,"d":[{"id":"0","mail":"no","id":"1","x":{"a":1},"x":{"a":2},"mail":"a@b.example"}]}"#;
    let text = format!(
        "{HEAD}users: {{ path: /u, response_path: d }}\nmap: {{ external_id: id, email: mail, role: x.a }}\n"
    );

    let pulled = pull(&text, pages(&[body])).complete(&["1"]);

    assert_eq!(pulled.users[0].email.as_deref(), Some("a@b.example"));
    assert_eq!(pulled.users[0].role.as_deref(), Some("2"));
}
