//! Answers with nothing in them, or with less than they should have: never a whole list, and never a fact about a user.

use sando_core::definition::{Class, MOST_RETRIES};

use crate::drive::{list, ok, pull, query, rows, status};

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
